/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The space bank: where memory comes from (user/servers/bank; user/idl/bank.idl describes its
 * interface). Here are calls that ask once more when the server has died and was begun again, and
 * what its state looks like.
 */
#pragma once

#include <lykos/gen/bank.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert(sizeof(((struct bank_info *)0)->objects) == LK_TYPES * sizeof(uint32_t),
               "a number for each type");

/* ---- For init: what the server finds. ---- */

/* Its state: pages that outlive it, as many as bank_state_bytes() needs for the frames of its
 * Range, zeros before it starts the first time. Each server that begins again is given the same
 * pages. */
#define BANK_STATE_VA 0x10000000ul

#define BANK_STATE_HEADER 64u             /* bytes */
#define BANK_STATE_RECORD 104u            /* bytes for each bank */
#define BANK_STATE_FRAME 8u               /* bytes for each frame */
#define BANK_FRAMES_MAX ((1ul << 24) - 2) /* of a Range that is longer, the rest is not used */
#define BANK_BANKS_MIN 16ul
#define BANK_BANKS_MAX 4096ul
#define BANK_LEVELS 4 /* of the map of free frames: one bit for each of 64 bits below */

/* How many of the frames of a Range the server manages, and how many banks there can be. */
static inline uint64_t bank_state_frames(uint64_t frames)
{
    return frames < BANK_FRAMES_MAX ? frames : BANK_FRAMES_MAX;
}
static inline uint64_t bank_state_banks(uint64_t frames)
{
    uint64_t banks = bank_state_frames(frames) / 32;

    return banks < BANK_BANKS_MIN   ? BANK_BANKS_MIN
           : banks < BANK_BANKS_MAX ? banks
                                    : BANK_BANKS_MAX;
}

/* Bytes of state for a Range of so many frames. */
static inline size_t bank_state_bytes(uint64_t frames)
{
    uint64_t n = bank_state_frames(frames);
    uint64_t bytes =
        BANK_STATE_HEADER + bank_state_banks(frames) * BANK_STATE_RECORD + n * BANK_STATE_FRAME;

    for (unsigned level = 0; level < BANK_LEVELS; level++) {
        n = (n + 63) / 64;
        bytes += n * 8;
    }
    return (size_t)bytes;
}

/* ---- Calls. `bank` is the register of a bank, `reg` that of the capability. ----
 *
 * A call that the server did not live to answer is asked again, for a while. What was done and not
 * answered is then found done: a free or close that is asked again succeeds. INVALID_CAP: the bank
 * was closed, or nobody has begun the server again. */

/* One object; `count` of them, 1..4, into registers reg[0]... */
enum status lk_bank_make(uint32_t bank, uint64_t type, uint32_t reg);
enum status lk_bank_make_some(uint32_t bank, uint64_t type, unsigned count, const uint32_t *reg);
enum status lk_bank_free(uint32_t bank, uint32_t reg);
enum status lk_bank_range(uint32_t bank, uint64_t frames, uint32_t reg);
enum status lk_bank_free_range(uint32_t bank, uint32_t reg);
/* A longer name is cut. */
enum status lk_bank_open(uint32_t bank, const char *name, uint64_t limit, uint32_t reg);
enum status lk_bank_close(uint32_t bank);
enum status lk_bank_reduce(uint32_t bank, uint32_t reg);
enum status lk_bank_info(uint32_t bank, struct bank_info *out);
enum status lk_bank_hide(uint32_t bank);
enum status lk_bank_set_limit(uint32_t bank, uint64_t limit);
/* Asks on for as long as none was found so far. */
enum status lk_bank_object(uint32_t bank, uint64_t type, uint64_t *n, uint32_t reg);
enum status lk_bank_list(uint32_t bank, uint64_t n, struct bank_info *out);

/* Wait until the bank may have been begun again; this is the (tries + 1)-th time for one call.
 * False: it is not worth to ask again. (bank_await.c; init links its own) */
bool lk_bank_await(unsigned tries);

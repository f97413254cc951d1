/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The space bank: where memory comes from (user/servers/bank).
 *
 * A bank is an account. Whoever holds the capability to one can have objects made and paid by it,
 * up to its limit, and give them back; can open banks below it, which are paid by it in turn; and,
 * with the owner's right, can close it: everything that it and the banks below it gave is
 * destroyed. A frame of memory is paid by one bank, and small objects of one kind share frames
 * within a bank, so what is counted are frames.
 *
 * A bank is an Entry to the bank server. Word 0 of a request is one of the methods below, word 0 of
 * the answer an `enum status`. An Entry to a bank that was closed answers INVALID_CAP, as if it
 * were Null. Who is told INVALID_CAP or INVOKEE_GONE by a bank that lives has seen the server begin
 * again: lk_bank_...() ask once more, and an object that was made in the answer that got lost stays
 * paid until the bank is closed.
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* word 1: type, LK_TYPE_ENDPOINT, PROCESS, GPT, PAGE, CAPPAGE or SCHEDULE; word 2: how many, 1..4,
 * all or none. Answer: as many capabilities, with all authority to new objects, cleared. NO_MEMORY:
 * over the limit of this bank or one above it, or the machine's. REQUEST_ERROR: no such type. */
#define BANK_ALLOCATE 1u

/* capability 1: one with all authority to an object that this bank gave. It is destroyed.
 * REQUEST_ERROR: it is no such thing (another bank's, restricted, an Entry, Null). */
#define BANK_FREE 2u

/* word 1: frames, 1 to LK_LENT_MAX. Answer: a Range of as many free frames in a row, paid by this
 * bank until they are given back by BANK_FREE_RANGE or the bank is closed. It is lent (Range.lend):
 * then it, its copies and its parts are Null. What is made in it the bank does not know, but it is
 * destroyed with the rest. OUT_OF_RANGE: more frames than a Range of a bank can have. NO_MEMORY:
 * over the limit of this bank or one above it, or nowhere so many in a row. NO_ACCESS: the memory
 * that the server manages is lent to it, so that it can lend none of it. */
#define BANK_RANGE 3u

/* capability 1: a Range that BANK_RANGE gave, whole. What stands in it is destroyed. REQUEST_ERROR:
 * it is no such thing (another bank's, a part of one, given back already, Null). */
#define BANK_FREE_RANGE 4u

/* word 1: limit in frames, 0: none of its own; string: a name for listings, up to 15 characters.
 * Answer: a new bank below this one, with the owner's right. NO_MEMORY: there are as many banks as
 * can be: half of them directly below the topmost one, a sixteenth, and BANK_DEPTH at least, below
 * each of those. OUT_OF_RANGE: this one is BANK_DEPTH below the topmost. */
#define BANK_OPEN 5u

/* Owner's right needed, else NO_ACCESS. The bank, the banks below it, and all that they gave are
 * destroyed: from now on no capability to any of it is of use. The answer comes when all of it is
 * free again; meanwhile others are served. The topmost bank cannot be closed: NO_ACCESS. */
#define BANK_CLOSE 6u

/* Answer: the same bank without the owner's right. */
#define BANK_REDUCE 7u

/* Answer: a struct bank_info. */
#define BANK_INFO 8u

/* Owner's right. word 1: limit in frames; 0: none. A limit below what is used stops what is to
 * come. */
#define BANK_SET_LIMIT 9u

/* Owner's right. word 1: type; word 2: n. The n-th object of the type that this bank or one below
 * it gave, or that was made in a Range that they gave. Answer: a capability to it, word 1: a number
 * to ask on with in place of n + 1. WOULD_BLOCK: none was found so far; ask on with word 1 (a
 * request looks at so much at most). NOT_FOUND: there are no more. For whoever begins again and
 * must find what there was. What a bank below gave that was hidden is not found, but by the owner
 * of the topmost bank. */
#define BANK_OBJECT 10u

/* Owner's right. word 1: n. Answer: a struct bank_info of the n-th bank in the tree below this one
 * (0: itself), in the order of a listing, with its depth. NOT_FOUND: there are no more. */
#define BANK_LIST 11u

/* Owner's right of the topmost bank; for tests. word 1: n; the n-th frame or object asked of any
 * bank from now on is refused with NO_MEMORY, once; 0: none. Answer: word 1, how many were asked
 * since the last such request, word 2, 1 if one was refused. A Range counts as one, and so does a
 * bank (BANK_OPEN). A server that begins again has forgotten it. */
#define BANK_REFUSE 12u

/* Owner's right. What this bank and those below it gave and will give is found by BANK_OBJECT
 * through this bank, no longer through one above it but the topmost, which is init's. For a program
 * whose insides are not for whoever pays: he sees how much it takes up, and can close his own bank.
 * There is no way back. */
#define BANK_HIDE 13u

#define BANK_METHODS 14u

#define BANK_NAME 16 /* characters of a name, and the NUL */
#define BANK_DEPTH 8 /* the topmost bank is 0 deep, the deepest this */

/* ---- For init: what the server finds. ---- */

/* Protected payload of the Entry of the topmost bank, with the owner's right. */
#define BANK_TOP 0x80000000u

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

struct bank_info {
    char name[BANK_NAME];
    uint64_t limit; /* frames; 0: none of its own */
    uint64_t used;  /* frames that it and the banks below it pay */
    uint64_t own;   /* frames that it pays itself */
    uint64_t
        available;  /* frames that it could still pay: its limit, those above it, the machine's */
    uint32_t depth; /* 0: the one that was asked */
    uint32_t banks; /* banks below it */
    uint32_t objects[LK_TYPES]; /* that it gave itself, by type */
    uint32_t ranges;
};

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

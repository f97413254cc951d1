/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For the tests: cases, values that can be told from each other, and programs to start.
 */
#pragma once

#include "kv.h"

#include <lykos/programs.h>

/* Registers of the tests. */
#define REG_NOTICE 28
#define REG_STORE 29
#define REG_OTHER 30
#define REG_MORE 31

static bool failed;

/* A case. */
static inline void check(const char *name, bool holds)
{
    failed |= !holds;
    say("%s %s", holds ? "ok" : "not ok", name);
}

/* Something within a case: says what was wrong. */
#define holds(condition) ((condition) || (say("%s:%d: %s", __FILE__, __LINE__, #condition), false))

/* The next number of a sequence. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15ull;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

/* The bytes of a value: of each seed others. */
static inline void fill(void *out, size_t size, uint64_t seed)
{
    uint8_t *to = out;

    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = (seed + i) * 0x9e3779b97f4a7c15ull ^ seed << 17;

        memcpy(to + i, &word, size - i < 8 ? size - i : 8);
    }
}

/* Does the key have a value of this size and seed, and this version (0: any)? */
static inline bool has(uint32_t store, const void *key, size_t length, size_t size, uint64_t seed,
                       uint64_t version)
{
    static uint8_t got[STORE_PIECE_MAX], wanted[STORE_PIECE_MAX];
    uint64_t is = 0;
    uint64_t all = 0;
    size_t piece = 0;

    fill(wanted, size, seed);
    return holds(store_get(store, 0, key, length, &is, &all, got, sizeof(got), &piece) ==
                 STATUS_OK) &&
           holds(all == size && piece == size) && holds(version == 0 || is == version) &&
           holds(memcmp(got, wanted, size) == 0);
}

/* Put such a value. */
static inline enum status put(uint32_t store, const void *key, size_t length, size_t size,
                              uint64_t seed, uint64_t expected, uint64_t *version)
{
    static uint8_t value[STORE_PIECE_MAX];

    fill(value, size, seed);
    return kv_put(store, key, length, value, size, expected, version);
}

/* Pages that the client pays; of keys, how many. */
static inline uint64_t pages(uint32_t store)
{
    struct store_statistics st;

    return store_statistics(store, &st) == STATUS_OK ? st.pages : UINT64_MAX;
}
static inline uint64_t keys(uint32_t store)
{
    struct store_statistics st;

    return store_statistics(store, &st) == STATUS_OK ? st.keys : UINT64_MAX;
}

/* Banks of clients that there are now, and what they pay. */
static inline uint64_t client_banks(uint64_t *used)
{
    struct bank_info info;
    uint64_t count = 0;

    *used = 0;
    for (uint64_t n = 0; programs_banks(lk_cap("programs"), n, &info) == STATUS_OK; n++) {
        if (strcmp(info.name, "client") == 0) {
            count++;
            *used += info.used;
        }
    }
    return count;
}

/* Start a program, whose end posts bits through the AppNotice in a register. */
static inline enum status start(const char *name, const char *args, uint64_t bits, uint32_t notice)
{
    uint32_t programs = lk_cap("programs");
    uint64_t number = 0;
    char why[256];
    size_t length = 0;
    enum status s = programs_find(programs, name, strlen(name), &number);

    if (s == STATUS_OK) {
        s = programs_start(programs, number, 0, bits, args, strlen(args), notice, why, sizeof(why),
                           &length);
    }
    return s;
}

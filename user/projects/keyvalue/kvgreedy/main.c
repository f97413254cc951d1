/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kvgreedy: a client that takes what it can get: all sessions, all pages, all watches, the longest
 * values and listings, requests that are wrong. Its argument is a seed. It looks that what it has
 * stored stays as it was, and ends with status 0 if it was refused at last, and all was well.
 */
#include "testing.h"

#define ROUNDS 60u

static uint8_t junk[STORE_PIECE_MAX];

static bool takes_sessions(void)
{
    bool fresh = false;

    for (unsigned i = 1; i < KEYVALUE_SESSIONS; i++) {
        if (!holds(kv_open(0, true, 1, &fresh, REG_NOTICE, REG_OTHER) == STATUS_OK)) {
            return false;
        }
        for (unsigned n = 0; n < STORE_WATCHES; n++) {
            store_watch(REG_OTHER, 1, true, "", 0, NULL);
        }
    }
    return holds(kv_open(0, true, 1, &fresh, REG_NOTICE, REG_OTHER) == STATUS_EXHAUSTED);
}

/* What no client that means well does. */
static void disturbs(uint64_t *state)
{
    uint32_t n;

    store_put(REG_STORE, next_random(state), (uint32_t)next_random(state), junk, 100, NULL);
    store_list(REG_STORE, (uint32_t)next_random(state) % 300, (uint32_t)next_random(state) % 100,
               junk, next_random(state) % 400, &n, NULL, junk, sizeof(junk), NULL);
    store_stage(REG_STORE, next_random(state) % 2 == 0, junk, sizeof(junk), NULL);
    store_unwatch(REG_STORE, (uint32_t)next_random(state));
    lk_call1(REG_STORE, next_random(state), next_random(state));
    store_put_staged(REG_STORE, STORE_ABSENT, "stage", 5, NULL);
    store_get(REG_STORE, next_random(state), "stage", 5, NULL, NULL, junk, 100, NULL);
    store_remove(REG_STORE, STORE_ANY, "stage", 5, NULL);
}

int main(void)
{
    uint64_t state = 1;
    bool fresh = false;
    bool refused = false;
    bool good;

    lk_parse_number(lk_start->argument, &state, NULL);
    good = kv_open(0, true, 1, &fresh, REG_NOTICE, REG_STORE) == STATUS_OK && fresh &&
           put(REG_STORE, "mine", 4, 500, 1, STORE_ANY, NULL) == STATUS_OK && takes_sessions();
    for (unsigned i = 0; good && i < ROUNDS; i++) {
        char key[2] = { 'k', (char)next_random(&state) };
        size_t size = next_random(&state) % 65000;
        enum status s = put(REG_STORE, key, 2, size, i, STORE_ANY, NULL);

        refused |= s == STATUS_NO_MEMORY;
        good = holds(s == STATUS_OK || s == STATUS_NO_MEMORY) &&
               has(REG_STORE, "mine", 4, 500, 1, 0) &&
               (s != STATUS_OK || has(REG_STORE, key, 2, size, i, 0));
        disturbs(&state);
    }
    return good && holds(refused) ? 0 : 1; /* and leaves everything as it is */
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kvgreedy-test: two greedy clients at once, and this one, which gets what it was promised.
 */
#include "testing.h"

#define QUOTA 100u
#define GREEDY 2u
#define BIT_ENDED 2u

static const char *const names[GREEDY] = { "kvgreedy1", "kvgreedy2" };

/* Its own pages, while the others are at it: put, looked at, removed, again. */
static bool gets_its_share(unsigned *rounds)
{
    uint64_t ended = 0;
    bool good = true;

    for (*rounds = 0; good && ended < GREEDY; ++*rounds) {
        uint64_t value = 0;
        uint64_t how = PROGRAM_ENDED_NOT;
        char words[256];

        for (char k = 'a'; good && k < 'f'; k++) { /* 85 pages */
            good = holds(put(REG_STORE, &k, 1, 65000, *rounds, STORE_ABSENT, NULL) == STATUS_OK);
        }
        for (char k = 'a'; good && k < 'f'; k++) {
            good = has(REG_STORE, &k, 1, 65000, *rounds, 0) &&
                   holds(store_remove(REG_STORE, STORE_ANY, &k, 1, NULL) == STATUS_OK);
        }
        ended = 0;
        for (unsigned i = 0; i < GREEDY; i++) {
            uint64_t number = 0;

            programs_find(lk_cap("programs"), names[i], strlen(names[i]), &number);
            programs_result(lk_cap("programs"), number, &how, &value, words, sizeof(words), NULL);
            ended += how != PROGRAM_ENDED_NOT ? 1 : 0;
        }
    }
    return good;
}

static bool ended_well(const char *name)
{
    uint64_t number = 0;
    uint64_t ended = 0;
    uint64_t value = 1;
    char words[256];

    return holds(programs_find(lk_cap("programs"), name, strlen(name), &number) == STATUS_OK) &&
           holds(programs_result(lk_cap("programs"), number, &ended, &value, words, sizeof(words),
                                 NULL) == STATUS_OK) &&
           holds(ended == PROGRAM_ENDED_EXIT && value == 0);
}

int main(void)
{
    bool fresh = false;
    unsigned rounds = 0;
    uint64_t used = 0;

    lk_must(kv_open(QUOTA, true, 1, &fresh, REG_NOTICE, REG_STORE), "opening a store");
    for (unsigned i = 0; i < GREEDY; i++) {
        lk_must(start(names[i], i == 0 ? "1" : "2", 0, 0), "starting a greedy one");
    }
    check("gets_its_share", gets_its_share(&rounds));
    check("the_greedy_ones_were_refused", ended_well(names[0]) && ended_well(names[1]));
    say("%u rounds beside them", rounds);
    /* They have ended without closing anything: the next to open a session finds that out. */
    check("what_they_held_is_free",
          kv_open(QUOTA, true, 1, &fresh, REG_NOTICE, REG_OTHER) == STATUS_OK && !fresh &&
              holds(client_banks(&used) == 1) && holds(used == pages(REG_STORE)));
    return failed ? 1 : 0;
}

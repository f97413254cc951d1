/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kvwatch-test: clients that wait for what another does; that die meanwhile; servers that do.
 */
#include "testing.h"

#include <lykos/connect.h>

#define ROUNDS 100u
#define BIT_PONG 1u
#define BIT_READY 2u
#define BIT_ENDED 4u
#define BIT_LATE 8u
#define LATE_MS 5000
#define WATCHER "kvwatcher"

/* Wait for a bit, which may have come already; false: it does not come. */
static bool comes(uint32_t bit)
{
    static uint64_t bits;
    bool came;

    bits &= ~(uint64_t)BIT_LATE;
    lk_notice_in(LATE_MS, BIT_LATE);
    while ((bits & (bit | BIT_LATE)) == 0) {
        bits |= lk_park();
    }
    lk_notice_cancel();
    came = (bits & bit) != 0;
    bits &= ~(uint64_t)bit;
    return came;
}

static uint64_t number_of(const char *name)
{
    uint64_t number = 0;

    programs_find(lk_cap("programs"), name, strlen(name), &number);
    return number;
}

static bool ended_with(uint64_t status)
{
    uint64_t ended = 0;
    uint64_t value = 0;
    char words[256];

    return comes(BIT_ENDED) &&
           holds(programs_result(lk_cap("programs"), number_of(WATCHER), &ended, &value, words,
                                 sizeof(words), NULL) == STATUS_OK) &&
           holds(ended == PROGRAM_ENDED_EXIT && value == status);
}

static bool opens(void)
{
    bool fresh = false;

    return holds(kv_open(64, true, 0xff, &fresh, REG_NOTICE, REG_STORE) == STATUS_OK && fresh) &&
           holds(store_watch(REG_STORE, BIT_PONG, false, "pong", 4, NULL) == STATUS_OK) &&
           holds(store_watch(REG_STORE, BIT_READY, false, "ready", 5, NULL) == STATUS_OK);
}

static bool starts(const char *args)
{
    return holds(start(WATCHER, args, BIT_ENDED, REG_NOTICE) == STATUS_OK);
}

/* Each change is told, in both ways: it waits for an answer, this program for a notice. */
static bool every_change_is_told(void)
{
    bool good = starts("echo") && holds(comes(BIT_READY));

    for (uint64_t i = ROUNDS; good && i-- > 0;) {
        uint64_t value = ~i;
        uint32_t fired = 0;

        good = holds(kv_put(REG_STORE, "ping", 4, &i, sizeof(i), STORE_ANY, NULL) == STATUS_OK) &&
               holds(comes(BIT_PONG)) &&
               holds(store_changes(REG_STORE, &fired, NULL) == STATUS_OK && (fired & 1) != 0) &&
               holds(store_get(REG_STORE, 0, "pong", 4, NULL, NULL, &value, sizeof(value), NULL) ==
                         STATUS_OK &&
                     value == i);
    }
    return good && holds(ended_with(0));
}

/* It is destroyed while its caller is kept: its session goes, and what it held. */
static bool dead_watchers_are_swept(void)
{
    uint64_t before;
    struct store_statistics st = { 0 };

    lk_sleep_ms(1200); /* that of the echo goes */
    before = pages(REG_STORE);
    return starts("wait") && holds(comes(BIT_READY)) &&
           holds(store_statistics(REG_STORE, &st) == STATUS_OK && st.sessions == 2) &&
           holds(programs_destroy(lk_cap("programs"), number_of(WATCHER), 0) == STATUS_OK) &&
           holds(put(REG_STORE, "never/", 6, 1, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(store_remove(REG_STORE, STORE_ANY, "never/", 6, NULL) == STATUS_OK) &&
           holds(store_remove(REG_STORE, STORE_ANY, "ready", 5, NULL) == STATUS_OK) &&
           holds(lk_sleep_ms(1200) == STATUS_OK) &&
           holds(store_statistics(REG_STORE, &st) == STATUS_OK && st.sessions == 1) &&
           holds(pages(REG_STORE) == before);
}

/* Who waits in a session that another one ends is told. */
static bool waits_end_with_their_session(void)
{
    bool fresh = true;

    comes(BIT_ENDED); /* of the one before */
    return starts("wait") && holds(comes(BIT_READY)) && holds(lk_sleep_ms(5) == STATUS_OK) &&
           holds(kv_open(0, true, 1, &fresh, REG_NOTICE, REG_OTHER) == STATUS_OK && !fresh) &&
           holds(store_destroy(REG_OTHER) == STATUS_OK) && ended_with(STATUS_CANCELLED);
}

/* The bank and the pager are begun again with what they knew. */
static bool outlives_bank_and_pager(void)
{
    bool good = opens();

    for (unsigned i = 0; good && i < 6; i++) {
        const char *name = i % 2 == 0 ? "bank" : "pager";

        good = holds(put(REG_STORE, "a", 1, 65000, i, STORE_ANY, NULL) == STATUS_OK) &&
               holds(programs_kill(lk_cap("programs"), number_of(name)) == STATUS_OK) &&
               holds(put(REG_STORE, "b", 1, 65000, i + 1, STORE_ANY, NULL) == STATUS_OK) &&
               has(REG_STORE, "a", 1, 65000, i, 0) && has(REG_STORE, "b", 1, 65000, i + 1, 0) &&
               holds(store_remove(REG_STORE, STORE_ANY, "a", 1, NULL) == STATUS_OK) &&
               holds(store_remove(REG_STORE, STORE_ANY, "b", 1, NULL) == STATUS_OK);
    }
    return good && holds(store_close(REG_STORE) == STATUS_OK);
}

/* What is stored does not survive; the service does, and nobody waits for what is gone. */
static bool server_is_begun_again(void)
{
    uint64_t used = 0;

    return opens() && starts("wait") && holds(comes(BIT_READY)) &&
           holds(lk_sleep_ms(5) == STATUS_OK) &&
           holds(programs_kill(lk_cap("programs"), number_of("keyvalue")) == STATUS_OK) &&
           ended_with(STATUS_INVOKEE_GONE) && holds(store_close(REG_STORE) == STATUS_INVALID_CAP) &&
           holds(lk_connect("keyvalue") == STATUS_OK) && holds(client_banks(&used) == 0) &&
           opens() && holds(keys(REG_STORE) == 0) &&
           holds(put(REG_STORE, "k", 1, 5, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(store_close(REG_STORE) == STATUS_OK);
}

int main(void)
{
    check("opens", opens());
    check("every_change_is_told", every_change_is_told());
    check("dead_watchers_are_swept", dead_watchers_are_swept());
    check("waits_end_with_their_session", waits_end_with_their_session());
    check("outlives_bank_and_pager", outlives_bank_and_pager());
    check("server_is_begun_again", server_is_begun_again());
    return failed ? 1 : 0;
}

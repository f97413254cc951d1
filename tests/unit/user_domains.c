/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program as a domain: uuid and id, state and reason, the filter of lists, events.
 */
#include "unit.h"

#include "user/domains/domain.c"

#include <string.h>

#define LIFE_MOST ((1ull << 62) - 1)

static struct program_brief running(uint8_t run_state, uint8_t holds)
{
    return (struct program_brief){
        .life = 7, .number = 12, .run_state = run_state, .holds = holds, .name = "spin"
    };
}

TEST(domains_uuid, "a uuid says which process, and back; no two have the same")
{
    static const uint64_t lives[] = { 0, 1, 2, 255, 256, 1ull << 31, 1ull << 32, LIFE_MOST };
    static const uint32_t numbers[] = { 0, 1, 255, 256, 4079, PROGRAM_INIT };
    char seen[48][REMOTE_UUID_BYTES];
    unsigned n = 0;

    for (unsigned i = 0; i < 8; i++) {
        for (unsigned k = 0; k < 6; k++) {
            struct domain_key key = { .number = numbers[k], .life = lives[i] }, back;

            domain_uuid(key, seen[n]);
            CHECK(domain_of_uuid(seen[n], &back));
            CHECK(back.number == key.number && back.life == key.life);
            CHECK(((uint8_t)seen[n][6] >> 4) == 8 && ((uint8_t)seen[n][8] >> 6) == 2);
            for (unsigned j = 0; j < n; j++) {
                CHECK(memcmp(seen[n], seen[j], sizeof(seen[n])) != 0);
            }
            n++;
        }
    }
}

TEST(domains_uuid_foreign, "any other bit in the fixed part of a uuid, and it is none of ours")
{
    char uuid[REMOTE_UUID_BYTES];
    struct domain_key key = { .number = 3, .life = 4 }, back;

    for (unsigned bit = 0; bit < 128; bit++) {
        bool fixed = (bit >= 32 && bit < 64) || bit == 64 || bit == 65;

        domain_uuid(key, uuid);
        uuid[bit / 8] = (char)(uuid[bit / 8] ^ (0x80 >> bit % 8));
        CHECK_SAY(domain_of_uuid(uuid, &back) == !fixed, "bit %u", bit);
        CHECK(fixed || back.number != key.number || back.life != key.life);
        CHECK(back.life <= LIFE_MOST); /* never PROGRAM_ANY_LIFE */
    }
}

TEST(domains_id, "the id is the life, as far as it goes, and -1 of what does not run")
{
    CHECK_EQUAL(domain_id(0), -1);
    CHECK_EQUAL(domain_id(5), 5);
    CHECK_EQUAL(domain_id(INT32_MAX), INT32_MAX);
    CHECK_EQUAL(domain_id(1ull << 31), 0);
    CHECK_EQUAL(domain_id((1ull << 40) + 9), 9);
}

static void is_state(struct program_brief b, int state, int reason)
{
    remote_domain_state s = domain_state(&b);

    CHECK_EQUAL(s.state, state);
    CHECK_EQUAL(s.reason, reason);
}

TEST(domains_state, "run state, holds and faults become a state and a reason")
{
    struct program_brief b = running(LK_STATE_READY, 0);

    is_state(b, REMOTE_STATE_RUNNING, 1);
    is_state(running(LK_STATE_RECEIVING, 0), REMOTE_STATE_BLOCKED, 0);
    is_state(running(LK_STATE_BLOCKED, 0), REMOTE_STATE_BLOCKED, 0);
    is_state(running(LK_STATE_FAULTED, 0), REMOTE_STATE_BLOCKED, 0); /* its pager works on it */
    for (unsigned holds = 1; holds < 256; holds++) {
        int reason = (holds & 1u << LK_HOLD_SUSPEND) != 0 ? 1 : (holds & 1) != 0 ? 6 : 0;

        for (unsigned s = LK_STATE_READY; s <= LK_STATE_FAULTED; s++) {
            is_state(running((uint8_t)s, (uint8_t)holds), REMOTE_STATE_PAUSED, reason);
        }
    }
    b.flags = PROGRAM_FAULTED;
    b.holds = 1u << LK_HOLD_SUSPEND;
    is_state(b, REMOTE_STATE_CRASHED, 1);
    b = (struct program_brief){ .ended = PROGRAM_ENDED_NOT };
    is_state(b, REMOTE_STATE_SHUTOFF, 0);
    b.ended = PROGRAM_ENDED_EXIT;
    is_state(b, REMOTE_STATE_SHUTOFF, 1);
    b.ended = PROGRAM_ENDED_DESTROYED;
    is_state(b, REMOTE_STATE_SHUTOFF, 2);
    b.ended = PROGRAM_ENDED_FAULT;
    is_state(b, REMOTE_STATE_SHUTOFF, 3);
}

/* The flags that a domain has, one of each group, found out by asking for one at a time. */
static uint32_t flags_of(const struct program_brief *b)
{
    uint32_t has = 0;

    for (uint32_t flag = 1; flag < REMOTE_LIST_FLAGS; flag <<= 1) {
        has |= domain_matches(b, flag) ? flag : 0;
    }
    return has;
}

TEST(domains_flags, "a domain has one flag of each group")
{
    struct program_brief b = running(LK_STATE_READY, 0);

    CHECK_EQUAL(flags_of(&b), 1 | 4 | 16 | 512 | 2048 | 8192 | 32768);
    b.holds = 1;
    CHECK_EQUAL(flags_of(&b), 1 | 4 | 32 | 512 | 2048 | 8192 | 32768);
    b = running(LK_STATE_RECEIVING, 0);
    b.flags = PROGRAM_FURTHER;
    CHECK_EQUAL(flags_of(&b), 1 | 8 | 128 | 512 | 2048 | 8192 | 32768);
    b.flags = PROGRAM_FAULTED | PROGRAM_AT_BOOT;
    CHECK_EQUAL(flags_of(&b), 1 | 4 | 128 | 512 | 1024 | 8192 | 32768);
    b = (struct program_brief){ .flags = PROGRAM_AT_BOOT };
    CHECK_EQUAL(flags_of(&b), 2 | 4 | 64 | 512 | 1024 | 8192 | 32768);
}

TEST(domains_parts, "what is a part of another program is there while it runs, and transient")
{
    struct program_brief b = running(LK_STATE_READY, 0);

    b.flags = PROGRAM_PART;
    CHECK(domain_is_there(&b) && domain_is_transient(&b));
    CHECK_EQUAL(flags_of(&b), 1 | 8 | 16 | 512 | 2048 | 8192 | 32768);
    b.life = 0;
    CHECK(!domain_is_there(&b) && !domain_matches(&b, 0));
    CHECK_EQUAL(flags_of(&b), 0);
    b.flags = 0; /* a whole program that does not run can be started */
    CHECK(domain_is_there(&b) && !domain_is_transient(&b) && domain_matches(&b, 0));
}

TEST(domains_filter, "within a group one is enough, all groups must hold, an empty one always does")
{
    static const uint32_t group[] = { 3, 12, 240, 768, 3072, 12288, 49152 };
    struct program_brief b = running(LK_STATE_RECEIVING, 0);
    uint32_t has = flags_of(&b);

    CHECK(domain_matches(&b, 0) && domain_matches(&b, REMOTE_LIST_FLAGS));
    for (uint32_t flags = 0; flags <= REMOTE_LIST_FLAGS; flags++) {
        bool wanted = true;

        for (unsigned i = 0; i < 7; i++) {
            wanted = wanted && ((flags & group[i]) == 0 || (flags & group[i] & has) != 0);
        }
        if (domain_matches(&b, flags) != wanted) {
            CHECK_SAY(false, "flags 0x%x", flags);
        }
    }
}

TEST(domains_holds, "holds are named, whatever does not fit is cut off")
{
    struct program_brief b = running(LK_STATE_READY, 0x0f);
    char text[40], small[9];

    domain_holds(&b, text, sizeof(text));
    CHECK_SAY(strcmp(text, "proxy, suspend, debug, by hand") == 0, "'%s'", text);
    b.holds = 0x42;
    domain_holds(&b, text, sizeof(text));
    CHECK_SAY(strcmp(text, "suspend, hold 6") == 0, "'%s'", text);
    b.holds = 0xff;
    domain_holds(&b, small, sizeof(small));
    CHECK_SAY(strcmp(small, "proxy, s") == 0, "'%s'", small);
}

static void is_event(uint8_t what, uint8_t how, int event, int detail, int id)
{
    struct program_change c = { .life = 9, .number = 3, .what = what, .how = how, .name = "a" };
    struct domain_key key;
    remote_lifecycle e;

    CHECK(domain_event(&c, &e));
    CHECK_EQUAL(e.event, event);
    CHECK_EQUAL(e.detail, detail);
    CHECK_EQUAL(e.dom.id, id);
    CHECK(domain_of_uuid(e.dom.uuid, &key) && key.number == 3 && key.life == 9);
    CHECK(strcmp(e.dom.name, "a") == 0 && e.callback == 0);
}

TEST(domains_event, "what happens to a program becomes a lifecycle event; the unknown becomes none")
{
    struct program_change c = { .what = 0 };
    remote_lifecycle e;

    is_event(PROGRAM_STARTED, 0, 2, 0, 9);
    is_event(PROGRAM_SUSPENDED, 0, 3, 0, 9);
    is_event(PROGRAM_RESUMED, 0, 4, 0, 9);
    is_event(PROGRAM_STOPPED, PROGRAM_ENDED_EXIT, 5, 0, -1);
    is_event(PROGRAM_STOPPED, PROGRAM_ENDED_DESTROYED, 5, 1, -1);
    is_event(PROGRAM_STOPPED, PROGRAM_ENDED_FAULT, 5, 2, -1);
    is_event(PROGRAM_CRASHED, 0, 8, 0, 9);
    CHECK(!domain_event(&c, &e));
    c.what = 99;
    CHECK(!domain_event(&c, &e));
}

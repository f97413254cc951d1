/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the shell says of a program: holds, notifications, and why one waits.
 */
#include "unit.h"

#include "user/lib/names.c"
#include "user/servers/shell/words.c"

#include <string.h>

#define MSEC 1000000ull
#define SEC (1000 * MSEC)

static char text[400];

static struct program_info program(void)
{
    struct program_info p = { .name = "pong", .running = 1, .run_state = LK_STATE_RECEIVING };

    return p;
}

/* One that has the handler "ear". */
static struct program_info with_handler(void)
{
    struct program_info p = program();

    p.preemption.flags = LK_PREEMPT_RECEIVER;
    lk_label_pack("ear", &p.preemption.receiver[0], &p.preemption.receiver[1]);
    return p;
}

static bool says(const char *wanted)
{
    return unit_check(strcmp(text, wanted) == 0, __FILE__, __LINE__, "'%s', not '%s'", text,
                      wanted);
}

TEST(words_holds, "holds are named, numbered, or counted, each with the time since when")
{
    static const char *const names[] = { "proxy", "suspend", "debug",  "by hand",
                                         "team",  "hold 5",  "hold 6", "hold 7" };
    struct program_info p = program();

    holds_word(&p, text, sizeof(text));
    says("-");
    holds_words(&p, 5 * SEC, ", ", text, sizeof(text));
    says("none");
    for (unsigned hold = 0; hold < LK_HOLDS; hold++) {
        p.holds = (uint8_t)(1u << hold);
        holds_word(&p, text, sizeof(text));
        says(names[hold]);
    }
    p.holds = 0x82;
    p.preemption.hold_since[1] = 1500 * MSEC;
    p.preemption.hold_since[7] = 4999 * MSEC + 750000;
    holds_word(&p, text, sizeof(text));
    says("2 holds");
    holds_words(&p, 5 * SEC, ", ", text, sizeof(text));
    says("suspend since 1.500 s (3.500 s ago), hold 7 since 4.999 s (0.250 ms ago)");
    p.holds = 0xff;
    holds_word(&p, text, sizeof(text));
    says("8 holds");
}

TEST(words_short, "text that does not fit is cut, never written beyond its place")
{
    struct program_info p = with_handler();

    p.holds = 0xff;
    p.preemption.plain = p.preemption.preempting = UINT32_MAX;
    p.preemption.bound = LK_DEFER_MAX;
    p.preemption.deferred_since = 1;
    p.preemption.flags |= LK_PREEMPT_SENDERS;
    for (size_t size = 1; size < 300; size++) {
        void (*const all[])(const struct program_info *, char *,
                            size_t) = { wait_words, holds_word, handler_words, pending_words,
                                        why_pending };

        for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
            memset(text, 'x', sizeof(text));
            all[i](&p, text, size);
            CHECK(memchr(text, '\0', size) != NULL && text[size] == 'x');
        }
        memset(text, 'x', sizeof(text));
        holds_words(&p, SEC, ", ", text, size);
        CHECK(memchr(text, '\0', size) != NULL && text[size] == 'x');
        memset(text, 'x', sizeof(text));
        deferral_words(&p, SEC, text, size);
        CHECK(memchr(text, '\0', size) != NULL && text[size] == 'x');
    }
}

TEST(words_pending, "what waits is told: plain bits, bits for the handler, senders")
{
    struct program_info p = program();

    pending_words(&p, text, sizeof(text));
    says("nothing");
    p.preemption.plain = 0x3;
    pending_words(&p, text, sizeof(text));
    says("bits 0x3 for itself");
    p.preemption.preempting = 0x80000000;
    p.preemption.flags = LK_PREEMPT_SENDERS;
    pending_words(&p, text, sizeof(text));
    says("bits 0x3 for itself, bits 0x80000000 for its handler, senders for its handler");
    p.preemption.plain = p.preemption.preempting = 0;
    pending_words(&p, text, sizeof(text));
    says("senders for its handler");
}

TEST(words_deferral, "the right to defer, and since when something waits")
{
    struct program_info p = program();

    deferral_words(&p, 0, text, sizeof(text));
    says("it may not defer");
    p.preemption.bound = 500000;
    deferral_words(&p, 0, text, sizeof(text));
    says("it may defer, for at most 0.500 ms");
    p.preemption.deferred_since = 3 * SEC;
    deferral_words(&p, 2 * SEC, text, sizeof(text)); /* the clock was read before */
    says("it may defer, for at most 0.500 ms; it does,\n"
         "             and something waits since 3.000 s (0.000 ms ago)");
    p.preemption.flags = LK_PREEMPT_OVER;
    deferral_words(&p, 3 * SEC + 2 * MSEC, text, sizeof(text));
    says("it may defer, for at most 0.500 ms; it does,\n"
         "             and something waits since 3.000 s (2.000 ms ago), too long");
}

TEST(words_why, "why a notification waits: what the kernel looks at first is told first")
{
    struct program_info p = with_handler();

    p.preemption.bound = 10 * MSEC;
    why_pending(&p, text, sizeof(text));
    says("ear is stopped itself");
    p.preemption.deferred_since = SEC;
    why_pending(&p, text, sizeof(text));
    says("pong defers, which it may for 10.000 ms");
    p.preemption.flags |= LK_PREEMPT_QUEUED;
    why_pending(&p, text, sizeof(text));
    says("ear is not waiting to be told");
    p.holds = 1u << LK_HOLD_SUSPEND;
    why_pending(&p, text, sizeof(text));
    says("ear is not waiting to be told");
    p.holds |= 1u << LK_HOLD_PROXY;
    why_pending(&p, text, sizeof(text));
    says("ear has not let pong go on since the last one");
    p.preemption.receiver[0] = 0;
    why_pending(&p, text, sizeof(text));
    says("its handler has not let pong go on since the last one");
    p = with_handler();
    p.handler_known = 1;
    p.handler_state = LK_STATE_FAULTED;
    why_pending(&p, text, sizeof(text));
    says("ear, its handler, has faulted");
    p.holds = 1u << LK_HOLD_PROXY;
    why_pending(&p, text, sizeof(text));
    says("ear, its handler, has faulted, and has not let it go on");
    p.preemption.flags = 0;
    why_pending(&p, text, sizeof(text));
    says("pong has no notice handler; they stay pending");
}

TEST(words_handler, "who the handler is, and how, if it cannot be told")
{
    struct program_info p = program();

    handler_words(&p, text, sizeof(text));
    says("none");
    p = with_handler();
    handler_words(&p, text, sizeof(text));
    says("ear");
    p.handler_known = 1;
    p.handler_state = LK_STATE_RECEIVING;
    handler_words(&p, text, sizeof(text));
    says("ear");
    p.handler_holds = 1u << LK_HOLD_SUSPEND;
    handler_words(&p, text, sizeof(text));
    says("ear, which is stopped itself");
    p.handler_state = LK_STATE_FAULTED;
    p.handler_fault = FAULT_DIVIDE;
    handler_words(&p, text, sizeof(text));
    CHECK_SAY(strncmp(text, "ear, which has faulted: ", 24) == 0, "%s", text);
    handler_name(&p, text, sizeof(text));
    says("ear");
}

TEST(words_until, "a process that sleeps waits until a time")
{
    struct program_info p = program();

    p.wait = LK_WAIT_SLEEPING;
    p.until = 12345 * MSEC;
    wait_words(&p, text, sizeof(text));
    says("until 12.345 s");
}

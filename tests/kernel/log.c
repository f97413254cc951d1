/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of the log ring and the trace ring. The log is bound to a notice meanwhile, so that
 * what is logged here does not go between the lines of TAP.
 */
#include "helpers.h"
#include "selftest.h"

#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/log.h>
#include <kernel/string.h>
#include <kernel/trace.h>

#define NOTICE_BITS 0x30u

static struct process *reader;
static struct endpoint *endpoint;

static pfn_t free_frame(void)
{
    for (pfn_t pfn = 0; pfn < frame_count; pfn++) {
        if (frame_table[pfn].kind == FRAME_FREE) {
            return pfn;
        }
    }
    BUG("no free frame for a self-test");
}

/* Make a process and an endpoint to it, and bind the log to a notice there. */
static void bind_log(void)
{
    struct cap notice;

    txn_commit();
    reader = (struct process *)(void *)object_fabricate(FRAME_PROCESS, free_frame(), 0);
    endpoint = (struct endpoint *)(void *)object_fabricate(FRAME_ENDPOINT, free_frame(), 0);
    endpoint->state.recipient = object_cap(&reader->hdr);
    notice = object_cap(&endpoint->hdr);
    notice.type = CAP_APPNOTICE;
    notice.payload = UINT32_MAX;
    log_bind(&notice, NOTICE_BITS);
}

static void rescind(struct objhdr *hdr)
{
    txn_begin();
    object_rescind(hdr);
    txn_begin();
    txn_commit();
}

static void unbind_log(void)
{
    static const struct cap null_cap;
    static char part[4096];
    uint64_t position = 0;

    while (log_read(&position, part, sizeof(part)) > 0) { /* the kernel has nothing to print */
    }
    log_bind(&null_cap, 0);
    rescind(&endpoint->hdr);
    rescind(&reader->hdr);
}

/* Does the log end with this text? */
static bool log_ends_with(const char *text)
{
    char end[64];
    size_t n = strlen(text);
    uint64_t position = log_end - n;

    return log_read(&position, end, n) == n && memcmp(end, text, n) == 0;
}

SELFTEST(log_wrap, "the log keeps the last 64 KiB and readers learn what they missed")
{
    uint64_t first = log_end;
    uint64_t position = first;
    char part[16];
    bool holds = true;

    bind_log();
    for (unsigned i = 0; i < 4000; i++) {
        log_line(LOG_ERROR, "line %u of many", i);
        holds = holds && log_read(&position, part, sizeof(part)) == sizeof(part) && part[0] == '[';
        position = log_end; /* as a reader that keeps up */
    }
    CHECK(holds);
    CHECK(log_end - first > 65536);
    CHECK(log_ends_with("line 3999 of many\n"));
    position = 0;
    CHECK_EQUAL(log_read(&position, part, sizeof(part)), sizeof(part));
    CHECK_EQUAL(position, log_end - 65536 + sizeof(part));
    position = UINT64_MAX;
    CHECK_EQUAL(log_read(&position, part, sizeof(part)), 0);
    CHECK_EQUAL(position, log_end);
    unbind_log();
}

SELFTEST(log_long_line, "a line that is too long is cut and still ends")
{
    static char text[1001];
    uint64_t before;

    bind_log();
    before = log_end;
    memset(text, 'x', sizeof(text) - 1);
    log_line(LOG_ERROR, "%s", text);
    CHECK(log_end - before <= 512);
    CHECK(log_ends_with("xxx\n"));
    unbind_log();
}

SELFTEST(log_level, "lines above the level are not logged")
{
    enum log_level level = log_level;
    uint64_t before = log_end;

    log_level = LOG_WARN;
    log_line(LOG_INFO, "nobody sees this");
    CHECK_EQUAL(log_end, before);
    log_level = level;
}

SELFTEST(log_notice, "who is bound to the log is told that it grew, once for many lines")
{
    bind_log();
    log_announce();
    reader->notices = 0;
    log_line(LOG_ERROR, "one");
    log_line(LOG_ERROR, "two");
    CHECK_EQUAL(reader->notices, 0); /* not in the middle of things */
    log_announce();
    CHECK_EQUAL(reader->notices, NOTICE_BITS);
    CHECK(!log_grew);
    unbind_log();
}

SELFTEST(log_binder_gone, "when the binder is gone the kernel prints again")
{
    bind_log();
    log_announce();
    rescind(&endpoint->hdr);
    log_line(LOG_ERROR, "# printed by the kernel again: log_binder_gone");
    CHECK(!log_grew);
    rescind(&reader->hdr);
}

/* The record `back` events before the latest. */
static const struct trace_record *trace_last(uint64_t back)
{
    return &trace_ring.record[(TRACE_COUNT - 1 - back) % TRACE_RECORDS];
}

SELFTEST(trace_ring, "the trace ring keeps the last events, as many as there is room for")
{
    uint64_t before = TRACE_COUNT;
    uint64_t last = TRACE_RECORDS + 1000 - 1;

    for (uint64_t i = 0; i <= last; i++) {
        trace_record(TRACE_RESULT, i, ~i);
    }
    CHECK_EQUAL(TRACE_COUNT, before + last + 1);
    for (uint64_t back = 0; back < TRACE_RECORDS; back++) {
        const struct trace_record *r = trace_last(back);

        if (!CHECK(r->a == last - back && r->b == ~r->a && r->event == TRACE_RESULT)) {
            break;
        }
    }
}

SELFTEST(trace_frequent, "frequent events are recorded only while all are asked for")
{
    bool on = cpu_self()->tracing;

    trace_record(TRACE_RESULT, 1, 0);
    trace_all(false);
    trace_event(TRACE_TIMER, 2, 0);
    CHECK_EQUAL(trace_last(0)->a, 1);
    trace_all(true);
    trace_event(TRACE_TIMER, 3, 0);
    CHECK_EQUAL(trace_last(0)->a, 3);
    trace_all(false);
    trace_event(TRACE_FAULT, 4, 0);
    CHECK_EQUAL(trace_last(0)->a, 4);
    trace_all(on);
}

SELFTEST(trace_leave, "who runs is recorded when it is another than before, with the one before")
{
    struct cpu *cpu = cpu_self();
    struct process *old = test_make_process(10);
    bool on = cpu->tracing;
    uint64_t before;

    trace_all(true);
    before = TRACE_COUNT;
    cpu->traced = old;
    old->s.holds = 0x34;
    trace_leave();
    old->s.holds = 0;
    CHECK_EQUAL(TRACE_COUNT, before + 1);
    CHECK_EQUAL(trace_last(0)->event, (0x340000u | LK_STATE_FAULTED) << 8 | TRACE_SWITCH);
    CHECK(cpu->traced == cpu->current);
    trace_leave();
    CHECK_EQUAL(TRACE_COUNT, before + 1);
    trace_all(on);
    test_rescind_process(old);
}

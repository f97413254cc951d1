/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the ring records. The subjects stand above the case, so each thing has happened when the
 * call that begins it is back.
 */
#include "ring.h"

#define REG_CAP 5

/* A process with a label, and one word of it. */
static obj labelled(const char *label, unsigned priority)
{
    obj p = proc_new(priority);
    uint64_t low, high;

    lk_label_pack(label, &low, &high);
    obj_get(p, R_A);
    OK(lk_process_set_label(R_A, low, high));
    return p;
}

static void is_labelled(const struct record *r, const char *label)
{
    char text[17];

    lk_label_unpack(r->a, r->b, text);
    CHECK(strcmp(text, label) == 0);
}

CASE(entry, .text = "a system call is recorded with its control word, method, type and target")
{
    obj p = labelled("caller", PRIO_HIGH);
    obj e = endpoint_new(p, 77, false);
    uint32_t oid = oid_of(p);
    const struct record *r;
    unsigned at = 0, n;

    proc_reply_endpoint(p, 9);
    proc_cap(p, REG_CAP, e);
    start_trace();
    raw_do_word(p, LK_CTL_CALL(REG_CAP, 1), OP_ENDPOINT_GET_STATE);
    n = stop_trace();
    r = must_be(ring_records, n, &at, TRACE_SWITCH, oid);
    is_labelled(r, "caller");
    r = must_be(ring_records, n, &at, TRACE_SYSCALL, oid);
    EQ((uint32_t)r->a, (uint32_t)LK_CTL_CALL(REG_CAP, 1));
    EQ(r->a >> 32 & 0xffff, OP_ENDPOINT_GET_STATE);
    EQ(r->a >> 48, LK_TYPE_ENDPOINT);
    EQ(r->b, oid_of(e));
    EQ(next_of(ring_records, n, &at, TRACE_SYSCALL, oid) == NULL, true);
}

CASE(off, .text = "without the trace switches and messages are not recorded, nor is what takes the "
                  "fast path; refusals and other system calls are")
{
    obj p = proc_new(PRIO_HIGH);
    uint32_t oid = oid_of(p);
    uint64_t position = ring_end();
    const struct record *r;
    obj e = endpoint_new(p, 1, false);
    unsigned at = 0, n;

    proc_reply_endpoint(p, 9);
    proc_cap(p, REG_CAP, e);
    raw_do_word(p, LK_CTL_CALL(REG_CAP, 1), 0x777);
    raw_do(p, LK_RECV);
    n = ring_from(position, ring_records, RECORDS);
    for (unsigned i = 0; i < n; i++) {
        CHECK((ring_records[i].event & 0xff) != TRACE_SWITCH);
        CHECK(ring_records[i].event != TRACE_MESSAGE);
    }
    r = must_be(ring_records, n, &at, TRACE_SYSCALL, oid);
    EQ((uint32_t)r->a, (uint32_t)LK_CTL_CALL(REG_CAP, 1));
    EQ(r->a >> 32, 0x777 | LK_TYPE_ENDPOINT << 16);
    EQ(r->b, oid_of(e));
    EQ(must_be(ring_records, n, &at, TRACE_RESULT, oid)->a, STATUS_UNKNOWN_REQUEST);
    obj_get(notice_new(e, UINT32_MAX), R_A);
    OK(lk_sysctl_set_fast_path(R_SYSCTL, 1));
    OK(lk_appnotice_post(R_A, 1)); /* the first takes the long way, and notes whom it is for */
    position = ring_end();
    OK(lk_appnotice_post(R_A, 2));
    n = ring_from(position, ring_records, RECORDS);
    at = 0;
    EQ(must_be(ring_records, n, &at, TRACE_NOTICE, 0)->b, oid);
    EQ(at, 1); /* and nothing before it */
}

CASE(direct, .text = "a message to who waits is in the record of the entry: sender, receiver, "
                     "endpoint; the sender's state is in that of the switch")
{
    obj s = labelled("sender", PRIO_HIGH), r = labelled("receiver", PRIO_HIGH);
    obj e = endpoint_new(r, 5, false);
    uint32_t sender = oid_of(s), receiver = oid_of(r);
    const struct record *found;
    unsigned at = 0, n;

    proc_reply_endpoint(s, 9);
    proc_cap(s, REG_CAP, entry_new(e, 3));
    raw_do(r, LK_RECV);
    start_trace();
    raw_do_word(s, LK_CTL_CALL(REG_CAP, 1), 0x1234);
    n = stop_trace();
    found = must_be(ring_records, n, &at, TRACE_SYSCALL, sender);
    EQ(found->a >> 32, 0x1234 | LK_TYPE_ENTRY << 16);
    EQ(found->b, oid_of(e) | (uint64_t)receiver << 32);
    found = must_be(ring_records, n, &at, TRACE_SWITCH, receiver);
    is_labelled(found, "receiver");
    EQ(found->event >> 8, LK_STATE_RECEIVING | LK_WAIT_CLOSED << 8);
    at = 0;
    EQ(next_of(ring_records, n, &at, TRACE_BLOCK, sender) == NULL, true);
    at = 0;
    EQ(next_of(ring_records, n, &at, TRACE_MESSAGE, 0) == NULL, true);
}

CASE(waits, .text = "a message that waits: BLOCK, and MESSAGE when it is taken")
{
    obj s = proc_new(PRIO_HIGH), r = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 5, false);
    uint32_t sender = oid_of(s), receiver = oid_of(r);
    const struct record *found;
    unsigned at = 0, n;

    proc_cap(s, REG_CAP, entry_new(e, 3));
    start_trace();
    raw_do_word(s, LK_CTL(LK_SEND | LK_BLOCK, REG_CAP, 1), 7);
    raw_do(r, LK_RECV);
    n = stop_trace();
    must_be(ring_records, n, &at, TRACE_SYSCALL, sender);
    found = must_be(ring_records, n, &at, TRACE_BLOCK, sender);
    EQ(found->a, LK_WAIT_SENDING);
    EQ(found->b, oid_of(e));
    must_be(ring_records, n, &at, TRACE_SYSCALL, receiver);
    found = must_be(ring_records, n, &at, TRACE_MESSAGE, 0);
    EQ(found->a, sender | (uint64_t)receiver << 32);
    EQ(found->b, oid_of(e));
    EQ(next_of(ring_records, n, &at, TRACE_MESSAGE, 0) == NULL, true);
}

CASE(would_block, .text = "a non-blocking send that would wait is recorded as refused")
{
    obj s = proc_new(PRIO_HIGH), r = proc_new(PRIO_HIGH);
    uint32_t sender = oid_of(s);
    unsigned at = 0, n;

    proc_cap(s, REG_CAP, entry_new(endpoint_new(r, 5, false), 3));
    start_trace();
    raw_do_word(s, LK_CTL(LK_SEND, REG_CAP, 1), 7);
    n = stop_trace();
    EQ(raw_result(s).rdi, STATUS_WOULD_BLOCK);
    must_be(ring_records, n, &at, TRACE_SYSCALL, sender);
    EQ(must_be(ring_records, n, &at, TRACE_RESULT, sender)->a, STATUS_WOULD_BLOCK);
}

CASE(string_fault, .text = "a system call that faults and begins again is recorded as such, and "
                           "the handler that waited for it runs next")
{
    obj s = proc_new(PRIO_HIGH), r = proc_new(PRIO_HIGH), h = proc_new(PRIO_HIGH);
    obj told = endpoint_new(h, 6, false);
    struct lk_regs regs = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_CAP, 1));
    struct lk_regs waits = raw_regs(LK_RECV | LK_RSTR);
    uint32_t sender = oid_of(s);
    unsigned at = 0, n;
    const struct record *found;

    proc_cap(s, REG_CAP, entry_new(endpoint_new(r, 5, false), 3));
    proc_slot(s, SLOT_HANDLER, entry_new(told, 0));
    waits.r9 = 100ull << 32;
    waits.rbp = WINDOW_VA;
    raw_go(r, &waits);
    raw_do(h, LK_RECV);
    regs.r10 = WINDOW_VA;
    regs.r9 = 10;
    start_trace();
    raw_go(s, &regs);
    n = stop_trace();
    must_be(ring_records, n, &at, TRACE_SYSCALL, sender);
    must_be(ring_records, n, &at, TRACE_RESTART, sender);
    found = must_be(ring_records, n, &at, TRACE_FAULT, sender);
    EQ(found->a, FAULT_INVALID_ADDR);
    EQ(found->b, WINDOW_VA);
    must_be(ring_records, n, &at, TRACE_SWITCH, oid_of(h));
    EQ(at - 2, found - ring_records); /* right behind it */
}

CASE(fault_waits, .text = "a fault that waits to be told is a MESSAGE when it is, like others")
{
    obj s = proc_new(PRIO_HIGH), h = proc_new(PRIO_HIGH);
    obj told = endpoint_new(h, 6, false);
    uint32_t sender = oid_of(s);
    const struct record *found;
    unsigned at = 0, n;

    proc_slot(s, SLOT_HANDLER, entry_new(told, 0));
    start_trace();
    raw_do(s, 1ull << LK_NSEND_SHIFT); /* makes no sense */
    raw_do(h, LK_RECV);
    n = stop_trace();
    must_be(ring_records, n, &at, TRACE_FAULT, sender);
    found = must_be(ring_records, n, &at, TRACE_MESSAGE, 0);
    EQ(found->a, sender | (uint64_t)oid_of(h) << 32);
    EQ(found->b, oid_of(told));
}

CASE(held, .text = "the begin and the end of not being schedulable are there")
{
    obj p = proc_new(PRIO_HIGH);
    uint32_t oid = oid_of(p);
    const struct record *found;
    unsigned at = 0, n;

    start_trace();
    proc_hold(p, LK_HOLD_SUSPEND);
    proc_release(p, LK_HOLD_SUSPEND);
    n = stop_trace();
    found = must_be(ring_records, n, &at, TRACE_HOLD, 0);
    EQ(found->a, oid);
    EQ(found->b, 1u << LK_HOLD_SUSPEND);
    found = must_be(ring_records, n, &at, TRACE_HOLD, 0);
    EQ(found->a, oid);
    EQ(found->b, 0);
}

/* Round trips of two processes, as the bench has them, are to be seen whole. */
static volatile bool served;
static struct worker server;

static void serve_some(void *unused)
{
    struct lk_in in = lk_wait(R_A);

    (void)unused;
    for (unsigned i = 0; i < 50; i++) {
        in = lk_reply_wait1(R_A, STATUS_OK, in.w[1] + 1);
    }
    served = true;
    lk_post2(R_A, STATUS_OK, 0, 0);
}

CASE(round_trips, .text = "of 51 calls each has an entry with its receiver, and so has each reply")
{
    unsigned calls = 0, replies = 0, n;
    uint32_t me, other;

    server = worker_new(PRIO_CASE + 10, serve_some, NULL);
    obj_get(entry_new(server.endpoint, 1), R_B);
    worker_start(server);
    sleep_ns(NSEC_PER_MSEC);
    other = oid_of(server.p);
    me = oid_of(obj_keep(R_SELF));
    start_trace();
    for (unsigned i = 0; i < 51; i++) {
        lk_call1(R_B, 1, i);
    }
    n = stop_trace();
    CHECK(served);
    for (unsigned i = 0; i < n; i++) {
        const struct record *r = &ring_records[i];

        calls += r->event == TRACE_SYSCALL && r->process == me && r->b >> 32 == other;
        replies += r->event == TRACE_SYSCALL && r->process == other && r->b >> 32 == me;
    }
    EQ(calls, 51);
    EQ(replies, 51);
}

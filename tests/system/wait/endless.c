/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Waits that would never end: refused where only the sender itself could end them, and said in the
 * log where the kernel can see that nobody is likely to.
 */
#include "queue.h"

CASE(oneself, .text = "an invocation of oneself would block, in every shape")
{
    static const uint64_t shapes[] = {
        LK_SEND,
        LK_SEND | LK_BLOCK,
        LK_SEND | LK_RECV | LK_BLOCK,
        LK_SHAPE_CALL,
    };
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 1, false);

    proc_reply_endpoint(p, 2);
    proc_cap(p, REG_TARGET, entry_new(e, 0));
    for (unsigned i = 0; i < 4; i++) {
        struct lk_regs s = canary_regs(LK_CTL(shapes[i], REG_TARGET, 8), 1);
        struct lk_regs after;

        sys_at("shape %lx", shapes[i]);
        raw_go(p, &s);
        after = raw_result(p);
        canary_kept(&s, &after, STATUS_WOULD_BLOCK);
    }
    EQ(proc_state(p).notices, 0);
}

CASE(ring_of_two, .text = "two that wait to send to each other: the log says so")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    uint64_t mark = log_mark();

    proc_cap(p, REG_TARGET, entry_new(endpoint_new(q, 1, false), 0));
    proc_cap(q, REG_TARGET, entry_new(endpoint_new(p, 1, false), 0));
    sender_again(p, 1);
    CHECK(!log_has(mark, "ring"));
    sender_again(q, 2);
    CHECK(log_has(mark, "a ring of waits"));
    sender_waits(p);
    sender_waits(q);
    raw_do(p, LK_RECV); /* somebody outside can still end it */
    EQ(raw_result(p).rdi, 2);
    sender_served(q);
}

CASE(ring_of_five, .text = "a ring of five, some of them in calls, is seen too")
{
    obj p[5];
    uint64_t mark = log_mark();

    for (unsigned i = 0; i < 5; i++) {
        p[i] = proc_new(PRIO_HIGH);
        proc_reply_endpoint(p[i], 2);
    }
    for (unsigned i = 0; i < 5; i++) {
        proc_cap(p[i], REG_TARGET, entry_new(endpoint_new(p[(i + 1) % 5], 1, false), 0));
    }
    for (unsigned i = 0; i < 5;
         i += 2) { /* 1 and 3 receive the calls of 0 and 2, and answer later */
        if (i < 4) {
            raw_do(p[i + 1], LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
        }
    }
    for (unsigned i = 0; i < 5; i++) {
        CHECK(!log_has(mark, "ring of waits"));
        raw_do_word(p[i], LK_CTL_CALL(REG_TARGET, 1), i);
    }
    CHECK(log_has(mark, "ring of waits"));
}

CASE(to_a_stopped_one,
     .text = "a wait for a process that stands in a fault which nobody handles: the log says so")
{
    obj p = proc_new(PRIO_HIGH);
    uint64_t mark;
    obj s;

    proc_slot(p, SLOT_HANDLER, NO_OBJ);
    mark = log_mark();
    raw_do(p, 1ull << 63 | LK_RECV);
    CHECK(log_has(mark, "malformed system call, information 0x8000"));
    CHECK(log_has(mark, ", at instruction 0x"));
    CHECK(log_has(mark, ": nobody handles it, it stays stopped"));
    mark = log_mark();
    s = sender_new(120, entry_new(endpoint_new(p, 1, false), 0), 1);
    sender_waits(s);
    CHECK(log_has(mark, "stopped by a fault that nobody handles"));
}

CASE(to_a_quiet_one,
     .text = "of waits for a quiet process, whose label may be any, the log says nothing")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    uint64_t mark;

    obj_get(p, R_T0);
    OK(lk_process_set_flags(R_T0, LK_FLAG_QUIET));
    proc_cap(p, REG_TARGET, entry_new(endpoint_new(q, 1, false), 0));
    proc_cap(q, REG_TARGET, entry_new(endpoint_new(p, 1, false), 0));
    mark = log_mark();
    sender_again(p, 1);
    sender_again(q, 2);
    sender_waits(q);
    EQ(log_mark(), mark);
    raw_do(p, LK_RECV);
    sender_served(q);
    proc_slot(p, SLOT_HANDLER, NO_OBJ);
    raw_do(p, 1ull << 63 | LK_RECV);
    sender_again(q, 3);
    sender_waits(q);
    EQ(log_mark(), mark);
}

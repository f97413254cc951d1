/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Posting and receiving notices.
 */
#include "../lib/sys.h"

#define REG_TARGET 5
#define ID 12

struct target {
    obj p, endpoint;
};

static struct target target_new(void)
{
    struct target t;

    t.p = proc_new(PRIO_HIGH);
    t.endpoint = endpoint_new(t.p, ID, false);
    obj_get(notice_new(t.endpoint, UINT32_MAX), R_A);
    return t;
}

static void post(uint64_t bits)
{
    OK(lk_appnotice_post(R_A, bits));
}

static void wait_for(struct target t, uint64_t shape, uint64_t id)
{
    struct lk_regs r = raw_regs(shape);

    r.r8 = id;
    raw_go(t.p, &r);
}

static void has_notice(struct target t, uint64_t bits)
{
    struct lk_regs got = raw_result(t.p);

    EQ(got.rax, (uint64_t)LK_KIND_NOTICE << LK_DLV_KIND_SHIFT);
    EQ(got.rdi, bits);
    EQ(got.r8, LK_NOTICE_ID);
    EQ(got.r9, 0);
}

CASE(coalesce, .text = "bits posted to one that does not wait add up and come in one notice, once")
{
    struct target t = target_new();

    post(1);
    post(0x80000000);
    post(1);
    post(0x10);
    EQ(proc_state(t.p).notices, 0x80000011);
    wait_for(t, LK_RECV, 0);
    has_notice(t, 0x80000011);
    EQ(proc_state(t.p).notices, 0);
    wait_for(t, LK_RECV, 0);
    EQ(proc_wait_kind(t.p), LK_WAIT_OPEN);
}

CASE(open_wait, .text = "bits are delivered into an open wait at once")
{
    struct target t = target_new();

    wait_for(t, LK_RECV, 0);
    post(6);
    has_notice(t, 6);
    post(8); /* it does not wait now */
    EQ(proc_state(t.p).notices, 8);
}

CASE(park, .text = "a wait for notices only takes notices and no messages")
{
    struct target t = target_new();
    obj s = proc_new(PRIO_HIGH);

    proc_cap(s, REG_TARGET, entry_new(t.endpoint, 0));
    wait_for(t, LK_RECV | LK_CLOSED, LK_NOTICE_ID);
    EQ(proc_wait_kind(t.p), LK_WAIT_NOTICE);
    raw_do_word(s, LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1), 4);
    EQ(proc_wait_kind(s), LK_WAIT_SENDING);
    post(2);
    has_notice(t, 2);
    EQ(proc_wait_kind(s), LK_WAIT_SENDING);
    post(3);
    wait_for(t, LK_RECV | LK_CLOSED,
             LK_NOTICE_ID); /* after a notice too: it asked for nothing else */
    has_notice(t, 3);
    wait_for(t, LK_RECV, 0);
    EQ(raw_result(t.p).rdi, 4);
}

CASE(closed_wait, .text = "a closed wait keeps notices pending; the next open wait has them")
{
    struct target t = target_new();
    obj s = proc_new(PRIO_HIGH);

    proc_cap(s, REG_TARGET, entry_new(t.endpoint, 0));
    wait_for(t, LK_RECV | LK_CLOSED, ID);
    post(2);
    EQ(proc_state(t.p).run_state, LK_STATE_RECEIVING);
    EQ(proc_state(t.p).notices, 2);
    raw_do_word(s, LK_CTL(LK_SEND, REG_TARGET, 1), 4);
    EQ(raw_result(t.p).rdi, 4);
    EQ(proc_state(t.p).notices, 2);
    wait_for(t, LK_RECV, 0);
    has_notice(t, 2);
}

CASE(order, .text = "notices come first in an open wait, but after a notice a waiting message goes "
                    "before the next")
{
    struct target t = target_new();
    obj s[3];

    for (unsigned i = 0; i < 3; i++) {
        s[i] = proc_new(PRIO_HIGH);
        proc_cap(s[i], REG_TARGET, entry_new(t.endpoint, 0));
        raw_do_word(s[i], LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1), 100 + i);
    }
    post(1);
    wait_for(t, LK_RECV, 0);
    has_notice(t, 1);
    post(2);
    wait_for(t, LK_RECV, 0);
    EQ(raw_result(t.p).rdi, 100);
    wait_for(t, LK_RECV, 0);
    has_notice(t, 2);
    post(4);
    wait_for(t, LK_RECV, 0);
    EQ(raw_result(t.p).rdi, 101);
    wait_for(t, LK_RECV, 0);
    has_notice(t, 4);
    wait_for(t, LK_RECV, 0);
    EQ(raw_result(t.p).rdi, 102);
}

CASE(order_without_messages, .text = "without a message that waits, notice follows notice")
{
    struct target t = target_new();

    post(1);
    wait_for(t, LK_RECV, 0);
    has_notice(t, 1);
    post(2);
    wait_for(t, LK_RECV, 0);
    has_notice(t, 2);
}

CASE(mask, .text = "an AppNotice posts only the bits of its mask; none at all is no notice")
{
    struct target t = target_new();

    obj_get(notice_new(t.endpoint, 0xf0), R_A);
    wait_for(t, LK_RECV, 0);
    post(0x0f);
    EQ(proc_state(t.p).run_state, LK_STATE_RECEIVING);
    post(0xff00000000ull);
    EQ(proc_state(t.p).run_state, LK_STATE_RECEIVING);
    post(0xffffffffffffffff);
    has_notice(t, 0xf0);
    obj_get(notice_new(t.endpoint, 0), R_A);
    post(0xffffffff);
    EQ(proc_state(t.p).notices, 0);
}

CASE(held, .text = "a held process receives notices, and runs with them when it is let go")
{
    struct target t = target_new();

    wait_for(t, LK_RECV, 0);
    proc_hold(t.p, 1);
    post(1);
    EQ(proc_state(t.p).run_state, LK_STATE_READY);
    post(2); /* it does not wait any more */
    EQ(proc_state(t.p).notices, 2);
    proc_release(t.p, 1);
    has_notice(t, 1);
}

CASE(gone,
     .text = "posting to an endpoint that is gone, or has no recipient, is an invalid capability")
{
    struct target t = target_new();

    obj_get(t.endpoint, R_B);
    OK(lk_endpoint_set_recipient(R_B, 0));
    STATUS(lk_appnotice_post(R_A, 1), STATUS_INVALID_CAP);
    EQ(reg_type(R_A), LK_TYPE_NULL);
    obj_get(t.p, R_C);
    OK(lk_endpoint_set_recipient(R_B, R_C));
    post(1);
    EQ(proc_state(t.p).notices, 1);
    obj_rescind(t.p);
    STATUS(lk_appnotice_post(R_A, 1), STATUS_INVALID_CAP);
    t = target_new();
    obj_rescind(t.endpoint);
    STATUS(lk_appnotice_post(R_A, 1), STATUS_INVALID_CAP);
    EQ(proc_state(t.p).notices, 0);
}

CASE(match_ignored, .text = "an AppNotice ignores payload match and does not advance the payload")
{
    struct target t = target_new();
    uint64_t payload = 1;

    obj_get(t.endpoint, R_B);
    OK(lk_endpoint_set_payload_match(R_B, 1));
    post(1);
    EQ(proc_state(t.p).notices, 1);
    OK(lk_endpoint_get_state(R_B, NULL, &payload, NULL));
    EQ(payload, 0);
}

CASE(blocked_and_faulted,
     .text = "bits posted to one that sends, sleeps or stands in a fault stay pending")
{
    struct target t = target_new();
    obj other = proc_new(PRIO_HIGH);

    proc_cap(t.p, REG_TARGET, entry_new(endpoint_new(other, 1, false), 0));
    raw_do(t.p, LK_CTL(LK_SEND | LK_BLOCK | LK_RECV, REG_TARGET, 1));
    EQ(proc_wait_kind(t.p), LK_WAIT_SENDING);
    post(1);
    EQ(proc_wait_kind(t.p), LK_WAIT_SENDING);
    raw_do(other, LK_RECV); /* the send is done, its open wait begins, and there is the notice */
    has_notice(t, 1);
    raw_do(t.p, 1ull << 63 | LK_RECV);
    post(2);
    raw_faulted(t.p, FAULT_MALFORMED_SYSCALL, 1ull << 63 | LK_RECV);
    EQ(proc_state(t.p).notices, 2);
}

CASE(to_oneself, .text = "a process may post to itself, and finds it in its wait")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 1, false);
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND | LK_RECV, REG_TARGET, 2));

    proc_cap(p, REG_TARGET, notice_new(e, 0xff));
    r.rdi = OP_APPNOTICE_POST;
    r.rsi = 0x21;
    raw_go(p, &r);
    EQ(lk_kind(raw_result(p).rax), LK_KIND_NOTICE);
    EQ(raw_result(p).rdi, 0x21);
}

static volatile uint64_t flood_seen;
static volatile bool flood_over;

static void flooded(void *arg)
{
    (void)arg;
    while (!flood_over) {
        struct lk_in in = lk_wait(0);

        flood_seen |= lk_kind(in.delivery) == LK_KIND_NOTICE ? in.w[0] : 0x100000000;
    }
}

CASE(flood, .text = "a flood of notices does not keep messages out")
{
    struct worker w = worker_new(PRIO_LOW, flooded, NULL);
    obj sender = proc_new(PRIO_LOW);

    flood_seen = 0;
    flood_over = false;
    obj_get(notice_new(w.endpoint, UINT32_MAX), R_A);
    worker_start(w);
    proc_cap(sender, REG_TARGET, entry_new(w.endpoint, 0));
    raw_do(sender, LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1));
    while ((flood_seen & 0x100000000) == 0) {
        post(1);
        sleep_ns(20000);
    }
    CHECK((flood_seen & 1) != 0);
    flood_over = true;
    post(1);
}

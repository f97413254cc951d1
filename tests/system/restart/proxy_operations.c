/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification under restart injection: the operations that go with it.
 */
#include "proxy_pair.h"

#define ARG 2

struct use {
    const char *name;
    void (*set)(struct run *r); /* sets TARGET of the subject */
    unsigned op;
    uint64_t w[3];
    unsigned caps;
    uint32_t room;
    unsigned ignore;
};

static void target(const struct run *r, obj o)
{
    proc_cap(r->subject, TARGET, o);
}

static void at_endpoint(struct run *r)
{
    make_pair(r);
    target(r, pair.e);
}

/* T is in its wait, R in its. */
static void at_notice(struct run *r)
{
    make_pair(r);
    t_waits();
    r_waits();
    target(r, pair.notice);
}

static void at_notice_r_busy(struct run *r)
{
    make_pair(r);
    t_waits();
    target(r, pair.notice);
}

static void at_notice_deferring(struct run *r)
{
    make_pair(r);
    obstruct(T_DEFERS);
    target(r, pair.notice);
}

static void a_call_waits(struct run *r, enum obstacle o)
{
    struct lk_regs regs;
    obj from;

    make_pair(r);
    obstruct(o);
    from = sender(&forms[7], &regs);
    raw_go(from, &regs);
    r->other[2] = from;
}

/* T is held, and its proxyReply is that of a call. */
static void at_target_notified(struct run *r)
{
    a_call_waits(r, NOTHING);
    target(r, pair.t);
}

static void at_target_no_receiver(struct run *r)
{
    make_pair(r);
    t_waits();
    proc_slot(pair.t, SLOT_PROXY_RECEIVER, NO_OBJ);
    obj_get(pair.notice, R_A);
    OK(lk_appnotice_post(R_A, 2));
    r_waits();
    target(r, pair.t);
    proc_cap(r->subject, ARG, pair.entry);
}

static void at_target_call_waits(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    target(r, pair.t);
}

static void at_target_deferring(struct run *r)
{
    a_call_waits(r, T_DEFERS);
    target(r, pair.t);
}

static void at_receiver_held(struct run *r)
{
    a_call_waits(r, R_HELD);
    target(r, pair.r);
}

static void at_receiver(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    target(r, pair.r);
}

static void at_q(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    target(r, pair.q);
}

static void new_page(struct run *r)
{
    make_pair(r);
    target(r, pair.t);
    proc_cap(r->subject, ARG, page_new());
}

static void at_range(struct run *r, obj victim)
{
    proc_cap(r->subject, ARG, victim);
    obj_get(r->subject, R_A);
    OK(lk_process_swap_cap_reg(R_A, TARGET, R_RANGE, 0));
}

static void rescind_target(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    at_range(r, pair.t);
}

static void rescind_receiver(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    at_range(r, pair.r);
}

static void rescind_q(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    at_range(r, pair.q);
}

static void rescind_e(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    at_range(r, pair.e);
}

static void rescind_sender(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    at_range(r, r->other[2]);
}

/* The subject is a target itself, whose R waits. */
static void at_clock(struct run *r)
{
    make_pair(r);
    r_waits();
    proc_slot(r->subject, SLOT_PROXY_RECEIVER, pair.entry);
    obj_get(r->subject, R_A);
    OK(lk_process_swap_cap_reg(R_A, TARGET, R_SLEEP, 0));
}

static void at_schedctl(struct run *r)
{
    make_pair(r);
    obj_get(r->subject, R_A);
    OK(lk_process_swap_cap_reg(R_A, TARGET, R_SCHEDCTL, 0));
    proc_cap(r->subject, ARG, obj_new(LK_TYPE_SCHEDULE));
    proc_cap(r->subject, ARG + 1, pair.notice);
}

static const struct use uses[] = {
    { .name = "makeProxyEntry",
      .set = at_endpoint,
      .op = OP_ENDPOINT_MAKE_PROXY_ENTRY,
      .w = { 6 } },
    { .name = "makeProxyNotice",
      .set = at_endpoint,
      .op = OP_ENDPOINT_MAKE_PROXY_NOTICE,
      .w = { 6 } },
    { .name = "post, delivered", .set = at_notice, .op = OP_APPNOTICE_POST, .w = { 6 } },
    { .name = "post, R does not wait",
      .set = at_notice_r_busy,
      .op = OP_APPNOTICE_POST,
      .w = { 6 } },
    { .name = "post, T defers", .set = at_notice_deferring, .op = OP_APPNOTICE_POST, .w = { 6 } },
    { .name = "fetchProxyReply", .set = at_target_notified, .op = OP_PROCESS_FETCH_PROXY_REPLY },
    { .name = "fetchProxyReply, none", .set = new_page, .op = OP_PROCESS_FETCH_PROXY_REPLY },
    { .name = "setControlWord",
      .set = new_page,
      .op = OP_PROCESS_SET_CONTROL_WORD,
      .w = { 8, 5000 },
      .caps = 1 },
    { .name = "setControlWord, a sender waits for the deferral",
      .set = at_target_deferring,
      .op = OP_PROCESS_SET_CONTROL_WORD,
      .w = { 8, 0 },
      .caps = 1 },
    { .name = "getPreemption",
      .set = at_target_deferring,
      .op = OP_PROCESS_GET_PREEMPTION,
      .room = 128 },
    { .name = "getSlot proxyReply",
      .set = at_target_notified,
      .op = OP_PROCESS_GET_SLOT,
      .w = { SLOT_PROXY_REPLY } },
    { .name = "clear hold 0, a reply not fetched",
      .set = at_target_notified,
      .op = OP_PROCESS_CLEAR_NOT_SCHEDULABLE,
      .w = { LK_HOLD_PROXY } },
    { .name = "clear R's hold",
      .set = at_receiver_held,
      .op = OP_PROCESS_CLEAR_NOT_SCHEDULABLE,
      .w = { 3 } },
    { .name = "swapSlot proxyReceiver, bits wait",
      .set = at_target_no_receiver,
      .op = OP_PROCESS_SWAP_SLOT,
      .w = { SLOT_PROXY_RECEIVER },
      .caps = 1 },
    { .name = "swapSlot proxyReceiver to Null, a sender waits",
      .set = at_target_call_waits,
      .op = OP_PROCESS_SWAP_SLOT,
      .w = { SLOT_PROXY_RECEIVER },
      .caps = 1 },
    { .name = "swapSlot controlPage to Null",
      .set = at_target_deferring,
      .op = OP_PROCESS_SWAP_SLOT,
      .w = { SLOT_CONTROL_PAGE },
      .caps = 1 },
    { .name = "set hold of R",
      .set = at_receiver,
      .op = OP_PROCESS_SET_NOT_SCHEDULABLE,
      .w = { 3 } },
    { .name = "setRecipient of Q to Null",
      .set = at_q,
      .op = OP_ENDPOINT_SET_RECIPIENT,
      .caps = 1 },
    { .name = "setPayloadMatch of Q",
      .set = at_q,
      .op = OP_ENDPOINT_SET_PAYLOAD_MATCH,
      .w = { 1 } },
    { .name = "setEndpointID of Q", .set = at_q, .op = OP_ENDPOINT_SET_ENDPOINT_ID, .w = { 44 } },
    { .name = "rescind T, a sender waits",
      .set = rescind_target,
      .op = OP_RANGE_RESCIND,
      .caps = 1 },
    { .name = "rescind R, a sender waits",
      .set = rescind_receiver,
      .op = OP_RANGE_RESCIND,
      .caps = 1 },
    { .name = "rescind Q, a sender waits", .set = rescind_q, .op = OP_RANGE_RESCIND, .caps = 1 },
    { .name = "rescind E, a sender waits", .set = rescind_e, .op = OP_RANGE_RESCIND, .caps = 1 },
    { .name = "rescind S, which waits", .set = rescind_sender, .op = OP_RANGE_RESCIND, .caps = 1 },
    { .name = "noticeAt, preempting bits at once",
      .set = at_clock,
      .op = OP_SLEEP_NOTICE_AT,
      .w = { 1, 6ull << 32 } },
    { .name = "setSliceNotice",
      .set = at_schedctl,
      .op = OP_SCHEDCTL_SET_SLICE_NOTICE,
      .w = { 1 },
      .caps = 2 },
};
#define USES (sizeof(uses) / sizeof(uses[0]))

static void make_use(struct run *r, const void *arg)
{
    static uint8_t in[256];
    const struct use *u = arg;

    r->subject = proc_new(PRIO_HIGH);
    proc_reply_endpoint(r->subject, 9);
    r->regs = canary_regs(LK_CTL_CALL_CAPS(TARGET, 4, u->caps, u->caps != 0 ? ARG : 0,
                                           u->caps > 1 ? ARG + 1 : 0, 0, RECEIVED, RECEIVED + 1,
                                           RECEIVED + 2, RECEIVED + 3) |
                              (u->room != 0 ? LK_RSTR : 0),
                          1);
    r->regs.rdi = u->op;
    r->regs.rsi = u->w[0];
    r->regs.rdx = u->w[1];
    r->regs.rbx = u->w[2];
    r->regs.rbp = (uint64_t)in;
    r->regs.r9 = (uint64_t)u->room << 32;
    r->ignore = u->ignore;
    u->set(r);
}

CASE(proxied_operations,
     .text = "so does every operation that goes with preemption notification, while it is in use",
     .ms = 600000)
{
    unsigned points = 0;

    map_windows();
    for (unsigned i = 0; i < USES; i++) {
        points += inject_all(uses[i].name, make_use, &uses[i]);
    }
    sys_say("# %lu operations, %u acquire points", USES, points);
    CHECK(points > 2 * USES);
}

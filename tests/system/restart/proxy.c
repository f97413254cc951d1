/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification under restart injection: sends through a ProxyEntry, delivered at once
 * and from where they wait, with strings and capabilities; and the operations that go with it.
 */
#include "inject.h"

#define TARGET 1
#define ARG 2
#define REG_PROXY 5
#define REG_NOTICE 6
#define REG_GOT 24 /* 24..27: where R receives */
#define CAP_A 10
#define Q_ID 5
#define CONTROL_VA (WINDOW_VA + 7 * WINDOW_SIZE)
#define STRING_VA (WINDOW_VA + PAGE - 700)
#define BUFFER_VA (WINDOW_VA + 8 * PAGE - 1000)
#define STRING_BYTES 9000
#define BOUND LK_DEFER_MAX

/* T and what leads to it; made new for each run. */
static struct {
    obj t, r, e, q, entry, proxy, notice;
} x;

static obj proxy_entry(obj endpoint)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_proxy_entry(R_T0, 7, R_T1));
    return obj_keep(R_T1);
}

static obj proxy_notice(obj endpoint)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_proxy_notice(R_T0, 0xff, R_T1));
    return obj_keep(R_T1);
}

static void r_waits(void)
{
    struct lk_regs regs = canary_regs(
        LK_RECV | LK_RSTR | LK_CTL_RECVS(REG_GOT, REG_GOT + 1, REG_GOT + 2, REG_GOT + 3), 7);

    regs.rbp = BUFFER_VA;
    regs.r9 = (uint64_t)LK_MAX_STRING << 32;
    raw_go(x.r, &regs);
}

/* T waits for ever, as in a call that nobody answers. */
static void t_waits(void)
{
    struct lk_regs regs = canary_regs(LK_RECV | LK_CLOSED, 8);

    regs.r8 = 99;
    raw_go(x.t, &regs);
}

static void make_pair(struct run *r)
{
    x.t = proc_new(PRIO_LOW);
    x.r = proc_new(PRIO_HIGH);
    x.e = endpoint_new(x.t, 3, false);
    x.q = endpoint_new(x.r, Q_ID, false);
    x.entry = entry_new(x.q, 1);
    x.proxy = proxy_entry(x.e);
    x.notice = proxy_notice(x.e);
    proc_slot(x.t, SLOT_PROXY_RECEIVER, x.entry);
    obj_get(x.t, R_A);
    OK(lk_process_set_label(R_A, 0x54, 0)); /* the same in each run */
    obj_get(x.r, R_A);
    OK(lk_process_set_label(R_A, 0x52, 0));
    r->other[0] = x.t;
    r->other[1] = x.r;
}

/* T defers, or does so no more. */
static void t_defers(bool defers)
{
    uintptr_t at = CONTROL_VA;

    __asm__ volatile("movw %w0, (%1)" : : "r"((unsigned)defers), "r"(at) : "memory");
}

static void give_control_word(void)
{
    obj page = page_new();

    map_page(own_space(), CONTROL_VA, page, 0);
    t_defers(false);
    obj_get(x.t, R_A);
    obj_get(page, R_B);
    OK(lk_process_set_control_word(R_A, 0, BOUND, R_B));
}

/* ---- Sends ---- */

/* What is in the way when it is sent. */
enum obstacle {
    NOTHING,
    R_DOES_NOT_WAIT,
    R_HELD,
    T_HELD,
    T_DEFERS,
    NO_RECEIVER,
};

struct form {
    const char *name;
    uint64_t shape;
    bool string, caps, stale, no_page;
};

static const struct form forms[] = {
    { "proxied send", LK_SEND | LK_BLOCK, false, false, false, false },
    { "proxied send with capabilities", LK_SEND | LK_BLOCK, false, true, false, false },
    { "proxied send with stale capabilities", LK_SEND | LK_BLOCK, false, true, true, false },
    { "proxied send with a string", LK_SEND | LK_BLOCK, true, false, false, false },
    { "proxied send with a page missing", LK_SEND | LK_BLOCK, true, true, false, true },
    { "non-blocking proxied send", LK_SEND, false, true, false, false },
    { "non-blocking proxied send with a string", LK_SEND, true, true, false, false },
    { "proxied call", LK_SHAPE_CALL, false, false, false, false },
    { "proxied call with everything", LK_SHAPE_CALL, true, true, true, false },
    { "proxied send and wait", LK_SEND | LK_RECV | LK_BLOCK, false, true, false, false },
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

/* A process that sends like this, and has not begun. */
static obj sender(const struct form *f, struct lk_regs *regs)
{
    bool call = (f->shape & LK_CALLBIT) != 0;
    obj s = proc_new(PRIO_HIGH);
    obj stale = page_new();

    proc_reply_endpoint(s, 6);
    proc_cap(s, REG_PROXY, x.proxy);
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        proc_cap(s, CAP_A + i, i % 2 != 0 && f->stale ? stale : x.q);
    }
    obj_rescind(stale);
    *regs = canary_regs(LK_CTL(f->shape, REG_PROXY, 3), 1);
    if (f->caps) {
        regs->rax |= LK_CTL_SENDS(4, call ? 0 : CAP_A, CAP_A + 1, CAP_A + 2, CAP_A + 3);
    }
    if (f->string) {
        regs->rax |= LK_SSTR;
        regs->r10 = STRING_VA;
        regs->r9 = STRING_BYTES;
    }
    if (f->no_page) {
        unmap(own_space(), WINDOW_VA + PAGE);
    } else {
        obj_new_in(LK_TYPE_PAGE, R_A);
        map_reg(own_space(), WINDOW_VA + PAGE, R_A);
    }
    return s;
}

static void obstruct(enum obstacle o)
{
    give_control_word();
    t_waits();
    if (o != R_DOES_NOT_WAIT) {
        r_waits();
    }
    if (o == T_HELD) {
        obj_get(x.notice, R_A);
        OK(lk_appnotice_post(R_A, 2));
        r_waits();
    } else if (o == R_HELD) {
        proc_hold(x.r, 3);
    } else if (o == T_DEFERS) {
        t_defers(true);
    } else if (o == NO_RECEIVER) {
        proc_slot(x.t, SLOT_PROXY_RECEIVER, NO_OBJ);
    }
}

static void clear_the_way(enum obstacle o)
{
    struct lk_regs yield = raw_regs(LK_YIELD);

    switch (o) {
    case R_DOES_NOT_WAIT:
        r_waits();
        break;
    case R_HELD:
        proc_release(x.r, 3);
        break;
    case T_HELD:
        proc_release(x.t, LK_HOLD_PROXY);
        break;
    case T_DEFERS:
        t_defers(false);
        raw_go(x.t, &yield);
        sleep_ns(NSEC_PER_MSEC); /* its priority is low */
        break;
    case NOTHING:
    case NO_RECEIVER:
        break;
    }
}

struct sending {
    const struct form *form;
    enum obstacle obstacle;
};

static enum obstacle in_the_way;

static void then_clear(struct run *r)
{
    (void)r;
    clear_the_way(in_the_way);
}

/* The subject sends. */
static void make_send(struct run *r, const void *arg)
{
    const struct sending *s = arg;

    make_pair(r);
    obstruct(s->obstacle);
    r->subject = sender(s->form, &r->regs);
    in_the_way = s->obstacle;
    r->then = then_clear;
}

static void map_windows(void)
{
    for (unsigned i = 0; i < 12; i++) {
        map_page(own_space(), WINDOW_VA + i * PAGE, page_new(), 0);
    }
}

CASE(proxied_sends,
     .text = "every form of a proxied send comes to the same end with a restart at each of its "
             "acquire points, whatever stands in its way",
     .ms = 600000)
{
    unsigned points = 0;

    map_windows();
    for (unsigned i = 0; i < FORMS; i++) {
        for (unsigned o = NOTHING; o <= NO_RECEIVER; o++) {
            struct sending s = { &forms[i], (enum obstacle)o };

            points += inject_all(forms[i].name, make_send, &s);
        }
    }
    sys_say("# %lu forms, %u acquire points", FORMS, points);
    CHECK(points > 6 * FORMS);
}

/* ---- Deliveries from where the senders wait: the subject is who clears the way ---- */

/* Somebody with a Process capability clears a hold, or R waits, or T yields. */
static void make_delivery(struct run *r, const void *arg)
{
    const struct sending *s = arg;
    struct lk_regs regs;
    obj from;

    make_pair(r);
    obstruct(s->obstacle);
    from = sender(s->form, &regs);
    raw_go(from, &regs);
    r->other[2] = from;
    if (s->obstacle == R_DOES_NOT_WAIT) {
        r->subject = x.r;
        r->other[1] = NO_OBJ;
        r->regs = canary_regs(
            LK_RECV | LK_RSTR | LK_CTL_RECVS(REG_GOT, REG_GOT + 1, REG_GOT + 2, REG_GOT + 3), 7);
        r->regs.rbp = BUFFER_VA;
        r->regs.r9 = (uint64_t)LK_MAX_STRING << 32;
        return;
    }
    r->subject = proc_new(PRIO_HIGH);
    proc_reply_endpoint(r->subject, 9);
    proc_cap(r->subject, TARGET, s->obstacle == T_HELD ? x.t : x.r);
    r->regs = canary_regs(LK_CTL_CALL(TARGET, 2), 1);
    r->regs.rdi = OP_PROCESS_CLEAR_NOT_SCHEDULABLE;
    r->regs.rsi = s->obstacle == T_HELD ? LK_HOLD_PROXY : 3;
}

CASE(proxied_deliveries,
     .text = "so does what lets a sender in that waits: R's wait, the end of a hold", .ms = 600000)
{
    static const enum obstacle obstacles[] = { R_DOES_NOT_WAIT, R_HELD, T_HELD };
    unsigned points = 0;

    map_windows();
    for (unsigned i = 0; i < FORMS; i++) {
        for (unsigned o = 0; (forms[i].shape & LK_BLOCK) && o < 3; o++) {
            struct sending s = { &forms[i], obstacles[o] };

            points += inject_all(forms[i].name, make_delivery, &s);
            points += inject_work_all(forms[i].name, make_delivery, &s);
        }
    }
    sys_say("# %u acquire points", points);
    CHECK(points > 3 * FORMS);
}

/* ---- The operations ---- */

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
    target(r, x.e);
}

/* T is in its wait, R in its. */
static void at_notice(struct run *r)
{
    make_pair(r);
    t_waits();
    r_waits();
    target(r, x.notice);
}

static void at_notice_r_busy(struct run *r)
{
    make_pair(r);
    t_waits();
    target(r, x.notice);
}

static void at_notice_deferring(struct run *r)
{
    make_pair(r);
    obstruct(T_DEFERS);
    target(r, x.notice);
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
    target(r, x.t);
}

static void at_target_no_receiver(struct run *r)
{
    make_pair(r);
    t_waits();
    proc_slot(x.t, SLOT_PROXY_RECEIVER, NO_OBJ);
    obj_get(x.notice, R_A);
    OK(lk_appnotice_post(R_A, 2));
    r_waits();
    target(r, x.t);
    proc_cap(r->subject, ARG, x.entry);
}

static void at_target_call_waits(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    target(r, x.t);
}

static void at_target_deferring(struct run *r)
{
    a_call_waits(r, T_DEFERS);
    target(r, x.t);
}

static void at_receiver_held(struct run *r)
{
    a_call_waits(r, R_HELD);
    target(r, x.r);
}

static void at_receiver(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    target(r, x.r);
}

static void at_q(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    target(r, x.q);
}

static void new_page(struct run *r)
{
    make_pair(r);
    target(r, x.t);
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
    at_range(r, x.t);
}

static void rescind_receiver(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    at_range(r, x.r);
}

static void rescind_q(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    at_range(r, x.q);
}

static void rescind_e(struct run *r)
{
    a_call_waits(r, R_DOES_NOT_WAIT);
    at_range(r, x.e);
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
    proc_slot(r->subject, SLOT_PROXY_RECEIVER, x.entry);
    obj_get(r->subject, R_A);
    OK(lk_process_swap_cap_reg(R_A, TARGET, R_SLEEP, 0));
}

static void at_schedctl(struct run *r)
{
    make_pair(r);
    obj_get(r->subject, R_A);
    OK(lk_process_swap_cap_reg(R_A, TARGET, R_SCHEDCTL, 0));
    proc_cap(r->subject, ARG, obj_new(LK_TYPE_SCHEDULE));
    proc_cap(r->subject, ARG + 1, x.notice);
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

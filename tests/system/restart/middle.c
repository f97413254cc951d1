/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Under restart injection: what happens in the middle of preemption notifications, with bits and
 * senders both waiting, calls in progress, and receivers that change. T is the target, R its proxy
 * receiver at the endpoint Q; E is T's endpoint, from which the ProxyEntry was made. proxy.c has
 * the forms of messages and each operation alone.
 */
#include "inject.h"

#define REG_TARGET 1
#define REG_ARG 2
#define REG_PROXY 5
#define CAP_A 10
#define Q_ID 51
#define STRING_VA (WINDOW_VA + 5 * WINDOW_SIZE + PAGE - 700)      /* of the sender: across pages */
#define BUFFER_VA (WINDOW_VA + 5 * WINDOW_SIZE + 8 * PAGE - 1000) /* of R */
#define CONTROL_VA (WINDOW_VA + 5 * WINDOW_SIZE + 20 * PAGE)
#define STRING_BYTES 9000
#define LONG_BOUND LK_DEFER_MAX

/* What is the case when the subject begins. */
enum world {
    HELD = 1,       /* T has the proxy hold */
    CALL = 2,       /* T has the proxy hold for a call, whose reply is in its slot */
    R_WAITS = 4,    /* open */
    R_NS = 8,       /* R is suspended */
    DEFERS = 16,    /* T does */
    QUEUED = 32,    /* a sender with a string and capabilities waits on T */
    BITS = 64,      /* preempting bits are posted */
    R_CLOSED = 128, /* R waits for an ID that is not Q's */
    NO_R = 256,     /* the slot is Null */
    LOWERED = 512,  /* T does not defer any more, and has not said so */
};

/* Who the subject is. */
enum who { SENDER, RECEIVER, TARGET, HOLDER };

/* Which object the holder invokes, or sends. */
enum what { NONE, T, R, S, E, Q, RANGE, ENTRY2, PAGE_NEW, NOTICE, SLEEP, SCHEDULE, R2 };

struct play {
    const char *name;
    enum who who;
    unsigned world;
    uint64_t control; /* of all but the holder */
    /* Of the holder, and of a target that invokes a kernel capability. */
    enum what target;
    unsigned op;
    uint64_t w1, w2;
    enum what arg;
    void (*then)(struct run *r);
    bool string, caps, stale; /* of a sender */
    unsigned ignore;
};

static struct cast {
    obj t, r, s, e, q, r2, q2, proxy, notice, page, stale;
} cast;

static void waits(obj p, uint64_t control)
{
    struct lk_regs r = canary_regs(LK_RECV | LK_RSTR | control | LK_CTL_RECVS(20, 21, 22, 23), 7);

    r.rbp = BUFFER_VA;
    r.r8 = 99;
    r.r9 = (uint64_t)LK_MAX_STRING << 32;
    raw_go(p, &r);
}

/* ---- What happens behind the subject's system call ---- */

static void then_receive(struct run *r)
{
    (void)r;
    waits(cast.r, 0);
}

static void then_let_go(struct run *r)
{
    (void)r;
    proc_release(cast.t, LK_HOLD_PROXY);
}

static void then_let_go_and_receive(struct run *r)
{
    then_let_go(r);
    then_receive(r);
}

static void then_yield(struct run *r)
{
    (void)r;
    *(volatile uint8_t *)CONTROL_VA = 0; /* NOLINT */
    raw_do(cast.t, LK_YIELD);
}

static void then_time(struct run *r)
{
    (void)r;
    sleep_ns(2 * NSEC_PER_MSEC);
}

/* ---- The stage ---- */

static struct lk_regs sends(const struct play *p, obj s, uint64_t shape)
{
    bool call = (shape & LK_CALLBIT) != 0;
    struct lk_regs r = canary_regs(LK_CTL(shape, REG_PROXY, 3), 1);

    proc_reply_endpoint(s, 6);
    proc_cap(s, REG_PROXY, cast.proxy);
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        proc_cap(s, CAP_A + i, i % 2 != 0 && p->stale ? cast.stale : cast.q);
    }
    if (p->caps) {
        r.rax |= LK_CTL_SENDS(4, call ? 0 : CAP_A, CAP_A + 1, CAP_A + 2, CAP_A + 3);
    }
    if (p->string) {
        r.rax |= LK_SSTR;
        r.r10 = STRING_VA;
        r.r9 = STRING_BYTES;
    }
    return r;
}

static void make_cast(void)
{
    obj *three[] = { &cast.t, &cast.r, &cast.r2 };

    for (unsigned i = 0; i < 3; i++) {
        *three[i] = proc_new(PRIO_HIGH);
        obj_get(*three[i], R_A);
        OK(lk_process_set_label(R_A, 0x100 + i, 0)); /* the same in each run */
    }
    cast.e = endpoint_new(cast.t, 50, false);
    cast.q = endpoint_new(cast.r, Q_ID, false);
    cast.q2 = endpoint_new(cast.r2, 52, false);
    obj_get(cast.e, R_A);
    OK(lk_endpoint_make_proxy_entry(R_A, 7, R_B));
    cast.proxy = obj_keep(R_B);
    OK(lk_endpoint_make_proxy_notice(R_A, UINT32_MAX, R_B));
    cast.notice = obj_keep(R_B);
    proc_slot(cast.t, SLOT_PROXY_RECEIVER, entry_new(cast.q, 3));
    proc_reply_endpoint(cast.t, 8);
    cast.page = page_new();
    cast.stale = page_new();
    cast.s = NO_OBJ;
    obj_rescind(cast.stale);
}

static void posts(uint64_t bits)
{
    obj_get(cast.notice, R_A);
    OK(lk_appnotice_post(R_A, bits));
}

static void make_world(const struct play *p)
{
    static const struct play everything = { .string = true, .caps = true, .stale = true };
    volatile uint8_t *word = (volatile uint8_t *)CONTROL_VA; /* NOLINT */

    map_page(own_space(), CONTROL_VA, cast.page, 0);
    obj_get(cast.t, R_A);
    obj_get(cast.page, R_B);
    OK(lk_process_set_control_word(R_A, 0, LONG_BOUND, R_B));
    if (p->world & HELD) {
        waits(cast.r, 0);
        posts(0x80);
    }
    if (p->world & CALL) {
        obj caller = proc_new(PRIO_HIGH);
        struct lk_regs r = sends(&everything, caller, LK_SHAPE_CALL);

        waits(cast.r, 0);
        raw_go(caller, &r);
        cast.s = caller;
    }
    if (p->world & NO_R) {
        proc_slot(cast.t, SLOT_PROXY_RECEIVER, NO_OBJ);
    }
    word[LK_CONTROL_DEFER] = (p->world & (DEFERS | LOWERED)) != 0;
    if (p->world & R_WAITS) {
        waits(cast.r, 0);
    }
    if (p->world & R_CLOSED) {
        waits(cast.r, LK_CLOSED);
    }
    if (p->world & R_NS) {
        proc_hold(cast.r, LK_HOLD_SUSPEND);
    }
    if (p->world & QUEUED) {
        obj s = proc_new(PRIO_HIGH);
        struct lk_regs r = sends(&everything, s, LK_SHAPE_CALL);

        raw_go(s, &r);
        EQ(proc_wait_kind(s), LK_WAIT_SENDING);
        cast.s = s;
    }
    if (p->world & BITS) {
        posts(0x21);
    }
    if (p->world & LOWERED) {
        word[LK_CONTROL_DEFER] = 0;
    }
}

/* The capability of something of the cast, into a register. */
static void get_what(enum what what, unsigned reg)
{
    const obj objects[] = { [T] = cast.t, [R] = cast.r,   [S] = cast.s,          [E] = cast.e,
                            [Q] = cast.q, [R2] = cast.r2, [NOTICE] = cast.notice };

    switch (what) {
    case NONE:
        lk_copy_cap(0, reg);
        break;
    case RANGE:
        lk_copy_cap(R_RANGE, reg);
        break;
    case SLEEP:
        lk_copy_cap(R_SLEEP, reg);
        break;
    case ENTRY2:
        obj_get(entry_new(cast.q2, 1), reg);
        break;
    case PAGE_NEW:
        obj_get(page_new(), reg);
        break;
    case SCHEDULE:
        obj_get(schedule_of(PRIO_LOW), reg);
        break;
    case T:
    case R:
    case S:
    case E:
    case Q:
    case NOTICE:
    case R2:
        obj_get(objects[what], reg);
        break;
    }
}

static uint8_t answer[512];

/* The subject calls an operation of a kernel capability. */
static void calls(struct run *r, const struct play *p)
{
    obj_get(r->subject, R_A);
    get_what(p->target, R_B);
    OK(lk_process_swap_cap_reg(R_A, REG_TARGET, R_B, 0));
    get_what(p->arg, R_B);
    obj_get(r->subject, R_A);
    OK(lk_process_swap_cap_reg(R_A, REG_ARG, R_B, 0));
    r->regs = canary_regs(LK_CTL_CALL_CAPS(REG_TARGET, 4, 1, REG_ARG, 0, 0, RECEIVED, RECEIVED + 1,
                                           RECEIVED + 2, RECEIVED + 3) |
                              LK_RSTR,
                          1);
    r->regs.rdi = p->op;
    r->regs.rsi = p->w1;
    r->regs.rdx = p->w2;
    r->regs.rbp = (uint64_t)answer;
    r->regs.r9 = (uint64_t)sizeof(answer) << 32;
}

static void make_play(struct run *r, const void *arg)
{
    const struct play *p = arg;

    map_page(own_space(), STRING_VA + PAGE, page_new(), 0);
    make_cast();
    make_world(p);
    r->other[0] = cast.t;
    r->other[1] = cast.r;
    r->other[2] = cast.s;
    r->then = p->then;
    r->ignore = p->ignore;
    switch (p->who) {
    case SENDER:
        r->subject = proc_new(PRIO_HIGH);
        r->regs = sends(p, r->subject, p->control);
        break;
    case RECEIVER:
        r->subject = cast.r;
        r->other[1] = NO_OBJ;
        r->regs = canary_regs(p->control | LK_RSTR | LK_CTL_RECVS(20, 21, 22, 23), 3);
        r->regs.r8 = Q_ID;
        r->regs.rbp = BUFFER_VA;
        r->regs.r9 = (uint64_t)LK_MAX_STRING << 32;
        break;
    case TARGET:
        r->subject = cast.t;
        r->other[0] = cast.r2;
        if (p->target == NONE) {
            r->regs = canary_regs(p->control, 3);
        } else {
            calls(r, p);
        }
        break;
    case HOLDER:
        r->subject = proc_new(PRIO_HIGH);
        proc_reply_endpoint(r->subject, 9);
        calls(r, p);
        if (p->op == OP_PROCESS_SWAP_SLOT && p->arg == ENTRY2) {
            waits(cast.r2, 0);
        }
        break;
    }
}

static void map_all(void)
{
    for (unsigned i = 0; i < 12; i++) {
        map_page(own_space(), STRING_VA / PAGE * PAGE + i * PAGE, page_new(), 0);
    }
}

static void play_all(const struct play *plays, unsigned n)
{
    unsigned points = 0;

    map_all();
    for (unsigned i = 0; i < n; i++) {
        points += inject_all(plays[i].name, make_play, &plays[i]);
    }
    sys_say("# %u plays, %u acquire points", n, points);
    CHECK(points > n / 2);
}

#define ALL_OF_IT .string = true, .caps = true, .stale = true

static const struct play waits_of[] = {
    { .name = "call behind another",
      .who = SENDER,
      .world = QUEUED | BITS,
      .control = LK_SHAPE_CALL,
      .then = then_receive,
      ALL_OF_IT },
    { .name = "call in a section that is over",
      .who = SENDER,
      .world = LOWERED | R_WAITS | BITS,
      .control = LK_SHAPE_CALL,
      .then = then_let_go_and_receive,
      ALL_OF_IT },
    { .name = "non-blocking, R waits elsewhere",
      .who = SENDER,
      .world = R_CLOSED,
      .control = LK_SEND },
    { .name = "R's open wait, a sender", .who = RECEIVER, .world = QUEUED, .control = LK_RECV },
    { .name = "R's closed wait, a sender",
      .who = RECEIVER,
      .world = QUEUED,
      .control = LK_RECV | LK_CLOSED },
    { .name = "R's open wait, bits", .who = RECEIVER, .world = BITS, .control = LK_RECV },
    { .name = "R's open wait, both", .who = RECEIVER, .world = BITS | QUEUED, .control = LK_RECV },
    { .name = "R's closed wait, both",
      .who = RECEIVER,
      .world = BITS | QUEUED,
      .control = LK_RECV | LK_CLOSED },
    { .name = "R's wait, T held",
      .who = RECEIVER,
      .world = HELD | BITS | QUEUED,
      .control = LK_RECV,
      .then = then_let_go },
    { .name = "R's wait, T defers",
      .who = RECEIVER,
      .world = DEFERS | BITS | QUEUED,
      .control = LK_RECV,
      .then = then_yield },
    { .name = "T's yield",
      .who = TARGET,
      .world = LOWERED | R_WAITS | BITS | QUEUED,
      .control = LK_YIELD },
    { .name = "T's yield, a sender",
      .who = TARGET,
      .world = LOWERED | R_WAITS | QUEUED,
      .control = LK_YIELD },
    { .name = "T's yield, deferring still",
      .who = TARGET,
      .world = DEFERS | R_WAITS | QUEUED,
      .control = LK_YIELD },
    { .name = "noticeAt, preempting",
      .who = TARGET,
      .world = R_WAITS,
      .target = SLEEP,
      .op = OP_SLEEP_NOTICE_AT,
      .w2 = 5ull << 32,
      .then = then_time },
    { .name = "T posts to itself",
      .who = TARGET,
      .world = R_WAITS,
      .target = NOTICE,
      .op = OP_APPNOTICE_POST,
      .w1 = 5 },
};

CASE(middle_waits, .text = "so do waits of R and yields of T that take what waits", .ms = 600000)
{
    play_all(waits_of, sizeof(waits_of) / sizeof(waits_of[0]));
}

static const struct play in_the_middle[] = {
    { .name = "post, T defers",
      .who = HOLDER,
      .world = R_WAITS | DEFERS,
      .target = NOTICE,
      .op = OP_APPNOTICE_POST,
      .w1 = 6,
      .then = then_yield },
    { .name = "end of hold 0, both wait",
      .who = HOLDER,
      .world = HELD | R_WAITS | QUEUED | BITS,
      .target = T,
      .op = OP_PROCESS_CLEAR_NOT_SCHEDULABLE },
    { .name = "end of hold 0, reply in the slot",
      .who = HOLDER,
      .world = CALL,
      .target = T,
      .op = OP_PROCESS_CLEAR_NOT_SCHEDULABLE },
    { .name = "end of R's last hold",
      .who = HOLDER,
      .world = R_WAITS | R_NS | QUEUED,
      .target = R,
      .op = OP_PROCESS_CLEAR_NOT_SCHEDULABLE,
      .w1 = LK_HOLD_SUSPEND },
    { .name = "getPreemption",
      .who = HOLDER,
      .world = CALL | QUEUED | BITS | R_WAITS,
      .target = T,
      .op = OP_PROCESS_GET_PREEMPTION },
    { .name = "setControlWord, deferred",
      .who = HOLDER,
      .world = DEFERS | R_WAITS | QUEUED,
      .target = T,
      .op = OP_PROCESS_SET_CONTROL_WORD,
      .w2 = 1000,
      .arg = PAGE_NEW },
    { .name = "swapSlot controlPage, deferred",
      .who = HOLDER,
      .world = DEFERS | R_WAITS | QUEUED,
      .target = T,
      .op = OP_PROCESS_SWAP_SLOT,
      .w1 = SLOT_CONTROL_PAGE },
    { .name = "swapSlot proxyReceiver to one that waits",
      .who = HOLDER,
      .world = QUEUED | BITS,
      .target = T,
      .op = OP_PROCESS_SWAP_SLOT,
      .w1 = SLOT_PROXY_RECEIVER,
      .arg = ENTRY2 },
    { .name = "swapSlot schedule of T in R's queue",
      .who = HOLDER,
      .world = QUEUED | BITS,
      .target = T,
      .op = OP_PROCESS_SWAP_SLOT,
      .w1 = SLOT_SCHEDULE,
      .arg = SCHEDULE,
      .then = then_receive },
    { .name = "swapSlot schedule of S",
      .who = HOLDER,
      .world = QUEUED,
      .target = S,
      .op = OP_PROCESS_SWAP_SLOT,
      .w1 = SLOT_SCHEDULE,
      .arg = SCHEDULE,
      .then = then_receive },
    { .name = "swapCapReg of what S sends through",
      .who = HOLDER,
      .world = QUEUED | R_WAITS | DEFERS,
      .target = S,
      .op = OP_PROCESS_SWAP_CAP_REG,
      .w1 = REG_PROXY },
    { .name = "setRecipient of Q",
      .who = HOLDER,
      .world = QUEUED | BITS,
      .target = Q,
      .op = OP_ENDPOINT_SET_RECIPIENT,
      .arg = R2 },
    { .name = "setRecipient of Q to Null",
      .who = HOLDER,
      .world = QUEUED | BITS | R_WAITS | R_NS,
      .target = Q,
      .op = OP_ENDPOINT_SET_RECIPIENT },
    { .name = "setRecipient of Q to the sender",
      .who = HOLDER,
      .world = QUEUED,
      .target = Q,
      .op = OP_ENDPOINT_SET_RECIPIENT,
      .arg = S },
    { .name = "setRecipient of E",
      .who = HOLDER,
      .world = QUEUED | R_WAITS | DEFERS,
      .target = E,
      .op = OP_ENDPOINT_SET_RECIPIENT,
      .arg = R2 },
    { .name = "setEndpointID of Q, waited for",
      .who = HOLDER,
      .world = R_CLOSED | QUEUED | BITS,
      .target = Q,
      .op = OP_ENDPOINT_SET_ENDPOINT_ID,
      .w1 = 99 },
    { .name = "setPayloadMatch of Q",
      .who = HOLDER,
      .world = QUEUED | BITS,
      .target = Q,
      .op = OP_ENDPOINT_SET_PAYLOAD_MATCH,
      .w1 = 1 },
    { .name = "rescind T, senders wait",
      .who = HOLDER,
      .world = QUEUED | BITS | R_WAITS | DEFERS,
      .target = RANGE,
      .op = OP_RANGE_RESCIND,
      .arg = T },
    { .name = "rescind T, a reply in the slot",
      .who = HOLDER,
      .world = CALL,
      .target = RANGE,
      .op = OP_RANGE_RESCIND,
      .arg = T },
    { .name = "rescind R",
      .who = HOLDER,
      .world = CALL | QUEUED | BITS | R_WAITS,
      .target = RANGE,
      .op = OP_RANGE_RESCIND,
      .arg = R },
    { .name = "rescind S",
      .who = HOLDER,
      .world = QUEUED | R_WAITS | DEFERS,
      .target = RANGE,
      .op = OP_RANGE_RESCIND,
      .arg = S },
};

CASE(middle_operations,
     .text = "so do operations on target, receiver, sender and endpoints in the middle of it",
     .ms = 600000)
{
    play_all(in_the_middle, sizeof(in_the_middle) / sizeof(in_the_middle[0]));
}

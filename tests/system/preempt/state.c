/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P11, P12: a target that is notified goes on as if nothing had been. Each state in which it can be
 * is tried with each kind of notification, and what it is in the middle of comes to its end before,
 * during, or after the notification, or at its very end. All that can be seen of T must be what it
 * is in a run without.
 */
#include "spin.h"
#include "trio.h"

#define REG_SERVER 13 /* of T: an Entry of the server */
#define T_REPLY_ID 61
#define LONG_TIME (1000000 * NSEC_PER_MSEC)

/* One run. */
struct scene {
    struct trio x;
    obj server; /* whom T calls or sends to; also what else is needed */
    obj inner;  /* sender or receiver at the other end */
    uint64_t clock;
};

/* ---- States: how T gets there, and how what it is in the middle of ends ---- */

static void canaries(struct scene *c, uint64_t control, struct lk_regs *r)
{
    uint8_t fpu[512];

    *r = canary_regs(control, 3);
    for (unsigned i = 0; i < sizeof(fpu); i++) {
        fpu[i] = (uint8_t)(i * 11);
    }
    memset(fpu, 0, 32);
    obj_get(c->x.t, R_A);
    OK(lk_process_set_fpu(R_A, fpu, sizeof(fpu)));
}

static void open_wait(struct scene *c)
{
    struct lk_regs r;

    canaries(c, LK_RECV | LK_CTL_RECVS(20, 21, 0, 0), &r);
    proc_cap(c->x.t, 20, c->x.q); /* what is received into it */
    raw_go(c->x.t, &r);
}

/* A non-blocking message to T's own endpoint: what comes too early or late is lost. */
static void message_to_t(struct scene *c)
{
    struct lk_regs r =
        canary_regs(LK_CTL(LK_SEND, REG_PROXY, 8) | LK_CTL_SENDS(1, REG_PROXY, 0, 0, 0), 9);

    proc_cap(c->inner, REG_PROXY, entry_new(c->x.e, 4));
    raw_go(c->inner, &r);
    s_result(c->inner, STATUS_OK);
}

static void notice_to_t(struct scene *c)
{
    obj_get(notice_new(c->x.e, UINT32_MAX), R_A);
    OK(lk_appnotice_post(R_A, 0x4242));
}

static void closed_wait(struct scene *c)
{
    struct lk_regs r;

    canaries(c, LK_RECV | LK_CLOSED | LK_CTL_RECVS(20, 0, 0, 0), &r);
    r.r8 = E_ID;
    raw_go(c->x.t, &r);
}

static void notice_wait(struct scene *c)
{
    struct lk_regs r;

    canaries(c, LK_RECV | LK_CLOSED, &r);
    r.r8 = LK_NOTICE_ID;
    raw_go(c->x.t, &r);
}

/* In a call, received by the server. */
static void in_call(struct scene *c)
{
    struct lk_regs r;

    proc_cap(c->x.t, REG_SERVER, entry_new(endpoint_new(c->server, 80, false), 5));
    raw_do(c->server, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    canaries(c, LK_CTL_CALL_CAPS(REG_SERVER, 3, 0, 0, 0, 0, 20, 21, 22, 23), &r);
    raw_go(c->x.t, &r);
    s_in_call(c->x.t);
}

static void server_answers(struct scene *c)
{
    struct lk_regs r = canary_regs(LK_CTL(LK_SEND, 20, 8) | LK_CTL_SENDS(2, 20, 21, 0, 0), 9);

    raw_go(c->server, &r);
    s_result(c->server, STATUS_OK);
}

/* In a call of R, which answers it: the handler is the server. */
static void in_call_of_r(struct scene *c)
{
    struct lk_regs r;

    proc_cap(c->x.t, REG_SERVER, entry_new(endpoint_new(c->x.r, 80, false), 5));
    raw_do(c->x.r, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    canaries(c, LK_CTL_CALL_CAPS(REG_SERVER, 3, 0, 0, 0, 0, 20, 21, 22, 23), &r);
    raw_go(c->x.t, &r);
    s_in_call(c->x.t);
}

static void r_answers(struct scene *c)
{
    struct lk_regs r = canary_regs(LK_CTL(LK_SEND, 20, 8), 9);

    raw_go(c->x.r, &r);
    s_result(c->x.r, STATUS_OK);
}

/* In a call that nobody has taken yet. */
static void sending(struct scene *c)
{
    struct lk_regs r;

    proc_cap(c->x.t, REG_SERVER, entry_new(endpoint_new(c->server, 80, false), 5));
    canaries(c, LK_CTL_CALL_CAPS(REG_SERVER, 3, 0, 0, 0, 0, 20, 21, 22, 23), &r);
    raw_go(c->x.t, &r);
    s_waits(c->x.t);
}

static void server_takes_and_answers(struct scene *c)
{
    raw_do(c->server, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    EQ(lk_kind(raw_result(c->server).rax), LK_KIND_MESSAGE);
    server_answers(c); /* non-blocking: T's wait is armed, held or not */
}

/* A blocking send without a wait behind it. */
static void sending_only(struct scene *c)
{
    struct lk_regs r;

    proc_cap(c->x.t, REG_SERVER, entry_new(endpoint_new(c->server, 80, false), 5));
    canaries(c, LK_CTL(LK_SEND | LK_BLOCK, REG_SERVER, 3), &r);
    raw_go(c->x.t, &r);
    s_waits(c->x.t);
}

static void server_takes(struct scene *c)
{
    raw_do(c->server, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    EQ(lk_kind(raw_result(c->server).rax), LK_KIND_MESSAGE);
}

static void endpoint_goes(struct scene *c)
{
    obj_rescind(c->server);
}

static void sleeping(struct scene *c)
{
    struct lk_regs r;

    obj_get(c->x.t, R_A);
    OK(lk_process_swap_cap_reg(R_A, R_SLEEP, R_SLEEP, 0));
    canaries(c, LK_CTL_CALL(R_SLEEP, 2), &r);
    r.rdi = OP_SLEEP_SLEEP_UNTIL;
    r.rsi = c->clock = now() + 3 * NSEC_PER_MSEC;
    raw_go(c->x.t, &r);
}

static void time_passes(struct scene *c)
{
    while (now() < c->clock + NSEC_PER_MSEC) {
        sleep_ns(NSEC_PER_MSEC / 2);
    }
}

/* Ready, of lower priority than the case: it cannot have run yet. */
static void ready(struct scene *c)
{
    struct lk_regs r;

    proc_slot(c->x.t, SLOT_SCHEDULE, schedule_of(PRIO_LOW));
    canaries(c, LK_YIELD, &r);
    raw_go(c->x.t, &r);
    EQ(proc_state(c->x.t).run_state, LK_STATE_READY);
}

static void may_run(struct scene *c)
{
    proc_slot(c->x.t, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
}

/* In the middle of its work: it was taken off the CPU by an interrupt. */
static void running(struct scene *c)
{
    struct lk_regs r;
    uint64_t before;

    proc_slot(c->x.t, SLOT_SCHEDULE, schedule_of(PRIO_LOW));
    canaries(c, LK_YIELD, &r);
    r.rcx = 0x1111;
    r.r11 = 0x2222;
    r.rip = (uint64_t)spin_on;
    raw_go(c->x.t, &r);
    before = proc_state(c->x.t).cpu;
    EVENTUALLY(proc_state(c->x.t).cpu > before + 100000);
}

static void runs_more(struct scene *c)
{
    sleep_ns(NSEC_PER_MSEC / 2);
    (void)c;
}

static void fault_told(struct scene *c)
{
    struct lk_regs r;

    proc_slot(c->x.t, SLOT_HANDLER, entry_new(endpoint_new(c->server, 80, false), 5));
    raw_do(c->server, LK_RECV);
    canaries(c, LK_YIELD, &r);
    r.rip = (uint64_t)raw_after; /* the breakpoint */
    raw_go(c->x.t, &r);
    EQ(raw_result(c->server).rdi, LK_FAULT_MESSAGE);
}

static void resumed(struct scene *c)
{
    struct lk_regs r = proc_state(c->x.t).r;

    r.rip = (uint64_t)raw_syscall;
    r.rax = LK_YIELD;
    proc_set_regs(c->x.t, &r);
    proc_resume(c->x.t);
}

static void fault_untold(struct scene *c)
{
    struct lk_regs r;

    proc_slot(c->x.t, SLOT_HANDLER, entry_new(endpoint_new(c->server, 80, false), 5));
    canaries(c, LK_YIELD, &r);
    r.rip = (uint64_t)raw_after;
    raw_go(c->x.t, &r);
    EQ(proc_wait_kind(c->x.t), LK_WAIT_FAULT_SEND);
}

/* The handler receives it now, and has T go on. */
static void told_and_resumed(struct scene *c)
{
    raw_do(c->server, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    EQ(raw_result(c->server).rdi, LK_FAULT_MESSAGE);
    EQ(raw_result(c->server).rsi, FAULT_BREAKPOINT);
    resumed(c);
}

static void fault_unhandled(struct scene *c)
{
    struct lk_regs r;

    proc_slot(c->x.t, SLOT_HANDLER, NO_OBJ);
    canaries(c, LK_YIELD, &r);
    r.rip = (uint64_t)raw_after;
    raw_go(c->x.t, &r);
    EQ(proc_state(c->x.t).fault, FAULT_BREAKPOINT);
}

static void never_started(struct scene *c)
{
    struct lk_regs r;

    canaries(c, LK_YIELD, &r);
    proc_set_regs(c->x.t, &r);
}

static void started(struct scene *c)
{
    proc_resume(c->x.t);
}

static void suspended(struct scene *c)
{
    struct lk_regs r;

    proc_hold(c->x.t, LK_HOLD_SUSPEND);
    canaries(c, LK_YIELD, &r);
    raw_go(c->x.t, &r);
}

static void let_run(struct scene *c)
{
    proc_release(c->x.t, LK_HOLD_SUSPEND);
}

static void suspended_in_call(struct scene *c)
{
    in_call(c);
    proc_hold(c->x.t, LK_HOLD_SUSPEND);
}

static void answered_and_let_run(struct scene *c)
{
    server_answers(c);
    let_run(c);
}

/* In a call of its own through a ProxyEntry of another: waiting for its turn, then for the answer.
 */
static void proxied_call(struct scene *c)
{
    struct lk_regs r;
    obj other = c->server;
    obj e = endpoint_new(other, 33, false);

    proc_slot(other, SLOT_PROXY_RECEIVER, entry_new(endpoint_new(c->inner, 34, false), 0));
    proc_cap(c->x.t, REG_SERVER, proxy_new(e, 6));
    canaries(c, LK_CTL_CALL_CAPS(REG_SERVER, 3, 0, 0, 0, 0, 20, 21, 22, 23), &r);
    raw_go(c->x.t, &r);
    s_waits(c->x.t);
}

static void proxied_call_over(struct scene *c)
{
    raw_do(c->inner, LK_RECV | LK_CTL_RECVS(REG_GOT, 0, 0, 0));
    EQ(lk_kind(raw_result(c->inner).rax), LK_KIND_PROXIED);
    answer_and_let_go(c->server, 0x999);
}

static void proxied_call_taken(struct scene *c)
{
    proxied_call(c);
    raw_do(c->inner, LK_RECV | LK_CTL_RECVS(REG_GOT, 0, 0, 0));
}

static void proxied_call_answered(struct scene *c)
{
    answer_and_let_go(c->server, 0x999);
}

/* In a wait with a string, whose page is missing. */
static void string_wait(struct scene *c)
{
    static char text[40];
    struct lk_regs r;
    struct lk_regs s = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_PROXY, 1));

    unmap(own_space(), WINDOW_VA + PAGE);
    canaries(c, LK_RECV | LK_RSTR, &r);
    r.rbp = WINDOW_VA + PAGE + 10;
    r.r9 = 4000ull << 32;
    proc_cap(c->inner, REG_PROXY, entry_new(c->x.e, 4));
    raw_go(c->x.t, &r);
    s.r10 = (uint64_t)text;
    s.r9 = sizeof(text);
    raw_go(c->inner, &s);
    s_waits(c->inner);
    EQ(proc_state(c->x.t).fault, FAULT_INVALID_ADDR);
}

static void page_comes(struct scene *c)
{
    map_page(own_space(), WINDOW_VA + PAGE, page_new(), 0);
    proc_resume(c->x.t);
    s_result(c->inner, STATUS_OK);
}

static const struct state {
    const char *name;
    void (*begin)(struct scene *c);
    void (*end)(struct scene *c);
} states[] = {
    { "open wait, a message", open_wait, message_to_t },
    { "open wait, a notice", open_wait, notice_to_t },
    { "closed wait", closed_wait, message_to_t },
    { "notice wait", notice_wait, notice_to_t },
    { "call", in_call, server_answers },
    { "call of R", in_call_of_r, r_answers },
    { "call not taken", sending, server_takes_and_answers },
    { "send not taken", sending_only, server_takes },
    { "send to one that dies", sending_only, endpoint_goes },
    { "call of one that dies", in_call, endpoint_goes },
    { "sleep", sleeping, time_passes },
    { "ready", ready, may_run },
    { "running", running, runs_more },
    { "fault told", fault_told, resumed },
    { "fault untold", fault_untold, told_and_resumed },
    { "fault unhandled", fault_unhandled, resumed },
    { "never started", never_started, started },
    { "suspended", suspended, let_run },
    { "suspended in a call", suspended_in_call, answered_and_let_run },
    { "proxied call waiting", proxied_call, proxied_call_over },
    { "proxied call taken", proxied_call_taken, proxied_call_answered },
    { "wait with a string, page missing", string_wait, page_comes },
};
#define STATES (sizeof(states) / sizeof(states[0]))

/* ---- Notifications ---- */

enum how { NONE, BY_CALL, BY_SEND, BY_BITS, HOWS };
static const char *const how_name[] = { "nothing", "a call", "a send", "bits" };

static obj notify(struct scene *c, unsigned how)
{
    obj s = NO_OBJ;

    waits_open(c->x.r);
    switch (how) {
    case BY_CALL:
        s = caller(&c->x, 0x55);
        break;
    case BY_SEND:
        s = sender(&c->x, 0x55);
        break;
    default:
        post(&c->x, 0x55);
        break;
    }
    EQ(raw_result(c->x.r).rdi, 0x55);
    has_process(c->x.r, c->x.t);
    CHECK(held(c->x.t));
    return s;
}

static void notified(struct scene *c, unsigned how, obj s)
{
    if (how == BY_CALL) {
        answer_and_let_go(c->x.t, 0x66);
        s_answered(s, 0x66);
    } else {
        let_go(c->x.t);
        if (s != NO_OBJ) {
            s_result(s, STATUS_OK);
        }
    }
}

/* When T's own affair comes to its end: while it is stopped, or afterwards; or there is a second
 * notification at each point. */
enum when { DURING, AFTER, TWICE, WHENS };

static void act(struct scene *c, const struct state *st, unsigned how, unsigned when,
                struct shape *middle, struct shape *end)
{
    obj s = NO_OBJ;

    memset(c, 0, sizeof(*c));
    c->x = trio_new();
    c->server = proc_new(PRIO_HIGH);
    c->inner = proc_new(PRIO_HIGH);
    proc_reply_endpoint(c->x.t, T_REPLY_ID);
    st->begin(c);
    shape_of(c->x.t, middle);
    if (how != NONE) {
        struct shape now_;

        s = notify(c, how);
        shape_of(c->x.t, &now_);
        shape_same(middle, &now_, "T, just stopped");
        if (when != DURING) {
            notified(c, how, s);
            shape_of(c->x.t, &now_);
            shape_same(middle, &now_, "T, let go");
        }
    }
    st->end(c);
    if (how != NONE) {
        if (when == DURING) {
            EQ(kernel_check(), 0);
            notified(c, how, s);
        } else if (when == TWICE) {
            s = notify(c, how);
            notified(c, how, s);
        }
        EQ(preemption(c->x.t).deliveries, when == TWICE ? 2 : 1);
    }
    CHECK(!held(c->x.t));
    shape_of(c->x.t, end);
    proc_hold(c->x.t, LK_HOLD_DEBUG); /* out of the way of the next one */
    EQ(kernel_check(), 0);
}

/* Words in which two runs may differ: the time. */
static void forget_time(const struct state *st, struct shape *s)
{
    if (st->begin == sleeping) {
        s->look.s.r.rsi = 0;
    }
}

static void all_of(const struct state *st)
{
    static struct scene c;
    static struct shape middle, end, middle2, end2;

    act(&c, st, NONE, 0, &middle, &end);
    forget_time(st, &middle);
    forget_time(st, &end);
    for (unsigned how = BY_CALL; how < HOWS; how++) {
        for (unsigned when = 0; when < WHENS; when++) {
            unsigned mark = shelf_mark();

            sys_at("%s; notified by %s, %u", st->name, how_name[how], when);
            act(&c, st, how, when, &middle2, &end2);
            forget_time(st, &middle2);
            forget_time(st, &end2);
            shape_same(&middle, &middle2, "T in the middle");
            shape_same(&end, &end2, "T in the end");
            shelf_back(mark);
        }
    }
}

CASE(every_state,
     .text = "P11, P12: T in each state in which it can be is stopped, let go, and goes "
             "on as if nothing had been: all registers, FPU, capabilities",
     .steady = true, .ms = 120000)
{
    parking_entry();
    own_space();
    schedule_of(PRIO_LOW);
    schedule_of(PRIO_HIGH);
    for (unsigned i = 0; i < STATES; i++) {
        unsigned mark = shelf_mark();

        all_of(&states[i]);
        shelf_back(mark);
    }
}

CASE(every_state_deferred,
     .text = "P6, P11: the same when T defers: it is not touched before the "
             "bound, and then goes on all the same",
     .steady = true, .ms = 120000)
{
    static struct scene c;
    static struct shape middle, now_;

    parking_entry();
    own_space();
    for (unsigned i = 0; i < STATES; i++) {
        struct control w;
        obj s;

        sys_at("%s", states[i].name);
        if (states[i].begin == sleeping || states[i].begin == running || states[i].begin == ready) {
            continue; /* they would not stay as they are until then */
        }
        c.x = trio_new();
        c.server = proc_new(PRIO_HIGH);
        c.inner = proc_new(PRIO_HIGH);
        proc_reply_endpoint(c.x.t, T_REPLY_ID);
        w = control_new(c.x.t, 4, 2 * NSEC_PER_MSEC);
        DEFER(w) = 1;
        states[i].begin(&c);
        shape_of(c.x.t, &middle);
        waits_open(c.x.r);
        s = caller(&c.x, 0x55);
        s_waits(s);
        EQ(PENDING(w), 1);
        EVENTUALLY(held(c.x.t));
        shape_of(c.x.t, &now_);
        shape_same(&middle, &now_, "T, stopped");
        answer_and_let_go(c.x.t, 0x66);
        s_answered(s, 0x66);
        states[i].end(&c);
        EQ(kernel_check(), 0);
    }
}

CASE(sent_once,
     .text = "P12: what T was sending is sent once, however often it is stopped before, and after, "
             "and T sees no result but that of its own call")
{
    for (unsigned call = 0; call < 2; call++) {
        struct trio x = trio_new();
        obj to = proc_new(PRIO_HIGH);
        struct lk_regs r = canary_regs(
            LK_CTL(call ? LK_SHAPE_CALL : LK_SEND | LK_BLOCK | LK_RECV, REG_SERVER, 1), 3);

        proc_reply_endpoint(x.t, T_REPLY_ID);
        proc_cap(x.t, REG_SERVER, entry_new(endpoint_new(to, 1, false), 0));
        raw_go(x.t, &r);
        for (unsigned i = 0; i < 6; i++) {
            if (i == 3) {
                raw_do(to, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
                EQ(raw_result(to).rdi, r.rdi);
                raw_do_word(to, LK_YIELD, 0);
            }
            r_waits(&x);
            post(&x, 1u << i);
            r_has_bits(&x, 1u << i);
            let_go(x.t);
            EQ(proc_state(x.t).run_state, i < 3 ? LK_STATE_BLOCKED : LK_STATE_RECEIVING);
        }
        raw_do(to, LK_RECV | LK_CTL_RECVS(21, 0, 0, 0)); /* there is no other */
        EQ(proc_state(to).run_state, LK_STATE_RECEIVING);
        raw_do(to, LK_YIELD);
        if (call) {
            raw_do_word(to, LK_CTL(LK_SEND, 20, 1), 4711);
        } else {
            obj_get(entry_new(x.e, 0), R_A);
            EQ(lk_post2(R_A, 4711, 0, 0), STATUS_OK);
        }
        EQ(raw_result(x.t).rdi, 4711);
    }
}

CASE(reply_from_receiver,
     .text = "P11: a call of T's is answered, non-blocking, by its own R in the "
             "middle of a notification about T")
{
    struct trio x = trio_new();
    obj s;

    proc_reply_endpoint(x.t, T_REPLY_ID);
    proc_cap(x.t, REG_SERVER, entry_new(endpoint_new(x.r, 80, false), 0));
    raw_do(x.r, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0)); /* R as server: keeps the reply capability */
    raw_do_word(x.t, LK_CTL_CALL(REG_SERVER, 1), 1);
    EQ(raw_result(x.r).rdi, 1);
    r_waits(&x);
    s = caller(&x, 2);
    r_has(&x, 2);
    s_in_call(x.t);
    raw_do_word(x.r, LK_CTL(LK_SEND, 20, 1), 111);
    s_result(x.r, STATUS_OK);
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    EQ(proc_state(x.t).r.rdi, 111);
    answer_and_let_go(x.t, 222);
    s_answered(s, 222);
    EQ(raw_result(x.t).rdi, 111);
}

CASE(reply_and_wait_from_receiver, .text = "P11: the same by R's reply-and-wait, which takes the "
                                           "next notification in the same step")
{
    struct trio x = trio_new();
    obj s;

    proc_reply_endpoint(x.t, T_REPLY_ID);
    proc_cap(x.t, REG_SERVER, entry_new(endpoint_new(x.r, 80, false), 0));
    raw_do(x.r, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    raw_do_word(x.t, LK_CTL_CALL(REG_SERVER, 1), 1);
    s = caller(&x, 2);
    s_waits(s);
    raw_do_word(x.r, LK_CTL(LK_SHAPE_REPLY_WAIT, 20, 1) | LK_CTL_RECVS(REG_GOT, 0, 0, 0), 111);
    r_has(&x, 2);
    CHECK(held(x.t));
    EQ(proc_state(x.t).r.rdi, 111); /* it was answered first */
    answer_and_let_go(x.t, 3);
    EQ(raw_result(x.t).rdi, 111);
}

CASE(everything_arrives, .text = "P11: what arrives at a held T: a blocked send is taken, a sender "
                                 "is received, a deadline passes; the hold alone stays")
{
    struct trio x = trio_new();
    obj other = proc_new(PRIO_HIGH);

    proc_cap(x.t, REG_SERVER, entry_new(endpoint_new(other, 1, false), 0));
    raw_do_word(x.t, LK_CTL(LK_SEND | LK_BLOCK | LK_RECV, REG_SERVER, 1), 5);
    r_waits(&x);
    post(&x, 1);
    CHECK(held(x.t));
    raw_do(other, LK_RECV);
    EQ(raw_result(other).rdi, 5);
    EQ(proc_wait_kind(x.t), LK_WAIT_OPEN); /* its wait began */
    obj_get(entry_new(x.e, 1), R_A);
    EQ(lk_post2(R_A, 66, 0, 0), STATUS_OK);
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    EQ(proc_state(x.t).holds, HOLD_0);
    sleep_ns(NSEC_PER_MSEC);
    EQ(proc_state(x.t).r.rip, (uint64_t)raw_after);
    let_go(x.t);
    EQ(raw_result(x.t).rdi, 66);
}

/* A primary path that counts, in a loop of calls of a server; its handler counts what it finds. */
static volatile uint64_t primary_calls, primary_wrong, primary_ticks, handled, exclusion_broken;
static volatile bool primary_stop;

static void primary(void *arg)
{
    (void)arg;
    while (!primary_stop) {
        uint64_t n = primary_calls + 1;
        struct lk_in in = lk_call1(REG_SERVER, 7, n);

        for (unsigned i = 0; i < 50; i++) {
            primary_ticks++;
        }
        if (in.w[0] != STATUS_OK || in.w[1] != n * 3) {
            primary_wrong++;
        }
        primary_calls = n;
    }
}

static void server(void *arg)
{
    struct lk_in in = lk_wait(20);

    (void)arg;
    for (;;) {
        in = lk_reply_wait1(20, STATUS_OK, in.w[1] * 3);
    }
}

/* The primary path does not run while its handler does. */
static void handle(void)
{
    uint64_t seen = primary_ticks;

    for (unsigned i = 0; i < 100; i++) {
        exclusion_broken += primary_ticks != seen;
    }
    handled++;
}

static void handler(void *arg)
{
    (void)arg;
    for (;;) {
        struct lk_in in = lk_wait(REG_GOT);

        handle();
        if (lk_kind(in.delivery) == LK_KIND_PROXIED) {
            OK(lk_process_fetch_proxy_reply(REG_GOT, 20));
            lk_post2(20, in.w[0] + 1, 0, 0);
        }
        handle();
        OK(lk_process_clear_not_schedulable(REG_GOT, LK_HOLD_PROXY, NULL));
    }
}

static volatile bool notifier_stop;
static volatile uint64_t notifier_calls, notifier_wrong;

static void notifier(void *arg)
{
    struct rng rng = rng_new((uint64_t)arg);

    while (!notifier_stop) {
        uint64_t n = rng_next(&rng);

        if (n % 4 == 0) {
            OK(lk_appnotice_post(17, 1));
        } else {
            notifier_wrong += lk_call1(16, n, 0).w[0] != n + 1;
            notifier_calls++;
        }
        if (n % 8 == 1) {
            sleep_ns(n % 50000);
        }
    }
}

CASE(closed_wait_survives,
     .text = "requirement 2, P11: a primary path in calls of a server that "
             "answers non-blocking, notified at random all the while: no reply "
             "is lost, none comes twice, none hangs; the two never run at once",
     .ms = 120000)
{
    struct worker t = worker_new(PRIO_LOW, primary, NULL);
    struct worker sv = worker_new(PRIO_LOW, server, NULL);
    struct worker r = worker_new(PRIO_LOW + 1, handler, NULL);
    struct worker n[2];
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 20000 : 400;
    uint64_t last = 0;

    primary_calls = primary_wrong = handled = exclusion_broken = 0;
    notifier_calls = notifier_wrong = 0;
    primary_ticks = 0;
    primary_stop = notifier_stop = false;
    proc_cap(t.p, REG_SERVER, entry_new(sv.endpoint, 0));
    set_receiver(t.p, entry_new(r.endpoint, 0));
    for (unsigned i = 0; i < 2; i++) {
        n[i] = worker_new(PRIO_LOW + i, notifier, (void *)(uintptr_t)(sys_options.seed + i));
        proc_cap(n[i].p, 16, proxy_new(t.endpoint, 0));
        proc_cap(n[i].p, 17, proxy_notice_new(t.endpoint, 1));
    }
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed));
    worker_start(r);
    worker_start(sv);
    worker_start(t);
    worker_start(n[0]);
    worker_start(n[1]);
    while (primary_calls < rounds || handled < rounds) {
        sys_at("%lu calls of the primary, %lu of the notifiers, %lu handled", primary_calls,
               notifier_calls, handled);
        sleep_ns(20 * NSEC_PER_MSEC);
        CHECK(primary_calls + handled > last); /* it gets on */
        last = primary_calls + handled;
        EQ(kernel_check(), 0);
    }
    EQ(primary_wrong, 0);
    EQ(notifier_wrong, 0);
    EQ(exclusion_broken, 0);
    primary_stop = notifier_stop = true;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The states in which a target can be; see states.h. First the ways into each state and out of it,
 * then the table.
 */
#include "states.h"

#include "spin.h"

void scene_new(struct scene *c)
{
    memset(c, 0, sizeof(*c));
    c->x = trio_new();
    c->server = proc_new(PRIO_HIGH);
    c->inner = proc_new(PRIO_HIGH);
    proc_reply_endpoint(c->x.t, T_REPLY_ID);
}

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

const struct state states[] = {
    { "open wait, a message", open_wait, message_to_t, 0 },
    { "open wait, a notice", open_wait, notice_to_t, 0 },
    { "closed wait", closed_wait, message_to_t, 0 },
    { "notice wait", notice_wait, notice_to_t, 0 },
    { "call", in_call, server_answers, 0 },
    { "call of R", in_call_of_r, r_answers, 0 },
    { "call not taken", sending, server_takes_and_answers, 0 },
    { "send not taken", sending_only, server_takes, 0 },
    { "send to one that dies", sending_only, endpoint_goes, 0 },
    { "call of one that dies", in_call, endpoint_goes, 0 },
    { "sleep", sleeping, time_passes, PASSES | TIMED },
    { "ready", ready, may_run, PASSES },
    { "running", running, runs_more, PASSES },
    { "fault told", fault_told, resumed, 0 },
    { "fault untold", fault_untold, told_and_resumed, 0 },
    { "fault unhandled", fault_unhandled, resumed, 0 },
    { "never started", never_started, started, 0 },
    { "suspended", suspended, let_run, 0 },
    { "suspended in a call", suspended_in_call, answered_and_let_run, 0 },
    { "proxied call waiting", proxied_call, proxied_call_over, 0 },
    { "proxied call taken", proxied_call_taken, proxied_call_answered, 0 },
    { "wait with a string, page missing", string_wait, page_comes, 0 },
};
const unsigned states_many = sizeof(states) / sizeof(states[0]);

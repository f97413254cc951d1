/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making the stage, and leading T and W.
 */
#include "stage.h"

#define BOUND LK_DEFER_MAX /* long enough: nothing is forced unless a round shortens it */

struct actor target, partner;

static struct rng canaries;

static void give(obj p, unsigned reg, unsigned from)
{
    obj_get(p, R_T0);
    OK(lk_process_swap_cap_reg(R_T0, reg, from, 0));
}

/* Registers of T that lead to itself and to R. */
static void make_target(obj t, obj e, obj r)
{
    obj q = endpoint_new(r, Q_ID, false);

    obj_get(t, D_T);
    obj_get(e, R_T0);
    OK(lk_endpoint_make_proxy_entry(R_T0, PROXY_PAYLOAD, D_PROXY));
    OK(lk_endpoint_make_proxy_notice(R_T0, EVENT_BITS, D_PREEMPT));
    OK(lk_endpoint_make_app_notice(R_T0, EVENT_BITS, D_PLAIN));
    give(t, C_PROXY, D_PROXY);
    give(t, C_PREEMPT, D_PREEMPT);
    give(t, C_PLAIN, D_PLAIN);
    give(t, C_SLEEP, R_SLEEP);
    give(t, C_SYSCTL, R_SYSCTL);
    give(t, C_T, D_T);
    proc_cap(t, C_R, r);
    proc_slot(t, SLOT_PROXY_RECEIVER, entry_new(q, 1));
    obj_get(proc_reply_endpoint(t, T_REPLY_ID), D_REPLY);
}

static void make_control_word(obj t)
{
    obj page = page_new();

    map_page(own_space(), CONTROL_VA, page, 0);
    obj_get(t, R_T0);
    obj_get(page, R_T1);
    OK(lk_process_set_control_word(R_T0, 0, BOUND, R_T1));
    control_word()[0] = 0;
    control_word()[1] = 0;
}

void stage_new(void)
{
    obj t = proc_new(PRIO_LOW);
    obj w = proc_new(PRIO_LOW);
    obj e = endpoint_new(t, T_OPEN_ID, false);
    struct worker r = worker_new(PRIO_R, receiver, NULL);
    struct worker a = worker_new(PRIO_A, poster_main, NULL);
    struct worker idle = worker_new(PRIO_IDLE, idler_main, NULL);

    memset(&target, 0, sizeof(target));
    memset(&partner, 0, sizeof(partner));
    memset((void *)(uintptr_t)&hand, 0, sizeof(hand));
    memset((void *)(uintptr_t)&poster, 0, sizeof(poster));
    canaries = rng_new(sys_options.seed ^ 0xca9a5e);
    target.reg = D_T;
    partner.reg = D_W;
    obj_get(w, D_W);
    obj_get(r.p, D_R);
    make_target(t, e, r.p);
    make_control_word(t);
    proc_cap(t, C_SERVER, entry_new(endpoint_new(w, SERVER_ID, false), SERVER_PAYLOAD));
    proc_cap(w, C_TARGET, entry_new(e, OPEN_PAYLOAD));
    proc_cap(w, C_T, t);
    give(w, C_SYSCTL, R_SYSCTL);
    proc_reply_endpoint(w, T_REPLY_ID);
    give(a.p, R_A, D_PROXY);
    obj_get(entry_new(a.endpoint, 0), D_ORDER_A);
    obj_get(entry_new(r.endpoint, 0), D_ORDER_R);
    obj_get(entry_new(idle.endpoint, 0), D_IDLE);
    worker_start(r);
    worker_start(a);
    worker_start(idle);
    actor_go(&partner, armed_end); /* both stand at their ends */
    actor_go(&target, armed_end);
    settle();
}

/* ---- T and W ---- */

struct pstate actor_look(const struct actor *a)
{
    struct pstate s = { 0 };

    OK(lk_process_get_state(a->reg, &s.run_state, &s.holds, &s.fault, &s.info, &s.cpu, &s.notices,
                            &s.flags, &s.r, sizeof(s.r), NULL));
    return s;
}

bool at_end(const struct pstate *s)
{
    return s->run_state == LK_STATE_FAULTED && s->fault == FAULT_BREAKPOINT &&
           s->r.rip == (uint64_t)armed_end + 1;
}

struct lk_msg *row_next(struct actor *a, uint64_t control, uint64_t w0, uint64_t w1)
{
    struct lk_msg *m = &a->row[a->count++];

    CHECK(a->count <= ROW);
    memset(m, 0, sizeof(*m));
    m->control = control;
    m->w[0] = w0;
    m->w[1] = w1;
    for (unsigned i = 2; i < LK_MAX_WORDS; i++) {
        m->w[i] = rng_next(&canaries);
    }
    return m;
}

struct lk_msg *row_first(struct actor *a, uint64_t control, uint64_t w0, uint64_t w1)
{
    a->count = 0;
    return row_next(a, control, w0, w1);
}

void actor_go(struct actor *a, const char *program)
{
    struct lk_regs *r = &a->given;
    uint64_t *at = (uint64_t *)r;
    uint64_t run_state = actor_look(a).run_state;

    for (unsigned i = 0; i < 15; i++) {
        at[i] = rng_next(&canaries);
    }
    r->rdi = (uint64_t)a->row;
    r->rbx = a->count;
    r->r12 = (uint64_t)a->fpu_after;
    r->r13 = CONTROL_VA;
    r->r14 = (r->r14 & ~1ull) | a->fpu;
    r->rip = (uint64_t)program;
    r->rsp = (uint64_t)(a->stack + sizeof(a->stack));
    r->rflags = 0x202;
    r->fs_base = 0x1000 + (rng_next(&canaries) & 0xfffffff);
    OK(lk_process_set_regs(a->reg, run_state, r, sizeof(*r)));
    if (run_state == LK_STATE_FAULTED) {
        OK(lk_process_resume(a->reg, 1));
    }
}

void actor_intact(struct actor *a)
{
    struct pstate s = actor_look(a);
    const struct lk_regs *g = &a->given;

    if (!at_end(&s)) {
        FAIL("%s is not at its end: run state %lu, holds %lx, fault %lu, rip %lx",
             a == &target ? "T" : "W", s.run_state, s.holds, s.fault, s.r.rip);
    }
    EQ(s.r.rbp, g->rbp);
    EQ(s.r.rbx, 0);
    EQ(s.r.r12, g->r12);
    EQ(s.r.r13, g->r13);
    EQ(s.r.r14, g->r14);
    EQ(s.r.r15, g->r15);
    EQ(s.r.rsp, g->rsp);
    EQ(s.r.fs_base, g->fs_base);
    if (g->rip == (uint64_t)armed_list || g->rip == (uint64_t)armed_break) {
        EQ(s.r.rdi,
           g->rdi + a->count * sizeof(struct lk_msg)); /* a yield leaves its result there */
    }
    if (a->fpu) {
        CHECK(fpu_same(a->fpu_given, a->fpu_after));
        memset(a->fpu_after, 0, sizeof(a->fpu_after));
    }
}

void actor_use_fpu(struct actor *a, uint64_t seed)
{
    fpu_canary(a->fpu_given, seed);
    OK(lk_process_set_fpu(a->reg, a->fpu_given, FPU_IMAGE));
    a->fpu = true;
}

void settle(void)
{
    EQ(lk_call0(D_IDLE, 0).w[0], STATUS_OK);
}

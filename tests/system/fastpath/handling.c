/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Faults and their handlers, played.
 */
#include "scene.h"

static uint8_t string[64], heard[SCENE_HEARD];
static struct lk_regs seen;

/* Let `p` go on as `r` says. If others are to be ready by then, all of them are held, and let go by
 * somebody of higher priority. */
static void goes(const struct scene *s, const struct handling *h, obj p, const struct lk_regs *r)
{
    static uint64_t release[READY + 1][3];
    struct lk_regs begin = canary_regs(0, 30);
    unsigned n = 0;

    if (h->ready == 0) {
        raw_go(p, r);
        return;
    }
    proc_cap(s->conductor, H_READY + READY, p);
    for (unsigned i = 0; i <= h->ready; i++) {
        bool itself = i == (h->ready_first ? h->ready : 0);
        unsigned which = itself ? READY : n++;
        obj who = itself ? p : s->ready[which];
        uint64_t w[3] = { LK_CTL_CALL(H_READY + which, 2), OP_PROCESS_CLEAR_NOT_SCHEDULABLE,
                          LK_HOLD_BY_HAND };

        memcpy(release[i], w, sizeof(w));
        proc_hold(who, LK_HOLD_BY_HAND);
        begin.rip = (uint64_t)act_ticket;
        raw_go(who, itself ? r : &begin);
    }
    begin.rip = (uint64_t)act_conductor;
    begin.rbp = h->ready + 1;
    begin.rsp = (uint64_t)release;
    raw_go(s->conductor, &begin);
}

static struct lk_regs faulting(const struct handling *h, unsigned who)
{
    struct lk_regs r = canary_regs(0x77, who);

    r.rip = (uint64_t)h->act;
    r.rdi = h->address;
    r.r10 = LK_RECV;
    r.fs_base = h->faulter_fs;
    return r;
}

static struct lk_regs handlers(const struct handling *h, uint64_t control)
{
    struct lk_regs r = canary_regs(control, 2);

    r.rip = (uint64_t)act_syscall;
    r.fs_base = h->handler_fs;
    r.rdi = h->op;
    r.rsi = h->how;
    r.r8 = h->wait_id;
    r.r9 = h->wait_limit << 32 | sizeof(string);
    r.r10 = (uint64_t)string;
    r.rbp = (uint64_t)heard;
    return r;
}

static void handler_goes(const struct scene *s, const struct handling *h, uint64_t control)
{
    struct lk_regs r = handlers(h, control);

    raw_go(s->handler, &r);
}

/* The handler waits, or not yet. That it calls itself is but a way to a live reply capability. */
static void handler_enters(const struct scene *s, const struct handling *h)
{
    if (h->to == TO_MATCH_FIT) {
        obj_get(s->reply, R_A);
        raw_do(s->handler, LK_CTL_CALL(H_ENTRY, 1)); /* to the bystander, who has its reply */
        proc_get_cap(s->bystander, H_GOT, R_A);
        obj_get(s->faulter, R_B);
        OK(lk_process_swap_slot(R_B, SLOT_HANDLER, R_A, 0));
        return;
    }
    if (h->handler_fpu) {
        fpu_of(s->handler, 0x55);
    }
    if (h->handler_notice) {
        obj_get(notice_new(s->own, 0xff), R_B);
        OK(lk_appnotice_post(R_B, 0x21));
    }
    if (h->wait != 0 && !h->told_late) {
        handler_goes(s, h, h->wait);
    } else {
        raw_do(s->handler, LK_YIELD); /* and no more */
    }
    if (h->held) {
        proc_hold(s->handler, LK_HOLD_SUSPEND);
    }
    if (h->unscheduled) {
        proc_slot(s->handler, SLOT_SCHEDULE, NO_OBJ);
    }
}

static void flags_of(obj p, unsigned flags)
{
    obj_get(p, R_A);
    OK(lk_process_set_flags(R_A, flags));
}

/* What waits already when the fault comes. */
static void others_enter(const struct scene *s, const struct handling *h)
{
    for (unsigned i = 0; i < h->other_faults; i++) {
        struct lk_regs r = faulting(h, 20 + i);

        raw_go(s->other[i], &r);
    }
    for (unsigned i = 0; i < h->handler_senders; i++) {
        raw_do_word(s->to_handler[i], LK_CTL(LK_SEND | LK_BLOCK, H_ENTRY, 1), 900 + i);
    }
    for (unsigned i = 0; i < h->faulter_senders; i++) {
        raw_do_word(s->to_faulter[i], LK_CTL(LK_SEND | LK_BLOCK, H_ENTRY, 1), 800 + i);
    }
    if (h->faulter_notice) {
        obj_get(notice_new(s->of_faulter, 0xff), R_B);
        OK(lk_appnotice_post(R_B, 0x42));
    }
    if (h->faulter_fpu) {
        fpu_of(s->faulter, 0x44);
    }
}

static void meanwhile(const struct scene *s, enum meanwhile what)
{
    switch (what) {
    case HELD:
        proc_hold(s->faulter, LK_HOLD_DEBUG);
        break;
    case GONE_ON:
        raw_do(s->faulter, LK_RECV | LK_CTL_RECVS(H_GOT, 0, 0, 0));
        break;
    case WAITS_TO_SEND:
        proc_cap(s->faulter, H_ENTRY, parking_entry());
        raw_do(s->faulter, LK_CTL(LK_SEND | LK_BLOCK, H_ENTRY, 1));
        break;
    case DESTROYED:
        obj_rescind(s->faulter);
        break;
    case UNSCHEDULED:
        proc_slot(s->faulter, SLOT_SCHEDULE, NO_OBJ);
        break;
    case LOWER:
    case HIGHER:
        proc_slot(s->faulter, SLOT_SCHEDULE,
                  schedule_of(what == HIGHER ? PRIO_HIGH + 1 : PRIO_HIGH - 1));
        break;
    case HANDLER_SET:
        obj_get(s->faulter, R_A);
        OK(lk_process_get_slot(R_A, SLOT_HANDLER, R_B));
        OK(lk_process_swap_slot(R_A, SLOT_HANDLER, R_B, 0));
        break;
    case LEFT_ALONE:
    case MEANWHILES:
        break;
    }
}

/* The handler reads the registers of who faulted, by call, into memory. */
static void handler_looks(const struct scene *s, const struct handling *h)
{
    struct lk_regs r = canary_regs(LK_CTL_CALL(H_FAULTER, 1) | LK_RSTR, 4);

    r.fs_base = h->handler_fs;
    r.rdi = OP_PROCESS_GET_STATE;
    r.r9 = (uint64_t)sizeof(seen) << 32;
    r.rbp = (uint64_t)&seen;
    raw_go(s->handler, &r);
    if (proc_state(s->handler).run_state == LK_STATE_FAULTED) {
        raw_do(s->handler, LK_YIELD); /* an answer has the CPU time in it, which differs */
    }
}

static uint64_t resume_shape(enum then then)
{
    return then == RESUME_AND_WAIT ? LK_SHAPE_REPLY_WAIT : then == RESUME ? LK_SEND : LK_SHAPE_CALL;
}

static void handler_resumes(const struct scene *s, const struct handling *h)
{
    for (unsigned i = 0; i < h->times; i++) {
        struct lk_regs r =
            handlers(h, LK_CTL(resume_shape(h->then), h->target, h->words) | h->control);

        r.rsi = i % 2 == 0 ? h->how : h->how_next;
        note_step("the handler resumes");
        goes(s, h, s->handler, &r);
        scene_noted(s, h);
        if (h->then != RESUME_AND_WAIT && h->wait != 0) {
            note_step("the handler waits for the next fault");
            handler_goes(s, h, h->wait);
            scene_noted(s, h);
        }
    }
}

static void one_round(const struct scene *s, const struct handling *h)
{
    struct lk_regs r;

    act_tickets = 0;
    memset(heard, 0, sizeof(heard));
    memset(&seen, 0, sizeof(seen));
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        proc_cap(s->handler, H_GOT + i, s->own);
    }
    handler_enters(s, h);
    others_enter(s, h);
    if (h->faulter_flags != 0) {
        flags_of(s->faulter, h->faulter_flags);
    }
    note_step("the fault");
    r = faulting(h, 1);
    goes(s, h, s->faulter, &r);
    scene_noted(s, h);
    if (h->held) {
        note_step("the handler is held no longer");
        proc_release(s->handler, LK_HOLD_SUSPEND);
        scene_noted(s, h);
    }
    if (h->unscheduled) {
        proc_slot(s->handler, SLOT_SCHEDULE, schedule_of(h->priority));
    }
    if (h->told_late) {
        note_step("the handler waits");
        handler_goes(s, h, h->wait);
        scene_noted(s, h);
    }
    handler_looks(s, h);
    meanwhile(s, h->meanwhile);
    if (h->then == NOTHING) {
        note_step("it was looked at");
        scene_noted(s, h);
    }
    if (h->handler_flags != 0) {
        flags_of(s->handler, h->handler_flags);
    }
    if (h->then != NOTHING) {
        handler_resumes(s, h);
    }
    flags_of(s->handler, 0);
}

/* The scene as it is before a round, but for what is noted for the fast path. */
static void scene_rests(const struct scene *s, const struct handling *h)
{
    if (h->meanwhile == DESTROYED) {
        return;
    }
    proc_release(s->faulter, LK_HOLD_DEBUG);
    flags_of(s->faulter, 0);
    if (h->meanwhile >= UNSCHEDULED && h->meanwhile <= HIGHER) {
        proc_slot(s->faulter, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
    }
}

static void handling_play(const void *arg)
{
    const struct handling *h = arg;
    struct scene s = { .heard = heard, .seen = &seen };

    for (size_t i = 0; i < sizeof(string); i++) {
        string[i] = (uint8_t)(i * 7 + 1);
    }
    scene_made(&s, h);
    for (unsigned i = 0; i < h->rounds; i++) {
        if (i != 0) {
            scene_rests(&s, h);
        }
        if (h->meanwhile == DESTROYED && i != 0) {
            scene_made(&s, h);
        }
        s.first_round = i == 0;
        one_round(&s, h);
        EQ(kernel_check(), 0);
    }
}

struct handling handling_usual(void)
{
    return (struct handling){
        .act = act_count,
        .wait = LK_RECV | LK_CTL_RECVS(H_GOT, 0, 0, 0),
        .priority = PRIO_HIGH,
        .to = TO_HANDLER,
        .then = NOTHING,
        .target = H_FAULTER,
        .words = 2,
        .op = OP_PROCESS_RESUME,
        .how = LK_RESUME_OVER,
        .how_next = LK_RESUME_OVER,
        .control = LK_CTL_RECVS(H_GOT, 0, 0, 0),
        .times = 2,
        .ready_priority = PRIO_HIGH,
        .rounds = 3,
    };
}

void handling_both(const struct handling *h)
{
    play_twice(handling_play, h);
}

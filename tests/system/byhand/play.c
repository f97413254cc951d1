/* SPDX-License-Identifier: BSD-2-Clause
 *
 * T and R.
 */
#include "play.h"

#define T_RUNS_NS 300000u
#define FLAG_SINGLE_STEP 1u /* of Process.setFlags */
#define FLAG_TRAP_SYSCALL 2u
#define STEPS 100u /* more than R ever makes */
#define REG_GOT 5  /* in a raw process: what it received */

/* ---- T ---- */

static void target(void *arg)
{
    struct play *play = arg;

    for (;;) {
        while (!play->want_section) {
            play->ticks++;
        }
        lk_defer_begin(&play->control);
        play->in_section = true;
        while (play->want_section) {
            play->ticks++;
        }
        play->in_section = false;
        lk_hand_defer_end(&play->control, T_ENDED);
    }
}

bool runs(struct play *play)
{
    uint64_t before = play->ticks;

    sleep_ns(T_RUNS_NS);
    return play->ticks != before;
}

void enter_section(struct play *play)
{
    play->want_section = true;
    EVENTUALLY(play->in_section);
}

void leave_section(struct play *play)
{
    play->want_section = false;
    EVENTUALLY(!play->in_section && play->control.defer == 0);
}

/* ---- R ---- */

static void handle(struct play *play, const struct lk_hand *hand)
{
    play->handling = true;
    if (play->in_section && !hand->forced) {
        play->in_section_seen++;
    }
    play->forced += hand->forced;
    if (play->work != NULL) {
        play->work(play);
    }
    play->handled++;
    play->handling = false;
}

static void handler(void *arg)
{
    struct play *play = arg;
    struct lk_hand hand = {
        .target = R_TARGET,
        .hold = play->hold,
        .control = &play->control,
        .bound = play->bound,
    };

    for (;;) {
        struct lk_in in = lk_wait(R_B);
        bool message = lk_kind(in.delivery) == LK_KIND_MESSAGE;
        enum status s;

        if (!message && (in.w[0] & POSTED) == 0) {
            continue; /* of a deferral that nobody waits for any more */
        }
        do {
            hand.bits = 0;
            s = lk_hand_stop(&hand);
            if (s == STATUS_OK) {
                handle(play, &hand);
                lk_hand_go_on(&hand);
            }
            if (message) {
                play->messages++;
                if (lk_caps(in.delivery) > 0) {
                    lk_post2(R_B, s, play->handled, 0);
                }
            }
            message = false;
        } while ((hand.bits & POSTED) != 0); /* posted while a deferral was waited for */
    }
}

/* ---- the case ---- */

static void new_handler(struct play *play, unsigned priority_r)
{
    play->r = worker_new(priority_r, handler, play);
    proc_cap(play->r.p, R_TARGET, play->t.p);
    proc_slot(play->r.p, SLOT_HANDLER, parking_entry()); /* it may stop, see step() */
    play->notice = notice_new(play->r.endpoint, POSTED);
    play->entry = entry_new(play->r.endpoint, 0);
    worker_start(play->r);
    EVENTUALLY(proc_state(play->r.p).run_state == LK_STATE_RECEIVING);
}

void play_begin_with(struct play *play, uint64_t bound, unsigned priority_t, unsigned priority_r,
                     void (*fn)(void *))
{
    obj ended;

    memset(play, 0, sizeof(*play));
    play->bound = bound;
    play->hold = LK_HOLD_BY_HAND;
    play->t = worker_new(priority_t, fn, play);
    new_handler(play, priority_r);
    ended = notice_new(play->r.endpoint, LK_HAND_ENDED);
    proc_cap(play->t.p, T_ENDED, ended);
}

void play_begin(struct play *play, uint64_t bound, unsigned priority_t, unsigned priority_r)
{
    play_begin_with(play, bound, priority_t, priority_r, target);
    worker_start(play->t);
}

void play_begin_at(struct play *play, uint64_t bound, obj t, unsigned priority_r)
{
    memset(play, 0, sizeof(*play));
    play->bound = bound;
    play->hold = LK_HOLD_BY_HAND;
    play->t.p = t;
    new_handler(play, priority_r);
}

void play_second(struct play *second, const struct play *play, unsigned priority_r, unsigned hold)
{
    memset(second, 0, sizeof(*second));
    second->bound = play->bound;
    second->hold = hold;
    second->t = play->t;
    new_handler(second, priority_r);
}

enum status tell(const struct play *play)
{
    obj_get(play->entry, R_T0);
    return lk_post2(R_T0, 0, 0, 0);
}

void post(const struct play *play)
{
    obj_get(play->notice, R_T0);
    OK(lk_appnotice_post(R_T0, POSTED));
}

uint64_t holds_of(obj p)
{
    return proc_state(p).holds;
}

bool alive(obj p)
{
    obj_get(p, R_A);
    return reg_type(R_A) == LK_TYPE_PROCESS;
}

/* ---- R, step by step ---- */

void step_begin(const struct play *play)
{
    obj_get(play->r.p, R_T0);
    OK(lk_process_set_flags(R_T0, FLAG_TRAP_SYSCALL));
}

void step_instructions_begin(const struct play *play)
{
    obj_get(play->r.p, R_T0);
    OK(lk_process_set_flags(R_T0, FLAG_SINGLE_STEP));
}

bool step(const struct play *play)
{
    if (proc_state(play->r.p).run_state == LK_STATE_FAULTED) {
        proc_resume(play->r.p);
    }
    return proc_state(play->r.p).run_state == LK_STATE_FAULTED;
}

/* R stands before a system call: is it this one? */
static bool stands_before(const struct play *play, unsigned reg, uint64_t method)
{
    struct pstate s = proc_state(play->r.p);

    return s.run_state == LK_STATE_FAULTED && s.fault == FAULT_SYSCALL_TRAP &&
           (s.r.rax >> LK_TARGET_SHIFT & 31) == reg && (s.r.rax & LK_SEND) != 0 &&
           s.r.rdi == method;
}

void step_to(const struct play *play, unsigned reg, uint64_t method)
{
    for (unsigned i = 0; i < STEPS && !stands_before(play, reg, method); i++) {
        if (!step(play)) {
            FAIL("the handler waits, and was to make another system call");
        }
    }
    CHECK(stands_before(play, reg, method));
}

void step_to_wait(const struct play *play)
{
    for (unsigned i = 0; i < STEPS && step(play); i++) {
    }
    EQ(proc_state(play->r.p).run_state, LK_STATE_RECEIVING);
}

void step_end(const struct play *play)
{
    obj_get(play->r.p, R_T0);
    OK(lk_process_set_flags(R_T0, 0));
    step(play);
}

/* ---- the same by proxy ---- */

struct twin twin_begin(struct play *play, unsigned priority_r)
{
    struct twin twin;

    obj_get(play->t.p, R_A);
    OK(lk_preempt_set_control(R_A, &play->control, play->bound, R_SPACE, R_B));
    twin.r = proc_new(priority_r);
    twin.q = endpoint_new(twin.r, Q_ID, false);
    proc_slot(play->t.p, SLOT_PROXY_RECEIVER, entry_new(twin.q, 0));
    obj_get(play->t.endpoint, R_T0);
    OK(lk_endpoint_make_proxy_entry(R_T0, 0, R_T1));
    twin.proxy = obj_keep(R_T1);
    obj_get(play->t.endpoint, R_T0);
    OK(lk_endpoint_make_proxy_notice(R_T0, POSTED, R_T1));
    twin.notice = obj_keep(R_T1);
    return twin;
}

enum status twin_tell(const struct twin *twin)
{
    obj_get(twin->proxy, R_T0);
    return lk_post2(R_T0, 0, 0, 0);
}

void twin_waits(obj r)
{
    raw_do(r, LK_CTL_WAIT(REG_GOT, 0, 0, 0));
}

void twin_post(const struct twin *twin)
{
    obj_get(twin->notice, R_T0);
    OK(lk_appnotice_post(R_T0, POSTED));
}

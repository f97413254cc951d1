/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What by hand keeps, at every instruction: T enters or leaves its critical section behind the n-th
 * instruction of R, or R is told behind the n-th instruction of T, for all n. The bound of the
 * deferral is so long that a wake-up which is lost makes the case fail.
 */
#include "play.h"

#define MOST_STEPS 1000u
#define FLAG_SINGLE_STEP 1u

static struct play play;

/* R, which was told, executes `n` instructions. False: fewer, then it waits. */
static bool r_steps(unsigned n)
{
    unsigned i = 0;

    while (i < n && step(&play)) {
        i++;
    }
    return i == n;
}

/* What must be when R has handled the `n`-th notification. */
static void judge(uint64_t n)
{
    EVENTUALLY(play.handled == n);
    EVENTUALLY(proc_wait_kind(play.r.p) == LK_WAIT_OPEN);
    EQ(play.in_section_seen, 0);
    EQ(play.forced, 0);
    EQ(play.control.pending, 0);
    EQ(holds_of(play.t.p), 0);
}

/* T is to be in its section, or not, as soon as it may run. */
static void change_section(bool inside)
{
    play.want_section = inside;
    if (holds_of(play.t.p) == 0) {
        EVENTUALLY(play.in_section == inside);
    }
}

static void change_at_every_instruction(bool inside)
{
    unsigned n = 0;
    bool more;

    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    do {
        sys_at("behind %u instructions of the handler", n);
        CHECK(n < MOST_STEPS);
        if (!inside) {
            enter_section(&play);
        }
        step_instructions_begin(&play);
        OK(tell(&play));
        more = r_steps(n);
        change_section(inside);
        step_end(&play);
        if (inside) {
            sleep_ns(NSEC_PER_MSEC); /* R may be waiting, or not */
            leave_section(&play);
        }
        judge(++n);
    } while (more);
    CHECK(n > 30);
}

CASE(section_begins,
     .text =
         "the target enters its section at any instruction of the handler, which is not at work "
         "in there")
{
    change_at_every_instruction(true);
}

CASE(section_ends,
     .text = "the target leaves its section at any instruction of the handler, which notices")
{
    change_at_every_instruction(false);
}

/* T goes through one very short section each time that it is told to; so nothing but the end of
 * that one can wake R. */
static void one_section(void *arg)
{
    struct play *p = arg;

    for (;;) {
        while (!p->want_section) {
            p->ticks++;
        }
        p->want_section = false;
        lk_defer_begin(&p->control);
        p->in_section = true;
        p->in_section = false;
        lk_hand_defer_end(&p->control, T_ENDED);
    }
}

/* T executes one instruction. It is below the case. */
static void t_steps(void)
{
    proc_resume(play.t.p);
    while (proc_state(play.t.p).run_state != LK_STATE_FAULTED) {
        sleep_ns(2000);
    }
}

static void t_steps_begin(void)
{
    obj_get(play.t.p, R_T0);
    OK(lk_process_set_flags(R_T0, FLAG_SINGLE_STEP));
    EVENTUALLY(proc_state(play.t.p).run_state == LK_STATE_FAULTED);
}

static void t_steps_end(void)
{
    obj_get(play.t.p, R_T0);
    OK(lk_process_set_flags(R_T0, 0));
    proc_resume(play.t.p);
}

CASE(
    told_in_section,
    .text = "the handler is told at any instruction of the target's section, and waits for its end")
{
    uint64_t waited = 0;

    play_begin_with(&play, LONG, PRIO_LOW, PRIO_HIGH, one_section);
    proc_slot(play.t.p, SLOT_HANDLER, parking_entry());
    worker_start(play.t);
    for (unsigned n = 0; n < 40; n++) {
        sys_at("told behind %u instructions of the target", n);
        t_steps_begin();
        play.want_section = true;
        while (play.want_section) {
            t_steps();
        }
        for (unsigned i = 0; i < n; i++) {
            t_steps();
        }
        OK(tell(&play));
        waited += play.control.pending;
        t_steps_end();
        judge(n + 1);
    }
    CHECK(waited >= 3 &&
          waited <= 20); /* the section has a few instructions, and is left in time */
}

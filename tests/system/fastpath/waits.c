/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Waits of processes that go on by themselves: what is left of a slice, schedules that are gone or
 * ask for notices, and limits of strings that change from one wait to the next.
 */
#include "programs.h"

#define GETS LK_CTL_RECVS(G_GOT, 0, 0, 0)
#define LIMITS_MOST 257

static struct line posts_to(unsigned who)
{
    return (
        struct line){ .control = LK_CTL_CALL(G_NOTICE + who, 2), .w0 = OP_APPNOTICE_POST, .w1 = 1 };
}

static struct line ends(void)
{
    return (struct line){ .control = LINE_END };
}

CASE(slice_kept,
     .text = "whoever waits with a rest of its slice comes before its equals when it "
             "goes on, both ways",
     .steady = true)
{
    static const uint64_t waits[] = {
        LK_RECV | GETS,
        LK_RECV,
        LK_RECV | LK_RSTR | GETS,
        LK_RECV | LK_CLOSED | GETS,
        LK_CTL(LK_SHAPE_REPLY_WAIT, G_PROCESS + 3, 2) | GETS,
        LK_CTL(LK_SEND | LK_RECV | LK_BLOCK, G_ENTRY + 3, 2) | GETS,
        LK_CTL(LK_SHAPE_CALL, G_ENTRY + 2, 2) | GETS,
    };

    for (unsigned i = 0; i < 4 * sizeof(waits) / sizeof(waits[0]); i++) {
        struct programs p = { .n = 4 };
        bool twice = i % 2 != 0;

        sys_at("form %u", i);
        p.priority[0] = p.priority[1] = PRIO_HIGH;
        p.priority[2] = PRIO_HIGH - i / 2 % 2; /* if lower, a single equal is there */
        p.priority[3] = PRIO_HIGH + 1;
        p.line[0][0] = (struct line){
            .control = waits[i / 4], .w0 = OP_PROCESS_RESUME, .w1 = LK_RESUME_OVER, .id = PROGRAM_ID
        };
        p.line[0][1] = twice ? p.line[0][0] : ends();
        p.line[0][2] = ends();
        p.line[1][0] = posts_to(3);
        p.line[1][1] = twice ? posts_to(3) : ends();
        p.line[1][2] = ends();
        p.line[2][0] = twice ? ((struct line){ .control = LK_YIELD }) : ends();
        p.line[2][1] = ends();
        for (unsigned k = 0; k < 6; k++) {
            p.line[3][k].control = k % 2 == 0 ? LK_RECV | GETS : LK_CTL(LK_SEND, G_ENTRY, 1);
        }
        p.line[3][6] = ends();
        programs_both(&p);
    }
}

/* The second actor has a schedule of its own; the first can destroy it. */
static void own_schedule(const obj *actor, obj schedule)
{
    proc_slot(actor[1], SLOT_SCHEDULE, schedule);
    obj_get(actor[0], R_A);
    OK(lk_process_swap_cap_reg(R_A, G_MORE, R_RANGE, 0));
    proc_cap(actor[0], G_MORE + 1, schedule);
}

static void with_schedule(const obj *actor)
{
    own_schedule(actor, schedule_new(PRIO_HIGH, NSEC_PER_MSEC * 10000));
}

CASE(schedule_gone,
     .text = "nobody goes on under a schedule that was destroyed while it was ready, "
             "both ways",
     .steady = true)
{
    static const uint64_t stops[] = { LK_RECV | GETS, LK_YIELD, LK_RECV, LK_RECV | LK_RSTR | GETS };

    for (unsigned i = 0; i < 2 * sizeof(stops) / sizeof(stops[0]); i++) {
        struct programs p = { .n = i % 2 == 0 ? 2 : 3, .more = with_schedule };

        sys_at("form %u", i);
        p.priority[0] = PRIO_HIGH + (stops[i / 2] != LK_YIELD);
        p.priority[1] = PRIO_HIGH;
        p.priority[2] = PRIO_HIGH - 1;
        p.line[0][0] = (struct line){ .control = LK_CTL_CALL(G_GIFT, 1), .w0 = OP_GET_TYPE };
        p.line[0][1] =
            (struct line){ .control = LK_CTL_CALL_CAPS(G_MORE, 1, 1, G_MORE + 1, 0, 0, 0, 0, 0, 0),
                           .w0 = OP_RANGE_RESCIND };
        p.line[0][2] = (struct line){ .control = stops[i / 2] };
        p.line[0][3] = ends();
        p.line[1][0] = p.line[0][0];
        p.line[1][1] = ends();
        p.line[2][0] = ends();
        p.idle[1] = true;
        programs_both(&p);
    }
}

/* The second actor has a schedule that tells the first when a slice is over. */
static void with_notices(const obj *actor)
{
    obj schedule = obj_new(LK_TYPE_SCHEDULE);

    obj_get(schedule, R_A);
    obj_get(actor[0], R_B);
    OK(lk_process_get_cap_reg(R_B, G_NOTICE, R_C));
    OK(lk_schedctl_set_slice_notice(R_SCHEDCTL, 0x40, R_A, R_C));
    OK(lk_schedctl_set_up(R_SCHEDCTL, PRIO_HIGH, NSEC_PER_MSEC, 1, R_A));
    own_schedule(actor, schedule);
}

CASE(slice_notices,
     .text = "a process whose schedule asks for notices has its slice ended, both "
             "ways, whoever went to it",
     .steady = true, .ms = 2000)
{
    for (unsigned i = 0; i < 4; i++) {
        struct programs p = { .n = 2, .more = with_notices };
        bool yields = i == 1;

        sys_at("form %u", i);
        p.priority[0] = PRIO_HIGH + !yields;
        p.priority[1] = PRIO_HIGH;
        p.line[0][0] = (struct line){ .control = yields   ? LK_YIELD
                                                 : i == 2 ? LK_RECV
                                                          : LK_RECV | GETS };
        p.line[0][1] = p.line[0][0];
        if (i == 3) {
            p.line[0][1].control = LK_RECV | GETS;
        }
        p.line[0][2] = (struct line){ .control = LK_CTL_CALL(G_PROCESS + 1, 2),
                                      .w0 = OP_PROCESS_SET_NOT_SCHEDULABLE,
                                      .w1 = LK_HOLD_BY_HAND };
        p.line[0][3] = ends();
        p.line[1][0].control = LINE_SPIN;
        programs_both(&p);
    }
}

CASE(limits, .text = "the limit of a string is the one of this wait, not of one before, both ways",
     .steady = true)
{
    struct rng rng = rng_new(sys_options.seed);

    for (unsigned i = 0; i < 3 * 16; i++) {
        struct programs p = { .n = 2 };
        bool apart = i / 3 % 2 != 0; /* it answers, and waits */

        sys_at("form %u", i);
        p.priority[0] = PRIO_HIGH - 1 + i % 3;
        p.priority[1] = PRIO_HIGH;
        for (unsigned k = 0; k < LINES - 1; k++) {
            uint64_t limits = rng_below(&rng, LIMITS_MOST) << 32;
            uint64_t length = rng_below(&rng, LIMITS_MOST);
            uint64_t answers = rng_below(&rng, 2) == 0 ? LK_SSTR : 0;
            uint64_t takes = rng_below(&rng, 4) != 0 ? LK_RSTR : 0;

            p.line[0][k].control =
                k == 0 || (apart && k % 2 == 0) ? LK_RECV | takes | GETS
                : apart                         ? LK_CTL(LK_SEND, G_GOT, 2) | answers
                        : LK_CTL(LK_SHAPE_REPLY_WAIT, G_GOT, 2) | answers | takes | GETS;
            p.line[0][k].lengths = limits | length;
            p.line[1][k].control = LK_CTL(LK_SHAPE_CALL, G_ENTRY, 3) |
                                   (rng_below(&rng, 4) != 0 ? LK_SSTR : 0) |
                                   (rng_below(&rng, 2) != 0 ? LK_RSTR : 0);
            p.line[1][k].lengths = rng_below(&rng, LIMITS_MOST) | rng_below(&rng, LIMITS_MOST)
                                                                      << 32;
        }
        p.line[0][LINES - 1] = ends();
        p.line[1][LINES - 1] = ends();
        programs_both(&p);
    }
}

static struct line holds(unsigned who, uint64_t op)
{
    return (
        struct line){ .control = LK_CTL_CALL(G_PROCESS + who, 2), .w0 = op, .w1 = LK_HOLD_BY_HAND };
}

/* W and E are equals, P is of lower and Z of higher priority. W is made ready by what its first
 * two lines wait for, while E is not ready; E is sent to before W has run on. Then Z holds W, and
 * lets it go: whether it stands before E again is told from when both became ready. */
static struct programs turns_of(struct line first, struct line second)
{
    struct programs p = { .n = 4 };
    struct line type = { .control = LK_CTL_CALL(G_GIFT, 1), .w0 = OP_GET_TYPE };

    p.priority[0] = p.priority[1] = PRIO_HIGH; /* W, E */
    p.priority[2] = PRIO_HIGH - 1;             /* P */
    p.priority[3] = PRIO_HIGH + 1;             /* Z */
    p.late[1] = true;
    p.line[0][0] = first;
    p.line[0][1] = second;
    p.line[0][2] = (struct line){ .control = LK_CTL(LK_SEND, G_ENTRY + 1, 1) };
    p.line[0][3] = type;
    p.line[0][4] = ends();
    p.line[1][0] = (struct line){ .control = LK_RECV | GETS };
    p.line[1][1] = (struct line){ .control = LK_CTL(LK_SEND, G_ENTRY + 3, 1) };
    p.line[1][2] = type;
    p.line[1][3] = ends();
    p.line[3][0] = p.line[1][0];
    return p;
}

CASE(turn_woken, .text = "who is woken fast is as far behind its equals as who is woken otherwise",
     .steady = true)
{
    struct line gets = { .control = LK_RECV | GETS };
    struct programs p = turns_of(gets, gets);

    p.line[2][0] = posts_to(0);
    p.line[2][1] = holds(1, OP_PROCESS_CLEAR_NOT_SCHEDULABLE);
    p.line[2][2] = posts_to(0);
    p.line[2][3] = ends();
    p.line[3][1] = holds(0, OP_PROCESS_SET_NOT_SCHEDULABLE);
    p.line[3][2] = holds(0, OP_PROCESS_CLEAR_NOT_SCHEDULABLE);
    p.line[3][3] = ends();
    programs_both(&p);
}

CASE(turn_answered, .text = "the same of who is answered by one of higher priority", .steady = true)
{
    struct line calls = { .control = LK_CTL(LK_SHAPE_CALL, G_ENTRY + 3, 1) };
    struct line answers = { .control = LK_CTL(LK_SHAPE_REPLY_WAIT, G_GOT, 1) | GETS };
    struct programs p = turns_of(calls, calls);

    p.line[2][0] = (struct line){ .control = LK_CTL(LK_SEND, G_ENTRY + 3, 1) };
    p.line[2][1] = ends();
    p.line[3][1] = answers;
    p.line[3][2] = holds(1, OP_PROCESS_CLEAR_NOT_SCHEDULABLE);
    p.line[3][3] = (struct line){ .control = LK_RECV | LK_CTL_RECVS(G_GOT + 1, 0, 0, 0) };
    p.line[3][4] = answers;
    p.line[3][5] = holds(0, OP_PROCESS_SET_NOT_SCHEDULABLE);
    p.line[3][6] = holds(0, OP_PROCESS_CLEAR_NOT_SCHEDULABLE);
    p.line[3][7] = ends();
    programs_both(&p);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a handler does about a fault is the same both ways: above all that it resumes and waits for
 * the next fault in one invocation.
 */
#include "handling.h"

#define LOOPS 20

static struct handling resuming(enum then then)
{
    struct handling h = handling_usual();

    h.then = then;
    return h;
}

CASE(resumes,
     .text = "a resume is the same both ways: one way, by call, with the next wait; over, told "
             "again, passed on, or refused",
     .steady = true, .ms = 600000)
{
    static const uint64_t how[] = { LK_RESUME_OVER, LK_RESUME_TELL, LK_RESUME_PASS_ON, 3,
                                    1ull << 32,     UINT64_MAX };

    for (unsigned then = RESUME_AND_WAIT; then < THENS; then++) {
        for (unsigned i = 0; i < 3 * sizeof(how) / sizeof(how[0]); i++) {
            struct handling h = resuming((enum then)then);

            sys_at("then %u, form %u", then, i);
            h.how = how[i / 3];
            h.times = 4;
            h.priority = PRIO_HIGH - 1 + i % 3;
            handling_both(&h);
            h.act = act_read;
            h.address = WINDOW_VA + 5;
            h.to = TO_OF_MEMORY;
            handling_both(&h);
        }
    }
}

CASE(resume_and_wait,
     .text = "a resume with the next wait is the same both ways, whatever its wait and whatever "
             "else is sent",
     .steady = true, .ms = 600000)
{
    static const uint64_t controls[] = {
        LK_CTL_RECVS(H_GOT, 0, 0, 0),
        0,
        LK_CTL_RECVS(H_GOT, H_GOT + 1, H_GOT + 2, H_GOT + 3),
        LK_CTL_RECVS(0, H_GOT, 0, H_FAULTER),
        LK_CTL_RECVS(H_FAULTER, 0, 0, 0),
        LK_CTL_RECVS(H_GOT, 0, 0, 0) | LK_BLOCK,
        LK_CTL_RECVS(H_GOT, 0, 0, 0) | LK_RSTR,
        LK_CTL_RECVS(H_GOT, 0, 0, 0) | LK_SSTR,
        LK_CTL_RECVS(H_GOT, 0, 0, 0) | LK_SSTR | LK_RSTR,
        LK_CTL_RECVS(H_GOT, 0, 0, 0) | LK_CLOSED,
        LK_CTL_SENDS(1, H_ENTRY, 0, 0, 0),
        LK_CTL_SENDS(1, H_STALE, 0, 0, 0) | LK_CTL_RECVS(H_GOT, 0, 0, 0),
        LK_CTL_SENDS(4, 0, H_ENTRY, H_GOT, 0) | LK_CTL_RECVS(H_GOT, 0, 0, 0),
        LK_CTL_RECVS(H_GOT, 0, 0, 0) | 1ull << 14,
        5ull << LK_NSEND_SHIFT | LK_CAPS,
    };

    for (unsigned i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        for (unsigned j = 0; j < 9; j++) {
            struct handling h = resuming(RESUME_AND_WAIT);

            sys_at("form %u, %u", i, j);
            h.control = controls[i];
            h.wait_id = j % 2 == 0 ? HANDLER_ID : OTHER_ID;
            h.wait_limit = j == 1 ? 65537 : 100;
            h.target = j < 6 ? H_FAULTER : j == 6 ? H_GOT : j == 7 ? H_STALE : H_ENTRY;
            h.words = j < 6 ? 1 + j % 3 : j;
            h.act = j % 2 == 0 ? act_count : act_invalid;
            handling_both(&h);
        }
    }
}

CASE(no_resume, .text = "another operation on who faulted, with the next wait, is what it is",
     .steady = true, .ms = 600000)
{
    for (uint64_t op = 0; op < 32; op++) {
        struct handling h = resuming(RESUME_AND_WAIT);

        sys_at("operation %lu", op);
        h.op = op;
        h.times = 3;
        handling_both(&h);
    }
}

CASE(resumed_states,
     .text = "so it is whatever has become of who faulted, and whatever waits for the handler",
     .steady = true, .ms = 600000)
{
    for (unsigned what = LEFT_ALONE; what < MEANWHILES; what++) {
        for (unsigned i = 0; i < 3 * 9; i++) {
            struct handling h = resuming(i % 9 < 7 ? RESUME_AND_WAIT : RESUME_CALL);

            sys_at("meanwhile %u, form %u", what, i);
            h.meanwhile = (enum meanwhile)what;
            h.priority = PRIO_HIGH - 1 + i / 9;
            h.handler_notice = i % 9 == 1 || i % 9 == 8;
            h.handler_senders = i % 9 == 2 ? 2 : 0;
            h.other_faults = i % 9 == 3;
            h.faulter_senders = i % 9 == 4;
            h.handler_flags = i % 9 == 5   ? LK_FLAG_TRAP_SYSCALL
                              : i % 9 == 6 ? LK_FLAG_SINGLE_STEP
                                           : 0;
            h.faulter_flags = i % 9 == 4 ? LK_FLAG_SINGLE_STEP : 0;
            h.how = i % 9 == 7 ? LK_RESUME_TELL : LK_RESUME_OVER;
            h.act = i % 2 == 0 ? act_count : act_waits;
            handling_both(&h);
        }
    }
}

CASE(random_resumes, .text = "so are random faults, and random resumes of who faulted",
     .steady = true, .ms = 600000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 160 : 40;
    uint64_t control = LK_BLOCK | LK_CLOSED | LK_SSTR | LK_RSTR | 31ull << LK_SEND_CAP_SHIFT |
                       0xfffffull << LK_RECV_CAP_SHIFT | 7ull << LK_NSEND_SHIFT;

    for (uint64_t i = 0; i < rounds; i++) {
        struct handling h = random_fault(&rng);

        sys_at("play %lu", i);
        h.then = rng_below(&rng, 3) != 0 ? RESUME_AND_WAIT : (enum then)rng_below(&rng, THENS);
        h.times = 1 + (unsigned)rng_below(&rng, 3);
        h.how = rng_below(&rng, 4) == 0 ? rng_below(&rng, 4) : LK_RESUME_OVER;
        h.how_next = rng_below(&rng, 4) == 0 ? rng_below(&rng, 4) : LK_RESUME_OVER;
        h.op = rng_below(&rng, 12) == 0 ? rng_below(&rng, 20) : OP_PROCESS_RESUME;
        if (h.op == OP_PROCESS_GET_STATE) {
            h.op = OP_PROCESS_RESUME; /* its answer has the CPU time in it */
        }
        h.words = rng_below(&rng, 4) == 0 ? 1 + rng_below(&rng, 8) : 2;
        h.target = rng_below(&rng, 5) == 0 ? H_GOT : H_FAULTER;
        if (rng_below(&rng, 4) == 0) {
            h.meanwhile = (enum meanwhile)rng_below(&rng, MEANWHILES);
        }
        if (rng_below(&rng, 3) == 0) {
            h.control ^= 1ull << rng_below(&rng, 64) & control;
        }
        h.wait_id = rng_below(&rng, 2) == 0 ? HANDLER_ID : OTHER_ID;
        h.handler_flags = rng_below(&rng, 12) == 0 ? (unsigned)rng_below(&rng, 4) : 0;
        handling_both(&h);
    }
}

/* ---- Many of them with nobody else in between ---- */

struct loop {
    const char *act;
    uint64_t address, control;
    unsigned priority;
    bool fpu;
};

static uint64_t logged[LOOPS * ACT_LOGGED];

static void loop_play(const void *arg)
{
    const struct loop *l = arg;
    obj faulter = actor_new(PRIO_HIGH, "faulter");
    obj handler = actor_new(l->priority, "handler");
    struct lk_regs r = canary_regs(0, 1);

    proc_slot(faulter, SLOT_HANDLER, entry_new(endpoint_new(handler, HANDLER_ID, false), 0x123));
    proc_cap(handler, H_FAULTER, faulter);
    r.rip = (uint64_t)l->act;
    r.rdi = l->address;
    proc_set_regs(faulter, &r);
    act_tickets = 0;
    memset(logged, 0, sizeof(logged));
    act_request[0] = OP_PROCESS_RESUME;
    act_request[1] = LK_RESUME_OVER;
    r = canary_regs(0, 2);
    r.rip = (uint64_t)act_handler;
    r.r10 = l->control;
    r.rbp = LOOPS;
    r.rsp = (uint64_t)logged;
    if (l->fpu) {
        static uint8_t image[512] = { [200] = 0x33 };

        obj_get(handler, R_A);
        OK(lk_process_set_fpu(R_A, image, sizeof(image)));
    }
    note_step("the loop");
    raw_go(handler, &r);
    EQ(proc_state(handler).r.rbp, 0);
    for (unsigned i = 0; i < LOOPS * ACT_LOGGED; i++) {
        note("logged word", i, logged[i]);
    }
    note_process(faulter, "who faults");
    note_process(handler, "the handler");
    note_fpu(faulter, "who faults");
    note_fpu(handler, "the handler");
}

CASE(resume_loops,
     .text = "many faults in a row, each resumed with the wait for the next, are the "
             "same both ways",
     .steady = true)
{
    static const uint64_t registers[] = { LK_CTL_RECVS(H_GOT, 0, 0, 0), 0,
                                          LK_CTL_RECVS(H_FAULTER, 0, 0, 0),
                                          LK_CTL_RECVS(H_GOT, H_GOT + 1, 0, H_GOT + 3) };
    static char *const acts[] = { act_count, act_invalid, act_divide, act_read };

    for (unsigned i = 0; i < 3 * 4 * 4; i++) {
        struct loop l = {
            .act = acts[i / 3 % 4],
            .address = WINDOW_VA + 16,
            .control = LK_CTL(LK_SHAPE_REPLY_WAIT, H_FAULTER, 2) | registers[i / 12],
            .priority = PRIO_HIGH - 1 + i % 3,
            .fpu = i % 5 == 0,
        };

        sys_at("form %u", i);
        play_twice(loop_play, &l);
    }
}

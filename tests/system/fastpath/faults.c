/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A fault is told to its handler the same both ways, whatever fault, whoever the handler.
 */
#include "handling.h"

static uint32_t unmasked; /* a word for MXCSR: no exception is masked */

/* Everything that faults, with an address for those that need one. */
static const struct {
    const char *act;
    uint64_t address;
} acts[] = {
    { act_count, 0 },
    { act_divide, 0 },
    { act_invalid, 0 },
    { act_protection, 0 },
    { act_malformed, 0 },
    { act_sse, (uint64_t)&unmasked },
    { act_read, WINDOW_VA + 5 },
    { act_read, 0 },
    { act_read, 0xffff800000000000 },
    { act_read, 0x800000000000 },
    { act_write, WINDOW_VA + 0x1008 },
    { act_write, (uint64_t)act_write },
    { act_jump, (uint64_t)&unmasked },
    { act_jump, WINDOW_VA + 16 },
    { act_jump, 0x800000000000 },
};
#define ACTS (sizeof(acts) / sizeof(acts[0]))

static void does(struct handling *h, unsigned act)
{
    h->act = acts[act % ACTS].act;
    h->address = acts[act % ACTS].address;
}

/* The handler's wait, by number. */
#define WAITS 10
static void waits(struct handling *h, unsigned form)
{
    static const uint64_t registers[WAITS] = {
        [0] = LK_CTL_RECVS(H_GOT, 0, 0, 0),
        [1] = 0,
        [2] = LK_CTL_RECVS(H_GOT, H_GOT + 1, H_GOT + 2, H_GOT + 3),
        [3] = LK_CTL_RECVS(0, H_GOT + 1, 0, H_GOT + 3),
        [4] = LK_CTL_RECVS(H_GOT, H_GOT, 0, H_GOT),
        [5] = LK_CTL_RECVS(H_GOT, 0, 0, 0) | LK_RSTR,
        [6] = LK_CTL_RECVS(H_GOT, H_GOT + 1, 0, 0) | LK_RSTR,
        [7] = LK_CTL_RECVS(H_GOT, 0, 0, 0) | LK_CLOSED,
        [8] = LK_CTL_RECVS(H_GOT, 0, 0, 0) | LK_CLOSED,
        [9] = LK_CTL_RECVS(H_GOT, 0, 0, 0) | LK_CLOSED,
    };

    h->wait = LK_RECV | registers[form % WAITS];
    h->wait_id = form == 7 ? HANDLER_ID : form == 8 ? OTHER_ID : LK_NOTICE_ID;
    h->wait_limit = form == 5 ? 4096 : form == 6 ? 10 : 0;
}

CASE(faults, .text = "a fault is told the same both ways, whatever fault, in whatever wait",
     .steady = true, .ms = 600000)
{
    for (unsigned act = 0; act < ACTS; act++) {
        for (unsigned form = 0; form < WAITS; form++) {
            struct handling h = handling_usual();

            sys_at("act %u, wait %u", act, form);
            does(&h, act);
            waits(&h, form);
            handling_both(&h);
        }
    }
}

CASE(fault_handlers,
     .text = "so it is whoever is the handler, of whatever priority, held, late or without a "
             "schedule",
     .steady = true, .ms = 600000)
{
    for (unsigned to = TO_HANDLER; to < TO_WHOM; to++) {
        for (unsigned i = 0; i < 3 * 5; i++) {
            struct handling h = handling_usual();

            sys_at("to %u, form %u", to, i);
            does(&h, to == TO_OF_MEMORY ? 6 : i);
            h.to = (enum to_whom)to;
            h.priority = PRIO_HIGH - 1 + i % 3;
            h.held = i / 3 == 1;
            h.told_late = i / 3 == 2;
            h.unscheduled = i / 3 == 3;
            h.wait = i / 3 == 4 ? 0 : h.wait;
            handling_both(&h);
        }
    }
}

CASE(fault_states,
     .text = "so it is whatever waits for either of the two, and whatever a debugger asked for",
     .steady = true, .ms = 600000)
{
    for (unsigned i = 0; i < 13; i++) {
        for (unsigned j = 0; j < 4; j++) {
            struct handling h = handling_usual();

            sys_at("state %u, form %u", i, j);
            does(&h, j * 2);
            h.told_late = j == 3;
            h.handler_notice = i == 0 || i == 9;
            h.faulter_notice = i == 1 || i == 10;
            h.handler_senders = i == 2 || i == 9 ? 2 : 0;
            h.faulter_senders = i == 3 || i == 10 ? 2 : 0;
            h.other_faults = i == 4 || i == 9 ? 1 : i == 11 ? 2 : 0;
            h.faulter_flags = i == 5   ? LK_FLAG_SINGLE_STEP
                              : i == 6 ? LK_FLAG_TRAP_SYSCALL
                              : i == 7 ? LK_FLAG_QUIET
                                       : 0;
            h.handler_fpu = i == 8;
            h.faulter_fpu = i == 8 && j % 2 == 0;
            h.faulter_fs = i == 12 ? 0x5000 : 0;
            h.handler_fs = i == 12 && j % 2 == 0 ? 0x6000 : 0;
            handling_both(&h);
        }
    }
}

CASE(fault_ready, .text = "so it is whoever else is ready to run: the order stays", .steady = true,
     .ms = 600000)
{
    for (unsigned i = 0; i < 3 * 3 * 2 * 2; i++) {
        struct handling h = handling_usual();

        sys_at("form %u", i);
        does(&h, i % 3);
        h.priority = PRIO_HIGH - 1 + i % 3;
        h.ready_priority = PRIO_HIGH - 1 + i / 3 % 3;
        h.ready_first = i / 9 % 2 != 0;
        h.ready = 1 + i / 18;
        handling_both(&h);
        h.then = RESUME_AND_WAIT;
        handling_both(&h);
    }
}

struct handling random_fault(struct rng *rng)
{
    struct handling h = handling_usual();

    does(&h, (unsigned)rng_below(rng, 2 * ACTS));
    if (rng_below(rng, 3) == 0) {
        waits(&h, (unsigned)rng_below(rng, WAITS));
    }
    h.priority = PRIO_HIGH - 1 + (unsigned)rng_below(rng, 3);
    if (rng_below(rng, 5) == 0) {
        h.to = (enum to_whom)rng_below(rng, TO_WHOM);
    }
    h.held = rng_below(rng, 10) == 0;
    h.unscheduled = rng_below(rng, 10) == 0;
    h.told_late = rng_below(rng, 8) == 0;
    h.handler_notice = rng_below(rng, 8) == 0;
    h.faulter_notice = rng_below(rng, 8) == 0;
    h.handler_senders = rng_below(rng, 8) == 0;
    h.faulter_senders = rng_below(rng, 8) == 0;
    h.other_faults = rng_below(rng, 8) == 0;
    h.faulter_flags = rng_below(rng, 12) == 0 ? (unsigned)rng_below(rng, 4) : 0;
    h.handler_fpu = rng_below(rng, 8) == 0;
    h.faulter_fpu = rng_below(rng, 8) == 0;
    h.ready = rng_below(rng, 4) == 0 ? 1 + (unsigned)rng_below(rng, READY) : 0;
    h.ready_priority = PRIO_HIGH - 1 + (unsigned)rng_below(rng, 3);
    h.ready_first = rng_below(rng, 2) == 0;
    h.handler_fs = rng_below(rng, 8) == 0 ? 0x6000 : 0;
    h.faulter_fs = rng_below(rng, 8) == 0 ? 0x5000 : 0;
    return h;
}

CASE(random_faults, .text = "so are random faults", .steady = true, .ms = 600000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 120 : 30;

    for (uint64_t i = 0; i < rounds; i++) {
        struct handling h = random_fault(&rng);

        sys_at("play %lu", i);
        handling_both(&h);
    }
}

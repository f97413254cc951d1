/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Thousands of senders: more work than the kernel does in one go, so that it is put off, and done
 * all the same.
 */
#include "queue.h"

#define PAGE_OF_CAPS 256
#define MOST 4608
#define ID_FIRST 100000ull

static obj caps[MOST / PAGE_OF_CAPS]; /* CapPages with the senders' Process capabilities */

/* A process that blocks sending `word` through the Entry in R_C. Its capability is kept. */
static void mass_sender(unsigned i)
{
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1));

    if (i % PAGE_OF_CAPS == 0) {
        caps[i / PAGE_OF_CAPS] = obj_new(LK_TYPE_CAPPAGE);
    }
    r.rdi = i;
    obj_new_in(LK_TYPE_PROCESS, R_D);
    OK(lk_process_swap_slot(R_D, SLOT_ADDR_SPACE, R_SPACE, 0));
    OK(lk_process_swap_slot(R_D, SLOT_SCHEDULE, R_E, 0));
    OK(lk_process_swap_slot(R_D, SLOT_HANDLER, R_F, 0));
    OK(lk_process_swap_cap_reg(R_D, REG_TARGET, R_C, 0));
    OK(lk_process_set_regs(R_D, LK_STATE_FAULTED, &r, sizeof(r)));
    OK(lk_process_resume(R_D, 1));
    obj_get(caps[i / PAGE_OF_CAPS], R_G);
    OK(lk_cappage_swap_slot(R_G, i % PAGE_OF_CAPS, R_D, 0));
}

static void mass_begin(void)
{
    if (arena_use().frames < 4096) {
        sys_skip("too little memory for thousands of processes");
    }
    obj_get(schedule_of(PRIO_HIGH), R_E);
    obj_get(parking_entry(), R_F);
}

/* Sender i is behind its system call with this result. */
static bool mass_ended(unsigned i, uint64_t result)
{
    uint64_t state = 0, fault = 0;
    struct lk_regs r;

    obj_get(caps[i / PAGE_OF_CAPS], R_G);
    OK(lk_cappage_get_slot(R_G, i % PAGE_OF_CAPS, R_D));
    OK(lk_process_get_state(R_D, &state, NULL, &fault, NULL, NULL, NULL, NULL, &r, sizeof(r),
                            NULL));
    return state == LK_STATE_FAULTED && fault == FAULT_BREAKPOINT && r.rdi == result;
}

CASE(thousands_of_endpoints,
     .text = "a closed wait finds its endpoint behind four thousand others, in many pieces",
     .ms = 120000)
{
    enum { ENDPOINTS = 4300 };
    obj r = proc_new(PRIO_HIGH);

    mass_begin();
    obj_get(r, R_A);
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        obj_new_in(LK_TYPE_ENDPOINT, R_B);
        OK(lk_endpoint_set_endpoint_id(R_B, ID_FIRST + i));
        OK(lk_endpoint_set_recipient(R_B, R_A));
        OK(lk_endpoint_make_entry(R_B, 0, R_C));
        mass_sender(i);
    }
    for (unsigned i = 0; i < 3; i++) {
        unsigned want = i == 0 ? ENDPOINTS - 1 : i == 1 ? 4200 : 17;
        struct lk_regs regs = raw_regs(LK_RECV | LK_CLOSED);

        sys_at("endpoint %u", want);
        regs.r8 = ID_FIRST + want;
        raw_go(r, &regs);
        EVENTUALLY(raw_done(r));
        EQ(raw_result(r).r8, ID_FIRST + want);
        EQ(raw_result(r).rdi, want);
        CHECK(mass_ended(want, STATUS_OK));
    }
    {
        struct lk_regs regs = raw_regs(LK_RECV | LK_CLOSED);

        regs.r8 = 1; /* one that is not there: it waits, and the machine goes on */
        raw_go(r, &regs);
        sleep_ns(5 * NSEC_PER_MSEC);
        EQ(proc_wait_kind(r), LK_WAIT_CLOSED);
    }
    EQ(kernel_check(), 0);
    obj_rescind(r);
    for (unsigned i = 0; i < ENDPOINTS; i += 61) {
        if (i != 17 && i != 4200) {
            EVENTUALLY(mass_ended(i, STATUS_INVALID_CAP));
        }
    }
}

CASE(thousands_of_senders,
     .text = "destroying an endpoint tells all of two thousand who wait there", .ms = 120000)
{
    enum { SENDERS = 2000 };
    obj r = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 1, false);

    mass_begin();
    obj_get(entry_new(e, 0), R_C);
    for (unsigned i = 0; i < SENDERS; i++) {
        mass_sender(i);
    }
    EQ(take_open(r), 0);
    EQ(take_closed(r, 1), 1);
    obj_rescind(e);
    for (unsigned i = 2; i < SENDERS; i++) {
        sys_at("sender %u", i);
        EVENTUALLY(mass_ended(i, STATUS_INVALID_CAP));
    }
    EQ(kernel_check(), 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading and writing registers.
 */
#include "../lib/sys.h"

#define REG_TARGET 5

CASE(new_process,
     .text = "a new process stands in the fault 'never started', with all registers clear")
{
    obj p = obj_new(LK_TYPE_PROCESS);
    struct pstate s = proc_state(p);
    uint64_t priority = 0;

    EQ(s.run_state, LK_STATE_FAULTED);
    EQ(s.fault, FAULT_STARTUP);
    EQ(s.info, 0);
    EQ(s.holds, 0);
    EQ(s.cpu, 0);
    EQ(s.notices, 0);
    EQ(s.flags, 0);
    EQ(s.r.rflags, 0x202);
    s.r.rflags = 0;
    for (unsigned i = 0; i < sizeof(s.r) / 8; i++) {
        EQ(((uint64_t *)&s.r)[i], 0);
    }
    obj_get(p, R_A);
    for (unsigned i = 0; i < LK_CAP_REGS; i++) {
        OK(lk_process_get_cap_reg(R_A, i, R_B));
        EQ(reg_type(R_B), LK_TYPE_NULL);
    }
    for (unsigned i = 0; i < LK_SLOT_COUNT; i++) {
        OK(lk_process_get_slot(R_A, i, R_B));
        EQ(reg_type(R_B), LK_TYPE_NULL);
    }
    OK(lk_process_get_wait(R_A, NULL, NULL, NULL, NULL, NULL, &priority));
    EQ(priority, 256);
}

CASE(round_trip, .text = "registers set are the registers shown, and the process runs with them")
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs r = canary_regs(LK_RECV, 5);
    struct lk_regs shown;

    proc_set_regs(p, &r);
    shown = proc_state(p).r;
    EQ(memcmp(&r, &shown, sizeof(r)), 0);
    r.rip = (uint64_t)
        raw_after; /* a breakpoint: every register, rcx and r11 too, is the process's own */
    proc_set_regs(p, &r);
    proc_resume(p);
    shown = raw_result(p);
    r.rip = (uint64_t)raw_after + 1;
    EQ(memcmp(&r, &shown, sizeof(r)), 0);
}

CASE(flags_sanitised, .text = "of the flags register only what a user may change is taken over")
{
    obj p = proc_new(PRIO_HIGH);

    for (unsigned bit = 0; bit < 64; bit++) {
        struct lk_regs r = raw_regs(LK_RECV);
        uint64_t shown;

        sys_at("flag %u", bit);
        r.rflags = 1ull << bit;
        proc_set_regs(p, &r);
        shown = proc_state(p).r.rflags;
        CHECK((shown & 0x202) == 0x202);          /* interrupts on */
        CHECK((shown & 0x3000) == 0);             /* no I/O privilege */
        CHECK((shown & 0x100) == 0);              /* no trap flag */
        CHECK((shown & 0xffffffffffc00000) == 0); /* nothing reserved */
        CHECK((shown & 0x1a0000) == 0);           /* VM, VIF, VIP */
    }
}

CASE(all_flags_run, .text = "a process runs with any flags, and a system call of it works")
{
    static const uint64_t flags[] = { 0, 0x400, 0x4000, 0x40000, 0x200000, 0x10000, UINT64_MAX };
    obj p = proc_new(PRIO_HIGH);

    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        struct lk_regs r = raw_regs(LK_YIELD);

        sys_at("flags %lx", flags[i]);
        r.rflags = flags[i];
        raw_go(p, &r);
        EQ(raw_result(p).rdi, STATUS_OK);
    }
}

CASE(bad_addresses, .text = "instruction pointer, stack pointer and FS base must be user addresses")
{
    static const uint64_t bad[] = { 0x800000000000, 0xffff800000000000, 0xffffffff80000000,
                                    UINT64_MAX };
    obj p = proc_new(PRIO_HIGH);

    obj_get(p, R_A);
    for (unsigned i = 0; i < 4; i++) {
        struct lk_regs r[3] = { raw_regs(0), raw_regs(0), raw_regs(0) };

        r[0].rip = bad[i];
        r[1].rsp = bad[i];
        r[2].fs_base = bad[i];
        for (unsigned j = 0; j < 3; j++) {
            STATUS(lk_process_set_regs(R_A, LK_STATE_FAULTED, &r[j], sizeof(r[j])),
                   STATUS_REQUEST_ERROR);
        }
    }
    EQ(proc_state(p).r.rip, 0);
}

CASE(state_named, .text = "registers are written only in the run state that the writer saw")
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs r = raw_regs(LK_RECV);
    struct lk_regs other = raw_regs(LK_YIELD);

    obj_get(p, R_A);
    raw_go(p, &r);
    r = proc_state(p).r;
    for (uint64_t s = LK_STATE_READY; s <= LK_STATE_FAULTED + 1; s++) {
        if (s != LK_STATE_RECEIVING) {
            STATUS(lk_process_set_regs(R_A, s, &other, sizeof(other)), STATUS_STATE_CHANGED);
        }
    }
    EQ(proc_state(p).run_state, LK_STATE_RECEIVING);
    other = proc_state(p).r;
    EQ(memcmp(&r, &other, sizeof(r)), 0);
}

CASE(reading_disturbs_nothing,
     .text = "reading a process in any state changes nothing, least of all its closed wait")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 77, false);
    struct lk_regs r = canary_regs(LK_RECV | LK_CLOSED, 1);

    r.r8 = 77;
    raw_go(p, &r);
    for (unsigned i = 0; i < 50; i++) {
        char fpu[512];

        EQ(proc_state(p).run_state, LK_STATE_RECEIVING);
        EQ(proc_wait_kind(p), LK_WAIT_CLOSED);
        OK(lk_process_get_cap_reg(R_T0, 3, R_B));
        OK(lk_process_get_slot(R_T0, SLOT_HANDLER, R_B));
        OK(lk_process_get_label(R_T0, NULL, NULL));
        OK(lk_process_get_fpu(R_T0, fpu, sizeof(fpu), NULL));
    }
    obj_get(entry_new(e, 1), R_A);
    EQ(lk_post2(R_A, 5, 0, 0), STATUS_OK); /* not blocking: it still waits */
    EQ(raw_result(p).rdi, 5);
}

CASE(set_while_waiting,
     .text = "setting the registers of one that waits ends its wait; its system call is over")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 77, false);
    struct lk_regs r = canary_regs(LK_RECV, 1);
    struct lk_regs own = canary_regs(0, 2);
    struct lk_regs shown;

    raw_go(p, &r);
    own.rip = (uint64_t)raw_after;
    obj_get(p, R_A);
    OK(lk_process_set_regs(R_A, LK_STATE_RECEIVING, &own, sizeof(own)));
    shown = raw_result(p);
    own.rip++;
    EQ(memcmp(&own, &shown, sizeof(own)), 0);
    obj_get(entry_new(e, 1), R_A);
    EQ(lk_post2(R_A, 5, 0, 0), STATUS_WOULD_BLOCK);
}

CASE(set_own, .text = "a process that sets its own registers goes on with them")
{
    obj p = proc_new(PRIO_HIGH);
    static struct lk_regs target;
    struct lk_regs r = raw_regs(LK_CTL_CALL(REG_TARGET, 2) | LK_SSTR);
    struct lk_regs shown;

    proc_reply_endpoint(p, 1);
    proc_cap(p, REG_TARGET, p);
    target = canary_regs(1, 9);
    target.rip = (uint64_t)raw_after;
    r.rdi = OP_PROCESS_SET_REGS;
    r.rsi = LK_STATE_READY;
    r.r10 = (uint64_t)&target;
    r.r9 = sizeof(target);
    raw_go(p, &r);
    shown = raw_result(p);
    EQ(shown.rip, (uint64_t)raw_after + 1);
    shown.rip = target.rip;
    EQ(memcmp(&target, &shown, sizeof(shown)), 0);
}

CASE(cap_registers, .text = "capability registers are read and exchanged; register 0 stays Null")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = page_new();

    obj_get(p, R_A);
    obj_get(q, R_B);
    for (unsigned i = 1; i < LK_CAP_REGS; i++) {
        OK(lk_process_swap_cap_reg(R_A, i, R_B, R_C));
        EQ(reg_type(R_C), LK_TYPE_NULL);
        OK(lk_process_get_cap_reg(R_A, i, R_C));
        CHECK(reg_same(R_B, R_C));
        OK(lk_process_swap_cap_reg(R_A, i, 0, R_C));
        CHECK(reg_same(R_B, R_C));
    }
    OK(lk_process_get_cap_reg(R_A, 0, R_C));
    EQ(reg_type(R_C), LK_TYPE_NULL);
}

CASE(own_cap_register,
     .text = "a process exchanges a capability register of its own, also with itself")
{
    obj_get(page_new(), R_A);
    OK(lk_process_swap_cap_reg(R_SELF, R_B, R_A, R_C));
    CHECK(reg_same(R_A, R_B));
    OK(lk_process_swap_cap_reg(R_SELF, R_B, R_SELF, R_B)); /* what comes back comes last */
    CHECK(reg_same(R_A, R_B));
}

CASE(slots, .text = "every slot takes what it can hold and gives it back")
{
    obj p = obj_new(LK_TYPE_PROCESS);
    obj e = endpoint_new(p, 1, false);
    obj thing[LK_SLOT_COUNT];

    thing[SLOT_ADDR_SPACE] = gpt_new(43);
    thing[SLOT_SCHEDULE] = schedule_of(50);
    thing[SLOT_HANDLER] = entry_new(e, 1);
    thing[SLOT_REPLY_ENDPOINT] = e;
    thing[SLOT_PROXY_RECEIVER] = entry_new(e, 2);
    thing[SLOT_PROXY_REPLY] = NO_OBJ;
    thing[SLOT_BRAND] = page_new();
    thing[SLOT_COHORT] = page_new();
    thing[SLOT_IO_SPACE] = page_new();
    thing[SLOT_CONTROL_PAGE] = page_new();
    obj_get(p, R_A);
    for (unsigned i = 0; i < LK_SLOT_COUNT; i++) {
        if (i != SLOT_PROXY_REPLY) {
            sys_at("slot %u", i);
            obj_get(thing[i], R_B);
            OK(lk_process_swap_slot(R_A, i, R_B, R_C));
            EQ(reg_type(R_C), LK_TYPE_NULL);
            OK(lk_process_get_slot(R_A, i, R_C));
            CHECK(reg_same(R_B, R_C));
            OK(lk_process_swap_slot(R_A, i, 0, R_C));
            CHECK(reg_same(R_B, R_C));
        }
    }
}

CASE(label, .text = "the label is shown as it was set")
{
    uint64_t low = 0, high = 0;

    obj_get(obj_new(LK_TYPE_PROCESS), R_A);
    OK(lk_process_set_label(R_A, 0x1122334455667788, 0x99));
    OK(lk_process_get_label(R_A, &low, &high));
    EQ(low, 0x1122334455667788);
    EQ(high, 0x99);
}

CASE(waits_shown, .text = "getWait says what a process waits for, and for whom")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    uint64_t kind = 9, id = 0, low = 0, high = 0;

    obj_get(q, R_A);
    OK(lk_process_set_label(R_A, 0x746567726174, 0)); /* "target" */
    proc_cap(p, REG_TARGET, entry_new(endpoint_new(q, 1234, false), 0));
    proc_reply_endpoint(p, 55);
    obj_get(p, R_B);
    EQ(proc_wait_kind(p), LK_WAIT_NONE);
    raw_do(p, LK_CTL_CALL(REG_TARGET, 1));
    OK(lk_process_get_wait(R_B, &kind, &id, &low, &high, NULL, NULL));
    EQ(kind, LK_WAIT_SENDING);
    EQ(id, 1234);
    EQ(low, 0x746567726174);
    raw_do(q, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    OK(lk_process_get_wait(R_B, &kind, &id, &low, &high, NULL, NULL));
    EQ(kind, LK_WAIT_CLOSED);
    EQ(id, 55);
    EQ(low, 0x746567726174); /* whose answer it waits for */
    raw_do(p, LK_RECV);
    EQ(proc_wait_kind(p), LK_WAIT_OPEN);
    {
        struct lk_regs r = raw_regs(LK_RECV | LK_CLOSED);

        r.r8 = LK_NOTICE_ID;
        raw_go(p, &r);
    }
    EQ(proc_wait_kind(p), LK_WAIT_NOTICE);
    raw_do(p, LK_YIELD); /* stands in a breakpoint whose message waits at the parking place */
    OK(lk_process_get_wait(R_B, &kind, &id, &low, &high, NULL, NULL));
    EQ(kind, LK_WAIT_FAULT_SEND);
    EQ(low, 0x676e696b726170);
}

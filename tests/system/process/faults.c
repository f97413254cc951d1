/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every fault, with its exact code, information and instruction pointer.
 */
#include "../lib/sys.h"
#include "snippets.h"

#define STACK_BYTES 256

static uint8_t stack[STACK_BYTES] __attribute__((aligned(16)));

/* Let `p` execute the instructions, rdi as given. */
static struct pstate run(obj p, const char *code, uint64_t rdi)
{
    struct lk_regs r = raw_regs(0);

    r.rip = (uint64_t)code;
    r.rdi = rdi;
    r.rsp = (uint64_t)(stack + STACK_BYTES);
    raw_go(p, &r);
    return proc_state(p);
}

static void expect(obj p, const char *code, uint64_t rdi, uint64_t fault, uint64_t info,
                   unsigned length)
{
    struct pstate s = run(p, code, rdi);

    EQ(s.run_state, LK_STATE_FAULTED);
    EQ(s.fault, fault);
    EQ(s.info, info);
    EQ(s.r.rip, (uint64_t)code + length);
}

CASE(instructions,
     .text = "every instruction that a process may not execute is its fault, with the right code")
{
    static const struct {
        const char *name, *code;
        uint64_t fault, info;
        unsigned length; /* what of the instruction counts as executed */
    } table[] = {
        { "divide", do_divide, FAULT_DIVIDE, 0, 0 },
        { "breakpoint", do_breakpoint, FAULT_BREAKPOINT, 0, 1 },
        { "int 3", do_breakpoint_long, FAULT_BREAKPOINT, 0, 2 },
        { "int 4", do_overflow, FAULT_OVERFLOW, 0, 2 },
        { "ud2", do_invalid, FAULT_INVALID_OPCODE, 0, 0 },
        { "lock nop", do_lock_invalid, FAULT_INVALID_OPCODE, 0, 0 },
        { "vzeroupper", do_avx, FAULT_INVALID_OPCODE, 0, 0 },
        { "rdfsbase", do_rdfsbase, FAULT_INVALID_OPCODE, 0, 0 },
        { "wrgsbase", do_wrgsbase, FAULT_INVALID_OPCODE, 0, 0 },
        { "hlt", do_hlt, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "cli", do_cli, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "sti", do_sti, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "in", do_in, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "out", do_out, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "rdmsr", do_rdmsr, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "wrmsr", do_wrmsr, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "write cr0", do_write_cr0, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "read cr3", do_read_cr3, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "lgdt", do_lgdt, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "invlpg", do_invlpg, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "swapgs", do_swapgs, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "sysret", do_sysret, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "clts", do_clts, FAULT_GENERAL_PROTECTION, 0, 0 },
        { "kernel selector", do_bad_selector, FAULT_GENERAL_PROTECTION, 8, 5 },
        { "selector beyond the table", do_far_selector, FAULT_GENERAL_PROTECTION, 0xfff8, 5 },
    };
    obj p = proc_new(PRIO_HIGH);

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        sys_at("%s", table[i].name);
        expect(p, table[i].code, 0, table[i].fault, table[i].info, table[i].length);
    }
}

CASE(other_entries,
     .text = "the other ways to make a system call that the processor has lead nowhere")
{
    static const char *const interrupts[] = { do_int_80, do_int_14, do_int_timer };
    obj p = proc_new(PRIO_HIGH);
    struct pstate s = run(p, do_sysenter, 0);

    CHECK(s.fault == FAULT_GENERAL_PROTECTION || s.fault == FAULT_INVALID_OPCODE); /* by maker */
    EQ(s.r.rip, (uint64_t)do_sysenter);
    for (unsigned i = 0; i < 3; i++) {
        s = run(p, interrupts[i], 0);
        EQ(s.fault,
           FAULT_GENERAL_PROTECTION); /* what the information is differs between machines */
        EQ(s.r.rip, (uint64_t)interrupts[i]);
    }
}

CASE(registers_kept, .text = "a fault leaves every register as it was")
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs r = canary_regs(0x1234, 3);
    struct lk_regs shown;

    r.rip = (uint64_t)do_invalid;
    raw_go(p, &r);
    shown = proc_state(p).r;
    EQ(memcmp(&r, &shown, sizeof(r)), 0);
}

CASE(memory,
     .text = "accesses to memory that is not there, or not for this, fault with the address")
{
    obj p = proc_new(PRIO_HIGH);
    uint64_t text = (uint64_t)do_nothing;
    uint64_t data = (uint64_t)stack;

    expect(p, do_read, WINDOW_VA + 5, FAULT_INVALID_ADDR, WINDOW_VA + 5, 0);
    expect(p, do_write, WINDOW_VA + 5, FAULT_INVALID_ADDR, WINDOW_VA + 5, 0);
    expect(p, do_rmw, WINDOW_VA + 5, FAULT_INVALID_ADDR, WINDOW_VA + 5, 0);
    expect(p, do_read, 0, FAULT_INVALID_ADDR, 0, 0); /* page 0 */
    expect(p, do_read, 0xfff, FAULT_INVALID_ADDR, 0xfff, 0);
    expect(p, do_write, 0x10, FAULT_INVALID_ADDR, 0x10, 0);
    expect(p, do_write, text, FAULT_ACCESS_VIOLATION, text, 0);
    expect(p, do_rmw, text, FAULT_ACCESS_VIOLATION, text, 0);
    expect(p, do_read, text, FAULT_BREAKPOINT, 0, 3);
    EQ(run(p, do_jump, data).fault, FAULT_NO_EXEC);
    EQ(proc_state(p).info, data);
    EQ(proc_state(p).r.rip, data);
    EQ(run(p, do_jump, WINDOW_VA).fault, FAULT_INVALID_ADDR);
    EQ(proc_state(p).info, WINDOW_VA);
    EQ(run(p, do_jump, 0).fault, FAULT_INVALID_ADDR);
    EQ(run(p, do_jump, LK_USER_END - 1).fault, FAULT_INVALID_ADDR);
}

CASE(kernel_addresses, .text = "kernel addresses are not there, and addresses that are none are a "
                               "general protection fault")
{
    static const uint64_t kernel[] = {
        0xffff800000000000, 0xffff800000100000, 0xffffffff80000000,
        0xffffffff80100000, 0xfffffffffffff000,
    };
    static const uint64_t none[] = { 0x800000000000, 0x8000000000000000, 0xffff7fffffffffff,
                                     0x1000000000000, 0xfafa1f407aa99d29 };
    obj p = proc_new(PRIO_HIGH);

    for (unsigned i = 0; i < 5; i++) {
        sys_at("address %lx", kernel[i]);
        expect(p, do_read, kernel[i], FAULT_INVALID_ADDR, kernel[i], 0);
        expect(p, do_write, kernel[i], FAULT_INVALID_ADDR, kernel[i], 0);
        EQ(run(p, do_jump, kernel[i]).fault, FAULT_INVALID_ADDR);
    }
    for (unsigned i = 0; i < 5; i++) {
        sys_at("address %lx", none[i]);
        expect(p, do_read, none[i], FAULT_GENERAL_PROTECTION, 0, 0);
        EQ(run(p, do_jump, none[i]).fault, FAULT_GENERAL_PROTECTION);
        /* Where the target of a jump is loaded before it is looked at, the process now goes on at
         * an address that is none: its own fault again, not the kernel's. */
        obj_get(p, R_T0);
        OK(lk_process_resume(R_T0, 1));
        EQ(proc_state(p).fault, FAULT_GENERAL_PROTECTION);
    }
}

CASE(stack,
     .text = "a stack that is not there is a fault of the process, whatever the stack pointer")
{
    static const uint64_t stacks[] = { 8, 0x1000, WINDOW_VA + 0x100, LK_USER_END - 8 };
    obj p = proc_new(PRIO_HIGH);

    for (unsigned i = 0; i < 4; i++) {
        struct lk_regs r = raw_regs(0);

        sys_at("stack pointer %lx", stacks[i]);
        r.rip = (uint64_t)do_push;
        r.rsp = stacks[i];
        raw_go(p, &r);
        EQ(proc_state(p).fault, FAULT_INVALID_ADDR);
        EQ(proc_state(p).info, stacks[i] - 8);
        EQ(proc_state(p).r.rsp, stacks[i]);
        r = raw_regs(LK_YIELD); /* a system call needs no stack */
        r.rsp = stacks[i];
        raw_go(p, &r);
        EQ(raw_result(p).rsp, stacks[i]);
    }
}

CASE(capability_page, .text = "a capability page in the address space is no data")
{
    obj p = proc_new(PRIO_HIGH);

    obj_get(obj_new(LK_TYPE_CAPPAGE), R_A);
    map_reg(own_space(), WINDOW_VA, R_A);
    expect(p, do_read, WINDOW_VA + 8, FAULT_DATA_TYPE, WINDOW_VA + 8, 0);
    expect(p, do_write, WINDOW_VA + 8, FAULT_DATA_TYPE, WINDOW_VA + 8, 0);
    EQ(run(p, do_jump, WINDOW_VA).fault, FAULT_DATA_TYPE);
}

CASE(floating_point, .text = "x87 errors that a process unmasked are its faults")
{
    static const uint16_t control = 0x0340;
    obj p = proc_new(PRIO_HIGH);

    EQ(run(p, do_x87, (uint64_t)&control).fault, FAULT_FLOATING_POINT);
}

CASE(sse, .text = "so are SSE errors")
{
    static const uint32_t mxcsr = 0x0000;
    obj p = proc_new(PRIO_HIGH);
    struct pstate s = run(p, do_sse, (uint64_t)&mxcsr);

    if (s.fault == FAULT_INVALID_OPCODE && s.r.rip > (uint64_t)do_sse) {
        sys_skip("this machine raises no SSE exceptions");
    }
    EQ(s.fault, FAULT_SIMD);
}

CASE(flags, .text = "a process cannot switch interrupts off or raise its I/O privilege")
{
    obj p = proc_new(PRIO_HIGH);
    struct pstate s = run(p, do_privileged_flags, 0);

    EQ(s.fault, FAULT_BREAKPOINT);
    EQ(s.r.rax & 0x3200, 0x200);
}

CASE(
    last_instruction,
    .text = "a system call in the last two bytes of user memory ends in a fault, not in the kernel")
{
    obj space = space_new();
    obj p = proc_new_in(space, PRIO_HIGH);
    struct lk_regs r = raw_regs(LK_YIELD);
    obj page = page_new();
    struct pstate s;
    uintptr_t at = WINDOW_VA + PAGE - 2;

    map_page(own_space(), WINDOW_VA, page, 0);
    __asm__("" : "+r"(at));
    memcpy((void *)at, do_syscall_only, 2);
    obj_get(space, R_A);
    obj_get(gpt_new(12), R_B);
    obj_get(page, R_C);
    OK(lk_memory_set_guard(R_B, (1ull << (43 - 16)) - 1, 16, R_B));
    OK(lk_gpt_swap_slot(R_B, 14, R_C, 0));
    OK(lk_gpt_swap_slot(R_B, 15, R_C, 0)); /* where nothing is mapped, whatever stands there */
    OK(lk_gpt_swap_slot(R_A, 15, R_B, 0));
    r.rip = LK_USER_END - 2;
    raw_go(p, &r);
    s = proc_state(p);
    EQ(s.run_state, LK_STATE_FAULTED);
    EQ(s.fault, FAULT_INVALID_ADDR);
    EQ(s.info, LK_USER_END);
    EQ(s.r.rip, LK_USER_END);
    EQ(s.r.rdi, STATUS_OK);       /* the system call itself was made */
    r.rax = LK_SEND | 1ull << 63; /* and one that faults is a fault at its place */
    raw_go(p, &r);
    EQ(proc_state(p).fault, FAULT_MALFORMED_SYSCALL);
    EQ(proc_state(p).r.rip, LK_USER_END - 2);
    r.rax = LK_RECV;
    raw_go(p, &r);
    EQ(proc_state(p).run_state, LK_STATE_RECEIVING);
    EQ(kernel_check(), 0);
}

CASE(no_space, .text = "a process without an address space faults at its first instruction")
{
    obj p = proc_new(PRIO_HIGH);

    proc_slot(p, SLOT_ADDR_SPACE, NO_OBJ);
    expect(p, do_nothing, 0, FAULT_INVALID_ADDR, (uint64_t)do_nothing, 0);
}

CASE(page_as_space,
     .text = "a single page is an address space too: too small to hold page 0 and anything else")
{
    obj p = proc_new(PRIO_HIGH);
    obj page = page_new();

    proc_slot(p, SLOT_ADDR_SPACE, page);
    expect(p, do_nothing, 0, FAULT_INVALID_ADDR, (uint64_t)do_nothing, 0);
    obj_get(page, R_A); /* by a guard it can lie where the code is */
    OK(lk_memory_set_guard(R_A, (uint64_t)do_nothing >> 12, 12, R_A));
    obj_get(p, R_B);
    OK(lk_process_swap_slot(R_B, SLOT_ADDR_SPACE, R_A, 0));
    map_page(own_space(), WINDOW_VA, page, 0);
    {
        uintptr_t at = WINDOW_VA + (uint64_t)do_nothing % PAGE;

        __asm__("" : "+r"(at));
        *(volatile uint8_t *)at = 0xcc;
    }
    expect(p, do_nothing, 0, FAULT_BREAKPOINT, 0, 1);
    EQ(kernel_check(), 0);
}

CASE(case_breakpoint, .text = "a fault that a whole case ends with is seen",
     .fault = FAULT_BREAKPOINT)
{
    __asm__ volatile("int3");
}

CASE(case_memory, .text = "so is its address", .fault = FAULT_INVALID_ADDR, .has_info = true,
     .info = WINDOW_VA + 0x123)
{
    uintptr_t at = WINDOW_VA + 0x123;

    __asm__("" : "+r"(at));
    *(volatile uint8_t *)at = 0;
}

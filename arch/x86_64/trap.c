/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an exception or interrupt means. entry.S saved the registers; here it is decided which of
 * the kernel's entries is called. Exceptions of the kernel itself are bugs and end in a panic.
 */
#include <abi/gen.h>
#include <arch/paging.h>
#include <arch/port.h>
#include <arch/trap.h>
#include <arch/x86.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/space.h>

/* Bits of a page fault's error code. */
#define PF_WRITE (1u << 1)
#define PF_RESERVED (1u << 3)
#define PF_EXEC (1u << 4)

/* What an exception is called when it ends in a panic; and, of those that are simply a fault of the
 * process, with the error code as its info, which fault. Every exception that has a gate in entry.S
 * is here. */
static const struct {
    const char *name;
    enum fault_code fault;
} exceptions[VECTOR_PIC] = {
    [EXC_DE] = { "divide error", FAULT_DIVIDE },
    [EXC_DB] = { "debug exception", FAULT_SINGLE_STEP },
    [EXC_NMI] = { "NMI: the hardware has failed, or someone wants this report", FAULT_NONE },
    [EXC_BP] = { "breakpoint", FAULT_BREAKPOINT },
    [EXC_OF] = { "overflow", FAULT_OVERFLOW },
    [EXC_BR] = { "bound range exceeded", FAULT_BOUND },
    [EXC_UD] = { "invalid instruction", FAULT_INVALID_OPCODE },
    [EXC_NM] = { "FPU used", FAULT_NONE },
    [EXC_DF] = { "double fault", FAULT_NONE },
    [EXC_TS] = { "invalid task segment", FAULT_GENERAL_PROTECTION },
    [EXC_NP] = { "segment not present", FAULT_GENERAL_PROTECTION },
    [EXC_SS] = { "stack segment fault", FAULT_GENERAL_PROTECTION },
    [EXC_GP] = { "general protection", FAULT_GENERAL_PROTECTION }, /* also `int n` */
    [EXC_PF] = { "page fault", FAULT_NONE },
    [EXC_MF] = { "x87 error", FAULT_FLOATING_POINT },
    [EXC_AC] = { "alignment check", FAULT_ALIGNMENT }, /* its error code is always 0 */
    [EXC_MC] = { "machine check: the hardware has failed", FAULT_NONE },
    [EXC_XM] = { "SSE error", FAULT_SIMD },
};

const struct trap_frame *trap_dying;

void trap_syscall_stepped(void);

/* Go on where the interrupt came, as if nothing had been. */
static NORETURN void go_on(void)
{
    struct process *p = arch_cpu()->current;

    if (p == NULL) {
        arch_idle();
    }
    arch_resume(p);
}

/* An interrupt from a device, the timer, or nobody. */
static NORETURN void interrupt(uint64_t vector)
{
    if (vector >= VECTOR_LINE && vector < VECTOR_LINE + VECTOR_LINE_COUNT) {
        unsigned line = (unsigned)vector - VECTOR_LINE;

        if (apic_line_arrived(line)) {
            kernel_interrupt(line);
        }
    } else if (vector == VECTOR_TIMER) {
        apic_eoi();
        if (clock_timer_fired()) {
            kernel_timer();
        }
    } else if (vector == VECTOR_APIC_ERROR) {
        apic_eoi();
        log_limited(LOG_WARN, "the local APIC reports an error");
    } /* else the old interrupt controllers, or spurious: nothing to acknowledge */
    go_on();
}

/* What was tried, of ACCESS_..., from a page fault's error code. */
static unsigned access_of(uint64_t error)
{
    return error & PF_EXEC ? ACCESS_EXEC : error & PF_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

void trap_from_user(uint64_t vector, uint64_t error)
{
    struct process *p = arch_cpu()->current;
    enum fault_code fault;

    if (cpu_features.smap) {
        x86_clac(); /* the user's AC flag would switch SMAP off */
    }
    if (p->s.flags & PROC_SINGLE_STEP) {
        p->regs.rflags &= ~(uint64_t)RFLAGS_TF; /* it was set on the way out */
    }
    if (vector >= VECTOR_PIC) {
        interrupt(vector);
    }
    if (vector == EXC_PF) {
        uva_t address = x86_read_cr2();

        if (error & PF_RESERVED) {
            BUG("a reserved bit is set in the page tables for address %lx", address);
        }
        kernel_memory_fault(address, access_of(error));
    }
    fault = exceptions[vector].fault;
    if (unlikely(fault == FAULT_NONE)) {
        ASSERT(vector == EXC_NM);
        fpu_first_use();
        go_on();
    }
    if (vector == EXC_DB) {
        x86_write_dr6(DR6_CLEAR);
    }
    kernel_fault(fault, error);
}

/* The next step is by iret, and does not end here. */
void trap_syscall_stepped(void)
{
    struct process *p = arch_cpu()->current;

    p->s.flags |= PROC_IRET;
    p->regs.rflags &= ~(uint64_t)RFLAGS_TF;
    p->regs.rcx = p->regs.rip; /* as `syscall` leaves them: the fast path saves neither */
    p->regs.r11 = p->regs.rflags;
    kernel_fault(FAULT_SINGLE_STEP, 0);
}

void trap_from_kernel(const struct trap_frame *frame)
{
    static const char *const access_name[] = {
        [ACCESS_READ] = "read", [ACCESS_WRITE] = "write", [ACCESS_EXEC] = "execution"
    };

    if (frame->vector >= VECTOR_PIC && arch_cpu()->current == NULL) {
        interrupt(frame->vector); /* idle: the stack held nothing but the frame */
    }
    trap_dying = frame;
    if (frame->vector >= VECTOR_PIC) {
        BUG("interrupt %lu in the kernel, which runs with interrupts off", frame->vector);
    }
    if (frame->vector == EXC_PF) {
        uint64_t address = x86_read_cr2();

        BUG("kernel page fault: %s of address %lx (%s)", access_name[access_of(frame->error)],
            address,
            address < LK_USER_END ? "user memory, which the kernel never touches"
                                  : "kernel memory");
    }
    BUG("kernel exception: %s, error code %lx", exceptions[frame->vector].name, frame->error);
}

void trap_dire(const struct trap_frame *frame)
{
    static const char *const stack_name[STACKS_PER_CPU] = { "kernel", "double fault", "NMI",
                                                            "machine check" }; /* by STACK_... */
    const struct guarded_stack *stack = stack_at(x86_read_cr2());

    if (frame->vector == EXC_DB && frame->rip == (uint64_t)entry_syscall) {
        /* What there is to say of a stepped `syscall` is said on its way out. */
        x86_write_dr6(DR6_CLEAR);
        return;
    }
    trap_dying = frame;
    if (frame->vector == EXC_DF && stack != NULL) {
        BUG("%s stack overflow", stack_name[(stack - kernel_stacks) % STACKS_PER_CPU]);
    }
    BUG("%s", exceptions[frame->vector].name);
}

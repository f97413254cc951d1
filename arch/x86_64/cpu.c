/* SPDX-License-Identifier: BSD-2-Clause
 *
 * This CPU: its data, what it has, the control registers, and what user level may have in its
 * registers.
 *
 * Nothing is used that CPUID does not name. Left out on purpose: FSGSBASE (the FS base is set
 * through the kernel, user GS base is 0), x2APIC (the local APIC does without it), XSAVE (so AVX is
 * an invalid instruction, and the FPU state is the 512 bytes of FXSAVE), PKU, CET, performance
 * counters in user mode. rdtsc is allowed in user mode.
 */
#include <arch/mmu.h>
#include <arch/paging.h>
#include <arch/port.h>
#include <arch/trap.h>
#include <arch/x86.h>
#include <kernel/cpu.h>
#include <kernel/panic.h>
#include <kernel/process.h>

#define SYSCALL_BYTES 2 /* length of the instruction */

#define LEAF_FEATURES 1u
#define LEAF_MORE_FEATURES 7u
#define LEAF_EXTENDED_FEATURES 0x80000001u

struct cpu_features cpu_features;
static uint64_t cr4_features = CR4_PAE | CR4_PGE | CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT;

void cpu_data_init(void)
{
    struct cpu *cpu = &cpu_table[0];

    cpu->self = cpu;
    cpu->kernel_stack = stack_top(0, STACK_KERNEL);
    cpu->loaded_root = x86_read_cr3();
    x86_wrmsr(MSR_GS_BASE, (uint64_t)cpu);
    x86_wrmsr(MSR_KERNEL_GS_BASE, 0); /* the user's, while the kernel runs */
    x86_wrmsr(MSR_FS_BASE, 0);
}

static bool bit(uint32_t word, unsigned n)
{
    return (word >> n & 1) != 0;
}

static void need(bool there, const char *what)
{
    if (!there) {
        BUG("this CPU has no %s, and the kernel needs it", what);
    }
}

void cpu_features_init(void)
{
    struct cpuid one = x86_cpuid(LEAF_FEATURES, 0);
    struct cpuid extended = x86_cpuid(LEAF_EXTENDED_FEATURES, 0); /* there: boot.S has looked */

    need(bit(one.edx, 4), "time-stamp counter");
    need(bit(one.edx, 9), "local APIC");
    need(bit(one.edx, 24) && bit(one.edx, 25) && bit(one.edx, 26), "FXSAVE and SSE2");
    need(bit(extended.edx, 11), "syscall instruction");

    cr4_features |= bit(one.edx, 7) ? CR4_MCE : 0;
    cpu_features.tsc_deadline = bit(one.ecx, 24);
    cpu_features.hypervisor = bit(one.ecx, 31);
    cpu_features.rdtscp = bit(extended.edx, 27);
    if (x86_cpuid(0, 0).eax >= LEAF_MORE_FEATURES) {
        struct cpuid more = x86_cpuid(LEAF_MORE_FEATURES, 0);

        cr4_features |= bit(more.ebx, 7) ? CR4_SMEP : 0;
        cpu_features.smap = bit(more.ebx, 20);
        cr4_features |= cpu_features.smap ? CR4_SMAP : 0;
        cr4_features |= bit(more.ecx, 2) ? CR4_UMIP : 0;
        mmu_tagged = bit(one.ecx, 17) && bit(more.ebx, 10); /* PCID and INVPCID */
        /* The kernel's root will be loaded, whose tag is 0. */
        cr4_features |= mmu_tagged ? CR4_PCIDE : 0;
    }
}

void cpu_control_init(void)
{
    x86_write_cr4(cr4_features);
    if (mmu_tagged) {
        log_line(LOG_INFO, "mmu: PCID is on");
    }
    /* AM: user level may ask for alignment checks with its AC flag. */
    x86_write_cr0((x86_read_cr0() & ~CR0_EM) | CR0_WP | CR0_NE | CR0_MP | CR0_AM);
    x86_write_dr7(DR7_CLEAR);

    x86_wrmsr(MSR_EFER, x86_rdmsr(MSR_EFER) | EFER_SCE);
    x86_wrmsr(MSR_STAR, (uint64_t)SEL_SYSRET_BASE << 48 | (uint64_t)SEL_KERNEL_CODE << 32);
    x86_wrmsr(MSR_LSTAR, (uint64_t)entry_syscall);
    x86_wrmsr(MSR_CSTAR, (uint64_t)entry_syscall); /* never used: there is no 32-bit code segment */
    x86_wrmsr(MSR_SFMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC);
    x86_wrmsr(MSR_SYSENTER_CS, 0); /* sysenter: general protection */
    if (cpu_features.rdtscp) {
        x86_wrmsr(MSR_TSC_AUX, 0);
    }
}

/* One CPU runs, so it is this one, and it is in the kernel. */
void arch_stop_cpu(unsigned cpu)
{
    ASSERT(cpu == cpu_self()->id);
}

void arch_process_init(struct process *p)
{
    p->regs = (struct lk_regs){ .rflags = RFLAGS_ONE | RFLAGS_IF };
    p->s.flags |= PROC_IRET; /* so that rcx and r11 are what they seem */
}

bool arch_regs_acceptable(const struct lk_regs *r)
{
    return r->rip < LK_USER_END && r->rsp < LK_USER_END && r->fs_base < LK_USER_END;
}

/* The trap flag belongs to PROC_SINGLE_STEP, the I/O privilege and the interrupt flag to the
 * kernel. */
uint64_t arch_flags_sanitise(uint64_t rflags)
{
    const uint64_t user =
        RFLAGS_ARITHMETIC | RFLAGS_DF | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC | RFLAGS_ID;

    return (rflags & user) | RFLAGS_ONE | RFLAGS_IF;
}

/* By iret: a trap flag given back by sysret would strike before the instruction, and for ever. */
void arch_syscall_rewind(struct process *p)
{
    p->regs.rip -= SYSCALL_BYTES;
    p->s.flags |= PROC_IRET;
}

void arch_set_fs_base(struct process *p, uint64_t base)
{
    p->regs.fs_base = base;
    p->context = (p->context & CONTEXT_FPU) | base;
    if (cpu_self()->resumed == p) {
        cpu_self()->resumed = NULL; /* arch_resume() looks again */
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The instructions that C has no words for, each behind a function, and the numbers that go with
 * them.
 */
#pragma once

#include <kernel/types.h>

#define CR0_MP (1ull << 1)
#define CR0_EM (1ull << 2)
#define CR0_TS (1ull << 3)
#define CR0_NE (1ull << 5)
#define CR0_WP (1ull << 16)
#define CR0_AM (1ull << 18)

#define CR4_DE (1ull << 3)
#define CR4_PAE (1ull << 5)
#define CR4_MCE (1ull << 6)
#define CR4_PGE (1ull << 7)
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP (1ull << 11)
#define CR4_PCIDE (1ull << 17)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)

#define MSR_APIC_BASE 0x1bu
#define MSR_SYSENTER_CS 0x174u
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_SFMASK 0xc0000084u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX 0xc0000103u

#define EFER_SCE (1ull << 0)

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;

    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

static inline uint64_t x86_rdmsr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void x86_wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* x86_read_cr0(), x86_write_cr0(), and so on. */
#define CONTROL_REGISTER(name)                                                                     \
    static inline uint64_t x86_read_##name(void)                                                   \
    {                                                                                              \
        uint64_t v;                                                                                \
                                                                                                   \
        __asm__ volatile("movq %%" #name ", %0" : "=r"(v));                                        \
        return v;                                                                                  \
    }                                                                                              \
    static inline void x86_write_##name(uint64_t v)                                                \
    {                                                                                              \
        __asm__ volatile("movq %0, %%" #name : : "r"(v) : "memory");                               \
    }
CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
/* Why a debug exception came: the processor sets its bits, never clears them. */
CONTROL_REGISTER(dr6)
CONTROL_REGISTER(dr7) /* which breakpoint registers are in use */

#define DR6_CLEAR 0xffff0ff0ull
#define DR7_CLEAR 0x400ull

/* Instructions without operands: x86_pause(), and so on. */
#define INSTRUCTION(name)                                                                          \
    static inline void x86_##name(void)                                                            \
    {                                                                                              \
        __asm__ volatile(#name : : : "memory");                                                    \
    }
INSTRUCTION(clac) /* clear the AC flag, so that SMAP protects; only where the CPU has SMAP */
INSTRUCTION(clts)
INSTRUCTION(fninit)
INSTRUCTION(pause)

/* Stop this CPU for good. */
static inline NORETURN void x86_stop(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

/* Pointers to descriptor tables, as the instructions want them. */
struct table_pointer {
    uint16_t limit;
    uint64_t base;
} PACKED;

static inline void x86_lidt(const struct table_pointer *p)
{
    __asm__ volatile("lidt %0" : : "m"(*p) : "memory");
}

/* Load a table of segments, Null into the data segments but SS, no table of a process's own, and
 * the task state segment that `tss` names. */
static inline void x86_load_segments(const struct table_pointer *gdt, uint16_t tss)
{
    __asm__ volatile("lgdt %0\n\t"
                     "movl %1, %%ds\n\t"
                     "movl %1, %%es\n\t"
                     "movl %1, %%fs\n\t"
                     "movl %1, %%gs\n\t"
                     "lldt %w1\n\t"
                     "ltr %w2"
                     :
                     : "m"(*gdt), "r"(0), "r"(tss)
                     : "memory");
}

/* The FPU. CR0.TS must be clear, `image` is aligned to 16 bytes. */
static inline void x86_fxsave(void *image)
{
    __asm__ volatile("fxsave64 %0" : "=m"(*(uint8_t(*)[512])image));
}

/* Some processors neither save nor load the address of the last x87 instruction and operand unless
 * an error is pending; an instruction of our own puts known values there first, so that no other
 * process's are seen. */
static inline void x86_fxrstor(const void *image)
{
    static const int32_t zero;

    __asm__ volatile("fnclex\n\t"
                     "emms\n\t"
                     "fildl %1\n\t"
                     "fxrstor64 %0"
                     :
                     : "m"(*(const uint8_t(*)[512])image), "m"(zero));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel asks of a port. <arch/...> supplies exactly these names; arch/x86_64 is the
 * machine, arch/host the build machine, on which the unit tests run. The kernel runs with
 * interrupts off throughout; they are taken in user mode and in arch_idle() only.
 */
#pragma once

#include <kernel/types.h>

struct process;
struct lk_regs;

#include <arch/arch_inline.h>
/* <arch/arch_inline.h> defines, inline:
 *
 *   void *arch_kva(kpa_t)            address at which the kernel sees physical memory (the direct
 * map) kpa_t arch_kpa(const void *)     and back; only for addresses from arch_kva struct cpu
 * *arch_cpu(void)       data of this CPU uint64_t arch_cycles(void)       a free-running count, the
 * same that the clock is made of void arch_copy_words(void *to, const void *from, size_t n)   n
 * words of 8 bytes, upwards void arch_fill_words(void *to, uint64_t word, size_t n) uint64_t
 * arch_in(uint16_t port, unsigned width)             width 1, 2 or 4 void arch_out(uint16_t port,
 * unsigned width, uint32_t value)
 */

/* --- going back to user level. All of these leave the kernel stack behind. --- */

/* Run `p` on this CPU: load address space, FS base, FPU state (if it uses one) and registers.
 * cpu->current is `p`. */
NORETURN void arch_resume(struct process *p);
/* Nothing to run (cpu->current is NULL): wait for an interrupt, which enters the kernel through
 * kernel_interrupt() or kernel_timer() and from there goes to sched_exit() like any other. */
NORETURN void arch_idle(void);
/* Reset the stack and call. */
NORETURN void arch_on_fresh_stack(void (*fn)(void));

/* --- registers --- */

/* Initial registers of a new process, all clear but what the machine wants set in the flags. */
void arch_process_init(struct process *p);
/* Are these values that user level may have in rip, rsp, FS base? And the flags register, made
 * harmless. */
bool arch_regs_acceptable(const struct lk_regs *r);
uint64_t arch_flags_sanitise(uint64_t rflags);
/* Make the process execute its `syscall` instruction again, or take that back: rip -+ 2. */
void arch_syscall_rewind(struct process *p);
/* If the FPU of this or another CPU holds state of `p`, save it to p->fpu (or, for a process that
 * ends, drop it). */
void arch_fpu_save(struct process *p);
void arch_fpu_drop(struct process *p);
/* The initial FXSAVE image; and make one given by a user safe to load. */
void arch_fpu_initial(uint8_t image[512]);
void arch_fpu_sanitise(uint8_t image[512]);
/* EFFECT. The FS base of `p`, which may be the one that runs. A user address. */
void arch_set_fs_base(struct process *p, uint64_t base);

/* --- P10: make `cpu` leave user level and save its registers; trivial while one CPU runs. --- */
void arch_stop_cpu(unsigned cpu);

/* --- clock and interrupts --- */
nsec_t arch_now(void); /* nanoseconds since boot */
uint64_t arch_cycles_to_ns(uint64_t cycles);
/* One shot, this CPU; in the past: at once; UINT64_MAX: off. Calls kernel_timer(). */
void arch_timer_arm(nsec_t at);
#define ARCH_IRQ_LINES 24
/* What the entry of a page of device memory at an address begins with, if it is device frame `n`;
 * 0: none is there, or it is of one of the kernel's own devices. */
uint64_t arch_device_leaf(kpa_t pa, pfn_t n);
bool arch_irq_usable(unsigned line); /* exists and is not the kernel's own */
void arch_irq_mask(unsigned line);
void arch_irq_unmask(unsigned line);

/* --- the machine --- */
void arch_console_write(const char *text, size_t n); /* polled, for the log and for panic */
NORETURN void arch_exit(unsigned status);            /* 0 pass, others fail; ends QEMU, or halts */
#define EXIT_STATUS_PANIC 0x50u
#define EXIT_STATUS_BOOT 0x51u /* this machine will not do, or there is nothing to start */
NORETURN void arch_reboot(void);
/* Registers and back-trace of where we are, for panic. */
void arch_panic_dump(void);

/* --- hardware page tables: see <arch/mmu.h> --- */

/* --- what the port calls in the kernel. All are entries, with the registers of the interrupted
 * process saved in cpu->current->regs (if there is one), and do not return. --- */
NORETURN void kernel_syscall(void);
NORETURN void kernel_fault(unsigned fault_code, uint64_t info);    /* other than memory */
NORETURN void kernel_memory_fault(uva_t address, unsigned access); /* ACCESS_... of space.h */
NORETURN void kernel_interrupt(unsigned line);                     /* masked and acknowledged */
NORETURN void kernel_timer(void);
/* What a port may call before a system call of the current process `p` is an entry: it invokes
 * `cap`, by a call whose control word makes sense, for an operation in slot_operations; rdi and
 * rsi are saved, attention is none. If it can be done at once, it is, and what is left is to make
 * and use a reply capability: status OK, one capability that has arrived. False: nothing has
 * changed. */
struct cap;
bool kernel_slot_operation(struct process *p, uint64_t control, const struct cap *cap);
/* The same, by one that waits for the answer or openly, through a ProxyEntry, with words alone:
 * if the message can be delivered, and the CPU goes to the receiver, this returns that; its rax, r8
 * and r9 are there, and its words are those of `p`. NULL: nothing has changed. */
struct process *kernel_proxied(struct process *p, uint64_t control, const struct cap *entry);

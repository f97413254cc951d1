/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of the machine: registers and back-trace for a panic, exit, reboot.
 *
 * The back-trace follows frame pointers, which may be garbage by then: each must lie in the mapped
 * part of the kernel's stacks, be aligned, and be higher than the one before, so that the walk is
 * safe and ends.
 */
#include "boot/exit_codes.h"
#include <arch/paging.h>
#include <arch/port.h>
#include <arch/trap.h>
#include <arch/x86.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/symbols.h>

#define MAX_CALLS 32

/* One line of the back-trace; false where the address is not the kernel's code. */
static bool show_call(uint64_t address)
{
    uint64_t offset;
    const char *name = symbol_lookup(address, &offset);

    if (name == NULL) {
        return false;
    }
    log_raw("  %016lx %s+0x%lx\n", address, name, offset);
    return true;
}

static void back_trace(uint64_t frame_pointer)
{
    uint64_t before = 0;

    for (unsigned i = 0; i < MAX_CALLS; i++) {
        const uint64_t *frame = (const uint64_t *)frame_pointer;
        const struct guarded_stack *s = stack_at(frame_pointer);

        if (frame_pointer % 8 != 0 || frame_pointer <= before || s == NULL ||
            frame_pointer < (uint64_t)s->stack || frame_pointer > (uint64_t)(s + 1) - 16 ||
            !show_call(frame[1])) {
            return;
        }
        before = frame_pointer;
        frame_pointer = frame[0];
    }
    log_raw("  ...\n");
}

static void show_frame(const struct trap_frame *f)
{
    log_raw("  rip %016lx  rsp %016lx  flags %016lx  cr2 %016lx\n", f->rip, f->rsp, f->rflags,
            x86_read_cr2());
    log_raw("  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
    log_raw("  rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
    log_raw("  r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
    log_raw("  r13 %016lx  r14 %016lx  r15 %016lx  cs %lx ss %lx\n", f->r13, f->r14, f->r15, f->cs,
            f->ss);
}

void arch_panic_dump(void)
{
    const struct trap_frame *f = trap_dying;

    log_raw("cpu %u, cr3 %lx, cr0 %lx\n", cpu_self()->id, x86_read_cr3(), x86_read_cr0());
    if (f != NULL) {
        log_raw("registers of the kernel, vector %lu, error code %lx:\n", f->vector, f->error);
        show_frame(f);
    }
    log_raw("back-trace:\n");
    if (f == NULL) {
        back_trace((uint64_t)__builtin_frame_address(0));
    } else if (f->cs == SEL_KERNEL_CODE) {
        show_call(f->rip);
        back_trace(f->rbp);
    } else {
        log_raw("  (in user mode)\n");
    }
}

void arch_exit(unsigned status)
{
    uint32_t code = status == 0                   ? EXIT_CODE_PASS
                    : status == EXIT_STATUS_PANIC ? EXIT_CODE_PANIC
                    : status == EXIT_STATUS_BOOT  ? EXIT_CODE_BOOT
                                                  : EXIT_CODE_FAIL;

    arch_out(EXIT_PORT, 4, code);
    /* Tell an emulator to switch the machine off. Hardware may have anything at these ports, so it
     * is not told. Switched off, QEMU calls everything a success: so only a success is. */
    if (status == 0 && cpu_features.hypervisor) {
        arch_out(0x604, 2, 0x2000);  /* QEMU */
        arch_out(0xb004, 2, 0x2000); /* older ones */
    }
    log_raw("halted\n");
    x86_stop();
}

void arch_reboot(void)
{
    static const struct table_pointer none;

    x86_lidt(&none);
    __asm__ volatile("int3"); /* no handler at all: triple fault */
    x86_stop();
}

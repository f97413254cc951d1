/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Panic: say what is known, the surest things first, and end the machine. What is looked at may be
 * broken, and looking at it may end here again: the second time only the reason is printed, the
 * third time nothing.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/trace.h>

#define PANIC_EVENTS 16

static void dump_process(const struct process *p)
{
    const struct lk_regs *r = &p->regs;
    char label[LABEL_TEXT];

    process_label(p, label);
    log_raw("current process: %s, oid %x, state %u, wait %u, holds %x, fault %u\n", label,
            object_oid(p), p->s.run_state, p->s.wait, p->s.holds, p->fault_code);
    log_raw("  rip %016lx  rsp %016lx  flags %016lx  fs %016lx\n", r->rip, r->rsp, r->rflags,
            r->fs_base);
    log_raw("  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", r->rax, r->rbx, r->rcx, r->rdx);
    log_raw("  rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n", r->rsi, r->rdi, r->rbp, r->r8);
    log_raw("  r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", r->r9, r->r10, r->r11, r->r12);
    log_raw("  r13 %016lx  r14 %016lx  r15 %016lx\n", r->r13, r->r14, r->r15);
}

void panic(const char *file, unsigned line, const char *format, ...)
{
    static unsigned depth;
    char text[256];
    va_list args;

    if (depth++ >= 2) {
        arch_exit(EXIT_STATUS_PANIC);
    }
    va_start(args, format);
    format_text(text, sizeof(text), format, args);
    va_end(args);
    log_raw("\n%s: %s:%u: %s\n", depth > 1 ? "panic within the panic" : "KERNEL PANIC", file, line,
            text);
    if (depth == 1) { /* all of this may lead to a second panic */
        log_take_back();
        arch_panic_dump();
        if (cpu_self()->current == NULL) {
            log_raw("current process: none\n");
        } else {
            dump_process(cpu_self()->current);
        }
        log_raw("last events:\n");
        trace_dump(PANIC_EVENTS);
    }
    arch_exit(EXIT_STATUS_PANIC);
}

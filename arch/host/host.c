/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel's port to the build machine, for unit tests: the contract of <kernel/arch.h> without a
 * machine. Ways out of the kernel jump back into host_enter(); the clock stands still; interrupts
 * never come by themselves.
 */
#include <arch/host.h>
#include <arch/mmu.h>
#include <kernel/check.h>
#include <kernel/cpu.h>
#include <kernel/symbols.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KERNEL_START 0x100000ull
#define KERNEL_END 0x200000ull
#define LOW_END 0xa0000ull
#define KERNEL_ROOT 0x101000ull /* a frame in the kernel's "image" */
#define FLAGS_FIXED 0x202ull    /* interrupts on, and the bit that always is */
#define FLAGS_USER 0xcd5ull     /* arithmetic and direction */
#define KERNEL_HALF_ENTRY 0x1003ull

struct cpu *const host_cpu = &cpu_table[0];
uint8_t *host_arena;
uint64_t host_clock;
uint32_t host_ports[65536];
struct process *host_resumed;
unsigned host_status;
bool host_quiet;
char host_console[4096];
nsec_t host_timer;
uint32_t host_irq_masked;

static size_t arena_bytes;
static jmp_buf way_out;
static bool inside;

void host_machine(size_t bytes, struct boot_info *boot)
{
    if (host_arena != NULL) {
        munmap(host_arena, arena_bytes);
    }
    host_arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (host_arena == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    arena_bytes = bytes;
    memset(&cpu_table[0], 0, sizeof(cpu_table[0]));
    cpu_table[0].self = &cpu_table[0];
    cpu_table[0].timer_armed = UINT64_MAX;
    host_clock = 0;
    host_timer = UINT64_MAX;
    host_irq_masked = UINT32_MAX;
    kernel_root = KERNEL_ROOT;
    for (unsigned i = MMU_ENTRIES / 2; i < MMU_ENTRIES; i++) {
        ((pte_t *)arch_kva(kernel_root))[i] = KERNEL_HALF_ENTRY; /* present, not the user's */
    }
    mmu_load_root(kernel_root);

    *boot = (struct boot_info){ .path = "host", .loader = "", .ranges = 2 };
    boot->range[0] = (struct boot_range){ 0, LOW_END };
    boot->range[1] = (struct boot_range){ KERNEL_START, bytes };
    boot->kernel_start = KERNEL_START;
    boot->kernel_end = KERNEL_END;
}

enum host_exit host_enter(void (*fn)(void *arg), void *arg)
{
    int how = setjmp(way_out);

    if (how == 0) {
        inside = true;
        fn(arg);
    }
    inside = false;
    return (enum host_exit)how;
}

NORETURN static void leave(enum host_exit how)
{
    if (!inside) {
        fprintf(stderr, "the kernel was left (%d) by a test that did not enter it\n", (int)how);
        abort();
    }
    longjmp(way_out, (int)how);
}

NORETURN void arch_resume(struct process *p)
{
    if (p->space_root != cpu_self()->loaded_root) {
        mmu_load_root(p->space_root);
    }
    host_resumed = p;
    leave(HOST_RESUMED);
}

NORETURN void arch_idle(void)
{
    leave(HOST_IDLE);
}

NORETURN void arch_on_fresh_stack(void (*fn)(void))
{
    fn();
    abort();
}

void arch_process_init(struct process *p)
{
    p->regs.rflags = FLAGS_FIXED;
}

bool arch_regs_acceptable(const struct lk_regs *r)
{
    return r->rip < LK_USER_END && r->rsp < LK_USER_END && r->fs_base < LK_USER_END;
}

uint64_t arch_flags_sanitise(uint64_t rflags)
{
    return (rflags & FLAGS_USER) | FLAGS_FIXED;
}

void arch_syscall_rewind(struct process *p)
{
    p->regs.rip -= 2;
}

void arch_fpu_save(struct process *p)
{
    (void)p;
}

void arch_fpu_drop(struct process *p)
{
    (void)p;
}

void arch_fpu_initial(uint8_t image[512])
{
    memset(image, 0, 512);
    image[0] = 0x7f; /* control word 0x37f, MXCSR 0x1f80: everything masked */
    image[1] = 0x03;
    image[24] = 0x80;
    image[25] = 0x1f;
}

void arch_fpu_sanitise(uint8_t image[512])
{
    image[26] = 0; /* no MXCSR bit above 15 exists */
    image[27] = 0;
}

void arch_set_fs_base(struct process *p, uint64_t base)
{
    p->regs.fs_base = base;
}

void arch_stop_cpu(unsigned cpu)
{
    (void)cpu;
}

nsec_t arch_now(void)
{
    return host_clock;
}

uint64_t arch_cycles_to_ns(uint64_t cycles)
{
    return cycles;
}

void arch_timer_arm(nsec_t at)
{
    host_timer = at;
}

uint64_t arch_device_leaf(kpa_t pa, pfn_t n)
{
    return (pa & PAGE_MASK) == 0 && pa >= 1ull << 32 ? pa | PTE_UNCACHED | PTE_DEVICE_FRAME(n) : 0;
}

bool arch_irq_usable(unsigned line)
{
    return line < ARCH_IRQ_LINES;
}

void arch_irq_mask(unsigned line)
{
    host_irq_masked |= 1u << line;
}

void arch_irq_unmask(unsigned line)
{
    host_irq_masked &= ~(1u << line);
}

void arch_console_write(const char *text, size_t n)
{
    size_t keep = n < sizeof(host_console) - 1 ? n : sizeof(host_console) - 1;
    size_t old = strlen(host_console);

    if (old + keep >= sizeof(host_console)) {
        old = 0;
    }
    memcpy(host_console + old, text + (n - keep), keep);
    host_console[old + keep] = '\0';
    if (!host_quiet) {
        fwrite(text, 1, n, stderr);
    }
}

NORETURN void arch_exit(unsigned status)
{
    host_status = status;
    if (!inside) {
        abort(); /* a panic where none was expected: let the sanitizer print where */
    }
    leave(HOST_ENDED);
}

NORETURN void arch_reboot(void)
{
    arch_exit(0);
}

void arch_panic_dump(void)
{
}

unsigned selftest_run(UNUSED const char *pattern)
{
    return 1; /* they are for the machine */
}

/* What the linker and tools/mksyms give a kernel on the machine: here there is none of it. */
__asm__(".section .rodata\n"
        ".globl kernel_text_start, kernel_text_end\n"
        "kernel_text_start:\n"
        "kernel_text_end:\n"
        ".byte 0\n"
        ".text\n");
const uint64_t symbol_count = 0;
const struct symbol symbol_entries[1];
const char symbol_names[1];

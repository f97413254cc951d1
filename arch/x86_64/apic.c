/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interrupt controllers: the local APIC of this CPU, the I/O APIC with its 24 lines, and the two
 * old 8259s, which are switched off.
 *
 * A level-triggered line is masked at the I/O APIC. An edge-triggered one is not, since an edge
 * that comes while it is masked there would be lost, and with it a serial port would fall silent
 * for ever: its mask is a word of ours. If an edge comes while that is set, it is remembered, and
 * the line is masked in hardware too, so that a device gone wild costs one interrupt more and no
 * others. At unmasking the CPU sends itself what was remembered.
 */
#include <arch/paging.h>
#include <arch/port.h>
#include <arch/x86.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/panic.h>

/* Registers of the local APIC: 32-bit words, by index. */
#define LAPIC_ID (0x020u / 4)
#define LAPIC_PRIORITY (0x080u / 4)
#define LAPIC_EOI (0x0b0u / 4)
#define LAPIC_SPURIOUS (0x0f0u / 4)
#define LAPIC_ERROR (0x280u / 4)
#define LAPIC_COMMAND (0x300u / 4)
#define LAPIC_LVT_TIMER (0x320u / 4)
#define LAPIC_LVT_LINT1 (0x360u / 4)
#define LAPIC_LVT_ERROR (0x370u / 4)
#define LAPIC_TIMER_START (0x380u / 4)
#define LAPIC_TIMER_NOW (0x390u / 4)
#define LAPIC_TIMER_DIVIDE (0x3e0u / 4)
#define LAPIC_BYTES 0x400u

#define LVT_NMI (4u << 8)
#define LVT_TSC_DEADLINE (2u << 17)
#define SPURIOUS_ENABLE (1u << 8)
#define DIVIDE_BY_1 0x0bu
#define COMMAND_SELF (1u << 18 | 1u << 14) /* to this CPU, assert */

#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_X2APIC (1ull << 10)
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull

/* The I/O APIC: an index register and a window. */
#define IOAPIC_INDEX 0x00
#define IOAPIC_WINDOW 0x10
#define IOAPIC_BYTES 0x20
#define IOAPIC_VERSION 1u
#define IOAPIC_ROUTE(line) (0x10u + 2 * (line))
#define ROUTE_ACTIVE_LOW (1u << 13)
#define ROUTE_LEVEL (1u << 15)
#define ROUTE_MASKED (1u << 16)

static volatile uint32_t *lapic;
static volatile uint32_t *ioapic;
static unsigned lines; /* that the I/O APIC has */

static struct {
    bool masked;  /* by the kernel */
    bool pending; /* an edge came while it was */
} state[ARCH_IRQ_LINES];

static uint32_t ioapic_read(uint32_t index)
{
    ioapic[IOAPIC_INDEX / 4] = index;
    return ioapic[IOAPIC_WINDOW / 4];
}

static void ioapic_write(uint32_t index, uint32_t value)
{
    ioapic[IOAPIC_INDEX / 4] = index;
    ioapic[IOAPIC_WINDOW / 4] = value;
}

/* Start both 8259s as the hardware wants it, away from the exceptions, and mask all their lines. */
static void pic_off(void)
{
    static const uint8_t words[][2] = {
        { 0x11, 0x11 }, { VECTOR_PIC, VECTOR_PIC + 8 }, { 4, 2 }, { 1, 1 }, { 0xff, 0xff }
    };

    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        arch_out(i == 0 ? 0x20 : 0x21, 1, words[i][0]);
        arch_out(i == 0 ? 0xa0 : 0xa1, 1, words[i][1]);
    }
}

/* Begin anew, in the mode in which its registers are in memory. If the firmware left it in the
 * other mode, the way there is through off; else it must never be off: some cannot be switched on
 * again before a reset, and under QEMU not even behind one. */
static void lapic_init(void)
{
    uint64_t was = x86_rdmsr(MSR_APIC_BASE);
    uint64_t base = was & APIC_BASE_ADDRESS;

    if ((was & APIC_BASE_X2APIC) != 0) {
        x86_wrmsr(MSR_APIC_BASE, was & ~(APIC_BASE_ENABLE | APIC_BASE_X2APIC));
    }
    x86_wrmsr(MSR_APIC_BASE, (was & ~APIC_BASE_X2APIC) | APIC_BASE_ENABLE);
    lapic = arch_map_device(base, LAPIC_BYTES);
    ASSERT(lapic != NULL);
    lapic[LAPIC_SPURIOUS] = VECTOR_SPURIOUS; /* off: that masks every interrupt source */
    lapic[LAPIC_SPURIOUS] = SPURIOUS_ENABLE | VECTOR_SPURIOUS;
    lapic[LAPIC_LVT_LINT1] = LVT_NMI;
    lapic[LAPIC_LVT_ERROR] = VECTOR_APIC_ERROR;
    lapic[LAPIC_PRIORITY] = 0;
    lapic[LAPIC_ERROR] = 0;
    lapic[LAPIC_TIMER_DIVIDE] = DIVIDE_BY_1;
    lapic[LAPIC_TIMER_START] = 0;
    lapic[LAPIC_LVT_TIMER] = VECTOR_TIMER;
}

/* What goes into the low half of a line's route. */
static uint32_t route(unsigned line, bool masked)
{
    return (VECTOR_LINE + line) | (line_wiring[line].active_low ? ROUTE_ACTIVE_LOW : 0) |
           (line_wiring[line].level ? ROUTE_LEVEL : 0) | (masked ? ROUTE_MASKED : 0);
}

static void ioapic_init(void)
{
    uint32_t id = lapic[LAPIC_ID] >> 24;

    ioapic = arch_map_device(ioapic_at, IOAPIC_BYTES);
    if (ioapic == NULL || ioapic_read(IOAPIC_VERSION) == UINT32_MAX) {
        log_line(LOG_WARN, "apic: no I/O APIC at %lx: no device interrupts", ioapic_at);
        return;
    }
    lines = (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff) + 1;
    if (lines > ARCH_IRQ_LINES) {
        lines = ARCH_IRQ_LINES;
    }
    for (unsigned i = 0; i < lines; i++) {
        state[i].masked = true;
        ioapic_write(IOAPIC_ROUTE(i), route(i, true));
        ioapic_write(IOAPIC_ROUTE(i) + 1, id << 24);
    }
}

void apic_init(void)
{
    pic_off();
    lapic_init();
    ioapic_init();
    log_line(LOG_INFO, "apic: %u lines, %u CPU%s", lines, cpu_count,
             cpu_count == 1 ? " present" : "s present, of which one runs");
}

void apic_eoi(void)
{
    lapic[LAPIC_EOI] = 0;
}

/* --- interrupt lines --- */

bool arch_irq_usable(unsigned line)
{
    return line < lines;
}

void arch_irq_mask(unsigned line)
{
    ASSERT(line < lines);
    state[line].masked = true;
    state[line].pending = false;
    ioapic_write(IOAPIC_ROUTE(line), route(line, true));
}

void arch_irq_unmask(unsigned line)
{
    ASSERT(line < lines);
    if (!state[line].masked) {
        return;
    }
    state[line].masked = false;
    ioapic_write(IOAPIC_ROUTE(line), route(line, false));
    if (state[line].pending) {
        state[line].pending = false;
        lapic[LAPIC_COMMAND] = COMMAND_SELF | (VECTOR_LINE + line);
    }
}

bool apic_line_arrived(unsigned line)
{
    bool tell = !state[line].masked;

    if (line_wiring[line].level || !tell) {
        state[line].pending = !line_wiring[line].level;
        ioapic_write(IOAPIC_ROUTE(line), route(line, true));
    }
    state[line].masked = true;
    apic_eoi();
    return tell;
}

/* --- timer --- */

void apic_timer_start(uint32_t count)
{
    lapic[LAPIC_TIMER_START] = count;
}

uint32_t apic_timer_count(void)
{
    return lapic[LAPIC_TIMER_NOW];
}

void apic_timer_by_deadline(void)
{
    lapic[LAPIC_LVT_TIMER] = VECTOR_TIMER | LVT_TSC_DEADLINE;
    /* The write is to memory, that of the deadline is not: keep their order. */
    __sync_synchronize();
}

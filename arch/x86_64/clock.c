/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The clock is the time-stamp counter, turned into nanoseconds by one multiplication. Its rate is
 * measured at boot against channel 2 of the 8254 timer. A rate that is a whole number of MHz but
 * for the error of measuring is taken to be that number: oscillators are made so, and under QEMU's
 * -icount the answer is then exactly 1000 MHz.
 *
 * The local APIC is the alarm: by the time itself where it knows TSC deadlines (Intel SDM volume 3,
 * 11.5.4.1), else by a count whose rate is measured together with the other. A count is too short
 * for long times, so the alarm is set for a second at most; if that was not yet the time, it is set
 * again here.
 */
#include <arch/port.h>
#include <arch/x86.h>
#include <kernel/log.h>

#define NS_PER_S 1000000000ull
#define NEVER UINT64_MAX

/* The 8254. */
#define PIT_HZ 1193182ull
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define PIT_ONE_SHOT 0xb0 /* channel 2, both bytes, mode 0 */
#define PIT_GATE 0x61
#define GATE_ON 0x01
#define SPEAKER_ON 0x02
#define GATE_OUT 0x20

#define PIT_TICKS 11932u /* 10 ms */
#define ROUNDS 20
#define GOOD_ENOUGH 2000           /* an error of less than 1/2000 */
#define TSC_TOO_LONG 2000000000ull /* 10 ms on a CPU of 200 GHz: the timer does not run */
#define POLLS_TOO_MANY 50000000u

/* A rate is taken for a whole number of MHz if it differs by less than 1/5000. */
#define ROUNDING 5000
#define MHZ 1000000ull

#define LEAF_RATE 0x16u /* of CPUID: the base rate in MHz */
#define FALLBACK_HZ NS_PER_S

#define LONGEST_ALARM NS_PER_S /* what is due later sets it again */

/* const after boot */
uint64_t clock_tsc_at_boot;
uint64_t clock_ns_per_cycle;
static uint64_t counts_per_ns; /* 32.32, of the local APIC timer; of the time-stamp counter, if that
                                  sets the alarm */

static nsec_t armed_for = NEVER;

static uint64_t multiply(uint64_t value, uint64_t fraction)
{
    return (uint64_t)((unsigned __int128)value * fraction >> 32);
}

/* a / b as a 32.32 number; one of them is NS_PER_S, so that the remainder has less than 32 bits. */
static uint64_t fraction_of(uint64_t a, uint64_t b)
{
    return (a / b << 32) + (a % b << 32) / b;
}

uint64_t arch_cycles_to_ns(uint64_t cycles)
{
    return multiply(cycles, clock_ns_per_cycle);
}

nsec_t arch_now(void)
{
    return multiply(arch_cycles() - clock_tsc_at_boot, clock_ns_per_cycle);
}

/* --- measuring --- */

static uint64_t rounded(uint64_t hz)
{
    uint64_t whole = (hz + MHZ / 2) / MHZ * MHZ;
    uint64_t difference = hz > whole ? hz - whole : whole - hz;

    return whole != 0 && difference < hz / ROUNDING ? whole : hz;
}

struct measured {
    bool answered;   /* by the 8254; if not, the time that went by is not known */
    uint64_t cycles; /* of the time-stamp counter */
    uint64_t counts; /* of the local APIC timer */
    uint64_t error;  /* by so many cycles it may be wrong: how long we did not look, at both ends */
};

/* What goes by in PIT_TICKS of the 8254. */
static struct measured measure_once(void)
{
    uint8_t gate = (uint8_t)arch_in(PIT_GATE, 1) & (uint8_t)~SPEAKER_ON;
    struct measured m = { 0 };
    uint64_t before, start, last, now;
    bool there;

    arch_out(PIT_GATE, 1, gate & (uint8_t)~GATE_ON);
    arch_out(PIT_COMMAND, 1, PIT_ONE_SHOT);
    arch_out(PIT_CHANNEL_2, 1, PIT_TICKS & 0xff);
    arch_out(PIT_CHANNEL_2, 1, PIT_TICKS >> 8);
    there = (arch_in(PIT_GATE, 1) & GATE_OUT) == 0; /* low until it has counted */
    before = arch_cycles();
    arch_out(PIT_GATE, 1, gate | GATE_ON);
    apic_timer_start(UINT32_MAX);
    start = now = arch_cycles();
    for (unsigned i = 0; i < POLLS_TOO_MANY && now - start < TSC_TOO_LONG && !m.answered; i++) {
        last = now;
        m.answered = there && (arch_in(PIT_GATE, 1) & GATE_OUT) != 0;
        now = arch_cycles();
        m.error = start - before + now - last;
    }
    m.cycles = now - start;
    m.counts = UINT32_MAX - apic_timer_count();
    m.error += arch_cycles() - now;
    return m;
}

/* The best of several measurements; the first one if nothing disturbed it. */
static struct measured measure(void)
{
    struct measured best = { .error = UINT64_MAX };

    for (unsigned i = 0; i < ROUNDS && best.error >= best.cycles / GOOD_ENOUGH; i++) {
        struct measured m = measure_once();

        if (!m.answered) {
            return m;
        }
        if (m.error < best.error) {
            best = m;
        }
    }
    return best;
}

/* The rate that the CPU names itself, or 0. Emulators name that of the CPU they play, so it is
 * asked only if nothing can be measured. */
static uint64_t named_rate(void)
{
    return x86_cpuid(0, 0).eax >= LEAF_RATE ? (x86_cpuid(LEAF_RATE, 0).eax & 0xffff) * MHZ : 0;
}

void clock_init(void)
{
    struct measured m = measure();
    uint64_t tsc_hz = m.answered ? rounded(m.cycles * PIT_HZ / PIT_TICKS) : named_rate();
    uint64_t lapic_hz;

    apic_timer_start(0);
    if (!m.answered) {
        log_line(LOG_WARN, "clock: the 8254 timer does not answer; the CPU names a rate of %lu Hz",
                 tsc_hz);
    }
    if (tsc_hz == 0) {
        tsc_hz = FALLBACK_HZ;
        log_line(LOG_WARN,
                 "clock: the rate of the time-stamp counter is unknown; times will be wrong");
    }
    lapic_hz = rounded(m.counts * tsc_hz / m.cycles);
    if (lapic_hz == 0) {
        log_line(LOG_ERROR,
                 "clock: the local APIC timer does not run; there will be no time slices");
    }
    clock_ns_per_cycle = fraction_of(NS_PER_S, tsc_hz);
    counts_per_ns = fraction_of(cpu_features.tsc_deadline ? tsc_hz : lapic_hz, NS_PER_S);
    if (cpu_features.tsc_deadline) {
        apic_timer_by_deadline();
    }
    clock_tsc_at_boot = arch_cycles();
    log_line(LOG_INFO, "clock: %lu kHz, alarm %lu kHz%s", tsc_hz / 1000, lapic_hz / 1000,
             cpu_features.tsc_deadline ? ", by TSC deadline" : "");
}

/* --- the alarm --- */

void arch_timer_arm(nsec_t at)
{
    nsec_t now = arch_now();
    nsec_t ns = at > now ? at - now : 0;
    uint64_t counts;

    armed_for = at;
    if (ns > LONGEST_ALARM) {
        ns = LONGEST_ALARM;
    }
    /* A little too late rather than too early; 0: off. */
    counts = at == NEVER ? 0 : multiply(ns, counts_per_ns) + 1;
    if (cpu_features.tsc_deadline) {
        x86_wrmsr(MSR_TSC_DEADLINE, counts == 0 ? 0 : arch_cycles() + counts);
        return;
    }
    apic_timer_start(counts > UINT32_MAX ? UINT32_MAX : (uint32_t)counts);
}

bool clock_timer_fired(void)
{
    if (arch_now() < armed_for) { /* NEVER: switched off when it was under way already */
        arch_timer_arm(armed_for);
        return false;
    }
    armed_for = NEVER;
    return true;
}

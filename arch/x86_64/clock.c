/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The clock is the time-stamp counter, turned into nanoseconds by one multiplication. Its rate is
 * measured at boot against channel 2 of the 8254 timer. A rate that is a whole number of MHz but
 * for the error of measuring is taken to be that number: oscillators are made so, and under QEMU's
 * -icount the answer is then exactly 1000 MHz.
 *
 * The local APIC is the alarm: by deadline where the CPU can, else by a count, whose rate is
 * measured against the time-stamp counter. A count is too short for long times, so the alarm is set
 * for a second at most; if that was not yet the time, it is set again here.
 */
#include <arch/port.h>
#include <arch/x86.h>
#include <kernel/cpu.h>
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
#define LAPIC_PART 200 /* measure the local APIC for 1/200 s */
#define READINGS 16

/* A rate is taken for a whole number of MHz if it differs by less than 1/5000. */
#define ROUNDING 5000
#define MHZ 1000000ull

#define FALLBACK_HZ NS_PER_S

#define LONGEST_ALARM NS_PER_S /* what is due later sets it again */

/* const after boot */
static uint64_t tsc_hz;
static uint64_t boot_tsc;
static uint64_t ns_per_cycle; /* 32.32 fixed point */
static uint64_t ticks_per_ns; /* 32.32, of the alarm: cycles, or counts of the local APIC timer */
static bool deadline;

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
    return multiply(cycles, ns_per_cycle);
}

nsec_t arch_now(void)
{
    return multiply(arch_cycles() - boot_tsc, ns_per_cycle);
}

/* --- measuring --- */

static uint64_t rounded(uint64_t hz)
{
    uint64_t whole = (hz + MHZ / 2) / MHZ * MHZ;
    uint64_t difference = hz > whole ? hz - whole : whole - hz;

    return whole != 0 && difference < hz / ROUNDING ? whole : hz;
}

struct measured {
    uint64_t cycles; /* 0: no answer */
    uint64_t error;  /* by so many it may be wrong: how long we did not look, at both ends */
};

/* Cycles of the time-stamp counter in PIT_TICKS of the 8254. */
static struct measured measure_once(void)
{
    uint8_t gate = (uint8_t)arch_in(PIT_GATE, 1) & (uint8_t)~SPEAKER_ON;
    uint64_t before, start, last;

    arch_out(PIT_GATE, 1, gate & (uint8_t)~GATE_ON);
    arch_out(PIT_COMMAND, 1, PIT_ONE_SHOT);
    arch_out(PIT_CHANNEL_2, 1, PIT_TICKS & 0xff);
    arch_out(PIT_CHANNEL_2, 1, PIT_TICKS >> 8);
    before = arch_cycles();
    arch_out(PIT_GATE, 1, gate | GATE_ON); /* begins to count; output low until it has done */
    start = last = arch_cycles();
    for (unsigned i = 0; i < POLLS_TOO_MANY && last - start < TSC_TOO_LONG; i++) {
        bool done = (arch_in(PIT_GATE, 1) & GATE_OUT) != 0;
        uint64_t now = arch_cycles();

        if (done) {
            /* At once: there is no such timer. */
            return (struct measured){ i == 0 ? 0 : now - start, start - before + now - last };
        }
        last = now;
    }
    return (struct measured){ 0 };
}

/* The best of several measurements; the first one if nothing disturbed it. 0: no answer. */
static uint64_t measure_tsc(void)
{
    struct measured best = { .error = UINT64_MAX };

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct measured m = measure_once();

        if (m.cycles == 0) {
            return 0;
        }
        if (m.error < best.error) {
            best = m;
        }
        if (best.error < best.cycles / GOOD_ENOUGH) {
            break;
        }
    }
    return rounded(best.cycles * PIT_HZ / PIT_TICKS);
}

/* The rate that the CPU names itself (leaves 0x15, 0x16), or 0. Emulators name that of the CPU they
 * play, so it is asked only if nothing can be measured. */
static uint64_t named_rate(void)
{
    uint32_t leaves = x86_cpuid(0, 0).eax;
    struct cpuid r;

    if (leaves >= 0x15) {
        r = x86_cpuid(0x15, 0);
        if (r.eax != 0 && r.ebx != 0 && r.ecx != 0) {
            return (uint64_t)r.ecx * r.ebx / r.eax;
        }
    }
    if (leaves >= 0x16) {
        r = x86_cpuid(0x16, 0);
        return (r.eax & 0xffff) * MHZ;
    }
    return 0;
}

static void find_tsc_rate(void)
{
    tsc_hz = measure_tsc();
    if (tsc_hz == 0) {
        tsc_hz = named_rate();
        log_line(LOG_WARN, "clock: the 8254 timer does not answer; the CPU names a rate of %lu Hz",
                 tsc_hz);
    }
    if (tsc_hz == 0) {
        tsc_hz = FALLBACK_HZ;
        log_line(LOG_WARN,
                 "clock: the rate of the time-stamp counter is unknown; times will be wrong");
    }
    ns_per_cycle = fraction_of(NS_PER_S, tsc_hz);
}

/* What both counters show at one moment: of several readings the one that took the least time. */
struct moment {
    uint64_t cycles;
    uint32_t count;
};

static struct moment moment_now(void)
{
    struct moment best = { 0 };
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < READINGS; i++) {
        uint64_t before = arch_cycles();
        uint32_t count = apic_timer_count();
        uint64_t took = arch_cycles() - before;

        if (took < least) {
            least = took;
            best = (struct moment){ before + took / 2, count };
        }
    }
    return best;
}

/* Counts a second of the local APIC timer, which counts down. */
static uint64_t measure_lapic(void)
{
    struct moment start, end;

    apic_timer_start(UINT32_MAX);
    start = moment_now();
    while (arch_cycles() - start.cycles < tsc_hz / LAPIC_PART) {
        x86_pause();
    }
    end = moment_now();
    apic_timer_start(0);
    return rounded((uint64_t)(start.count - end.count) * tsc_hz / (end.cycles - start.cycles));
}

void clock_init(void)
{
    uint64_t lapic_hz;

    find_tsc_rate();
    boot_tsc = arch_cycles();
    deadline = cpu_features.tsc_deadline;
    if (deadline) {
        apic_timer_use_deadline();
        ticks_per_ns = fraction_of(tsc_hz, NS_PER_S);
        log_line(LOG_INFO, "clock: %lu kHz, alarm by deadline", tsc_hz / 1000);
        return;
    }
    lapic_hz = measure_lapic();
    if (lapic_hz == 0) {
        log_line(LOG_ERROR,
                 "clock: the local APIC timer does not run; there will be no time slices");
    }
    ticks_per_ns = fraction_of(lapic_hz, NS_PER_S);
    log_line(LOG_INFO, "clock: %lu kHz, alarm %lu kHz", tsc_hz / 1000, lapic_hz / 1000);
}

/* --- the alarm --- */

static void set_alarm(nsec_t at)
{
    nsec_t now = arch_now();
    nsec_t ns = at > now ? at - now : 0;
    uint64_t ticks;

    if (ns > LONGEST_ALARM) {
        ns = LONGEST_ALARM;
    }
    ticks = multiply(ns, ticks_per_ns) + 1; /* a little too late rather than too early */
    if (deadline) {
        apic_timer_deadline(arch_cycles() + ticks);
    } else {
        apic_timer_start(ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
    }
}

void arch_timer_arm(nsec_t at)
{
    if (at == armed_for) {
        return;
    }
    armed_for = at;
    set_alarm(at);
}

void arch_timer_off(void)
{
    armed_for = NEVER;
    if (deadline) {
        apic_timer_deadline(0);
    } else {
        apic_timer_start(0);
    }
}

bool clock_timer_fired(void)
{
    if (armed_for == NEVER) {
        return false; /* switched off when it was under way already */
    }
    if (arch_now() < armed_for) {
        set_alarm(armed_for);
        return false;
    }
    armed_for = NEVER;
    return true;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What was measured: kept until all is, then printed.
 */
#include "measure.h"

#define RESULTS 64u
#define FIGURES 16u
#define NAME 48u

struct result {
    char name[NAME];
    uint64_t ticks; /* of all rounds together */
    uint64_t rounds;
    struct events events; /* of all rounds together */
};
static struct result results[RESULTS];
static unsigned result_count;

struct figure {
    const char *name;
    const char *unit;
    uint64_t sum, by;
};
static struct figure figures[FIGURES];
static unsigned figure_count;

void enter_events(const char *name, uint64_t ticks, uint64_t rounds, const struct events *events)
{
    struct result *r = &results[result_count];

    if (result_count == RESULTS) {
        lk_die("more than %u results", RESULTS);
    }
    result_count++;
    *r = (struct result){ .ticks = ticks, .rounds = rounds, .events = *events };
    lk_copy_text(r->name, sizeof(r->name), name);
    MARK_NEXT();
}

void enter(const char *name, uint64_t ticks, uint64_t rounds, const struct events *before,
           const struct events *after)
{
    const struct events events = {
        .entries = after->entries - before->entries - 1,
        .cr3_writes = after->cr3_writes - before->cr3_writes,
        .invalidations = after->invalidations - before->invalidations,
        .interrupts = after->interrupts - before->interrupts,
    };

    enter_events(name, ticks, rounds, &events);
}

void enter_rounds(uint64_t rounds)
{
    results[result_count - 1].rounds = rounds;
}

void enter_figure(const char *name, uint64_t sum, uint64_t by, const char *unit)
{
    if (figure_count == FIGURES) {
        lk_die("more than %u figures", FIGURES);
    }
    figures[figure_count++] = (struct figure){ .name = name, .unit = unit, .sum = sum, .by = by };
}

/* A quotient in decimal, rounded down; without decimals if it is whole. */
struct number {
    char text[40];
};

static struct number divided(uint64_t sum, uint64_t by, unsigned decimals)
{
    struct number n = { "" };
    uint64_t unit = 1;

    for (unsigned i = 0; i < decimals; i++) {
        unit *= 10;
    }
    if (sum % by == 0) {
        lk_format(n.text, sizeof(n.text), "%lu", sum / by);
    } else {
        lk_format(n.text, sizeof(n.text), "%lu.%0*lu", sum / by, (int)decimals,
                  sum % by * unit / by);
    }
    return n;
}

void print_results(void)
{
    say("ticks are those of the time-stamp counter, for one round; with 'make bench'");
    say("  each is an instruction of the guest, otherwise they are only a time");
    for (unsigned i = 0; i < result_count; i++) {
        const struct result *r = &results[i];

        say("%s %s ticks; of %lu rounds: entries %s cr3_writes %s invalidations %s interrupts %s",
            r->name, divided(r->ticks, r->rounds, 2).text, r->rounds,
            divided(r->events.entries, r->rounds, 2).text,
            divided(r->events.cr3_writes, r->rounds, 2).text,
            divided(r->events.invalidations, r->rounds, 2).text,
            divided(r->events.interrupts, r->rounds, 2).text);
    }
    for (unsigned i = 0; i < figure_count; i++) {
        const struct figure *f = &figures[i];

        say("figure %s %s %s", f->name, divided(f->sum, f->by, 4).text, f->unit);
    }
    say("%u measurements, %u figures", result_count, figure_count);
}

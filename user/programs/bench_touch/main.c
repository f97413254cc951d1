/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_touch: touches memory that it has not touched yet, and says what that cost
 * (../bench/bench.h). Each instance does so once, in a space that is new.
 */
#include "../bench/bench.h"

#include <lykos/gen/bench_touch_server.h>
#include <lykos/pager.h>

#define PAGE 4096u
#define ZERO_PAGES 1024u
#define COPY_PAGES 4u
#define ZERO_SINGLE 15u /* pages behind those, each looked at by itself (MARK_ROUND_BEGIN) */
#define COPY_SINGLE 1u
#define REG_ENTRY LK_REG_FREE

/* In the program's file: shared with all instances until it is written to. */
static volatile uint8_t data[COPY_PAGES + COPY_SINGLE][PAGE]
    __attribute__((aligned(4096))) = { { 1 } };

static void write_zero(unsigned i)
{
    *(volatile uint8_t *)(LK_HEAP_VA + (uint64_t)i * PAGE) = 1;
}

static void write_data(unsigned i)
{
    data[i][0] = 7;
}

/* What it cost, as an answer has it. */
struct cost {
    uint64_t ticks;
    struct events before, after;
    uint64_t pages;
};

static inline __attribute__((always_inline)) void touch(uint64_t counts, void (*write)(unsigned i),
                                                        unsigned pages, unsigned single,
                                                        struct cost *cost)
{
    uint32_t sysctl = lk_cap("sysctl");
    uint64_t begin;

    cost->before = events_now(sysctl);
    if (counts != 0) {
        MARK_BEGIN();
    }
    begin = bench_ticks();
    for (unsigned i = 0; i < pages; i++) {
        write(i);
    }
    cost->ticks = bench_ticks() - begin;
    MARK_END();
    cost->after = events_now(sysctl);
    for (unsigned i = pages; counts != 0 && i < pages + single; i++) {
        MARK_ROUND_BEGIN();
        write(i);
        MARK_ROUND_END();
    }
    cost->pages = pages;
}

static enum status answer(const struct cost *cost, uint64_t *ticks, uint64_t *entries,
                          uint64_t *cr3_writes, uint64_t *invalidations, uint64_t *interrupts,
                          uint64_t *pages)
{
    *ticks = cost->ticks;
    *entries = cost->after.entries - cost->before.entries - 1;
    *cr3_writes = cost->after.cr3_writes - cost->before.cr3_writes;
    *invalidations = cost->after.invalidations - cost->before.invalidations;
    *interrupts = cost->after.interrupts - cost->before.interrupts;
    *pages = cost->pages;
    return STATUS_OK;
}

enum status bench_touch_op_zero(struct lk_request *rq, uint64_t counts, uint64_t *ticks,
                                uint64_t *entries, uint64_t *cr3_writes, uint64_t *invalidations,
                                uint64_t *interrupts, uint64_t *pages)
{
    struct cost cost;

    (void)rq;
    touch(counts, write_zero, ZERO_PAGES, ZERO_SINGLE, &cost);
    return answer(&cost, ticks, entries, cr3_writes, invalidations, interrupts, pages);
}

enum status bench_touch_op_copy(struct lk_request *rq, uint64_t counts, uint64_t *ticks,
                                uint64_t *entries, uint64_t *cr3_writes, uint64_t *invalidations,
                                uint64_t *interrupts, uint64_t *pages)
{
    struct cost cost;
    unsigned sum = 0;

    (void)rq;
    for (unsigned i = 0; i < COPY_PAGES + COPY_SINGLE; i++) {
        sum += data[i][0];
    }
    if (sum != 1) {
        return STATUS_STATE_CHANGED;
    }
    touch(counts, write_data, COPY_PAGES, COPY_SINGLE, &cost);
    return answer(&cost, ticks, entries, cr3_writes, invalidations, interrupts, pages);
}

static const struct lk_server server = { BENCH_TOUCH_SERVER };

int main(void)
{
    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, 0, REG_ENTRY), "an Entry to this one");
    lk_call_ctl0(LK_CTL_CALL_CAPS(lk_cap("bench"), 1, 1, REG_ENTRY, 0, 0, 0, 0, 0, 0), BENCH_HERE);
    lk_serve(&server);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_touch: touches memory that it has not touched yet, and says what that cost
 * (../bench/bench.h). Each instance does so once, in a space that is new.
 */
#include "../bench/bench.h"

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

static inline __attribute__((always_inline)) enum status
touch(struct lk_request *rq, void (*write)(unsigned i), unsigned pages, unsigned single)
{
    uint32_t sysctl = lk_cap("sysctl");
    struct events before = events_now(sysctl);
    struct events after;
    uint64_t begin;

    if (rq->w[1] != 0) {
        MARK_BEGIN();
    }
    begin = bench_ticks();
    for (unsigned i = 0; i < pages; i++) {
        write(i);
    }
    rq->out[1] = bench_ticks() - begin;
    MARK_END();
    after = events_now(sysctl);
    for (unsigned i = pages; rq->w[1] != 0 && i < pages + single; i++) {
        MARK_ROUND_BEGIN();
        write(i);
        MARK_ROUND_END();
    }
    rq->out[2] = after.entries - before.entries - 1;
    rq->out[3] = after.cr3_writes - before.cr3_writes;
    rq->out[4] = after.invalidations - before.invalidations;
    rq->out[5] = after.interrupts - before.interrupts;
    rq->out[6] = pages;
    rq->out_words = 6;
    return STATUS_OK;
}

static enum status touch_zero(struct lk_request *rq)
{
    return touch(rq, write_zero, ZERO_PAGES, ZERO_SINGLE);
}

static enum status touch_copy(struct lk_request *rq)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < COPY_PAGES + COPY_SINGLE; i++) {
        sum += data[i][0];
    }
    return sum == 1 ? touch(rq, write_data, COPY_PAGES, COPY_SINGLE) : STATUS_STATE_CHANGED;
}

static const struct lk_method methods[] = {
    [BENCH_TOUCH_ZERO] = { .fn = touch_zero, .words = 1, .name = "zero" },
    [BENCH_TOUCH_COPY] = { .fn = touch_copy, .words = 1, .name = "copy" },
};
static const struct lk_server server = {
    .methods = methods,
    .method_count = sizeof(methods) / sizeof(methods[0]),
};

int main(void)
{
    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, 0, REG_ENTRY), "an Entry to this one");
    lk_call_ctl0(LK_CTL_CALL_CAPS(lk_cap("bench"), 1, 1, REG_ENTRY, 0, 0, 0, 0, 0, 0), BENCH_HERE);
    lk_serve(&server);
}

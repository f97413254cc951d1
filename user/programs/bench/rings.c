/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ring queues: what a record takes from one side to the other. This program is both sides, so that
 * nothing else is counted: the ring alone, and then with a consumer that waits for each batch and
 * is told of it by a notice.
 */
#include "measure.h"
#include <lykos/ring.h>

#define RECORD_BYTES 32u
#define RECORDS 64u
#define BATCH 32u
#define RING_BIT 1u

static uint8_t memory[LK_RING_PAGE] __attribute__((aligned(4096)));
static uint8_t sent[BATCH][RECORD_BYTES], came[BATCH][RECORD_BYTES];
static struct lk_ring in, out; /* the producer's end, the consumer's */

static void move(unsigned n)
{
    if (lk_ring_put(&in, sent, n) != n) {
        lk_die("a ring is full");
    }
    lk_ring_flush(&in);
    if (lk_ring_take(&out, came, n) != n) {
        lk_die("a ring is empty");
    }
    lk_ring_flush(&out);
}

/* The consumer waits, is told, and takes them. */
static void move_told(unsigned n)
{
    if (lk_ring_rest(&out, 1) != LK_RING_NOTHING || lk_ring_put(&in, sent, n) != n) {
        lk_die("a ring is not empty");
    }
    lk_ring_flush(&in);
    if (lk_park() != RING_BIT || lk_ring_take(&out, came, n) != n) {
        lk_die("a ring has told too much, or too little");
    }
}

static void one(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        move(1);
    }
}

static void many(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        move(BATCH);
    }
}

static void one_told(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        move_told(1);
    }
}

static void many_told(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        move_told(BATCH);
    }
}

/* A round moves a batch; the value is that of one record. */
static void measure_records(const char *name, const char *notices, void (*rounds)(unsigned n),
                            unsigned batch)
{
    uint64_t posts = in.posts + out.posts;
    uint64_t records = in.index;

    measure(name, rounds);
    enter_rounds((uint64_t)ROUNDS * batch);
    enter_figure(notices, in.posts + out.posts - posts, in.index - records, "notices");
}

void measure_rings(void)
{
    lk_ring_format(memory);
    if (!lk_ring_attach(&in, memory, RECORD_BYTES, RECORDS, true) ||
        !lk_ring_attach(&out, memory, RECORD_BYTES, RECORDS, false)) {
        lk_die("there is no such ring");
    }
    check(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, RING_BIT, REG_NOTICE), "a notice");
    in.notice = out.notice = REG_NOTICE;
    in.post = out.post = RING_BIT;
    measure_records("ring_record_single", "ring_notices_single", one, 1);
    measure_records("ring_record_batch32", "ring_notices_batch32", many, BATCH);
    measure_records("ring_record_told_single", "ring_notices_told_single", one_told, 1);
    measure_records("ring_record_told_batch32", "ring_notices_told_batch32", many_told, BATCH);
}

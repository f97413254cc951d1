/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two processes, each in a space of its own, that share a ring, which lies at another address in
 * each.
 */
#pragma once

#include "../lib/sys.h"
#include <lykos/ring.h>

#define RING_BIT 4u
#define CLOCK_BIT 8u /* of others */
#define REG_TELL R_A /* of each side: the AppNotice to the other */
#define BATCH_MOST 64u
#define RINGS 2

/* A record: a number, and what it must be by that number. */
struct record {
    uint64_t number, check;
};
#define RECORD(n) ((struct record){ (n), (n)*0x9e3779b97f4a7c15ull })

/* One side of a ring, and what it does. What stands before `ring` is set by the case. */
struct end {
    uint32_t batch;   /* records at once, 1..BATCH_MOST */
    bool random;      /* from 1 to `batch` */
    uint64_t records; /* the producer's: how many */
    uint64_t period;
    struct lk_ring ring;
    struct worker w;
    obj space;
    uint8_t *memory;
    struct rng rng;
    volatile uint64_t done; /* records sent, or received and right */
    volatile enum lk_ring_result result;
    volatile bool over;
};

struct pair {
    uint32_t count;
    const struct lk_ring_shared *shared; /* as the case sees it */
    struct end in, out;                  /* the producer, the consumer */
};

/* Make the two, with rings of `count` records; they do not run yet. `number` tells pairs apart. */
void pair_new(struct pair *p, unsigned number, uint32_t count, unsigned in_priority,
              unsigned out_priority);
/* The same with a consumer that is a thread of the case, and not made yet; neither can tell the
 * other. */
void pair_new_for_thread(struct pair *p, uint32_t count, unsigned in_priority);
void pair_start(struct pair *p);

/* How many it is to be at once this time. */
uint32_t batch_of(struct end *e);
/* Have these come whole, and next in order? Then they are done. */
void judge(struct end *e, const struct record *records, uint32_t n);

/* All arrived, and no side told the other more often than that announced. */
void pair_arrived(const struct pair *p);

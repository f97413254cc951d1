/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the cases of this scenario share: records, and looking for them.
 */
#pragma once

#include "../lib/sys.h"

/* As docs/abi.md, SysCtl.readTrace. */
struct record {
    uint64_t cycles;
    uint32_t process, event;
    uint64_t a, b;
};
#define RING 8192u /* records that the ring holds */
#define PIECE 32u  /* most that one request gives */

/* Position behind the last record; and what was recorded from a position on, at most `most`: how
 * many. Fails if some are lost. */
uint64_t ring_end(void);
unsigned ring_from(uint64_t position, struct record *out, unsigned most);

/* The oid of an object, as records have it. */
uint32_t oid_of(obj o);

/* The first record of these from number *at on with this event, by this process (0: any); *at
 * becomes the number behind it. NULL: there is none. */
const struct record *next_of(const struct record *r, unsigned n, unsigned *at, unsigned event,
                             uint32_t process);
/* The same; fails if there is none. */
const struct record *must_be(const struct record *r, unsigned n, unsigned *at, unsigned event,
                             uint32_t process);

/* What is recorded from here to stop_trace(), in ring_records, and how many. */
#define RECORDS 2048u
extern struct record ring_records[RECORDS];
void start_trace(void);
unsigned stop_trace(void);

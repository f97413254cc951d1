/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Schedule: the right to run. Set up once, constant afterwards, so that a process may keep a copy
 * of its priority.
 */
#pragma once

#include <kernel/object.h>

/* The object. SchedCtl.setUp writes `state`, once. */
struct schedule {
    struct objhdr hdr;
    struct {
        uint64_t slice; /* nanoseconds */
        uint64_t cpus;  /* mask */
        uint8_t priority;
        uint8_t ready; /* set up */
        uint32_t notice_bits;
        struct cap notice; /* an AppNotice, told of the end of each slice; or Null */
    } state;
};
STATIC_ASSERT(sizeof(struct schedule) <= 64, "64 schedules in a frame");
#define SCHEDULE_SIZE 64

/* The schedule of a live Schedule. */
static inline struct schedule *schedule_of(const struct cap *c)
{
    return (struct schedule *)(void *)oid_header(c->oid);
}

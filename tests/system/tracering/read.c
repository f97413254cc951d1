/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SysCtl.readTrace: positions, pieces, and what is lost. A notice without bits to somebody who does
 * not wait is one record, and nothing else happens: that is what these cases fill the ring with.
 * Between them stand the system calls of the cases themselves, those that read among them.
 */
#include "ring.h"

#define NOTICE R_A

static uint32_t somebody; /* the oid */

static void make_somebody(void)
{
    obj p = proc_new(PRIO_LOW);

    somebody = oid_of(p);
    obj_get(notice_new(endpoint_new(p, 1, false), UINT32_MAX), NOTICE);
}

/* Add records whose first words are these numbers. */
static void add(uint64_t first, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        OK(lk_appnotice_post(NOTICE, first + i));
    }
}

/* The notices in a piece have these numbers, from *next on. */
static void be_next(const struct record *r, size_t n, uint64_t *next)
{
    for (size_t i = 0; i < n; i++) {
        if (r[i].event == TRACE_NOTICE) {
            EQ(r[i].a, (*next)++);
            EQ(r[i].b, somebody);
        }
    }
}

CASE(pieces, .text = "a reader gets each record once, in order, in whole records, as room allows")
{
    struct record r[PIECE];
    uint64_t number = 1, cycles = 0, at = 0, position;

    make_somebody();
    position = ring_end();
    add(1, 100);
    while (number <= 100) {
        uint64_t next = 0, end = 0, lost = 1;
        unsigned room = (unsigned)number % 5 * 32 + 40;
        size_t n = 0;

        OK(lk_sysctl_read_trace(R_SYSCTL, position, &next, &end, &lost, &cycles, &at, r, room, &n));
        sys_at("number %lu, room for %u bytes", number, room);
        EQ(n % 32, 0);
        EQ(n / 32, end - position < room / 32 ? end - position : room / 32);
        EQ(lost, 0);
        EQ(next, position + n / 32);
        CHECK(r[n / 32 - 1].cycles <= cycles);
        be_next(r, n / 32, &number);
        position = next;
    }
    CHECK(now() - at < 1000 * NSEC_PER_MSEC);
}

CASE(lost, .text = "who comes too late is told exactly how many records are lost, and goes on with "
                   "the oldest")
{
    struct record r[PIECE];
    uint64_t next = 0, lost = 0, end = 0, number = 0, position;
    size_t n = 0;

    make_somebody();
    position = ring_end();
    add(1, RING + 7);
    OK(lk_sysctl_read_trace(R_SYSCTL, position, &next, &end, &lost, NULL, NULL, r, 32, &n));
    EQ(n, 32);
    EQ(lost, end - RING - position);
    EQ(next, position + lost + 1);
    while (number <= RING + 7) {
        position = next;
        OK(lk_sysctl_read_trace(R_SYSCTL, position, &next, NULL, &lost, NULL, NULL, r, sizeof(r),
                                &n));
        EQ(lost, 0);
        for (unsigned i = 0; number == 0 && i < n / 32; i++) {
            number = r[i].event == TRACE_NOTICE ? r[i].a : 0;
        }
        be_next(r, n / 32, &number);
    }
    EQ(number, RING + 8);
}

CASE(beyond, .text = "a position that is not there yet shows nothing, and where the end is")
{
    struct record r;
    uint64_t end = ring_end(), next = 0, lost = 1;
    size_t n = 1;

    OK(lk_sysctl_read_trace(R_SYSCTL, end + 5, &next, NULL, &lost, NULL, NULL, &r, 32, &n));
    EQ(n, 0);
    EQ(next, end + 5);
    EQ(lost, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SysCtl.readTrace: positions, pieces, and what is lost. A notice without bits to somebody who does
 * not wait is one record, and nothing else happens: that is what these cases fill the ring with.
 */
#include "ring.h"

#define NOTICE R_A

static obj somebody;

static void make_somebody(void)
{
    somebody = proc_new(PRIO_LOW);
    obj_get(notice_new(endpoint_new(somebody, 1, false), UINT32_MAX), NOTICE);
}

/* Add records whose first words are these numbers. */
static void add(uint64_t first, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        OK(lk_appnotice_post(NOTICE, first + i));
    }
}

CASE(pieces, .text = "a reader gets each record once, in order, in whole records, as room allows")
{
    struct record r[PIECE + 1];
    uint64_t next = 0, end = 0, lost = 1, cycles = 0, at = 0, position;
    size_t n = 1;

    make_somebody();
    position = ring_end();
    OK(lk_sysctl_read_trace(R_SYSCTL, position, &next, &end, &lost, NULL, NULL, r, sizeof(r), &n));
    EQ(n, 0);
    EQ(next, position);
    EQ(end, position);
    EQ(lost, 0);
    add(1, 100);
    for (unsigned done = 0; done < 100; done += (unsigned)(n / sizeof(r[0]))) {
        unsigned room = done % 5 * 32 + 40;

        OK(lk_sysctl_read_trace(R_SYSCTL, position, &next, &end, &lost, &cycles, &at, r, room, &n));
        sys_at("%u done, room for %u bytes", done, room);
        EQ(n, 100 - done < room / 32 ? (100 - done) * 32 : room / 32 * 32);
        EQ(lost, 0);
        EQ(next, position + n / 32);
        for (unsigned i = 0; i < n / 32; i++) {
            EQ(r[i].event, TRACE_NOTICE);
            EQ(r[i].a, done + i + 1);
            EQ(r[i].b, oid_of(somebody));
            CHECK(r[i].cycles <= cycles);
        }
        position = next;
    }
    EQ(position, ring_end());
    CHECK(now() - at < 1000 * NSEC_PER_MSEC);
}

CASE(lost, .text = "who comes too late is told exactly how many records are lost, and goes on with "
                   "the oldest")
{
    struct record r;
    uint64_t next = 0, lost = 0, position;
    size_t n = 0;

    make_somebody();
    position = ring_end();
    add(1, RING);
    OK(lk_sysctl_read_trace(R_SYSCTL, position, &next, NULL, &lost, NULL, NULL, &r, 32, &n));
    EQ(lost, 0);
    EQ(r.a, 1);
    add(RING + 1, 7);
    OK(lk_sysctl_read_trace(R_SYSCTL, position, &next, NULL, &lost, NULL, NULL, &r, 32, &n));
    EQ(lost, 7);
    EQ(next, position + 8);
    EQ(r.a, 8);
    OK(lk_sysctl_read_trace(R_SYSCTL, next, &next, NULL, &lost, NULL, NULL, &r, 32, &n));
    EQ(lost, 0);
    EQ(r.a, 9);
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

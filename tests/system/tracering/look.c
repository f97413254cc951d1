/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading the ring, and finding things in it; see ring.h.
 */
#include "ring.h"

struct record ring_records[RECORDS];
static uint64_t started;

uint64_t ring_end(void)
{
    uint64_t end = 0;

    OK(lk_sysctl_read_trace(R_SYSCTL, UINT64_MAX, NULL, &end, NULL, NULL, NULL, NULL, 0, NULL));
    return end;
}

unsigned ring_from(uint64_t position, struct record *out, unsigned most)
{
    unsigned done = 0;
    size_t n;

    do {
        uint64_t next = 0, lost = 0;
        size_t room = (most - done < PIECE ? most - done : PIECE) * sizeof(*out);

        OK(lk_sysctl_read_trace(R_SYSCTL, position, &next, NULL, &lost, NULL, NULL, out + done,
                                room, &n));
        EQ(lost, 0);
        EQ(next, position + n / sizeof(*out));
        position = next;
        done += (unsigned)(n / sizeof(*out));
    } while (n == PIECE * sizeof(*out) && done < most);
    return done;
}

uint32_t oid_of(obj o)
{
    uint64_t high = 0;

    obj_get(o, R_J);
    OK(lk_capbits_get(R_CAPBITS, R_J, NULL, &high));
    return (uint32_t)high;
}

const struct record *next_of(const struct record *r, unsigned n, unsigned *at, unsigned event,
                             uint32_t process)
{
    while (*at < n) {
        const struct record *one = &r[(*at)++];

        if ((one->event & 0xff) == event && (process == 0 || one->process == process)) {
            return one;
        }
    }
    return NULL;
}

const struct record *must_be(const struct record *r, unsigned n, unsigned *at, unsigned event,
                             uint32_t process)
{
    unsigned from = *at;
    const struct record *found = next_of(r, n, at, event, process);

    if (found == NULL) {
        FAIL("no event %u of process %x among records %u to %u", event, process, from, n);
    }
    return found;
}

void start_trace(void)
{
    OK(lk_sysctl_set_trace(R_SYSCTL, 1));
    started = ring_end();
}

unsigned stop_trace(void)
{
    unsigned n = ring_from(started, ring_records, RECORDS);

    OK(lk_sysctl_set_trace(R_SYSCTL, 0));
    CHECK(n < RECORDS);
    return n;
}

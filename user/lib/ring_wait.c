/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ring queues: telling the other side, and waiting to be told; see ring.h and ring.c.
 */
#include <lykos/invoke.h>
#include <lykos/ring.h>
#include <lykos/start.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

/* The endpoint goes with the process, and then the notice is Null. */
static bool post(struct lk_ring *r, uint32_t bits)
{
    if (r->notice == 0) {
        return true;
    }
    if (lk_appnotice_post(r->notice, bits) != STATUS_INVALID_CAP) {
        return true;
    }
    r->ends = LK_RING_GONE;
    return false;
}

static void tell(struct lk_ring *r)
{
    r->posts++;
    post(r, r->post);
}

void lk_ring_flush(struct lk_ring *r)
{
    if (lk_ring_publish(r)) {
        tell(r);
    }
}

bool lk_ring_lives(struct lk_ring *r)
{
    return post(r, 0);
}

void lk_ring_close(struct lk_ring *r)
{
    lk_ring_shut(r);
    tell(r);
}

enum lk_ring_result lk_ring_rest(struct lk_ring *r, uint32_t wanted)
{
    lk_ring_flush(r);
    return lk_ring_announce(r, wanted);
}

/* Wait for a notice, or until the period is over: the clock posts the bits of this ring as well, so
 * whoever waits looks again for nothing then. */
static void wait(struct lk_ring *r)
{
    uint64_t bits;

    if (r->period != 0) {
        lk_sleep_notice_at(lk_start->sleep, lk_now() + r->period, r->bits);
    }
    r->waits++;
    bits = r->park != NULL ? r->park() : lk_park();
    r->others |= bits & ~(uint64_t)r->bits;
}

enum lk_ring_result lk_ring_await(struct lk_ring *r, uint32_t wanted)
{
    enum lk_ring_result result = lk_ring_rest(r, wanted);
    bool waited = false;

    while (result == LK_RING_NOTHING) {
        wait(r);
        waited = true;
        if (r->period != 0) {
            lk_ring_lives(r); /* before the look: it is of all that the other side has done */
        }
        result = lk_ring_announce(r, wanted);
    }
    if (waited && r->period != 0) {
        lk_sleep_notice_at(lk_start->sleep, UINT64_MAX, 0);
    }
    return result;
}

enum lk_ring_result lk_ring_send(struct lk_ring *r, const void *records, uint32_t n)
{
    const uint8_t *at = records;
    enum lk_ring_result result = LK_RING_OK;

    while (n > 0) {
        uint32_t put = lk_ring_put(r, at, n);

        at += (size_t)put * r->size;
        n -= put;
        if (n > 0) {
            result = lk_ring_await(r, 1);
            if (result != LK_RING_OK) {
                return result;
            }
        }
    }
    lk_ring_flush(r);
    return r->over != LK_RING_OK ? r->over : r->ends;
}

enum lk_ring_result lk_ring_receive(struct lk_ring *r, void *records, uint32_t n, uint32_t *got)
{
    enum lk_ring_result result = LK_RING_OK;

    *got = lk_ring_take(r, records, n);
    if (*got == 0) {
        result = lk_ring_await(r, 1);
        *got = lk_ring_take(r, records, n);
    }
    lk_ring_flush(r);
    return *got > 0 ? LK_RING_OK : result;
}

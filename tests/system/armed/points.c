/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which acquire points of which operations were hit. How many there are is learnt: an operation
 * that gets through has no more.
 */
#include "stage.h"

#define MOST 96
#define STRING_POINTS 3 /* the message, and the string on either side */

static struct {
    unsigned max; /* the last that was hit */
    uint32_t tries[MOST], hits[MOST];
} points[POINTS];

static const char *const names[POINTS] = {
    "call",
    "call with 64 KiB",
    "reply",
    "reply with 64 KiB",
    "answer to a sleeper",
    "send to an open wait",
    "resume",
    "post",
    "post preempting",
    "proxied call",
    "proxied one-way send",
    "proxied non-blocking send",
    "fetchProxyReply",
    "answer of the handler",
    "clear hold 0",
    "set hold",
    "clear hold",
    "getState, getWait, getPreemption",
};

void points_reset(void)
{
    memset(points, 0, sizeof(points));
}

/* One beyond the last is tried too, but seldom. */
static uint32_t weight(enum point p, unsigned n)
{
    return n > points[p].max ? points[p].tries[n] * 16 : points[p].tries[n];
}

unsigned point_next(enum point p)
{
    unsigned next = points[p].max + 1;

    for (unsigned n = points[p].max; n >= 1; n--) {
        if (weight(p, n) <= weight(p, next)) {
            next = n;
        }
    }
    return next;
}

void point_was(enum point p, unsigned n, bool hit)
{
    if (n >= MOST) {
        FAIL("%s has more than %u acquire points", names[p], MOST);
    }
    points[p].tries[n]++;
    points[p].hits[n] += hit;
    if (hit && n > points[p].max) {
        points[p].max = n;
    }
}

unsigned points_max(enum point p)
{
    return points[p].max;
}

bool injected(enum point p, unsigned n)
{
    uint64_t hit = 0;

    OK(lk_sysctl_inject_restart(R_SYSCTL, 0, NULL, &hit));
    point_was(p, n, hit != 0);
    return hit != 0;
}

static uint32_t least_hit(enum point p)
{
    uint32_t least = UINT32_MAX;

    for (unsigned n = 1; n <= points[p].max; n++) {
        least = points[p].hits[n] < least ? points[p].hits[n] : least;
    }
    return points[p].max == 0 ? 0 : least;
}

bool points_complete(void)
{
    for (unsigned p = 0; p < POINTS; p++) {
        if (least_hit((enum point)p) == 0) {
            return false;
        }
    }
    return points[PT_CALL_STRING].max >= STRING_POINTS &&
           points[PT_REPLY_STRING].max >= STRING_POINTS;
}

void points_print(void)
{
    for (unsigned p = 0; p < POINTS; p++) {
        sys_say("# acquire points of %s: %u, each hit %u times or more", names[p], points[p].max,
                least_hit((enum point)p));
    }
}

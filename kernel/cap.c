/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Capability words: validity, names, weakening. Read cap.h first.
 */
#include <kernel/cap.h>
#include <kernel/endpoint.h>
#include <kernel/irq.h>
#include <kernel/object.h>
#include <kernel/preempt.h>

const uint8_t cap_frame_kind[LK_TYPES] = CAP_HEADER_FRAMES;

bool cap_live_otherwise(const struct cap *c)
{
    ASSERT(c->type < LK_TYPES);
    if (c->type == CAP_RANGE) {
        return c->count == 0 || frame_table[c->payload - c->aux].lent == c->count;
    }
    return c->type != CAP_NULL && (c->type != CAP_IRQWAIT || irq_of_cap(c) != NULL);
}

bool cap_valid(const struct cap *c)
{
    if (!cap_live(c)) {
        return false;
    }
    if (c->type == CAP_ENTRY) {
        return endpoint_entry_valid(c);
    }
    if (c->type == CAP_PROXYENTRY) {
        const struct process *t = endpoint_recipient(endpoint_of(c));

        return t != NULL && preempt_receiver(t) != NULL;
    }
    return c->type != CAP_APPNOTICE || endpoint_recipient(endpoint_of(c)) != NULL;
}

struct cap cap_weaken(struct cap c)
{
    if (!cap_is_memory(&c)) {
        return (struct cap){ 0 };
    }
    c.restr |= c.type == CAP_PAGE ? LK_RO : LK_RO | LK_WK;
    return c;
}

bool cap_same(const struct cap *a, const struct cap *b)
{
    return cap_valid(a) == cap_valid(b) &&
           (!cap_valid(a) || (a->low == b->low && a->object == b->object));
}

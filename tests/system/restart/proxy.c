/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification under restart injection: sends through a ProxyEntry, delivered at once
 * and from where they wait, with strings and capabilities.
 */
#include "proxy_pair.h"

/* ---- Sends ---- */

struct sending {
    const struct form *form;
    enum obstacle obstacle;
};

static enum obstacle in_the_way;

static void then_clear(struct run *r)
{
    (void)r;
    clear_the_way(in_the_way);
}

/* The subject sends. */
static void make_send(struct run *r, const void *arg)
{
    const struct sending *s = arg;

    make_pair(r);
    obstruct(s->obstacle);
    r->subject = sender(s->form, &r->regs);
    in_the_way = s->obstacle;
    r->then = then_clear;
}

CASE(proxied_sends,
     .text = "every form of a proxied send comes to the same end with a restart at each of its "
             "acquire points, whatever stands in its way",
     .ms = 600000)
{
    unsigned points = 0;

    map_windows();
    for (unsigned i = 0; i < FORMS; i++) {
        for (unsigned o = NOTHING; o <= NO_RECEIVER; o++) {
            struct sending s = { &forms[i], (enum obstacle)o };

            points += inject_all(forms[i].name, make_send, &s);
        }
    }
    sys_say("# %u forms, %u acquire points", FORMS, points);
    CHECK(points > 6 * FORMS);
}

/* ---- Deliveries from where the senders wait: the subject is who clears the way ---- */

/* Somebody with a Process capability clears a hold, or R waits, or T yields. */
static void make_delivery(struct run *r, const void *arg)
{
    const struct sending *s = arg;
    struct lk_regs regs;
    obj from;

    make_pair(r);
    obstruct(s->obstacle);
    from = sender(s->form, &regs);
    raw_go(from, &regs);
    r->other[2] = from;
    if (s->obstacle == R_DOES_NOT_WAIT) {
        r->subject = pair.r;
        r->other[1] = NO_OBJ;
        r->regs = canary_regs(
            LK_RECV | LK_RSTR | LK_CTL_RECVS(REG_GOT, REG_GOT + 1, REG_GOT + 2, REG_GOT + 3), 7);
        r->regs.rbp = BUFFER_VA;
        r->regs.r9 = (uint64_t)LK_MAX_STRING << 32;
        return;
    }
    r->subject = proc_new(PRIO_HIGH);
    proc_reply_endpoint(r->subject, 9);
    proc_cap(r->subject, TARGET, s->obstacle == T_HELD ? pair.t : pair.r);
    r->regs = canary_regs(LK_CTL_CALL(TARGET, 2), 1);
    r->regs.rdi = OP_PROCESS_CLEAR_NOT_SCHEDULABLE;
    r->regs.rsi = s->obstacle == T_HELD ? LK_HOLD_PROXY : 3;
}

CASE(proxied_deliveries,
     .text = "so does what lets a sender in that waits: R's wait, the end of a hold", .ms = 600000)
{
    static const enum obstacle obstacles[] = { R_DOES_NOT_WAIT, R_HELD, T_HELD };
    unsigned points = 0;

    map_windows();
    for (unsigned i = 0; i < FORMS; i++) {
        for (unsigned o = 0; (forms[i].shape & LK_BLOCK) && o < 3; o++) {
            struct sending s = { &forms[i], obstacles[o] };

            points += inject_all(forms[i].name, make_delivery, &s);
            points += inject_work_all(forms[i].name, make_delivery, &s);
        }
    }
    sys_say("# %u acquire points", points);
    CHECK(points > 3 * FORMS);
}

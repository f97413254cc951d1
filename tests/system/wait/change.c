/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What senders wait for changes or goes away under them.
 */
#include "queue.h"

#define HUNDREDS 200

/* Many senders at one endpoint. */
static void many_senders(obj s[HUNDREDS], obj entry)
{
    for (unsigned i = 0; i < HUNDREDS; i++) {
        s[i] = sender_new(110 + i % 3, entry, i);
    }
    sender_waits(s[0]);
    sender_waits(s[HUNDREDS - 1]);
}

static void all_refused(const obj s[HUNDREDS])
{
    for (unsigned i = 0; i < HUNDREDS; i++) {
        sys_at("sender %u", i);
        EVENTUALLY(raw_done(s[i]));
        sender_refused(s[i], STATUS_INVALID_CAP);
    }
}

CASE(no_recipient,
     .text = "an Entry whose endpoint has no recipient is Null, and works when it gets one")
{
    obj r = proc_new(PRIO_HIGH);
    obj e = endpoint_new(NO_OBJ, 1, false);
    obj entry = entry_new(e, 0);
    obj s = sender_new(120, entry, 1);

    sender_refused(s, STATUS_INVALID_CAP);
    obj_get(entry, R_A);
    EQ(reg_type(R_A), LK_TYPE_NULL);
    obj_get(e, R_B);
    obj_get(r, R_C);
    OK(lk_endpoint_set_recipient(R_B, R_C));
    sender_again(s, 2);
    sender_waits(s);
    EQ(take_open(r), 2);
}

CASE(endpoint_destroyed,
     .text = "destroying an endpoint tells all of 200 who wait there, in pieces")
{
    static obj s[HUNDREDS];
    obj r = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 1, false);

    many_senders(s, entry_new(e, 0));
    obj_rescind(e);
    all_refused(s);
    waits_open(r);
    EQ(kernel_check(), 0);
}

CASE(recipient_destroyed, .text = "destroying the recipient tells all of 200 who wait for it")
{
    static obj s[HUNDREDS];
    obj r = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 1, false);

    many_senders(s, entry_new(e, 0));
    obj_rescind(r);
    all_refused(s);
    EQ(kernel_check(), 0);
}

CASE(recipient_destroyed_endpoints, .text = "it does so at all of its endpoints")
{
    enum { ENDPOINTS = 40 };
    obj r = proc_new(PRIO_HIGH);
    obj s[ENDPOINTS];

    for (unsigned i = 0; i < ENDPOINTS; i++) {
        s[i] = sender_new(120, entry_new(endpoint_new(r, i, false), 0), i);
    }
    obj_rescind(r);
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        EVENTUALLY(raw_done(s[i]));
        sender_refused(s[i], STATUS_INVALID_CAP);
    }
}

CASE(recipient_taken_away, .text = "so does taking the recipient away")
{
    static obj s[HUNDREDS];
    obj r = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 1, false);

    many_senders(s, entry_new(e, 0));
    obj_get(e, R_A);
    OK(lk_endpoint_set_recipient(R_A, 0));
    all_refused(s);
}

CASE(recipient_changed,
     .text = "senders that wait go to the new recipient, in their order, at once if it waits")
{
    obj r = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 1, false);
    obj entry = entry_new(e, 0);
    obj s[4];

    for (unsigned i = 0; i < 4; i++) {
        s[i] = sender_new(120, entry, i);
    }
    waits_open(q);
    obj_get(e, R_A);
    obj_get(q, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    EQ(raw_result(q).rdi, 0);
    sender_served(s[0]);
    waits_open(r);
    EQ(take_open(q), 1);
    EQ(take_closed(q, 1), 2);
    obj_get(r, R_B); /* and back again */
    OK(lk_endpoint_set_recipient(R_A, R_B));
    EQ(raw_result(r).rdi, 3);
}

CASE(recipient_is_sender,
     .text =
         "a sender that becomes the recipient of what it sends to would block for ever: it is told")
{
    obj r = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 1, false);
    obj s = sender_new(120, entry_new(e, 0), 1);

    sender_waits(s);
    obj_get(e, R_A);
    obj_get(s, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    sender_refused(s, STATUS_WOULD_BLOCK);
    EQ(kernel_check(), 0);
}

CASE(recipient_waits_changed,
     .text = "a process that waits loses the endpoint in the middle of its wait without harm")
{
    obj r = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 1, false);
    obj entry = entry_new(e, 0);
    obj s;

    waits_open(r);
    obj_get(e, R_A);
    obj_get(q, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    s = sender_new(120, entry, 7);
    sender_waits(s);
    EQ(proc_wait_kind(r), LK_WAIT_OPEN);
    EQ(take_open(q), 7);
}

CASE(id_changed, .text = "an endpoint that gets another ID is found by waits for that, also by one "
                         "that waits already")
{
    obj r = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 1, false);
    obj entry = entry_new(e, 0);
    obj s = sender_new(120, entry, 7);

    waits_closed(r, 2);
    sender_waits(s);
    obj_get(e, R_A);
    OK(lk_endpoint_set_endpoint_id(R_A, 2));
    EQ(raw_result(r).rdi, 7);
    EQ(raw_result(r).r8, 2);
    sender_again(s, 8);
    waits_closed(r, 1);
    sender_waits(s);
    EQ(take_closed(r, 2), 8);
}

CASE(id_changed_from_many, .text = "so it is among 100 other endpoints with senders")
{
    enum { ENDPOINTS = 100 };
    obj r = proc_new(PRIO_HIGH);
    obj e[ENDPOINTS];

    for (unsigned i = 0; i < ENDPOINTS; i++) {
        e[i] = endpoint_new(r, i, false);
        sender_new(120, entry_new(e[i], 0), i);
    }
    waits_closed(r, 5000);
    obj_get(e[90], R_A);
    OK(lk_endpoint_set_endpoint_id(R_A, 5000));
    EQ(raw_result(r).rdi, 90);
    EQ(kernel_check(), 0);
}

CASE(match_set,
     .text = "payload match set while senders wait tells them that nothing is outstanding")
{
    obj r = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, 1, false);
    obj s = sender_new(120, entry_new(e, 0), 7);

    sender_waits(s);
    obj_get(e, R_A);
    OK(lk_endpoint_set_payload_match(R_A, 1));
    sender_refused(s, STATUS_INVALID_CAP);
}

CASE(sender_destroyed,
     .text = "senders destroyed first, in the middle and last leave the queue whole")
{
    obj r = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(r, 1, false), 0);
    obj s[9];

    for (unsigned i = 0; i < 9; i++) {
        s[i] = sender_new(110 + i / 3, entry, i);
    }
    obj_rescind(s[6]); /* first of the first priority */
    obj_rescind(s[4]); /* in the middle */
    obj_rescind(s[2]); /* last of all */
    EQ(kernel_check(), 0);
    EQ(take_open(r), 7);
    EQ(take_open(r), 8);
    EQ(take_open(r), 3);
    obj_rescind(s[5]);
    EQ(take_open(r), 0);
    EQ(take_open(r), 1);
    waits_open(r);
}

CASE(sender_regs_set,
     .text = "setting the registers of a blocked sender ends its wait; nothing was sent")
{
    obj r = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(r, 1, false), 0);
    obj s = sender_new(120, entry, 1);
    obj t = sender_new(120, entry, 2);

    raw_do(s, LK_YIELD);
    sender_served(s);
    EQ(take_open(r), 2);
    sender_served(t);
    waits_open(r);
}

CASE(sender_entry_swapped,
     .text = "a blocked sender whose register names another endpoint by now sends there instead")
{
    obj r = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    obj s = sender_new(120, entry_new(endpoint_new(r, 1, false), 0), 1);
    obj other = entry_new(endpoint_new(q, 2, false), 0);

    proc_cap(s, REG_TARGET, other);
    raw_do(r, LK_RECV);
    EQ(proc_state(r).run_state, LK_STATE_RECEIVING); /* it got nothing */
    sender_waits(s);
    EQ(take_open(q), 1);
    sender_served(s);
}

CASE(sender_entry_dropped, .text = "a blocked sender whose register is Null by now is refused")
{
    obj r = proc_new(PRIO_HIGH);
    obj s = sender_new(120, entry_new(endpoint_new(r, 1, false), 0), 1);

    proc_cap(s, REG_TARGET, NO_OBJ);
    raw_do(r, LK_RECV);
    EQ(proc_state(r).run_state, LK_STATE_RECEIVING);
    sender_refused(s, STATUS_INVALID_CAP);
}

CASE(receiver_destroyed_held,
     .text = "holds of the receiver do not keep messages out, nor does a missing schedule")
{
    obj r = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(r, 1, false), 0);
    obj s;

    waits_open(r);
    proc_hold(r, 2);
    s = sender_new(120, entry, 9);
    sender_served(s);
    EQ(proc_state(r).run_state, LK_STATE_READY);
    EQ(proc_state(r).r.rdi, 9);
    proc_release(r, 2);
    EQ(raw_result(r).rdi, 9);

    waits_open(r);
    proc_slot(r, SLOT_SCHEDULE, NO_OBJ);
    sender_again(s, 10);
    sender_served(s);
    EQ(proc_state(r).run_state, LK_STATE_READY);
    proc_slot(r, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
    EQ(raw_result(r).rdi, 10);
}

enum { RECEIVERS = 6, ENDPOINTS = 12, SENDERS = 60, STEPS = 60 };
#define LOWEST 101
#define PRIORITIES_USED 30

struct crowd {
    obj r[RECEIVERS], e[ENDPOINTS], entry[ENDPOINTS], s[SENDERS];
};

/* One change: somebody goes, somebody waits, an endpoint changes. Things that are gone stay gone.
 */
static void change(const struct crowd *c, struct rng *rng)
{
    obj s = c->s[rng_below(rng, SENDERS)];
    obj r = c->r[rng_below(rng, RECEIVERS)];
    unsigned what = (unsigned)rng_below(rng, 12);

    obj_get(c->e[rng_below(rng, ENDPOINTS)], R_A);
    obj_get(r, R_B);
    obj_get(s, R_C);
    if (what < 3) {
        lk_range_rescind(R_RANGE, R_C);
    } else if (what < 5) {
        lk_endpoint_set_recipient(R_A, R_B);
    } else if (what < 7) {
        lk_endpoint_set_endpoint_id(R_A, rng_below(rng, 3));
    } else if (what == 7 && rng_below(rng, 6) == 0) {
        lk_range_rescind(R_RANGE, R_B);
    } else if (what == 8 && rng_below(rng, 6) == 0) {
        lk_range_rescind(R_RANGE, R_A);
    } else if (what == 9 && reg_type(R_C) != LK_TYPE_NULL) {
        proc_slot(s, SLOT_SCHEDULE,
                  schedule_of(LOWEST + (unsigned)rng_below(rng, PRIORITIES_USED)));
    } else if (reg_type(R_B) != LK_TYPE_NULL) {
        struct lk_regs regs = raw_regs(LK_RECV | (what == 10 ? LK_CLOSED : 0));

        regs.r8 = rng_below(rng, 3);
        raw_go(r, &regs);
    }
    EQ(kernel_check(), 0);
}

/* In the end nobody stands where nobody serves him: destroying the receivers ends every wait. */
static void crowd_round(struct rng *rng)
{
    struct crowd c;

    for (unsigned i = 0; i < RECEIVERS; i++) {
        c.r[i] = proc_new(PRIO_HIGH);
    }
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        c.e[i] = endpoint_new(c.r[i / 2], rng_below(rng, 3), false);
        c.entry[i] = entry_new(c.e[i], i);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        c.s[i] = sender_new(LOWEST + (unsigned)rng_below(rng, PRIORITIES_USED),
                            c.entry[rng_below(rng, ENDPOINTS)], i);
    }
    for (unsigned i = 0; i < STEPS; i++) {
        change(&c, rng);
    }
    for (unsigned i = 0; i < RECEIVERS; i++) {
        obj_get(c.r[i], R_A);
        lk_range_rescind(R_RANGE, R_A);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        obj_get(c.s[i], R_A);
        if (reg_type(R_A) != LK_TYPE_NULL) {
            EVENTUALLY(raw_done(c.s[i]));
            obj_rescind(c.s[i]);
        }
    }
    EQ(kernel_check(), 0);
}

CASE(all_at_once,
     .text = "senders, receivers and endpoints that change and go in random order leave the rest "
             "in order",
     .ms = 600000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 60 : 5;
    unsigned mark;

    parking_entry();
    own_space();
    for (unsigned i = 0; i < PRIORITIES_USED; i++) {
        schedule_of(LOWEST + i);
    }
    schedule_of(PRIO_HIGH);
    mark = shelf_mark();
    for (uint64_t round = 0; round < rounds; round++) {
        sys_at("round %lu", round);
        crowd_round(&rng);
        shelf_back(mark);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Order of service: first in first out within a priority, higher priorities first, among senders of
 * one endpoint and across endpoints.
 */
#include "queue.h"

#define MANY 12

CASE(fifo, .text = "senders of one priority are served in the order in which they came")
{
    obj r = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(r, 1, false), 0);
    obj s[MANY];

    for (unsigned i = 0; i < MANY; i++) {
        s[i] = sender_new(PRIO_HIGH, entry, i);
        sender_waits(s[i]);
    }
    for (unsigned i = 0; i < MANY; i++) {
        EQ(i % 2 == 0 ? take_open(r) : take_closed(r, 1), i);
        sender_served(s[i]);
    }
    waits_open(r);
}

CASE(priorities, .text = "senders of higher priority are served first")
{
    static const unsigned priority[] = { 120, 130, 110, 130, 255, 120, 110, 254, 130 };
    static const unsigned order[] = { 4, 7, 1, 3, 8, 0, 5, 2, 6 };
    obj r = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(r, 1, false), 0);

    for (unsigned i = 0; i < 9; i++) {
        sender_new(priority[i] == 255 ? 199 : priority[i] == 254 ? 198 : priority[i], entry, i);
    }
    for (unsigned i = 0; i < 9; i++) {
        EQ(take_open(r), order[i]);
    }
    waits_open(r);
}

CASE(priorities_across, .text = "an open wait takes the highest priority of all endpoints")
{
    static const unsigned priority[] = { 120, 140, 130, 110, 145, 125, 139, 111 };
    static const unsigned order[] = { 4, 1, 6, 2, 5, 0, 7, 3 };
    obj r = proc_new(PRIO_HIGH);
    obj entry[3];

    for (unsigned i = 0; i < 3; i++) {
        entry[i] = entry_new(endpoint_new(r, i, false), i);
    }
    for (unsigned i = 0; i < 8; i++) {
        sender_new(priority[i], entry[i % 3], i);
    }
    for (unsigned i = 0; i < 8; i++) {
        sys_at("message %u", i);
        EQ(take_open(r), order[i]);
    }
    waits_open(r);
}

CASE(priority_changes,
     .text =
         "a sender whose priority changes while it waits goes to its new place, behind its equals")
{
    obj r = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(r, 1, false), 0);
    obj s[4];

    for (unsigned i = 0; i < 4; i++) {
        s[i] = sender_new(120, entry, i);
    }
    proc_slot(s[2], SLOT_SCHEDULE, schedule_of(130)); /* first of all */
    proc_slot(s[0], SLOT_SCHEDULE, schedule_of(110)); /* last of all */
    proc_slot(s[1], SLOT_SCHEDULE, schedule_of(130)); /* behind 2 */
    EQ(take_open(r), 2);
    EQ(take_open(r), 1);
    EQ(take_open(r), 3);
    EQ(take_open(r), 0);
}

CASE(held_sender,
     .text = "a blocked sender that is held is served where it stands, and runs when it is let go")
{
    obj r = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(r, 1, false), 0);
    obj s = sender_new(120, entry, 5);

    proc_hold(s, 1);
    EQ(take_open(r), 5);
    EQ(proc_state(s).run_state, LK_STATE_READY);
    proc_release(s, 1);
    sender_served(s);
}

CASE(sender_without_schedule, .text = "a blocked sender without a schedule is served all the same")
{
    obj r = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(r, 1, false), 0);
    obj s = sender_new(120, entry, 5);

    proc_slot(s, SLOT_SCHEDULE, NO_OBJ);
    EQ(take_open(r), 5);
    EQ(proc_state(s).run_state, LK_STATE_READY);
    proc_slot(s, SLOT_SCHEDULE, schedule_of(120));
    sender_served(s);
}

CASE(closed_wait,
     .text = "a closed wait takes the endpoint it names, whoever else waits, and leaves the others")
{
    obj r = proc_new(PRIO_HIGH);
    obj a = entry_new(endpoint_new(r, 10, false), 0);
    obj b = entry_new(endpoint_new(r, 20, false), 0);
    obj s = sender_new(190, a, 1);
    obj t = sender_new(110, b, 2);

    EQ(take_closed(r, 20), 2);
    sender_served(t);
    sender_waits(s);
    waits_closed(r, 20);
    sender_again(t, 3);
    EQ(raw_result(r).rdi, 3);
    sender_waits(s);
    EQ(take_closed(r, 10), 1);
}

CASE(closed_wait_many,
     .text = "among 150 endpoints with senders a closed wait finds the one it names, in pieces")
{
    enum { ENDPOINTS = 150 };
    obj r = proc_new(PRIO_HIGH);
    obj last = NO_OBJ;

    for (unsigned i = 0; i < ENDPOINTS; i++) {
        obj entry;

        endpoint_new(r, 1000 + i, false);
        entry = obj_keep(R_T0);
        obj_get(entry, R_T0);
        OK(lk_endpoint_make_entry(R_T0, i, R_T1));
        obj_put(entry, R_T1);
        last = sender_new(PRIO_HIGH, entry, i);
    }
    sender_waits(last);
    EQ(take_closed(r, 1000 + ENDPOINTS - 1), ENDPOINTS - 1);
    EQ(take_closed(r, 1000), 0);
    EQ(take_closed(r, 1000 + 64), 64);
    EQ(take_closed(r, 1000 + 65), 65);
    EQ(take_closed(r, 1000 + 63), 63);
    EQ(take_closed(r, 1000 + 128), 128);
    waits_closed(r, 1000 + 128);
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        if (i != 0 && (i < 63 || i > 65) && i != 128 && i != ENDPOINTS - 1) {
            sys_at("endpoint %u", i);
            EQ(take_closed(r, 1000 + i), i);
        }
    }
    EQ(kernel_check(), 0);
}

CASE(two_with_one_id, .text = "two endpoints with one ID are both served by a wait for it")
{
    obj r = proc_new(PRIO_HIGH);
    obj a = entry_new(endpoint_new(r, 10, false), 1);
    obj b = entry_new(endpoint_new(r, 10, false), 2);
    obj s = sender_new(120, a, 1);
    obj t = sender_new(125, b, 2);
    uint64_t first = take_closed(r, 10);
    uint64_t second = take_closed(r, 10);

    EQ(first + second, 3);
    sender_served(s);
    sender_served(t);
    waits_closed(r, 10);
    sender_again(s, 4);
    EQ(raw_result(r).rdi, 4);
    EQ(raw_result(r).r9, 1);
}

CASE(service_resumes,
     .text =
         "those who are served go on at once if they are of higher priority than who served them")
{
    obj r = proc_new(PRIO_LOW);
    obj entry = entry_new(endpoint_new(r, 1, false), 0);
    obj s = sender_new(PRIO_HIGH, entry, 3);

    sender_waits(s);
    raw_do(r, LK_RECV);
    EVENTUALLY(raw_done(r));
    EQ(raw_result(r).rdi, 3);
    sender_served(s);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of the ready queues: who stands there, in which order, and who never does. Nothing
 * runs here.
 */
#include "helpers.h"
#include "selftest.h"

#include <kernel/cpu.h>
#include <kernel/sched.h>
#include <kernel/schedule.h>

#define FEW 5

static bool queued(const struct process *p)
{
    return !list_empty(&p->ready_link);
}

static void make_ready(struct process *p)
{
    test_commit();
    process_end_wait(p);
    sched_wake(p);
}

SELFTEST(sched_order,
         "processes of one priority are queued in the order in which they became ready")
{
    struct cpu *cpu = cpu_self();
    struct process *p[FEW];
    struct list *l = &cpu->ready[7];

    for (unsigned i = 0; i < FEW; i++) {
        p[i] = test_make_process(7);
        CHECK(!queued(p[i])); /* never started */
        make_ready(p[i]);
    }
    for (unsigned i = 0; i < FEW; i++) {
        l = l->next;
        CHECK(l == &p[i]->ready_link);
    }
    CHECK(cpu->ready_mask[0] == 1u << 7);
    for (unsigned i = 0; i < FEW; i++) {
        CHECK_EQUAL(process_check(p[i]), 0);
        test_rescind_process(p[i]);
    }
    CHECK(list_empty(&cpu->ready[7]) && cpu->ready_mask[0] == 0);
}

SELFTEST(sched_not_schedulable,
         "a process with a hold, a fault, a wait or no schedule is on no ready queue")
{
    struct process *p = test_make_process(200);

    make_ready(p);
    CHECK(queued(p) && sched_runnable(p));
    for (unsigned hold = 0; hold < 8; hold++) {
        test_commit();
        p->s.holds = (uint8_t)(1u << hold);
        sched_stop(p);
        sched_wake(p);
        CHECK(!queued(p) && !sched_runnable(p));
        p->s.holds = 0;
        sched_wake(p);
        CHECK(queued(p));
    }
    sched_stop(p);
    p->s.run_state = LK_STATE_RECEIVING;
    sched_wake(p);
    CHECK(!queued(p));
    p->s.run_state = LK_STATE_FAULTED;
    sched_wake(p);
    CHECK(!queued(p));
    p->s.run_state = LK_STATE_READY;
    test_rescind(oid_header(p->slot[SLOT_SCHEDULE].oid));
    test_commit();
    sched_wake(p);
    CHECK(!queued(p) && !sched_runnable(p));
    test_rescind_process(p);
}

SELFTEST(sched_priority_change, "a process moves to the queue of its new schedule")
{
    struct cpu *cpu = cpu_self();
    struct process *p = test_make_process(3);
    struct process *other = test_make_process(255);

    make_ready(p);
    CHECK(cpu->ready[3].next == &p->ready_link);
    test_commit();
    p->slot[SLOT_SCHEDULE] = other->slot[SLOT_SCHEDULE];
    sched_stop(p);
    process_schedule_changed(p);
    CHECK(cpu->ready[255].next == &p->ready_link && p->priority == 255);
    CHECK(list_empty(&cpu->ready[3]) && cpu->ready_mask[0] == 0 &&
          cpu->ready_mask[3] == 1ull << 63);
    test_rescind(&p->hdr);
    test_rescind_process(other);
}

SELFTEST(sched_switch, "a direct switch goes past the queue, and puts the other back in front")
{
    struct cpu *cpu = cpu_self();
    struct process *a = test_make_process(9);
    struct process *b = test_make_process(9);
    struct process *c = test_make_process(9);

    make_ready(b);
    test_commit();
    process_end_wait(a);
    process_end_wait(c);
    cpu->current = a;
    sched_sent(a, c);
    CHECK(cpu->current == c && !queued(c));
    CHECK(cpu->ready[9].next == &a->ready_link && a->ready_link.next == &b->ready_link);
    CHECK_EQUAL(process_check(a) + process_check(b) + process_check(c), 0);
    test_rescind_process(c); /* who runs and is destroyed runs no more */
    CHECK(cpu->current == NULL && cpu->resched);
    test_rescind_process(a);
    test_rescind_process(b);
}

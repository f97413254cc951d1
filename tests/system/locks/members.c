/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Members for cases; see team.h.
 */
#include "team.h"

static uint8_t stacks[MEMBERS][LK_THREAD_STACK] __attribute__((aligned(16)));
static struct lk_room room;
static struct {
    struct lk_thread thread;
    obj process, endpoint;
    bool made;
} members[MEMBERS];

void team_new(void)
{
    lk_room_open(&room, R_RANGE, frames_new(16), 16, R_ROOM_WORK);
    memset(members, 0, sizeof(members));
    OK(lk_team_open(&room, R_ENDPOINT, R_TEAM, R_TEAM_WORK));
}

void member_new(unsigned i, unsigned priority, void (*fn)(void *), void *arg)
{
    static const char *const labels[MEMBERS] = { "m0", "m1", "m2", "m3", "m4", "m5" };

    obj_get(schedule_of(priority), R_PLAN);
    obj_get(parking_entry(), R_PLAN_HANDLER);

    struct lk_thread_plan plan = {
        .label = labels[i],
        .fn = fn,
        .arg = arg,
        .stack = stacks[i],
        .stack_size = sizeof(stacks[i]),
        .space = R_SPACE,
        .schedule = R_PLAN,
        .handler = R_PLAN_HANDLER,
        .process = R_MEMBER,
        .endpoint = R_MEMBER_ENDPOINT,
    };

    OK(lk_team_make(&members[i].thread, &room, &plan));
    members[i].process = obj_keep(R_MEMBER);
    members[i].endpoint = obj_keep(R_MEMBER_ENDPOINT);
    members[i].made = true;
    OK(lk_thread_start(&members[i].thread));
}

enum status member_destroy(unsigned i)
{
    enum status s;

    members[i].thread.process = R_MEMBER; /* it is on the shelf, and may be elsewhere by now */
    obj_get(members[i].process, R_MEMBER);
    s = lk_team_destroy(&members[i].thread);
    members[i].made = s != STATUS_OK;
    return s;
}

obj member_process(unsigned i)
{
    return members[i].process;
}

obj member_endpoint(unsigned i)
{
    return members[i].endpoint;
}

struct lk_member *member_of(unsigned i)
{
    return lk_team_member(&members[i].thread);
}

static volatile uint64_t stops;

/* A worker that is no member; the case is in its register R_A. */
static void lets_go_on(void *unused)
{
    (void)unused;
    for (;;) {
        uint64_t holds = 0;

        sleep_ns(NSEC_PER_MSEC);
        OK(lk_process_get_state(R_A, NULL, &holds, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL));
        if ((holds >> LK_HOLD_TEAM & 1) != 0) {
            stops++;
            OK(lk_process_clear_not_schedulable(R_A, LK_HOLD_TEAM, NULL));
        }
    }
}

void team_may_stop(void)
{
    struct worker w = worker_new(PRIO_HIGH + 20, lets_go_on, NULL);

    stops = 0;
    proc_cap(w.p, R_A, obj_keep(R_SELF));
    worker_start(w);
}

uint64_t team_stops(void)
{
    return stops;
}

void members_fine(void)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        if (members[i].made) {
            sys_at("member %u", i);
            CHECK(proc_state(members[i].process).run_state != LK_STATE_FAULTED);
        }
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the library for threads and preemption notification (<lykos/room.h>,
 * <lykos/thread.h>, <lykos/preempt.h>), as a program uses it. What the kernel does is tested
 * elsewhere; here it is that the library asks it for the right thing.
 */
#include "kit.h"

const char sys_scenario[] = "userlib";

static uint8_t stacks[KIT_THREADS][LK_THREAD_STACK] __attribute__((aligned(16)));

struct lk_room kit_room(unsigned frames)
{
    struct lk_room room;

    lk_room_open(&room, R_RANGE, frames_new(frames), frames, R_WORK);
    room.discrim = R_DISCRIM;
    return room;
}

struct lk_thread_plan kit_plan(unsigned i, unsigned priority, void (*fn)(void *), void *arg)
{
    obj_get(parking_entry(), R_HANDLER);
    obj_get(schedule_of(priority), R_PLAN_SCHEDULE);
    return (struct lk_thread_plan){
        .label = "thread",
        .fn = fn,
        .arg = arg,
        .stack = stacks[i],
        .stack_size = sizeof(stacks[i]),
        .space = R_SPACE,
        .schedule = R_PLAN_SCHEDULE,
        .handler = R_HANDLER,
        .process = R_THREAD + i,
        .endpoint = R_THREAD_ENDPOINT + i,
    };
}

void kit_thread(struct lk_thread *t, struct lk_room *room, unsigned i, unsigned priority,
                void (*fn)(void *), void *arg)
{
    struct lk_thread_plan plan = kit_plan(i, priority, fn, arg);

    *t = (struct lk_thread){ .room = NULL };
    OK(lk_thread_make(t, room, &plan));
}

/* The handler thread. */

static enum lk_after take(struct lk_event *event)
{
    struct kit_handler *h = event->context;

    h->last = *event;
    h->events++;
    return h->take != NULL ? h->take(h, event) : h->after;
}

static void handle(void *arg)
{
    struct lk_handler handler = { .take = take, .target = 24, .reply = 28, .context = arg };

    lk_handler_run(&handler);
}

void kit_pair(struct kit_handler *h, struct lk_thread *target, struct lk_room *room,
              void (*fn)(void *), void *arg)
{
    kit_thread(target, room, 0, PRIO_LOW, fn, arg);
    kit_thread(&h->thread, room, 1, PRIO_HIGH, handle, h);
    OK(lk_endpoint_make_entry(R_THREAD_ENDPOINT + 1, 77, R_J));
    OK(lk_preempt_register(R_THREAD, R_J));
    OK(lk_thread_start(&h->thread));
}

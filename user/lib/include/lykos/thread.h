/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads: further processes in an address space, each with its own stack and its own 32 capability
 * registers.
 *
 * The kernel knows no threads: a Process is given a space, and two may be given the same one. What
 * a thread finds in its registers is what a program finds (<lykos/start.h>): itself in LK_REG_SELF,
 * its reply Endpoint in LK_REG_REPLY, its own Endpoint in LK_REG_ENDPOINT; if its maker has them by
 * the start block, also `sleep`, `kernlog`, `console`, `exit` and `pager`, so that say(), lk_now(),
 * lk_exit() and the heap work. Everything else it is given one by one, before it starts: a
 * thread holds no capability that nobody gave it, whatever its neighbours in the same memory hold.
 *
 *      static uint8_t stack[LK_THREAD_STACK] __attribute__((aligned(16)));
 *      static struct lk_thread thread;
 *      struct lk_thread_plan plan = {
 *          .label = "helper", .fn = help, .arg = &job, .stack = stack, .stack_size = sizeof(stack),
 *          .space = lk_cap("space"), .schedule = lk_cap("schedule"), .process = REG_HELPER,
 *      };
 *
 *      if (lk_thread_make(&thread, &room, &plan) == STATUS_OK &&
 *          lk_thread_give(&thread, LK_REG_NAMED, REG_WHAT_IT_NEEDS) == STATUS_OK) {
 *          lk_thread_start(&thread);
 *      }
 */
#pragma once

#include <lykos/room.h>
#include <stdbool.h>
#include <stddef.h>

#define LK_THREAD_STACK 8192u /* bytes: enough for say(), which formats on the stack */

/* What a thread is made of. The numbers are capability registers of whoever makes it. */
struct lk_thread_plan {
    const char *label;  /* for listings and logs, up to 16 characters */
    void (*fn)(void *); /* when it returns the thread waits for notices for ever */
    void *arg;          /* its argument */
    void *stack;        /* lowest address of its stack, in `space` */
    size_t stack_size;  /* bytes */
    uint32_t space;     /* GPT: the root of its address space */
    uint32_t schedule;  /* Schedule: the right to run */
    uint32_t handler;   /* Entry told of its faults; 0: it stays stopped, and the log says so */
    uint32_t process;   /* gets the Process of the thread */
    uint32_t endpoint;  /* gets the Endpoint on which it receives, ID LK_ENDPOINT_ID; 0: unwanted */
    uint32_t reply;     /* gets its reply Endpoint; 0: unwanted */
};

/* A thread, for its maker. All zero before it is made the first time. */
struct lk_thread {
    struct lk_room *room; /* where it stands */
    uint32_t process;     /* the maker's register of its Process */
    bool placed;          /* it has places in the room, which the next one made here takes again */
    struct lk_place process_at, endpoint_at, reply_at;
};

/* Make a thread; it does not run yet. If a step fails what was made is destroyed again.
 * IN_USE: the thread was made before and not destroyed. */
enum status lk_thread_make(struct lk_thread *t, struct lk_room *room,
                           const struct lk_thread_plan *plan);

/* Copy the maker's register `from` to register `reg` of the thread. */
enum status lk_thread_give(const struct lk_thread *t, uint32_t reg, uint32_t from);

/* Let it begin. */
enum status lk_thread_start(const struct lk_thread *t);

/* Destroy it and its endpoints, whatever it is doing: whoever waits for it is answered by the
 * kernel. Its places in the room are taken again by the next lk_thread_make() with this struct. */
enum status lk_thread_destroy(struct lk_thread *t);

/* Make a Schedule in the room, into register `reg`, with SchedCtl in register `schedctl`: priority,
 * slice in nanoseconds. */
enum status lk_schedule_make(struct lk_room *room, uint32_t schedctl, unsigned priority,
                             uint64_t slice, uint32_t reg);

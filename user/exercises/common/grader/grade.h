/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What all graders have in common: verdicts that nobody else can print, and calls that cannot hang.
 *
 * The grader is started with a word as its argument that is drawn for each boot and told to nobody
 * else. It stands in each verdict, so a program that prints lines like the grader's has no points
 * for it.
 *
 * What is graded may never answer. So every call is made by an *asker*, a thread of the grader,
 * which can be destroyed: that is also how a client dies while it waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GRADE_ASKERS 4u /* at once */
#define GRADE_CAP 8u    /* register of an asker: what it calls */
#define GRADE_MSEC 20u  /* longer than any call takes that is answered at all */

/* Before all else. The program has a description with space, schedule, sleep, and `cap memory =
 * range 64 pages`, and is above what it grades. */
void grade_begin(void);

/* A verdict on a criterion. One that does not hold is given with the reason, and wins over all
 * others. */
void grade(const char *criterion, bool holds, const char *why);

/* Have asker `who` call fn(arg), with the capability in register `cap` as its GRADE_CAP. An asker
 * that was used before is destroyed first, whatever it does. */
void grade_ask(unsigned who, uint32_t cap, void (*fn)(void *), void *arg);

/* Has the asker returned from fn? Waits for it, at most so many milliseconds. */
bool grade_answered(unsigned who, uint64_t msec);

/* Destroy the asker, in the middle of its call if need be. */
void grade_kill(unsigned who);

/* All of it: ask, wait GRADE_MSEC, destroy. True: it has returned. */
bool grade_call(uint32_t cap, void (*fn)(void *), void *arg);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Time: the kernel has absolute times only; relative ones are made here. All of it goes through the
 * Sleep capability that the start block names. Without one the clock reads 0 and nothing waits.
 */
#pragma once

#include <abi/gen.h>
#include <stdint.h>

#define LK_NSEC_PER_MSEC 1000000ul
#define LK_NSEC_PER_SEC 1000000000ul

/* Nanoseconds since boot. */
uint64_t lk_now(void);

/* Wait for a duration, or until an absolute time in nanoseconds since boot; one that is past
 * returns at once. Notices stay pending meanwhile. INVALID_CAP: the program has no Sleep
 * capability. */
enum status lk_sleep_ms(uint64_t msec);
enum status lk_sleep_until(uint64_t time);

/* Have the bits posted to this process after a duration. One timed notice per process: a second
 * replaces the first. INVALID_CAP: no Sleep capability. */
enum status lk_notice_in(uint64_t msec, uint32_t bits);

/* The same, as a preempting notice: at its time this process is stopped, whatever it does, and its
 * handler is told (<lykos/preempt.h>); without a handler the bits stay pending for one. It takes
 * the place of a plain one, and the other way round. */
enum status lk_preempt_in(uint64_t msec, uint32_t bits);

/* Take the timed notice back. Bits posted already stay pending. */
enum status lk_notice_cancel(void);

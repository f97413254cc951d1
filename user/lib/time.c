/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Relative times, made from the absolute ones of the Sleep capability.
 */
#include <lykos/start.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

#define NEVER UINT64_MAX
#define PREEMPTING_SHIFT 32 /* of the bits that Sleep.noticeAt posts */

/* Now plus a duration; a sum too large is never. */
static uint64_t after(uint64_t msec)
{
    uint64_t nsec;
    uint64_t time;

    if (__builtin_mul_overflow(msec, LK_NSEC_PER_MSEC, &nsec) ||
        __builtin_add_overflow(lk_now(), nsec, &time)) {
        return NEVER;
    }
    return time;
}

uint64_t lk_now(void)
{
    uint64_t now = 0;

    if (lk_sleep_now(lk_start->sleep, &now) != STATUS_OK) {
        return 0;
    }
    return now;
}

enum status lk_sleep_ms(uint64_t msec)
{
    return lk_sleep_until(after(msec));
}

enum status lk_sleep_until(uint64_t time)
{
    return lk_sleep_sleep_until(lk_start->sleep, time, NULL);
}

enum status lk_notice_in(uint64_t msec, uint32_t bits)
{
    return lk_sleep_notice_at(lk_start->sleep, after(msec), bits);
}

enum status lk_preempt_in(uint64_t msec, uint32_t bits)
{
    return lk_sleep_notice_at(lk_start->sleep, after(msec), (uint64_t)bits << PREEMPTING_SHIFT);
}

enum status lk_notice_cancel(void)
{
    return lk_sleep_notice_at(lk_start->sleep, NEVER, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Time since boot: there is no clock that knows the date. It comes by the program's Sleep; who has
 * none has no time.
 */
#include <errno.h>
#include <lykos/start.h>
#include <lykos/time.h>
#include <stdbool.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_USEC 1000ul

static bool time_now(uint64_t *ns)
{
    if (lk_start->sleep == 0) {
        errno = ENOSYS;
        return false;
    }
    *ns = lk_now();
    return true;
}

int gettimeofday(struct timeval *now, void *zone)
{
    uint64_t ns;

    (void)zone;
    if (!time_now(&ns)) {
        return -1;
    }
    now->tv_sec = (time_t)(ns / LK_NSEC_PER_SEC);
    now->tv_usec = (suseconds_t)(ns % LK_NSEC_PER_SEC / NSEC_PER_USEC);
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    uint64_t ns;

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
        errno = EINVAL;
        return -1;
    }
    if (!time_now(&ns)) {
        return -1;
    }
    *now = (struct timespec){ .tv_sec = (time_t)(ns / LK_NSEC_PER_SEC),
                              .tv_nsec = (long)(ns % LK_NSEC_PER_SEC) };
    return 0;
}

/* All time counts as the program's own. */
clock_t times(struct tms *to)
{
    uint64_t ns;
    clock_t ticks;

    if (!time_now(&ns)) {
        return (clock_t)-1;
    }
    ticks = (clock_t)(ns / (LK_NSEC_PER_SEC / CLOCKS_PER_SEC));
    *to = (struct tms){ .tms_utime = ticks };
    return ticks;
}

/* Now plus a duration that is not negative; a sum too large is never. */
static uint64_t after(const struct timespec *wanted)
{
    uint64_t time;

    if (__builtin_mul_overflow((uint64_t)wanted->tv_sec, LK_NSEC_PER_SEC, &time) ||
        __builtin_add_overflow(time, (uint64_t)wanted->tv_nsec, &time) ||
        __builtin_add_overflow(time, lk_now(), &time)) {
        return UINT64_MAX;
    }
    return time;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    if (wanted->tv_sec < 0 || wanted->tv_nsec < 0 || wanted->tv_nsec >= (long)LK_NSEC_PER_SEC) {
        errno = EINVAL;
        return -1;
    }
    if (lk_sleep_until(after(wanted)) != STATUS_OK) {
        errno = ENOSYS;
        return -1;
    }
    if (left != NULL) {
        *left = (struct timespec){ 0 };
    }
    return 0;
}

unsigned sleep(unsigned seconds)
{
    return lk_sleep_ms(seconds * 1000ul) == STATUS_OK ? 0 : seconds;
}

int usleep(useconds_t usec)
{
    return nanosleep(&(struct timespec){ .tv_sec = (time_t)(usec / 1000000),
                                         .tv_nsec = (long)(usec % 1000000) * 1000 },
                     NULL);
}

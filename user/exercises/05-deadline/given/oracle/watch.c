/* watch: the oracle has WATCH_LIMIT_MSEC for each question. This does not see to it yet. It is
 * yours to change. */
#include "watch.h"

#include <lykos/lykos.h>

void watch_init(void)
{
}

void watch_begin(void)
{
}

void watch_end(void)
{
}

void watch_enter(void)
{
}

void watch_leave(void)
{
}

static enum lk_after take(struct lk_event *event)
{
    (void)event;
    return LK_GO_ON;
}

void watch_run(void *unused)
{
    static const struct lk_handler handler = {
        .take = take,
        .target = R_TARGET,
        .reply = R_REPLY,
    };

    (void)unused;
    lk_handler_run(&handler);
}

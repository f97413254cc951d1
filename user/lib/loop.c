/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event loop: what its thread does; see loop.h. Beside it loop_queue.c, what there is to do,
 * and loop_source.c, what other threads do. user/lib/models/loop.pml is the model of how the loop
 * is woken, and of sources that are removed.
 *
 * All that others may change is guarded by the loop's lock. The loop thread looks under the lock
 * whether there is something to do, says there in `waits` that it is going to wait, and only then
 * waits. Whoever brings something finds `waits` and wakes it, before it waits or after: a wake-up
 * stays pending. Between the look and the wait it takes no lock, since a wake-up that comes to a
 * member that waits for a lock ends there (lk_await_notices).
 */
#include <lykos/loop.h>
#include <lykos/start.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

void lk_loop_init(struct lk_loop *loop)
{
    *loop = (struct lk_loop){
        .lock = LK_LOCK("loop", LK_LOOP_RANK),
        .thread = lk_self(),
        .until = LK_NEVER,
    };
    lk_loop_clear(loop);
}

void lk_loop_set_idle(struct lk_loop *loop, void (*before)(void *context),
                      void (*after)(void *context), void *context)
{
    loop->before_poll = before;
    loop->after_poll = after;
    loop->context = context;
}

/* Wait until there may be something to do; the bits that came. If there is something already, the
 * wake-up is the thread's own, so that notices are looked at all the same. The timed notice is set
 * each time: a callback may have used it. */
static uint32_t wait(struct lk_loop *loop, const struct lk_site *site)
{
    bool work;

    lk_lock_at(&loop->lock, site);
    work = lk_loop_has_work(loop);
    loop->until = lk_loop_first_time(loop);
    loop->waits = !work;
    lk_unlock_at(&loop->lock, site);

    lk_no_lock_at("waits in its event loop", site);
    if (work) {
        lk_team_wake(loop->thread);
    } else if (loop->until != LK_NEVER) {
        lk_must(lk_sleep_notice_at(lk_start->sleep, loop->until, LK_BIT_TIMER), "a timed notice");
    }
    return (uint32_t)lk_await_notices() & ~LK_LOOP_OWN_BITS;
}

/* The first that is due has its turn. With the lock, which is let go meanwhile. */
static void call_first(struct lk_loop *loop, uint64_t now, const struct lk_site *site)
{
    struct lk_source *s = lk_loop_next_due(loop);
    lk_loop_callback *callback = s->callback;
    uint32_t why = s->why;

    s->why = 0;
    if (s->kind == LK_SOURCE_TIMER) {
        why = lk_loop_count_timer(loop, s, now);
    }
    loop->running = s;
    loop->calls++;
    lk_unlock_at(&loop->lock, site);
    callback(s, why); /* it may be no source any more when this returns */
    lk_lock_at(&loop->lock, site);
    loop->running = NULL;
}

/* The same for the first of those that leave. */
static void call_removed(struct lk_loop *loop, const struct lk_site *site)
{
    struct lk_source *s = lk_loop_next_leaving(loop);
    lk_loop_removed *removed = s->removed;

    lk_loop_let_go(loop, s);
    lk_unlock_at(&loop->lock, site);
    removed(s);
    lk_lock_at(&loop->lock, site);
}

/* Those that are due now, and no more, even if some make themselves due again. */
static void call_all(struct lk_loop *loop, uint64_t now, const struct lk_site *site)
{
    for (unsigned n = loop->due_count; n > 0 && loop->due_count > 0; n--) {
        call_first(loop, now, site);
    }
    for (unsigned n = loop->leaving_count; n > 0; n--) {
        call_removed(loop, site);
    }
}

void lk_loop_once_at(struct lk_loop *loop, const struct lk_site *site)
{
    uint32_t bits;
    uint64_t now;

    if (loop->thread != lk_self() || loop->inside) {
        lk_team_die("an event loop is run by another thread than its own, or inside a callback");
    }
    loop->inside = true;
    if (loop->before_poll != NULL) {
        loop->before_poll(loop->context);
    }
    bits = wait(loop, site);
    if (loop->after_poll != NULL) {
        loop->after_poll(loop->context);
    }
    now = loop->until != LK_NEVER ? lk_now() : 0;
    lk_lock_at(&loop->lock, site);
    loop->waits = false;
    loop->rounds++;
    lk_loop_take_bits(loop, bits);
    lk_loop_take_timers(loop, now);
    call_all(loop, now, site);
    lk_unlock_at(&loop->lock, site);
    loop->inside = false;
}

void lk_loop_run_at(struct lk_loop *loop, const struct lk_site *site)
{
    bool stop;

    do {
        lk_loop_once_at(loop, site);
        lk_lock_at(&loop->lock, site);
        stop = loop->stop;
        loop->stop = false;
        lk_unlock_at(&loop->lock, site);
    } while (!stop);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What any thread does with the sources of an event loop; see loop.h and loop.c.
 */
#include <lykos/loop.h>

/* Take the lock. Until leave() the caller is not stopped: one that is sent elsewhere between a
 * change and the wake-up that belongs to it would leave the loop asleep. */
static void enter(struct lk_loop *loop, const struct lk_site *site)
{
    lk_defer_begin(&lk_self()->control);
    lk_lock_at(&loop->lock, site);
}

/* Let it go, and wake the loop thread if there is something for it now. */
static void leave(struct lk_loop *loop, const struct lk_site *site)
{
    bool wake = loop->waits && (lk_loop_has_work(loop) || lk_loop_first_time(loop) < loop->until);

    if (wake) {
        loop->waits = false;
    }
    lk_unlock_at(&loop->lock, site);
    if (wake) {
        lk_team_wake(loop->thread);
    }
    lk_defer_end(&lk_self()->control);
}

/* The loop of a source, entered; NULL: it is in none. */
static struct lk_loop *enter_of(struct lk_source *s, const struct lk_site *site)
{
    struct lk_loop *loop = __atomic_load_n(&s->loop, __ATOMIC_ACQUIRE);

    if (loop == NULL) {
        return NULL;
    }
    enter(loop, site);
    if (s->loop == loop && !s->leaving) {
        return loop;
    }
    leave(loop, site);
    return NULL;
}

static bool bits_fit(uint32_t bits)
{
    return bits != 0 && (bits & LK_LOOP_OWN_BITS) == 0;
}

static bool plan_fits(const struct lk_source_plan *plan)
{
    return plan->callback != NULL &&
           (plan->kind == LK_SOURCE_TIMER || plan->kind == LK_SOURCE_READY ||
            (plan->kind == LK_SOURCE_NOTICE && bits_fit(plan->bits)));
}

static void put_in(struct lk_loop *loop, struct lk_source *s, const struct lk_source_plan *plan)
{
    *s = (struct lk_source){
        .context = plan->context,
        .loop = loop,
        .kind = plan->kind,
        .callback = plan->callback,
        .removed = plan->removed,
        .enabled = !plan->disabled,
        .bits = plan->bits,
        .time = plan->time,
        .period = plan->period,
    };
    lk_loop_put_in(loop, s);
}

enum status lk_loop_add_at(struct lk_loop *loop, struct lk_source *source,
                           const struct lk_source_plan *plan, const struct lk_site *site)
{
    enum status s = STATUS_OK;

    if (!plan_fits(plan)) {
        return STATUS_REQUEST_ERROR;
    }
    enter(loop, site);
    if (source->loop != NULL) {
        s = STATUS_IN_USE;
    } else if (loop->sources == LK_LOOP_SOURCES) {
        s = STATUS_EXHAUSTED;
    } else {
        put_in(loop, source, plan);
    }
    leave(loop, site);
    return s;
}

/* What it was to be told and is its own no more waits for who has these bits next. */
static void set_bits(struct lk_loop *loop, struct lk_source *s, uint32_t bits)
{
    loop->unclaimed |= s->why & ~bits;
    s->why &= bits;
    s->bits = bits;
    if (s->why == 0) {
        lk_loop_not_due(loop, s);
    }
    lk_loop_claim_bits(loop, s);
}

enum status lk_loop_update_bits_at(struct lk_source *source, uint32_t bits,
                                   const struct lk_site *site)
{
    struct lk_loop *loop = enter_of(source, site);
    bool fits;

    if (loop == NULL) {
        return STATUS_NOT_FOUND;
    }
    fits = source->kind == LK_SOURCE_NOTICE && bits_fit(bits);
    if (fits) {
        set_bits(loop, source, bits);
    }
    leave(loop, site);
    return fits ? STATUS_OK : STATUS_REQUEST_ERROR;
}

enum status lk_loop_update_timer_at(struct lk_source *source, uint64_t time, uint64_t period,
                                    const struct lk_site *site)
{
    struct lk_loop *loop = enter_of(source, site);
    bool fits;

    if (loop == NULL) {
        return STATUS_NOT_FOUND;
    }
    fits = source->kind == LK_SOURCE_TIMER;
    if (fits) {
        lk_loop_unset_timer(loop, source);
        source->time = time;
        source->period = period;
        lk_loop_set_timer(loop, source);
    }
    leave(loop, site);
    return fits ? STATUS_OK : STATUS_REQUEST_ERROR;
}

/* A timer keeps its time: if that is past when it is enabled, it is due. */
static void enable(struct lk_loop *loop, struct lk_source *s, bool on)
{
    s->enabled = on;
    if (s->kind == LK_SOURCE_TIMER) {
        lk_loop_unset_timer(loop, s);
        lk_loop_set_timer(loop, s);
    } else if (!on) {
        lk_loop_not_due(loop, s);
    } else if (s->why != 0) {
        lk_loop_make_due(loop, s);
    }
}

enum status lk_loop_enable_at(struct lk_source *source, bool on, const struct lk_site *site)
{
    struct lk_loop *loop = enter_of(source, site);

    if (loop == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (on != source->enabled) {
        enable(loop, source, on);
    }
    leave(loop, site);
    return STATUS_OK;
}

enum status lk_loop_ready_at(struct lk_source *source, uint32_t why, const struct lk_site *site)
{
    struct lk_loop *loop = enter_of(source, site);
    bool fits;

    if (loop == NULL) {
        return STATUS_NOT_FOUND;
    }
    fits = source->kind == LK_SOURCE_READY && why != 0;
    if (fits) {
        source->why |= why;
        lk_loop_make_due(loop, source);
    }
    leave(loop, site);
    return fits ? STATUS_OK : STATUS_REQUEST_ERROR;
}

enum status lk_loop_remove_at(struct lk_source *source, const struct lk_site *site)
{
    struct lk_loop *loop = enter_of(source, site);
    enum status s;

    if (loop == NULL) {
        return STATUS_NOT_FOUND;
    }
    s = loop->running == source ? STATUS_IN_USE : STATUS_OK;
    lk_loop_take_out(loop, source);
    leave(loop, site);
    return s;
}

void lk_loop_stop_at(struct lk_loop *loop, const struct lk_site *site)
{
    enter(loop, site);
    loop->stop = true;
    leave(loop, site);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The order of locks, checked; see lock.h. A mistake stops the whole team (lk_team_die), with a
 * line that says where both locks were taken. Who made it keeps what it has, so that nothing goes
 * on behind it as if all were well.
 */
#include <lykos/lock.h>
#include <lykos/start.h>

/* Locks of rank `a` were held, since `held`, when one of rank `b` was taken, at `taken`: the first
 * time that it was so. */
static struct {
    const struct lk_site *held, *taken;
} order[LK_RANKS][LK_RANKS];

void lk_check_forget(void)
{
    for (unsigned i = 0; i < LK_RANKS * LK_RANKS; i++) {
        order[i / LK_RANKS][i % LK_RANKS].taken = NULL;
    }
}

static bool has(const struct lk_member *me, const struct lk_lock *l)
{
    for (unsigned i = 0; i < me->helds; i++) {
        if (me->held[i].lock == l) {
            return true;
        }
    }
    return false;
}

/* `l` must not be taken while what stands in `held` i is held. */
static _Noreturn void inversion(const struct lk_member *me, unsigned i, const struct lk_lock *l,
                                const struct lk_site *site)
{
    const struct lk_lock *held = me->held[i].lock;
    const struct lk_site *since = me->held[i].site;
    const struct lk_site *other = order[l->rank][held->rank].taken;

    if (other != NULL) {
        lk_team_die(
            "lock order: %s takes %s (rank %u) at %s:%u\nand has %s (rank %u) since %s:%u;\nat "
            "%s:%u it was the other way round",
            me->label, l->name, l->rank, site->file, site->line, held->name, held->rank,
            since->file, since->line, other->file, other->line);
    }
    lk_team_die("lock order: %s takes %s (rank %u) at %s:%u\nand has %s (rank %u) since %s:%u",
                me->label, l->name, l->rank, site->file, site->line, held->name, held->rank,
                since->file, since->line);
}

void lk_check_take(const struct lk_member *me, const struct lk_lock *l, const struct lk_site *site)
{
    if (site == NULL) {
        return;
    }
    if (l->rank == 0 || l->rank >= LK_RANKS) {
        lk_team_die("lock order: %s has rank %u; ranks are 1 to %u", l->name, l->rank,
                    LK_RANKS - 1);
    }
    for (unsigned i = 0; i < me->helds; i++) {
        if (me->held[i].lock->rank >= l->rank) {
            inversion(me, i, l, site);
        }
    }
    if (l->under != NULL && !has(me, l->under)) {
        lk_team_die("lock order: %s takes %s at %s:%u without %s", me->label, l->name, site->file,
                    site->line, l->under->name);
    }
    if (me->helds == LK_HELD_LOCKS) {
        lk_team_die("lock order: %s has %u locks, and takes %s at %s:%u", me->label, me->helds,
                    l->name, site->file, site->line);
    }
}

void lk_check_taken(struct lk_member *me, const struct lk_lock *l, const struct lk_site *site)
{
    if (site == NULL) {
        return;
    }
    for (unsigned i = 0; i < me->helds; i++) {
        unsigned rank = me->held[i].lock->rank;

        if (order[rank][l->rank].taken == NULL) {
            order[rank][l->rank].held = me->held[i].site;
            order[rank][l->rank].taken = site;
        }
    }
    me->held[me->helds].lock = l;
    me->held[me->helds++].site = site;
}

void lk_check_has(const struct lk_member *me, const struct lk_lock *l, const char *what,
                  const struct lk_site *site)
{
    if (site != NULL && !has(me, l)) {
        lk_team_die("lock order: %s %s %s at %s:%u without having it", me->label, what, l->name,
                    site->file, site->line);
    }
}

void lk_check_alone(const struct lk_member *me, const struct lk_lock *l, const struct lk_site *site)
{
    for (unsigned i = 0; site != NULL && i < me->helds; i++) {
        if (me->held[i].lock != l) {
            lk_team_die(
                "lock order: %s waits on a condition of %s at %s:%u\nand has %s since %s:%u",
                me->label, l->name, site->file, site->line, me->held[i].lock->name,
                me->held[i].site->file, me->held[i].site->line);
        }
    }
}

void lk_check_left(struct lk_member *me, const struct lk_lock *l)
{
    for (unsigned i = 0; i < me->helds; i++) {
        if (me->held[i].lock == l) {
            me->helds--;
            for (; i < me->helds; i++) {
                me->held[i] = me->held[i + 1];
            }
        }
    }
}

void lk_check_none(const struct lk_member *me, const char *what, const struct lk_site *site)
{
    if (me->helds != 0 && site != NULL) {
        lk_team_die("lock order: %s %s at %s:%u\nand has %s since %s:%u", me->label, what,
                    site->file, site->line, me->held[0].lock->name, me->held[0].site->file,
                    me->held[0].site->line);
    }
    if (me->helds != 0) {
        lk_team_die("lock order: %s %s\nand has %s since %s:%u", me->label, what,
                    me->held[0].lock->name, me->held[0].site->file, me->held[0].site->line);
    }
}

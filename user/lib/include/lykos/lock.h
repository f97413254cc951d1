/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks and conditions for the members of a team (<lykos/team.h>), with ranks.
 *
 *      static struct lk_lock server = LK_LOCK("server", 1);
 *      static struct lk_condition job = LK_CONDITION("job", &server);
 *
 *      lk_lock(&server);
 *      while (nothing_to_do()) {
 *          lk_wait_for(&job);              somebody else: lk_signal(&job)
 *      }
 *      lk_unlock(&server);
 *
 * Who finds a lock taken parks at the end of its queue, and has the lock when it wakes: it is
 * handed over by whoever lets go of it, in the order in which they came. So nobody spins, whatever
 * the priorities, and nobody is passed. Who is signalled wakes, and takes the lock like anybody.
 *
 * From the beginning of lk_lock() to lk_unlock() a member defers (<lykos/preempt.h>): it is not
 * stopped for its handler, neither with a lock nor where one would be handed to it. That is so for
 * as long as its bound allows (LK_TEAM_DEFER), the time in the queue included: a stop that is
 * *forced* may find it with a lock. On a condition it does not defer; who is stopped there, or
 * signalled meanwhile, is to be let go on.
 *
 * **Ranks.** A lock may be taken by who has only locks of lower rank; one that is `under` another
 * only while that one is held. Two of one rank are never held together. A program that is compiled
 * with LK_CHECKED (a line `-DLK_CHECKED` in the file `flags` of its folder) checks this whenever a
 * lock is taken, notes in which order they were, and stops at the first mistake, all of its members
 * at once (lk_team_die), with a line that names both places.
 *
 * **To be seen.** Every lock counts how often it was taken, how often somebody had to wait for it,
 * and how long it was held; the last holds are noted. The command `locks` of the shell shows this,
 * and who has a lock and who waits for it or on a condition of it, since when and from where, also
 * of a program that hangs: init reads it out of the program's memory, where it finds `lk_locks` by
 * its name.
 */
#pragma once

#include <lykos/team.h>

#define LK_RANKS 16u /* ranks are 1..15 */

/* A lock. The fields are for the library; LK_LOCK() makes one. */
struct lk_lock {
    uintptr_t word; /* 0: free; else bit 0, and the member that came last of those in no queue */
    struct lk_member *first; /* the holder's: who has the lock next, and so on */
    const char *name;
    unsigned rank;
    const struct lk_lock *under; /* to be held when this is taken; NULL: none */
    const struct lk_member *holder;
    struct lk_moment got;     /* when it was taken last, and where */
    uint64_t taken, waits;    /* how often; how often not at once */
    uint64_t cycles, longest; /* held, in all and at most */
    struct lk_moment longest_got;
};

/* A condition: members that wait for something that the lock guards. */
struct lk_condition {
    const char *name;
    struct lk_lock *lock;
    uint64_t waits; /* how often somebody waited on it */
    struct lk_member *first, *last;
};

#define LK_LOCK_UNDER(its_name, its_rank, its_under)                                               \
    {                                                                                              \
        .name = (its_name), .rank = (its_rank), .under = (its_under)                               \
    }
#define LK_LOCK(its_name, its_rank) LK_LOCK_UNDER(its_name, its_rank, NULL)
#define LK_CONDITION(its_name, its_lock)                                                           \
    {                                                                                              \
        .name = (its_name), .lock = (its_lock)                                                     \
    }

/* One time that a lock was held. */
struct lk_lock_record {
    const struct lk_lock *lock;
    const struct lk_member *holder; /* who let go of it */
    struct lk_moment got;
    uint64_t cycles; /* it was held */
};

#define LK_LOCK_RECORDS 256u
#define LK_LOCKS_SEEN 64u
#define LK_CONDITIONS_SEEN 16u

/* What there is to be seen of a program's locks. A lock stands here from the first time that it was
 * taken, a condition from the first time that somebody waited on it, so their memory is not used
 * for anything else afterwards. */
struct lk_lock_table {
    uint64_t layout; /* LK_LOCK_LAYOUT; 0: no lock was taken */
    uint64_t locks;  /* that were taken so far; the first LK_LOCKS_SEEN of them: */
    const struct lk_lock *lock[LK_LOCKS_SEEN];
    uint64_t records; /* how many holds there were; number n stands at n % LK_LOCK_RECORDS: */
    struct lk_lock_record record[LK_LOCK_RECORDS];
    uint64_t conditions; /* as `locks` and `lock` */
    const struct lk_condition *condition[LK_CONDITIONS_SEEN];
};
extern struct lk_lock_table lk_locks;

/* Changes with what a reader has to know. */
#define LK_LOCK_LAYOUT                                                                             \
    (2ull << 48 | sizeof(struct lk_lock) << 32 | sizeof(struct lk_member) << 16 |                  \
     sizeof(struct lk_lock_record))

#ifdef LK_CHECKED
#define LK_SITE                                                                                    \
    (__extension__({                                                                               \
        static const struct lk_site site_ = { __FILE__, __LINE__ };                                \
        &site_;                                                                                    \
    }))
#else
#define LK_SITE NULL
#endif

/* Take a lock: wait for it if need be. The caller is a member. */
#define lk_lock(l) lk_lock_at((l), LK_SITE)
/* Let go of it. It need not be the one that was taken last. */
#define lk_unlock(l) lk_unlock_at((l), LK_SITE)
/* Let go of the lock of the condition, wait until somebody signals, and have the lock again. What
 * was waited for may be gone again by then. No other lock is held meanwhile. */
#define lk_wait_for(c) lk_wait_for_at((c), LK_SITE)
/* The member that has waited longest goes on, if there is one; or all. The caller has the lock. */
#define lk_signal(c) lk_signal_at((c), LK_SITE)
#define lk_signal_all(c) lk_signal_all_at((c), LK_SITE)
/* In a checked program: stop, with `what`, if the caller has a lock. For where work begins that may
 * take long, or never end. */
#define lk_no_lock(what) lk_no_lock_at((what), LK_SITE)

/* The same; site NULL: unchecked. */
void lk_lock_at(struct lk_lock *l, const struct lk_site *site);
void lk_unlock_at(struct lk_lock *l, const struct lk_site *site);
void lk_wait_for_at(struct lk_condition *c, const struct lk_site *site);
void lk_signal_at(struct lk_condition *c, const struct lk_site *site);
void lk_signal_all_at(struct lk_condition *c, const struct lk_site *site);
void lk_no_lock_at(const char *what, const struct lk_site *site);

/* Between lock.c and lock_check.c: what a checked program does beside. */
void lk_check_take(const struct lk_member *me, const struct lk_lock *l, const struct lk_site *site);
void lk_check_taken(struct lk_member *me, const struct lk_lock *l, const struct lk_site *site);
void lk_check_has(const struct lk_member *me, const struct lk_lock *l, const char *what,
                  const struct lk_site *site);
void lk_check_alone(const struct lk_member *me, const struct lk_lock *l,
                    const struct lk_site *site);
void lk_check_left(struct lk_member *me, const struct lk_lock *l);
void lk_check_none(const struct lk_member *me, const char *what, const struct lk_site *site);
/* Forget in which order locks were taken so far. */
void lk_check_forget(void);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * newlib's locks, by those of the team (<lykos/lock.h>). newlib wants them to be recursive.
 *
 * While the program has no team they do nothing; a thread that is not in it when there is one ends
 * with a line that says so. Inside newlib they are taken in the order of their ranks, which is
 * always checked. Two kinds have no rank: those of files, of which a program may hold several
 * (flockfile()), and that of exit(), which calls the program's functions. A program's own locks,
 * if it is checked, have ranks below NEWLIB_RANK: then it may call newlib with them.
 *
 * libc.a has locks of the same names that do nothing; tools/make-newlib takes them out of it, for
 * the linker would find them first.
 */
#include "port.h"

#include <lykos/lock.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/lock.h>

#define FIRST_FILES 4u /* three streams that are always there, and one */

struct __lock {
    struct lk_lock lock;
    unsigned depth;      /* how often its holder has it */
    struct __lock *next; /* of those that nobody uses */
};

enum {
    RANK_NONE = 0,
    RANK_OTHER = NEWLIB_RANK,
    RANK_TIMEZONE,
    RANK_ENVIRONMENT,
    RANK_FILES,
    RANK_STREAMS,
    RANK_LAST, /* of those below which none is taken: memory, and lines that are being written */
    RANKS_END
};
_Static_assert(RANKS_END <= LK_RANKS, "there are ranks enough");

#define NEWLIB_LOCK(its_name, its_rank)                                                            \
    {                                                                                              \
        .lock = LK_LOCK("newlib's " its_name, its_rank)                                            \
    }

/* newlib knows them by these names. */
struct __lock __lock___tz_mutex = NEWLIB_LOCK("time zone", RANK_TIMEZONE);
struct __lock __lock___env_recursive_mutex = NEWLIB_LOCK("environment", RANK_ENVIRONMENT);
struct __lock __lock___sfp_recursive_mutex = NEWLIB_LOCK("list of files", RANK_FILES);
struct __lock __lock___sinit_recursive_mutex = NEWLIB_LOCK("streams", RANK_STREAMS);
struct __lock __lock___malloc_recursive_mutex = NEWLIB_LOCK("memory", RANK_LAST);
struct __lock __lock___dd_hash_mutex = NEWLIB_LOCK("folders", RANK_OTHER);
struct __lock __lock___arc4random_mutex = NEWLIB_LOCK("random numbers", RANK_OTHER);
struct __lock __lock___atexit_recursive_mutex = NEWLIB_LOCK("exit", RANK_NONE);
struct __lock __lock___at_quick_exit_mutex = NEWLIB_LOCK("quick exit", RANK_NONE);

static struct __lock lines[NEWLIB_LINES] = {
    NEWLIB_LOCK("line of standard output", RANK_LAST),
    NEWLIB_LOCK("line of standard error", RANK_LAST),
};

static const struct __lock file_lock = NEWLIB_LOCK("file", RANK_NONE);
static struct __lock first_files[FIRST_FILES];
static struct __lock any_file = NEWLIB_LOCK("files without memory", RANK_NONE);
static struct __lock *unused;
static unsigned first_used;

static const struct lk_site *site_of(const struct __lock *l)
{
    static const struct lk_site here = { __FILE__, __LINE__ };

    return l->lock.rank != RANK_NONE ? &here : NULL;
}

/* NULL: there is no team. */
static const struct lk_member *caller(void)
{
    return lk_team_there() ? lk_self() : NULL;
}

static bool has_it(const struct __lock *l, const struct lk_member *me)
{
    return __atomic_load_n(&l->lock.holder, __ATOMIC_RELAXED) == me;
}

void __retarget_lock_acquire_recursive(_LOCK_T l)
{
    const struct lk_member *me = caller();

    if (me == NULL) {
        return;
    }
    if (!has_it(l, me)) {
        lk_lock_at(&l->lock, site_of(l));
    }
    l->depth++;
}

/* One that was taken before there was a team is held by nobody. */
void __retarget_lock_release_recursive(_LOCK_T l)
{
    const struct lk_member *me = caller();

    if (me != NULL && has_it(l, me) && --l->depth == 0) {
        lk_unlock_at(&l->lock, site_of(l));
    }
}

void __retarget_lock_acquire(_LOCK_T l)
{
    __retarget_lock_acquire_recursive(l);
}

void __retarget_lock_release(_LOCK_T l)
{
    __retarget_lock_release_recursive(l);
}

/* One that nobody uses, or a new one. They stay locks for ever (struct lk_lock_table). */
static struct __lock *lock_new(void)
{
    struct __lock *l = unused;

    if (l != NULL) {
        unused = l->next;
    } else if (first_used < FIRST_FILES) {
        l = &first_files[first_used++];
        *l = file_lock;
    } else {
        l = malloc(sizeof(*l));
        if (l == NULL) {
            return &any_file;
        }
        *l = file_lock;
    }
    return l;
}

void __retarget_lock_init_recursive(_LOCK_T *to)
{
    __malloc_lock(_REENT);
    *to = lock_new();
    __malloc_unlock(_REENT);
}

void __retarget_lock_close_recursive(_LOCK_T l)
{
    if (l == &any_file) {
        return;
    }
    __malloc_lock(_REENT);
    l->next = unused;
    unused = l;
    __malloc_unlock(_REENT);
}

void __retarget_lock_init(_LOCK_T *to)
{
    __retarget_lock_init_recursive(to);
}

void __retarget_lock_close(_LOCK_T l)
{
    __retarget_lock_close_recursive(l);
}

void newlib_line_lock(unsigned line)
{
    __retarget_lock_acquire_recursive(&lines[line]);
}

void newlib_line_unlock(unsigned line)
{
    __retarget_lock_release_recursive(&lines[line]);
}

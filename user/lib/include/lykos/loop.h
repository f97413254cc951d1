/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An event loop: one member of a team (<lykos/team.h>), the *loop thread*, waits for whatever may
 * happen and calls a function for each thing that did. What may happen is a *source*: notice bits
 * of the loop thread's endpoint, a timer, or the word of another thread that something is ready.
 *
 *      static struct lk_loop loop;
 *      static struct lk_source port, tick;
 *
 *      lk_loop_init(&loop);                            the loop thread, after lk_team_open()
 *      lk_must(lk_loop_add(&loop, &port, &(struct lk_source_plan){
 *          .kind = LK_SOURCE_NOTICE, .callback = port_callback, .bits = 1 }), "a source");
 *      lk_must(lk_loop_add(&loop, &tick, &(struct lk_source_plan){
 *          .kind = LK_SOURCE_TIMER, .callback = tick_callback,
 *          .time = lk_now() + LK_NSEC_PER_SEC, .period = LK_NSEC_PER_SEC }), "a timer");
 *      lk_loop_run(&loop);
 *
 * **Who may call.** Any member of the team calls any function below but lk_loop_init(),
 * lk_loop_set_idle(), lk_loop_once() and lk_loop_run(), which are the loop thread's; also inside a
 * callback, about its own source or any other. The loop has a lock of its own, of the highest rank:
 * callers may hold any other lock and need not know of it. It is never held while a callback, or a
 * hook, runs.
 *
 * **What is promised.** What has become due is called, whatever others do meanwhile: nothing is
 * lost, and nobody polls or spins. Sources are called in the order in which they became due, so
 * none starves another: one that is due again, or makes itself so in its callback, stands behind
 * all that are due already, and notices and timers are looked at in between. Several notices, or
 * words of lk_loop_ready(), may come together to one callback: reasons are written before they are
 * told (as with notices), and a callback looks at all that there is. A callback may be called for
 * nothing; a source once added is not forgotten.
 *
 * **Storage** of a source is the caller's. It is all zero before it is added the first time, and is
 * left alone until the source is out of the loop; see lk_loop_remove().
 *
 * The loop thread's timed notice (Sleep.noticeAt) is the loop's, and its notices come to the loop:
 * it does not call lk_take_notices(). Its callbacks may take locks and wait for them, and use the
 * timed notice while they run (a call with a deadline): the loop sets it anew before it waits.
 */
#pragma once

#include <lykos/lock.h>

#define LK_LOOP_RANK (LK_RANKS - 1)
#define LK_LOOP_SOURCES 256u /* in a loop at once, at most */
#define LK_BIT_TIMER                                                                               \
    (1u << 28) /* notice bit: the loop's timed notice. With LK_BIT_WAKE it is no
                                   source's */
#define LK_LOOP_OWN_BITS (LK_BIT_WAKE | LK_BIT_TIMER)
#define LK_NEVER UINT64_MAX /* time of a timer that is not set */

struct lk_loop;
struct lk_source;

/* Called on the loop thread, with no lock of the loop. `why`: of a notice source the bits that
 * came; of a timer how often it was due (more than 1 if a period was missed); of a ready source the
 * OR of what lk_loop_ready() said. Never 0. */
typedef void lk_loop_callback(struct lk_source *source, uint32_t why);

/* Called on the loop thread, with no lock of the loop, when the source is out of the loop and its
 * callback certainly runs no more: the storage is the caller's again already, to be freed or
 * added. */
typedef void lk_loop_removed(struct lk_source *source);

enum lk_source_kind {
    LK_SOURCE_NOTICE = 1, /* bits of the loop thread's endpoint */
    LK_SOURCE_TIMER,      /* an absolute time, or a period */
    LK_SOURCE_READY       /* somebody says lk_loop_ready() */
};

/* What a source is to be. What its kind does not need is not looked at. */
struct lk_source_plan {
    enum lk_source_kind kind;
    lk_loop_callback *callback;
    lk_loop_removed *removed; /* NULL: not wanted */
    void *context;            /* for the callback, in source->context */
    bool disabled;            /* until lk_loop_enable() */
    uint32_t bits;   /* notice: which; several sources may have the same one. Not LK_BIT_WAKE or
                        LK_BIT_TIMER */
    uint64_t time;   /* timer: nanoseconds since boot; one that is past is due at once; LK_NEVER:
                        not yet */
    uint64_t period; /* timer: nanoseconds from each time to the next; 0: once, then LK_NEVER */
};

/* For the library: a link of a ring. */
struct lk_loop_link {
    struct lk_loop_link *next, *prev; /* NULL: in no ring */
};

/* A source. Its fields are for the library, but for `context`. */
struct lk_source {
    void *context;
    struct lk_loop *loop; /* NULL: in none */
    enum lk_source_kind kind;
    lk_loop_callback *callback;
    lk_loop_removed *removed;
    bool enabled;
    bool leaving; /* out of the loop, but for `removed` */
    uint32_t why; /* what the callback is to be told */
    uint32_t bits;
    uint64_t time, period;
    struct lk_loop_link kin;   /* in the loop's ring of its kind, while it is one of these */
    struct lk_loop_link queue; /* due, or leaving */
};

/* A loop. The fields are for the library. */
struct lk_loop {
    struct lk_lock lock;
    const struct lk_member *thread;
    unsigned sources;            /* in it, those that leave included */
    struct lk_loop_link notices; /* notice sources */
    struct lk_loop_link timers;  /* those that are enabled and set, by time */
    struct lk_loop_link due;     /* in the order in which they became so */
    struct lk_loop_link leaving; /* whose `removed` is to be called */
    uint32_t unclaimed;          /* bits that came, and no callback was told of */
    unsigned due_count, leaving_count;
    const struct lk_source *running; /* whose callback has begun, or is about to */
    bool waits;                      /* the loop thread waits, or is about to, and is to be woken */
    bool stop;
    bool inside;    /* a round */
    uint64_t until; /* time at which the timed notice ends that wait */
    void (*before_poll)(void *context);
    void (*after_poll)(void *context);
    void *context;
    uint64_t rounds, calls; /* how many there were */
};

/* Make a loop; the caller is its thread, a member of the team. */
void lk_loop_init(struct lk_loop *loop);

/* Hooks around the wait of every round, on the loop thread; NULL: none. `before` runs before the
 * loop looks for the last time whether something is due, so it may take locks and let them go; a
 * lock that is held behind it is a mistake. */
void lk_loop_set_idle(struct lk_loop *loop, void (*before)(void *context),
                      void (*after)(void *context), void *context);

/* Add a source, by a const struct lk_source_plan *, which may be a compound literal. Of a notice
 * source: bits that came while no source had them count as coming now. IN_USE: it is in a loop, or
 * its `removed` was not called yet. EXHAUSTED: there are LK_LOOP_SOURCES. REQUEST_ERROR: the plan
 * has no callback, an unknown kind, or bits that are none or not to be had. */
#define lk_loop_add(loop, source, ...) lk_loop_add_at((loop), (source), (__VA_ARGS__), LK_SITE)

/* Change what is waited for. Bits that came for it before and are its own no more are kept for who
 * has them next; a timer that was due and was not called yet is due no more, but for its new time.
 * NOT_FOUND: it is in no loop. REQUEST_ERROR: it is of another kind, or the bits are none or not to
 * be had. */
#define lk_loop_update_bits(source, bits) lk_loop_update_bits_at((source), (bits), LK_SITE)
#define lk_loop_update_timer(source, time, period)                                                 \
    lk_loop_update_timer_at((source), (time), (period), LK_SITE)

/* Have it called, or not for now: what becomes due meanwhile is kept until it is enabled again.
 * Who disables a source while its callback runs has no more than that call. NOT_FOUND: it is in no
 * loop. */
#define lk_loop_enable(source, on) lk_loop_enable_at((source), (on), LK_SITE)

/* Have its callback called with these bits, which are not 0, among its `why`. NOT_FOUND: it is in
 * no loop. REQUEST_ERROR: it is no ready source, or `why` is 0. */
#define lk_loop_ready(source, why) lk_loop_ready_at((source), (why), LK_SITE)

/* Take a source out. OK: its callback does not run, and will not begin. IN_USE: the same, but for
 * one call that had begun, or was about to, and is not over: that of the caller itself, or one on
 * the loop thread now. NOT_FOUND: it is in no loop. In both of the first cases `removed` will be
 * called, if there is one, and never before this has returned to a caller on the loop thread; until
 * then the storage is the library's. Without one it is the caller's at once if this says OK; if it
 * says IN_USE, then when that call is over, and in that call itself. */
#define lk_loop_remove(source) lk_loop_remove_at((source), LK_SITE)

/* One round: wait until something is due, and call what is due then; what becomes due meanwhile has
 * its turn in the next one. Not inside a callback. No lock is held but what before_poll lets go. */
#define lk_loop_once(loop) lk_loop_once_at((loop), LK_SITE)

/* Rounds, until lk_loop_stop(). */
#define lk_loop_run(loop) lk_loop_run_at((loop), LK_SITE)

/* Have lk_loop_run() return after the round that it is in. One that is called later begins anew. */
#define lk_loop_stop(loop) lk_loop_stop_at((loop), LK_SITE)

/* The same; site NULL: unchecked. */
enum status lk_loop_add_at(struct lk_loop *loop, struct lk_source *source,
                           const struct lk_source_plan *plan, const struct lk_site *site);
enum status lk_loop_update_bits_at(struct lk_source *source, uint32_t bits,
                                   const struct lk_site *site);
enum status lk_loop_update_timer_at(struct lk_source *source, uint64_t time, uint64_t period,
                                    const struct lk_site *site);
enum status lk_loop_enable_at(struct lk_source *source, bool on, const struct lk_site *site);
enum status lk_loop_ready_at(struct lk_source *source, uint32_t why, const struct lk_site *site);
enum status lk_loop_remove_at(struct lk_source *source, const struct lk_site *site);
void lk_loop_once_at(struct lk_loop *loop, const struct lk_site *site);
void lk_loop_run_at(struct lk_loop *loop, const struct lk_site *site);
void lk_loop_stop_at(struct lk_loop *loop, const struct lk_site *site);

/* Between loop.c, loop_source.c and loop_queue.c; with the lock. */
/* A new loop's rings. */
void lk_loop_clear(struct lk_loop *loop);
/* A source that is filled in goes into the ring of its kind. */
void lk_loop_put_in(struct lk_loop *loop, struct lk_source *s);
/* It goes out of all rings; if it has `removed`, to those that leave, else it is let go. */
void lk_loop_take_out(struct lk_loop *loop, struct lk_source *s);
/* It is in no ring: from now on its storage is not touched any more. */
void lk_loop_let_go(struct lk_loop *loop, struct lk_source *s);
/* It is due, behind all that are, if it is enabled; or no more. */
void lk_loop_make_due(struct lk_loop *loop, struct lk_source *s);
void lk_loop_not_due(struct lk_loop *loop, struct lk_source *s);
/* The first of those that are due, or leave, off its ring. There is one. */
struct lk_source *lk_loop_next_due(struct lk_loop *loop);
struct lk_source *lk_loop_next_leaving(struct lk_loop *loop);
/* Is there something to do but for notices and timers? */
bool lk_loop_has_work(const struct lk_loop *loop);
/* Notices came, the loop's own not among them. */
void lk_loop_take_bits(struct lk_loop *loop, uint32_t bits);
/* Bits that came while nobody had them are told the source that has them now. */
void lk_loop_claim_bits(struct lk_loop *loop, struct lk_source *s);
/* A timer goes among those that are set, by time and behind those of the same time, if it is
 * enabled and has a time; or it is neither set nor due any more, and keeps its time. */
void lk_loop_set_timer(struct lk_loop *loop, struct lk_source *s);
void lk_loop_unset_timer(struct lk_loop *loop, struct lk_source *s);
/* LK_NEVER: no timer is set. */
uint64_t lk_loop_first_time(const struct lk_loop *loop);
/* Timers whose time is not after `now` are due. */
void lk_loop_take_timers(struct lk_loop *loop, uint64_t now);
/* A timer that was due is called for now: how often it was due. It is set for its next time. */
uint32_t lk_loop_count_timer(struct lk_loop *loop, struct lk_source *s, uint64_t now);

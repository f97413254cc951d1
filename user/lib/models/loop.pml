/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event loop of user/lib/loop.c, loop_source.c and loop_queue.c: how its thread is woken, and
 * what becomes of sources that are removed. On several CPUs; each member may be preempted between
 * any two accesses to memory, and sent elsewhere by its handler wherever it does not defer.
 *
 *   A   says that a source is ready, then sets a timer and sets it anew
 *   B   removes the source at any moment, adds it again when that is over, and says it is ready
 *   L   the loop thread; its callbacks wait for a lock now and then, where wake-ups to it end
 *   K   the clock, and the timed notice of L
 *
 * The lock is that of lock.pml: here it is taken in one step, and whoever waits for it may be woken
 * for nothing. A step is one access to memory that others share, all that is done with the lock at
 * once, or one system call; `mirrors:` names the function of user/lib that it stands for. What
 * begins with g_ only watches. Whoever waits for its callback and does not get it is a deadlock.
 */

#ifndef ONLY
#define ONLY 0
#endif
#define LOCKED 1  /* no callback begins with the loop's lock */
#define REMOVED 2 /* none begins after the source was removed, but for one that the remover knows of */
#define GONE 3    /* `removed` is called once, while the callback does not run */
#define EARLY 4   /* no timer is called before its time */
#define LAW(n, e) assert((ONLY != 0 && ONLY != n) || (e))

#ifdef TRAIL
#define SEEN(what) skip
#else
c_decl {
    static void seen(const char *what)
    {
        static const char *known[64];
        int i;

        for (i = 0; i < 64 && known[i] != 0; i++) {
            if (known[i] == what) {
                return;
            }
        }
        known[i] = what;
        printf("seen: %s\n", what);
    }
}
#define SEEN(what) c_code { seen(what); }
#endif

#ifndef SAYS
#define SAYS 1 /* how often A does its work */
#endif
#ifndef REMOVES
#define REMOVES 1 /* how often B does */
#endif
#define NOBODY 15
#define NEVER 9
#define MEMBERS 3
#ifndef LAST_TIME
#define LAST_TIME 2 /* of the clock */
#endif

byte held = NOBODY; /* the loop's lock */
bool defer[MEMBERS];
bool waits;         /* the loop thread waits, or is about to */
byte until = NEVER; /* its timed notice at most */
bool wake;          /* notices that are pending for it: of a member, of the clock */
bool tick;
byte armed = NEVER; /* the kernel's */
byte clock;

bool in_loop = true; /* the source */
bool due, leaving, running;
byte time = NEVER; /* of the timer, while it is set */
bool timer_due;
bool said; /* what the source is for: written before the word, taken by the callback */

bool g_out, g_in, g_timer_wanted;
byte g_time, g_removed;

#define me _pid

inline enter()
{
    d_step { /* mirrors: enter (lk_defer_begin, lk_lock_at) */
        held == NOBODY -> held = me;
        defer[me] = true
    }
}

inline leave(wants)
{
    d_step { /* mirrors: leave, lk_loop_has_work, lk_loop_first_time */
        wants = waits && (due || timer_due || leaving || time < until);
        if
        :: wants -> waits = false
        :: else
        fi;
        held = NOBODY
    }
    if
    :: !wants
    :: d_step { /* mirrors: leave, lk_team_wake */
           wants -> wake = true
       }
    :: d_step { /* user: its handler sends it elsewhere */
           wants && !defer[me] -> skip
       }
    fi;
    d_step { /* mirrors: leave (lk_defer_end) */
        defer[me] = false;
        wants = false
    }
}

inline ready(found, wants)
{
    enter();
    d_step { /* mirrors: lk_loop_ready_at, enter_of, lk_loop_make_due */
        found = in_loop && !leaving;
        if
        :: found -> due = true
        :: else
        fi
    }
    leave(wants)
}

/* To a time that is not more than `ahead` away; the clock goes no further than to the last. */
inline set_timer(ahead, wants)
{
    enter();
    d_step { /* mirrors: lk_loop_update_timer_at, lk_loop_unset_timer, lk_loop_set_timer */
        timer_due = false;
        time = (clock + ahead < LAST_TIME -> clock + ahead : LAST_TIME);
        g_time = time;
        g_timer_wanted = true
    }
    leave(wants)
}

active proctype A()
{
    bool found, wants;
    byte i;

    do
    :: i < SAYS ->
       d_step { /* user: the reason, before the word */
           said = true
       }
       ready(found, wants);
       if
       :: !found -> SEEN("a word to a source that is gone")
       :: found ->
          d_step { /* user: waits until it was heard, or B says it again */
              !said || !in_loop || leaving -> skip
          }
       fi;
       set_timer(0, wants);
       set_timer(2, wants);
       d_step { /* user: waits for its timer */
           !g_timer_wanted -> i++
       }
    :: else -> break
    od
}

active proctype B()
{
    bool found, wants, in_use;
    byte i;

    do
    :: i < REMOVES ->
       enter();
       d_step { /* mirrors: lk_loop_remove_at, lk_loop_take_out */
           in_use = running;
           due = false;
           leaving = true
       }
       leave(wants);
       d_step { /* user: it has returned, and has told so */
           if
           :: !in_use -> g_out = true
           :: else -> SEEN("a source that is removed while its callback runs")
           fi
       }
       d_step { /* user: waits for `removed` */
           g_removed > 0 -> LAW(GONE, !g_in);
           g_removed = 0
       }
       enter();
       d_step { /* mirrors: lk_loop_add_at, lk_loop_put_in */
           in_loop = true;
           g_out = false
       }
       leave(wants);
       d_step { /* user: the reason, before the word */
           said = true
       }
       ready(found, wants);
       d_step { /* user: waits until it was heard */
           !said -> i++
       }
    :: else -> break
    od
}

/* Wake-ups that come meanwhile end here. */
inline lock()
{
    do
    :: d_step { /* mirrors: lk_lock_at */
           held == NOBODY -> held = me
       }
       break
    :: d_step { /* mirrors: lk_await_grant */
           held != NOBODY && wake -> wake = false;
           SEEN("a wake-up that ends at the loop's lock")
       }
    od;
    skip
}

/* A callback waits for some other lock. */
inline takes_a_lock()
{
    if
    :: d_step { /* mirrors: lk_await_grant */
           wake -> wake = false;
           SEEN("a wake-up that ends in a callback")
       }
    :: true
    fi
}

active proctype L()
{
    bool work;
    byte now;

    do
    :: lock();
       d_step { /* mirrors: wait, lk_loop_has_work, lk_loop_first_time */
           work = due || timer_due || leaving;
           until = time;
           waits = !work;
           held = NOBODY
       }
       if
       :: d_step { /* mirrors: wait, lk_team_wake */
              work -> wake = true
          }
       :: d_step { /* mirrors: wait (Sleep.noticeAt) */
              !work && until != NEVER -> armed = until
          }
       :: !work && until == NEVER
       fi;
end:
       d_step { /* mirrors: wait, lk_await_notices */
           wake || tick -> wake = false;
           tick = false
       }
       d_step { /* mirrors: lk_loop_once_at, lk_now */
           now = (until != NEVER -> clock : 0)
       }
       lock();
       d_step { /* mirrors: lk_loop_once_at, lk_loop_take_timers */
           waits = false;
           if
           :: time <= now && until != NEVER -> timer_due = true;
              time = NEVER
           :: else
           fi
       }
       if
       :: d_step { /* mirrors: call_first, lk_loop_next_due */
              due -> due = false;
              running = true;
              held = NOBODY
          }
          d_step { /* user: the callback begins */
              LAW(LOCKED, held != me);
              LAW(REMOVED, !g_out);
              g_in = true;
              said = false
          }
          takes_a_lock();
          d_step { /* user: the callback ends */
              g_in = false
          }
          lock();
          d_step { /* mirrors: call_first */
              running = false
          }
       :: else
       fi;
       if
       :: d_step { /* mirrors: call_first, lk_loop_next_due, lk_loop_count_timer */
              timer_due -> timer_due = false;
              LAW(EARLY, clock >= g_time);
              g_timer_wanted = false;
              held = NOBODY
          }
          takes_a_lock();
          lock()
       :: else
       fi;
       if
       :: d_step { /* mirrors: call_removed, lk_loop_next_leaving, lk_loop_let_go */
              leaving -> leaving = false;
              in_loop = false;
              held = NOBODY
          }
          d_step { /* user: `removed` is called */
              LAW(GONE, !g_in && g_removed == 0);
              g_out = true;
              g_removed++
          }
          lock()
       :: else
       fi;
       d_step { /* mirrors: lk_loop_once_at (lk_unlock_at) */
           held = NOBODY
       }
    od
}

active proctype K()
{
end:
    do
    :: d_step { /* user: time goes by */
           clock < LAST_TIME -> clock++
       }
    :: d_step { /* user: the kernel posts the timed notice */
           armed <= clock -> tick = true;
           armed = NEVER
       }
    od
}

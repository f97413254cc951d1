/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks and conditions of user/lib/lock.c and team.c: members of a team on several CPUs, any of
 * which may be preempted between any two accesses to memory, and stopped for its handler whenever
 * it does not defer.
 *
 *   M[0]      puts jobs into a queue that the lock guards, and signals; at last it says that it is
 *             over, to all
 *   M[1..]    workers: each waits on the condition until there is a job, takes it, and works without
 *             the lock
 *   H         stops a member that does not defer, and lets it go on
 *   N         posts a notice of its own to a member, which wakes it for nothing
 *
 * A step is one access to memory that others share, or one system call; `mirrors:` names the
 * function of user/lib that it stands for. What begins with g_ only watches.
 */

#ifndef ONLY
#define ONLY 0
#endif
#define EXCLUSION 1 /* one has the lock at a time */
#define STOPPED 2   /* who has the lock is not stopped for its handler */
#define ORDER 3     /* who is given the lock has waited longest */
#define JOB 4       /* who takes a job finds one */
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

#ifndef MEMBERS
#define MEMBERS 3
#endif
#ifdef LIVENESS
#define STOPS_COUNT
#else
#define STOPS_COUNT stops++
#endif
#ifndef JOBS
#define JOBS 1
#endif
#define NOBODY 15

/* The word: HELD, and who came last. */
bool held;
byte top = NOBODY;
byte first = NOBODY; /* the holder's queue */
byte waiting = NOBODY, last; /* the condition's */
byte next[3];
bool granted[MEMBERS];
bool wake[MEMBERS]; /* a notice is pending */
byte defer[MEMBERS];
bool stopped[MEMBERS];
byte jobs;
bool over;

byte g_holder = NOBODY;
byte g_taken, g_ended;
byte g_ticket[3], g_tickets; /* in which order they came */
bool g_want[MEMBERS]; /* it waits for the lock */

#define me _pid
/* In an endless run numbers would not end. */
#ifdef LIVENESS
#define TICKET(m)
#else
#define TICKET(m) g_tickets++; g_ticket[m] = g_tickets;
#endif
#define FORGET(i, m)                                                                               \
    if                                                                                             \
    :: i < MEMBERS && g_ticket[i] > g_ticket[m] && g_ticket[m] != 0 -> g_ticket[i]--               \
    :: else                                                                                        \
    fi
/* Nobody of those who came, and have not been given it, was before m. */
#define WAITED_LONGEST(m)                                                                          \
    ((0 == m || g_ticket[0] == 0 || g_ticket[0] > g_ticket[m]) &&                                  \
     (1 == m || g_ticket[1] == 0 || g_ticket[1] > g_ticket[m]) &&                                  \
     (2 >= MEMBERS || 2 == m || g_ticket[2] == 0 || g_ticket[2] > g_ticket[m]))

/* Parks until `granted`; it may be woken for nothing. */
inline await()
{
    do
    :: !stopped[me] && granted[me] -> /* mirrors: lk_await_grant */
       break
    :: !stopped[me] && !granted[me] ->
       d_step { /* mirrors: lk_await_grant (lk_park) */
           !stopped[me] && wake[me] -> wake[me] = false
       }
    od;
    skip
}

/* With the lock. */
inline has()
{
    LAW(EXCLUSION, g_holder == NOBODY || g_holder == me);
    g_holder = me;
    g_want[me] = false;
    LAW(STOPPED, !stopped[me])
}

inline lock(saw_held, saw_top)
{
    d_step { /* mirrors: take (lk_defer_begin) */
        !stopped[me] -> defer[me]++;
        granted[me] = false
    }
    do
    :: d_step { /* mirrors: take_or_push (reads the word) */
           !stopped[me] -> saw_held = held;
           saw_top = top;
           next[me] = top
       }
       if
       :: d_step { /* mirrors: take_or_push, change */
              !stopped[me] && saw_held == held && saw_top == top && !held ->
              held = true;
              has()
          }
          break
       :: d_step { /* mirrors: take_or_push, change */
              !stopped[me] && saw_held == held && saw_top == top && held ->
              top = me;
              g_want[me] = true;
              TICKET(me)
              SEEN("a member that waits for the lock")
          }
          await();
          d_step { /* mirrors: take */
              !stopped[me] -> has()
          }
          break
       :: d_step { /* mirrors: take_or_push, change (fails) */
              !stopped[me] && (saw_held != held || saw_top != top) ->
              SEEN("a word that has changed meanwhile")
          }
       fi
    od;
    saw_held = false;
    saw_top = NOBODY
}

/* The reason, then the notice. */
inline grant(m)
{
    d_step { /* mirrors: lk_grant */
        !stopped[me] -> granted[m] = true
    }
    d_step { /* mirrors: lk_team_wake (lk_appnotice_post) */
        !stopped[me] -> wake[m] = true;
        m = NOBODY
    }
}

/* m is the next that has the lock. */
inline given(m)
{
    LAW(EXCLUSION, g_holder == me);
    g_holder = m;
    LAW(STOPPED, !stopped[m]);
    LAW(ORDER, WAITED_LONGEST(m));
    FORGET(0, m);
    FORGET(1, m);
    FORGET(2, m);
    g_ticket[m] = 0;
    if
    :: g_tickets > 0 -> g_tickets--
    :: else
    fi
}

inline unlock(m)
{
    if
    :: d_step { /* mirrors: let_go, change */
           !stopped[me] && first == NOBODY && top == NOBODY ->
           LAW(EXCLUSION, g_holder == me);
           g_holder = NOBODY;
           held = false
       }
    :: d_step { /* mirrors: let_go, collect, first_of */
           !stopped[me] && first == NOBODY && top != NOBODY ->
           if
           :: next[top] != NOBODY -> SEEN("more than one that came, turned round")
           :: else
           fi;
           do
           :: top != NOBODY ->
              m = next[top];
              next[top] = first;
              first = top;
              top = m
           :: else -> break
           od;
           m = first;
           first = next[m];
           given(m)
       }
       grant(m)
    :: d_step { /* mirrors: let_go, first_of */
           !stopped[me] && first != NOBODY -> m = first;
           first = next[m];
           given(m);
           SEEN("the lock given to the next of the queue")
       }
       grant(m)
    fi;
    d_step { /* mirrors: let_go (lk_defer_end) */
        !stopped[me] -> defer[me]--
    }
}

inline wait(saw_held, saw_top, m)
{
    d_step { /* mirrors: lk_wait_for_at */
        !stopped[me] -> granted[me] = false;
        next[me] = NOBODY;
        if
        :: waiting == NOBODY -> waiting = me
        :: else -> next[last] = me
        fi;
        last = me
    }
    unlock(m);
    await();
    lock(saw_held, saw_top)
}

inline signal(m)
{
    if
    :: d_step { /* mirrors: signal_one */
           !stopped[me] && waiting == NOBODY -> last = 0
       }
    :: d_step { /* mirrors: signal_one, first_of */
           !stopped[me] && waiting != NOBODY -> m = waiting;
           waiting = next[m];
           if
           :: stopped[m] -> SEEN("a signal to one that is stopped")
           :: else
           fi
       }
       grant(m)
    fi
}

active [MEMBERS] proctype M()
{
    bool saw_held;
    byte saw_top = NOBODY;
    byte m = NOBODY;
    byte i;

#ifdef LIVENESS
    do
    :: lock(saw_held, saw_top);
       unlock(m)
    od
#else
    if
    :: me == 0 ->
       do
       :: i < JOBS ->
          lock(saw_held, saw_top);
          d_step { /* user: a job more */
              !stopped[me] -> jobs++;
              i++
          }
          signal(m);
          unlock(m)
       :: else -> break
       od;
       skip;
       d_step { /* user: only when all is done, or a signal that is lost would be made good */
           g_taken == JOBS -> skip
       }
       lock(saw_held, saw_top);
       d_step { /* user: there will be no more */
           !stopped[me] -> over = true
       }
       do
       :: waiting != NOBODY -> signal(m)
       :: else -> break
       od;
       skip;
       unlock(m)
    :: else ->
       lock(saw_held, saw_top);
       do
       :: jobs == 0 && !over -> wait(saw_held, saw_top, m)
       :: jobs == 0 && over -> break
       :: jobs > 0 ->
          d_step { /* user: takes one */
              !stopped[me] -> LAW(JOB, jobs > 0);
              jobs--;
              g_taken++
          }
          unlock(m); /* and works */
          lock(saw_held, saw_top)
       od;
       skip;
       unlock(m)
    fi;
    d_step { /* user: it ends */
        g_ended++;
        LAW(JOB, g_ended < MEMBERS || jobs == 0)
    }
#endif
}

#ifdef STOPS
/* A handler is told of a member only where that does not defer, and lets it go on some time. */
active proctype H()
{
    byte m;
    byte stops;

end:
    do
    :: stops < STOPS ->
       if
       :: m = 0
       :: m = 1
       :: m = 2
       fi;
       d_step { /* user: a preempting notice, delivered at once */
           m < MEMBERS && defer[m] == 0 -> stopped[m] = true;
           LAW(STOPPED, g_holder != m)
       }
       d_step { /* user: the handler ends the hold */
           stopped[m] = false
       }
       STOPS_COUNT
    :: else -> break
    od
}

#endif

#ifdef STRAY
/* Bits of others. */
active proctype N()
{
    byte m;

    d_step { /* user: a plain notice */
        m = MEMBERS - 1;
        wake[m] = true
    }
}
#endif

#ifdef LIVENESS
ltl is_served { [](g_want[1] -> <>(!g_want[1])) }
#endif

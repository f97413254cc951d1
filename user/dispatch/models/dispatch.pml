/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The dispatcher of user/dispatch: server lock, client locks, the event loop's lock, the condition
 * *job*, reference counts, and the keeper.
 *
 *   Initial   the initial thread: runs the event loop. On a port it reads a call, or finds that the
 *             client has gone, or that another one is there, at any moment; and it writes answers
 *   Worker    two of them: each waits on *job* until there is a client in WAIT_DISPATCH, takes its
 *             call, runs the helper without any lock, and queues the answer
 *   Keeper    stops a worker while its helper runs, answers instead of it, and sends it back
 *
 * FIRST_ALONE: the first call of each client is carried out alone. SHARES: calls beyond the first of
 * a port begin only while workers are left for the others (may_begin).
 *
 * Locks are taken in one step: user/lib/models/lock.pml is about them. A client is deleted by being
 * unused, and the next one may be made in its place. A step is what is done at once under the locks
 * that are held, `mirrors:` names the function that it stands for. What begins with g_ only
 * watches.
 */

#ifndef ONLY
#define ONLY 0
#endif
#define ORDER 1      /* server lock first; a client lock only with it; the loop's lock last */
#define HELPER 2     /* no lock is held while a helper runs, and its client is referenced */
#define DELETED 3    /* nobody touches a client that was deleted */
#define REFERENCES 4 /* as many references as calls of this client that workers have */
#define POOL 5       /* there is always an unused client for a new one */
#define ANSWER 6     /* an answer goes to the client that called, and one for each call */
#define SLEEP 7      /* no worker sleeps while a call may begin and nobody is about to look for it */
#define ALONE 8      /* behind a call that is carried out alone none begins before it is answered */
#define SHARE 9      /* a port none of whose calls runs finds a worker */
#define KEPT 10      /* a client that is no port's is used as long as it is referenced, no longer */
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

#ifndef CALLS
#define CALLS 3 /* read in all */
#endif
#ifndef ENDS
#define ENDS 2 /* clients that go, in all */
#endif
#ifndef GIVEN
#define GIVEN 0 /* helpers that are given up */
#endif
#ifdef FIRST_ALONE
#define IS_FIRST(c) first[c]
#else
#define IS_FIRST(c) false
#endif
#define PORTS 2
#define WORKERS 2
#define CLIENTS 4 /* PORTS + WORKERS */
#ifndef IN_FLIGHT
#define IN_FLIGHT 2
#endif
#define NOBODY 15
#define INITIAL 0 /* process numbers: workers are 1 and 2 */
#define KEEPER 3

/* Locks: who has them. The initial thread has the server lock when it starts the others. */
byte server = INITIAL;
byte client_lock[CLIENTS] = NOBODY;
byte loop_lock = NOBODY;

/* Clients. */
bool used[CLIENTS];
bool gone[CLIENTS];
byte references[CLIENTS];
byte waiting[CLIENTS]; /* calls: the client is in WAIT_DISPATCH if there are any */
bool alone[CLIENTS];   /* a call is carried out alone */
bool first[CLIENTS];   /* none was begun */

/* Ports. */
byte current[PORTS] = NOBODY; /* the client */
byte in_flight[PORTS];
byte queued[PORTS]; /* answers */
bool ready[PORTS];  /* the loop is to call its callback */
byte running[PORTS];

/* Workers. */
#define OWN 0
#define CALL 1
#define STOPPED 2
byte state[WORKERS];
byte has[WORKERS] = NOBODY; /* the client whose call it has */
byte at_port[WORKERS];
bool sleeps[WORKERS]; /* on *job*, and was not signalled */
bool sent_back[WORKERS];

byte g_held[4];       /* locks of each process: 1 server, 2 client, 4 loop */
byte g_life[CLIENTS]; /* how often it was made, modulo 4 */
byte g_mine[WORKERS]; /* that of the client whose call the worker has */
byte g_calls, g_ends; /* so far */
byte g_open;          /* calls that were read, and are neither answered nor thrown away */
byte g_looks;         /* who is about to look for a call, or to have somebody look */
bool g_over;

/* Worker w is process w + 1. */
#define IDLE (WORKERS - running[0] - running[1])
#ifdef SHARES
#define WITHOUT ((running[0] == 0 -> 1 : 0) + (running[1] == 0 -> 1 : 0))
#define MAY(p) (running[p] == 0 || IDLE > WITHOUT)
#define OTHER_HAS_ONE(p) (running[1 - p] > 0 || IDLE > 0)
#else
#define MAY(p) (IDLE > 0)
#define OTHER_HAS_ONE(p) true
#endif
#define WAITS(p) (current[p] != NOBODY && waiting[current[p]] > 0 && !alone[current[p]] && MAY(p))
#define MAY_BEGIN (WAITS(0) || WAITS(1))
#define SOMEBODY_SLEEPS (sleeps[0] || sleeps[1])
#define CHECK_SLEEP LAW(SLEEP, !(MAY_BEGIN && SOMEBODY_SLEEPS) || g_looks > 0)
#define REFERENCED(c) ((has[0] == c -> 1 : 0) + (has[1] == c -> 1 : 0))

/* ---- locks ---- */

inline lock_server()
{
    d_step { /* mirrors: lk_lock_at */
        server == NOBODY -> server = _pid;
        LAW(ORDER, g_held[_pid] == 0);
        g_held[_pid] = g_held[_pid] | 1
    }
}

inline unlock_server()
{
    d_step { /* mirrors: lk_unlock_at */
        server = NOBODY;
        LAW(ORDER, (g_held[_pid] & 1) == 1);
        g_held[_pid] = g_held[_pid] & 6
    }
}

inline lock_client(c)
{
    d_step { /* mirrors: lk_lock_at */
        client_lock[c] == NOBODY -> client_lock[c] = _pid;
        LAW(ORDER, g_held[_pid] == 1);
        LAW(DELETED, used[c]);
        g_held[_pid] = g_held[_pid] | 2
    }
}

inline unlock_client(c)
{
    d_step { /* mirrors: lk_unlock_at */
        client_lock[c] = NOBODY;
        g_held[_pid] = g_held[_pid] & 5
    }
}

/* Whoever calls this may have any lock. */
inline loop_ready(p)
{
    d_step { /* mirrors: lk_loop_ready_at */
        loop_lock == NOBODY -> loop_lock = _pid;
        LAW(ORDER, (g_held[_pid] & 4) == 0);
        g_held[_pid] = g_held[_pid] | 4
    }
    d_step { /* mirrors: lk_loop_ready_at */
        ready[p] = true;
        loop_lock = NOBODY;
        g_held[_pid] = g_held[_pid] & 3
    }
}

/* The server lock is held. */
inline signal_job()
{
    d_step { /* mirrors: lk_signal_at */
        if
        :: sleeps[0] -> sleeps[0] = false; g_looks++
        :: !sleeps[0] && sleeps[1] -> sleeps[1] = false; g_looks++
        :: else -> SEEN("a signal that nobody waits for")
        fi;
        g_looks--;
        CHECK_SLEEP
    }
}

/* ---- the initial thread ---- */

/* The client's lock is let go of first: the server lock is not taken with it. */
inline call_waits(c)
{
    unlock_client(c); lock_server(); signal_job(); unlock_server() /* mirrors: signal_job */
}

/* Whoever is the port's client goes. */
inline end_client(p, c)
{
    lock_server();
    c = current[p];
    if
    :: c != NOBODY ->
       lock_client(c);
       d_step { /* mirrors: dispatch_client_end, empty */
           if
           :: references[c] > 0 -> SEEN("a client that goes while a helper runs for it")
           :: else
           fi;
           if
           :: waiting[c] > 0 -> SEEN("a client that goes in WAIT_DISPATCH")
           :: else
           fi;
           gone[c] = true;
           used[c] = references[c] != 0;
           current[p] = NOBODY;
           g_open = g_open - waiting[c] - references[c];
           waiting[c] = 0;
           in_flight[p] = 0;
           queued[p] = 0;
           g_ends++
       }
       unlock_client(c)
    :: else
    fi;
    unlock_server();
    c = NOBODY
}

/* With the lock of c: one call more. */
inline read_call(p, c)
{
    d_step { /* mirrors: take_message */
        LAW(DELETED, used[c] && !gone[c]);
        waiting[c]++;
        in_flight[p]++;
        g_calls++;
        g_open++;
        g_looks++ /* the signal is to come */
    }
}

inline begin_client(p, c)
{
    lock_server();
    d_step { /* mirrors: dispatch_client_begin, find_unused */
        c = 0;
        do
        :: c < CLIENTS && used[c] -> c++
        :: else -> break
        od;
        LAW(POOL, c < CLIENTS);
        if
        :: references[c] > 0 || client_lock[c] != NOBODY -> LAW(DELETED, false)
        :: else
        fi;
        used[c] = true;
        gone[c] = false;
        references[c] = 0;
        waiting[c] = 0;
        alone[c] = false;
        first[c] = true;
        g_life[c] = (g_life[c] + 1) % 4;
        current[p] = c
    }
    unlock_server()
}

/* The callback of a port. */
inline serve(p, c)
{
    lock_server(); /* mirrors: dispatch_port_lock */
    c = current[p];
    if
    :: c != NOBODY -> lock_client(c)
    :: else
    fi;
    unlock_server();
    if
    :: c != NOBODY && queued[p] > 0 ->
       d_step { /* mirrors: dispatch_write, sent */
           LAW(DELETED, used[c] && !gone[c]);
           queued[p]--;
           in_flight[p]--
       }
    :: true -> SEEN("an answer that the transport does not take for now")
    fi;
    if
    :: c != NOBODY && in_flight[p] < IN_FLIGHT && g_calls < CALLS -> /* another call */
       read_call(p, c);
       call_waits(c)
    :: g_calls < CALLS && (c == NOBODY || g_ends < ENDS) -> /* another client */
       if
       :: c != NOBODY -> unlock_client(c)
       :: else
       fi;
       end_client(p, c);
       begin_client(p, c);
       lock_server(); /* mirrors: dispatch_port_lock */
       lock_client(c);
       unlock_server();
       read_call(p, c);
       call_waits(c)
    :: c != NOBODY && g_ends < ENDS -> /* it has gone */
       unlock_client(c);
       end_client(p, c)
    :: true -> /* nothing */
       if
       :: c != NOBODY -> unlock_client(c)
       :: else
       fi
    fi;
    c = NOBODY
}

active proctype Initial()
{
    byte p;
    byte c = NOBODY;

    d_step { /* mirrors: dispatch_run */
        g_held[INITIAL] = 1;
        g_looks = WORKERS
    }
    unlock_server(); /* mirrors: before_poll */
    do
    :: d_step { /* mirrors: lk_loop_once_at */
           loop_lock == NOBODY && (g_calls < CALLS || g_ends < ENDS || ready[0]) -> p = 0;
           ready[0] = false
       }
       serve(p, c)
    :: d_step { /* mirrors: lk_loop_once_at */
           loop_lock == NOBODY && (g_calls < CALLS || g_ends < ENDS || ready[1]) -> p = 1;
           ready[1] = false
       }
       serve(p, c)
    :: d_step { /* user: all was read, and what is still to be answered will be */
           g_calls == CALLS && g_open == 0 -> g_over = true;
           p = 0
       }
       break
    od
}

/* ---- workers ---- */

/* The call of worker w is over; the server lock is held. */
inline finish(w, c)
{
    c = has[w];
    lock_client(c);
    d_step { /* mirrors: dispatch_finish, answer */
        LAW(REFERENCES, references[c] == REFERENCED(c));
        LAW(DELETED, used[c] && g_life[c] == g_mine[w]);
        if
        :: gone[c] -> SEEN("an answer of a client that has gone")
        :: else ->
           LAW(ANSWER, current[at_port[w]] == c && queued[at_port[w]] < in_flight[at_port[w]]);
           queued[at_port[w]]++;
           g_open--
        fi;
        if
        :: alone[c] ->
           alone[c] = false; /* and all look again: lk_signal_all_at */
           g_looks = g_looks + (sleeps[0] -> 1 : 0) + (sleeps[1] -> 1 : 0);
           if
           :: sleeps[0] || sleeps[1] -> SEEN("workers told that a call was carried out alone")
           :: else
           fi;
           sleeps[0] = false;
           sleeps[1] = false
        :: else
        fi;
        references[c]--;
        running[at_port[w]]--;
        has[w] = NOBODY;
        used[c] = !gone[c] || references[c] != 0;
        LAW(KEPT, used[c] == (current[at_port[w]] == c || references[c] > 0));
        if
        :: !used[c] -> SEEN("a client deleted with its last reference")
        :: else
        fi
    }
    unlock_client(c);
    loop_ready(at_port[w]);
    c = NOBODY
}

/* Look at a port. */
inline look(w, p, c)
{
    c = current[p];
    if
    :: has[w] == NOBODY && c != NOBODY ->
       lock_client(c);
       d_step { /* mirrors: take_call, take */
           if
           :: waiting[c] > 0 && !alone[c] && MAY(p) ->
              LAW(ALONE, !alone[c]);
              alone[c] = IS_FIRST(c);
              first[c] = false;
              running[p]++;
              LAW(SHARE, OTHER_HAS_ONE(p));
              waiting[c]--;
              references[c]++;
              has[w] = c;
              at_port[w] = p;
              g_mine[w] = g_life[c];
              LAW(REFERENCES, references[c] == REFERENCED(c));
              if
              :: references[c] == 2 -> SEEN("two calls of one client at once")
              :: else
              fi
           :: else
           fi
       }
       unlock_client(c)
    :: else
    fi;
    c = NOBODY
}

#define w (_pid - 1)

active [WORKERS] proctype Worker()
{
    byte c = NOBODY;

begin:
    lock_server(); /* mirrors: dispatch_work */
    do
    :: look(w, 0, c);
       look(w, 1, c);
       if
       :: has[w] == NOBODY ->
          d_step { /* mirrors: lk_wait_for_at */
              sleeps[w] = true;
              g_looks--;
              server = NOBODY;
              LAW(ORDER, g_held[_pid] == 1);
              g_held[_pid] = 0;
              CHECK_SLEEP
          }
end_sleeps:
          d_step { /* mirrors: lk_await_grant */
              !sleeps[w] -> c = NOBODY
          }
          lock_server()
       :: else ->
          d_step { /* mirrors: begin, lk_unlock_at */
              server = NOBODY;
              g_held[_pid] = 0;
              state[w] = CALL;
              g_looks--;
              CHECK_SLEEP;
              LAW(HELPER, g_held[_pid] == 0 && references[has[w]] > 0)
          }
          if
          :: d_step { /* mirrors: end */
                 state[w] == CALL -> state[w] = OWN;
                 LAW(HELPER, used[has[w]]);
                 g_looks++
             }
             lock_server();
             finish(w, c)
          :: d_step { /* mirrors: send_back */
                 sent_back[w] -> sent_back[w] = false;
                 SEEN("a worker that is sent back")
             }
             goto begin
          fi
       fi
    od
}

#undef w

/* ---- the keeper ---- */

#if GIVEN > 0
active proctype Keeper()
{
    byte c = NOBODY;
    byte v;
    byte n;

end:
    do
    :: n < GIVEN && !g_over ->
       if
       :: v = 0
       :: v = 1
       fi;
       if
       :: d_step { /* mirrors: deadline, give_up */
              state[v] == CALL -> state[v] = STOPPED;
              n++
          }
          lock_server(); /* mirrors: give_up */
          finish(v, c);
          unlock_server();
          d_step { /* mirrors: give_up */
              g_looks++;
              state[v] = OWN;
              sent_back[v] = true
          }
       :: d_step { /* user: none is too late */
              state[v] != CALL -> n++
          }
       fi
    :: else -> break
    od
}
#endif

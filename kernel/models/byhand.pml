/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification by hand: the alternative that the list named in 2008. Senders hold plain
 * Entries to the handler R, and R stops the target T itself, by Process.setNotSchedulable. The
 * kernel does nothing for it that it does not do for everybody.
 *
 *   T  the target; S calls R about T, N posts notices to R about T; V replies to T, as in proxy.pml
 *   R  the handler. It holds a Process capability to T and maps T's control word.
 *   the clock, X and D: as in proxy.pml; the bound of a deferral is R's own timed notice
 *
 * What R has to do, and in this order (user/lib/by_hand.c does it), is what this model is about:
 *   1. set hold 3 on T, which stops it wherever it runs; 2. only then read *defer*;
 *   3. if T defers: write *pending* and note when the bound ends, unless *pending* is there
 *      already; ask the clock for a notice at that time; clear the hold; wait for notices only:
 *      from T, which posts one when it lowers *defer* and finds *pending*, or from the clock; and
 *      begin again at 1;
 *   4. the bound is over if *pending* is as R left it, and the time has come by the clock.
 * Each of these that is left out is a race; README.md has the counter-examples. Others stay
 * although R does all of them: laws TOLD, STOPPED, STRANDED and LOST, which the proxy keeps.
 *
 * Steps, `mirrors:`, `user:` and g_ are as in proxy.pml.
 */

#ifndef ONLY
#define ONLY 0 /* check one law only, by number; 0: those that hold by hand */
#endif
#define EXCLUSION 1 /* handler and primary path never run at once */
#define SECTION 2   /* no handler at work while T is in a critical section inside its bound */
#define WAKEUP 3    /* R does not wait for a deferral to end that has ended */
#define REPLY 4     /* a reply reaches its caller, at most once, held or not; none in silence */
#define NESTING 5   /* one handler at a time works on T */
#define NOTICES 7   /* bits are neither lost nor invented */
#define TOLD 8      /* T does not run from the moment that R has the message */
#define STOPPED 9   /* T is not stopped in a critical section inside its bound, be it for a look */
#define STRANDED 10 /* R gone: it has not left T stopped in a critical section inside its bound */
#define LOST 11     /* R gone: what it was told and had not begun is waiting still, or T is held */
#define LAW(n, e) assert((ONLY != n && (ONLY != 0 || n > NOTICES)) || (e))

#ifndef MOVES
#define MOVES 0
#endif
#ifndef RECEIVERS
#define RECEIVERS 1 /* 2: two handlers for one target; S calls the first, N posts to the second */
#endif
#ifdef SAME_HOLD
#define HOLD(id) 0 /* of t_hold: hold 3 for both */
#else
#define HOLD(id) (id) /* a hold of its own for each: 3 and 4 */
#endif

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

mtype:run_state = { READY, OPEN, NOTICE_ONLY, RECEIVING, BLOCKED, GONE }; /* R waits: OPEN, ... */
mtype:cap = { NULL_CAP, REPLY_CAP, USED_CAP };
mtype:who = { TARGET, POSTER, SENDER };

#define POSTED 1 /* notice bits to R: of N, */
#define ENDED 2  /* of T, whose deferral has ended, */
#define BOUND 4  /* and of the clock, for the end of the bound */

/* T */
mtype:run_state t_state = READY;
bool t_hold1, t_hold[2]; /* hold 1; holds 3 and 4 */
bool defer, pending;     /* the control word, in memory that R maps */

/* S, R, V */
mtype:run_state s_state = READY;
mtype:run_state r_state[RECEIVERS] = READY;
bool r_hold1;
byte r_bits[RECEIVERS];     /* plain notices pending */
bool r_after_notice[RECEIVERS];
mtype:cap r_cap[RECEIVERS] = NULL_CAP;
byte r_got[RECEIVERS];      /* bits received in this wait */
bool r_message[RECEIVERS];  /* a call received, to be handled */
bool r_notice[RECEIVERS];   /* POSTED received, to be handled */
bool r_timer[RECEIVERS];    /* the clock is to post BOUND */
bool r_due[RECEIVERS] = true; /* the time that R noted for the end of a bound has come */
bool r_waited[RECEIVERS];   /* R has waited for the end of a deferral, in this handling */
bool r_defers[RECEIVERS];   /* what R read */
bool r_forced[RECEIVERS];   /* what R made of it */
mtype:run_state v_state = READY;
mtype:cap v_cap = NULL_CAP, v_late = NULL_CAP;

/* What watches. */
bool g_handling[RECEIVERS]; /* R works on T */
bool g_held[RECEIVERS];     /* R has set its hold and not cleared it */
bool g_ending;              /* T lowered defer and has not yet looked at *pending* */
bool g_bound;               /* the bound has passed in this very critical section */
bool g_owed;                /* POSTED, and nobody began to handle it */
bool g_turn;                /* turns with every round of T (LIVENESS) */

#define T_LIVES (t_state != GONE)
#define T_HELD (t_hold[0] || t_hold[1])
#define T_READY (t_state == READY && !T_HELD && !t_hold1)
#define S_READY (s_state == READY && r_state[0] != GONE)
#define R_READY(id) (r_state[id] == READY && !r_hold1)
#define R_TOLD(id) (r_message[id] || r_notice[id])
#define LAST (RECEIVERS - 1)

#ifdef LIVENESS
#define TURN g_turn = !g_turn
#else
#define TURN skip
#endif

/* As in proxy.pml. mirrors: sched_runnable, pick */
#ifdef ONE_CPU

mtype:who turn = TARGET;
#define OTHERS_RUN (!R_READY(0) && !R_READY(LAST))
#define T_RUNS (T_READY && OTHERS_RUN && (turn == TARGET || (turn == SENDER && !S_READY)))
#define N_RUNS (OTHERS_RUN && (turn == POSTER || (!T_READY && !S_READY)))
#define S_RUNS (S_READY && OTHERS_RUN && (turn == SENDER || (turn == TARGET && !T_READY)))
#define PASS_TURN(who) turn = who
#else
#define T_RUNS T_READY
#define N_RUNS true
#define S_RUNS S_READY
#define PASS_TURN(who) skip
#endif

/* --- the kernel ------------------------------------------------------------------------------- */

/* mirrors: ipc_transfer, answer_callers */
inline answer_s()
{
    LAW(REPLY, s_state == RECEIVING);
    s_state = READY
}

/* mirrors: ipc_transfer, endpoint_reply_delivered */
inline answer_t()
{
    if
    :: v_cap == REPLY_CAP -> v_cap = USED_CAP
    :: else
    fi;
    if
    :: v_late == REPLY_CAP -> v_late = USED_CAP
    :: else
    fi;
    t_state = READY
}

/* mirrors: send_to_process, ipc_prepare, endpoint_matches, ipc_accepts */
inline reply_to_t(cap)
{
    if
    :: T_LIVES && (cap == REPLY_CAP) && t_state == RECEIVING ->
        LAW(REPLY, cap == REPLY_CAP);
        if
        :: T_HELD -> SEEN("a reply delivered into the closed wait of a held target")
        :: else
        fi;
        answer_t()
    :: else ->
        LAW(REPLY, !T_LIVES || cap != REPLY_CAP);
        SEEN("a late reply refused")
    fi
}

/* The notices pending, into the wait of R.
 * mirrors: notice_deliver */
inline notice_deliver(id)
{
    r_got[id] = r_bits[id];
    r_bits[id] = 0;
    r_notice[id] = r_notice[id] || (r_got[id] & POSTED);
    r_after_notice[id] = true;
    r_state[id] = READY
}

/* mirrors: notice_post */
inline notice_post(id, bits)
{
    r_bits[id] = r_bits[id] | bits;
    if
    :: r_state[id] == OPEN || r_state[id] == NOTICE_ONLY -> notice_deliver(id)
    :: else
    fi
}

/* The call of S, into the wait of R.
 * mirrors: ipc_transfer, sender_done, ipc_begin_wait */
inline transfer_s()
{
    r_cap[0] = REPLY_CAP;
    r_message[0] = true;
    r_got[0] = 0;
    r_after_notice[0] = false;
    r_state[0] = READY;
    s_state = RECEIVING
}

/* --- T: the primary path ---------------------------------------------------------------------- */

/* A user instruction of T. */
inline step_of_t(next)
{
    LAW(EXCLUSION, !g_handling[0] && !g_handling[LAST]);
    LAW(TOLD, !R_TOLD(0) && !R_TOLD(LAST));
    PASS_TURN(next)
}

active proctype Primary()
{
end_waits:
    do
    :: d_step { T_RUNS -> step_of_t(POSTER); TURN }; /* user: computes */
        if
        :: d_step { T_RUNS -> step_of_t(POSTER); defer = true } /* user: defer_begin */
        :: skip
        fi;
        if
        /* mirrors: send_to_process, ipc_begin_wait, ipc_block_sender */
        :: d_step {
            T_RUNS ->
            step_of_t(POSTER);
            if
            :: v_state == RECEIVING -> v_state = READY; v_cap = REPLY_CAP; t_state = RECEIVING
            :: else -> t_state = BLOCKED
            fi
           };
            d_step { T_RUNS -> step_of_t(POSTER) } /* user: has its answer */
        :: skip
        fi;
        if
        :: defer ->
            /* user: defer_end */
            d_step { T_RUNS -> step_of_t(POSTER); defer = false; g_ending = true; g_bound = false };
            if
            /* user: looks at pending, and will tell R */
            :: d_step { T_RUNS && pending -> step_of_t(POSTER); pending = false };
                /* mirrors: appnotice_op_post, notice_post */
                d_step {
                    T_RUNS ->
                    step_of_t(POSTER);
                    g_ending = false;
                    if
                    :: r_state[0] != GONE -> notice_post(0, ENDED)
                    :: else
                    fi;
#if RECEIVERS > 1
                    if
                    :: r_state[1] != GONE -> notice_post(1, ENDED)
                    :: else
                    fi;
#endif
                    skip
                }
            /* user: looks at pending */
            :: d_step { T_RUNS && !pending -> step_of_t(POSTER); g_ending = false }
            fi
        :: else
        fi
    od
}

/* --- S, N, the clock -------------------------------------------------------------------------- */

active proctype Sender()
{
end_waits:
    do
    /* mirrors: send_to_process, ipc_transfer, ipc_block_sender */
    :: d_step {
        S_RUNS ->
        PASS_TURN(TARGET);
        if
        :: r_state[0] == OPEN -> transfer_s()
        :: else -> s_state = BLOCKED
        fi
    }
    od
}

active proctype Poster()
{
end_waits:
    do
    /* mirrors: appnotice_op_post, notice_post */
    :: d_step {
        N_RUNS && r_state[LAST] != GONE ->
        PASS_TURN(SENDER);
        g_owed = true;
        notice_post(LAST, POSTED)
    }
    od
}

active [RECEIVERS] proctype Clock()
{
#define me (_pid - 3)
end_waits:
    do
    /* mirrors: kernel_timer, notice_post */
    :: d_step {
        r_timer[me] && r_state[me] != GONE ->
        r_timer[me] = false;
        r_due[me] = true;
        g_bound = defer;
        notice_post(me, BOUND)
    }
    od
#undef me
}

/* --- R: the handler --------------------------------------------------------------------------- */

active [RECEIVERS] proctype Handler()
{
#define me (_pid - 3 - RECEIVERS)
end_waits:
    do
    /* An open wait: notices first, unless the last delivery was of notices and a sender waits.
     * mirrors: ipc_begin_wait, match, take_message, notice_deliver */
    :: d_step {
        R_READY(me) ->
        r_got[me] = 0;
        r_state[me] = OPEN;
        if
        :: r_bits[me] != 0 && !(r_after_notice[me] && me == 0 && s_state == BLOCKED) ->
            notice_deliver(me)
        :: else ->
            if
            :: me == 0 && s_state == BLOCKED -> transfer_s()
            :: else
            fi
        fi
       };
        (R_READY(me) || r_state[me] == GONE); /* user: has something */
        do
        /* user: an old notice of the bound or of T */
        :: d_step { R_READY(me) && !R_TOLD(me) -> skip }; break
        :: R_TOLD(me) ->
#ifdef READ_FIRST
            d_step { R_READY(me) -> r_defers[me] = defer }; /* user: reads defer, too early */
#endif
            /* mirrors: process_op_set_not_schedulable, arch_stop_cpu, process_hold */
            d_step {
                R_READY(me) ->
                if
                :: T_LIVES -> t_hold[HOLD(me)] = true; g_held[me] = true
                :: else
                fi
            };
            /* user: reads the control word, of a T that is stopped, and the clock */
            d_step {
                R_READY(me) ->
#ifndef READ_FIRST
                r_defers[me] = defer;
#endif
                r_forced[me] = r_waited[me] && pending && r_due[me]
            };
            if
            :: !T_LIVES || !r_defers[me] || r_forced[me] ->
                /* mirrors: sleep_op_notice_at (the clock is not needed any more) */
                d_step { R_READY(me) -> r_timer[me] = false };
                /* user: takes *pending* back, and begins to handle */
                d_step {
                    R_READY(me) ->
                    LAW(SECTION, !T_LIVES || !defer || (r_forced[me] && g_bound));
                    if
                    :: T_LIVES && defer -> SEEN("a forced handling")
                    :: T_LIVES && t_state == RECEIVING ->
                        SEEN("a handling while the target is in a closed wait")
                    :: else
                    fi;
                    pending = false;
                    r_waited[me] = false;
                    g_handling[me] = T_LIVES;
                    if
                    :: r_notice[me] -> g_owed = r_bits[me] & POSTED
                    :: else
                    fi
                };
                if
                /* The call of T has lasted too long.
                 * mirrors: send_to_process, endpoint_op_make_entry */
                :: d_step { R_READY(me) && t_state == RECEIVING -> answer_t() }
                :: skip
                fi;
                /* mirrors: send_to_process, ipc_transfer (R answers S, without blocking) */
                d_step {
                    R_READY(me) ->
                    if
                    :: r_cap[me] == REPLY_CAP && s_state != GONE -> answer_s()
                    :: else
                    fi;
                    r_cap[me] = NULL_CAP
                };
                /* mirrors: process_op_clear_not_schedulable, process_release */
                d_step {
                    R_READY(me) ->
                    t_hold[HOLD(me)] = false;
                    g_held[me] = false;
                    g_handling[me] = false;
                    r_message[me] = false;
                    r_notice[me] = false
                };
                break
            :: else ->
                /* user: writes *pending*, unless it is there: then that bound runs already */
                d_step {
                    R_READY(me) ->
                    SEEN("a deferral waited for");
                    r_waited[me] = true;
                    r_due[me] = r_due[me] && pending;
                    pending = true
                };
                /* mirrors: sleep_op_notice_at */
                d_step { R_READY(me) -> r_timer[me] = true };
                /* mirrors: process_op_clear_not_schedulable, process_release */
                d_step { R_READY(me) -> t_hold[HOLD(me)] = false; g_held[me] = false };
                /* mirrors: ipc_begin_wait, match, notice_deliver */
                d_step {
                    R_READY(me) ->
                    r_got[me] = 0;
                    r_state[me] = NOTICE_ONLY;
                    if
                    :: r_bits[me] != 0 -> notice_deliver(me)
                    :: else
                    fi
                }
            fi
        od
    od
#undef me
}

/* --- V: the server ---------------------------------------------------------------------------- */

active proctype Server()
{
end_waits:
    do
    /* mirrors: ipc_begin_wait, match, take_message, sender_done */
    :: d_step {
        v_state == READY && v_cap != REPLY_CAP ->
        if
        :: t_state == BLOCKED -> t_state = RECEIVING; v_cap = REPLY_CAP
        :: else -> v_state = RECEIVING
        fi
    }
    /* mirrors: send_to_process */
    :: d_step { v_state == READY && v_cap != NULL_CAP -> reply_to_t(v_cap); v_cap = NULL_CAP }
#ifndef PROMPT
    /* user: sets it aside for later */
    :: d_step {
        v_state == READY && v_cap != NULL_CAP && v_late == NULL_CAP ->
        v_late = v_cap;
        v_cap = NULL_CAP
    }
    /* mirrors: send_to_process */
    :: d_step { v_state == READY && v_late != NULL_CAP -> reply_to_t(v_late); v_late = NULL_CAP }
#endif
    od
}

/* --- X: suspends and resumes, D: destroys ----------------------------------------------------- */

#ifdef SUSPENDS
#define ONCE_MORE (times < SUSPENDS)
#define COUNT times++
#else
#define ONCE_MORE true
#define COUNT skip
#endif

active proctype Suspender()
{
    byte times;

end_idle:
    do
    /* mirrors: process_op_set_not_schedulable, process_hold */
    :: d_step { ONCE_MORE -> COUNT; r_hold1 = true };
        /* mirrors: process_op_clear_not_schedulable, process_release */
        d_step { r_hold1 = false }
    /* mirrors: process_op_set_not_schedulable, process_hold */
    :: d_step { ONCE_MORE && T_LIVES -> COUNT; t_hold1 = true };
        /* mirrors: process_op_clear_not_schedulable, process_release */
        d_step { t_hold1 = false }
    od
}

#if MOVES > 0
active proctype Destroyer()
{
    byte moves = MOVES;

end_idle:
    do
    /* mirrors: object_rescind, process_destroy */
    :: d_step {
        moves > 0 && s_state != GONE ->
        moves--;
        s_state = GONE;
        r_cap[0] = (r_cap[0] == REPLY_CAP -> USED_CAP : r_cap[0])
    }
    /* mirrors: object_rescind, process_destroy */
    :: d_step {
        moves > 0 && T_LIVES ->
        moves--;
        if
        :: T_HELD -> SEEN("the target destroyed while held")
        :: else
        fi;
        t_state = GONE;
        g_handling[0] = false;
        g_handling[LAST] = false
    }
    /* mirrors: object_rescind, process_destroy, answer_callers, endpoint_fail_senders */
    :: d_step {
        moves > 0 && r_state[0] != GONE && RECEIVERS == 1 ->
        moves--;
        LAW(LOST, !R_TOLD(0) || g_handling[0] || g_held[0] || !T_LIVES);
        if
        :: g_handling[0] -> SEEN("the handler destroyed in the middle")
        :: else
        fi;
        if
        :: r_cap[0] == REPLY_CAP && s_state == RECEIVING -> answer_s()
        :: else
        fi;
        if
        :: s_state == BLOCKED -> s_state = READY /* invalid capability */
        :: else
        fi;
        r_cap[0] = NULL_CAP;
        r_state[0] = GONE;
        r_timer[0] = false;
        r_message[0] = false;
        r_notice[0] = false;
        g_handling[0] = false
    }
    od
}
#endif

/* --- what must hold after every step ---------------------------------------------------------- */

#ifndef LIVENESS
active proctype Monitor()
{
end_idle:
    do
    :: d_step { /* user: (nobody: it only looks) */
        true ->
        LAW(REPLY, s_state != RECEIVING || r_cap[0] == REPLY_CAP);
        LAW(REPLY, t_state != RECEIVING || v_cap == REPLY_CAP || v_late == REPLY_CAP);
        LAW(REPLY, s_state != BLOCKED || r_state[0] != GONE);
        LAW(NESTING, !(g_handling[0] && g_handling[LAST]) || RECEIVERS == 1);
        LAW(NOTICES, !g_owed || r_state[LAST] == GONE || (r_bits[LAST] & POSTED) || r_notice[LAST]);
        LAW(STOPPED, !(T_LIVES && T_HELD && defer && !g_bound));
        LAW(STRANDED, !(T_LIVES && g_held[0] && r_state[0] == GONE && defer && !g_bound));
        /* R waits for notices only while T defers, or T is about to tell it. */
        LAW(WAKEUP, !(r_state[0] == NOTICE_ONLY && T_LIVES && !defer && !g_ending))
    }
    od
}
#endif

/* --- liveness --------------------------------------------------------------------------------- */

#ifdef LIVENESS
ltl target_runs_on { []<>g_turn && []<>!g_turn }
/* A call of S that was begun comes to an end. */
ltl sender_is_served { [](s_state != READY -> <>(s_state == READY)) }
ltl bits_are_delivered { [](g_owed -> <>!g_owed) }
#endif

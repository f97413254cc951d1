/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification by proxy, as kernel/preempt.c does it (laws P1 to P15 of DESIGN 6).
 *
 *   T  the target: a primary path that computes, defers, and calls the server V in a closed wait
 *   S  a sender that calls through a ProxyEntry to T, and waits until it is served
 *   N  a sender that never waits: it posts preempting bits, sends without blocking, and sends R
 *      messages that have nothing to do with T
 *   R  the handler: the process to which T's slot proxyReceiver leads, through the endpoint Q
 *   V  the server that T calls; it replies without blocking, early or late
 *   the clock: posts a notice at a time, and ends the bound of a deferral
 *   X  suspends and resumes R and T by hold 1, at any moment
 *   M  a manager, which ends the proxy hold if R waits again and has not, or is gone
 *   D  destroys S, T, R, Q and E (the endpoint of S's ProxyEntry), and changes slot and recipient
 *
 * One step of the kernel, from its entry to the next process that runs, is one d_step: there is one
 * kernel lock. Everything else interleaves: a process may be stopped between any two of its steps.
 * Work that the kernel puts off (ipc_work) is a process of its own here, so it may come later than
 * it does. Comments say `mirrors:` and the kernel functions that a step stands for, or `user:`.
 * What begins with g_ is not in the kernel: it watches. Read kernel/include/kernel/preempt.h first.
 */

#ifndef ONLY
#define ONLY 0 /* check one law only, by number; 0: all */
#endif
#define EXCLUSION 1 /* handler and primary path never run at once */
#define SECTION 2   /* no delivery in a critical section inside its bound; forced ones say so */
#define WAKEUP 3    /* what can be delivered is delivered, or about to be (P8) */
#define REPLY 4     /* a reply reaches its caller, held or not, at most once, or says why (P11) */
#define OVERWRITE 5 /* proxyReply is never overwritten, notifications do not nest (P3) */
#define DANGLING 6  /* nobody is on a list of somebody who is gone, or found by nobody (P9) */
#define NOTICES 7   /* bits are neither lost nor invented (P13) */
#define RING 8      /* a handler that is not schedulable is told nothing (P3) */
#define LAW(n, e) assert((ONLY != 0 && ONLY != n) || (e))

/* Moves that D may make in a run, one each of those that are switched on. */
#ifndef MOVES
#define MOVES 0
#endif

/* Remember that the search came here: one that never does proves little (tools/testing/models.py).
 */
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

mtype:run_state = { READY, RECEIVING, BLOCKED, GONE };
/* Where a link is. */
mtype:place = { OFF, ON_TARGET, IN_QUEUE, DEAD_QUEUE, ON_R, ON_Q, JUDGED, DISPLACED };
mtype:cap = { NULL_CAP, REPLY_CAP, USED_CAP }; /* a reply capability; one that matches no more */
mtype:message = { NOTHING, PROXIED, PROXIED_NOTICE, OTHER };
mtype:who = { NOBODY, HANDLER, TARGET, POSTER, SENDER };

#define POSTED 1 /* preempting bits: of N, */
#define TIMED 2  /* and of the clock */

/* T */
mtype:run_state t_state = READY;
bool t_hold0, t_hold1;
bool t_slot = true; /* proxyReceiver leads to Q */
mtype:place t_node = OFF;  /* IN_QUEUE: among Q's senders; DEAD_QUEUE: R is gone; or DISPLACED */
mtype:place t_watch = OFF; /* ON_R, ON_Q: their watchers; or on the CPU's list, to be JUDGED */
mtype:cap t_reply = NULL_CAP; /* proxyReply */
byte t_bits;                  /* preempting notices pending */
bool t_after_notice;
bool t_deferred; /* deferred_since: *pending* was set by the kernel, and the bound runs */
bool t_over;     /* the bound has passed */
bool defer;      /* the control word; *pending* is set exactly while t_deferred */
bool t_control = true; /* T has a control word */

/* S, R, V, and the endpoints Q and E */
mtype:run_state s_state = READY;
mtype:place s_place = OFF; /* blocked: ON_TARGET, or DISPLACED */
mtype:run_state r_state = READY;
bool r_hold1, r_recheck;
mtype:message r_got = NOTHING;
mtype:cap r_cap = NULL_CAP; /* a register of R: what it fetched */
mtype:run_state v_state = READY;
mtype:cap v_cap = NULL_CAP, v_late = NULL_CAP; /* V's registers: of the last call, of one before */
bool q_lives = true, e_lives = true;
mtype:who q_recipient = HANDLER;

/* What watches. */
bool g_handling; /* R was told and has not ended the hold */
bool g_ending;   /* T lowered defer and has not yet looked at *pending* */
bool g_bound;    /* the bound has passed in this very critical section */
byte g_owed;     /* bits posted and not delivered */
bool g_turn;     /* turns with every round of T (LIVENESS) */
bool g_ran;      /* T had a step since R waited last (THROTTLE) */

#define T_LIVES (t_state != GONE)
#define T_READY (t_state == READY && !t_hold0 && !t_hold1)
#define S_READY (s_state == READY && ENTRY_VALID)
#define R_READY (r_state == READY && !r_hold1)
/* mirrors: preempt_waits */
#define WAITING (t_bits != 0 || s_place == ON_TARGET)

#define T_TO_BE_JUDGED (t_watch == JUDGED || t_node == DISPLACED || t_node == DEAD_QUEUE)

/* mirrors: preempt_receiver */
#define RECEIVER (t_slot && q_lives && q_recipient == HANDLER && r_state != GONE)
/* mirrors: ipc_accepts */
#define R_ACCEPTS (r_state == RECEIVING)
/* mirrors: cap_valid (of S's ProxyEntry) */
#define ENTRY_VALID (e_lives && T_LIVES && RECEIVER)
#define HELD_BACK (t_hold0 || r_hold1)
/* mirrors: preempt_says_defer, control_word */
#define SAYS_DEFER (defer && t_control)
/* mirrors: preempt_defers */
#define DEFERS (SAYS_DEFER && !t_over)
/* mirrors: preempt_possible */
#define POSSIBLE (!HELD_BACK && !DEFERS)
/* mirrors: send (behind what waits already: preempt_waits) */
#define DIRECT (R_ACCEPTS && !WAITING && POSSIBLE)

/* Who may take a step: anybody who is ready, at any moment. For what depends on it (formulas), work
 * put off comes first; and with ONE_CPU, R has the highest priority and T, N and S take turns.
 * mirrors: sched_runnable, pick, sched_exit */
#ifdef LIVENESS
#define TURN g_turn = !g_turn
#define NO_WORK (!T_TO_BE_JUDGED && s_place != DISPLACED && !r_recheck)
#else
#define TURN skip
#define NO_WORK true
#endif
#define R_RUNS (R_READY && NO_WORK)
#ifdef ONE_CPU
mtype:who turn = TARGET;
#define OTHERS_RUN (NO_WORK && !R_READY)
#define T_RUNS (T_READY && OTHERS_RUN && (turn == TARGET || (turn == SENDER && !S_READY)))
#define N_RUNS (OTHERS_RUN && (turn == POSTER || (!T_READY && !S_READY)))
#define S_RUNS (S_READY && OTHERS_RUN && (turn == SENDER || (turn == TARGET && !T_READY)))
#define PASS_TURN(who) turn = who
#else
#define T_RUNS (T_READY && NO_WORK)
#define N_RUNS NO_WORK
#define S_RUNS (S_READY && NO_WORK)
#define PASS_TURN(who) skip
#endif

/* --- the kernel: lists, deferral -------------------------------------------------------------- */

/* mirrors: preempt_leave */
inline preempt_leave()
{
    t_node = OFF;
    t_watch = OFF
}

/* mirrors: ipc_recheck */
inline ipc_recheck_r()
{
    r_recheck = R_ACCEPTS
}

/* mirrors: preempt_end_deferral */
inline preempt_end_deferral()
{
    t_deferred = false;
    t_over = false
}

/* mirrors: preempt_displace_senders */
inline preempt_displace_senders()
{
    if
    :: s_place == ON_TARGET -> s_place = DISPLACED
    :: else
    fi
}

/* mirrors: preempt_judge_watchers */
inline preempt_judge_watchers(list)
{
    if
    :: t_watch == list -> t_watch = JUDGED
    :: else
    fi
}

/* The queue of Q has nobody to receive from it any more.
 * mirrors: endpoint_update, endpoint_fail_waiting */
inline displace_queue()
{
    if
    :: t_node == IN_QUEUE || t_node == DEAD_QUEUE ->
        t_node = DISPLACED;
        SEEN("a target displaced with the queue")
    :: else
    fi
}

/* --- the kernel: replies ---------------------------------------------------------------------- */

/* A reply capability to S is used up, wherever it lies: the payload of its endpoint advanced.
 * mirrors: endpoint_reply_delivered, endpoint_make_reply */
inline use_up_reply_to_s()
{
    if
    :: t_reply == REPLY_CAP -> t_reply = USED_CAP
    :: else
    fi;
    if
    :: r_cap == REPLY_CAP -> r_cap = USED_CAP
    :: else
    fi
}

/* S has an answer: a reply, or that there will be none.
 * mirrors: ipc_transfer, answer_callers */
inline answer_s()
{
    LAW(REPLY, s_state == RECEIVING);
    use_up_reply_to_s();
    s_state = READY
}

/* The same for T and its call to V. T may be held: its wait is armed all the same (P11).
 * mirrors: ipc_transfer, endpoint_reply_delivered */
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

/* V sends through a capability that it holds, without blocking. `matches`: as endpoint_matches().
 * mirrors: send_to_process, ipc_prepare, endpoint_matches, ipc_accepts */
inline reply_to_t(cap)
{
    if
    :: T_LIVES && (cap == REPLY_CAP) && t_state == RECEIVING ->
        LAW(REPLY, cap == REPLY_CAP);
        if
        :: t_hold0 -> SEEN("a reply delivered into the closed wait of a held target")
        :: else
        fi;
        answer_t()
    :: else ->
        LAW(REPLY, !T_LIVES || cap != REPLY_CAP);
        SEEN("a late reply refused")
    fi
}

/* --- the kernel: delivery --------------------------------------------------------------------- */

/* T is held and R is READY with the message, in one step. S or N sent `reply` as capability 0.
 * mirrors: preempt_transfer, process_hold */
inline preempt_transfer(kind, reply)
{
    LAW(OVERWRITE, !t_hold0 && t_reply == NULL_CAP && !g_handling);
    LAW(DANGLING, T_LIVES && RECEIVER && R_ACCEPTS);
    LAW(RING, !r_hold1);
    LAW(SECTION, !SAYS_DEFER || (t_over && g_bound));
    if
    :: SAYS_DEFER -> SEEN("a forced delivery")
    :: else
    fi;
    if
    :: t_state == RECEIVING -> SEEN("a delivery while the target is in a closed wait")
    :: t_state == BLOCKED -> SEEN("a delivery while the target is blocked sending")
    :: else
    fi;
    preempt_leave();
    preempt_end_deferral();
    t_reply = reply;
    t_after_notice = (kind == PROXIED_NOTICE);
    t_hold0 = true;
    g_handling = true;
    r_state = READY;
    r_recheck = false;
    r_got = kind;
    if
    :: WAITING -> t_watch = ON_R /* what is left waits for the end of the hold */
    :: else
    fi
}

/* mirrors: deliver_notice */
inline deliver_notice()
{
    LAW(NOTICES, t_bits == g_owed && t_bits != 0);
    t_bits = 0;
    g_owed = 0;
    preempt_transfer(PROXIED_NOTICE, NULL_CAP)
}

/* T stands in R's queue, and is to go on waiting there: it keeps its turn.
 * mirrors: stands_well */
#define STANDS_WELL (t_node != OFF && t_watch == OFF && RECEIVER && !t_deferred && WAITING && \
                     !HELD_BACK && !R_ACCEPTS)

/* The one routine that decides (P8).
 * mirrors: preempt_judge, begin_deferral, stand_in_queue */
inline preempt_judge()
{
    if
    :: T_LIVES && STANDS_WELL -> SEEN("a target that keeps its turn")
    :: T_LIVES && !STANDS_WELL ->
        preempt_leave();
        if
        :: !RECEIVER -> preempt_displace_senders()
        :: else
        fi;
        if
        :: t_deferred && (!WAITING || !SAYS_DEFER) -> preempt_end_deferral()
        :: else
        fi;
        if
        :: !WAITING -> skip
        :: WAITING && !RECEIVER ->
            if
            :: t_slot && q_lives -> t_watch = ON_Q; SEEN("bits that wait for a receiver")
            :: else
            fi
        :: WAITING && RECEIVER && HELD_BACK -> t_watch = ON_R
        :: WAITING && RECEIVER && !HELD_BACK && !R_ACCEPTS -> t_node = IN_QUEUE
        :: WAITING && RECEIVER && !HELD_BACK && R_ACCEPTS ->
            if
            :: DEFERS -> t_deferred = true; t_watch = ON_R
            :: else ->
                if
                :: t_bits != 0 && !r_recheck && !(t_after_notice && s_place == ON_TARGET) ->
                    deliver_notice()
                :: else ->
                    t_node = IN_QUEUE;
                    ipc_recheck_r();
                    SEEN("a sender before bits, or a wait being matched")
                fi
            fi
        fi
    :: else
    fi
}

/* S, which is blocked, does not wait any more.
 * mirrors: process_leave_queue, process_end_wait */
inline process_leave_queue()
{
    if
    :: s_place != OFF ->
        s_place = OFF;
        if
        :: e_lives && !WAITING -> preempt_judge() /* nothing waits for T any more */
        :: else
        fi
    :: else
    fi
}

/* mirrors: ipc_fail_sender */
inline ipc_fail_sender()
{
    process_leave_queue();
    s_state = READY /* invalid capability */
}

/* The message of S, which waits, into the wait of R. S is in its closed wait in the same step.
 * mirrors: take_message, sender_done, ipc_begin_wait */
inline take_message()
{
    if
    :: ENTRY_VALID -> s_place = OFF; preempt_transfer(PROXIED, REPLY_CAP); s_state = RECEIVING
    :: else -> ipc_fail_sender()
    fi
}

/* The first of R's queue is T, by its own link.
 * mirrors: match, take_first */
inline match_r()
{
    if
    :: t_node != IN_QUEUE || q_recipient != HANDLER -> r_recheck = false
    :: else ->
        if
        :: s_place != ON_TARGET || !POSSIBLE || (t_bits != 0 && !t_after_notice) ->
            r_recheck = false;
            preempt_judge();
            ipc_recheck_r()
        :: else -> take_message()
        fi
    fi
}

/* mirrors: wait_for_target */
inline wait_for_target()
{
    s_place = ON_TARGET;
    preempt_judge()
}

/* mirrors: notice_post */
inline notice_post(bits)
{
    t_bits = t_bits | bits;
    g_owed = g_owed | bits;
    preempt_judge()
}

/* mirrors: process_release */
inline process_release_hold0()
{
    t_hold0 = false;
    t_reply = NULL_CAP;
    g_handling = false;
    preempt_judge()
}

/* --- work put off ----------------------------------------------------------------------------- */

active proctype Work()
{
end_idle:
    do
    /* mirrors: ipc_work (of those to be judged) */
    :: d_step { t_watch == JUDGED -> t_watch = OFF; preempt_judge() }
    /* mirrors: ipc_work (of endpoints whose recipient is gone) */
    :: d_step { t_node == DEAD_QUEUE -> t_node = DISPLACED }
    /* mirrors: ipc_work, place_displaced (of targets) */
    :: d_step { t_node == DISPLACED -> t_node = OFF; preempt_judge() }
    /* mirrors: ipc_work, place_displaced (of senders) */
    :: d_step {
        s_place == DISPLACED ->
        if
        :: ENTRY_VALID -> wait_for_target()
        :: else -> ipc_fail_sender(); SEEN("a blocked sender told that its target is gone")
        fi
    }
    /* mirrors: ipc_work, match */
    :: d_step { r_recheck -> match_r() }
    od
}

/* A handler may be the throttle: it lets T take a step, with the help of the clock, before it waits
 * again (DESIGN 6, P3). */
#ifdef THROTTLE
#define RAN g_ran = true
#define THROTTLED (g_ran || !T_READY)
#else
#define RAN skip
#define THROTTLED true
#endif

/* --- T: the primary path ---------------------------------------------------------------------- */

/* A user instruction of T. */
#define STEP_OF_T LAW(EXCLUSION, !g_handling); RAN; PASS_TURN(POSTER)

active proctype Primary()
{
end_waits:
    do
    :: d_step { T_RUNS -> STEP_OF_T; TURN }; /* user: computes */
        if
        :: d_step { T_RUNS -> STEP_OF_T; defer = true } /* user: defer_begin */
        :: skip
        fi;
        if
        /* mirrors: send_to_process, ipc_begin_wait, ipc_block_sender */
        :: d_step {
            T_RUNS ->
            STEP_OF_T;
            if
            :: v_state == RECEIVING -> v_state = READY; v_cap = REPLY_CAP; t_state = RECEIVING
            :: else -> t_state = BLOCKED
            fi
           };
end_calls: d_step { T_RUNS -> STEP_OF_T } /* user: has its answer */
        :: skip
        fi;
        if
        :: defer ->
            /* user: defer_end */
            d_step { T_RUNS -> STEP_OF_T; defer = false; g_ending = true; g_bound = false };
            if
            /* mirrors: wait_or_yield */
            :: d_step { T_RUNS && t_deferred -> STEP_OF_T; g_ending = false; preempt_judge() }
            /* user: looks at pending */
            :: d_step { T_RUNS && !t_deferred -> STEP_OF_T; g_ending = false }
            fi
        :: else
        fi
    od
}

/* --- S: calls through the ProxyEntry ---------------------------------------------------------- */

active proctype Sender()
{
end_waits:
    do
    /* mirrors: send_proxied, preempt_prepare, preempt_possible, ipc_block_sender */
    :: d_step {
        S_RUNS ->
        PASS_TURN(TARGET);
        if
        :: DIRECT ->
            preempt_transfer(PROXIED, REPLY_CAP);
            s_state = RECEIVING
        :: else ->
            s_state = BLOCKED;
            wait_for_target()
        fi
    }
    od
}

/* --- N: posts, and sends without blocking ----------------------------------------------------- */

active proctype Poster()
{
end_waits:
    do
    /* mirrors: appnotice_op_post, notice_post */
    :: d_step { N_RUNS && T_LIVES -> PASS_TURN(SENDER); notice_post(POSTED) }
#ifndef POSTS_ONLY
    /* mirrors: send_proxied, preempt_possible */
    :: d_step {
        N_RUNS && T_LIVES && RECEIVER ->
        PASS_TURN(SENDER);
        if
        :: DIRECT ->
            preempt_transfer(PROXIED, NULL_CAP)
        :: else -> SEEN("a non-blocking send that would block")
        fi
    }
#endif
#if !defined(LIVENESS) || defined(OTHERS)
    /* mirrors: send_to_process, ipc_accepts, ipc_transfer (to R, by an Entry) */
    :: d_step {
        N_RUNS && R_ACCEPTS && q_lives && q_recipient == HANDLER ->
        PASS_TURN(SENDER);
        r_state = READY;
        r_recheck = false;
        r_got = OTHER
    }
#endif
    od
}

/* --- the clock -------------------------------------------------------------------------------- */

active proctype Clock()
{
    bool posted;

end_waits:
    do
    /* mirrors: kernel_timer, timer_due */
    :: d_step {
        t_deferred && !t_over && T_LIVES ->
        t_over = true;
        g_bound = SAYS_DEFER;
        preempt_judge()
    }
    /* mirrors: kernel_timer, notice_post */
    :: d_step { !posted && T_LIVES -> posted = true; notice_post(TIMED) }
    od
}

/* --- R: the handler --------------------------------------------------------------------------- */

active proctype Handler()
{
end_waits:
    do
    /* mirrors: ipc_begin_wait, ipc_recheck */
    :: d_step {
        R_RUNS && THROTTLED ->
        g_ran = false;
        r_got = NOTHING;
        r_cap = NULL_CAP;
        r_state = RECEIVING;
        r_recheck = (t_node == IN_QUEUE)
       };
        if
        /* mirrors: process_op_fetch_proxy_reply */
        :: d_step {
            R_RUNS && r_got == PROXIED ->
            if
            :: T_LIVES -> r_cap = t_reply; t_reply = NULL_CAP
            :: else
            fi
           }
        :: d_step { R_RUNS && r_got == PROXIED_NOTICE -> skip } /* user: looks at the bits */
        :: d_step { R_RUNS && r_got == OTHER -> skip }; goto end_waits /* user: something else */
        fi;
        if
        /* The call of T has lasted too long: R answers it, and the first reply is the only one.
         * mirrors: send_to_process, endpoint_op_make_entry */
        :: d_step { R_RUNS && t_state == RECEIVING -> answer_t() }
        :: skip
        fi;
        /* mirrors: send_to_process, ipc_transfer (R answers S, without blocking) */
        d_step {
            R_RUNS ->
            if
            :: r_cap == REPLY_CAP && s_state != GONE -> answer_s()
            :: else
            fi
        };
        if
        /* mirrors: process_op_clear_not_schedulable, process_release */
        :: d_step {
            R_RUNS ->
            if
            :: T_LIVES && t_hold0 -> process_release_hold0()
            :: else
            fi
           }
#ifndef PROMPT
        :: skip /* leaves T held: that is for M to end */
#endif
        fi
    od
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

/* --- M: the manager --------------------------------------------------------------------------- */

active proctype Manager()
{
end_idle:
    do
    /* mirrors: process_op_fetch_proxy_reply, send_to_process, process_op_clear_not_schedulable */
    :: d_step {
        t_hold0 && T_LIVES && r_state != READY ->
        if
        :: t_reply == REPLY_CAP && s_state != GONE -> answer_s()
        :: else
        fi;
        process_release_hold0()
    }
    od
}

/* --- X: suspends and resumes ------------------------------------------------------------------ */

/* Any number of times; or SUSPENDS times at most, for what must go on afterwards. */
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
    :: d_step { ONCE_MORE && r_state != GONE -> COUNT; r_hold1 = true };
        /* mirrors: process_op_clear_not_schedulable, process_release */
        d_step { r_hold1 = false; preempt_judge_watchers(ON_R) }
    /* mirrors: process_op_set_not_schedulable, process_hold */
    :: d_step { ONCE_MORE && T_LIVES -> COUNT; t_hold1 = true };
        /* mirrors: process_op_clear_not_schedulable, process_release */
        d_step { t_hold1 = false }
    od
}

/* --- D: destroys and changes ------------------------------------------------------------------ */

#if MOVES > 0
/* mirrors: preempt_endpoint_changes */
inline preempt_endpoint_changes_q()
{
    preempt_judge_watchers(ON_Q);
    preempt_judge_watchers(ON_R)
}

active proctype Destroyer()
{
    byte moves = MOVES;

end_idle:
    do
    /* mirrors: object_rescind, process_destroy, process_end_wait, process_leave_queue */
    :: d_step {
        moves > 0 && s_state != GONE ->
        moves--;
        use_up_reply_to_s();
        process_leave_queue();
        s_state = GONE
    }
    /* mirrors: object_rescind, process_destroy, answer_callers, preempt_destroy */
    :: d_step {
        moves > 0 && T_LIVES ->
        moves--;
        if
        :: t_hold0 -> SEEN("the target destroyed while held")
        :: else
        fi;
        if
        :: t_reply == REPLY_CAP ->
            answer_s();
            SEEN("a caller told that the target is gone with its reply")
        :: else
        fi;
        t_state = GONE;
        t_reply = NULL_CAP;
        preempt_leave();
        preempt_end_deferral();
        preempt_displace_senders();
        g_handling = false
    }
    /* mirrors: object_rescind, process_destroy, answer_callers, preempt_destroy */
    :: d_step {
        moves > 0 && r_state != GONE ->
        moves--;
        if
        :: g_handling -> SEEN("the handler destroyed in the middle")
        :: else
        fi;
        if
        :: r_cap == REPLY_CAP -> answer_s()
        :: else
        fi;
        r_cap = NULL_CAP;
        r_state = GONE;
        r_recheck = false;
        preempt_judge_watchers(ON_R);
        if
        :: t_node == IN_QUEUE -> t_node = DEAD_QUEUE
        :: else
        fi;
        g_handling = false
    }
    /* mirrors: object_rescind, endpoint_destroy, endpoint_fail_senders */
    :: d_step {
        moves > 0 && q_lives ->
        moves--;
        preempt_endpoint_changes_q();
        displace_queue();
        q_lives = false
    }
    /* mirrors: object_rescind, endpoint_destroy, preempt_endpoint_changes */
    :: d_step {
        moves > 0 && e_lives ->
        moves--;
        e_lives = false;
        preempt_displace_senders();
        if
        :: T_LIVES && (WAITING || s_place == DISPLACED || t_deferred) -> t_watch = JUDGED
        :: else
        fi
    }
    /* mirrors: process_op_swap_slot (proxyReceiver) */
    :: d_step {
        moves > 0 && T_LIVES ->
        moves--;
        preempt_leave();
        t_slot = !t_slot;
        preempt_judge()
    }
    /* mirrors: process_op_set_control_word, process_op_swap_slot (controlPage) */
    :: d_step {
        moves > 0 && T_LIVES ->
        moves--;
        preempt_end_deferral();
        t_control = !t_control;
        preempt_judge()
    }
    /* The page of the control word. Nobody judges: what waits for T waits for the end of the bound.
     * mirrors: object_rescind */
    :: d_step { moves > 0 && t_control -> moves--; t_control = false }
    /* mirrors: endpoint_op_set_recipient, endpoint_op_set_payload_match, endpoint_update */
    :: d_step {
        moves > 0 && q_lives && q_recipient == HANDLER ->
        moves--;
        preempt_endpoint_changes_q();
        displace_queue();
        q_recipient = NOBODY
    }
    /* mirrors: endpoint_op_set_recipient, endpoint_update, preempt_recipient_set */
    :: d_step {
        moves > 0 && q_lives && q_recipient == HANDLER && T_LIVES ->
        moves--;
        preempt_endpoint_changes_q();
        q_recipient = TARGET;
        preempt_judge() /* the new recipient, which is its own receiver now: it has none */
    }
    /* mirrors: endpoint_op_set_recipient, preempt_endpoint_changes */
    :: d_step {
        moves > 0 && q_lives && q_recipient != HANDLER ->
        moves--;
        preempt_endpoint_changes_q();
        q_recipient = HANDLER
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
        /* P8: what could be delivered is being looked at, or T is about to yield. */
        LAW(WAKEUP, !(WAITING && T_LIVES && RECEIVER && R_ACCEPTS && POSSIBLE) || T_TO_BE_JUDGED ||
                        (t_node == IN_QUEUE && r_recheck) ||
                        (t_deferred && (g_ending || !t_control)));
        /* P9: T stands nowhere if it is gone, and on nobody's list who is. */
        LAW(DANGLING, T_LIVES || (t_node == OFF && t_watch == OFF));
        LAW(DANGLING, t_node != IN_QUEUE || (q_lives && q_recipient == HANDLER && r_state != GONE));
        LAW(DANGLING, t_watch != ON_R || r_state != GONE);
        LAW(DANGLING, t_watch != ON_Q || q_lives);
        /* S, blocked, stands where T lives and has a receiver, or will be told. */
        LAW(DANGLING, (s_state == BLOCKED) == (s_place != OFF));
        LAW(DANGLING, s_place != ON_TARGET || ENTRY_VALID || T_TO_BE_JUDGED);
        /* Somebody finds T while something waits; and only then *pending* is set (P6). */
        LAW(DANGLING, !(WAITING && T_LIVES && t_slot && q_lives) || t_node != OFF ||
                          t_watch != OFF);
        LAW(DANGLING, !t_deferred || WAITING || T_TO_BE_JUDGED);
        /* A caller waits for somebody who can still answer. */
        LAW(REPLY, s_state != RECEIVING || t_reply == REPLY_CAP || r_cap == REPLY_CAP);
        LAW(REPLY, t_state != RECEIVING || v_cap == REPLY_CAP || v_late == REPLY_CAP);
        LAW(OVERWRITE, t_reply == NULL_CAP || t_hold0);
        LAW(NOTICES, !T_LIVES || t_bits == g_owed)
    }
    od
}
#endif

/* --- liveness --------------------------------------------------------------------------------- */

#ifdef LIVENESS
/* T's primary path goes on for ever. */
ltl target_runs_on { []<>g_turn && []<>!g_turn }
/* A call of S that was begun comes to an end. */
ltl sender_is_served { [](s_state != READY -> <>(s_state == READY)) }
/* Bits that are pending do not stay so. */
ltl bits_are_delivered { [](t_bits != 0 -> <>(t_bits == 0)) }
#endif

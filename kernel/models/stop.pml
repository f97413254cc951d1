/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Stopping a process that runs on another CPU (law P10 of DESIGN 6), as arch_stop_cpu() is to do it
 * once several CPUs run processes. One kernel lock, interrupts off in the kernel.
 *
 *   T  the target. It raises and lowers *defer*, and yields if it then finds *pending*. It makes
 *      system calls: one with an effect of its own, and one that suspends A, which may run
 *      elsewhere
 *   A  posts preempting bits to T, again and again
 *   R  T's handler: told, it works on T, ends the hold, and waits
 *
 * The rules. (1) Whoever enters the kernel saves the registers of its process, says so (`saved`),
 * and only then asks for the lock. (2) Who holds the lock and wants a process stopped that is
 * current on another CPU sends that CPU an interrupt and waits until it has said so. (3) Who gets
 * the lock looks first whether its process may still run; if not, its entry is abandoned before
 * its commit point. (4) Who leaves takes `saved` back before it gives the lock away.
 *
 * T's stores go through a store buffer, as on any x86: another CPU sees them later, but in order.
 *
 * Steps, `mirrors:`, `user:` and g_ are as in proxy.pml; arch_stop_cpu has nothing to do yet, while
 * only one CPU runs processes, and the rules 1, 3, 4 belong to the entry and exit of that time.
 */

#ifndef ONLY
#define ONLY 0
#endif
#define EXCLUSION 1 /* R works on T, or T is held: T runs nowhere */
#define STOPPED 2   /* the control word is looked at only while T runs nowhere */
#define ABANDONED 3 /* an entry of a process that may not run has no effect */
#define WAKEUP 4    /* what can be delivered is delivered, or T is about to yield (P8) */
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

mtype:who = { IDLE, A, T, R };
mtype:entry = { TIMER, INTERRUPT, POST, SUSPEND, CALL, YIELD, RELEASE, WAIT };
mtype:at = { OUTSIDE, INSIDE, LOWERED, YIELDS }; /* where T's primary path is */

/* The two CPUs. */
mtype:who current[2];
bool user[2];  /* executes instructions of its process, or idles */
bool saved[2]; /* in the kernel, the registers of its process are saved */
bool ipi[2];   /* an interrupt from the other CPU waits to be taken */
mtype:entry why[2];
bool locked;

/* T, A, R */
bool t_hold0, a_hold1;
bool t_bits;
mtype:at t_at = OUTSIDE;
bool defer, pending;        /* the control word, in memory */
bool stored, stored_defer;  /* T's store buffer: one store of *defer*, and its value */
bool r_waits, r_told, r_done;

/* What watches. */
bool g_stopping; /* a CPU waits until the other has said so */

#define me (_pid - 1) /* of a CPU */
#define other (1 - me)
#define HELD(p) ((p == T && t_hold0) || (p == A && a_hold1))
#define MAY_GO_ON (!HELD(current[me]))
/* mirrors: sched_runnable */
#define RUNNABLE(p) (!HELD(p) && !(p == R && r_waits))
#define T_RUNS_ON(cpu) (user[cpu] && current[cpu] == T)
/* An interrupt may come some instructions late; for what must happen in the end, not for ever. */
#ifdef LIVENESS
#define T_STEPS_ON(cpu) (T_RUNS_ON(cpu) && !ipi[cpu])
#else
#define T_STEPS_ON(cpu) T_RUNS_ON(cpu)
#endif
#define READS_DEFER (t_bits && (pending || (r_waits && !t_hold0))) /* preempt_judge() will */
#define T_DEFERS ((stored && stored_defer) || (!stored && defer))

/* A user instruction of `p`, which is current here. */
inline instruction(p)
{
    LAW(EXCLUSION, !HELD(p))
}

/* Its instruction `syscall`. */
inline enter(p, call)
{
    instruction(p);
    user[me] = false;
    why[me] = call
}

/* *defer* is read, with the lock held; `me` may be T's own CPU, or another.
 * mirrors: preempt_judge, preempt_says_defer, begin_deferral, deliver_notice, preempt_transfer,
 *   process_hold */
inline preempt_judge()
{
    if
    :: t_bits && pending -> /* is that section over? */
        LAW(STOPPED, !T_RUNS_ON(0) && !T_RUNS_ON(1));
        pending = defer
    :: else
    fi;
    if
    :: t_bits && r_waits && !t_hold0 ->
        LAW(STOPPED, !T_RUNS_ON(0) && !T_RUNS_ON(1));
        if
        :: defer -> pending = true; SEEN("a deferral found")
        :: else ->
            if
            :: current[other] == T ->
                SEEN("a delivery while the target is current on the other CPU")
            :: else
            fi;
            pending = false;
            t_bits = false;
            t_hold0 = true;
            r_waits = false;
            r_told = true
        fi
    :: else
    fi
}

/* P8, whenever the lock is free. */
inline wakeup()
{
    LAW(WAKEUP, !(t_bits && r_waits && !t_hold0 && !T_DEFERS) || (t_at == LOWERED && pending) ||
                    t_at == YIELDS)
}

/* What must hold when the lock is given back. */
inline check()
{
    LAW(EXCLUSION, !(t_hold0 && (T_RUNS_ON(0) || T_RUNS_ON(1))));
    wakeup()
}

/* The store buffer of the CPU that runs T gets to memory, some time. */
active proctype StoreBuffer()
{
end_idle:
    do
    :: d_step { stored -> defer = stored_defer; stored = false } /* user: (the machine) */
    od
}

active [2] proctype Cpu()
{
    d_step { current[me] = IDLE; user[me] = true }; /* user: (boot) */

end_runs:
    do
    /* --- user level --- */
    :: d_step { T_STEPS_ON(me) && t_at == OUTSIDE && !stored -> /* user: defer_begin */
        instruction(T); stored = true; stored_defer = true; t_at = INSIDE }
    :: d_step { T_STEPS_ON(me) && t_at == INSIDE && !stored -> /* user: defer_end */
        instruction(T); stored = true; stored_defer = false; t_at = LOWERED }
    :: d_step { T_STEPS_ON(me) && t_at == LOWERED -> /* user: looks, maybe before defer is seen */
        instruction(T); t_at = (pending -> YIELDS : OUTSIDE);
        if
        :: !locked -> wakeup()
        :: else
        fi }
    :: d_step { user[me] && current[me] == R && r_told && !r_done -> /* user: works on T */
        LAW(EXCLUSION, !T_RUNS_ON(0) && !T_RUNS_ON(1)); r_done = true }

    /* --- into the kernel: registers saved, interrupts off --- */
    :: if
       /* mirrors: kernel_timer */
       :: d_step { user[me] -> user[me] = false; why[me] = TIMER }
       /* user: (an interrupt of the other CPU; there is no kernel function yet) */
       :: d_step { user[me] && ipi[me] -> ipi[me] = false; user[me] = false; why[me] = INTERRUPT }
       /* mirrors: kernel_syscall (A posts) */
       :: d_step { user[me] && current[me] == A -> enter(A, POST) }
       /* mirrors: kernel_syscall (T calls somebody, say) */
       :: d_step { T_RUNS_ON(me) && (t_at == OUTSIDE || t_at == INSIDE) -> enter(T, CALL) }
       /* mirrors: kernel_syscall (T sets hold 1 on A, or clears it) */
       :: d_step { T_RUNS_ON(me) && t_at == OUTSIDE -> enter(T, SUSPEND) }
       /* mirrors: kernel_syscall (T yields) */
       :: d_step { T_RUNS_ON(me) && t_at == YIELDS -> enter(T, YIELD) }
       /* mirrors: kernel_syscall (R waits) */
       :: d_step { user[me] && current[me] == R && !r_told -> enter(R, WAIT) }
       /* mirrors: kernel_syscall (R clears hold 0) */
       :: d_step { user[me] && current[me] == R && r_done -> enter(R, RELEASE) }
       fi;
       /* mirrors: arch_stop_cpu (rule 1: says so, behind all stores of its process) */
       d_step { !(stored && current[me] == T) -> saved[me] = true };
       /* mirrors: arch_stop_cpu (asks for the lock) */
       d_step { !locked -> locked = true };

       /* --- with the lock --- */
       if
       /* mirrors: txn_restart (rule 3) */
       :: d_step { !MAY_GO_ON -> SEEN("an entry abandoned") }
       :: MAY_GO_ON ->
           if
           :: why[me] == TIMER || why[me] == INTERRUPT
           /* mirrors: pseudo_instruction */
           :: d_step { why[me] == YIELD -> t_at = OUTSIDE; preempt_judge() }
           /* mirrors: txn_commit */
           :: d_step { why[me] == CALL -> LAW(ABANDONED, !t_hold0) }
           /* mirrors: process_op_clear_not_schedulable, process_release */
           :: d_step {
               why[me] == RELEASE ->
               t_hold0 = false;
               r_told = false;
               r_done = false;
               preempt_judge()
           }
           :: why[me] == SUSPEND ->
               /* mirrors: arch_stop_cpu (rule 2) */
               if
               :: d_step {
                   current[other] == A && !saved[other] ->
                   ipi[other] = true;
                   g_stopping = true
               }
               :: current[other] != A || saved[other]
               fi;
               /* mirrors: arch_stop_cpu */
               d_step { current[other] != A || saved[other] -> g_stopping = false };
               /* mirrors: process_op_set_not_schedulable, process_op_clear_not_schedulable */
               d_step {
                   LAW(ABANDONED, !t_hold0);
                   LAW(STOPPED, !(user[other] && current[other] == A));
                   a_hold1 = !a_hold1
               }
           :: why[me] == POST || why[me] == WAIT ->
               /* mirrors: appnotice_op_post, notice_post, ipc_begin_wait */
               d_step {
                   LAW(ABANDONED, !HELD(current[me]));
                   if
                   :: why[me] == POST -> t_bits = true
                   :: else -> r_waits = true
                   fi
               };
               if
               :: READS_DEFER ->
                   /* mirrors: arch_stop_cpu (rule 2) */
                   if
                   :: d_step {
                       current[other] == T && !saved[other] ->
                       ipi[other] = true;
                       g_stopping = true;
                       SEEN("a stop of the target on the other CPU")
                   }
                   :: current[other] != T || saved[other]
                   fi;
                   /* mirrors: arch_stop_cpu */
                   d_step { current[other] != T || saved[other] -> g_stopping = false }
               :: else
               fi;
               d_step { preempt_judge() } /* mirrors: preempt_judge */
           fi
       fi;

       /* --- who runs here next? --- */
       if
       /* mirrors: pick, sched_runnable */
       :: d_step { current[other] != R && RUNNABLE(R) -> current[me] = R }
       /* mirrors: pick, sched_runnable */
       :: d_step { current[other] != T && RUNNABLE(T) -> current[me] = T }
       /* mirrors: pick, sched_runnable */
       :: d_step { current[other] != A && RUNNABLE(A) -> current[me] = A }
       /* mirrors: pick, arch_idle */
       :: d_step { (current[other] == R || !RUNNABLE(R)) && (current[other] == T || !RUNNABLE(T)) &&
                   (current[other] == A || !RUNNABLE(A)) -> current[me] = IDLE }
       fi;
       /* mirrors: sched_exit (rule 4) */
       d_step { saved[me] = false }; d_step { check(); locked = false };
       d_step { user[me] = true } /* mirrors: arch_resume */
    od
}

#ifdef LIVENESS
/* Whoever waits for the other CPU does not wait for ever. */
ltl stop_ends { [](g_stopping -> <>!g_stopping) }
#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification, for programs: registering a handler, deferring, the handler's loop,
 * looking at a stopped target and letting it go on, elsewhere, or not at all.
 *
 * T is the target, a process. R is its handler: the process that receives behind the Entry in T's
 * slot proxyReceiver. R is never T: it has a stack and capability registers of its own, and it may
 * share T's address space or not. Who invokes a ProxyEntry to T, or posts through a proxy notice to
 * it, has T stopped and R told, in one step; T goes on when R clears T's proxy hold, from the very
 * instruction, wait or system call in which it was stopped. If a reply comes meanwhile it is
 * delivered into T's wait as if nothing were.
 *
 *      the maker of T and R                        R
 *      lk_endpoint_make_entry(Q, 0, entry)         static enum lk_after take(struct lk_event *e)
 *      lk_preempt_register(T, entry)               {
 *      lk_preempt_make_notice(T, 1, notice)            ... lk_target_look(e->target, &look) ...
 *                                                      return LK_GO_ON;
 *      whoever is to stop T                        }
 *      lk_appnotice_post(notice, 1)                lk_handler_run(&(struct lk_handler){ ... });
 *
 * Numbers of registers are capability registers of the caller, `process` always that of a Process
 * capability.
 */
#pragma once

#include <lykos/invoke.h>
#include <stdbool.h>

/* ---- Registering. ---- */

/* From now on the recipient behind the Entry in register `entry` is the handler of `process`. The
 * endpoint must not have payload match on, and its recipient must be another process; as long as
 * that does not hold there is no handler (law P4). Give each target an endpoint of its own, so that
 * the handler can tell from the endpoint's ID which one it is. */
enum status lk_preempt_register(uint32_t process, uint32_t entry);

/* There is no handler any more: who waits to send gets INVALID_CAP, notice bits stay pending. A
 * notification that is being handled goes on being handled. */
enum status lk_preempt_unregister(uint32_t process);

/* Make the capability that stops `process`, into register `reg`: a ProxyEntry with this payload, or
 * an AppNotice with the proxy bit that may post the bits of `mask`. It is made from the reply
 * Endpoint of the process, which whoever holds the Process can fetch; so it lives as long as that.
 * Who holds an Endpoint of the target makes one with lk_endpoint_make_proxy_entry() as well.
 * INVALID_CAP: the process has no reply endpoint, or is not its recipient. */
enum status lk_preempt_make_entry(uint32_t process, uint64_t payload, uint32_t reg);
enum status lk_preempt_make_notice(uint32_t process, uint32_t mask, uint32_t reg);

/* ---- Deferring. ---- */

/* The preemption control word of one process, somewhere in its memory: as many of them as there are
 * threads that defer. Zero to begin with. */
struct lk_control {
    volatile uint8_t defer;   /* the process's: how many lk_defer_begin() are open; at most 255 */
    volatile uint8_t pending; /* the kernel's: something waits for `defer` to become 0 */
} __attribute__((aligned(2)));
_Static_assert(sizeof(struct lk_control) == 2, "the control word is two bytes");

/* Tell the kernel where the control word of `process` is, in the space in register `space`, and how
 * long it may make a notification wait, in nanoseconds of real time, at most LK_DEFER_MAX; 0: not
 * at all. `work` is a register to work with. NOT_FOUND: nothing is mapped there. NO_ACCESS: it
 * cannot be written. */
enum status lk_preempt_set_control(uint32_t process, const struct lk_control *control,
                                   uint64_t bound, uint32_t space, uint32_t work);

/* The process may not defer any more, and its page is let go. */
enum status lk_preempt_clear_control(uint32_t process);

/* From here to the matching lk_defer_end() the calling process is not stopped for its handler, as
 * long as its bound allows. They nest, and cost no system call: one instruction here, four at the
 * end while nothing waits.
 *
 * No locked instruction is needed, and none would help. The kernel reads `defer` and writes
 * `pending` only while this process is stopped: it then stands between two instructions, so the
 * byte is as the last one left it, and no store of either side can get between the load and the
 * store of the other. Nobody else writes `defer`: a handler that stops this process in a critical
 * section finds the count, and leaves it.
 *
 * The memory clobber keeps the compiler from moving memory accesses of the critical section out of
 * it. The CPU may move them, but nobody can see that: the handler runs after the kernel has stopped
 * this process, and that orders all that it did before. */
LK_INLINE void lk_defer_begin(struct lk_control *control)
{
    __asm__ volatile("incb %0" : "+m"(control->defer) : : "cc", "memory");
}

/* The order matters: `defer` is lowered first, `pending` is looked at afterwards. Stopped for a
 * moment in between, the process may be notified there and then, as it no longer defers, and
 * `pending` is clear when it goes on; or nothing looked at it, and then it sees `pending` and
 * yields, which has the kernel judge it again. In the other order something that came to wait
 * between the look and the lowering would wait for the end of the bound. */
LK_INLINE void lk_defer_end(struct lk_control *control)
{
    bool last;
    bool waiting;

    __asm__ volatile("decb %0" : "+m"(control->defer), "=@ccz"(last) : : "memory");
    if (last) {
        __asm__ volatile("cmpb $0, %1" : "=@ccne"(waiting) : "m"(control->pending));
        if (__builtin_expect(waiting, 0)) {
            lk_yield();
        }
    }
}

/* ---- Looking at a target, and deciding what becomes of it. ---- */

/* What a process is doing. Exact while it is held; else it was so a moment ago. */
struct lk_look {
    char label[17];
    uint64_t run_state;              /* LK_STATE_... */
    uint64_t holds;                  /* bit n: hold n */
    uint64_t fault_code, fault_info; /* what it faulted with, in LK_STATE_FAULTED */
    uint64_t cpu_time;               /* nanoseconds */
    uint64_t flags;                  /* as Process.setFlags */
    struct lk_regs regs;             /* in a system call, rip is behind the `syscall` */
    uint64_t wait;                   /* LK_WAIT_... */
    uint64_t wait_id;                /* endpoint ID that it waits for, or sends to */
    uint64_t until;                  /* end of a sleep */
    uint64_t priority;               /* 256: it has no schedule */
    char waits_for[17];              /* label of the process that it waits for, if known */
    struct lk_preemption preemption; /* holds since when, deferral, pending bits, counters */
};

/* Look at a process. It goes unnoticed: looking changes nothing, not even a wait. */
enum status lk_target_look(uint32_t process, struct lk_look *look);

/* What it was doing when it was looked at, in words: "was running, at 0x400123", "sleeps",
 * "waits for the answer of pong, in a closed wait", "faulted at 0x400123: breakpoint (0x0)"; behind
 * it ", and defers" if something waits for its deferral to end. At most `size` bytes, terminated;
 * `out` is returned. */
const char *lk_target_words(const struct lk_look *look, char *out, size_t size);

/* Write the registers of a process that was looked at. STATE_CHANGED: its run state is no longer
 * that of `look` (a reply came, say); nothing was done: look again. Writing the registers of one
 * that waits ends its wait: its system call is over. */
enum status lk_target_set_regs(uint32_t process, const struct lk_look *look,
                               const struct lk_regs *regs);

/* Let it go on as if nothing had happened: clears the proxy hold. For one that is stopped by a
 * fault see lk_target_retry(). */
enum status lk_target_go_on(uint32_t process);

/* The fault is repaired: it begins the instruction again that faulted. */
enum status lk_target_retry(uint32_t process);

/* Send it elsewhere: it goes on at fn(arg), on its stack below where it was, and what it was doing
 * is lost. `fn` must not return. STATE_CHANGED as above. The hold is not cleared. */
enum status lk_target_redirect(uint32_t process, const struct lk_look *look, void (*fn)(void *),
                               void *arg);

/* Destroy it. Only the Range that it was made in has this power. Who waits to send to it gets
 * INVALID_CAP; a caller whom its handler has not answered gets INVOKEE_GONE. */
enum status lk_target_kill(uint32_t process, uint32_t range);

/* ---- The handler's loop. ----
 *
 * The kernel alone says that something was proxied. That a process faulted is an ordinary message,
 * which anybody could send who has an Entry to the endpoint; and whoever has such an Entry and a
 * Process can name the handler as that process's. So that nobody can, Entries to a handler's
 * endpoint stand in handler slots and nowhere else. A handler that is a server as well has another
 * endpoint for that, and looks at `id`. */

/* What came. */
enum lk_event_kind {
    LK_EVENT_PROXIED,        /* a ProxyEntry was invoked: the target is stopped */
    LK_EVENT_PROXIED_NOTICE, /* preempting bits were posted, in w[0]: the target is stopped */
    LK_EVENT_FAULT,          /* the target faulted: words as LK_FAULT_MESSAGE says */
    LK_EVENT_MESSAGE,        /* an ordinary message, to a server that is a handler too */
    LK_EVENT_NOTICE          /* plain bits to the handler itself, in w[0] */
};

struct lk_event {
    enum lk_event_kind kind;
    bool forced;              /* the target's deferral was longer than its bound: take it to be
                                 inside its critical section */
    uint32_t target;          /* register of the Process that is stopped; of a message: of its reply
                                 capability; of a notice: nothing */
    uint64_t id;              /* endpoint ID it came to */
    uint64_t payload;         /* of the ProxyEntry, or of the Entry */
    uint64_t delivery;        /* LK_DLV_... */
    uint64_t w[LK_MAX_WORDS]; /* what was sent */
    void *context;            /* the handler's */

    /* The answer to who sent, if it is to have one now: nothing is answered otherwise. Of a proxied
     * message it goes through the target's slot proxyReply. */
    bool answer;
    unsigned out_words; /* how many of `out` mean something; out[0], the result, counts */
    uint64_t out[LK_MAX_WORDS];
};

/* What becomes of the target now. */
enum lk_after {
    LK_GO_ON, /* stopped: its proxy hold is cleared; faulted: the instruction is tried again */
    LK_STAY   /* it stays as it is: stopped until somebody says otherwise, or it is gone */
};

/* A handler.
 *   take: told of each event; decides what becomes of the target. Of a message or notice its answer
 *       makes no difference
 *   target: first of four registers that capabilities come to: the target (of a message, the reply
 *       capability), and three more that were sent
 *   reply: register to answer through */
struct lk_handler {
    enum lk_after (*take)(struct lk_event *event);
    uint32_t target;
    uint32_t reply;
    void *context;
};

/* Handle events for ever. A target goes on in the same system call in which the handler waits for
 * the next event. */
_Noreturn void lk_handler_run(const struct lk_handler *handler);

/* One event: wait for it, have it taken, and let its target go on. Two system calls for what
 * lk_handler_run() does in one, for a process that has other things to do as well. */
void lk_handler_once(const struct lk_handler *handler);

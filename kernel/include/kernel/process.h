/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Process: a single thread of execution.
 *
 * Everything that a process is stands here; it has no kernel stack. One that waits keeps its
 * operation in its saved registers. When an invocation goes from its send phase into its receive
 * phase, the saved control word is rewritten to the receive phase alone, so that beginning it again
 * never sends twice (P12).
 */
#pragma once

#include <kernel/list.h>
#include <kernel/object.h>
#include <kernel/timer.h>

/* Bits of `flags`. The first two are those of Process.setFlags. */
#define PROC_SINGLE_STEP 0x01u
#define PROC_TRAP_SYSCALL 0x02u
#define PROC_IRET 0x04u         /* rcx and r11 matter: go back by iret, not sysret */
#define PROC_SLICE_NOTICE 0x08u /* its schedule asks for a notice at the end of each slice */

/* A line of the log about what process `p` does, at most a few a second; its label stands first. */
#define log_about(p, level, text, ...)                                                             \
    do {                                                                                           \
        if (!(p)->quiet) {                                                                         \
            char label_[LABEL_TEXT];                                                               \
            process_label(p, label_);                                                              \
            log_limited(level, "%s: " text, label_, ##__VA_ARGS__);                                \
        }                                                                                          \
    } while (0)

/* Bits of `attention`: a fast path looks at this word once. */
#define ATTN_NOTICE 0x01u          /* plain notice bits are pending */
#define ATTN_RECV_FAULT 0x04u      /* receiving, and the string faulted: blocked senders wait */
#define ATTN_TRAP_ONCE 0x08u       /* the syscall trap was told; let this system call pass */
#define ATTN_INJECT 0x10u          /* restart injection watches the next invocation */
#define ATTN_SCAN 0x20u            /* scan_next and scan_id are in use */
#define ATTN_FAULT_TOLD 0x40u      /* the fault message was delivered */
#define ATTN_SLEEPING 0x80u        /* the closed wait is for the clock: sleep_timer is queued */
#define ATTN_PREEMPT 0x100u        /* preempting bits, or senders, wait for it to be notified */
#define ATTN_SENDERS 0x400u        /* senders wait at its endpoints */
#define ATTN_RECV_MANY 0x7fff0000u /* its wait names these capability registers beyond the first */
#define ATTN_RECV_SHIFT (LK_RECV_CAP_SHIFT + LK_CAP_BITS - 16) /* of a control word, to there */
#define ATTN_FAULT_PASSED 0x200u /* the memory's handler has passed the fault on */
#define ATTN_SLICE 0x1000u       /* slice_left is not 0 */

#define PROC_SLOTS 10

/* What a process has to do with preemption notification: as a target, but for `watchers`.
 * preempt.c keeps it; the bits are posted in notice.c, senders queued in ipc.c. */
struct preempt {
    struct plist senders;     /* processes that wait for it to be notified, by sender_node */
    struct plist_node node;   /* among the senders of its proxy receiver's endpoint */
    struct list watch;        /* on a list of watchers, or of the CPU's to be judged */
    struct list watchers;     /* those that have something for this process, their receiver */
    struct timer bound_timer; /* end of the deferral */
    nsec_t bound;             /* longest deferral; 0: it may not defer */
    nsec_t deferred_since;    /* *pending* was set; 0: nothing waits for a deferral */
    uint32_t notices;         /* preempting bits pending */
    uint32_t posts, merges, deliveries, waits, forced; /* counters: lk_preemption (abi) */
    uint16_t control;                                  /* offset of the control word in its page */
    bool over;                                         /* the bound has passed */
    bool after_notice;                                 /* the last delivery was of bits */
};

/* INV-PROC-1  READY, no holds, a valid schedule, not current  <=>  on the ready queue of its
 *             priority.
 * INV-PROC-2  RECEIVING  =>  no sender that could be taken waits at an endpoint of this process
 *             that the wait accepts.
 * INV-PROC-3  sender_node queued  =>  BLOCKED with LK_WAIT_SENDING, or a fault is to be told.
 * INV-PROC-4  current of a CPU  =>  READY and no holds.
 * INV-PROC-5  capreg[0] is Null.
 * INV-PROC-6  pending plain notices  <=>  ATTN_NOTICE.
 * INV-PROC-7  something in proxyReply  =>  the proxy hold.
 * INV-PROC-8  preempting bits or waiting senders  <=>  ATTN_PREEMPT; then the process stands where
 *             it will be found, else nowhere (preempt.h).
 * INV-PROC-9  senders not empty  <=>  ATTN_SENDERS.
 * INV-PROC-10 slice_left != 0  <=>  ATTN_SLICE.
 *
 * What is noted for the fast path is true while the CPU's epoch is the one noted with it:
 * INV-FAST-1  endpoint.epoch, as it is or with FAST_OTHER flipped  =>  endpoint.to is the
 *             recipient, with a schedule that lets it run, and payload match is off, or on.
 * INV-FAST-2  fast.reply_epoch  =>  fast.reply is the endpoint of slot replyEndpoint: alive, with
 *             payload match, and this process its recipient.
 * INV-FAST-3  fast.to_epoch  =>  last_called is live, and INV-FAST-1 true of its endpoint; fast.to
 *             is the recipient, of the same priority, and fast.to_id the ID; fast.reply_epoch is
 *             the CPU's, too.
 * INV-FAST-4  fast.caller_epoch, as it is or with FAST_OTHER flipped  =>  fast.caller is a live
 *             process with a schedule that lets it run, of the same priority, or of another; its
 *             fast.reply_epoch is the CPU's, too.
 * INV-FAST-5  ready_epoch  =>  it has a schedule that lets it run. */
struct process {
    struct objhdr hdr;

    /* One word that the fast path compares at once. */
    union {
        struct {
            union {
                struct {
                    uint8_t run_state; /* LK_STATE_... */
                    uint8_t wait;  /* LK_WAIT_...; a sleep is a closed wait with ATTN_SLEEPING */
                    uint8_t holds; /* bit n: hold n */
                    uint8_t flags; /* PROC_... */
                };
                uint32_t word;
            } s;
            uint32_t attention; /* ATTN_... */
        };
        uint64_t state;
    };
/* Of `s.word`: run state and holds, both 0 while the process may run; run state and wait in one. */
#define RUNNING_MASK 0x00ff00ffu
#define WAITS_OPEN (LK_STATE_RECEIVING | LK_WAIT_OPEN << 8)
#define WAITS_CLOSED (LK_STATE_RECEIVING | LK_WAIT_CLOSED << 8)

    struct lk_regs regs; /* rip is behind the `syscall` while a system call is in progress */
    uint64_t space_root; /* a root: always valid to load (mmu) */
    uint64_t context;    /* what else a switch loads (port): regs.fs_base, and CONTEXT_FPU */
#define CONTEXT_FPU (1ull << 63) /* it uses the FPU */

    uint8_t priority;   /* of the schedule, while that is valid */
    uint8_t cpu;        /* where it runs: 0, while one CPU runs processes */
    uint8_t fault_code; /* enum fault_code, 0: none */
    uint8_t behind;     /* goes behind its equals when it is queued next */
    uint32_t notices;   /* plain notice bits pending */
    uint64_t fault_info;
    uint64_t slice;         /* nanoseconds, of the schedule */
    uint64_t ready_epoch;   /* of the CPU, when it was queued to run, or stopped by a fault */
    uint64_t turn;          /* when it went behind its equals last, in CPU's `turns` */
    bool keeps_turn;        /* it was held while it waited for the CPU */
    bool quiet;             /* the log says nothing of what it does; never cleared */
    uint64_t slice_left;    /* nanoseconds of the slice not used yet; 0: a new one begins */
    uint64_t cpu_cycles;    /* CPU time used, in units of arch_cycles(); less the time when it began
                               to run, while it runs: sched_cpu_time() */
    struct cap last_called; /* endpoint of the last call, for diagnosis and for the fast path: an
                               Endpoint capability, maybe stale */
    uint64_t label[2];
    struct { /* for the fast path: what is true while the CPU's epoch is the one noted */
        struct endpoint *reply; /* its reply endpoint, fit for a call */
        uint64_t reply_epoch;
        struct process *to; /* recipient of the endpoint last_called, of the same priority */
        uint64_t to_id;     /* and the ID of that endpoint */
        uint64_t to_epoch;
        struct process *caller; /* who called it last, of the same priority */
        uint64_t caller_epoch;  /* of another priority: FAST_OTHER is flipped */
    } fast;
#define FAST_OTHER (1ull << 63)
/* As caller_epoch: the last delivery into a wait other than a closed one was a notice, so a waiting
 * message goes first. A message by the fast path ends that by what it notes. */
#define FAST_AFTER_NOTICE (UINT64_MAX - 1)

    struct cap slot[PROC_SLOTS]; /* SLOT_ADDR_SPACE.. (abi) */
    struct cap capreg[LK_CAP_REGS];

    /* Links. */
    struct list ready_link; /* on a ready queue */
    /* on endpoint.senders, preempt.senders of a target, or cpu.displaced */
    struct plist_node sender_node;
    struct cap sending_to;         /* Endpoint of the capability that it sends through */
    struct plist senders;          /* endpoints with waiting senders whose recipient this is */
    struct endpoint *scan_next;    /* closed wait in pieces: the endpoint to look at next */
    uint64_t scan_id;              /* and the ID looked for */
    struct list recheck_link;      /* on the list of those whose wait is to be matched (ipc.h) */
    struct list space_link;        /* processes that share space_root (mmu) */
    struct timer sleep_timer;      /* wakes it from sleepUntil */
    struct timer notice_timer;     /* posts notice_bits */
    uint64_t notice_bits;          /* plain ones, and from bit 32 preempting ones */
    uint64_t hold_since[LK_HOLDS]; /* arch_cycles() when each hold was set; 0: it is not */
    struct preempt preempt;

    uint8_t fpu[512] ALIGNED(64); /* FXSAVE64 image, while not loaded */
};
STATIC_ASSERT(sizeof(struct process) <= 2048, "two processes in a frame");
#define PROCESS_SIZE 2048

/* The process named by a Process capability that may be stale, or NULL. */
static inline struct process *process_of(const struct cap *c)
{
    return c->type == CAP_PROCESS && object_alive(c, FRAME_PROCESS)
               ? (struct process *)(void *)oid_header(c->oid)
               : NULL;
}

/* A Process capability to `p`. */
static inline struct cap process_cap(const struct process *p)
{
    return (struct cap){ .low = CAP_PROCESS, .oid = object_oid(p), .count = p->hdr.count };
}

/* A system call of `p` is over with nothing received: word 0 is the result. EFFECT, NO_FAIL. */
static inline void process_result(struct process *p, enum status result)
{
    p->regs.rax = (uint64_t)LK_KIND_RESULT << LK_DLV_KIND_SHIFT;
    p->regs.rdi = result;
}
/* EFFECT. A waiting sender leaves the queue it stands in, be its target alive or gone. NO_FAIL. */
void process_leave_queue(struct process *p);
/* EFFECT. `p` is to begin its system call again. NO_FAIL. */
static inline void process_syscall_again(struct process *p)
{
    arch_syscall_rewind(p);
    if (p->s.flags & PROC_TRAP_SYSCALL) {
        p->attention |= ATTN_TRAP_ONCE; /* the debugger was told of this one */
    }
}
/* EFFECT. Whatever `p` waits for, it does not any more: off every queue but the ready queues,
 * READY, not yet queued to run. A fault and its message are withdrawn. NO_FAIL. */
void process_end_wait(struct process *p);
/* EFFECT. Set a hold, and clear it again: with the last one, whoever was held back by it is looked
 * at. Both idempotent. NO_FAIL. */
void process_hold(struct process *p, unsigned hold);
void process_release(struct process *p, unsigned hold);
/* EFFECT. The schedule slot changed: take over its priority and slice. NO_FAIL. */
void process_schedule_changed(struct process *p);
/* EFFECTS of fabrication and destruction (object.c). */
void process_init(struct process *p);
void process_destroy(struct process *p);

/* Print-ready label of a process into `out`, "?" where there is none. */
#define LABEL_TEXT 17
void process_label(const struct process *p, char out[LABEL_TEXT]);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The form of an invocation: what travels in which register, and the bits of the two control words.
 * Used by the kernel, by user-level C, and by assembly. The lists of operations, result codes,
 * fault codes and slots are generated from lykos.toml into <abi/gen.h>.
 *
 * Registers at `syscall` (rcx and r11 are the instruction's own):
 *
 *      register   in                                   out
 *      rax        control word                         delivery word
 *      rdi        word 0: method, or result code       word 0
 *      rsi        word 1                               word 1
 *      rdx        word 2                               word 2
 *      rbx        word 3                               word 3
 *      r12        word 4                               word 4
 *      r13        word 5                               word 5
 *      r14        word 6                               word 6
 *      r15        word 7                               word 7
 *      r8         endpoint ID of a closed wait         endpoint ID received on
 *      r9         bits 0..31 length of the string      protected payload of the capability invoked
 *                 sent, 32..63 limit of the one
 *                 received
 *      r10        address of the string sent           preserved
 *      rbp        address to receive a string at       preserved
 *      rsp, FS    preserved                            preserved
 *
 * An invocation that receives nothing leaves its result in word 0 and preserves everything else but
 * rax, rcx, r11.
 */
#pragma once

/* Control word, bits 0..7: the shape. One compare of this byte picks a path. */
#define LK_SEND 0x01u    /* has a send phase */
#define LK_RECV 0x02u    /* has a receive phase */
#define LK_BLOCK 0x04u   /* the send may wait */
#define LK_CLOSED 0x08u  /* closed wait: only the endpoint ID in r8 */
#define LK_SSTR 0x10u    /* a string is sent */
#define LK_RSTR 0x20u    /* a string may be received */
#define LK_CAPS 0x40u    /* capability registers are named (either way) */
#define LK_CALLBIT 0x80u /* capability 0 sent is a reply capability, the wait is for its reply */

#define LK_SHAPE_CALL (LK_SEND | LK_RECV | LK_BLOCK | LK_CLOSED | LK_CALLBIT)
#define LK_SHAPE_REPLY_WAIT (LK_SEND | LK_RECV)

/* Control word, the rest. Bits 8, 14, 15, 19 and 20 are reserved and must be zero.
 *   TARGET    5 bits: capability register to invoke
 *   NWORDS    3 bits: words that mean something, 1..8, less one; all eight travel in any case
 *   SEND_CAP  4 x 5 bits: capability registers sent; in a call the first field must be 0
 *   RECV_CAP  4 x 5 bits: capability registers received into; register 0 drops
 *   NSEND     3 bits, 0..4: capabilities sent; in a call the reply capability counts as one
 * Where they stand saves the fast path instructions: bits 8..15, and in a wait with one register
 * 40..47, are that register times two; the number of words is where the delivery word has it. */
#define LK_TARGET_SHIFT 9
#define LK_NWORDS_SHIFT 16
#define LK_SEND_CAP_SHIFT 21
#define LK_RECV_CAP_SHIFT 41
#define LK_NSEND_SHIFT 61
#define LK_CAP_BITS 5
#define LK_RESERVED_MASK 0x18c100ull

#define LK_MAX_WORDS 8
#define LK_MAX_CAPS 4
#define LK_CAP_REGS 32
#define LK_MAX_STRING 65536u

/* Endpoint ID of notices; no endpoint may have it. A closed wait that names it waits for notices
 * only. */
#define LK_NOTICE_ID 0xffffffffffffffffull

/* Delivery word: only the kernel writes it. */
#define LK_DLV_KIND_SHIFT 0  /* bits 0..2: one of the kinds below */
#define LK_DLV_NCAPS_SHIFT 8 /* bits 8..10: capabilities received */
#define LK_DLV_NWORDS_SHIFT                                                                        \
    16 /* bits 16..18: words that mean something, as the sender says, less one */
#define LK_DLV_TRUNCATED (1ull << 24)
#define LK_DLV_FORCED (1ull << 25) /* proxied in spite of deferral */
#define LK_DLV_STRLEN_SHIFT 32     /* bits 32..48: bytes of string received */

#define LK_KIND_RESULT 0u         /* nothing was received: word 0 is the result of the send */
#define LK_KIND_MESSAGE 1u        /* a message */
#define LK_KIND_NOTICE 2u         /* a notice: word 0 is the bits */
#define LK_KIND_PROXIED 3u        /* a proxied message */
#define LK_KIND_PROXIED_NOTICE 4u /* a proxied notice */

/* Message that the kernel sends on behalf of a process that faults, to its handler. Capability 0 is
 * a Process capability to it. Words: 0 LK_FAULT_MESSAGE, 1 fault code, 2 fault information, 3
 * instruction pointer, 4 stack pointer, 5 flags register, 6 and 7 the label of the process. */
#define LK_FAULT_MESSAGE 0x4641554c54ull

/* Other entries, told from an invocation by the control word in rax: a control word has SEND or
 * RECV set or is malformed, so the shapes without both are free for the pseudo-instructions. Bits
 * not named must be zero. */
#define LK_YIELD 0x00ull       /* give the CPU to the next ready process of this priority */
#define LK_COPY_CAP 0x04ull    /* copy capability register (bits 8..12) to register (bits 16..20) */
#define LK_SET_FS_BASE 0x08ull /* FS base := rdi, a user address */

/* Restrictions of memory capabilities. */
#define LK_RO 1u /* no write */
#define LK_NX 2u /* no execute */
#define LK_WK 4u /* weak: what is fetched through it is weak and read-only */
#define LK_OP 8u /* opaque: slots cannot be fetched or set through it */

/* Runs states and kinds of wait, as Process.getState and Process.getWait show them. */
#define LK_STATE_READY 0u     /* running, or would be but for others, holds or its schedule */
#define LK_STATE_RECEIVING 1u /* in an open or closed wait, armed */
#define LK_STATE_BLOCKED 2u   /* sending */
#define LK_STATE_FAULTED 3u

#define LK_WAIT_NONE 0u
#define LK_WAIT_OPEN 1u
#define LK_WAIT_CLOSED 2u /* endpoint ID in r8 */
#define LK_WAIT_NOTICE 3u
#define LK_WAIT_SENDING 4u
#define LK_WAIT_SLEEPING 5u
#define LK_WAIT_FAULT_SEND 6u /* faulted, and its message to the handler waits */

/* Flags of Process.setFlags. */
#define LK_FLAG_SINGLE_STEP 1u
#define LK_FLAG_TRAP_SYSCALL 2u
#define LK_FLAG_QUIET 4u

/* What Process.resume does with the fault. */
#define LK_RESUME_TELL 0u    /* tell it again */
#define LK_RESUME_OVER 1u    /* it is over */
#define LK_RESUME_PASS_ON 2u /* tell the process's own handler, past the memory's */

/* Holds, by number. Only a delivery sets the proxy hold; the other names are conventions. */
#define LK_HOLD_PROXY 0u
#define LK_HOLD_SUSPEND 1u
#define LK_HOLD_DEBUG 2u
#define LK_HOLD_BY_HAND 3u
#define LK_HOLDS 8

/* The preemption control word: two bytes in a page of the process, at an even offset. */
#define LK_CONTROL_DEFER 0          /* the process writes: not 0 defers, so it may count nesting */
#define LK_CONTROL_PENDING 1        /* the kernel writes: something waits for the deferral to end */
#define LK_DEFER_MAX 10000000000ull /* longest bound of a deferral, nanoseconds */

/* Restriction of an AppNotice: it posts preempting bits. Shown by Discrim.classify. */
#define LK_PROXY 1u

/* Bits of lk_preemption.flags. */
#define LK_PREEMPT_RECEIVER 1u /* there is a valid proxy receiver */
#define LK_PREEMPT_SENDERS 2u  /* senders wait for the process to be notified */
#define LK_PREEMPT_QUEUED 4u   /* it stands in the queue of its proxy receiver */
#define LK_PREEMPT_OVER 8u     /* the bound of its deferral is over */

/* SysCtl.injectRestart: of the work that the kernel puts off, not of the next invocation. */
#define LK_INJECT_WORK 0x80000000u

/* Range.lend: most frames of a Range that is lent. */
#define LK_LENT_MAX 65536u

/* User addresses lie in [LK_USER_MIN, LK_USER_END): nothing is ever mapped in the first page, nor
 * in the last below 2^47, so that no `syscall` stands where the next instruction would be at 2^47.
 */
#define LK_USER_MIN 0x1000ull
#define LK_USER_END 0x00007ffffffff000ull

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Registers of a process, as Process.getState shows and Process.setRegs takes them: 19 words of 8
 * bytes. Those of the data words stand in a row. */
struct lk_regs {
    uint64_t rax, rdi, rsi, rdx, rbx, r12, r13, r14, r15, r8, r9, r10, rbp;
    uint64_t rcx, r11, rip, rsp, rflags;
    uint64_t fs_base;
};

/* What Process.getPreemption shows. Times are nanoseconds since boot. */
struct lk_preemption {
    uint64_t hold_since[LK_HOLDS]; /* when each hold was set; 0: it is not */
    uint64_t deferred_since;       /* when *pending* was set; 0: nothing waits for a deferral */
    uint64_t bound;                /* longest deferral, 0: it may not defer */
    uint64_t receiver[2];          /* label of the proxy receiver */
    uint32_t plain, preempting;    /* pending notice bits */
    uint32_t posts;                /* notices posted, plain and preempting */
    uint32_t merges;               /* of these, those that added no bit */
    uint32_t deliveries;           /* proxied messages and notices */
    uint32_t waits;                /* senders of proxied messages that had to wait */
    uint32_t forced;               /* deliveries in spite of deferral */
    uint32_t flags;                /* LK_PREEMPT_... */
};
#endif

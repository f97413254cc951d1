/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The form of an invocation: what travels in which register, and the structures that travel as
 * strings. Used by the kernel, by user-level C, and by assembly. The bits of the two control words
 * and all other numbers are generated from lykos.idl into <abi/gen.h>.
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

#include <abi/gen.h>

/* The usual shapes. */
#define LK_SHAPE_CALL (LK_SEND | LK_RECV | LK_BLOCK | LK_CLOSED | LK_CALLBIT)
#define LK_SHAPE_REPLY_WAIT (LK_SEND | LK_RECV)

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

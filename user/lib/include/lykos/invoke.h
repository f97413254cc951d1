/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Invocation from C: the control word, the inline forms, and lk_invoke() for everything at once.
 *
 * <abi/invoke.h> says what travels in which register. The inline forms put the arguments straight
 * into those registers, so that a call without a string costs the `syscall` and the moves that the
 * compiler cannot avoid. Words that a form does not take travel too, with whatever their registers
 * happen to hold: a program that does not want its receiver to see that uses lk_invoke(), which
 * sends exactly the eight words of its struct.
 *
 * The stubs for kernel capabilities are in <lykos/stubs.h>, the server loop is in <lykos/server.h>.
 */
#pragma once

#include <abi/gen.h>
#include <abi/invoke.h>

/* ---- Control words. Capability registers are numbers 0..31; they are not masked. ---- */

/* Shape, capability register to invoke, number of words that mean something, 1..8 (word 0 counts).
 */
#define LK_CTL(shape, cap, words)                                                                  \
    ((uint64_t)(shape) | (uint64_t)(cap) << LK_TARGET_SHIFT |                                      \
     (uint64_t)((words)-1) << LK_NWORDS_SHIFT)

/* Number of capabilities sent, and their registers. */
#define LK_CTL_SENDS(n, c0, c1, c2, c3)                                                            \
    ((uint64_t)LK_CAPS | (uint64_t)(n) << LK_NSEND_SHIFT |                                         \
     LK_CTL_FOUR(LK_SEND_CAP_SHIFT, c0, c1, c2, c3))

/* Registers to receive capabilities into; 0 drops. */
#define LK_CTL_RECVS(r0, r1, r2, r3)                                                               \
    ((uint64_t)LK_CAPS | LK_CTL_FOUR(LK_RECV_CAP_SHIFT, r0, r1, r2, r3))

#define LK_CTL_FOUR(shift, a, b, c, d)                                                             \
    ((uint64_t)(a) << (shift) | (uint64_t)(b) << ((shift) + LK_CAP_BITS) |                         \
     (uint64_t)(c) << ((shift) + 2 * LK_CAP_BITS) | (uint64_t)(d) << ((shift) + 3 * LK_CAP_BITS))

/* A call that sends no capability but the reply capability and receives none. */
#define LK_CTL_CALL(cap, words) LK_CTL(LK_SHAPE_CALL, cap, words)

/* A call that sends `n` capabilities beside the reply capability, and receives. */
#define LK_CTL_CALL_CAPS(cap, words, n, c1, c2, c3, r0, r1, r2, r3)                                \
    (LK_CTL(LK_SHAPE_CALL, cap, words) | LK_CTL_SENDS(1u + (n), 0, c1, c2, c3) |                   \
     LK_CTL_RECVS(r0, r1, r2, r3))

/* Reply through register `reply`, then an open wait whose capability 0 (the next caller's reply
 * capability) comes to the same register. */
#define LK_CTL_REPLY_WAIT(reply, words)                                                            \
    (LK_CTL(LK_SHAPE_REPLY_WAIT, reply, words) | LK_CTL_RECVS(reply, 0, 0, 0))

/* An open wait whose capabilities come to four registers. */
#define LK_CTL_WAIT(r0, r1, r2, r3) ((uint64_t)LK_RECV | LK_CTL_RECVS(r0, r1, r2, r3))

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

#define LK_INLINE static inline __attribute__((always_inline))

/* What an invocation leaves in the registers. Of the inline forms only those members cost anything
 * that are used. */
struct lk_in {
    uint64_t delivery; /* LK_DLV_... */
    uint64_t w[LK_MAX_WORDS];
    uint64_t id;      /* endpoint ID received on, LK_NOTICE_ID for notices */
    uint64_t payload; /* protected payload of the capability that the sender invoked */
};

/* Parts of a delivery word. */
LK_INLINE unsigned lk_kind(uint64_t delivery)
{
    return (unsigned)(delivery >> LK_DLV_KIND_SHIFT) & 7u;
}
LK_INLINE unsigned lk_caps(uint64_t delivery)
{
    return (unsigned)(delivery >> LK_DLV_NCAPS_SHIFT) & 7u;
}
LK_INLINE unsigned lk_words(uint64_t delivery)
{
    return ((unsigned)(delivery >> LK_DLV_NWORDS_SHIFT) & 7u) + 1u;
}
LK_INLINE size_t lk_string_length(uint64_t delivery)
{
    return (size_t)(delivery >> LK_DLV_STRLEN_SHIFT);
}

/* An invocation with everything. */
struct lk_msg {
    uint64_t control;         /* LK_CTL_... */
    uint64_t w[LK_MAX_WORDS]; /* sent, then received */
    uint64_t id;              /* in: endpoint ID of a closed wait; out: the one received on */
    const void *string;       /* string sent, with LK_SSTR */
    void *buffer;             /* string received, with LK_RSTR */
    uint32_t string_len;      /* bytes sent */
    uint32_t buffer_size;     /* most bytes received */
    uint64_t delivery;        /* out: LK_DLV_... */
    uint64_t payload;         /* out: protected payload */
};

/* Carry out `msg`; the answer comes into it. Returns word 0 of the answer, which is the result of a
 * call, or of a send that receives nothing. (lk_invoke.S) */
enum status lk_invoke(struct lk_msg *msg);

/* ---- The inline forms ---- */

/* The instruction, with the words 0..n-1 given and the others only changed. M0..M7 are "+" for a
 * word that is given and "=" for one that is not, MI and ML the same for the endpoint ID and the
 * string lengths; A and B stand before and behind the `syscall`; the rest is further inputs. */
#define LK_SYSCALL(M0, M1, M2, M3, M4, M5, M6, M7, MI, ML, A, B, ...)                              \
    __asm__ volatile(A "syscall" B                                                                 \
                     : "+a"(control), M0 "D"(w0), M1 "S"(w1), M2 "d"(w2), M3 "b"(w3),              \
                       M4 "r"(r12_), M5 "r"(r13_), M6 "r"(r14_), M7 "r"(r15_), MI "r"(r8_),        \
                       ML "r"(r9_)                                                                 \
                     : __VA_ARGS__                                                                 \
                     : "rcx", "r11", "cc", "memory")

/* One of nine such instructions; n is a constant, so the others vanish. */
#define LK_SYSCALL_N(n, ...)                                                                       \
    switch (n) {                                                                                   \
    case 0:                                                                                        \
        LK_SYSCALL("=", "=", "=", "=", "=", "=", "=", "=", __VA_ARGS__);                           \
        break;                                                                                     \
    case 1:                                                                                        \
        LK_SYSCALL("+", "=", "=", "=", "=", "=", "=", "=", __VA_ARGS__);                           \
        break;                                                                                     \
    case 2:                                                                                        \
        LK_SYSCALL("+", "+", "=", "=", "=", "=", "=", "=", __VA_ARGS__);                           \
        break;                                                                                     \
    case 3:                                                                                        \
        LK_SYSCALL("+", "+", "+", "=", "=", "=", "=", "=", __VA_ARGS__);                           \
        break;                                                                                     \
    case 4:                                                                                        \
        LK_SYSCALL("+", "+", "+", "+", "=", "=", "=", "=", __VA_ARGS__);                           \
        break;                                                                                     \
    case 5:                                                                                        \
        LK_SYSCALL("+", "+", "+", "+", "+", "=", "=", "=", __VA_ARGS__);                           \
        break;                                                                                     \
    case 6:                                                                                        \
        LK_SYSCALL("+", "+", "+", "+", "+", "+", "=", "=", __VA_ARGS__);                           \
        break;                                                                                     \
    case 7:                                                                                        \
        LK_SYSCALL("+", "+", "+", "+", "+", "+", "+", "=", __VA_ARGS__);                           \
        break;                                                                                     \
    default:                                                                                       \
        LK_SYSCALL("+", "+", "+", "+", "+", "+", "+", "+", __VA_ARGS__);                           \
        break;                                                                                     \
    }

/* The registers that have no constraint letter. */
#define LK_REGISTERS(id, lengths)                                                                  \
    register uint64_t r8_ __asm__("r8") = (id);                                                    \
    register uint64_t r9_ __asm__("r9") = (lengths);                                               \
    register uint64_t r12_ __asm__("r12") = w4;                                                    \
    register uint64_t r13_ __asm__("r13") = w5;                                                    \
    register uint64_t r14_ __asm__("r14") = w6;                                                    \
    register uint64_t r15_ __asm__("r15") = w7

#define LK_RESULT                                                                                  \
    (struct lk_in)                                                                                 \
    {                                                                                              \
        control, { w0, w1, w2, w3, r12_, r13_, r14_, r15_ }, r8_, r9_                              \
    }

/* Any invocation without a string and without an endpoint ID; the first n words are given, n a
 * constant. */
LK_INLINE struct lk_in lk_invoke_regs(unsigned n, uint64_t control, uint64_t w0, uint64_t w1,
                                      uint64_t w2, uint64_t w3, uint64_t w4, uint64_t w5,
                                      uint64_t w6, uint64_t w7)
{
    LK_REGISTERS(0, 0);

    LK_SYSCALL_N(n, "=", "=", "", "", );
    return LK_RESULT;
}

/* A closed wait for a message to the endpoint `id` of this process, or for notices only. Nothing is
 * sent. */
LK_INLINE struct lk_in lk_wait_closed_ctl(uint64_t control, uint64_t id)
{
    uint64_t w0 = 0, w1 = 0, w2 = 0, w3 = 0, w4 = 0, w5 = 0, w6 = 0, w7 = 0;
    LK_REGISTERS(id, 0);

    LK_SYSCALL("=", "=", "=", "=", "=", "=", "=", "=", "+", "=", "", "", );
    return LK_RESULT;
}

/* Any invocation that sends a string, receives none, and has no endpoint ID. */
LK_INLINE struct lk_in lk_invoke_send(unsigned n, uint64_t control, const void *string,
                                      size_t string_len, uint64_t w0, uint64_t w1, uint64_t w2,
                                      uint64_t w3, uint64_t w4, uint64_t w5, uint64_t w6,
                                      uint64_t w7)
{
    register const void *r10_ __asm__("r10") = string;
    LK_REGISTERS(0, string_len);

    LK_SYSCALL_N(n, "=", "+", "", "", "r"(r10_));
    return LK_RESULT;
}

/* Any invocation that receives a string, sends none, and has no endpoint ID. The address to receive
 * at travels in rbp, which the compiler may need: it is exchanged with r10, which the kernel
 * preserves, for the one instruction. */
LK_INLINE struct lk_in lk_invoke_recv(unsigned n, uint64_t control, void *buffer,
                                      size_t buffer_size, uint64_t w0, uint64_t w1, uint64_t w2,
                                      uint64_t w3, uint64_t w4, uint64_t w5, uint64_t w6,
                                      uint64_t w7)
{
    register void *r10_ __asm__("r10") = buffer;
    LK_REGISTERS(0, (uint64_t)buffer_size << 32);

    LK_SYSCALL_N(n, "=", "+", "xchgq %%rbp, %%r10\n\t", "\n\txchgq %%rbp, %%r10", "r"(r10_));
    return LK_RESULT;
}

/* Invocations with a control word that the caller has built; the number is that of the words behind
 * word 0. */
LK_INLINE struct lk_in lk_call_ctl0(uint64_t control, uint64_t w0)
{
    return lk_invoke_regs(1, control, w0, 0, 0, 0, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_ctl1(uint64_t control, uint64_t w0, uint64_t w1)
{
    return lk_invoke_regs(2, control, w0, w1, 0, 0, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_ctl2(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2)
{
    return lk_invoke_regs(3, control, w0, w1, w2, 0, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_ctl3(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2,
                                    uint64_t w3)
{
    return lk_invoke_regs(4, control, w0, w1, w2, w3, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_ctl4(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2,
                                    uint64_t w3, uint64_t w4)
{
    return lk_invoke_regs(5, control, w0, w1, w2, w3, w4, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_ctl5(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2,
                                    uint64_t w3, uint64_t w4, uint64_t w5)
{
    return lk_invoke_regs(6, control, w0, w1, w2, w3, w4, w5, 0, 0);
}
LK_INLINE struct lk_in lk_call_ctl6(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2,
                                    uint64_t w3, uint64_t w4, uint64_t w5, uint64_t w6)
{
    return lk_invoke_regs(7, control, w0, w1, w2, w3, w4, w5, w6, 0);
}
LK_INLINE struct lk_in lk_call_ctl7(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2,
                                    uint64_t w3, uint64_t w4, uint64_t w5, uint64_t w6, uint64_t w7)
{
    return lk_invoke_regs(8, control, w0, w1, w2, w3, w4, w5, w6, w7);
}

/* The same with a string sent, and up to three words behind word 0. The control word has LK_SSTR.
 */
LK_INLINE struct lk_in lk_call_send0(uint64_t control, uint64_t w0, const void *string, size_t len)
{
    return lk_invoke_send(1, control, string, len, w0, 0, 0, 0, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_send1(uint64_t control, uint64_t w0, uint64_t w1, const void *string,
                                     size_t len)
{
    return lk_invoke_send(2, control, string, len, w0, w1, 0, 0, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_send2(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2,
                                     const void *string, size_t len)
{
    return lk_invoke_send(3, control, string, len, w0, w1, w2, 0, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_send3(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2,
                                     uint64_t w3, const void *string, size_t len)
{
    return lk_invoke_send(4, control, string, len, w0, w1, w2, w3, 0, 0, 0, 0);
}

/* The same with a string received, and up to three words behind word 0. The control word has
 * LK_RSTR. */
LK_INLINE struct lk_in lk_call_recv0(uint64_t control, uint64_t w0, void *buffer, size_t size)
{
    return lk_invoke_recv(1, control, buffer, size, w0, 0, 0, 0, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_recv1(uint64_t control, uint64_t w0, uint64_t w1, void *buffer,
                                     size_t size)
{
    return lk_invoke_recv(2, control, buffer, size, w0, w1, 0, 0, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_recv2(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2,
                                     void *buffer, size_t size)
{
    return lk_invoke_recv(3, control, buffer, size, w0, w1, w2, 0, 0, 0, 0, 0);
}
LK_INLINE struct lk_in lk_call_recv3(uint64_t control, uint64_t w0, uint64_t w1, uint64_t w2,
                                     uint64_t w3, void *buffer, size_t size)
{
    return lk_invoke_recv(4, control, buffer, size, w0, w1, w2, w3, 0, 0, 0, 0);
}

/* The plain calls: method and words to the capability in register `cap`. */
LK_INLINE struct lk_in lk_call0(uint32_t cap, uint64_t method)
{
    return lk_call_ctl0(LK_CTL_CALL(cap, 1), method);
}
LK_INLINE struct lk_in lk_call1(uint32_t cap, uint64_t method, uint64_t w1)
{
    return lk_call_ctl1(LK_CTL_CALL(cap, 2), method, w1);
}
LK_INLINE struct lk_in lk_call2(uint32_t cap, uint64_t method, uint64_t w1, uint64_t w2)
{
    return lk_call_ctl2(LK_CTL_CALL(cap, 3), method, w1, w2);
}
LK_INLINE struct lk_in lk_call3(uint32_t cap, uint64_t method, uint64_t w1, uint64_t w2,
                                uint64_t w3)
{
    return lk_call_ctl3(LK_CTL_CALL(cap, 4), method, w1, w2, w3);
}
LK_INLINE struct lk_in lk_call4(uint32_t cap, uint64_t method, uint64_t w1, uint64_t w2,
                                uint64_t w3, uint64_t w4)
{
    return lk_call_ctl4(LK_CTL_CALL(cap, 5), method, w1, w2, w3, w4);
}
LK_INLINE struct lk_in lk_call7(uint32_t cap, uint64_t method, uint64_t w1, uint64_t w2,
                                uint64_t w3, uint64_t w4, uint64_t w5, uint64_t w6, uint64_t w7)
{
    return lk_call_ctl7(LK_CTL_CALL(cap, 8), method, w1, w2, w3, w4, w5, w6, w7);
}

/* Blocking and non-blocking send of words alone, with nothing received. Returns the result of the
 * send. A send to a kernel capability is carried out and its answer is dropped. */
LK_INLINE enum status lk_send2(uint32_t cap, uint64_t w0, uint64_t w1, uint64_t w2)
{
    return (enum status)lk_call_ctl2(LK_CTL(LK_SEND | LK_BLOCK, cap, 3), w0, w1, w2).w[0];
}
LK_INLINE enum status lk_post2(uint32_t cap, uint64_t w0, uint64_t w1, uint64_t w2)
{
    return (enum status)lk_call_ctl2(LK_CTL(LK_SEND, cap, 3), w0, w1, w2).w[0];
}

/* Open wait: the first message or notice. Capability 0, the caller's reply capability, comes to
 * register `reply`. */
LK_INLINE struct lk_in lk_wait(uint32_t reply)
{
    return lk_invoke_regs(0, LK_CTL_WAIT(reply, 0, 0, 0), 0, 0, 0, 0, 0, 0, 0, 0);
}

/* Closed wait: the first message to the endpoint `id`, its capability 0 to register `reply`. */
LK_INLINE struct lk_in lk_wait_closed(uint64_t id, uint32_t reply)
{
    return lk_wait_closed_ctl(LK_CTL_WAIT(reply, 0, 0, 0) | LK_CLOSED, id);
}

/* Answer the caller whose reply capability is in register `reply` with a result and up to seven
 * words, and wait for the next message, whose reply capability comes to the same register. The
 * answer is not blocking: a caller that is no longer there is not waited for, and then the delivery
 * is of kind LK_KIND_RESULT and nothing was received. */
LK_INLINE struct lk_in lk_reply_wait0(uint32_t reply, uint64_t result)
{
    return lk_call_ctl0(LK_CTL_REPLY_WAIT(reply, 1), result);
}
LK_INLINE struct lk_in lk_reply_wait1(uint32_t reply, uint64_t result, uint64_t w1)
{
    return lk_call_ctl1(LK_CTL_REPLY_WAIT(reply, 2), result, w1);
}
/* The process whose capability is in register `process`, and whose fault is over, goes on; and wait
 * for the next message, whose capability 0 comes to the same register: what a fault handler answers
 * a fault with, in one invocation. Whether the process was faulted still is not said. */
LK_INLINE struct lk_in lk_resume_wait(uint32_t process)
{
    return lk_reply_wait1(process, OP_PROCESS_RESUME, LK_RESUME_OVER);
}
LK_INLINE struct lk_in lk_reply_wait2(uint32_t reply, uint64_t result, uint64_t w1, uint64_t w2)
{
    return lk_call_ctl2(LK_CTL_REPLY_WAIT(reply, 3), result, w1, w2);
}
LK_INLINE struct lk_in lk_reply_wait3(uint32_t reply, uint64_t result, uint64_t w1, uint64_t w2,
                                      uint64_t w3)
{
    return lk_call_ctl3(LK_CTL_REPLY_WAIT(reply, 4), result, w1, w2, w3);
}
LK_INLINE struct lk_in lk_reply_wait7(uint32_t reply, uint64_t result, uint64_t w1, uint64_t w2,
                                      uint64_t w3, uint64_t w4, uint64_t w5, uint64_t w6,
                                      uint64_t w7)
{
    return lk_call_ctl7(LK_CTL_REPLY_WAIT(reply, 8), result, w1, w2, w3, w4, w5, w6, w7);
}

/* Wait for notices only; returns the bits. */
LK_INLINE uint64_t lk_park(void)
{
    return lk_wait_closed_ctl(LK_RECV | LK_CLOSED, LK_NOTICE_ID).w[0];
}

/* ---- The pseudo-instructions ---- */

/* The entry alone: the result, always OK, comes back in rdi; everything but rax, rcx, r11 is
 * preserved. */
LK_INLINE void lk_pseudo(uint64_t control, uint64_t word)
{
    __asm__ volatile("syscall" : "+a"(control), "+D"(word) : : "rcx", "r11", "cc", "memory");
}

/* Give the CPU to the next ready process of the same priority. */
LK_INLINE void lk_yield(void)
{
    uint64_t control = LK_YIELD;

    __asm__ volatile("syscall" : "+a"(control) : : "rdi", "rcx", "r11", "cc", "memory");
}

/* Copy one capability register to another. */
LK_INLINE void lk_copy_cap(uint32_t from, uint32_t to)
{
    uint64_t control = LK_COPY_CAP | (uint64_t)from << 8 | (uint64_t)to << 16;

    __asm__ volatile("syscall" : "+a"(control) : : "rdi", "rcx", "r11", "cc", "memory");
}

/* Make a capability register Null. */
LK_INLINE void lk_drop_cap(uint32_t reg)
{
    lk_copy_cap(0, reg);
}

/* Set the FS base of this process. */
LK_INLINE void lk_set_fs_base(uint64_t base)
{
    lk_pseudo(LK_SET_FS_BASE, base);
}

#endif /* __ASSEMBLER__ */

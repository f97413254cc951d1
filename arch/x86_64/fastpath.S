/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `syscall`, and the fast path, which needs no C, or one call of it that decides: a call, or a reply
 * with the next wait, to a process that waits for it, with at most one capability; Null; a notice;
 * an open wait that nothing ends; a yield; an interrupt that somebody waits for; an operation on a
 * slot; a proxied message; the answer to a fault, with the next wait.
 *
 * First tests, one reason each; if one fails it is the long way (kernel/invoke.c), for which nothing
 * has changed but notes. Then stores only; where C is called that does it, it has both halves. They do to stored state what C would have done;
 * SysCtl.setFastPath switches the fast path off, so that tests can compare (tests/system/fastpath).
 * Here are the way in, calls and replies; the rest is in fastother.S, macros of both are in fast.S.
 *
 * What makes it short:
 *   - The words of a message stay in their registers: rdi, rsi, rbx, r12 to r15 are left alone.
 *   - State, holds, flags and attention of a process are one word. It is 0 for one that runs with
 *     nothing to be looked at, and has one value for each kind of wait that a message ends without
 *     more ado.
 *   - What was found out once is noted with the CPU's epoch, and whatever could change it advances
 *     that (kernel/cpu.h, fast_forget). The long way notes at an endpoint its recipient, and at a
 *     process its reply endpoint and who called it. A call through an endpoint other than last time
 *     (call_anew) finds it by the frame table, and notes at the caller to whom and with which ID it
 *     goes; the next one looks at no frame and at no endpoint but its own.
 *   - CPU_GATE is the epoch, or all ones if the fast path is not to be taken now, so that one
 *     compare asks for everything. What is noted between different priorities has OTHER flipped.
 *   - The word that an outstanding reply capability has stands ready in its endpoint. Who replies to
 *     the one who called last is found without a look at frames: the noted caller's endpoint must
 *     expect just that capability.
 *   - Capability registers stand in the control word where a byte is their number times two, and
 *     the number of words and the bit of a message where the delivery word has them.
 *   - CPU time is a sum: the time goes to the account of who stops and from that of who goes on, so
 *     that the account of the one that runs lacks just the time that it is (kernel/sched.c).
 */
#include <abi/invoke.h>
#include <arch/offsets.h>
#include <arch/vectors.h>

#include <arch/fast.S>
#include <arch/leaving.S>

    .section .rodata
    .balign 64                          /* together in a cache line */
direct_map:
    .quad   DIRECT_MAP_BITS << 40
call_unknown:
    .quad   ~CALL_KNOWN
reply_unknown:
    .quad   ~REPLY_KNOWN
call_unknown_wide:
    .quad   ~CALL_WIDE_KNOWN
reply_unknown_wide:
    .quad   ~REPLY_WIDE_KNOWN
wait_unknown:
    .quad   ~RECEIVE_KNOWN
ignored:                                /* of a process's state */
    .quad   ~(ATTN_NOTICE << 32)

/* By shape: where it goes on. */
shapes:
    .set    shape, 0
    .rept   256
    .if     shape == (LK_SHAPE_CALL | LK_CAPS)
    .quad   call_wide
    .elseif shape == (LK_SHAPE_CALL | LK_SSTR)
    .quad   string_sent
    .elseif shape == (LK_SHAPE_REPLY_WAIT | LK_CAPS | LK_RSTR)
    .quad   reply_string
    .elseif shape == (LK_RECV | LK_CAPS)
    .quad   wait
    .elseif shape == (LK_RECV | LK_CAPS | LK_RSTR)
    .quad   wait_string
    .elseif shape == LK_SHAPE_REPLY_WAIT || shape == (LK_SHAPE_REPLY_WAIT | LK_BLOCK)
    .quad   send_wait
    .elseif shape == 0
    .quad   yield
    .else
    .quad   strings
    .endif
    .set    shape, shape + 1
    .endr

    .text

/* On entry: rcx user rip, r11 user flags, everything else the user's; stack the user's; GS base the
 *             user's (0); CR3 the user's, which maps the kernel too; interrupts off, DF, TF, AC, NT
 *             clear (SFMASK).
 *   to C:     all registers saved, GS base this CPU's, its stack empty.
 *   here:     r8 the invoker, r11 who is to receive. rsp is free once it is saved: interrupts are
 *             off, and NMI has a stack of its own. */
    .balign 64
    .globl  entry_syscall
entry_syscall:
    swapgs
    movq    %r8, %gs:CPU_SCRATCH
    movq    %gs:CPU_CURRENT, %r8
    movq    %rcx, P_rip(%r8)
    movq    %r11, P_rflags(%r8)
    SAVE    %r8, rsp, rbp, r10
    cmpb    $LK_SHAPE_CALL, %al
    je      call
    cmpb    $(LK_SHAPE_REPLY_WAIT | LK_CAPS), %al
    je      reply
    movzbl  %al, %ecx
    jmp     *shapes(, %rcx, 8)

/* The process at r8 calls the one at r11, if that wants the reply capability. rbp has the capability
 * invoked, rcx what the caller is noted with: the gate; or else whom it calls is noted, too. */
.macro CALL_NOW wide, string, gate
    .if     \wide
    testl   $(31 << LK_RECV_CAP_SHIFT >> 32), P_rax + 4(%r11)
    .else
    cmpb    $0, RECV_BYTE(%r11)
    .endif
    je      long_way                    /* drops the reply capability */
    movq    P_REPLY(%r8), %rsp
    movq    EP_REPLY(%rsp), %r10
    orq     $(ONE_PAYLOAD - 1), %r10    /* outstanding or not: */
    addq    $(1 + LK_TYPE_ENTRY), %r10      /* the next reply capability */
    js      long_way                    /* payloads are nearly used up */
    .if     \string
    GIVE_STRING \wide, \gate
    .endif

    /* --- commit --- */

    movq    %r10, EP_REPLY(%rsp)
    movq    %r8, P_CALLER(%r11)
    movq    %rcx, P_CALLER_EPOCH(%r11)
    .if     \wide || !\string           /* else it is there already */
    movq    %rax, P_rax(%r8)
    .endif
    .ifb    \gate
    movq    %rcx, P_TO_EPOCH(%r8)
    movzbl  P_rax + 1(%r8), %ecx
    movq    P_CAPREG_OBJECT(%r8, %rcx, 8), %rcx
    movq    %rcx, P_LAST_CALLED(%r8)
    .endif
    .if     \wide
    WAITING WAITS_CLOSED
    movq    P_rax(%r11), %r9
    shrq    $(FIELD_SHIFT(LK_RECV_CAP_SHIFT) - LK_CAP_BITS), %r9
    NEXT_FIELD
    movq    %r10, P_CAPREG(%r11, %rcx)
    movq    EP_SELF(%rsp), %r10
    movq    %r10, P_CAPREG_OBJECT(%r11, %rcx)
    NEXT_FIELD
    GIVE
    NULLS   2
    .else
    movzbl  RECV_BYTE(%r11), %ecx
    movq    %r10, P_CAPREG(%r11, %rcx, 8)
    movq    EP_SELF(%rsp), %r10
    movq    %r10, P_CAPREG_OBJECT(%r11, %rcx, 8)
    movq    $WAITS_CLOSED, P_STATE(%r8)
    .endif
    movq    EP_ID(%rsp), %r10
    movq    %r10, P_r8(%r8)             /* what the wait is for */
    HAND_OVER P_TO_ID(%r8), 1, \wide, \string
.endm

/* A call. Made three times: of words alone, into a wait that names one register; with a string beside;
 * and, wide, with or without a string, with one capability or none, into any registers. */
.macro CALLS how, wide=0, string=0
call\how:
    .if     \wide
    testq   %rax, call_unknown_wide(%rip)
    .else
    testq   %rax, call_unknown(%rip)
    .endif
    jnz     long_way                    /* more capabilities, or it makes no sense */
    movzbl  %ah, %ecx
    movq    P_CAPREG(%r8, %rcx, 8), %rbp
    cmpb    $LK_TYPE_ENTRY, %bpl
    .if     \string && !\wide
    jne     long_way
    .else
    jne     not_entry                   /* a kernel capability, or Null */
    .endif
    .if     \wide
    SENT    LK_NSEND_SHIFT + 1, LK_SEND_CAP_SHIFT + LK_CAP_BITS
    .endif
    PLAIN
    movq    P_CAPREG_OBJECT(%r8, %rcx, 8), %r10
    movq    %gs:CPU_GATE, %rcx
    cmpq    %r10, P_LAST_CALLED(%r8)
    jne     call_anew\how              /* another endpoint than last time */
    cmpq    %rcx, P_TO_EPOCH(%r8)
    jne     call_anew\how              /* whose recipient was not noted, or nothing goes fast */
    movq    P_TO(%r8), %r11
    .if     \wide
call_found:
    WAITS   WAITS_OPEN
    .else
    cmpq    $WAITS_OPEN, P_STATE(%r11)
    jne     call_many\how               /* does not wait, or not for this alone */
    .endif
    CALL_NOW \wide, \string, %gs:CPU_GATE

/* The first call through an endpoint, or after others. r10 has cap.object, rcx the gate. */
call_anew\how:
    cmpq    %rcx, P_REPLY_EPOCH(%r8)
    jne     long_way                    /* the invoker's reply endpoint was not looked at */
    ENDPOINT
    movq    EP_ID(%r11), %rsp
    movq    EP_TO(%r11), %r11
    .if     \wide
    WAITS   WAITS_OPEN
    .else
    cmpq    $WAITS_OPEN, P_STATE(%r11)
    jne     call_wide
    .endif
    movq    $0, P_TO_EPOCH(%r8)         /* until the commit */
    movq    %r11, P_TO(%r8)
    movq    %rsp, P_TO_ID(%r8)
    movzbl  P_PRIORITY(%r11), %r10d
    cmpb    P_PRIORITY(%r8), %r10b
    je      1f                          /* an equal has the rest of the slice */
    jb      long_way                    /* a lower one is readied */
    btcq    $OTHER, %rcx
    NEXT_TO_RUN
1:  CALL_NOW \wide, \string
.endm

/* The process at r8 replies to the one at r11, if the capability that it invokes is that reply's, and
 * waits. */
.macro REPLY_NOW wide, string, lower=0
    movq    P_REPLY(%r11), %rcx         /* the endpoint that the reply must be to */
    movzbl  %ah, %ebp
    movq    P_CAPREG_OBJECT(%r8, %rbp, 8), %r10
    movq    P_CAPREG(%r8, %rbp, 8), %rbp
    cmpq    %rbp, EP_REPLY(%rcx)
    jne     not_reply                   /* it replies to another, or a second time */
    cmpq    %r10, EP_SELF(%rcx)
    jne     long_way                    /* an Entry to another endpoint that looks like it */
    .if     \wide
    WAITS   WAITS_CLOSED
    .else
    cmpq    $WAITS_CLOSED, P_STATE(%r11)
    jne     reply_wide                  /* does not wait, or not for this alone */
    .endif
    movq    EP_ID(%rcx), %r10
    cmpq    %r10, P_r8(%r11)
    jne     long_way                    /* but for another endpoint */
    .if     \string
    GIVE_STRING \wide, P_REPLY(%r11)
    .endif

    /* --- commit --- */

    .if     \lower
    NEW_TURN %r11, r10                  /* it is readied, as it were */
    .endif
    addq    $(ONE_PAYLOAD - LK_TYPE_ENTRY), EP_REPLY(%rcx) /* none is outstanding */
    movq    %rax, P_rax(%r8)
    .if     \wide
    WAITING WAITS_OPEN
    movq    P_rax(%r11), %r9
    shrq    $(FIELD_SHIFT(LK_RECV_CAP_SHIFT) - LK_CAP_BITS), %r9
    NEXT_FIELD
    GIVE
    NULLS   3
    .else
    movzbl  RECV_BYTE(%r11), %ecx
    movq    $0, P_CAPREG(%r11, %rcx, 8) /* no capability came; register 0 is Null anyway */
    movq    $0, P_CAPREG_OBJECT(%r11, %rcx, 8)
    movq    $WAITS_OPEN, P_STATE(%r8)
    .endif
    HAND_OVER P_r8(%r11), 0, \wide, \string
.endm

/* A reply and the next wait; made twice as calls are, strings only wide. */
.macro REPLIES how, wide=0, string=0
reply\how:
    testq   %rax, reply_unknown\how(%rip)
    .if     \wide
    jnz     long_way                    /* more capabilities, or it makes no sense */
    SENT    LK_NSEND_SHIFT, LK_SEND_CAP_SHIFT
    .else
    jnz     reply_wide
    .endif
    PLAIN
    movq    %gs:CPU_GATE, %rcx
    movq    P_CALLER(%r8), %r11
    cmpq    %rcx, P_CALLER_EPOCH(%r8)
    jne     reply_other_priority\how   /* or nobody called, or long ago, or nothing goes fast */
reply_next\how:
    REPLY_NOW \wide, \string

reply_other_priority\how:
    btcq    $OTHER, %rcx
    cmpq    %rcx, P_CALLER_EPOCH(%r8)
    jne     not_reply
    movzbl  P_PRIORITY(%r11), %r10d
    NEXT_TO_RUN
    cmpb    P_PRIORITY(%r8), %r10b
    ja      reply_next\how
    REPLY_NOW \wide, \string, 1
.endm

    CALLS

long_way:
    SAVE_ALL
    call    kernel_syscall
    ud2

/* A server that takes strings answers. */
reply_string:
    STRING_LIMIT
    REPLIES
string_sent:
    cmpl    $LK_MAX_STRING, %r9d
    ja      long_way
    movq    %r9, P_r9(%r8)
    CALLS   _string, 0, 1
    CALLS   _wide, 1, 1
call_many_string = call_wide
call_many:
    movq    $0, %gs:SENT_CAP            /* and no string */
    jmp     call_found

/* All other shapes; those with strings that go fast. */
strings:
    testb   $LK_RSTR, %al
    jz      1f
    STRING_LIMIT
1:  movl    %eax, %ecx
    andl    $~LK_RSTR, %ecx
    cmpb    $LK_SHAPE_CALL, %cl
    je      call
    cmpl    $LK_MAX_STRING, %r9d
    ja      long_way
    movq    %r9, P_r9(%r8)
    cmpb    $(LK_SHAPE_CALL | LK_SSTR), %cl
    je      call_string
    cmpb    $(LK_SHAPE_CALL | LK_SSTR | LK_CAPS), %cl
    je      call_wide
    cmpb    $(LK_SHAPE_REPLY_WAIT | LK_CAPS | LK_SSTR), %cl
    jne     long_way
    REPLIES _wide, 1, 1

#include <arch/fastother.S>

/* FS base, FPU state or segments are not as they are at the beginning, of one process or both. If it is
 * the FPU state alone, and of both, it is exchanged. */
context:
    SEGMENTS
    jnz     leave_slowly
    btsq    $63, %rbp                   /* CONTEXT_FPU */
    cmpq    %rbp, P_CONTEXT(%r11)
    jne     leave_slowly
    cmpq    %rbp, %gs:CPU_CONTEXT
    jne     leave_slowly
    movq    %gs:CPU_FPU_OWNER, %rbp
    fxsave64 P_FPU(%rbp)
    fnclex                              /* as x86_fxrstor() */
    emms
    fildl   direct_map(%rip)            /* 0 */
    fxrstor64 P_FPU(%r11)
    movq    %r11, %gs:CPU_FPU_OWNER
    LEAVE

/* All registers go into the process at r11 first. */
leave_slowly:
    SAVE_WORDS %r11
    movq    %r8, P_r8(%r11)
    movq    %r11, %rdi
    jmp     arch_switch

    .section .note.GNU-stack, "", @progbits

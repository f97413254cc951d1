/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `syscall`, and the fast path: a call, or a reply with the next wait, of words alone, to a process that
 * waits for it; and the invocation of register 0, which is Null.
 *
 * First tests, one reason each; if one fails it is the long way (kernel/invoke.c), for which nothing has
 * changed. Then stores only. They do to stored state what kernel/ipc.c would have done;
 * SysCtl.setFastPath switches the fast path off, so that tests can compare (tests/system/fastpath).
 *
 * What makes it short:
 *   - The words stay in their registers: nothing here touches rdi, rsi, rbx, r12 to r15.
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
#include <arch/offsets.h>
#include <arch/vectors.h>

/* Bits of a control word that must be 0: all but shape, target, number of words; in a reply, the
 * first capability register to receive into. */
#define CALL_KNOWN (0xff | 31 << LK_TARGET_SHIFT | 7 << LK_NWORDS_SHIFT)
#define REPLY_KNOWN (CALL_KNOWN | 31 << LK_RECV_CAP_SHIFT)
/* Of a control word with a send phase: the delivery word, but for capabilities. */
#define DELIVERED (7 << LK_NWORDS_SHIFT | DLV_MESSAGE)
#define RECV_BYTE (P_RAX + (LK_RECV_CAP_SHIFT - 1) / 8)
#define ONE_PAYLOAD (1 << CAP_PAYLOAD_SHIFT)
#define OTHER 63

    .section .rodata
    .balign 8
direct_map:
    .quad   DIRECT_MAP_BITS << 40
call_unknown:
    .quad   ~CALL_KNOWN
reply_unknown:
    .quad   ~REPLY_KNOWN
ignored:                                /* of a process's state */
    .quad   ~(ATTN_NOTICE << 32)

    .text

/* Are all segment registers Null? rbp: 0; uses rcx. */
.macro SEGMENTS
    movl    %ds, %ebp
    movl    %es, %ecx
    orl     %ecx, %ebp
    movl    %fs, %ecx
    orl     %ecx, %ebp
    movl    %gs, %ecx
    orl     %ecx, %ebp
.endm

/* Words that only the long way looks at, to the process at \p. */
.macro SAVE_WORDS p
    movq    %rax, P_RAX(\p)
    movq    %rbx, P_RBX(\p)
    movq    %rdx, P_RDX(\p)
    movq    %rsi, P_RSI(\p)
    movq    %rdi, P_RDI(\p)
    movq    %r9, P_R9(\p)
    movq    %r12, P_R12(\p)
    movq    %r13, P_R13(\p)
    movq    %r14, P_R14(\p)
    movq    %r15, P_R15(\p)
.endm

/* The CPU goes from the process at r8 to that at r11: charge the time, load what differs, leave with
 * `caps` in the delivery word and the ID received on from \id. Payload in r9; else only rdi, rsi, rdx,
 * rbx, r12 to r15 mean something. */
.macro HAND_OVER caps, id
    movq    %rdx, %r10
    rdtsc
    shlq    $32, %rdx
    orq     %rdx, %rax
    movq    %r10, %rdx
    addq    %rax, P_CPU_CYCLES(%r8)
    subq    %rax, P_CPU_CYCLES(%r11)
    movl    P_RAX(%r8), %eax
    andl    $DELIVERED, %eax
    .if     \caps
    orl     $DLV_ONE_CAP, %eax
    .endif
    movq    \id, %r8
    movq    $0, P_STATE(%r11)
    movq    %r11, %gs:CPU_CURRENT
    incq    %gs:CPU_ENTRIES
    SEGMENTS
    orq     P_CONTEXT(%r11), %rbp
    orq     %gs:CPU_CONTEXT, %rbp
    jnz     context
    LEAVE
.endm

/* The last of it: the address space, and the registers that were not in their place all along. */
.macro LEAVE
    movq    P_SPACE_ROOT(%r11), %rbp
    cmpq    %gs:CPU_LOADED_ROOT, %rbp
    je      1f
    movq    %rbp, %cr3
    movq    %rbp, %gs:CPU_LOADED_ROOT
    incq    %gs:CPU_CR3_WRITES
1:  movq    P_RIP(%r11), %rcx           /* below LK_USER_END: it ran there */
    movq    P_RSP(%r11), %rsp
    movq    P_RBP(%r11), %rbp
    movq    P_R10(%r11), %r10
    movq    P_RFLAGS(%r11), %r11
    swapgs
    sysretq
.endm

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
    movq    %rcx, P_RIP(%r8)
    movq    %r11, P_RFLAGS(%r8)
    movq    %rsp, P_RSP(%r8)
    movq    %rbp, P_RBP(%r8)
    movq    %r10, P_R10(%r8)
    cmpb    $SHAPE_CALL, %al
    je      call
    cmpb    $SHAPE_REPLY_WAIT_CAPS, %al
    je      reply

long_way:
    SAVE_WORDS %r8
    movq    P_RIP(%r8), %rcx
    movq    %rcx, P_RCX(%r8)
    movq    P_RFLAGS(%r8), %rcx
    movq    %rcx, P_R11(%r8)
    movq    %gs:CPU_SCRATCH, %rcx
    movq    %rcx, P_R8(%r8)
    movq    %r8, %gs:CPU_RESUMED
    incq    %gs:CPU_ENTRIES
    movq    %gs:CPU_KERNEL_STACK, %rsp
    call    kernel_syscall
    ud2

call:
    testq   %rax, call_unknown(%rip)
    jnz     long_way                    /* capabilities, or it makes no sense */
    movzbl  %ah, %ecx
    movq    P_CAPREG(%r8, %rcx, 8), %rbp
    cmpb    $CAP_ENTRY, %bpl
    jne     not_entry                   /* a kernel capability, or Null */
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, the FPU, notices, senders that wait */
    movq    P_CAPREG_OBJECT(%r8, %rcx, 8), %r10
    movq    %gs:CPU_GATE, %rcx
    cmpq    %r10, P_LAST_CALLED(%r8)
    jne     call_anew                   /* another endpoint than last time */
    cmpq    %rcx, P_TO_EPOCH(%r8)
    jne     call_anew                   /* whose recipient was not noted, or nothing goes fast */
    movq    P_TO(%r8), %r11
    cmpq    $WAITS_OPEN, P_STATE(%r11)
    jne     long_way                    /* does not wait, or not for this alone */
call_next:
    cmpb    $0, RECV_BYTE(%r11)
    je      long_way                    /* drops the reply capability */
    movq    P_REPLY(%r8), %rsp
    movq    EP_REPLY(%rsp), %r10
    orq     $(ONE_PAYLOAD - 1), %r10    /* outstanding or not: */
    addq    $(1 + CAP_ENTRY), %r10      /* the next reply capability */
    js      long_way                    /* payloads are nearly used up */

    /* --- commit --- */

    movq    %r10, EP_REPLY(%rsp)
    movq    %r8, P_CALLER(%r11)
    movq    %rcx, P_CALLER_EPOCH(%r11)
    movzbl  RECV_BYTE(%r11), %ecx
    movq    %r10, P_CAPREG(%r11, %rcx, 8)
    movq    EP_SELF(%rsp), %r10
    movq    %r10, P_CAPREG_OBJECT(%r11, %rcx, 8)
    movq    EP_ID(%rsp), %r10
    movq    %r10, P_R8(%r8)             /* what the wait is for */
    movq    %rax, P_RAX(%r8)
    movq    $WAITS_CLOSED, P_STATE(%r8)
    movq    %rbp, %r9
    shrq    $CAP_PAYLOAD_SHIFT, %r9
    HAND_OVER 1, P_TO_ID(%r8)

reply:
    testq   %rax, reply_unknown(%rip)
    jnz     long_way                    /* capabilities, or it makes no sense */
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, the FPU, notices, senders that wait */
    movq    %gs:CPU_GATE, %rcx
    movq    P_CALLER(%r8), %r11
    cmpq    %rcx, P_CALLER_EPOCH(%r8)
    jne     reply_other_priority        /* or nobody called, or long ago, or nothing goes fast */
reply_next:
    movq    P_REPLY(%r11), %rcx         /* the endpoint that the reply must be to */
    movzbl  %ah, %ebp
    movq    P_CAPREG_OBJECT(%r8, %rbp, 8), %r10
    movq    P_CAPREG(%r8, %rbp, 8), %rbp
    cmpq    %rbp, EP_REPLY(%rcx)
    jne     long_way                    /* it replies to another, or a second time */
    cmpq    %r10, EP_SELF(%rcx)
    jne     long_way                    /* an Entry to another endpoint that looks like it */
    cmpq    $WAITS_CLOSED, P_STATE(%r11)
    jne     long_way                    /* does not wait, or not for this alone */
    movq    EP_ID(%rcx), %r10
    cmpq    %r10, P_R8(%r11)
    jne     long_way                    /* but for another endpoint */

    /* --- commit --- */

    addq    $(ONE_PAYLOAD - CAP_ENTRY), EP_REPLY(%rcx) /* none is outstanding */
    movzbl  RECV_BYTE(%r11), %ecx
    movq    $0, P_CAPREG(%r11, %rcx, 8) /* no capability came; register 0 is Null anyway */
    movq    $0, P_CAPREG_OBJECT(%r11, %rcx, 8)
    movq    %rax, P_RAX(%r8)
    movq    $WAITS_OPEN, P_STATE(%r8)
    movq    %rbp, %r9
    shrq    $CAP_PAYLOAD_SHIFT, %r9
    HAND_OVER 0, P_R8(%r11)

/* The first call through an endpoint, or after others. r10 has cap.object, rcx the gate. */
call_anew:
    cmpq    %rcx, P_REPLY_EPOCH(%r8)
    jne     long_way                    /* the invoker's reply endpoint was not looked at */
    movl    %r10d, %r11d
    andl    $-FRAME_SIZE, %r11d
    addq    frame_table(%rip), %r11
    cmpb    $FRAME_ENDPOINT, FRAME_KIND(%r11)
    jne     long_way                    /* no endpoint stands there any more */
    movl    %r10d, %r11d
    shlq    $OID_SHIFT, %r11
    addq    direct_map(%rip), %r11      /* the endpoint */
    cmpq    %r10, EP_SELF(%r11)
    jne     long_way                    /* another one */
    cmpq    %rcx, EP_EPOCH(%r11)
    jne     long_way                    /* its recipient was not looked at */
    movq    EP_ID(%r11), %rsp
    movq    EP_TO(%r11), %r11
    cmpq    $WAITS_OPEN, P_STATE(%r11)
    jne     long_way                    /* does not wait, or not for this alone */
    movq    %r10, P_LAST_CALLED(%r8)
    movq    %r11, P_TO(%r8)
    movq    %rsp, P_TO_ID(%r8)
    movq    %rcx, P_TO_EPOCH(%r8)
    movzbl  P_PRIORITY(%r11), %r10d
    cmpb    P_PRIORITY(%r8), %r10b
    je      call_next                   /* an equal has the rest of the slice */
    movq    $0, P_TO_EPOCH(%r8)
    btcq    $OTHER, %rcx
    cmpl    %gs:CPU_READY_TOP, %r10d
    jle     long_way                    /* it would not be the next to run */
    cmpq    $-1, %gs:CPU_SLICE_END
    je      call_next
    jmp     long_way                    /* a slice is under way, which the invoker keeps */

reply_other_priority:
    btcq    $OTHER, %rcx
    cmpq    %rcx, P_CALLER_EPOCH(%r8)
    jne     long_way
    movzbl  P_PRIORITY(%r11), %r10d
    cmpl    %gs:CPU_READY_TOP, %r10d
    jle     long_way
    cmpq    $-1, %gs:CPU_SLICE_END
    je      reply_next
    jmp     long_way

/* What is invoked is no Entry: Null through register 0, nothing but the result; or an AppNotice. */
not_entry:
    testl   %ecx, %ecx
    jz      null
    cmpb    $CAP_APPNOTICE, %bpl
    jne     long_way                    /* another kernel capability */

/* AppNotice.post by call, plain bits, to a process that does not wait for them: they are pending, and
 * that is all. As kernel/notice.c, notice_post. Those that wait for the invoker make no difference. */
    movq    P_STATE(%r8), %r10
    andq    ignored(%rip), %r10
    jnz     long_way                    /* a debugger, the FPU, senders that wait */
    cmpq    $OP_APPNOTICE_POST, %rdi
    jne     long_way
    testl   $(7 << LK_NWORDS_SHIFT), %eax
    jz      long_way                    /* no bits */
    movq    %gs:CPU_GATE, %r10
    cmpq    %r10, P_REPLY_EPOCH(%r8)
    jne     long_way                    /* the invoker's reply endpoint was not looked at */
    movq    P_CAPREG_OBJECT(%r8, %rcx, 8), %rcx
    movl    %ecx, %r11d
    andl    $-FRAME_SIZE, %r11d
    addq    frame_table(%rip), %r11
    cmpb    $FRAME_ENDPOINT, FRAME_KIND(%r11)
    jne     long_way                    /* no endpoint stands there any more */
    movl    %ecx, %r11d
    shlq    $OID_SHIFT, %r11
    addq    direct_map(%rip), %r11      /* the endpoint */
    cmpq    %rcx, EP_SELF(%r11)
    jne     long_way                    /* another one */
    cmpq    %r10, EP_EPOCH(%r11)
    jne     long_way                    /* its recipient was not looked at, or nothing goes fast */
    movq    EP_TO(%r11), %r11
    cmpw    $WAITS_OPEN, P_STATE(%r11)
    je      long_way                    /* it is to be woken */
    cmpw    $WAITS_NOTICE, P_STATE(%r11)
    je      long_way
    testl   $0xff00, %ebp               /* restrictions */
    jnz     long_way                    /* they preempt */
    shrq    $CAP_PAYLOAD_SHIFT, %rbp
    andl    %esi, %ebp
    jz      long_way                    /* all bits are masked */
    movq    P_REPLY(%r8), %rsp
    movq    EP_REPLY(%rsp), %r10
    orq     $(ONE_PAYLOAD - 1), %r10
    incq    %r10                        /* a reply capability is made and used, as it were */
    js      long_way                    /* payloads are nearly used up */

    /* --- commit --- */

    leaq    ONE_PAYLOAD(%r10), %rcx
    movq    %rcx, EP_REPLY(%rsp)
    movq    %r10, %r9
    shrq    $CAP_PAYLOAD_SHIFT, %r9
    incl    P_POSTS(%r11)
    movl    P_NOTICES(%r11), %ecx
    orl     %ebp, %ecx
    cmpl    %ecx, P_NOTICES(%r11)
    jne     1f
    incl    P_MERGES(%r11)
1:  movl    %ecx, P_NOTICES(%r11)
    orl     $ATTN_NOTICE, P_STATE + 4(%r11) /* attention */
    movl    trace_ring + TRACE_COUNT(%rip), %ecx /* as kernel/trace.c, trace_record */
    incq    trace_ring + TRACE_COUNT(%rip)
    andl    $(TRACE_RECORDS - 1), %ecx
    imull   $TRACE_SIZE, %ecx, %ecx
    rdtsc
    movl    %eax, trace_ring + TRACE_CYCLES(%rcx)
    movl    %edx, trace_ring + TRACE_CYCLES + 4(%rcx)
    movq    %r8, %rax
    shrq    $OID_SHIFT, %rax
    movl    %eax, trace_ring + TRACE_PROCESS(%rcx)
    movl    $TRACE_NOTICE, trace_ring + TRACE_EVENT(%rcx)
    movq    %rbp, trace_ring + TRACE_A(%rcx)
    shrq    $OID_SHIFT, %r11
    movl    %r11d, %r11d
    movq    %r11, trace_ring + TRACE_B(%rcx)
    incq    %gs:CPU_ENTRIES
    .irp    word, edi, esi, ebx, r12d, r13d, r14d, r15d
    xorl    %\word, %\word              /* STATUS_OK is 0 */
    .endr
    movl    $DLV_MESSAGE, %eax
    movq    EP_ID(%rsp), %rdx
    movq    P_RIP(%r8), %rcx
    movq    P_RFLAGS(%r8), %r11
    movq    P_RSP(%r8), %rsp
    movq    P_RBP(%r8), %rbp
    movq    P_R10(%r8), %r10
    movq    %rdx, %r8
    xorl    %edx, %edx
    swapgs
    sysretq

null:
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, the FPU, notices, senders that wait */
    cmpq    $-1, %gs:CPU_GATE
    je      long_way                    /* nothing goes fast */
    xorl    %eax, %eax                  /* DLV_RESULT */
    movl    $STATUS_INVALID_CAP, %edi
    incq    %gs:CPU_ENTRIES
    movq    P_RIP(%r8), %rcx
    movq    P_RBP(%r8), %rbp
    movq    %gs:CPU_SCRATCH, %r8
    swapgs
    sysretq

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
    movq    %r8, P_R8(%r11)
    movq    $0, %gs:CPU_RESUMED
    movq    %r11, %rdi
    jmp     arch_resume

    .section .note.GNU-stack, "", @progbits

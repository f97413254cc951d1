/* SPDX-License-Identifier: BSD-2-Clause
 *
 * To be included by fastpath.S: what goes fast beside calls and replies of messages. Answers to
 * faults, waits, yields, operations on slots, proxied messages, notices, interrupts, Null.
 */

/* The first of the ready queue of the priority in r10: r11, with the queue in rbp, the gate in rcx. It
 * may run and has no slice left; by which way it goes on does not matter. */
.macro FIRST_READY
    shll    $LIST_SHIFT, %r10d
    movq    %gs:0, %rbp
    leaq    CPU_READY(%rbp, %r10), %rbp
    movq    (%rbp), %r11
    cmpq    %rbp, %r11
    je      long_way                    /* none: `ready_top` may be too high */
    subq    $P_READY_LINK, %r11
    testl   $~(PROC_IRET << 24), P_STATE(%r11)
    jnz     long_way
    cmpl    $0, P_STATE + 4(%r11)
    jne     long_way
    movq    %gs:CPU_GATE, %rcx
    cmpq    %rcx, P_READY_EPOCH(%r11)
    jne     long_way                    /* its schedule may be gone, or nothing goes fast */
.endm

/* Are payloads of the reply endpoint of the process at r8 left, and more than two? Uses r10. */
.macro PAYLOADS_LEFT
    movq    P_REPLY(%r8), %r10
    testb   $0x80, EP_REPLY + 7(%r10)
    jnz     long_way
.endm

/* A reply capability of the process at r11 is made and used, as it were: payload and ID of that into
 * r9 and r8. Uses rcx, r10. */
.macro REPLY_AT_ONCE p
    movq    P_REPLY(\p), %rcx
    movq    EP_REPLY(%rcx), %r9
    shrq    $CAP_PAYLOAD_SHIFT, %r9
    incq    %r9
    leaq    1(%r9), %r10
    shlq    $CAP_PAYLOAD_SHIFT, %r10
    movq    %r10, EP_REPLY(%rcx)
    movq    EP_ID(%rcx), %r8
.endm

/* Bits of a post, into ebp, and what it takes to answer it. */
.macro POST
    testl   $0xff00, %ebp               /* restrictions */
    jnz     long_way                    /* they preempt */
    shrq    $CAP_PAYLOAD_SHIFT, %rbp
    andl    %esi, %ebp
    jz      long_way                    /* all bits are masked */
    PAYLOADS_LEFT
.endm

/* As kernel/trace.c, trace_record: the process at r8 posts the bits in rbp to that at r11. Uses rax,
 * rcx, rdx. */
.macro TRACE_POST
    movl    trace_ring + TRACE_END(%rip), %ecx
    addq    $TRACE_SIZE, trace_ring + TRACE_END(%rip)
    andl    $(TRACE_RING_SIZE - 1), %ecx
    rdtsc
    movl    %eax, trace_ring + TRACE_CYCLES(%rcx)
    movl    %edx, trace_ring + TRACE_CYCLES + 4(%rcx)
    movq    %r8, %rax
    shrq    $OID_SHIFT, %rax
    movl    %eax, trace_ring + TRACE_PROCESS(%rcx)
    movl    $TRACE_NOTICE, trace_ring + TRACE_EVENT(%rcx)
    movq    %rbp, trace_ring + TRACE_A(%rcx)
    movq    %r11, %rax
    shrq    $OID_SHIFT, %rax
    movl    %eax, %eax
    movq    %rax, trace_ring + TRACE_B(%rcx)
.endm

/* Does the process at r11 wait for notices, is of higher priority than the one at r8, and does that
 * have no slice to keep? */
.macro RUNS_AT_ONCE else=long_way
    testl   $~0xffff, P_STATE(%r11)
    jnz     \else                       /* it is held, or a debugger looks at it */
    testl   $~ATTN_RECV_MANY, P_STATE + 4(%r11)
    jnz     \else
    movzbl  P_PRIORITY(%r11), %r10d
    cmpb    P_PRIORITY(%r8), %r10b
    jbe     \else
    NO_SLICE \else
.endm

/* The notice bits in ebp are posted to the process at r11, which runs at once; the one at r8, whose
 * registers are saved, is the next of its equals. The words but for rdi and rdx are 0 already. */
.macro WAKE
    incl    P_POSTS(%r11)
    NEW_TURN %r11, rcx
    TRACE_POST
    movl    %ebp, %edi
    movq    %gs:CPU_GATE, %rcx
    movq    %rcx, P_READY_EPOCH(%r8)
    movzbl  P_PRIORITY(%r8), %r10d
    movl    %r10d, %gs:CPU_READY_TOP
    btsq    %r10, %gs:CPU_READY_MASK
    shll    $LIST_SHIFT, %r10d
    movq    %gs:0, %rbp
    leaq    CPU_READY(%rbp, %r10), %rbp
    leaq    P_READY_LINK(%r8), %rcx
    movq    (%rbp), %r10
    movq    %r10, (%rcx)
    movq    %rbp, 8(%rcx)
    movq    %rcx, 8(%r10)
    movq    %rcx, (%rbp)
    movq    $FAST_AFTER_NOTICE, P_CALLER_EPOCH(%r11)
    movq    P_rax(%r11), %r9            /* no capability comes */
    shrq    $(FIELD_SHIFT(LK_RECV_CAP_SHIFT) - LK_CAP_BITS), %r9
    NULLS   4
    CHARGE
    xorl    %edx, %edx
    xorl    %r9d, %r9d
    movl    $(LK_KIND_NOTICE << LK_DLV_KIND_SHIFT), %eax
    movq    $-1, %r8                    /* LK_NOTICE_ID */
    GO
.endm

/* Words without a message: all 0 but for that in rdx. */
.macro NO_WORDS
    .irp word, edi, esi, ebx, r12d, r13d, r14d, r15d
    xorl    %\word, %\word
    .endr
.endm

/* A reply, but not to who called last. Perhaps it is a proxied message, or a fault is answered:
 * Process.resume, with nothing more, and the next wait. The CPU goes as by a reply; kernel/invoke.c, ANSWER_GO_ON. */
not_reply:
    btq     $LK_NSEND_SHIFT, %rax
    jc      long_way                    /* a capability is sent */
    testb   $LK_SSTR, %al
    jnz     long_way
    movzbl  %ah, %ecx
    cmpb    $LK_TYPE_PROXYENTRY, P_CAPREG(%r8, %rcx, 8)
    je      proxied
    cmpb    $LK_TYPE_PROCESS, P_CAPREG(%r8, %rcx, 8)
    jne     long_way
    cmpq    $OP_PROCESS_RESUME, %rdi
    jne     long_way
    cmpq    $LK_RESUME_OVER, %rsi
    jne     long_way
    testl   $(7 << LK_NWORDS_SHIFT), %eax
    jz      long_way
    movq    P_CAPREG_OBJECT(%r8, %rcx, 8), %r10
    OBJECT  LK_TYPE_PROCESS
    shrq    $32, %r10
    cmpl    %r10d, OBJECT_COUNT(%r11)
    jne     long_way                    /* another one */
    movl    P_STATE(%r11), %ecx
    andl    $~(PROC_IRET << 24), %ecx
    cmpl    $LK_STATE_FAULTED, %ecx
    jne     long_way                    /* it is held, or waits to tell, or a debugger looks at it */
    cmpl    $ATTN_FAULT_TOLD, P_STATE + 4(%r11)
    jne     long_way
    movq    %gs:CPU_GATE, %rcx
    cmpq    %rcx, P_READY_EPOCH(%r11)
    jne     long_way                    /* its schedule may be gone, or nothing goes fast */
    movzbl  P_PRIORITY(%r11), %r10d
    cmpb    P_PRIORITY(%r8), %r10b
    je      1f                          /* an equal has the rest of the slice */
    ja      long_way
    NEXT_TO_RUN

    /* --- commit --- */

    NEW_TURN %r11, rcx
1:  movq    %rax, P_rax(%r8)
    WAITING WAITS_OPEN
    andl    $(0xff << 24), P_STATE(%r11)
    movl    $0, P_STATE + 4(%r11)
    movb    $0, P_FAULT_CODE(%r11)
    movq    $0, P_FAULT_INFO(%r11)
    CHARGE
    jmp     run

/* An open wait that nothing ends at once. The CPU goes to the next process, if it has no slice to be
 * begun. */
wait_string:
    STRING_LIMIT
wait:
    testq   %rax, wait_unknown(%rip)
    jnz     long_way
    PLAIN
    NO_SLICE
    movl    %gs:CPU_READY_TOP, %r10d
    testl   %r10d, %r10d
    js      long_way                    /* nobody is there */
    FIRST_READY
    cmpq    %rbp, P_READY_LINK(%r11)
    jne     long_way                    /* an equal of it is ready too */

    /* --- commit --- */

    movq    %rax, P_rax(%r8)
    WAITING WAITS_OPEN
    movzbl  P_PRIORITY(%r11), %ecx
    btrq    %rcx, %gs:CPU_READY_MASK
    movq    %rbp, (%rbp)
    movq    %rbp, 8(%rbp)
    leaq    P_READY_LINK(%r11), %rcx
    movq    %rcx, (%rcx)
    movq    %rcx, 8(%rcx)
    CHARGE
run:
    movq    %r11, %gs:CPU_CURRENT
    incq    %gs:CPU_ENTRIES
    movq    %r11, %rdi
    jmp     arch_switch

/* A yield to an equal, which has a slice of its own; a timer that is set for the one before comes
 * early enough. As kernel/invoke.c, wait_or_yield. */
yield:
    testq   %rax, %rax
    jnz     long_way                    /* not wholly 0 */
    PLAIN
    cmpq    $0, %gs:CPU_PREEMPT_SEED
    jne     long_way                    /* its slice is a random one */
    movzbl  P_PRIORITY(%r8), %r10d
    cmpl    %gs:CPU_READY_TOP, %r10d
    jne     long_way
    FIRST_READY
    movq    %rcx, %r10
    movq    %rdx, %rsp
    rdtsc
    shlq    $32, %rdx
    orq     %rdx, %rax
    movq    %rax, %rcx
    subq    clock_tsc_at_boot(%rip), %rax
    mulq    clock_ns_per_cycle(%rip)
    shrdq   $32, %rdx, %rax             /* now, as arch_now() */
    addq    P_SLICE(%r11), %rax
    movq    %rsp, %rdx
    cmpq    %gs:CPU_TIMER_ARMED, %rax
    jb      yield_slowly

    /* --- commit --- */

    movq    %rax, %gs:CPU_SLICE_END
    addq    %rcx, P_CPU_CYCLES(%r8)
    subq    %rcx, P_CPU_CYCLES(%r11)
    movq    $0, P_rax(%r8)              /* DLV_RESULT */
    movq    $0, P_rdi(%r8)              /* STATUS_OK */
    SAVE_REST %r8
    movq    %gs:CPU_SCRATCH, %rcx
    movq    %rcx, P_r8(%r8)
    movq    %r10, P_READY_EPOCH(%r8)
    NEW_TURN %r8, rcx
    leaq    P_READY_LINK(%r11), %r9     /* the first leaves the queue */
    movq    (%r9), %r10
    movq    %r10, (%rbp)
    movq    %rbp, 8(%r10)
    movq    %r9, (%r9)
    movq    %r9, 8(%r9)
    leaq    P_READY_LINK(%r8), %r9      /* the invoker is its last */
    movq    8(%rbp), %r10
    movq    %r10, 8(%r9)
    movq    %r9, (%r10)
    movq    %rbp, (%r9)
    movq    %r9, 8(%rbp)
    jmp     run

yield_slowly:
    xorl    %eax, %eax                  /* LK_YIELD */
    jmp     long_way

/* C is asked whether it can do at once what the process at r8 invokes through the register of rcx. */
.macro ASK whom
    SAVE    %r8, rax, rdi, rsi, rdx, r9 /* what C would lose */
    movq    %gs:CPU_KERNEL_STACK, %rsp
    movq    %r8, %rdi
    movq    %rax, %rsi
    leaq    P_CAPREG(%r8, %rcx, 8), %rdx
    call    \whom
.endm

/* What is invoked is no Entry: Null through register 0, nothing but the result; or a notice; or an
 * operation on a slot, which is C. */
not_entry:
    testl   %ecx, %ecx
    jz      null
    cmpb    $LK_TYPE_APPNOTICE, %bpl
    je      post
operation:
    movzbl  %bpl, %r10d
    movl    slot_operations(, %r10, 4), %r10d
    btl     %edi, %r10d
    jnc     no_slot                     /* if rdi is too large, C says it */
    PLAIN
    movq    %gs:CPU_GATE, %r10
    cmpq    %r10, P_REPLY_EPOCH(%r8)
    jne     long_way                    /* the invoker's reply endpoint was not looked at */
    PAYLOADS_LEFT
    ASK     kernel_slot_operation
    movq    %gs:CPU_CURRENT, %r11
    testb   %al, %al
    jz      long_way_after_all
    REPLY_AT_ONCE %r11
    NO_WORDS                            /* STATUS_OK is 0 */
    movl    $(DLV_MESSAGE | DLV_ONE_CAP), %eax
    xorl    %edx, %edx
    incq    %gs:CPU_ENTRIES
    cmpq    $0, P_STATE(%r11)
    jne     operation_done
    cmpl    $0, %gs:CPU_BUSY
    jne     operation_done              /* somebody else is to run, perhaps */
    LEAVE

operation_done:
    movq    %r11, %gs:CPU_RESUMED       /* all of it is loaded, and of nobody else */
    SAVE_WORDS %r11
    movq    %r8, P_r8(%r11)
    jmp     sched_exit

no_slot:
    cmpb    $LK_TYPE_PROXYENTRY, %bpl
    jne     long_way
    cmpb    $LK_SHAPE_CALL, %al
    je      proxied
    jmp     long_way

/* The message to one that is to be stopped, words alone, goes to its proxy receiver. */
send_wait:
    testq   %rax, call_unknown(%rip)
    jnz     long_way
    movzbl  %ah, %ecx
    cmpb    $LK_TYPE_PROXYENTRY, P_CAPREG(%r8, %rcx, 8)
    jne     long_way
proxied:
    PLAIN
    ASK     kernel_proxied
    testq   %rax, %rax
    movq    %rax, %r11
    movq    %gs:CPU_CURRENT, %r8
    LOAD    %r8, rdi, rsi
    jz      not_proxied
    CHARGE
    movq    P_rdx(%r8), %rdx
    LOAD    %r11, rax, r8, r9
    GO

long_way_after_all:
    movq    %r11, %r8
not_proxied:
    LOAD    %r8, rdi, rsi, rdx
/* There is a page to be found, or no room. */
string_fails:
    LOAD    %r8, rax, r9
    jmp     long_way

/* AppNotice.post by call, plain bits, to a process that does not wait for them: they are pending, and
 * that is all. As kernel/notice.c, notice_post. Those that wait for the invoker make no difference. */
post:
    movq    P_STATE(%r8), %r10
    andq    ignored(%rip), %r10
    jnz     long_way                    /* a debugger, senders that wait */
    cmpb    $LK_SHAPE_CALL, %al
    jne     operation
    cmpq    $OP_APPNOTICE_POST, %rdi
    jne     operation
    testl   $(7 << LK_NWORDS_SHIFT), %eax
    jz      long_way                    /* no bits */
    movq    P_CAPREG_OBJECT(%r8, %rcx, 8), %r10
    movq    %gs:CPU_GATE, %rcx
    cmpq    %rcx, P_REPLY_EPOCH(%r8)
    jne     long_way                    /* the invoker's reply endpoint was not looked at */
    ENDPOINT
    movq    EP_TO(%r11), %r11
    cmpw    $WAITS_OPEN, P_STATE(%r11)
    je      post_wakes
    cmpw    $WAITS_NOTICE, P_STATE(%r11)
    je      post_wakes
    POST

    /* --- commit --- */

    incl    P_POSTS(%r11)
    movl    P_NOTICES(%r11), %ecx
    orl     %ebp, %ecx
    cmpl    %ecx, P_NOTICES(%r11)
    jne     1f
    incl    P_MERGES(%r11)
1:  movl    %ecx, P_NOTICES(%r11)
    orl     $ATTN_NOTICE, P_STATE + 4(%r11) /* attention */
    TRACE_POST
    incq    %gs:CPU_ENTRIES
    NO_WORDS                            /* STATUS_OK is 0 */
    movl    $DLV_MESSAGE, %eax
    xorl    %edx, %edx
    movq    %r8, %r11
    REPLY_AT_ONCE %r11
    BACK

post_wakes:
    RUNS_AT_ONCE
    POST

    /* --- commit --- */

    NO_WORDS                            /* STATUS_OK is 0 */
    movl    $DLV_MESSAGE, %eax
    xorl    %edx, %edx
    movq    %r8, %rsp
    REPLY_AT_ONCE %rsp
    SAVE_WORDS %rsp
    movq    %r8, P_r8(%rsp)
    movq    %rsp, %r8
    WAKE

/* An interrupt of line r12 that somebody is to hear of, by plain notice bits; the interrupted process
 * is at r8, and its registers are saved. As kernel/irq.c, kernel_interrupt. */
    .globl  interrupt_fast
interrupt_fast:
    movq    %r12, %rbx
    shlq    $IRQ_SHIFT, %rbx
    movzwl  irq_lines + IRQ_NOTICE(%rbx), %eax
    cmpl    $LK_TYPE_APPNOTICE, %eax
    jne     interrupt_slow              /* bound to none, or it preempts */
    movq    irq_lines + IRQ_NOTICE + 8(%rbx), %r10
    movq    %gs:CPU_GATE, %rcx
    ENDPOINT interrupt_slow
    movq    EP_TO(%r11), %r11
    movl    irq_lines + IRQ_NOTICE + CAP_PAYLOAD_SHIFT / 8(%rbx), %ebp
    andl    irq_lines + IRQ_BITS(%rbx), %ebp
    jz      interrupt_slow              /* all bits are masked */
    movzwl  P_STATE(%r11), %ecx
    andl    $~(WAITS_OPEN ^ WAITS_NOTICE), %ecx
    cmpl    $(WAITS_OPEN & WAITS_NOTICE), %ecx
    jne     interrupt_slow              /* it does not wait for notices */
    RUNS_AT_ONCE interrupt_slow

    /* --- commit --- */

    incq    %gs:CPU_INTERRUPTS
    decq    %gs:CPU_ENTRIES             /* counted where the registers were saved */
    NO_WORDS
    WAKE
interrupt_slow:
    movl    %r12d, %edi
    call    kernel_interrupt
    ud2

null:
    PLAIN
    cmpq    $-1, %gs:CPU_GATE
    je      long_way                    /* nothing goes fast */
    xorl    %eax, %eax                  /* DLV_RESULT */
    movl    $STATUS_INVALID_CAP, %edi
    incq    %gs:CPU_ENTRIES
    movq    P_rip(%r8), %rcx
    movq    P_rbp(%r8), %rbp
    movq    %gs:CPU_SCRATCH, %r8
    swapgs
    sysretq

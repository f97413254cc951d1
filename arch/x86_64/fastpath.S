/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `syscall`, and the fast path, which needs no C, or one call of it that decides: a call, or a reply
 * with the next wait, to a process that waits for it, with at most one capability; Null; a notice;
 * an open wait that nothing ends; a yield; an interrupt that somebody waits for; an operation on a
 * slot; a proxied message; the answer to a fault, with the next wait.
 *
 * First tests, one reason each; if one fails it is the long way (kernel/invoke.c), for which nothing
 * has changed. Then stores only. They do to stored state what C would have done;
 * SysCtl.setFastPath switches the fast path off, so that tests can compare (tests/system/fastpath).
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

#include <arch/leaving.S>

/* Bits of a control word that must be 0: all but shape, target, number of words; in a reply, the
 * first capability register to receive into. */
#define CALL_KNOWN (0xff | 31 << LK_TARGET_SHIFT | 7 << LK_NWORDS_SHIFT)
#define REPLY_KNOWN (CALL_KNOWN | 31 << LK_RECV_CAP_SHIFT)
/* With one capability, and any registers to receive into. The reply capability of a call counts. */
#define RECEIVE_KNOWN (0xff | 0xfffff << LK_RECV_CAP_SHIFT)
#define REPLY_WIDE_KNOWN (CALL_KNOWN | RECEIVE_KNOWN | 31 << LK_SEND_CAP_SHIFT | 1 << LK_NSEND_SHIFT)
#define CALL_WIDE_KNOWN \
    (CALL_KNOWN | RECEIVE_KNOWN | 31 << (LK_SEND_CAP_SHIFT + LK_CAP_BITS) | 2 << LK_NSEND_SHIFT)
/* A field of the control word that names a register, shifted so that it is an offset into capreg. */
#define FIELD_SHIFT(shift) ((shift)-4)
#define FIELD (31 << 4)
/* Of a control word with a send phase: the delivery word, but for capabilities. */
#define DELIVERED (7 << LK_NWORDS_SHIFT | DLV_MESSAGE)
#define RECV_BYTE (P_rax + (LK_RECV_CAP_SHIFT - 1) / 8)
#define ONE_PAYLOAD (1 << CAP_PAYLOAD_SHIFT)
#define DLV_MESSAGE (LK_KIND_MESSAGE << LK_DLV_KIND_SHIFT)
#define DLV_ONE_CAP (1 << LK_DLV_NCAPS_SHIFT)
#define WAITS_OPEN (LK_STATE_RECEIVING | LK_WAIT_OPEN << 8)
#define WAITS_CLOSED (LK_STATE_RECEIVING | LK_WAIT_CLOSED << 8)
#define WAITS_NOTICE (LK_STATE_RECEIVING | LK_WAIT_NOTICE << 8)
#define OTHER 63
#define SENT_CAP (CPU_SCRATCH + 8)
#define SENT_LENGTH (SENT_CAP + 4)
#define LIST_SHIFT 4

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

/* Registers to the process at \p: those that a yield leaves alone, and words 0 and rax beside. */
.macro SAVE_REST p
    .irp    register, rbx, rdx, rsi, r9, r12, r13, r14, r15
    movq    %\register, P_\register(\p)
    .endr
.endm
.macro SAVE_WORDS p
    movq    %rax, P_rax(\p)
    movq    %rdi, P_rdi(\p)
    SAVE_REST \p
.endm

/* What C wants to see of a system call of the process at r8. */
.macro SAVE_ALL
    SAVE_WORDS %r8
    movq    P_rip(%r8), %rcx
    movq    %rcx, P_rcx(%r8)
    movq    P_rflags(%r8), %rcx
    movq    %rcx, P_r11(%r8)
    movq    %gs:CPU_SCRATCH, %rcx
    movq    %rcx, P_r8(%r8)
    movq    %r8, %gs:CPU_RESUMED
    incq    %gs:CPU_ENTRIES
    movq    %gs:CPU_KERNEL_STACK, %rsp
.endm

/* The CPU goes from the process at r8 to that at r11: charge the time. Uses rax, and rdx unless a
 * register is named to keep that in. Where this stands is noted in the file of the kernel, for
 * `make bench`: it cannot be switched off, so it is counted. */
.macro CHARGE keep
.Lcharge\@:
    .ifnb   \keep
    movq    %rdx, %\keep
    .endif
    rdtsc
    shlq    $32, %rdx
    orq     %rdx, %rax
    addq    %rax, P_CPU_CYCLES(%r8)
    subq    %rax, P_CPU_CYCLES(%r11)
    .ifnb   \keep
    movq    %\keep, %rdx
    .endif
.Lcharged\@:
    .pushsection .accounting, "", @progbits
    .quad   .Lcharge\@, .Lcharged\@
    .popsection
.endm

/* The message of the process at r8, but for its payload in r9, is that of the one at r11, with the ID
 * at \id. Only rdi, rsi, rdx, rbx, r9, r12 to r15 mean something before. */
.macro HAND_OVER id, is_call, wide, string
    CHARGE  r10
    movl    P_rax(%r8), %eax
    andl    $DELIVERED, %eax
    .if     \wide                       /* number of capabilities: in the three highest bits */
    movzbl  P_rax + 7(%r8), %ecx
    shrl    $(5 + \is_call), %ecx       /* of a call 0 or 2, and it is 1 or 2 */
    addl    $\is_call, %ecx
    shll    $LK_DLV_NCAPS_SHIFT, %ecx
    orl     %ecx, %eax
    .elseif \is_call
    orl     $DLV_ONE_CAP, %eax
    .endif
    .if     \string
    .if     \wide
    movl    %gs:SENT_LENGTH, %ecx
    .else
    movl    P_r9(%r8), %ecx
    .endif
    shlq    $LK_DLV_STRLEN_SHIFT, %rcx
    orq     %rcx, %rax
    .endif
    movq    \id, %r8
    GO
.endm

/* The process at r11 goes on: load what differs. */
.macro GO
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
    LOAD_ROOT %r11, %rbp
    BACK
.endm
.macro BACK
    movq    P_rip(%r11), %rcx           /* below LK_USER_END: it ran there */
    movq    P_rsp(%r11), %rsp
    movq    P_rbp(%r11), %rbp
    movq    P_r10(%r11), %r10
    movq    P_rflags(%r11), %r11
    swapgs
    sysretq
.endm

/* Where the object stands that a capability with cap.object in r10 names, if its frame has that kind:
 * r11. Whether it is the same object still is to be looked at. */
.macro OBJECT kind, else=long_way
    movl    %r10d, %r11d
    andl    $-FRAME_SIZE, %r11d
    addq    frame_table(%rip), %r11
    cmpb    $\kind, FRAME_KIND(%r11)
    jne     \else
    movl    %r10d, %r11d
    shlq    $OID_SHIFT, %r11
    addq    direct_map(%rip), %r11
.endm

/* The endpoint at r11 that a capability with cap.object in r10 leads to, its recipient looked at: the
 * epoch is in rcx. */
.macro ENDPOINT else=long_way
    OBJECT  LK_TYPE_ENDPOINT, \else
    cmpq    %r10, EP_SELF(%r11)
    jne     \else                       /* another one */
    cmpq    %rcx, EP_EPOCH(%r11)
    jne     \else                       /* its recipient was not looked at, or nothing goes fast */
.endm

/* Where the capability stands in capreg that bit \bit of the control word says is sent, by field
 * \field; or 0. One whose object is gone is Null wherever it stands. Uses r10. */
.macro SENT bit, field
    xorl    %r10d, %r10d
    btq     $(\bit), %rax
    jnc     1f
    movq    %rax, %r10
    shrq    $FIELD_SHIFT(\field), %r10
    andl    $FIELD, %r10d
1:  movq    %r10, %gs:SENT_CAP
.endm

/* Next field of r9, which has the control word of the process at r11: its register, into ecx. */
.macro NEXT_FIELD
    shrq    $LK_CAP_BITS, %r9
    movl    %r9d, %ecx
    andl    $FIELD, %ecx
.endm

/* What was found by SENT goes into the register of ecx. Uses rax, r10. */
.macro GIVE
    jz      1f                          /* dropped */
    movl    %gs:SENT_CAP, %r10d
    movq    P_CAPREG(%r8, %r10), %rax
    movq    %rax, P_CAPREG(%r11, %rcx)
    movq    P_CAPREG_OBJECT(%r8, %r10), %rax
    movq    %rax, P_CAPREG_OBJECT(%r11, %rcx)
1:
.endm

/* Null to the registers of the next \n fields of r9; register 0 is Null anyway. (The assembler's `<<`
 * binds as `*` does.) */
.macro NULLS n
    testl   $(((1 << (LK_CAP_BITS * \n)) - 1) << (4 + LK_CAP_BITS)), %r9d
    jz      1f
    .rept   \n
    NEXT_FIELD
    movq    $0, P_CAPREG(%r11, %rcx)
    movq    $0, P_CAPREG_OBJECT(%r11, %rcx)
    .endr
1:
.endm

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
    movl    trace_ring + TRACE_COUNT(%rip), %ecx
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
    cmpq    $-1, %gs:CPU_SLICE_END
    jne     \else
.endm

/* The notice bits in ebp are posted to the process at r11, which runs at once; the one at r8, whose
 * registers are saved, is the next of its equals. The words but for rdi and rdx are 0 already. */
.macro WAKE
    incl    P_POSTS(%r11)
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

/* The string of the process at r8 into the buffer of that at r11, if C finds all pages of both at
 * once. Its length stands beside the capability then. Keeps all but rax, rcx, r10, r11, which it
 * gives back, and words that it saves. The stack is not as C would align it, which matters to SSE
 * only. */
.macro GIVE_STRING may_not
    .if     \may_not
    testb   $LK_SSTR, %al
    jz      1f
    .endif
    movq    %rax, P_rax(%r8)
    movq    %rdi, P_rdi(%r8)
    movq    %rsi, P_rsi(%r8)
    movq    %rdx, P_rdx(%r8)
    movq    %gs:CPU_KERNEL_STACK, %rsp
    pushq   %rcx
    pushq   %r11
    pushq   %r10
    movq    %r8, %rdi
    movq    %r11, %rsi
    call    ipc_give_string
    popq    %r10
    popq    %r11
    popq    %rcx
    movq    %gs:CPU_CURRENT, %r8
    movq    P_REPLY(%r8), %rsp          /* as a call has it */
    movq    P_rdi(%r8), %rdi
    movq    P_rsi(%r8), %rsi
    movq    P_rdx(%r8), %rdx
    testq   %rax, %rax
    js      string_fails
    .if     \may_not
    movl    %eax, %gs:SENT_LENGTH
    movq    P_rax(%r8), %rax
1:
    .endif
.endm

/* May a string of a length that makes sense be received? */
.macro STRING_LIMIT
    movq    %r9, P_r9(%r8)
    cmpl    $LK_MAX_STRING, P_r9 + 4(%r8)
    ja      long_way
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
    movq    %rcx, P_rip(%r8)
    movq    %r11, P_rflags(%r8)
    movq    %rsp, P_rsp(%r8)
    movq    %rbp, P_rbp(%r8)
    movq    %r10, P_r10(%r8)
    cmpb    $LK_SHAPE_CALL, %al
    je      call
    cmpb    $(LK_SHAPE_REPLY_WAIT | LK_CAPS), %al
    je      reply
    movzbl  %al, %ecx
    jmp     *shapes(, %rcx, 8)

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
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, notices, senders that wait */
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
call_next\how:
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
    GIVE_STRING \wide
    .endif

    /* --- commit --- */

    movq    %r10, EP_REPLY(%rsp)
    movq    %r8, P_CALLER(%r11)
    movq    %rcx, P_CALLER_EPOCH(%r11)
    .if     \wide || !\string           /* else it is there already */
    movq    %rax, P_rax(%r8)
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
    movq    %rbp, %r9
    shrq    $CAP_PAYLOAD_SHIFT, %r9
    HAND_OVER P_TO_ID(%r8), 1, \wide, \string

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
    movq    %r10, P_LAST_CALLED(%r8)
    movq    %r11, P_TO(%r8)
    movq    %rsp, P_TO_ID(%r8)
    movq    %rcx, P_TO_EPOCH(%r8)
    movzbl  P_PRIORITY(%r11), %r10d
    cmpb    P_PRIORITY(%r8), %r10b
    je      call_next\how              /* an equal has the rest of the slice */
    movq    $0, P_TO_EPOCH(%r8)
    btcq    $OTHER, %rcx
    cmpl    %gs:CPU_READY_TOP, %r10d
    jle     long_way                    /* it would not be the next to run */
    cmpq    $-1, %gs:CPU_SLICE_END
    je      call_next\how
    jmp     long_way                    /* a slice is under way, which the invoker keeps */
.endm

/* The process at r8 waits so, into the registers that its control word in rax names. Uses rcx. */
.macro WAITING how
    movq    %rax, %rcx
    shrq    $ATTN_RECV_SHIFT, %rcx
    andl    $ATTN_RECV_MANY, %ecx
    movl    $\how, P_STATE(%r8)
    movl    %ecx, P_STATE + 4(%r8)
.endm

/* Does the process at r11 wait so, whatever registers it names, and for nothing else? */
.macro WAITS how
    cmpl    $\how, P_STATE(%r11)
    jne     long_way
    testl   $~ATTN_RECV_MANY, P_STATE + 4(%r11)
    jnz     long_way
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
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, notices, senders that wait */
    movq    %gs:CPU_GATE, %rcx
    movq    P_CALLER(%r8), %r11
    cmpq    %rcx, P_CALLER_EPOCH(%r8)
    jne     reply_other_priority\how   /* or nobody called, or long ago, or nothing goes fast */
reply_next\how:
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
    GIVE_STRING \wide
    .endif

    /* --- commit --- */

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
    movq    %rbp, %r9
    shrq    $CAP_PAYLOAD_SHIFT, %r9
    HAND_OVER P_r8(%r11), 0, \wide, \string

reply_other_priority\how:
    btcq    $OTHER, %rcx
    cmpq    %rcx, P_CALLER_EPOCH(%r8)
    jne     not_reply
    movzbl  P_PRIORITY(%r11), %r10d
    cmpl    %gs:CPU_READY_TOP, %r10d
    jle     long_way
    cmpq    $0, %gs:CPU_PREEMPT_SEED
    jne     long_way                    /* it gets a random slice */
    cmpq    $-1, %gs:CPU_SLICE_END
    je      reply_next\how
    jmp     long_way
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

/* The other shapes with strings. */
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
    cmpl    %gs:CPU_READY_TOP, %r10d
    jle     long_way                    /* it would not be the next to run */
    cmpq    $-1, %gs:CPU_SLICE_END
    jne     long_way                    /* a slice is under way, which the invoker keeps */
    cmpq    $0, %gs:CPU_PREEMPT_SEED
    jne     long_way                    /* it gets a random slice */

    /* --- commit --- */

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
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, notices, senders that wait */
    cmpq    $-1, %gs:CPU_SLICE_END
    jne     long_way                    /* it keeps what is left of its slice */
    cmpq    $0, %gs:CPU_PREEMPT_SEED
    jne     long_way                    /* the next one gets a random slice */
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
 * early enough. As kernel/sched.c, sched_yield. */
yield:
    testq   %rax, %rax
    jnz     long_way                    /* not wholly 0 */
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, notices, senders that wait */
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
    incq    %gs:CPU_TURNS
    movq    %gs:CPU_TURNS, %rcx
    movq    %rcx, P_TURN(%r8)
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
    movq    %rax, P_rax(%r8)            /* what C would lose */
    movq    %rdi, P_rdi(%r8)
    movq    %rsi, P_rsi(%r8)
    movq    %rdx, P_rdx(%r8)
    movq    %r9, P_r9(%r8)
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
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, notices, senders that wait */
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
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, notices, senders that wait */
    ASK     kernel_proxied
    testq   %rax, %rax
    movq    %rax, %r11
    movq    %gs:CPU_CURRENT, %r8
    movq    P_rdi(%r8), %rdi
    movq    P_rsi(%r8), %rsi
    jz      not_proxied
    CHARGE
    movq    P_rdx(%r8), %rdx
    movq    P_rax(%r11), %rax
    movq    P_r8(%r11), %r8
    movq    P_r9(%r11), %r9
    GO

not_proxied:
    movq    %r8, %r11
long_way_after_all:
    movq    %r11, %r8
    movq    P_rdi(%r8), %rdi
    movq    P_rsi(%r8), %rsi
    movq    P_rdx(%r8), %rdx
/* There is a page to be found, or no room. */
string_fails:
    movq    P_rax(%r8), %rax
    movq    P_r9(%r8), %r9
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
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, notices, senders that wait */
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

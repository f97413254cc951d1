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
 *   - The words stay in their registers: nothing here touches rdi, rsi, rdx, rbx, r12 to r15.
 *   - State, holds, flags and attention of a process are one word. It is 0 for one that runs with nothing
 *     to be looked at, and has one value for each kind of wait that a message ends without more ado.
 *   - Whether recipient, schedule and reply endpoint are as they must be is found out once, by the long
 *     way, and noted with the CPU's epoch. Whatever could change it advances that (kernel/cpu.h,
 *     fast_forget). CPU_GATE is the epoch, or all ones if the fast path is not to be taken now, so that one
 *     compare asks for everything.
 *   - The reply capability stands ready in its endpoint. Who replies to the one who called last is found
 *     without a look at frames: the noted caller's endpoint must expect just that capability.
 *   - Capability registers stand in the control word where a byte is their number times two.
 */
#include <arch/offsets.h>
#include <arch/vectors.h>

/* Bits of a control word that must be 0: all but shape, target, number of words; in a reply, the first
 * capability register to receive into. */
#define CALL_KNOWN (0xff | 31 << LK_TARGET_SHIFT | 7 << LK_NWORDS_SHIFT)
#define REPLY_KNOWN (CALL_KNOWN | 31 << LK_RECV_CAP_SHIFT)
#define WORDS_FIELD (7 << LK_NWORDS_SHIFT)
#define RECV_BYTE (P_RAX + (LK_RECV_CAP_SHIFT - 1) / 8)
#define ONE_PAYLOAD (1 << CAP_PAYLOAD_SHIFT)

    .section .rodata
    .balign 8
direct_map:
    .quad   DIRECT_MAP_BITS << 40
call_unknown:
    .quad   ~CALL_KNOWN
reply_unknown:
    .quad   ~REPLY_KNOWN

    .text

/* On entry: rcx user rip, r11 user flags, everything else the user's; stack the user's; GS base the
 *             user's (0); CR3 the user's, which maps the kernel too; interrupts off, DF, TF, AC, NT
 *             clear (SFMASK).
 *   to C:     all registers saved, GS base this CPU's, its stack empty.
 *   here:     r8 the invoker, r11 who is to receive. rsp is free once it is saved: interrupts are off, and
 *             NMI has a stack of its own. */
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
    movq    %r9, P_R9(%r8)
    movq    %r10, P_R10(%r8)
    cmpb    $SHAPE_CALL, %al
    je      call
    cmpb    $SHAPE_REPLY_WAIT_CAPS, %al
    je      reply

long_way:
    movq    %rax, P_RAX(%r8)
    movq    %rbx, P_RBX(%r8)
    movq    %rdx, P_RDX(%r8)
    movq    %rsi, P_RSI(%r8)
    movq    %rdi, P_RDI(%r8)
    movq    %r12, P_R12(%r8)
    movq    %r13, P_R13(%r8)
    movq    %r14, P_R14(%r8)
    movq    %r15, P_R15(%r8)
    movq    P_RIP(%r8), %rcx
    movq    %rcx, P_RCX(%r8)
    movq    P_RFLAGS(%r8), %rcx
    movq    %rcx, P_R11(%r8)
    movq    %gs:CPU_SCRATCH, %rcx
    movq    %rcx, P_R8(%r8)
    incq    %gs:CPU_ENTRIES
    movq    %gs:CPU_KERNEL_STACK, %rsp
    call    kernel_syscall
    ud2

call:
    testq   %rax, call_unknown(%rip)
    jnz     long_way                    /* capabilities, or it makes no sense */
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, the FPU, notices, senders that wait */
    movzbl  %ah, %ecx
    movq    P_CAPREG(%r8, %rcx, 8), %rbp
    movq    P_CAPREG_OBJECT(%r8, %rcx, 8), %r10
    cmpb    $CAP_ENTRY, %bpl
    jne     not_entry                   /* a kernel capability, or Null */
    movl    %r10d, %ecx
    andl    $-FRAME_SIZE, %ecx
    addq    frame_table(%rip), %rcx
    cmpb    $FRAME_ENDPOINT, FRAME_KIND(%rcx)
    jne     long_way                    /* no endpoint stands there any more */
    movl    %r10d, %ecx
    shlq    $OID_SHIFT, %rcx
    addq    direct_map(%rip), %rcx      /* the endpoint */
    cmpq    %r10, EP_SELF(%rcx)
    jne     long_way                    /* another one */
    movq    %gs:CPU_GATE, %r11
    cmpq    %r11, EP_EPOCH(%rcx)
    jne     long_way                    /* its recipient was not looked at, or nothing goes fast */
    cmpq    %r11, P_REPLY_EPOCH(%r8)
    jne     long_way                    /* the invoker's reply endpoint was not looked at */
    movq    EP_TO(%rcx), %r11
    cmpq    $WAITS_OPEN, P_STATE(%r11)
    jne     long_way                    /* does not wait, or not for this alone */
    movzbl  P_PRIORITY(%r11), %r9d
    cmpb    P_PRIORITY(%r8), %r9b
    jne     call_other_priority         /* an equal has the rest of the slice */
call_next:
    movzbl  RECV_BYTE(%r11), %r9d
    testl   %r9d, %r9d
    jz      long_way                    /* drops the reply capability */
    movq    P_REPLY(%r8), %rsp
    movq    EP_REPLY(%rsp), %rsp
    addq    $ONE_PAYLOAD, %rsp
    js      long_way                    /* payloads are nearly used up */

    /* --- commit --- */

    movq    %r10, P_LAST_CALLED(%r8)
    movq    P_REPLY(%r8), %r10
    movq    %rsp, EP_REPLY(%r10)
    movq    %rsp, EP_EXPECT(%r10)
    movq    %rsp, P_CAPREG(%r11, %r9, 8)
    movq    EP_SELF(%r10), %rsp
    movq    %rsp, P_CAPREG_OBJECT(%r11, %r9, 8)
    movq    EP_ID(%r10), %r10
    movq    %r10, P_R8(%r8)
    movq    %rbp, %r9
    shrq    $CAP_PAYLOAD_SHIFT, %r9     /* out: the payload */
    movq    EP_ID(%rcx), %rcx           /* out: the endpoint ID, later r8 */
    movq    %rax, P_RAX(%r8)
    movq    $WAITS_CLOSED, P_STATE(%r8)
    movq    %r8, P_CALLER(%r11)
    movq    %gs:CPU_GATE, %r10
    movq    %r10, P_CALLER_EPOCH(%r11)
    andl    $WORDS_FIELD, %eax
    orl     $(DLV_MESSAGE | DLV_ONE_CAP), %eax
    movq    %rax, %r10                  /* out: the delivery word, later rax */

/* The CPU goes from the process at r8 to that at r11: charge the time, load what differs, leave. */
hand_over:
    movq    $0, P_STATE(%r11)
    movq    $0, P_SLICE_LEFT(%r11)
    movq    %rdx, %rbp
    rdtsc
    shlq    $32, %rdx
    orq     %rdx, %rax
    movq    %rbp, %rdx
    movq    %rax, %rbp
    subq    %gs:CPU_CHARGED_FROM, %rbp
    addq    %rbp, P_CPU_CYCLES(%r8)
    movq    %rax, %gs:CPU_CHARGED_FROM
    movq    %r11, %gs:CPU_CHARGED
    movq    %r11, %gs:CPU_CURRENT
    incq    %gs:CPU_ENTRIES
    movq    P_FS_BASE(%r11), %rbp
    orq     %gs:CPU_FS_BASE, %rbp
    jnz     leave_slowly
    movl    %ds, %ebp
    movl    %es, %eax
    orl     %eax, %ebp
    movl    %fs, %eax
    orl     %eax, %ebp
    movl    %gs, %eax
    orl     %eax, %ebp
    jnz     leave_slowly
    movq    %r11, %gs:CPU_RESUMED
    movq    P_SPACE_ROOT(%r11), %rbp
    cmpq    %gs:CPU_LOADED_ROOT, %rbp
    je      1f
    movq    %rbp, %cr3
    movq    %rbp, %gs:CPU_LOADED_ROOT
    incq    %gs:CPU_CR3_WRITES
1:  movq    %r10, %rax
    movq    %rcx, %r8
    movq    P_RIP(%r11), %rcx
    movq    P_RSP(%r11), %rsp
    movq    P_RBP(%r11), %rbp
    movq    P_R10(%r11), %r10
    movq    P_RFLAGS(%r11), %r11
    swapgs
    sysretq

reply:
    testq   %rax, reply_unknown(%rip)
    jnz     long_way                    /* capabilities, or it makes no sense */
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, the FPU, notices, senders that wait */
    movq    %gs:CPU_GATE, %r11
    cmpq    %r11, P_CALLER_EPOCH(%r8)
    jne     long_way                    /* nobody called, or that was long ago, or nothing goes fast */
    movq    P_CALLER(%r8), %r11
    movq    P_REPLY(%r11), %rcx         /* the endpoint that the reply must be to */
    movzbl  %ah, %ebp
    movq    P_CAPREG_OBJECT(%r8, %rbp, 8), %r10
    movq    P_CAPREG(%r8, %rbp, 8), %rbp
    cmpq    %rbp, EP_EXPECT(%rcx)
    jne     long_way                    /* it replies to another, or a second time */
    cmpq    %r10, EP_SELF(%rcx)
    jne     long_way
    cmpq    $WAITS_CLOSED, P_STATE(%r11)
    jne     long_way                    /* does not wait, or not for this alone */
    movq    EP_ID(%rcx), %r9
    cmpq    %r9, P_R8(%r11)
    jne     long_way                    /* but for another endpoint */
    movzbl  P_PRIORITY(%r11), %r10d
    cmpb    P_PRIORITY(%r8), %r10b
    jne     reply_other_priority        /* an equal has the rest of the slice */
reply_next:

    /* --- commit --- */

    addq    $ONE_PAYLOAD, EP_REPLY(%rcx)
    movq    $0, EP_EXPECT(%rcx)
    movzbl  RECV_BYTE(%r11), %r10d
    movq    $0, P_CAPREG(%r11, %r10, 8) /* no capability came; that of register 0 is Null anyway */
    movq    $0, P_CAPREG_OBJECT(%r11, %r10, 8)
    movq    %rax, P_RAX(%r8)
    movq    $WAITS_OPEN, P_STATE(%r8)
    movq    %r9, %rcx                   /* out: the endpoint ID, later r8 */
    movq    %rbp, %r9
    shrq    $CAP_PAYLOAD_SHIFT, %r9     /* out: the payload */
    andl    $WORDS_FIELD, %eax
    orl     $DLV_MESSAGE, %eax
    movq    %rax, %r10                  /* out: the delivery word, later rax */
    jmp     hand_over

/* Between priorities: who receives must be the next to run, and no slice under way, which would be kept. */
call_other_priority:
    cmpl    %gs:CPU_READY_TOP, %r9d
    jle     long_way
    cmpq    $-1, %gs:CPU_SLICE_END
    jne     long_way
    cmpq    $0, P_SLICE_LEFT(%r11)
    jne     long_way                    /* it goes on with a slice of its own */
    jmp     call_next
reply_other_priority:
    cmpl    %gs:CPU_READY_TOP, %r10d
    jle     long_way
    cmpq    $-1, %gs:CPU_SLICE_END
    jne     long_way
    cmpq    $0, P_SLICE_LEFT(%r11)
    jne     long_way
    jmp     reply_next

/* What is invoked is no Entry. Null through register 0: nothing but the result. */
not_entry:
    testl   %ecx, %ecx
    jnz     long_way
    cmpq    $-1, %gs:CPU_GATE
    je      long_way
    xorl    %eax, %eax                  /* DLV_RESULT */
    movl    $STATUS_INVALID_CAP, %edi
    incq    %gs:CPU_ENTRIES
    movq    P_RIP(%r8), %rcx
    movq    P_RFLAGS(%r8), %r11
    movq    P_RBP(%r8), %rbp
    movq    P_R10(%r8), %r10
    movq    %gs:CPU_SCRATCH, %r8
    swapgs
    sysretq

/* FS base or segments are to be loaded: all registers go into the process at r11 first. */
leave_slowly:
    movq    %r10, P_RAX(%r11)
    movq    %rbx, P_RBX(%r11)
    movq    %rdx, P_RDX(%r11)
    movq    %rsi, P_RSI(%r11)
    movq    %rdi, P_RDI(%r11)
    movq    %rcx, P_R8(%r11)
    movq    %r9, P_R9(%r11)
    movq    %r12, P_R12(%r11)
    movq    %r13, P_R13(%r11)
    movq    %r14, P_R14(%r11)
    movq    %r15, P_R15(%r11)
    movq    %r11, %rdi
    jmp     arch_resume

    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * To be included: constants and macros that the parts of the fast path have in common (fastpath.S,
 * fastother.S). Each says which registers it uses; r8 is the invoker, r11 who is to go on.
 */

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

/* Registers to the process at \p: those that a yield leaves alone, and words 0 and rax beside. */
.macro SAVE_REST p
    SAVE    \p, rbx, rdx, rsi, r9, r12, r13, r14, r15
.endm
.macro SAVE_WORDS p
    SAVE    \p, rax, rdi
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

/* The message of the process at r8, through the capability in rbp, is that of the one at r11, with
 * the ID at \id. Only rdi, rsi, rdx, rbx, rbp, r12 to r15 mean something before. */
.macro HAND_OVER id, is_call, wide, string
    movq    %rbp, %r9
    shrq    $CAP_PAYLOAD_SHIFT, %r9
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
    LOAD    %r11, rsp, rbp, r10
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

/* The process at \p is readied behind its equals: as kernel/sched.c, ready_insert. Uses \by. */
.macro NEW_TURN p, by
    incq    %gs:CPU_TURNS
    movq    %gs:CPU_TURNS, %\by
    movq    %\by, P_TURN(\p)
.endm

/* Is no slice to be kept, and none to be begun by whoever is next? */
.macro NO_SLICE else=long_way
    cmpq    $-1, %gs:CPU_SLICE_END
    jne     \else                       /* one is under way, which the invoker keeps */
    cmpq    $0, %gs:CPU_PREEMPT_SEED
    jne     \else                       /* everybody gets a random one */
.endm

/* Would the process at r11, of the priority in r10, be the next to run when the one at r8 stops, with no
 * slice to be kept or begun? */
.macro NEXT_TO_RUN
    cmpl    %gs:CPU_READY_TOP, %r10d
    jle     long_way                    /* another one is of higher priority, or comes first */
    NO_SLICE
.endm

/* The string of the process at r8 into the buffer of that at r11, if C finds all pages of both at
 * once. Its length stands beside the capability then. Keeps all but rax, r10, r11, which it gives
 * back, words that it saves, and rcx, which it gives back or loads from \again. The stack is not as C would align it, which matters to SSE
 * only. */
.macro GIVE_STRING may_not, again
    .if     \may_not
    testb   $LK_SSTR, %al
    jz      1f
    .endif
    SAVE    %r8, rax, rdi, rsi, rdx
    movq    %gs:CPU_KERNEL_STACK, %rsp
    .ifb    \again
    pushq   %rcx
    .endif
    pushq   %r11
    pushq   %r10
    movq    %r8, %rdi
    movq    %r11, %rsi
    call    ipc_give_string
    popq    %r10
    popq    %r11
    .ifb    \again
    popq    %rcx
    .else
    movq    \again, %rcx
    .endif
    movq    %gs:CPU_CURRENT, %r8
    movq    P_REPLY(%r8), %rsp          /* as a call has it */
    LOAD    %r8, rdi, rsi, rdx
    testq   %rax, %rax
    js      string_fails
    .if     \may_not
    movl    %eax, %gs:SENT_LENGTH
    movq    P_rax(%r8), %rax
1:
    .endif
.endm

/* Does the process at r8 invoke with nothing else to be looked at? */
.macro PLAIN
    cmpq    $0, P_STATE(%r8)
    jne     long_way                    /* a debugger, notices, senders that wait */
.endm

/* May a string of a length that makes sense be received? */
.macro STRING_LIMIT
    movq    %r9, P_r9(%r8)
    cmpl    $LK_MAX_STRING, P_r9 + 4(%r8)
    ja      long_way
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

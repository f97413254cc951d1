/* SPDX-License-Identifier: BSD-2-Clause
 *
 * To be included: what the ways into the kernel and out of it have in common (entry.S, fastpath.S,
 * switch.S).
 */

/* Registers into the process at \p, and from there. To load \p itself comes last. */
.macro SAVE p, registers:vararg
    .irp    register, \registers
    movq    %\register, P_\register(\p)
    .endr
.endm
.macro LOAD p, registers:vararg
    .irp    register, \registers
    movq    P_\register(\p), %\register
    .endr
.endm

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

/* The address space of the process at \p. Uses \root. */
.macro LOAD_ROOT p, root
    movq    P_SPACE_ROOT(\p), \root
    cmpq    %gs:CPU_LOADED_ROOT, \root
    je      .Lloaded\@
    movq    \root, %cr3
    movq    \root, %gs:CPU_LOADED_ROOT
    incq    %gs:CPU_CR3_WRITES
.Lloaded\@:
.endm

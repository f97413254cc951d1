/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs for raw processes that run on: no register changes.
 */
        .text
        .globl  spin_on
        .type   spin_on, @function
spin_on:
        jmp     spin_on
        .size   spin_on, . - spin_on

        .section .note.GNU-stack, "", @progbits

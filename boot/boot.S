/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The first instructions. QEMU (PVH) and GRUB (multiboot2, on BIOS and on UEFI) both enter at boot_entry in 32-bit
 * protected mode with paging off. This file finds out who called, makes sure that the CPU can run the kernel, builds
 * page tables good enough to reach the linked addresses, and goes to boot_main() in C.
 *
 * Whatever goes wrong, from the first instruction on, is said on COM1 and ends QEMU with EXIT_CODE_BOOT: there are
 * exception handlers for the 32-bit part; the kernel loads its own as the first thing in C.
 */
#include "boot/boot.h"
#include "boot/exit_codes.h"
#include <arch/paging.h>
#include <arch/vectors.h>

#define PAGE 4096
#define COM1 0x3f8

#define CODE32 0x18

#define PTE_TABLE 0x3  /* present, writable */
#define PTE_LARGE 0x83 /* and 2 MiB */

#define CR0_VALUE 0x80010033 /* PG WP NE ET MP PE */
#define CR4_VALUE 0xa0       /* PGE PAE */
#define MSR_EFER 0xc0000080
#define EFER_BITS 0x900 /* NXE LME */
#define CPUID_LM_BIT 29
#define CPUID_NX_BIT 20

/* --- headers that the loaders look for ------------------------------------------------------------------------- */

    .section .boot.header, "a"
    .balign 8
multiboot2_header:
    .long MB2_HEADER_MAGIC
    .long 0                                      /* i386, 32-bit protected mode */
    .long multiboot2_header_end - multiboot2_header
    .long -(MB2_HEADER_MAGIC + (multiboot2_header_end - multiboot2_header))

    .balign 8
    .short 1                                     /* information we cannot do without */
    .short 0
    .long 12
    .long MB2_TAG_MEMORY_MAP

    .balign 8
    .short 6                                     /* modules on page boundaries */
    .short 0
    .long 8

    .balign 8
    .short 0                                     /* end */
    .short 0
    .long 8
multiboot2_header_end:

    .section .note.pvh, "a", @note
    .balign 4
    .long 4                                      /* length of the name */
    .long 8                                      /* of the value */
    .long 18                                     /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad boot_entry

/* --- 32 bits ---------------------------------------------------------------------------------------------------
 * On entry: paging off, flat segments, interrupts off, ebx the loader's information, eax its magic (multiboot2). */

    .section .boot.text, "ax"
    .code32
    .globl boot_entry
boot_entry:
    cli
    cld
    movl $boot_stack32_top, %esp
    movl %eax, %ebp                              /* kept: magic; ebx: information */

    lgdt gdt32_pointer
    ljmp $CODE32, $1f
1:  movl $SEL_KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss

    lidt idt32_pointer                           /* every exception in this part ends in exception32 */

    /* Who called? PVH promises nothing about eax, so its structure is looked at first. */
    movl $BOOT_PVH, %edi
    cmpl $PVH_MAGIC, (%ebx)
    je 3f
    movl $BOOT_MULTIBOOT2, %edi
    movl $text_loader, %esi
    cmpl $MB2_LOADER_MAGIC, %ebp
    jne fail32
3:  movl %edi, %ebp                              /* kept from here: ebp the way, ebx the information */

    /* Is there room for all that is there? QEMU puts the archive at the end of memory, even if that is over us. */
    movl $text_memory, %esi
    cmpl $BOOT_PVH, %edi
    jne 4f
    cmpl $0, PVH_MODULES(%ebx)
    je 4f
    movl PVH_MODULE_LIST(%ebx), %eax
    cmpl $0, 4(%eax)                             /* where the first begins: above 4 GiB? */
    jne 4f
    movl (%eax), %ecx
    cmpl $kernel_phys_end, %ecx
    jae 4f
    addl 8(%eax), %ecx
    cmpl $kernel_phys_start, %ecx
    ja fail32
4:  btsl $31, kernel_phys_end - 4                /* is there memory up to the end of the image? */
    btrl $31, kernel_phys_end - 4
    jnc fail32

    /* Can the CPU run us? */
    pushl %ebx                                   /* cpuid writes it */
    movl $text_long_mode, %esi
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb fail32
    movl $0x80000001, %eax
    cpuid
    btl $CPUID_LM_BIT, %edx
    jnc fail32
    movl $text_nx, %esi
    btl $CPUID_NX_BIT, %edx
    jnc fail32
    popl %ebx

    /* The first 4 GiB, in pages of 2 MiB: at 0, in the direct map, and the first of them at the image's base. The
     * loader has cleared the tables with the rest of the image's bss. */
    movl $early_directories, %edi
    movl $PTE_LARGE, %eax
5:  movl %eax, (%edi)
    addl $8, %edi
    addl $0x200000, %eax
    jnc 5b
    movl $early_directories + PTE_TABLE, %eax
    movl $early_low, %edi
    movl $4, %ecx
6:  movl %eax, (%edi)
    addl $PAGE, %eax
    addl $8, %edi
    loop 6b
    movl $early_directories + PTE_TABLE, early_high + 510 * 8
    movl $early_low + PTE_TABLE, early_root
    movl $early_low + PTE_TABLE, early_root + 256 * 8
    movl $early_high + PTE_TABLE, early_root + 511 * 8

    /* Long mode. */
    movl $CR4_VALUE, %eax
    movl %eax, %cr4
    movl $early_root, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_BITS, %eax
    wrmsr
    movl $CR0_VALUE, %eax
    movl %eax, %cr0
    ljmp $SEL_KERNEL_CODE, $start64_low

    .globl exception32                           /* kernel.ld takes it to halves */
exception32:
    movl $text_exception, %esi
    /* falls through */

/* Print the text at esi on COM1, as whoever had it before set it up, and end. */
fail32:
    lodsb
    testb %al, %al
    jz 9f
    movb %al, %ah
    movl $0x100000, %ecx                         /* do not wait for ever for a port that is not there */
    movl $COM1 + 5, %edx
8:  inb %dx, %al
    testb $0x20, %al
    loopz 8b
    movb %ah, %al
    movl $COM1, %edx
    outb %al, %dx
    jmp fail32
9:  movl $EXIT_PORT, %edx
    movl $EXIT_CODE_BOOT, %eax
    outl %eax, %dx
7:  hlt
    jmp 7b

    .macro REASON name, text
\name:
    .ascii "\r\nLykos cannot start: "
    .asciz "\text\r\n"
    .endm
    REASON text_loader, "the loader speaks neither PVH nor multiboot2"
    REASON text_memory, "too little memory for the kernel and the archive"
    REASON text_long_mode, "the CPU has no 64-bit mode"
    REASON text_nx, "the CPU has no no-execute pages (NX)"
    REASON text_exception, "an exception in the 32-bit start code"

    .balign 8
gdt32:
    .quad 0
    .quad 0x00af9b000000ffff                     /* SEL_KERNEL_CODE; accessed bits set: the CPU need not write */
    .quad 0x00cf93000000ffff                     /* SEL_KERNEL_DATA */
    .quad 0x00cf9b000000ffff                     /* CODE32 */
gdt32_pointer:
    .short 4 * 8 - 1
    .long gdt32
    .balign 8
idt32:
    .rept 32
    .short exception32_low, CODE32, 0x8e00, exception32_high /* present, interrupt gate */
    .endr
idt32_pointer:
    .short 32 * 8 - 1
    .long idt32

/* --- 64 bits, still at the physical address ----------------------------------------------------------------------*/

    .code64
start64_low:
    movabsq $start64, %rax
    jmp *%rax

    .section .boot.bss, "aw", @nobits
    .balign PAGE
early_root:
    .skip PAGE
early_low:
    .skip PAGE
early_high:
    .skip PAGE
early_directories:
    .skip 4 * PAGE
    .skip 1024
boot_stack32_top:

/* --- 64 bits, at the linked addresses ----------------------------------------------------------------------------*/

    .text
start64:
    leaq kernel_stacks + STACK_GUARD + KERNEL_STACK_SIZE(%rip), %rsp
    movl %ebp, %edi                              /* the way */
    movl %ebx, %esi                              /* the information */
    xorl %ebp, %ebp                              /* back-traces end here */
    pushq $0
    jmp boot_main                                /* with the descriptor table above, at its physical address */

    .section .note.GNU-stack, "", @progbits

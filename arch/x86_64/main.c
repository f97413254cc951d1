/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Order in which the machine is set up, from the boot code to kernel_main(). Nothing here can be
 * undone or comes twice.
 */
#include <arch/paging.h>
#include <arch/port.h>
#include <kernel/boot_info.h>

void arch_begin(void)
{
    uart_init();     /* from here on there is someone to tell */
    gdt_init(0);     /* segments and stacks */
    cpu_data_init(); /* from here on cpu_self() works, and so does panic */
    idt_init();      /* from here on exceptions say what they are */
}

void arch_main(const struct boot_info *boot)
{
    cpu_init(); /* protection, `syscall` */
    fpu_init();
    acpi_init(boot->rsdp);
    apic_init(); /* all lines masked */
    clock_init();
    kernel_main(boot);
}

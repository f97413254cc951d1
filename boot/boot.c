/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Order in which the machine is set up, from boot.S to kernel_main(): from the loader's information
 * to struct boot_info, final page tables, and the rest of the machine. Nothing here can be undone.
 *
 * Nothing a loader says is believed unchecked, and whatever is needed later is copied: once this is
 * done the loader's structures are ordinary memory. The archive stays where it is. Runs on the
 * early page tables of boot.S, which show the first 4 GiB through the direct map. Failures are said
 * by boot_fail(); an exception is a panic.
 */
#include "boot/boot.h"
#include <arch/paging.h>
#include <arch/port.h>
#include <kernel/string.h>

static struct boot_info boot_info;
static struct memmap memmap;

/* The kernel does not hand out the first MiB, and maps the archive's pages as they are. A loader
 * may have put the archive there (GRUB does on UEFI), or on no page boundary: then move it. */
static void place_archive(struct boot_info *boot)
{
    uint64_t bytes = boot->archive_end - boot->archive_start;
    kpa_t room;

    if (bytes == 0 || (boot->archive_start % PAGE_SIZE == 0 && boot->archive_start >= LOW_MEMORY)) {
        return;
    }
    room = boot_find_room(boot, bytes, UINT64_MAX, "moving the archive");
    memcpy(arch_kva(room), arch_kva(boot->archive_start), bytes);
    boot->archive_start = room;
    boot->archive_end = room + bytes;
}

void boot_main(unsigned way, uint32_t info)
{
    struct boot_info *boot = &boot_info;

    uart_init();     /* from here on there is someone to tell */
    gdt_init(0);     /* segments and stacks */
    cpu_data_init(); /* from here on cpu_self() works, and so does panic */
    idt_init();      /* from here on exceptions say what they are */
    boot->kernel_start = (kpa_t)kernel_phys_start;
    boot->kernel_end = (kpa_t)kernel_phys_end;
    if (way == BOOT_PVH) {
        boot->path = "pvh";
        boot_read_pvh(info, boot, &memmap);
    } else {
        boot->path = "multiboot2";
        boot_read_multiboot2(info, boot, &memmap);
    }

    if (memmap.ranges == 0) {
        boot_fail("the loader gave no memory map");
    }
    memmap_finish(&memmap, boot);
    if (!memmap_is_ram(boot, boot->kernel_start, boot->kernel_end)) {
        boot_fail(
            "by the loader's map there is not enough memory for the kernel, which ends at %lx",
            boot->kernel_end);
    }
    if (!memmap_is_ram(boot, boot->archive_start, boot->archive_end)) {
        boot_fail("by the loader's map there is no memory for the archive, which it put at %lx",
                  boot->archive_start);
    }
    if (boot->archive_start < boot->kernel_end && boot->archive_end > boot->kernel_start) {
        boot_fail("too little memory: the archive is over the kernel, at %lx", boot->archive_start);
    }

    paging_init(boot);
    place_archive(boot); /* may lie anywhere in RAM: through the final tables */
    cpu_init();          /* protection, `syscall` */
    fpu_init();
    acpi_init(boot->rsdp);
    apic_init(); /* all lines masked */
    clock_init();
    kernel_main(boot);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From the loader's information to struct boot_info, final page tables and the port's arch_main().
 *
 * Nothing a loader says is believed unchecked, and whatever is needed later is copied: once this is
 * done the loader's structures are ordinary memory. The archive stays where it is. Runs on the
 * early page tables of boot.S, which show the first 4 GiB through the direct map. Failures are said
 * on COM1 by boot_fail().
 */
#include "boot/boot.h"
#include "boot/exit_codes.h"
#include <arch/paging.h>
#include <arch/x86.h>
#include <kernel/arch.h>

#define COM1 0x3f8
#define COM1_LINE_STATUS (COM1 + 5)
#define TRANSMITTER_EMPTY 0x20
#define EARLY_MAPPED (4ull << 30)
#define FIRST_MIB (1ull << 20)
#define CODE64 0x08
#define EXCEPTIONS 32

static struct boot_info boot_info;
static struct memmap memmap;
static uint8_t rsdp_copy[64] ALIGNED(8);

struct gate {
    uint16_t offset_low, selector, flags, offset_middle;
    uint32_t offset_high, zero;
};
static struct gate early_idt[EXCEPTIONS];

/* --- saying what is wrong --- */

/* Waits for the port, but not for ever: it may not be there. */
static void put_char(char c)
{
    for (unsigned i = 0; i < 1u << 20; i++) {
        if ((arch_in(COM1_LINE_STATUS, 1) & TRANSMITTER_EMPTY) != 0) {
            break;
        }
    }
    arch_out(COM1, 1, (uint8_t)c);
}

static void put_text(const char *text)
{
    while (*text != '\0') {
        put_char(*text++);
    }
}

static void put_hex(uint64_t value)
{
    unsigned digits = 1;

    while (digits < 16 && value >> (4 * digits) != 0) {
        digits++;
    }
    put_text("0x");
    while (digits-- > 0) {
        put_char("0123456789abcdef"[value >> (4 * digits) & 15]);
    }
}

/* Set COM1 to 115200 baud, 8 bits, no parity, and begin a line of our own. */
static void put_begin(void)
{
    arch_out(COM1 + 3, 1, 0x80);
    arch_out(COM1 + 1, 1, 0);
    arch_out(COM1 + 0, 1, 1);
    arch_out(COM1 + 3, 1, 0x03);
    put_text("\r\nLykos cannot start: ");
}

static NORETURN void end(void)
{
    put_text("\r\n");
    arch_out(EXIT_PORT, 4, EXIT_CODE_BOOT);
    x86_stop();
}

void boot_fail(const char *text)
{
    put_begin();
    put_text(text);
    end();
}

void boot_fail_value(const char *text, uint64_t value)
{
    put_begin();
    put_text(text);
    put_text(" ");
    put_hex(value);
    end();
}

void boot_exception(uint64_t vector, uint64_t error, uint64_t rip, uint64_t cr2)
{
    put_begin();
    put_text("exception ");
    put_hex(vector);
    put_text(" in the boot code, error code ");
    put_hex(error);
    put_text(", rip ");
    put_hex(rip);
    put_text(", cr2 ");
    put_hex(cr2);
    end();
}

/* Exceptions end in boot_exception() until the port loads its own table. */
static void early_idt_load(void)
{
    for (unsigned i = 0; i < EXCEPTIONS; i++) {
        uint64_t entry = (uint64_t)boot_exception_entries + 16ull * i;

        early_idt[i] = (struct gate){
            .offset_low = (uint16_t)entry,
            .selector = CODE64,
            .flags = 0x8e00, /* present, interrupt gate, stack as it is */
            .offset_middle = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
        };
    }
    x86_lidt(&(struct table_pointer){ sizeof(early_idt) - 1, (uint64_t)early_idt });
}

/* --- what the readers of the two protocols use --- */

const void *boot_memory(kpa_t pa, uint64_t n, const char *what)
{
    if (pa == 0 || pa >= EARLY_MAPPED || n > EARLY_MAPPED - pa) {
        put_begin();
        put_text("the loader put ");
        put_text(what);
        put_text(" out of reach, at ");
        put_hex(pa);
        end();
    }
    return arch_kva(pa);
}

void boot_take_command_line(struct boot_info *boot, const char *text, uint64_t n)
{
    unsigned i;

    for (i = 0; i < n && i < BOOT_COMMAND_LINE - 1 && text[i] != '\0'; i++) {
        /* it will be printed */
        boot->command_line[i] = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
    }
    boot->command_line[i] = '\0';
}

void boot_take_archive(struct boot_info *boot, uint64_t start, uint64_t bytes)
{
    if (boot->archive_start != boot->archive_end) {
        boot_fail("the loader gave more than one module; the archive is the only one");
    }
    if (bytes == 0) {
        boot_fail("the archive is empty (a module of 0 bytes)");
    }
    if (start + bytes < start) {
        boot_fail_value("the loader says that the archive ends beyond all memory; it begins at",
                        start);
    }
    boot->archive_start = start;
    boot->archive_end = start + bytes;
}

void boot_take_rsdp(struct boot_info *boot, const void *rsdp, uint64_t n)
{
    const uint8_t *from = rsdp;

    for (unsigned i = 0; i < n && i < sizeof(rsdp_copy); i++) {
        rsdp_copy[i] = from[i];
    }
    boot->rsdp = (kpa_t)rsdp_copy - KERNEL_IMAGE_BASE;
}

/* The kernel does not hand out the first MiB, and maps the archive's pages as they are. A loader
 * may have put the archive there (GRUB does on UEFI), or on no page boundary: then move it. */
static void place_archive(struct boot_info *boot)
{
    uint64_t bytes = boot->archive_end - boot->archive_start;
    const uint8_t *from = arch_kva(boot->archive_start);
    uint8_t *to;
    kpa_t room;

    if (bytes == 0 || (boot->archive_start % PAGE_SIZE == 0 && boot->archive_start >= FIRST_MIB)) {
        return;
    }
    room = memmap_find_room(boot, bytes, UINT64_MAX);
    if (room == 0) {
        boot_fail_value("no room to move the archive to; its bytes:", bytes);
    }
    to = arch_kva(room);
    for (uint64_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
    boot->archive_start = room;
    boot->archive_end = room + bytes;
}

/* --- the order of things --- */

void boot_main(unsigned way, uint32_t info)
{
    struct boot_info *boot = &boot_info;

    early_idt_load();

    boot->kernel_start = (kpa_t)kernel_phys_start;
    boot->kernel_end = (kpa_t)kernel_phys_end;
    boot->loader = "";
    if (way == BOOT_PVH) {
        boot->path = "pvh";
        boot_read_pvh(info, boot, &memmap);
    } else {
        boot->path = "multiboot2";
        boot_read_multiboot2(info, boot, &memmap);
    }

    if (!memmap_finish(&memmap, boot)) {
        boot_fail_value("the loader's memory map falls into too many pieces; the most are",
                        BOOT_MAX_RANGES);
    }
    if (!memmap_is_ram(boot, boot->kernel_start, boot->kernel_end)) {
        boot_fail_value(
            "by the loader's map there is not enough memory for the kernel, which ends at",
            boot->kernel_end);
    }
    if (!memmap_is_ram(boot, boot->archive_start, boot->archive_end)) {
        boot_fail_value("by the loader's map there is no memory for the archive, which it put at",
                        boot->archive_start);
    }
    if (boot->archive_start < boot->kernel_end && boot->archive_end > boot->kernel_start) {
        boot_fail_value("the loader put the archive over the kernel, at", boot->archive_start);
    }

    paging_init(boot);
    place_archive(boot); /* may lie anywhere in RAM: through the final tables */
    arch_main(boot);
}

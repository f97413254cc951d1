/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptor tables: segments (flat, all of them), the task state segment with the stacks, and the
 * interrupt gates that are made from the table in entry.S.
 */
#include <arch/paging.h>
#include <arch/port.h>
#include <arch/trap.h>
#include <arch/x86.h>

#define GDT_ENTRIES 8 /* the last two are one descriptor, of the TSS */
#define IDT_ENTRIES 256

/* Access bytes and flags, at their places in a descriptor. */
#define DESC_PRESENT (1ull << 47)
#define DESC_USER (3ull << 45)
#define DESC_CODE (0x1bull << 40) /* execute, read, accessed */
#define DESC_DATA (0x13ull << 40) /* read, write, accessed */
#define DESC_TSS (0x09ull << 40)
#define DESC_LONG (1ull << 53)

#define GATE_INTERRUPT 0x8e /* present, interrupts off */

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};
STATIC_ASSERT(sizeof(struct gate) == 16, "interrupt gate");

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3]; /* rsp[0]: stack for entries from user level */
    uint64_t reserved1;
    uint64_t ist[7]; /* ist[n - 1] is stack n */
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} PACKED;
STATIC_ASSERT(sizeof(struct tss) == 104, "task state segment");

static struct {
    uint64_t gdt[GDT_ENTRIES];
    struct tss tss;
} tables[STACKS] ALIGNED(64);
static struct gate idt[IDT_ENTRIES] ALIGNED(64);

void gdt_init(unsigned id)
{
    uint64_t *gdt = tables[id].gdt;
    struct tss *tss = &tables[id].tss;
    uint64_t base = (uint64_t)tss;
    struct table_pointer pointer = { sizeof(tables[id].gdt) - 1, (uint64_t)gdt };

    tss->rsp[0] = stack_top(id, STACK_KERNEL);
    for (unsigned i = 1; i < STACKS_PER_CPU; i++) {
        tss->ist[i - 1] = stack_top(id, i);
    }
    tss->io_map = sizeof(*tss); /* behind the limit: no port is open to users */

    gdt[SEL_KERNEL_CODE / 8] = DESC_PRESENT | DESC_CODE | DESC_LONG;
    gdt[SEL_KERNEL_DATA / 8] = DESC_PRESENT | DESC_DATA;
    gdt[SEL_USER_DATA / 8] = DESC_PRESENT | DESC_DATA | DESC_USER;
    gdt[SEL_USER_CODE / 8] = DESC_PRESENT | DESC_CODE | DESC_LONG | DESC_USER;
    gdt[SEL_TSS / 8] = DESC_PRESENT | DESC_TSS | (sizeof(*tss) - 1) | (base & 0xffffff) << 16 |
                       (base >> 24 & 0xff) << 56;
    gdt[SEL_TSS / 8 + 1] = base >> 32;

    /* CS and SS are loaded: boot.S has the same ones in the same places. */
    x86_load_segments(&pointer, SEL_TSS);
}

void idt_init(void)
{
    struct table_pointer pointer = { sizeof(idt) - 1, (uint64_t)idt };

    for (uint64_t i = 0; i < vector_count; i++) {
        const struct vector *v = &vector_table[i];

        idt[v->number] = (struct gate){
            .offset_low = (uint16_t)v->entry,
            .offset_middle = (uint16_t)(v->entry >> 16),
            .offset_high = (uint32_t)(v->entry >> 32),
            .selector = SEL_KERNEL_CODE,
            .ist = (uint8_t)v->ist,
            .type = (uint8_t)(GATE_INTERRUPT | v->dpl << 5),
        };
    }
    x86_lidt(&pointer);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of the machine's part: what the page tables in use grant the kernel, the protections
 * of the processor that are on, the clock, and that the tables made for users are read by the
 * processor as they are meant.
 *
 * The walk here is a second one, from CR3 on and by the processor's manual alone, so that it does
 * not share a mistake with the code that made the tables.
 */
#include "helpers.h"
#include "selftest.h"

#include <arch/mmu.h>
#include <arch/paging.h>
#include <arch/port.h>
#include <arch/x86.h>
#include <kernel/cpu.h>
#include <kernel/gpt.h>
#include <kernel/symbols.h>

#define ENTRY_LARGE (1ull << 7)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define LEVELS 4u
#define EFER_NXE (1ull << 11)

/* What the tables grant at an address: the rights of all levels together. */
struct grant {
    bool present, write, user, exec;
};

static struct grant grant_at(uint64_t va)
{
    kpa_t table = x86_read_cr3() & ENTRY_ADDRESS;
    struct grant g = { .write = true, .user = true, .exec = true };

    for (unsigned level = LEVELS; level-- > 0;) {
        uint64_t e = ((const uint64_t *)arch_kva(table))[va >> (12 + 9 * level) & 511];

        if (!(e & PTE_PRESENT)) {
            return g;
        }
        g.write = g.write && (e & PTE_WRITE);
        g.user = g.user && (e & PTE_USER);
        g.exec = g.exec && !(e & PTE_NO_EXEC);
        if (level == 0 || (e & ENTRY_LARGE)) {
            break;
        }
        table = e & ENTRY_ADDRESS;
    }
    g.present = true;
    return g;
}

/* Leaves below `table` that are writable and executable, or the user's; `rights` are those of the
 * levels above. */
static unsigned bad_leaves(kpa_t table, unsigned level, struct grant rights, uint64_t *leaves)
{
    unsigned bad = 0;

    for (unsigned i = 0; i < 512; i++) {
        uint64_t e = ((const uint64_t *)arch_kva(table))[i];
        struct grant g = { .write = rights.write && (e & PTE_WRITE),
                           .user = rights.user && (e & PTE_USER),
                           .exec = rights.exec && !(e & PTE_NO_EXEC) };

        if (!(e & PTE_PRESENT)) {
            continue;
        }
        if (level > 0 && !(e & ENTRY_LARGE)) {
            bad += bad_leaves(e & ENTRY_ADDRESS, level - 1, g, leaves);
        } else {
            (*leaves)++;
            bad += (g.write && g.exec) || g.user;
        }
    }
    return bad;
}

SELFTEST(arch_write_or_execute,
         "no page of the kernel is both writable and executable, and none is the user's")
{
    uint64_t leaves = 0;

    CHECK_EQUAL(bad_leaves(x86_read_cr3() & ENTRY_ADDRESS, LEVELS - 1,
                           (struct grant){ .write = true, .user = true, .exec = true }, &leaves),
                0);
    CHECK(leaves > 100); /* it did walk them */
}

SELFTEST(arch_lower_half, "nothing is mapped in the lower half, at page 0 least of all")
{
    const uint64_t *top = arch_kva(x86_read_cr3() & ENTRY_ADDRESS);
    bool empty = true;

    for (unsigned i = 0; i < 256; i++) {
        empty = empty && !(top[i] & PTE_PRESENT);
    }
    CHECK(empty);
    CHECK(!grant_at(0).present);
}

SELFTEST(arch_guard_pages, "below every kernel stack lies a page that is not mapped")
{
    for (unsigned i = 0; i < STACKS_PER_CPU; i++) {
        uint64_t top = stack_top(0, i);

        CHECK(!grant_at(top - KERNEL_STACK_SIZE - 1).present);
        CHECK(grant_at(top - KERNEL_STACK_SIZE).write && !grant_at(top - 1).exec);
        CHECK(stack_at(top - KERNEL_STACK_SIZE - 1) == &kernel_stacks[i]);
        CHECK(stack_at(top - 1) == &kernel_stacks[i]);
    }
    CHECK(stack_at(stack_top(STACKS - 1, STACKS_PER_CPU - 1)) == NULL);
}

SELFTEST(arch_text_alias,
         "the kernel's text and constants cannot be written, nor through the direct map")
{
    bool holds = true;

    for (uint64_t va = (uint64_t)kernel_text_start; va < (uint64_t)kernel_rodata_end;
         va += PAGE_SIZE) {
        bool is_text = va < (uint64_t)kernel_text_end;
        struct grant text = grant_at(va);
        struct grant alias = grant_at((uint64_t)arch_kva(va - KERNEL_IMAGE_BASE));

        holds = holds && text.present && text.exec == is_text && !text.write && alias.present &&
                !alias.write && !alias.exec;
    }
    CHECK(holds);
}

SELFTEST(arch_protections, "the protections that CPUID names are on")
{
    struct cpuid more = x86_cpuid(7, 0);
    uint64_t cr4 = x86_read_cr4();

    CHECK_EQUAL((cr4 & CR4_SMEP) != 0, more.ebx >> 7 & 1);
    CHECK_EQUAL((cr4 & CR4_SMAP) != 0, more.ebx >> 20 & 1);
    CHECK_EQUAL((cr4 & CR4_UMIP) != 0, more.ecx >> 2 & 1);
    CHECK_EQUAL(cr4 >> 16 & 1, 0); /* FSGSBASE: off */
    CHECK_EQUAL(cr4 >> 18 & 1, 0); /* OSXSAVE: off */
    CHECK(x86_read_cr0() & CR0_WP);
    CHECK(x86_rdmsr(MSR_EFER) & EFER_NXE);
    CHECK_EQUAL(x86_rdmsr(MSR_KERNEL_GS_BASE), 0); /* of users */
}

SELFTEST(arch_clock, "the clock goes on, never back, and keeps the pace of the cycle counter")
{
    /* Each reading of the clock lies between two of the counter, however long the machine takes in
     * between. */
    uint64_t before_first = arch_cycles();
    nsec_t first = arch_now();
    uint64_t after_first = arch_cycles();
    nsec_t last = first;
    bool holds = true;
    uint64_t before_last;
    uint64_t after_last;

    for (unsigned i = 0; i < 200000; i++) {
        nsec_t now = arch_now();

        holds = holds && now >= last;
        last = now;
    }
    CHECK(holds);
    before_last = arch_cycles();
    last = arch_now();
    after_last = arch_cycles();
    CHECK(last > first);
    CHECK(last - first + 2 >= arch_cycles_to_ns(before_last - after_first));
    CHECK(last - first <= arch_cycles_to_ns(after_last - before_first) + 2);
}

#define PAGES 12

/* An address of the page with number `i`: neighbours, and far apart; in other tables of each level.
 */
static uva_t page_address(unsigned i)
{
    static const unsigned shift[] = { 12, 12, 21, 30, 39 };

    return 0x1000 + ((uva_t)(i % 3) << shift[i / 3 + 1]) + (uva_t)(i / 3) * 0x10000;
}

/* Read a word of user memory as the processor sees it. */
static uint64_t read_user(uva_t address)
{
    uint64_t cr4 = x86_read_cr4();
    uint64_t value;

    x86_write_cr4(cr4 & ~CR4_SMAP);
    __asm__ volatile("movq (%1), %0" : "=r"(value) : "r"(address) : "memory");
    x86_write_cr4(cr4);
    return value;
}

/* Put a page at an address of the space below `top`, with GPTs made on the way. */
static void insert(struct gpt *top, uva_t address, struct objhdr *page, struct objhdr *made[],
                   unsigned *count)
{
    static const uint8_t l2v[] = { 39, 30, 21, 16, 12 };
    struct gpt *g = top;
    uva_t rest = address;

    for (unsigned i = 0; i < ARRAY_LEN(l2v); i++) {
        struct cap *slot = &g->state.slot[rest >> g->state.l2v];

        rest &= (1ull << g->state.l2v) - 1;
        if (slot->type == CAP_NULL) {
            struct objhdr *hdr = test_make(FRAME_GPT);

            ((struct gpt *)(void *)hdr)->state.l2v = l2v[i];
            *slot = object_cap(hdr);
            slot->aux = g->state.l2v;
            made[(*count)++] = hdr;
        }
        g = (struct gpt *)(void *)oid_header(slot->oid);
    }
    g->state.slot[rest >> g->state.l2v] = object_cap(page);
}

SELFTEST(arch_user_tables, "the processor finds through the tables of a user what the walk finds")
{
    static struct objhdr *made[5 * PAGES];
    static struct objhdr *page[PAGES];
    struct process *p = test_make_process(1);
    struct gpt *top = (struct gpt *)(void *)test_make(FRAME_GPT);
    unsigned count = 0;

    top->state.l2v = 43;
    for (unsigned i = 0; i < PAGES; i++) {
        page[i] = test_make(FRAME_PAGE);
        *(uint64_t *)arch_kva(object_pfn(page[i]) << PAGE_SHIFT) = 0xabcd0000u + i;
        insert(top, page_address(i), page[i], made, &count);
    }
    test_commit();
    p->slot[SLOT_ADDR_SPACE] = object_cap(&top->hdr);
    space_set(p);
    for (unsigned i = 0; i < PAGES; i++) {
        struct walk w;
        uint64_t value;

        txn_begin();
        if (!CHECK_EQUAL(space_map(p, page_address(i), ACCESS_READ, &w), FAULT_NONE)) {
            continue;
        }
        mmu_load_root(p->space_root);
        value = read_user(page_address(i));
        CHECK(!grant_at(0).present && grant_at((uint64_t)kernel_text_start).exec);
        mmu_load_root(kernel_root);
        CHECK_EQUAL(value, 0xabcd0000u + i);
    }
    test_rescind_process(p);
    for (unsigned i = 0; i < PAGES; i++) {
        test_rescind(page[i]);
    }
    while (count > 0) {
        test_rescind(made[--count]);
    }
    test_rescind(&top->hdr);
    CHECK_EQUAL(space_check(), 0);
}

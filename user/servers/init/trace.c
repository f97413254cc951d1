/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Back-traces; see trace.h. Programs are compiled with frame pointers: at (rbp) stands the caller's
 * rbp, behind it the return address. _start and the first function of a thread begin with rbp 0.
 */
#include "trace.h"

#include "registers.h"
#include "space.h"

#include <lykos/string.h>
#include <lykos/stubs.h>

#define WORD sizeof(uint64_t)
#define PUSH_RBP 0x55 /* the first instruction of a function, one byte */
#define CALL 0xe8     /* a call, with four bytes of distance */
#define CALL_BYTES 5u
#define CALL_THROUGH 0xff /* a call through a register or memory, if the next byte says so: */
#define WHAT_MASK 0x38
#define WHAT_CALL 0x10
#define CALL_THROUGH_MOST 7u /* bytes */
#define LOOKED_AT 8u /* frames whose function is looked up: endless recursion has very many */
#define DEPTH 12u    /* levels of GPTs that are followed */
#define STACK_MOST 0x100000u /* a frame is no larger */

static uint64_t page_address; /* of what is in `page`; 0: nothing */
static uint64_t page[SPACE_PAGE / WORD];

/* ---- the process's memory -------------------------------------------------------------------- */

/* The memory in REG_CHILD translates *address: what is left of it. */
static bool pass_guard(uint64_t *address)
{
    uint64_t match = 0;
    uint64_t l2g = 0;

    if (lk_memory_get_guard(REG_CHILD, &match, &l2g, NULL) != STATUS_OK || l2g >= 64 ||
        *address >> l2g != match) {
        return false;
    }
    *address &= (1ull << l2g) - 1;
    return true;
}

/* The page at an address of the process's space into REG_CHILD, as the kernel walks. */
static bool find_page(uint32_t process, uint64_t address)
{
    enum status s = lk_process_get_slot(process, SLOT_ADDR_SPACE, REG_CHILD);

    for (unsigned depth = 0; s == STATUS_OK && depth < DEPTH; depth++) {
        uint64_t type = LK_TYPE_NULL;
        uint64_t l2v = 0;

        if (lk_discrim_classify(LK_INIT_DISCRIM, REG_CHILD, &type, NULL) != STATUS_OK ||
            (type != LK_TYPE_GPT && type != LK_TYPE_PAGE) || !pass_guard(&address)) {
            return false;
        }
        if (type == LK_TYPE_PAGE) {
            return address < SPACE_PAGE;
        }
        s = lk_gpt_get_state(REG_CHILD, &l2v, NULL);
        if (s == STATUS_OK) {
            s = lk_gpt_get_slot(REG_CHILD, address >> l2v, REG_CHILD);
            address &= (1ull << l2v) - 1;
        }
    }
    return false;
}

/* A word of the process's memory. False: nothing is there. */
static bool read_word(uint32_t process, uint64_t address, uint64_t *out)
{
    uint64_t at = address & ~(uint64_t)(SPACE_PAGE - 1);

    if (address % WORD != 0 || at == 0) {
        return false;
    }
    if (at != page_address) {
        page_address = 0;
        if (!find_page(process, at) ||
            lk_memory_set_guard(REG_CHILD, 0, 12, REG_CHILD) != STATUS_OK ||
            space_show(REG_CHILD) != STATUS_OK) {
            return false;
        }
        memcpy(page, (const void *)LK_INIT_SCRATCH_VA, sizeof(page));
        space_show(0);
        lk_drop_cap(REG_CHILD);
        page_address = at;
    }
    *out = page[(address - at) / WORD];
    return true;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static const struct elf_segment *code_at(uint32_t i, uint64_t address)
{
    const struct elf_program *elf = &instance_kind(i)->elf;

    for (unsigned n = 0; n < elf->segments; n++) {
        const struct elf_segment *s = &elf->segment[n];

        if (s->exec && address >= s->address && address - s->address < s->file_size) {
            return s;
        }
    }
    return NULL;
}

/* A byte of the program's code as its file has it; 0 where there is none. */
static uint8_t code_byte(uint32_t i, uint64_t address)
{
    const struct elf_segment *s = code_at(i, address);

    return s != NULL ? instance_kind(i)->file.at[s->offset + (address - s->address)] : 0;
}

/* May a process at this address be without a frame of its function: jumped to nowhere, at the first
 * instruction, or in a function that has none, or not on every way? Such begin otherwise. */
static bool may_lack_frame(uint32_t i, uint64_t address)
{
    const struct archive_file *file = &instance_kind(i)->file;
    char name[2];
    uint64_t offset = 0;

    return code_at(i, address) == NULL || code_byte(i, address) == PUSH_RBP ||
           !elf_symbol(file->at, file->bytes, address, name, sizeof(name), &offset) ||
           code_byte(i, address - offset) != PUSH_RBP;
}

/* Does what may be a call stand before this address? */
static bool is_behind_call(uint32_t i, uint64_t address)
{
    if (code_byte(i, address - CALL_BYTES) == CALL) {
        return true;
    }
    for (unsigned n = 2; n <= CALL_THROUGH_MOST; n++) {
        if (code_byte(i, address - n) == CALL_THROUGH &&
            (code_byte(i, address - n + 1) & WHAT_MASK) == WHAT_CALL) {
            return true;
        }
    }
    return false;
}

struct frame trace_begin(uint32_t i, const struct lk_regs *regs)
{
    page_address = 0;
    return (struct frame){
        .address = regs->rip,
        .stack = regs->rsp,
        .pointer = regs->rbp,
        .just_called = may_lack_frame(i, regs->rip),
    };
}

/* Frames lie above each other, and not far. */
static bool pointer_is_good(const struct frame *f)
{
    return f->pointer >= f->stack && f->pointer - f->stack < STACK_MOST;
}

/* A return address at `at` of the stack, whose frame pointer is `pointer`: that is the caller. */
static bool goes_back_to(uint32_t i, uint32_t process, struct frame *f, uint64_t at,
                         uint64_t pointer)
{
    uint64_t address;

    if (!read_word(process, at, &address) || !is_behind_call(i, address)) {
        return false;
    }
    *f = (struct frame){
        .address = address,
        .stack = at + WORD,
        .pointer = pointer,
        .number = f->number + 1,
        .just_called = f->number + 1 < LOOKED_AT && may_lack_frame(i, address),
    };
    return true;
}

void trace_up(uint32_t i, uint32_t process, struct frame *f)
{
    uint64_t pointer;

    if (f->just_called && goes_back_to(i, process, f, f->stack, f->pointer)) {
        return;
    }
    if (!pointer_is_good(f) || !read_word(process, f->pointer, &pointer) ||
        !goes_back_to(i, process, f, f->pointer + WORD, pointer)) {
        f->address = 0;
    }
}

unsigned trace_depth(uint32_t i, uint32_t process, const struct lk_regs *regs)
{
    struct frame f = trace_begin(i, regs);
    unsigned n = 0;

    while (f.address != 0 && n < TRACE_MOST) {
        n++;
        trace_up(i, process, &f);
    }
    return n;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Back-traces; see trace.h. Programs are compiled with frame pointers: at (rbp) stands the caller's
 * rbp, behind it the return address. _start and the first function of a thread begin with rbp 0.
 */
#include "trace.h"

#include "peek.h"

#include <lykos/pager.h>

#define WORD sizeof(uint64_t)
#define PUSH_RBP 0x55 /* the first instruction of a function, one byte */
#define CALL 0xe8     /* a call, with four bytes of distance */
#define CALL_BYTES 5u
#define CALL_THROUGH 0xff /* a call through a register or memory, if the next byte says so: */
#define WHAT_MASK 0x38
#define WHAT_CALL 0x10
#define CALL_THROUGH_MOST 7u /* bytes */
#define LOOKED_AT 8u /* frames whose function is looked up: endless recursion has very many */
#define STACK_MOST LK_STACK_EACH /* no stack is larger */

/* A word of the process's stack. False: nothing is there. */
static bool read_word(uint32_t process, uint64_t address, uint64_t *out)
{
    return address % WORD == 0 && peek_page(process, address, out, WORD);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static uint8_t code_byte(uint32_t i, uint64_t address)
{
    return elf_code_byte(&instance_kind(i)->elf, instance_kind(i)->file.at, address);
}

/* May a process at this address be without a frame of its function: jumped to nowhere, at the first
 * instruction, or in a function that has none, or not on every way? Such begin otherwise. */
static bool may_lack_frame(uint32_t i, uint64_t address)
{
    const struct archive_file *file = &instance_kind(i)->file;
    char name[2];
    uint64_t offset = 0;

    return elf_code_at(&instance_kind(i)->elf, address) == NULL ||
           code_byte(i, address) == PUSH_RBP ||
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
    peek_forget();
    return (struct frame){
        .address = regs->rip,
        .stack = regs->rsp,
        .limit = regs->rsp < UINT64_MAX - STACK_MOST ? regs->rsp + STACK_MOST : regs->rsp,
        .pointer = regs->rbp,
        .just_called = may_lack_frame(i, regs->rip),
    };
}

/* Frames lie above each other, all in one stack: so few pages are read, whatever the program has
 * there. */
static bool pointer_is_good(const struct frame *f)
{
    return f->pointer >= f->stack && f->pointer < f->limit;
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
        .limit = f->limit,
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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A fault. The message says that there was one; what it is now the process says itself
 * (Process.getState): it may have been resumed in between, or destroyed, or somebody who got hold
 * of the Entry may have made the message up. So whatever capability 0 is, the page goes into the
 * space that the payload names, is paid by its bank, and is one that its regions allow.
 *
 * Everything is looked at before something is made, and what is made is put into the space as the
 * last step: if the pager ends in between, whoever comes after it finds the space as it was or as
 * it is to be.
 */
#include "pager.h"

#include <lykos/string.h>
#include <lykos/stubs.h>

#define NO_WRITE (LK_RO | LK_WK)

/* So many faults in a row of one space may be for pages that are there: threads that touched the
 * same page. More, and its tree is not what the pager takes it for, or the process is not in it. */
#define IN_VAIN_MOST 256u

/* A fault, while it is worked on. */
struct fault {
    uint64_t number;
    uint64_t code;
    uint64_t page; /* its address */
    struct space *space;
    const struct pager_region *region;
    unsigned restr; /* on the way to the leaf */
    bool cached;
};

/* What is to become of the process. LOOK_AGAIN: the way down was remembered, and may be wrong. */
enum outcome { RESUME, PASS_ON, LOOK_AGAIN };

static enum outcome pass_on(struct fault *f)
{
    f->space->info.passed++;
    return PASS_ON;
}

static enum outcome refused(struct fault *f)
{
    f->space->info.refused++;
    return PASS_ON;
}

/* Put the page in P_PAGE into the leaf, with the region's restrictions and `more`. */
static enum status put_page(const struct fault *f, unsigned more)
{
    unsigned restr = (f->region->restr | more) & ~f->restr;
    uint32_t reg = P_PAGE;

    if (restr != 0) {
        if (lk_memory_reduce(P_PAGE, restr, P_OLD) != STATUS_OK) {
            return STATUS_REQUEST_ERROR;
        }
        reg = P_OLD;
    }
    return lk_gpt_swap_slot(P_LEAF, f->page / PAGER_PAGE % 16, reg, 0);
}

/* Put a page of the bank there. If that does not go it goes back. */
static enum outcome put_made(struct fault *f, uint64_t *count)
{
    if (put_page(f, 0) != STATUS_OK) {
        paid_free(P_BANK, P_PAGE);
        return f->cached ? LOOK_AGAIN : refused(f);
    }
    ++*count;
    f->space->in_vain = 0;
    return RESUME;
}

/* The part of the file, then zeros, into the page in P_PAGE: by way of the scratch page. */
static enum status fill(const struct page_plan *plan)
{
    uintptr_t from = plan->from;
    char *to = own_scratch();

    __asm__("" : "+r"(from));
    memcpy(to, (const void *)from, plan->bytes);
    memset(to + plan->bytes, 0, PAGER_PAGE - plan->bytes);
    return lk_page_copy_from(P_PAGE, P_SCRATCH);
}

/* The archive's own page, read-only. */
static enum outcome share(struct fault *f, uint64_t from)
{
    if (own_archive_page(from, P_PAGE) != STATUS_OK) {
        return refused(f);
    }
    if (put_page(f, LK_RO) != STATUS_OK) {
        return f->cached ? LOOK_AGAIN : refused(f);
    }
    f->space->info.mapped++;
    f->space->in_vain = 0;
    return RESUME;
}

/* Nothing is there: what belongs there. */
static enum outcome provide(struct fault *f)
{
    struct page_plan plan = region_plan(f->region, f->page);

    if (plan.source == PAGE_SHARED) {
        return share(f, plan.from);
    }
    if (paid_make(P_BANK, LK_TYPE_PAGE, P_PAGE) != STATUS_OK) {
        return refused(f);
    }
    if (plan.source == PAGE_FILLED && fill(&plan) != STATUS_OK) {
        paid_free(P_BANK, P_PAGE);
        return refused(f);
    }
    return put_made(f, plan.source == PAGE_ZEROS ? &f->space->info.zeroed : &f->space->info.copied);
}

/* The page in P_OLD is the file's and may be written: a copy in its place. */
static enum outcome copy(struct fault *f)
{
    if (paid_make(P_BANK, LK_TYPE_PAGE, P_PAGE) != STATUS_OK) {
        return refused(f);
    }
    if (lk_page_copy_from(P_PAGE, P_OLD) != STATUS_OK) {
        paid_free(P_BANK, P_PAGE);
        return refused(f);
    }
    return put_made(f, &f->space->info.copied);
}

/* There is a page, with these restrictions from the root to it. If it grants what the fault was
 * about the fault is an old one, unless the leaf is not the space's any more. */
static enum outcome page_is_there(struct fault *f, unsigned restr)
{
    bool in_vain = (f->code == FAULT_ACCESS_VIOLATION && (restr & NO_WRITE) != 0) ||
                   (f->code == FAULT_NO_EXEC && (restr & LK_NX) != 0);

    if (in_vain && f->code == FAULT_ACCESS_VIOLATION && f->region->kind == PAGER_IMAGE &&
        (f->restr & NO_WRITE) == 0) {
        return copy(f);
    }
    if (f->cached) {
        return LOOK_AGAIN;
    }
    return in_vain || ++f->space->in_vain > IN_VAIN_MOST ? pass_on(f) : RESUME;
}

static enum outcome repair(struct fault *f)
{
    enum status s = space_leaf(f->number, f->page, f->region, &f->restr, &f->cached);
    uint64_t restr = 0;
    uint64_t type;

    if (s == STATUS_OK) {
        s = lk_gpt_get_slot(P_LEAF, f->page / PAGER_PAGE % 16, P_OLD);
    }
    if (s != STATUS_OK) {
        return f->cached ? LOOK_AGAIN : refused(f);
    }
    type = cap_type(P_OLD, &restr);
    if (type == LK_TYPE_NULL) {
        return provide(f);
    }
    return type == LK_TYPE_PAGE ? page_is_there(f, f->restr | (unsigned)restr) : pass_on(f);
}

/* The same for a page that nobody has touched. */
static enum outcome provide_ahead(struct fault *f)
{
    if (space_leaf(f->number, f->page, f->region, &f->restr, &f->cached) != STATUS_OK ||
        lk_gpt_get_slot(P_LEAF, f->page / PAGER_PAGE % 16, P_OLD) != STATUS_OK) {
        return f->cached ? LOOK_AGAIN : refused(f);
    }
    switch (cap_type(P_OLD, NULL)) {
    case LK_TYPE_NULL:
        return provide(f);
    case LK_TYPE_PAGE:
        return RESUME;
    default:
        return pass_on(f);
    }
}

enum status fault_provide(uint64_t number, uint64_t page)
{
    struct fault f = { .number = number, .page = page, .space = space_of(number) };
    enum outcome o;

    if (f.space == NULL) {
        return STATUS_OUT_OF_RANGE;
    }
    f.region = region_find(f.space->region, f.space->regions, page);
    if (f.region == NULL) {
        return STATUS_OUT_OF_RANGE;
    }
    if (region_plan(f.region, page).source == PAGE_NONE) {
        return STATUS_OUT_OF_RANGE; /* the lowest of a stack */
    }
    o = provide_ahead(&f);
    if (o == LOOK_AGAIN) {
        space_forget_leaf(number);
        o = provide_ahead(&f);
    }
    return o == RESUME ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Does the region allow what the process did? */
static bool allowed(const struct fault *f)
{
    switch (f->code) {
    case FAULT_INVALID_ADDR:
        break;
    case FAULT_ACCESS_VIOLATION:
        if ((f->region->restr & LK_RO) != 0) {
            return false;
        }
        break;
    case FAULT_NO_EXEC:
        if ((f->region->restr & LK_NX) != 0) {
            return false;
        }
        break;
    default:
        return false;
    }
    return region_plan(f->region, f->page).source != PAGE_NONE;
}

static enum outcome judge(struct fault *f)
{
    enum outcome o;

    f->space = space_of(f->number);
    if (f->space == NULL) {
        return PASS_ON;
    }
    f->region = region_find(f->space->region, f->space->regions, f->page);
    if (f->region == NULL || !allowed(f)) {
        return pass_on(f);
    }
    if (space_at_hand(f->number) != STATUS_OK) {
        return refused(f);
    }
    o = repair(f);
    if (o == LOOK_AGAIN) {
        space_forget_leaf(f->number);
        o = repair(f);
    }
    return o == LOOK_AGAIN ? refused(f) : o;
}

bool fault_take(uint64_t payload, uint64_t *how_out)
{
    struct fault f = { .number = payload };
    struct lk_in in;

    if (cap_type(LK_REG_CALLER, NULL) != LK_TYPE_PROCESS) {
        return false;
    }
    in = lk_call0(LK_REG_CALLER, OP_PROCESS_GET_STATE);
    f.code = in.w[3];
    f.page = in.w[4] & ~(PAGER_PAGE - 1);
    if (in.w[0] != STATUS_OK || f.code < FAULT_INVALID_ADDR || f.code > FAULT_MALFORMED_SPACE) {
        return false;
    }
    *how_out = judge(&f) == RESUME ? LK_RESUME_OVER : LK_RESUME_PASS_ON;
    return true;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making instances: memory, process, endpoints, address space, grants; see build.h.
 *
 * A program's memory comes from a bank of its own, below the topmost one. Only the start block is
 * made here: everything else the pager makes when it is touched. The bank and the pager themselves
 * are loaded as a whole, out of init's reserve.
 */
#include "build.h"

#include "core.h"
#include "grant.h"
#include "lives.h"
#include "paid.h"
#include "registers.h"
#include "space.h"

#include <lykos/bank.h>
#include <lykos/names.h>
#include <lykos/pager.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define BOOT_WORDS "$boot"      /* arguments that mean: the words of the boot command line */
#define IMAGE_END 0x10000000ull /* a program lies in [LK_IMAGE_VA, IMAGE_END) */
#define PAGE_OF(a) ((a) & ~(uint64_t)(SPACE_PAGE - 1))
#define PAGE_UP(a) PAGE_OF((a) + SPACE_PAGE - 1)
#define USER_FLAGS 0x202ull /* interrupts on; the bit that is always one */

/* Say what went wrong with a step of the making, if it did. */
static bool step(enum status s, const char *what, struct trouble *why)
{
    if (s != STATUS_OK) {
        trouble_say(why, "%s: %s", what, lk_status_text(s));
    }
    return s == STATUS_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

const char *build_check(unsigned program)
{
    struct kind *k = &kinds[program];

    if (!k->checked) {
        k->checked = true;
        k->wrong = archive_find(&archive, description.program[program].file, &k->file)
                       ? elf_check(&k->elf, k->file.at, k->file.bytes, LK_IMAGE_VA, IMAGE_END)
                       : "it is not in the archive";
    }
    return k->wrong;
}

/* May this page of a segment be the archive's own? All of it must be as the file has it, or never
 * looked at. */
static bool page_is_shared(const struct elf_segment *s, uint64_t page)
{
    return !s->write &&
           (s->memory_size == s->file_size || page + SPACE_PAGE <= s->address + s->file_size);
}

/* Pages that must be made for the program's segments; the rest is the archive's. */
static uint64_t pages_copied(const struct elf_program *elf)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < elf->segments; i++) {
        const struct elf_segment *s = &elf->segment[i];

        for (uint64_t page = PAGE_OF(s->address); page < s->address + s->memory_size;
             page += SPACE_PAGE) {
            n += page_is_shared(s, page) ? 0u : 1u;
        }
    }
    return n;
}

uint64_t build_frames(unsigned program)
{
    const struct program *p = &description.program[program];
    const struct elf_program *elf = &kinds[program].elf;
    const struct elf_segment *last = &elf->segment[elf->segments - 1];
    uint64_t low = LK_STACK_TOP - p->stack_pages * (uint64_t)SPACE_PAGE;
    uint64_t gpts = 1 + space_gpts_for(low, last->address + last->memory_size);

    return pages_copied(elf) + p->stack_pages + 1 + reserve_frames_for(LK_TYPE_GPT, gpts) +
           reserve_frames_for(LK_TYPE_PROCESS, 1) + reserve_frames_for(LK_TYPE_SCHEDULE, 1) +
           reserve_frames_for(LK_TYPE_ENDPOINT, 1 + p->endpoints);
}

/* ---- first step: objects --------------------------------------------------------------------- */

struct source build_source(uint32_t i)
{
    struct source s = { .purse = instance(i)->purse, .bank = REG_BANK };

    if (s.purse == NULL) {
        shelf_get(i, SHELF_BANK, REG_BANK);
    }
    return s;
}

/* An endpoint on which the process in REG_PROCESS receives, onto the shelf. */
static bool make_endpoint(const struct source *from, uint32_t i, unsigned place, uint64_t id,
                          struct trouble *why)
{
    return step(core_endpoint(from, i, id, REG_WORK), "an endpoint", why) &&
           step(lk_endpoint_set_endpoint_id(REG_WORK, id), "an endpoint's ID", why) &&
           step(lk_endpoint_set_recipient(REG_WORK, REG_PROCESS), "an endpoint's recipient", why) &&
           step(shelf_put(i, place, REG_WORK), "the shelf", why);
}

/* The reply endpoint: payload match makes its entries good for one reply each. */
static bool make_reply_endpoint(const struct source *from, uint32_t i, struct trouble *why)
{
    return make_endpoint(from, i, SHELF_REPLY, LK_REPLY_ID, why) &&
           step(lk_endpoint_set_payload_match(REG_WORK, 1), "the reply endpoint", why) &&
           step(lk_process_swap_slot(REG_PROCESS, SLOT_REPLY_ENDPOINT, REG_WORK, 0),
                "the reply endpoint", why);
}

static bool make_schedule(const struct source *from, uint32_t i, struct trouble *why)
{
    const struct program *p = instance_program(i);

    return step(source_make(from, LK_TYPE_SCHEDULE, REG_WORK), "the schedule", why) &&
           step(lk_schedctl_set_up(LK_INIT_SCHEDCTL, p->priority, p->slice, 1, REG_WORK),
                "the schedule", why) &&
           step(lk_process_swap_slot(REG_PROCESS, SLOT_SCHEDULE, REG_WORK, 0), "the schedule",
                why) &&
           step(shelf_put(i, SHELF_SCHEDULE, REG_WORK), "the shelf", why);
}

/* Does the kernel's log say nothing of it? Not of an instance whose secrets are somebody else's,
 * nor of the two servers that must deal with whatever such an instance makes of its space and its
 * capabilities: what the kernel refuses them would tell of it. */
static bool is_quiet(uint32_t i)
{
    return instance(i)->paid || core_is(i);
}

static bool make_process(const struct source *from, uint32_t i, struct trouble *why)
{
    uint64_t low;
    uint64_t high;

    lk_label_pack(instance_name(i).text, &low, &high);
    return step(source_make(from, LK_TYPE_PROCESS, REG_PROCESS), "the process", why) &&
           step(shelf_put(i, SHELF_PROCESS, REG_PROCESS), "the shelf", why) &&
           step(lk_process_set_label(REG_PROCESS, low, high), "the label", why) &&
           step(is_quiet(i) ? lk_process_set_flags(REG_PROCESS, LK_FLAG_QUIET) : STATUS_OK,
                "the flags", why) &&
           step(core_fault_entry(i, REG_WORK), "the fault handler", why) &&
           step(lk_process_swap_slot(REG_PROCESS, SLOT_HANDLER, REG_WORK, 0), "the fault handler",
                why);
}

/* A bank for the instance, onto the shelf: below the topmost one, or hidden below that of who
 * pays. */
static bool open_bank(uint32_t i, struct trouble *why)
{
    bool paid = instance(i)->paid;

    return step(lk_bank_open(paid ? BUILD_REG_PAYER : REG_MAIN_BANK, instance_name(i).text,
                             instance_program(i)->memory, REG_BANK),
                "a bank", why) &&
           step(paid ? lk_bank_hide(REG_BANK) : STATUS_OK, "hiding its bank", why) &&
           step(shelf_put(i, SHELF_BANK, REG_BANK), "the shelf", why) &&
           step(paid_make_witness(i), "a witness of its end", why);
}

bool build_objects(uint32_t i, struct trouble *why)
{
    const struct program *p = instance_program(i);
    struct source from;

    if (build_check(instance(i)->program) != NULL) {
        trouble_say(why, "file %s is refused: %s", p->file, build_check(instance(i)->program));
        return false;
    }
    instance(i)->stack_low = LK_STACK_TOP - p->stack_pages * (uint64_t)SPACE_PAGE;
    if (instance(i)->purse == NULL && !open_bank(i, why)) {
        return false;
    }
    from = build_source(i);
    if (!make_process(&from, i, why) || !make_reply_endpoint(&from, i, why) ||
        !make_schedule(&from, i, why)) {
        return false;
    }
    for (unsigned e = 0; e < p->endpoints; e++) {
        if (!make_endpoint(&from, i, SHELF_ENDPOINT + e, LK_ENDPOINT_ID + e, why)) {
            return false;
        }
    }
    return true;
}

/* ---- second step: memory --------------------------------------------------------------------- */

/* One page of a segment. */
static enum status load_page(const struct source *from, const struct kind *k,
                             const struct elf_segment *s, uint64_t page)
{
    unsigned restrictions = (s->write ? 0 : LK_RO) | (s->exec ? 0 : LK_NX);
    uint64_t begin = page > s->address ? page : s->address;
    uint64_t end = s->address + s->file_size;
    const uint8_t *data = k->file.at + s->offset + (begin - s->address);

    if (page_is_shared(s, page)) {
        return space_insert_shared(from, page, data - (begin - page), restrictions);
    }
    if (end > page + SPACE_PAGE) {
        end = page + SPACE_PAGE;
    }
    size_t bytes = end > begin ? (size_t)(end - begin) : 0;

    return space_insert_page(from, page, (size_t)(begin - page), data, bytes, restrictions);
}

/* All segments and the stack, for who has no pager. */
static bool load_whole(const struct source *from, uint32_t i, struct trouble *why)
{
    const struct kind *k = instance_kind(i);

    for (unsigned n = 0; n < k->elf.segments; n++) {
        const struct elf_segment *s = &k->elf.segment[n];

        for (uint64_t page = PAGE_OF(s->address); page < PAGE_UP(s->address + s->memory_size);
             page += SPACE_PAGE) {
            if (!step(load_page(from, k, s, page), "loading a page", why)) {
                return false;
            }
        }
    }
    for (uint64_t page = instance(i)->stack_low; page < LK_STACK_TOP; page += SPACE_PAGE) {
        if (!step(space_insert_page(from, page, 0, NULL, 0, LK_NX), "the stack", why)) {
            return false;
        }
    }
    return true;
}

/* The regions of the program's space. Returns how many. */
static unsigned regions_of(uint32_t i, struct pager_region out[PAGER_REGIONS])
{
    const struct kind *k = instance_kind(i);
    unsigned n = 0;

    out[n++] = (struct pager_region){
        .start = instance(i)->stack_low, .end = LK_STACK_TOP, .kind = PAGER_ZERO, .restr = LK_NX
    };
    for (unsigned j = 0; j < k->elf.segments; j++) {
        const struct elf_segment *s = &k->elf.segment[j];
        uint64_t skip = s->address % SPACE_PAGE;

        out[n++] = (struct pager_region){
            .start = PAGE_OF(s->address),
            .end = PAGE_UP(s->address + s->memory_size),
            .kind = PAGER_IMAGE,
            .restr = (s->write ? 0u : LK_RO) | (s->exec ? 0u : LK_NX),
            .file = LK_INIT_ARCHIVE_VA + (uint64_t)(k->file.at - archive.at) + s->offset - skip,
            .file_bytes = s->file_size + skip,
        };
    }
    out[n++] = (struct pager_region){
        .start = LK_HEAP_VA, .end = LK_HEAP_END, .kind = PAGER_ZERO, .restr = LK_NX
    };
    out[n++] = (struct pager_region){
        .start = LK_STACKS_VA,
        .end = LK_STACKS_END,
        .kind = PAGER_STACKS,
        .restr = LK_NX,
        .each = LK_STACK_EACH,
    };
    return n;
}

enum status build_tell_pager(uint32_t i)
{
    struct pager_region region[PAGER_REGIONS];
    unsigned n = regions_of(i, region);

    return core_pager_add(i, region, n);
}

static void start_add_cap(struct lk_start *start, const char *name, uint32_t reg)
{
    struct lk_start_cap *c = &start->cap[start->cap_count++];

    lk_copy_text(c->name, sizeof(c->name), name);
    c->reg = reg;
    if (reg == LK_REG_SLEEP) {
        start->sleep = reg;
    } else if (reg == LK_REG_KERNLOG) {
        start->kernlog = reg;
    } else if (reg == LK_REG_CONSOLE) {
        start->console = reg;
    }
}

void build_add_param(struct lk_start *start, const char *name, uint64_t value)
{
    struct lk_start_param *p = &start->param[start->param_count++];

    lk_copy_text(p->name, sizeof(p->name), name);
    p->value = value;
}

/* What the start block of an instance says. Names get their registers here: endpoints first, then
 * grants. */
static void fill_start_block(uint32_t i, struct lk_start *start)
{
    const struct program *p = instance_program(i);
    const char *args = instance(i)->own_args              ? instance(i)->args
                       : strcmp(p->args, BOOT_WORDS) == 0 ? boot_words
                                                          : p->args;
    struct instance_name name = instance_name(i);
    uint32_t next = LK_REG_NAMED;

    *start = (struct lk_start){ .magic = LK_START_MAGIC, .self = LK_REG_SELF };
    memcpy(start->name, name.text, strnlen(name.text, LK_START_NAME));
    lk_copy_text(start->argument, sizeof(start->argument), args);
    for (unsigned e = 0; e < p->endpoints; e++) {
        start_add_cap(start, p->endpoint[e], e == 0 ? LK_REG_ENDPOINT : next++);
    }
    for (unsigned k = 0; k < p->grants; k++) {
        start_add_cap(start, p->grant[k].name, grant_register(p->grant[k].name, &next));
    }
    if (instance(i)->purse == NULL) {
        start_add_cap(start, "exit", LK_REG_EXIT);
        start_add_cap(start, "pager", LK_REG_PAGER);
    }
    for (unsigned k = 0; k < p->params; k++) {
        lk_copy_text(start->param[k].name, sizeof(start->param[k].name), p->param[k].name);
        start->param[k].value = p->param[k].value;
    }
    start->param_count = p->params;
    build_add_param(start, "generation", instance(i)->generation);
    core_params(i, start);
}

/* Put the start block into the space. Its page stays on the shelf. */
static bool load_start_block(const struct source *from, uint32_t i, struct trouble *why)
{
    static struct lk_start start; /* one page: too large for the stack */

    fill_start_block(i, &start);
    return step(space_make_page(from, 0, &start, sizeof(start)), "the start block", why) &&
           step(shelf_put(i, SHELF_START, REG_PAGE), "the shelf", why) &&
           step(lk_memory_reduce(REG_PAGE, LK_RO | LK_NX, REG_PAGE), "the start block", why) &&
           step(space_insert(from, LK_START_VA, REG_PAGE), "the start block", why);
}

enum status build_give(uint32_t i, const char *name, uint32_t reg)
{
    const struct program *p = instance_program(i);
    struct lk_start *start;
    uint32_t next = LK_REG_NAMED + (p->endpoints > 1 ? p->endpoints - 1 : 0);
    enum status s;

    for (unsigned k = 0; k < p->grants; k++) {
        grant_register(p->grant[k].name, &next);
    }
    next += instance(i)->named;
    if (next >= LK_REG_NAMED_END) {
        return STATUS_EXHAUSTED;
    }
    s = shelf_get(i, SHELF_START, REG_PAGE);
    if (s == STATUS_OK) {
        s = space_show(REG_PAGE);
    }
    if (s != STATUS_OK) {
        return s;
    }
    start = (struct lk_start *)LK_INIT_SCRATCH_VA;
    __asm__("" : "+r"(start));
    for (unsigned k = 0; k < start->cap_count; k++) {
        if (strcmp(start->cap[k].name, name) == 0) {
            s = STATUS_IN_USE;
        }
    }
    if (s == STATUS_OK && start->cap_count == LK_START_CAPS) {
        s = STATUS_EXHAUSTED;
    }
    if (s == STATUS_OK) {
        s = shelf_get(i, SHELF_PROCESS, REG_PROCESS);
    }
    if (s == STATUS_OK) {
        s = lk_process_swap_cap_reg(REG_PROCESS, next, reg, 0);
    }
    if (s == STATUS_OK) {
        start_add_cap(start, name, next);
        instance(i)->named++;
    }
    space_show(0);
    return s;
}

bool build_memory(uint32_t i, struct trouble *why)
{
    const struct source from = build_source(i);
    const struct kind *k = instance_kind(i);
    struct lk_regs regs = { .rip = k->elf.entry, .rsp = LK_STACK_TOP, .rflags = USER_FLAGS };

    if (!step(space_begin(&from), "the address space", why) ||
        !step(shelf_put(i, SHELF_SPACE, REG_ROOT), "the shelf", why) ||
        !load_start_block(&from, i, why)) {
        return false;
    }
    if (from.purse != NULL ? !load_whole(&from, i, why) || !core_map(&from, i, why)
                           : !step(build_tell_pager(i), "the pager", why)) {
        return false;
    }
    instance(i)->paged = from.purse == NULL;
    return step(shelf_get(i, SHELF_PROCESS, REG_PROCESS), "the shelf", why) &&
           step(shelf_get(i, SHELF_SPACE, REG_ROOT), "the shelf", why) &&
           step(lk_process_swap_slot(REG_PROCESS, SLOT_ADDR_SPACE, REG_ROOT, 0),
                "the address space", why) &&
           step(lk_process_set_regs(REG_PROCESS, LK_STATE_FAULTED, &regs, sizeof(regs)),
                "the registers", why);
}

/* ---- third step: grants ---------------------------------------------------------------------- */

/* What every program has. The bank and the pager do not tell init that they end, which may be
 * waiting for them: without "exit" their end is a fault, of which the warden is told. */
static void grant_usual(uint32_t i)
{
    lk_process_swap_cap_reg(REG_PROCESS, LK_REG_SELF, REG_PROCESS, 0);
    shelf_get(i, SHELF_REPLY, REG_WORK);
    lk_process_swap_cap_reg(REG_PROCESS, LK_REG_REPLY, REG_WORK, 0);
    if (instance(i)->purse != NULL) {
        return;
    }
    lk_endpoint_make_entry(REG_EXIT_EP, instance_payload(i), REG_WORK);
    lk_process_swap_cap_reg(REG_PROCESS, LK_REG_EXIT, REG_WORK, 0);
    if (core_pager_entry(i, REG_WORK) == STATUS_OK) {
        lk_process_swap_cap_reg(REG_PROCESS, LK_REG_PAGER, REG_WORK, 0);
    }
}

/* Is it memory that a grant means, and was there none? */
static bool lacks_memory(enum status s)
{
    return s == STATUS_NO_MEMORY || s == STATUS_EXHAUSTED;
}

bool build_grants(uint32_t i, struct trouble *why)
{
    const struct program *p = instance_program(i);
    uint32_t next = LK_REG_NAMED;

    shelf_get(i, SHELF_PROCESS, REG_PROCESS);
    grant_usual(i);
    for (unsigned e = 0; e < p->endpoints; e++) {
        shelf_get(i, SHELF_ENDPOINT + e, REG_WORK);
        lk_process_swap_cap_reg(REG_PROCESS, e == 0 ? LK_REG_ENDPOINT : next++, REG_WORK, 0);
    }
    for (unsigned k = 0; k < p->grants; k++) {
        const struct grant *g = &p->grant[k];
        uint32_t reg = grant_register(g->name, &next);
        enum status s = grant_fetch(i, g);

        shelf_get(i, SHELF_PROCESS, REG_PROCESS);
        if (s == STATUS_OK) {
            s = lk_process_swap_cap_reg(REG_PROCESS, reg, REG_WORK, 0);
        }
        if (lacks_memory(s) || (s != STATUS_OK && instance(i)->paid)) { /* of whom no log tells */
            trouble_say(why, "capability %s: %s", g->name, lk_status_text(s));
            return false;
        }
        if (s != STATUS_OK) {
            say("program %s goes without capability %s (line %u of its description): %s",
                instance_name(i).text, g->name, g->line, lk_status_text(s));
        }
    }
    lk_drop_cap(REG_WORK);
    return true;
}

bool build_begin(uint32_t i, struct trouble *why)
{
    shelf_get(i, SHELF_PROCESS, REG_PROCESS);
    instance(i)->running =
        step(lk_process_resume(REG_PROCESS, LK_RESUME_OVER), "the first instruction", why);
    if (instance(i)->running) {
        life_begin(i);
    }
    return instance(i)->running;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making programs out of capabilities: memory, process, endpoints, address space, grants.
 *
 * A set of programs is made in four passes, so that they may name each other in any order: the
 * objects of each; its memory and what the file says; the capabilities that it is granted; and,
 * when all is there, its first instruction. What fails in the first two passes is taken apart again
 * and reported, and the rest goes on without it.
 */
#include "programs.h"
#include "registers.h"
#include "shelf.h"
#include "space.h"

#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define BOOT_WORDS "$boot"      /* arguments that mean: the words of the boot command line */
#define IMAGE_END 0x40000000ull /* a program lies in [LK_IMAGE_VA, IMAGE_END) */
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

/* ---- how much memory ------------------------------------------------------------------------- */

/* May this page of a segment be the archive's own? All of it must be as the file has it, or never
 * looked at. */
static bool page_is_shared(const struct elf_segment *s, uint64_t page)
{
    return !s->write && s->offset % SPACE_PAGE == s->address % SPACE_PAGE &&
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

static uint64_t frames_needed(const struct program *p, const struct instance *in)
{
    const struct elf_segment *last = &in->elf.segment[in->elf.segments - 1];
    uint64_t gpts = 1 + space_gpts_for(in->stack_low, last->address + last->memory_size);
    uint64_t n = pages_copied(&in->elf) + p->stack_pages + 1;

    n += bank_frames_for(LK_TYPE_GPT, gpts);
    n += bank_frames_for(LK_TYPE_PROCESS, 1);
    n += bank_frames_for(LK_TYPE_SCHEDULE, 1);
    n += bank_frames_for(LK_TYPE_ENDPOINT, 1 + p->endpoints);
    for (unsigned k = 0; k < p->grants; k++) {
        n += p->grant[k].kind == GRANT_RANGE ? p->grant[k].a : 0;
    }
    return n;
}

/* ---- first pass: objects --------------------------------------------------------------------- */

/* Find and check the program's file. */
static bool check_file(const struct program *p, struct instance *in, struct trouble *why)
{
    if (!archive_find(&archive, p->file, &in->file)) {
        trouble_say(why, "there is no file %s in the archive", p->file);
        return false;
    }
    const char *wrong = elf_check(&in->elf, in->file.at, in->file.bytes, LK_IMAGE_VA, IMAGE_END);

    if (wrong != NULL) {
        trouble_say(why, "file %s is refused: %s", p->file, wrong);
    }
    return wrong == NULL;
}

/* An endpoint on which the process in REG_PROCESS receives, onto the shelf. */
static bool make_endpoint(unsigned i, unsigned place, uint64_t id, struct trouble *why)
{
    return step(purse_fabricate(&instances[i].purse, LK_TYPE_ENDPOINT, REG_WORK), "an endpoint",
                why) &&
           step(lk_endpoint_set_endpoint_id(REG_WORK, id), "an endpoint's ID", why) &&
           step(lk_endpoint_set_recipient(REG_WORK, REG_PROCESS), "an endpoint's recipient", why) &&
           step(shelf_put(i, place, REG_WORK), "the shelf", why);
}

/* The reply endpoint: payload match makes its entries good for one reply each. */
static bool make_reply_endpoint(unsigned i, struct trouble *why)
{
    return make_endpoint(i, SHELF_REPLY, LK_REPLY_ID, why) &&
           step(lk_endpoint_set_payload_match(REG_WORK, 1), "the reply endpoint", why) &&
           step(lk_process_swap_slot(REG_PROCESS, SLOT_REPLY_ENDPOINT, REG_WORK, 0),
                "the reply endpoint", why);
}

static bool make_schedule(unsigned i, struct trouble *why)
{
    const struct program *p = &description.program[i];

    return step(purse_fabricate(&instances[i].purse, LK_TYPE_SCHEDULE, REG_WORK), "the schedule",
                why) &&
           step(lk_schedctl_set_up(LK_INIT_SCHEDCTL, p->priority, p->slice, 1, REG_WORK),
                "the schedule", why) &&
           step(lk_process_swap_slot(REG_PROCESS, SLOT_SCHEDULE, REG_WORK, 0), "the schedule",
                why) &&
           step(shelf_put(i, SHELF_SCHEDULE, REG_WORK), "the shelf", why);
}

static bool make_process(unsigned i, struct trouble *why)
{
    uint64_t low;
    uint64_t high;

    lk_label_pack(description.program[i].name, &low, &high);
    return step(purse_fabricate(&instances[i].purse, LK_TYPE_PROCESS, REG_PROCESS), "the process",
                why) &&
           step(shelf_put(i, SHELF_PROCESS, REG_PROCESS), "the shelf", why) &&
           step(lk_process_set_label(REG_PROCESS, low, high), "the label", why) &&
           step(lk_endpoint_make_entry(REG_FAULTS_EP, i, REG_WORK), "the fault handler", why) &&
           step(lk_process_swap_slot(REG_PROCESS, SLOT_HANDLER, REG_WORK, 0), "the fault handler",
                why);
}

/* Take the program's memory and make its process and endpoints. */
static bool make_objects(unsigned i, struct trouble *why)
{
    const struct program *p = &description.program[i];
    struct instance *in = &instances[i];

    if (!check_file(p, in, why)) {
        return false;
    }
    in->stack_low = LK_STACK_TOP - p->stack_pages * (uint64_t)SPACE_PAGE;
    uint64_t frames = frames_needed(p, in);

    if (!bank_take(&in->purse, frames)) {
        trouble_say(why, "not enough memory: it needs %lu frames in a row", frames);
        return false;
    }
    if (!make_process(i, why) || !make_reply_endpoint(i, why) || !make_schedule(i, why)) {
        return false;
    }
    for (unsigned e = 0; e < p->endpoints; e++) {
        if (!make_endpoint(i, SHELF_ENDPOINT + e, LK_ENDPOINT_ID + e, why)) {
            return false;
        }
    }
    return true;
}

/* ---- second pass: memory --------------------------------------------------------------------- */

/* One page of a segment. */
static enum status load_page(struct instance *in, const struct elf_segment *s, uint64_t page)
{
    unsigned restrictions = (s->write ? 0 : LK_RO) | (s->exec ? 0 : LK_NX);
    uint64_t from = page > s->address ? page : s->address;
    uint64_t to = s->address + s->file_size;
    const uint8_t *data = in->file.at + s->offset + (from - s->address);

    if (page_is_shared(s, page)) {
        return space_insert_shared(&in->purse, page, data - (from - page), restrictions);
    }
    if (to > page + SPACE_PAGE) {
        to = page + SPACE_PAGE;
    }
    size_t bytes = to > from ? (size_t)(to - from) : 0;

    return space_insert_page(&in->purse, page, (size_t)(from - page), data, bytes, restrictions);
}

static bool load_segments(struct instance *in, struct trouble *why)
{
    for (unsigned i = 0; i < in->elf.segments; i++) {
        const struct elf_segment *s = &in->elf.segment[i];

        for (uint64_t page = PAGE_OF(s->address); page < PAGE_UP(s->address + s->memory_size);
             page += SPACE_PAGE) {
            if (!step(load_page(in, s, page), "loading a page", why)) {
                return false;
            }
        }
    }
    return true;
}

uint32_t build_register(const char *name, uint32_t *next)
{
    if (strcmp(name, "sleep") == 0) {
        return LK_REG_SLEEP;
    }
    if (strcmp(name, "kernlog") == 0) {
        return LK_REG_KERNLOG;
    }
    if (strcmp(name, "console") == 0) {
        return LK_REG_CONSOLE;
    }
    return (*next)++;
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

/* Write the start block and put it into the space. Names get their registers here: endpoints first,
 * then grants. */
static bool load_start_block(unsigned i, const char *args, struct trouble *why)
{
    static struct lk_start start; /* one page: too large for the stack */
    const struct program *p = &description.program[i];
    uint32_t next = LK_REG_NAMED;

    start = (struct lk_start){ .magic = LK_START_MAGIC, .self = LK_REG_SELF };
    memcpy(start.name, p->name, strnlen(p->name, LK_START_NAME));
    if (args == NULL) {
        args = strcmp(p->args, BOOT_WORDS) == 0 ? boot_words : p->args;
    }
    lk_copy_text(start.argument, sizeof(start.argument), args);
    for (unsigned e = 0; e < p->endpoints; e++) {
        start_add_cap(&start, p->endpoint[e], e == 0 ? LK_REG_ENDPOINT : next++);
    }
    for (unsigned k = 0; k < p->grants; k++) {
        start_add_cap(&start, p->grant[k].name, build_register(p->grant[k].name, &next));
    }
    start_add_cap(&start, "exit", LK_REG_EXIT);
    for (unsigned k = 0; k < p->params; k++) {
        lk_copy_text(start.param[k].name, sizeof(start.param[k].name), p->param[k].name);
        start.param[k].value = p->param[k].value;
    }
    start.param_count = p->params;
    return step(space_insert_page(&instances[i].purse, LK_START_VA, 0, &start, sizeof(start),
                                  LK_RO | LK_NX),
                "the start block", why);
}

static bool load_stack(struct instance *in, struct trouble *why)
{
    for (uint64_t page = in->stack_low; page < LK_STACK_TOP; page += SPACE_PAGE) {
        if (!step(space_insert_page(&in->purse, page, 0, NULL, 0, LK_NX), "the stack", why)) {
            return false;
        }
    }
    return true;
}

/* Make the address space and set the registers that the first instruction finds. */
static bool load_memory(unsigned i, const char *args, struct trouble *why)
{
    struct instance *in = &instances[i];
    struct lk_regs regs = { .rip = in->elf.entry, .rsp = LK_STACK_TOP, .rflags = USER_FLAGS };

    return step(space_begin(&in->purse), "the address space", why) && load_segments(in, why) &&
           load_stack(in, why) && load_start_block(i, args, why) &&
           step(shelf_put(i, SHELF_SPACE, REG_ROOT), "the shelf", why) &&
           step(shelf_get(i, SHELF_PROCESS, REG_PROCESS), "the shelf", why) &&
           step(lk_process_swap_slot(REG_PROCESS, SLOT_ADDR_SPACE, REG_ROOT, 0),
                "the address space", why) &&
           step(lk_process_set_regs(REG_PROCESS, LK_STATE_FAULTED, &regs, sizeof(regs)),
                "the registers", why);
}

/* ---- third pass: grants ---------------------------------------------------------------------- */

/* The endpoint that a grant names into REG_WORK. */
static enum status granted_endpoint(const struct grant *g)
{
    static const uint32_t own[INIT_EPS] = {
        [INIT_EP_PROGRAMS] = LK_INIT_ENDPOINT,
        [INIT_EP_EXIT] = REG_EXIT_EP,
        [INIT_EP_FAULTS] = REG_FAULTS_EP,
    };

    if (g->program == DESC_INIT) {
        lk_copy_cap(own[g->endpoint_index], REG_WORK);
        return STATUS_OK;
    }
    if (instances[g->program].purse.frames == 0) {
        return STATUS_NOT_FOUND;
    }
    return shelf_get((unsigned)g->program, SHELF_ENDPOINT + g->endpoint_index, REG_WORK);
}

/* The entry capability that a grant means. Its payload is twice the number of the program that gets
 * it, unless the description says otherwise: so a server can tell its clients apart, and bit 0 is
 * free to mean a right that only the description gives. */
static enum status granted_entry(unsigned i, const struct grant *g)
{
    enum status s = granted_endpoint(g);

    return s != STATUS_OK ? s
                          : lk_endpoint_make_entry(
                                REG_WORK, g->has_payload ? g->a : 2 * (uint64_t)i, REG_WORK);
}

static enum status granted_notice(const struct grant *g)
{
    enum status s = granted_endpoint(g);

    return s != STATUS_OK ? s : lk_endpoint_make_app_notice(REG_WORK, g->a, REG_WORK);
}

static enum status granted_process(const struct grant *g)
{
    return instances[g->program].purse.frames == 0
               ? STATUS_NOT_FOUND
               : shelf_get((unsigned)g->program, SHELF_PROCESS, REG_WORK);
}

static enum status granted_irq(struct instance *in, const struct grant *g)
{
    enum status s = lk_irqctl_allocate(LK_INIT_IRQCTL, g->a, REG_WORK);

    if (s == STATUS_OK) {
        in->irq_lines |= 1ull << g->a;
    }
    return s;
}

static enum status granted_own(uint32_t reg)
{
    lk_copy_cap(reg, REG_WORK);
    return STATUS_OK;
}

/* The capability that a grant means into REG_WORK. */
static enum status make_grant(unsigned i, const struct grant *g)
{
    struct instance *in = &instances[i];

    switch (g->kind) {
    case GRANT_ENTRY:
        return granted_entry(i, g);
    case GRANT_NOTICE:
        return granted_notice(g);
    case GRANT_PROCESS:
        return granted_process(g);
    case GRANT_SPACE:
        return shelf_get(i, SHELF_SPACE, REG_WORK);
    case GRANT_SCHEDULE:
        return shelf_get(i, SHELF_SCHEDULE, REG_WORK);
    case GRANT_IOPORTS:
        return lk_iopriv_narrow(LK_INIT_IOPRIV, g->a, g->b, REG_WORK);
    case GRANT_IRQ:
        return granted_irq(in, g);
    case GRANT_RANGE:
        return purse_split(&in->purse, g->a, REG_WORK);
    case GRANT_SLEEP:
        return granted_own(LK_INIT_SLEEP);
    case GRANT_KERNLOG:
        return granted_own(LK_INIT_KERNLOG);
    case GRANT_SYSCTL:
        return granted_own(LK_INIT_SYSCTL);
    case GRANT_DISCRIM:
        return granted_own(LK_INIT_DISCRIM);
    case GRANT_CAPBITS:
        return granted_own(LK_INIT_CAPBITS);
    case GRANT_SCHEDCTL:
        return granted_own(LK_INIT_SCHEDCTL);
    case GRANT_IRQCTL:
        return granted_own(LK_INIT_IRQCTL);
    case GRANT_KINDS:
        break;
    }
    return STATUS_REQUEST_ERROR;
}

/* Fill the program's capability registers. A grant that cannot be made leaves its register Null,
 * and is reported: the program may well be of use without it. */
static void grant_all(unsigned i)
{
    struct program *p = &description.program[i];
    uint32_t next = LK_REG_NAMED;

    shelf_get(i, SHELF_PROCESS, REG_PROCESS);
    lk_process_swap_cap_reg(REG_PROCESS, LK_REG_SELF, REG_PROCESS, 0);
    shelf_get(i, SHELF_REPLY, REG_WORK);
    lk_process_swap_cap_reg(REG_PROCESS, LK_REG_REPLY, REG_WORK, 0);
    lk_endpoint_make_entry(REG_EXIT_EP, i, REG_WORK);
    lk_process_swap_cap_reg(REG_PROCESS, LK_REG_EXIT, REG_WORK, 0);
    for (unsigned e = 0; e < p->endpoints; e++) {
        shelf_get(i, SHELF_ENDPOINT + e, REG_WORK);
        lk_process_swap_cap_reg(REG_PROCESS, e == 0 ? LK_REG_ENDPOINT : next++, REG_WORK, 0);
    }
    for (unsigned k = 0; k < p->grants; k++) {
        struct grant *g = &p->grant[k];
        uint32_t reg = build_register(g->name, &next);
        enum status s = make_grant(i, g);

        if (s == STATUS_OK) {
            s = lk_process_swap_cap_reg(REG_PROCESS, reg, REG_WORK, 0);
        }
        g->broken = s != STATUS_OK;
        if (g->broken) {
            say("program %s goes without capability %s (system.lyk line %u): %s", p->name, g->name,
                g->line, lk_status_text(s));
        }
    }
    lk_drop_cap(REG_WORK);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* A program could not be made. */
static void give_up(unsigned i, const struct trouble *t, struct trouble *why)
{
    say("program %s is not started: %s", description.program[i].name, t->words);
    if (why->words[0] == '\0') {
        trouble_say(why, "%s: %s", description.program[i].name, t->words);
    }
    programs_dismantle(i);
}

program_set build_programs(program_set set, unsigned root, const char *args, struct trouble *why)
{
    struct trouble t;

    why->words[0] = '\0';
    for (unsigned i = 0; i < description.programs; i++) {
        if ((set >> i & 1) != 0 && !make_objects(i, &t)) {
            give_up(i, &t, why);
            set &= ~(1ull << i);
        }
    }
    for (unsigned i = 0; i < description.programs; i++) {
        if ((set >> i & 1) != 0 && !load_memory(i, i == root ? args : NULL, &t)) {
            give_up(i, &t, why);
            set &= ~(1ull << i);
        }
    }
    for (unsigned i = 0; i < description.programs; i++) {
        if ((set >> i & 1) != 0) {
            grant_all(i);
        }
    }
    for (unsigned i = 0; i < description.programs; i++) {
        if ((set >> i & 1) == 0) {
            continue;
        }
        shelf_get(i, SHELF_PROCESS, REG_PROCESS);
        instances[i].running = step(lk_process_resume(REG_PROCESS, 1), "the first instruction", &t);
        if (!instances[i].running) {
            give_up(i, &t, why);
            set &= ~(1ull << i);
        }
    }
    return set;
}

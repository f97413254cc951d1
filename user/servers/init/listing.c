/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is shown of a program; see listing.h.
 *
 * The state comes from the program's Process capability. What a capability register holds is asked
 * of Discrim; what it is good for, init can say only where it granted it itself, so it says both:
 * the type found and the description's words.
 */
#include "listing.h"

#include "grant.h"
#include "picture.h"
#include "registers.h"

#include <lykos/bank.h>
#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define SLOTS 10

/* The name of the endpoint with this ID of the program with this label, if it is one of ours. */
static void endpoint_name(const char *label, uint64_t id, char *out, size_t size)
{
    int k = description_find(&description, label);

    out[0] = '\0';
    if (strcmp(label, "init") == 0 && id >= LK_ENDPOINT_ID && id - LK_ENDPOINT_ID < INIT_EPS) {
        lk_copy_text(out, size, init_endpoint_name((enum init_endpoint)(id - LK_ENDPOINT_ID)));
    } else if (k >= 0 && id >= LK_ENDPOINT_ID &&
               id - LK_ENDPOINT_ID < description.program[k].endpoints) {
        lk_copy_text(out, size, description.program[k].endpoint[id - LK_ENDPOINT_ID]);
    }
}

static void fill_wait(struct program_info *out)
{
    uint64_t kind = 0;
    uint64_t low = 0;
    uint64_t high = 0;
    uint64_t priority = 256;

    lk_process_get_wait(REG_PROCESS, &kind, &out->wait_id, &low, &high, &out->until, &priority);
    out->wait = (uint8_t)kind;
    out->priority = (uint32_t)priority;
    lk_label_unpack(low, high, out->waits_for);
    endpoint_name(out->waits_for, out->wait_id, out->endpoint, sizeof(out->endpoint));
}

/* State of the process in REG_PROCESS. */
static void fill_state(struct program_info *out)
{
    uint64_t state = 0;
    uint64_t holds = 0;
    uint64_t fault = 0;

    if (lk_process_get_state(REG_PROCESS, &state, &holds, &fault, NULL, &out->cpu_time, NULL, NULL,
                             NULL, 0, NULL) != STATUS_OK) {
        return;
    }
    out->running = 1;
    out->run_state = (uint8_t)state;
    out->holds = (uint8_t)holds;
    out->fault_code = (uint8_t)fault;
    lk_process_get_preemption(REG_PROCESS, &out->preemption, sizeof(out->preemption), NULL);
    fill_wait(out);
}

/* Is a Process of this label in REG_WORK? */
static bool is_labelled(const char *label)
{
    char found[PROGRAM_NAME_MAX];
    uint64_t type = LK_TYPE_NULL;
    uint64_t low = 0;
    uint64_t high = 0;

    if (lk_discrim_classify(LK_INIT_DISCRIM, REG_WORK, &type, NULL) != STATUS_OK ||
        type != LK_TYPE_PROCESS || lk_process_get_label(REG_WORK, &low, &high) != STATUS_OK) {
        return false;
    }
    lk_label_unpack(low, high, found);
    return strcmp(found, label) == 0;
}

/* A process of this label that program `i` has made, into REG_WORK: one that its bank paid for, or
 * that it holds in a register. What bank and pager hold is others'. */
static bool find_inside(uint32_t i, const char *label)
{
    uint64_t n = 0;

    if (!instance(i)->exists || instance(i)->purse != NULL) {
        return false;
    }
    while (shelf_get(i, SHELF_BANK, REG_BANK) == STATUS_OK &&
           lk_bank_object(REG_BANK, LK_TYPE_PROCESS, &n, REG_WORK) == STATUS_OK) {
        if (is_labelled(label)) {
            return true;
        }
    }
    if (shelf_get(i, SHELF_PROCESS, REG_PROCESS) != STATUS_OK) {
        return false;
    }
    for (unsigned reg = 0; reg < LK_CAP_REGS; reg++) {
        if (lk_process_get_cap_reg(REG_PROCESS, reg, REG_WORK) == STATUS_OK && is_labelled(label)) {
            return true;
        }
    }
    return false;
}

/* How its handler is, which may be another program, or a process of its own making. */
static void fill_handler(uint32_t i, struct program_info *out)
{
    char label[PROGRAM_NAME_MAX];
    uint64_t state = 0;
    uint64_t holds = 0;
    uint64_t fault = 0;
    bool found;

    if ((out->preemption.flags & LK_PREEMPT_RECEIVER) == 0) {
        return;
    }
    lk_label_unpack(out->preemption.receiver[0], out->preemption.receiver[1], label);
    uint32_t k = instance_find(label);

    if (k != NO_INSTANCE && instance(k)->exists) {
        found = shelf_get(k, SHELF_PROCESS, REG_WORK) == STATUS_OK;
    } else {
        found = find_inside(i, label);
    }
    if (found && lk_process_get_state(REG_WORK, &state, &holds, &fault, NULL, NULL, NULL, NULL,
                                      NULL, 0, NULL) == STATUS_OK) {
        out->handler_known = 1;
        out->handler_state = (uint8_t)state;
        out->handler_holds = (uint8_t)holds;
        out->handler_fault = (uint8_t)fault;
    }
    lk_drop_cap(REG_WORK);
}

bool listing_inside(const char *label, uint32_t *program, struct program_info *out)
{
    *out = (struct program_info){ 0 };
    for (uint32_t i = 0; i < instance_count(); i++) {
        if (find_inside(i, label)) {
            lk_copy_text(out->name, sizeof(out->name), label);
            lk_copy_cap(REG_WORK, REG_PROCESS);
            fill_state(out);
            fill_handler(i, out);
            *program = i;
            return true;
        }
    }
    return false;
}

void listing_memory(uint32_t i, uint64_t *now, uint64_t *most)
{
    struct bank_info bank;

    if (i >= instance_count() || !instance(i)->exists) {
        return;
    }
    if (instance(i)->purse != NULL) {
        *now = instance(i)->purse->frames;
    } else if (shelf_get(i, SHELF_BANK, REG_BANK) == STATUS_OK &&
               lk_bank_info(REG_BANK, &bank) == STATUS_OK) {
        *now = bank.used;
        *most = bank.limit;
    }
}

static void fill_memory(uint32_t i, struct program_info *out)
{
    uint64_t now = 0;
    uint64_t most = 0;

    listing_memory(i, &now, &most);
    out->frames = (uint32_t)now;
    out->frames_most = (uint32_t)most;
}

void listing_info(uint32_t i, struct program_info *out)
{
    *out = (struct program_info){ 0 };
    if (i == instance_count()) {
        lk_copy_text(out->name, sizeof(out->name), "init");
        out->at_boot = 1;
        lk_copy_cap(LK_INIT_SELF, REG_PROCESS);
        fill_state(out);
        return;
    }
    const struct program *p = instance_program(i);

    out->at_boot = p->at_boot && i < description.programs;
    out->priority = p->priority;
    out->waits_to_restart = instance(i)->waits_to_restart;
    out->generation = instance(i)->generation;
    lk_copy_text(out->name, sizeof(out->name), instance_name(i).text);
    lk_copy_text(out->part_of, sizeof(out->part_of), p->part_of);
    if (instance(i)->exists && shelf_get(i, SHELF_PROCESS, REG_PROCESS) == STATUS_OK) {
        fill_state(out);
        fill_handler(i, out);
        fill_memory(i, out);
    }
}

/* The name of the program that a grant names. */
static const char *target_name(const struct grant *g)
{
    return g->program == DESC_INIT ? "init" : description.program[g->program].name;
}

static const char *target_endpoint(const struct grant *g)
{
    return g->program == DESC_INIT ? init_endpoint_name((enum init_endpoint)g->endpoint_index)
                                   : description.program[g->program].endpoint[g->endpoint_index];
}

/* What the description says of a grant, as it is written there. */
static void grant_words(const struct grant *g, char *out, size_t size)
{
    switch ((unsigned)g->kind) { /* the others are one word */
    case GRANT_ENTRY:
        if (g->has_payload) {
            lk_format(out, size, "entry %s.%s payload %lu", target_name(g), target_endpoint(g),
                      g->a);
        } else {
            lk_format(out, size, "entry %s.%s", target_name(g), target_endpoint(g));
        }
        break;
    case GRANT_NOTICE:
        lk_format(out, size, "notice %s.%s bits 0x%lx", target_name(g), target_endpoint(g), g->a);
        break;
    case GRANT_PROCESS:
        lk_format(out, size, "process %s", target_name(g));
        break;
    case GRANT_IOPORTS:
        lk_format(out, size, "ioports 0x%lx-0x%lx", g->a, g->b);
        break;
    case GRANT_IRQ:
        lk_format(out, size, "irq %lu", g->a);
        break;
    case GRANT_RANGE:
        lk_format(out, size, "range %lu pages%s", g->a, g->kept ? " kept" : "");
        break;
    case GRANT_BANK:
        if (g->a != 0) {
            lk_format(out, size, "bank %lu pages", g->a);
        } else {
            lk_copy_text(out, size, "bank");
        }
        break;
    default:
        lk_copy_text(out, size, grant_kind_word(g->kind));
        break;
    }
}

/* Is what a grant names the instance's own: made with it, and known to nobody else? */
static bool is_own(uint32_t program, const struct grant *g)
{
    return g->kind == GRANT_SPACE || g->kind == GRANT_SCHEDULE ||
           ((g->kind == GRANT_ENTRY || g->kind == GRANT_NOTICE || g->kind == GRANT_PROCESS) &&
            g->program == (int)program);
}

bool listing_grant(uint32_t program, uint64_t n, uint64_t *type, char *out, size_t size)
{
    const struct program *p = &description.program[program];
    const struct grant *g = &p->grant[n];
    char words[80];

    if (n >= p->grants) {
        return false;
    }
    grant_words(g, words, sizeof(words));
    lk_format(out, size, "%s = %s", g->name, words);
    *type = is_own(program, g) ? LK_TYPE_NULL : grant_kind_type(g->kind);
    return true;
}

/* What register `reg` was filled with: its name and words. The order is that of build.c. */
static void register_words(const struct program *p, uint32_t reg, char *out, size_t size)
{
    uint32_t next = LK_REG_NAMED;
    char words[80];

    out[0] = '\0';
    if (reg == LK_REG_SELF || reg == LK_REG_REPLY || reg == LK_REG_EXIT || reg == LK_REG_PAGER) {
        lk_copy_text(out, size,
                     reg == LK_REG_SELF    ? "itself"
                     : reg == LK_REG_REPLY ? "its reply endpoint"
                     : reg == LK_REG_EXIT  ? "exit: entry init.exit"
                                           : "pager: entry pager.memory");
        return;
    }
    for (unsigned e = 0; e < p->endpoints; e++) {
        if ((e == 0 ? LK_REG_ENDPOINT : next++) == reg) {
            lk_format(out, size, "%s: its own endpoint", p->endpoint[e]);
            return;
        }
    }
    for (unsigned k = 0; k < p->grants; k++) {
        const struct grant *g = &p->grant[k];

        if (grant_register(g->name, &next) == reg) {
            grant_words(g, words, sizeof(words));
            lk_format(out, size, "%s: %s", g->name, words);
            return;
        }
    }
}

/* The type of the capability in REG_WORK, in words; memory with its restrictions. */
static void type_words(char *out, size_t size)
{
    uint64_t type = 0;
    uint64_t restrictions = 0;

    lk_discrim_classify(LK_INIT_DISCRIM, REG_WORK, &type, &restrictions);
    lk_format(out, size, "%s%s%s%s%s", lk_type_name(type),
              (restrictions & LK_RO) != 0 ? " read-only" : "",
              (restrictions & LK_NX) != 0 ? " no-execute" : "",
              (restrictions & LK_WK) != 0 ? " weak" : "",
              (restrictions & LK_OP) != 0 ? " opaque" : "");
}

/* What is in REG_WORK though init did not put it there: a process by its label. */
static void own_words(uint64_t type, char *out, size_t size)
{
    char label[PROGRAM_NAME_MAX] = "";
    uint64_t low = 0;
    uint64_t high = 0;

    if (type == LK_TYPE_PROCESS && lk_process_get_label(REG_WORK, &low, &high) == STATUS_OK) {
        lk_label_unpack(low, high, label);
    }
    lk_format(out, size, "%s%smade or received by itself", label, label[0] != '\0' ? ": " : "");
}

/* What a slot is filled with, in words. */
static const char *slot_words(unsigned slot)
{
    switch (slot) {
    case SLOT_ADDR_SPACE:
        return "its address space";
    case SLOT_SCHEDULE:
        return "its schedule";
    case SLOT_HANDLER:
        return "entry init.faults";
    case SLOT_REPLY_ENDPOINT:
        return "its reply endpoint";
    case SLOT_PROXY_RECEIVER:
        return "its notice handler";
    case SLOT_PROXY_REPLY:
        return "for its notice handler, by the kernel";
    case SLOT_CONTROL_PAGE:
        return "page of its preemption control word";
    default:
        return "made or received by itself";
    }
}

/* Line about slot or register `which`: the slots come first. False: it is Null. */
static bool cap_line(const struct program *p, unsigned which, char *out, size_t size)
{
    bool is_slot = which < SLOTS;
    uint64_t type = 0;
    char found[64];
    char meant[112];
    enum status s = is_slot ? lk_process_get_slot(REG_PROCESS, which, REG_WORK)
                            : lk_process_get_cap_reg(REG_PROCESS, which - SLOTS, REG_WORK);

    if (s != STATUS_OK ||
        lk_discrim_classify(LK_INIT_DISCRIM, REG_WORK, &type, NULL) != STATUS_OK ||
        type == LK_TYPE_NULL) {
        return false;
    }
    type_words(found, sizeof(found));
    if (is_slot) {
        lk_format(out, size, "slot %-14s %-12s %s", lk_slot_name(which), found, slot_words(which));
    } else {
        register_words(p, which - SLOTS, meant, sizeof(meant));
        if (meant[0] == '\0') {
            own_words(type, meant, sizeof(meant));
        }
        lk_format(out, size, "register %-10u %-12s %s", which - SLOTS, found, meant);
    }
    return true;
}

bool listing_cap(uint32_t i, unsigned n, char *out, size_t size)
{
    if (!instance(i)->exists || shelf_get(i, SHELF_PROCESS, REG_PROCESS) != STATUS_OK) {
        return false;
    }
    for (unsigned which = 0; which < SLOTS + LK_CAP_REGS; which++) {
        if (cap_line(instance_program(i), which, out, size)) {
            if (n == 0) {
                return true;
            }
            n--;
        }
    }
    return false;
}

/* ---- the address space ----------------------------------------------------------------------- */

static uint32_t space_process; /* register: whose space is looked at */

/* What there is to see of the capability in a register. */
static void look(uint32_t reg, struct picture_cap *out)
{
    *out = (struct picture_cap){ .type = LK_TYPE_NULL };
    if (lk_discrim_classify(LK_INIT_DISCRIM, reg, &out->type, &out->restrictions) != STATUS_OK) {
        out->type = LK_TYPE_NULL;
    }
    if (out->type == LK_TYPE_GPT || out->type == LK_TYPE_PAGE) {
        lk_memory_get_guard(reg, &out->match, &out->l2g, &out->restrictions);
    }
    if (out->type == LK_TYPE_GPT) {
        lk_gpt_get_state(reg, &out->l2v, &out->flags);
    }
}

/* The GPT at hand is in REG_CHILD, what stands in a slot of it in REG_PAGE. */
static void space_root(struct picture_cap *out)
{
    if (lk_process_get_slot(space_process, SLOT_ADDR_SPACE, REG_CHILD) != STATUS_OK) {
        lk_drop_cap(REG_CHILD);
    }
    look(REG_CHILD, out);
}

static void space_slot(unsigned slot, struct picture_cap *out)
{
    if (lk_gpt_get_slot(REG_CHILD, slot, REG_PAGE) != STATUS_OK) {
        lk_drop_cap(REG_PAGE);
    }
    look(REG_PAGE, out);
}

static void space_down(unsigned slot)
{
    if (lk_gpt_get_slot(REG_CHILD, slot, REG_CHILD) != STATUS_OK) {
        lk_drop_cap(REG_CHILD);
    }
}

size_t listing_space(uint32_t i, uint64_t *position, char *out, size_t size)
{
    static const struct picture_tree tree = { space_root, space_slot, space_down };
    size_t n;

    space_process = LK_INIT_SELF;
    if (i != instance_count()) {
        if (!instance(i)->exists || shelf_get(i, SHELF_PROCESS, REG_PROCESS) != STATUS_OK) {
            return 0;
        }
        space_process = REG_PROCESS;
    }
    n = picture_part(&tree, position, out, size);
    lk_drop_cap(REG_CHILD);
    lk_drop_cap(REG_PAGE);
    return n;
}

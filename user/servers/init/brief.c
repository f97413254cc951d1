/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs in short; see brief.h.
 */
#include "brief.h"

#include "core.h"
#include "paid.h"
#include "registers.h"

#include <lykos/string.h>
#include <lykos/stubs.h>

/* ---- whom the asker needs ---------------------------------------------------------------------
 *
 * An instance is marked with the number of the question, so that nothing need be taken back. */

static uint64_t question;

/* Instance `i` is needed; what would end it is its job, and those above that. */
static void mark(uint32_t i)
{
    uint32_t root;

    if (!instance(i)->exists) {
        return;
    }
    instance(i)->needed = question;
    root = instance(i)->root;
    while (root != NO_INSTANCE && instance(root)->carries != question) {
        instance(root)->carries = question;
        root = instance(root)->parent;
    }
}

/* The asker, and the programs whose endpoints it is given entries to, and so on. */
static void mark_needed(uint64_t asker)
{
    uint32_t who = instance_of_payload(asker);
    program_set all = 0, looked = 0;

    question++;
    for (uint32_t i = 0; i < description.programs; i++) {
        all |= core_is(i) ? set_of(i) : 0;
    }
    if (who != NO_INSTANCE) {
        mark(who);
        all |= instance_kind(who)->needs;
    }
    while (all != looked) {
        uint32_t i = set_first(all & ~looked);

        looked |= set_of(i);
        all |= kinds[i].needs;
        mark(i);
    }
}

/* ---- one of them ----------------------------------------------------------------------------- */

static void fill_state(struct program_brief *out, uint32_t process)
{
    uint64_t state = 0;
    uint64_t holds = 0;
    uint64_t fault = 0;

    lk_process_get_state(process, &state, &holds, &fault, NULL, &out->cpu_time, NULL, NULL, NULL, 0,
                         NULL);
    out->run_state = (uint8_t)state;
    out->holds = (uint8_t)holds;
    out->fault_code = (uint8_t)fault;
}

static void fill_init(struct program_brief *out)
{
    *out = (struct program_brief){
        .life = PROGRAM_LIFE_INIT,
        .number = PROGRAM_INIT,
        .flags = PROGRAM_AT_BOOT | PROGRAM_NEEDED | PROGRAM_CARRIES,
    };
    lk_copy_text(out->name, sizeof(out->name), "init");
    fill_state(out, LK_INIT_SELF);
}

static void fill(uint32_t i, struct program_brief *out)
{
    const struct instance *in = instance(i);
    bool further = i >= description.programs;
    unsigned flags = further ? PROGRAM_FURTHER : 0;

    *out = (struct program_brief){ .life = in->life, .number = i, .generation = in->generation };
    lk_copy_text(out->name, sizeof(out->name), instance_name(i).text);
    flags |= instance_program(i)->at_boot && !further ? PROGRAM_AT_BOOT : 0;
    flags |= instance_program(i)->part_of[0] != '\0' ? PROGRAM_PART : 0;
    flags |= in->waits_to_restart ? PROGRAM_COMES_BACK : 0;
    if (in->life != 0) {
        bool carries = instance(in->root)->carries == question;

        flags |= in->ended == PROGRAM_ENDED_FAULT ? PROGRAM_FAULTED : 0;
        flags |= in->needed == question ? PROGRAM_NEEDED : 0;
        flags |= carries ? PROGRAM_CARRIES : 0;
        if (shelf_get(i, SHELF_PROCESS, REG_PROCESS) == STATUS_OK) {
            fill_state(out, REG_PROCESS);
        }
    }
    out->ended = (uint8_t)(in->life == 0 ? in->ended : PROGRAM_ENDED_NOT);
    out->flags = (uint8_t)flags;
}

/* Is there anything to say of the row? A further instance that has not begun is nobody's but that
 * of who makes it. */
static bool is_there(uint32_t i)
{
    return i < description.programs || (instance(i)->life != 0 && !paid_forsaken(i));
}

unsigned brief_list(uint64_t asker, uint64_t *position, struct program_brief *out, unsigned most)
{
    uint64_t at = *position;
    unsigned n = 0;

    mark_needed(asker);
    if (at == 0 && most > 0) {
        fill_init(&out[n++]);
        at++;
    }
    for (; at <= instance_count() && n < most; at++) {
        if (is_there((uint32_t)(at - 1))) {
            fill((uint32_t)(at - 1), &out[n++]);
        }
    }
    *position = at;
    return n;
}

bool brief_of(uint64_t asker, uint64_t number, struct program_brief *out)
{
    if (number == PROGRAM_INIT) {
        fill_init(out);
        return true;
    }
    if (number >= instance_count() || !is_there((uint32_t)number)) {
        return false;
    }
    mark_needed(asker);
    fill((uint32_t)number, out);
    return true;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting and ending programs; see programs.h. How one is made is in build.c.
 */
#include "programs.h"

#include "registers.h"
#include "shelf.h"

#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

struct description description;
struct instance instances[DESC_PROGRAMS];
struct archive archive;
const char *boot_words = "";

void trouble_say(struct trouble *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    lk_vformat(t->words, sizeof(t->words), format, args);
    va_end(args);
}

/* The set with all programs that it names in grants and that do not exist yet: they must be made
 * with it. */
static program_set with_needed(program_set set)
{
    program_set before;

    do {
        before = set;
        for (unsigned i = 0; i < description.programs; i++) {
            const struct program *p = &description.program[i];

            for (unsigned k = 0; (set >> i & 1) != 0 && k < p->grants; k++) {
                const struct grant *g = &p->grant[k];
                bool names =
                    g->kind == GRANT_ENTRY || g->kind == GRANT_NOTICE || g->kind == GRANT_PROCESS;

                if (names && g->program != DESC_INIT && !description.program[g->program].faulty &&
                    !instances[g->program].running) {
                    set |= 1ull << g->program;
                }
            }
        }
    } while (set != before);
    return set;
}

unsigned programs_boot(void)
{
    struct trouble why;
    program_set set = 0;
    unsigned n = 0;

    for (unsigned i = 0; i < description.programs; i++) {
        instances[i].root = i;
        instances[i].parent = PARENT_NONE;
        if (!description.program[i].at_boot) {
            continue;
        }
        if (description.program[i].faulty) {
            say("program %s is not started: the description of it has a mistake",
                description.program[i].name);
        } else {
            set |= 1ull << i;
        }
    }
    set = build_programs(with_needed(set), DESC_PROGRAMS, NULL, &why);
    for (; set != 0; set &= set - 1) {
        n++;
    }
    return n;
}

/* The job with which one ends that a program has started. */
static unsigned parent_of(uint64_t starter)
{
    if (starter >= description.programs || instances[starter].purse.frames == 0) {
        return PARENT_NONE;
    }
    unsigned root = instances[starter].root;

    return description.program[root].at_boot ? PARENT_NONE : root;
}

enum status programs_start(unsigned i, uint64_t starter, uint64_t flags, const char *args,
                           struct trouble *why)
{
    const struct program *p = &description.program[i];

    if (instances[i].purse.frames != 0) {
        trouble_say(why,
                    instances[i].ended == PROGRAM_ENDED_FAULT
                        ? "%s has faulted and is still there; destroy it first"
                        : "%s runs already",
                    p->name);
        return STATUS_IN_USE;
    }
    if (p->faulty) {
        trouble_say(why, "the description of %s has a mistake; the log says which", p->name);
        return STATUS_REQUEST_ERROR;
    }
    program_set set = with_needed(1ull << i);
    unsigned parent = parent_of(starter);

    for (unsigned k = 0; k < description.programs; k++) {
        if ((set >> k & 1) != 0) {
            instances[k].root = i;
            instances[k].parent = parent;
            instances[k].flags = flags;
            instances[k].has_notice = false;
            instances[k].ended = PROGRAM_ENDED_NOT;
        }
    }
    program_set made = build_programs(set, i, args, why);

    if ((made >> i & 1) != 0) {
        return STATUS_OK;
    }
    /* What was made along with it has nothing to do. */
    for (unsigned k = 0; k < description.programs; k++) {
        if ((made >> k & 1) != 0) {
            programs_end(k, PROGRAM_ENDED_DESTROYED, 0, "");
        }
    }
    return STATUS_NO_MEMORY;
}

/* Note how a program ended. */
static void note_end(struct instance *in, unsigned how, uint64_t value, const char *words)
{
    in->ended = how;
    in->ended_value = value;
    lk_copy_text(in->ended_words, sizeof(in->ended_words), words);
}

static void post_notice(unsigned i)
{
    if (instances[i].has_notice && shelf_get(i, SHELF_NOTICE, REG_WORK) == STATUS_OK) {
        lk_appnotice_post(REG_WORK, instances[i].notice_bits);
    }
}

/* The process goes first, so that its callers are answered and it runs no more. */
void programs_dismantle(unsigned i)
{
    struct instance *in = &instances[i];

    in->running = false;
    if (in->purse.frames == 0) {
        return; /* nothing of it was made */
    }
    if (shelf_get(i, SHELF_PROCESS, REG_PROCESS) == STATUS_OK) {
        lk_range_rescind(LK_INIT_RANGE, REG_PROCESS);
    }
    for (; in->irq_lines != 0; in->irq_lines &= in->irq_lines - 1) {
        lk_irqctl_release(LK_INIT_IRQCTL, (uint64_t)__builtin_ctzll(in->irq_lines));
    }
    bank_give_back(&in->purse);
}

/* The jobs, by their roots, that end with the one of this root: what was started by what ends. */
static program_set jobs_ending(unsigned root)
{
    program_set roots = 1ull << root;
    program_set before;

    do {
        before = roots;
        for (unsigned k = 0; k < description.programs; k++) {
            const struct instance *in = &instances[k];

            if (in->purse.frames != 0 && in->parent != PARENT_NONE &&
                (roots >> in->parent & 1) != 0) {
                roots |= 1ull << in->root;
            }
        }
    } while (roots != before);
    return roots;
}

void programs_end(unsigned i, unsigned how, uint64_t value, const char *words)
{
    program_set roots = jobs_ending(instances[i].root);

    for (unsigned k = 0; k < description.programs; k++) {
        struct instance *in = &instances[k];

        if (in->purse.frames == 0 || (roots >> in->root & 1) == 0) {
            continue;
        }
        if (k == i) {
            note_end(in, how, value, words);
        } else if (in->ended == PROGRAM_ENDED_NOT) {
            note_end(in, PROGRAM_ENDED_DESTROYED, 0, "ended along with its job");
        }
        programs_dismantle(k);
        post_notice(k);
        in->has_notice = false;
        shelf_put(k, SHELF_NOTICE, 0);
    }
}

void programs_note_fault(unsigned i, uint64_t code, const char *words)
{
    note_end(&instances[i], PROGRAM_ENDED_FAULT, code, words);
    post_notice(i);
}

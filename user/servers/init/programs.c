/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting and ending programs; see programs.h. How one is made is in build.c.
 */
#include "programs.h"

#include "build.h"
#include "connect.h"
#include "core.h"
#include "ended.h"
#include "jobs.h"
#include "lives.h"
#include "paid.h"
#include "registers.h"

#include <lykos/bank.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

#define NEVER UINT64_MAX
#define BACKOFF_MAX_DOUBLINGS 6u
/* One that could not be begun again, or ended again within this time, waits so long; twice as long
 * each time. */
#define RETRY (10 * LK_NSEC_PER_MSEC)
#define RETRY_DOUBLINGS 8u

/* What becomes of an instance that ended. */
enum after {
    AFTER_GONE,    /* it is gone */
    AFTER_POLICY,  /* as its description says */
    AFTER_AT_ONCE, /* it is begun again */
};

/* ---- who is started with whom ------------------------------------------------------------------
 */

/* The programs that the grants of a program name. */
static program_set needs_of(unsigned program)
{
    const struct program *p = &description.program[program];
    program_set set = 0;

    for (unsigned k = 0; k < p->grants; k++) {
        const struct grant *g = &p->grant[k];
        bool names = g->kind == GRANT_ENTRY || g->kind == GRANT_NOTICE || g->kind == GRANT_PROCESS;

        if (names && g->program >= 0) {
            set |= set_of((uint32_t)g->program);
        }
    }
    return set;
}

/* The set with all programs that it names in grants and of which none runs: they must be made with
 * it.
 */
static program_set with_needed(program_set set)
{
    program_set looked = 0;

    while (looked != set) {
        uint32_t i = set_first(set & ~looked);

        looked |= set_of(i);
        for (program_set more = kinds[i].needs; more != 0; more &= more - 1) {
            uint32_t k = set_first(more);

            if (!instance(k)->exists && !instance(k)->waits_to_restart) {
                set |= set_of(k);
            }
        }
    }
    return set;
}

/* ---- taking apart ---------------------------------------------------------------------------- */

/* Everything that one instance has is destroyed. The pager forgets the space first: it must put
 * nothing more into it. The bank destroys processes before all else, so that their callers are
 * answered. */
static void dismantle(uint32_t i)
{
    struct instance *in = instance(i);

    life_end(i, in->ended);
    in->running = false;
    for (; in->irq_lines != 0; in->irq_lines &= in->irq_lines - 1) {
        lk_irqctl_release(LK_INIT_IRQCTL, (uint64_t)__builtin_ctzll(in->irq_lines));
    }
    if (in->paged) {
        core_pager_remove(i);
        in->paged = false;
    }
    paid_release(i);
    if (shelf_get(i, SHELF_BANK, REG_BANK) == STATUS_OK && cap_there(REG_BANK)) {
        lk_bank_close(REG_BANK);
    }
    for (unsigned place = 0; place < SHELF_PLACES; place++) {
        if (place != SHELF_NOTICE && place != SHELF_WAITER) {
            shelf_put(i, place, 0);
        }
    }
    in->has_caller = false;
    in->watches = false;
    in->named = 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Take a whole job apart that has not begun. Its root keeps its number. */
static void take_back(uint32_t root)
{
    uint32_t k = instance(root)->next_in_job;

    while (k != root) {
        uint32_t next = instance(k)->next_in_job;

        dismantle(k);
        instance_free(k);
        k = next;
    }
    dismantle(root);
    instance(root)->next_in_job = root;
    instance(root)->exists = false;
}

/* It is no more, and nobody's child. Who waits for its end is told. */
static void let_go(uint32_t i)
{
    ended_tell(i);
    job_leave_parent(i);
    instance_free(i);
}

static void give_up(uint32_t root)
{
    take_back(root);
    let_go(root);
}

/* All steps but the last, for every instance of a job. False: `why` says what failed. */
static bool build_job(uint32_t root, struct trouble *why)
{
    struct trouble t;
    uint32_t k = root;

    do {
        if (!build_objects(k, &t)) {
            trouble_say(why, "%s: %s", instance_program(k)->name, t.words);
            return false;
        }
        k = instance(k)->next_in_job;
    } while (k != root);
    do {
        if (!build_memory(k, &t)) {
            trouble_say(why, "%s: %s", instance_program(k)->name, t.words);
            return false;
        }
        k = instance(k)->next_in_job;
    } while (k != root);
    do {
        if (!build_grants(k, &t)) {
            trouble_say(why, "%s: %s", instance_program(k)->name, t.words);
            return false;
        }
        k = instance(k)->next_in_job;
    } while (k != root);
    return true;
}

/* The first instances of all programs that instance `root` needs, into its job. */
static void complete_job(uint32_t root)
{
    program_set own = set_of(instance(root)->program);

    for (program_set set = with_needed(own) & ~own; set != 0; set &= set - 1) {
        uint32_t k = set_first(set);

        instance_first(k);
        instance(k)->flags = instance(root)->flags;
        job_join(root, k);
    }
}

bool programs_make(uint32_t i, uint64_t flags, const char *args, struct trouble *why)
{
    instance(i)->flags = flags;
    complete_job(i);
    if (args != NULL) {
        instance(i)->own_args = true;
        lk_copy_text(instance(i)->args, sizeof(instance(i)->args), args);
    }
    if (build_job(i, why)) {
        return true;
    }
    give_up(i);
    return false;
}

bool programs_set_parent(uint32_t i, uint64_t payload)
{
    uint32_t starter = instance_of_payload(payload);

    if (starter == NO_INSTANCE) {
        return false;
    }
    if (!instance_program(instance(starter)->root)->at_boot) {
        job_set_parent(i, instance(starter)->root);
    }
    return true;
}

/* Those of the job that are begun again by themselves are jobs of their own, which end with it. */
static void part_job(uint32_t root)
{
    uint32_t k = instance(root)->next_in_job;

    while (k != root) {
        uint32_t next = instance(k)->next_in_job;

        if (instance_program(k)->restarts > 0) {
            job_leave(k);
            instance(k)->root = k;
            instance(k)->flags = 0;
            if (!instance_program(root)->at_boot) {
                job_set_parent(k, root);
            }
        }
        k = next;
    }
}

/* The last step, for all of a job. */
static bool begin_job(uint32_t i, struct trouble *why)
{
    uint32_t k = i;

    do {
        if (!build_begin(k, why)) {
            return false;
        }
        k = instance(k)->next_in_job;
    } while (k != i);
    do {
        if (instance(k)->generation != 0) {
            connect_tell(k);
        }
        k = instance(k)->next_in_job;
    } while (k != i);
    part_job(i);
    return true;
}

bool programs_begin(uint32_t i, struct trouble *why)
{
    if (begin_job(i, why)) {
        return true;
    }
    give_up(i);
    return false;
}

/* Does the word stand on the boot command line? */
static bool is_boot_word(const char *word)
{
    size_t length = strlen(word);

    for (const char *at = boot_words; length > 0 && *at != '\0';) {
        const char *end = at;

        while (*end != '\0' && *end != ' ') {
            end++;
        }
        if ((size_t)(end - at) == length && memcmp(at, word, length) == 0) {
            return true;
        }
        at = *end == ' ' ? end + 1 : end;
    }
    return false;
}

unsigned programs_boot(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < description.programs; i++) {
        kinds[i].needs = needs_of(i);
    }
    for (unsigned i = 0; i < description.programs; i++) {
        const struct program *p = &description.program[i];
        struct trouble why = { "" };

        if (!(p->at_boot || is_boot_word(p->start_word)) || instance(i)->exists) {
            continue;
        }
        instance_first(i);
        if (programs_make(i, 0, NULL, &why) && programs_begin(i, &why)) {
            n++;
        } else {
            say("program %s is not started: %s", p->name, why.words);
        }
    }
    return n;
}

enum status programs_wait(uint32_t i, uint32_t caller)
{
    enum status s;

    if (instance(i)->has_waiter && shelf_get(i, SHELF_WAITER, REG_WORK) == STATUS_OK &&
        cap_there(REG_WORK)) {
        return STATUS_IN_USE;
    }
    s = paid_watch(i, caller);
    if (s == STATUS_OK) {
        s = shelf_put(i, SHELF_WAITER, caller);
    }
    instance(i)->has_waiter = s == STATUS_OK;
    return s;
}

/* ---- ending, and beginning again --------------------------------------------------------------
 */

static unsigned awaited; /* instances that are to be begun again */

static uint64_t next_due(void)
{
    uint64_t due = NEVER;

    for (uint32_t i = 0; i < instance_count(); i++) {
        if (instance(i)->waits_to_restart && instance(i)->due < due) {
            due = instance(i)->due;
        }
    }
    return due;
}

/* Have the clock say when the next one is due. */
static void set_clock(void)
{
    lk_sleep_notice_at(LK_INIT_SLEEP, next_due(), PROGRAMS_DUE_NOTICE);
}

/* How long until it is begun again: longer each time. NEVER: it was begun again too often. */
static uint64_t restart_after(struct instance *in, const struct program *p)
{
    uint64_t now = lk_now();

    if (in->restarts == 0 || now - in->restarted_since > p->restart_within) {
        in->restarts = 0;
        in->restarted_since = now;
    }
    if (in->restarts >= p->restarts) {
        return NEVER;
    }
    return p->backoff << (in->restarts < BACKOFF_MAX_DOUBLINGS ? in->restarts
                                                               : BACKOFF_MAX_DOUBLINGS);
}

/* How long to wait before the next try of one that cannot be begun, or ends as soon as it has
 * begun. */
static uint64_t longer_each_time(struct instance *in)
{
    unsigned doublings = in->failures < RETRY_DOUBLINGS ? in->failures : RETRY_DOUBLINGS;

    in->failures++;
    return RETRY << doublings;
}

/* It could not be built anew. One with a line `restart` is tried again, later each time, for as
 * long as it takes: there may be memory again. Any other is gone. */
static void not_again(uint32_t i, const char *why)
{
    struct instance *in = instance(i);
    char words[sizeof(in->ended_words)];
    uint64_t after;

    in->generation--;
    lk_format(words, sizeof(words), "could not be begun again: %s", why);
    ended_note(in, PROGRAM_ENDED_DESTROYED, 0, words);
    if (instance_program(i)->restarts == 0) {
        say("program %s %s", instance_program(i)->name, words);
        let_go(i);
        connect_tell(i);
        return;
    }
    after = longer_each_time(in);
    say("program %s %s; it is tried again in %lu ms", instance_program(i)->name, words,
        after / LK_NSEC_PER_MSEC);
    ended_tell(i);
    in->due = lk_now() + after;
    in->waits_to_restart = true;
    awaited++;
}

/* Build it anew in the same place. */
static void build_again(uint32_t i)
{
    struct trouble why = { "" };
    struct instance *in = instance(i);

    in->waits_to_restart = false;
    awaited--;
    instance_begin_again(i);
    complete_job(i);
    if (build_job(i, &why) && begin_job(i, &why)) {
        in->begun = lk_now();
        return;
    }
    take_back(i);
    not_again(i, why.words);
}

/* It ended: is it begun again, now or later? True: it keeps its number. */
static bool begin_again(uint32_t i)
{
    struct instance *in = instance(i);
    const struct program *p = instance_program(i);
    uint64_t after;
    uint64_t now;

    if (p->restarts == 0 || in->paid) {
        return false;
    }
    after = restart_after(in, p);
    if (after == NEVER) {
        say("program %s ended %u times within %lu s: it is not begun again", p->name,
            in->restarts + 1, p->restart_within / LK_NSEC_PER_SEC);
        return false;
    }
    in->restarts++;
    now = lk_now();
    if (now - in->begun >= RETRY) {
        in->failures = 0;
    } else if (in->generation > 0) { /* most likely there is no memory for what it begins with */
        uint64_t least = longer_each_time(in);

        after = after > least ? after : least;
    }
    in->due = now + after;
    return true;
}

void programs_due(void)
{
    uint64_t now;

    if (awaited == 0) {
        return;
    }
    now = lk_now();
    for (uint32_t i = 0; i < instance_count(); i++) {
        if (instance(i)->waits_to_restart && instance(i)->due <= now) {
            build_again(i);
        }
    }
    set_clock();
}

/* The instance is dismantled: leave its job, and come back or be gone. One that comes back is still
 * its parent's child. */
static void finish(uint32_t i, enum after after)
{
    struct instance *in = instance(i);
    bool comes_back = after == AFTER_AT_ONCE || (after == AFTER_POLICY && begin_again(i));

    job_leave(i);
    if (!comes_back) {
        let_go(i);
        if (in->generation != 0 || instance_program(i)->restarts > 0) {
            connect_tell(i);
        }
        return;
    }
    ended_tell(i);
    in->root = i;
    in->exists = false;
    in->waits_to_restart = true;
    awaited++;
}

/* It is about to be begun again, and is not. */
static void stay_away(uint32_t i)
{
    instance(i)->waits_to_restart = false;
    awaited--;
    finish(i, AFTER_GONE);
}

/* All of the job of `root` ends, because `with` did, in these words. `after` says what becomes of
 * `root`. */
static void end_members(uint32_t root, uint32_t with, const char *words, enum after after)
{
    while (instance(root)->next_in_job != root) {
        uint32_t k = instance(root)->next_in_job;

        ended_note_along(k, with, words);
        dismantle(k);
        finish(k, AFTER_GONE);
    }
    ended_note_along(root, with, words);
    dismantle(root);
    finish(root, after);
}

/* The jobs that this one has started end before it, those without children first: however long the
 * line of who started whom is, this takes no more of the stack. */
static void end_children(uint32_t root)
{
    static const char words[] = "ended with the program that started it";

    for (uint32_t k = job_below(root); k != NO_INSTANCE; k = job_below(root)) {
        if (instance(k)->waits_to_restart) {
            stay_away(k); /* how it ended is known */
        } else {
            ended_note(instance(k), PROGRAM_ENDED_DESTROYED, 0, words);
            end_members(k, k, words, AFTER_GONE);
        }
    }
}

/* The job of instance `i` ends, and its ending is why. `after` says what becomes of its root. */
static void end_job(uint32_t i, unsigned how, uint64_t value, const char *words, enum after after)
{
    uint32_t root = instance(i)->root;

    ended_note(instance(i), how, value, words);
    if (core_is(i)) {
        core_kill(i);
        return;
    }
    end_children(root);
    end_members(root, i, words, after);
    paid_sweep(); /* what its banks paid for is gone with it */
    programs_due();
}

void programs_end(uint32_t i, unsigned how, uint64_t value, const char *words, bool for_good)
{
    if (instance(i)->waits_to_restart) {
        if (for_good) {
            ended_note(instance(i), how, value, words);
            stay_away(i);
        }
        return;
    }
    if (!instance(instance(i)->root)->running) {
        for_good = true; /* it has not begun: nobody would give it again what it was given */
    }
    end_job(i, how, value, words, for_good ? AFTER_GONE : AFTER_POLICY);
}

bool programs_fault(uint32_t i, uint64_t code, const char *words)
{
    if (instance_program(i)->restarts > 0 || (instance(i)->flags & PROGRAM_FOREGROUND) != 0) {
        programs_end(i, PROGRAM_ENDED_FAULT, code, words, false);
        return false;
    }
    ended_note(instance(i), PROGRAM_ENDED_FAULT, code, words);
    life_change(i, PROGRAM_CRASHED);
    ended_tell(i);
    return true;
}

bool programs_stands(uint32_t i)
{
    return instance(i)->exists && instance(i)->ended == PROGRAM_ENDED_FAULT;
}

enum status programs_renew(uint32_t i, struct trouble *why)
{
    if (instance(i)->paid) {
        trouble_say(why, "%s was made for somebody who pays for it", instance_name(i).text);
        return STATUS_REQUEST_ERROR;
    }
    if (instance(i)->root != i && !core_is(i)) {
        trouble_say(why, "%s belongs to the job of %s", instance_name(i).text,
                    instance_name(instance(i)->root).text);
        return STATUS_REQUEST_ERROR;
    }
    instance(i)->due = 0;
    end_job(i, PROGRAM_ENDED_DESTROYED, 0, "begun again on request", AFTER_AT_ONCE);
    if (!instance(i)->exists) {
        trouble_say(why, "%s %s", instance_program(i)->name, instance(i)->ended_words);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

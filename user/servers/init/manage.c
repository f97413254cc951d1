/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The methods of init.programs; see manage.h.
 */
#include "manage.h"

#include "brief.h"
#include "core.h"
#include "listing.h"
#include "lives.h"
#include "locks.h"
#include "programs.h"
#include "registers.h"
#include "service.h"
#include "spawn.h"

#include <lykos/bank.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

/* The number of an instance: a first one, whether it exists or not, or a further one that does. */
static bool is_number(uint64_t n)
{
    return n < instance_count() && (n < description.programs || instance((uint32_t)n)->exists ||
                                    instance((uint32_t)n)->waits_to_restart);
}

/* The program that word 1 numbers: sets *i. */
static bool asked_program(const struct lk_request *rq, uint32_t *i)
{
    *i = (uint32_t)rq->w[1];
    return is_number(rq->w[1]);
}

/* Is the instance in the life that word 2 says? 0, or no word: any will do. */
static bool is_asked_life(const struct lk_request *rq, uint32_t i)
{
    return lk_words(rq->delivery) < 3 || rq->w[2] == 0 || rq->w[2] == instance(i)->life;
}

static void answer_info(struct lk_request *rq, uint32_t i)
{
    static struct program_info info;

    listing_info(i, &info);
    rq->out_string = &info;
    rq->out_string_len = sizeof(info);
}

static enum status programs_op_info(struct lk_request *rq)
{
    uint64_t n = rq->w[1];

    if (n > instance_count()) {
        return STATUS_OUT_OF_RANGE;
    }
    while (n < instance_count() && !is_number(n)) {
        n++;
    }
    answer_info(rq, (uint32_t)n);
    lk_answer1(rq, n);
    return STATUS_OK;
}

static enum status programs_op_find(struct lk_request *rq)
{
    uint32_t i = instance_find(service_text(rq));

    if (i == NO_INSTANCE) {
        return STATUS_NOT_FOUND;
    }
    lk_answer1(rq, i);
    return STATUS_OK;
}

static enum status programs_op_name(struct lk_request *rq)
{
    uint32_t i;

    if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    }
    service_answer_text(rq, instance_name(i).text);
    return STATUS_OK;
}

/* Start the first instance of a program. */
static enum status start_first(uint32_t i, const struct lk_request *rq, const char *args,
                               struct trouble *why)
{
    if (i >= description.programs) {
        return STATUS_OUT_OF_RANGE;
    }
    if (instance(i)->exists || instance(i)->waits_to_restart) {
        trouble_say(why,
                    instance(i)->waits_to_restart ? "%s is about to be begun again"
                    : instance(i)->ended == PROGRAM_ENDED_FAULT
                        ? "%s has faulted and is still there; destroy it first"
                        : "%s runs already",
                    instance_program(i)->name);
        return STATUS_IN_USE;
    }
    instance_first(i);
    if (!programs_make(i, rq->w[2], args, why)) {
        return STATUS_NO_MEMORY;
    }
    if (!programs_set_parent(i, rq->payload)) {
        programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "", true);
        return STATUS_INVALID_CAP;
    }
    return programs_begin(i, why) ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status programs_op_start(struct lk_request *rq)
{
    struct trouble why = { "" };
    uint32_t i;

    if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((rq->w[2] & ~(uint64_t)PROGRAM_FOREGROUND) != 0) {
        return STATUS_REQUEST_ERROR;
    }
    const char *args = rq->string_len > 0 ? service_text(rq) : NULL;
    enum status s = start_first(i, rq, args, &why);

    if (s == STATUS_OK && service_brings(rq, LK_TYPE_APPNOTICE) &&
        shelf_put(i, SHELF_NOTICE, LK_REG_ARG) == STATUS_OK) {
        instance(i)->notice_bits = rq->w[3];
        instance(i)->has_notice = true;
    }
    if (s != STATUS_OK) {
        service_answer_text(rq, why.words);
    }
    return s;
}

static enum status programs_op_destroy(struct lk_request *rq)
{
    uint32_t i;

    if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((!instance(i)->exists && !instance(i)->waits_to_restart) || !is_asked_life(rq, i)) {
        return STATUS_NOT_FOUND;
    }
    programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "was destroyed on request", true);
    rq->no_answer = service_caller_is_gone();
    return STATUS_OK;
}

static enum status programs_op_kill(struct lk_request *rq)
{
    uint32_t i;

    if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    }
    if (!instance(i)->exists) {
        return STATUS_NOT_FOUND;
    }
    programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "was killed on request", false);
    rq->no_answer = service_caller_is_gone();
    return STATUS_OK;
}

static enum status programs_op_restart(struct lk_request *rq)
{
    struct trouble why = { "" };
    enum status s;
    uint32_t i;

    if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    }
    if (!instance(i)->exists) {
        return STATUS_NOT_FOUND;
    }
    s = programs_restart(i, &why);
    if (s != STATUS_OK) {
        service_answer_text(rq, why.words);
    }
    rq->no_answer = service_caller_is_gone();
    return s;
}

static enum status programs_op_banks(struct lk_request *rq)
{
    static struct bank_info info;
    enum status s = lk_bank_list(REG_MAIN_BANK, rq->w[1], &info);

    rq->out_string = &info;
    rq->out_string_len = s == STATUS_OK ? sizeof(info) : 0;
    return s;
}

static enum status programs_op_space(struct lk_request *rq)
{
    static char picture[1000];
    uint64_t position = rq->w[2];
    uint32_t i;

    if (!asked_program(rq, &i) && rq->w[1] != instance_count()) {
        return STATUS_OUT_OF_RANGE;
    }
    rq->out_string = picture;
    rq->out_string_len = listing_space(i, &position, picture, sizeof(picture));
    lk_answer1(rq, position);
    return rq->out_string_len > 0 || rq->w[2] != 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

/* The process of the program that word 1 numbers, which runs, into REG_PROCESS: sets *i. */
static enum status asked_process(const struct lk_request *rq, uint32_t *i)
{
    if (!asked_program(rq, i)) {
        return STATUS_OUT_OF_RANGE;
    }
    return !instance(*i)->exists ? STATUS_NOT_FOUND : shelf_get(*i, SHELF_PROCESS, REG_PROCESS);
}

static enum status programs_op_locks(struct lk_request *rq)
{
    static char text[1000];
    uint64_t position = rq->w[2];
    enum status s = STATUS_OK;
    uint32_t i;

    rq->out_string = text;
    if (rq->w[1] == instance_count()) {
        position = 0; /* init itself, which has none */
    } else if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    } else {
        s = asked_process(rq, &i);
        rq->out_string_len = s == STATUS_OK ? locks_part(i, &position, text, sizeof(text)) : 0;
    }
    lk_answer1(rq, position);
    return s;
}

/* Of a further instance too that is gone: until its number means another. */
static enum status programs_op_result(struct lk_request *rq)
{
    uint32_t i;

    if (!asked_program(rq, &i) &&
        (rq->w[1] >= instance_count() || instance(i)->ended == PROGRAM_ENDED_NOT)) {
        return STATUS_OUT_OF_RANGE;
    }
    lk_answer2(rq, instance(i)->ended, instance(i)->ended_value);
    service_answer_text(rq, instance(i)->ended_words);
    return STATUS_OK;
}

static enum status programs_op_caps(struct lk_request *rq)
{
    static char line[256];
    uint32_t i;

    if (!asked_program(rq, &i) || rq->w[2] > LK_CAP_REGS + 64 ||
        !listing_cap(i, (unsigned)rq->w[2], line, sizeof(line))) {
        return STATUS_OUT_OF_RANGE;
    }
    service_answer_text(rq, line);
    return STATUS_OK;
}

/* Set or clear the suspend hold. */
static enum status change_hold(struct lk_request *rq, bool set)
{
    uint64_t before = 0;
    uint32_t i;
    enum status s = asked_process(rq, &i);

    if (s == STATUS_OK && !is_asked_life(rq, i)) {
        s = STATUS_NOT_FOUND;
    }
    if (s == STATUS_OK) {
        s = set ? lk_process_set_not_schedulable(REG_PROCESS, LK_HOLD_SUSPEND, &before)
                : lk_process_clear_not_schedulable(REG_PROCESS, LK_HOLD_SUSPEND, &before);
    }
    if (s == STATUS_OK && (before >> LK_HOLD_SUSPEND & 1) != set) {
        life_change(i, set ? PROGRAM_SUSPENDED : PROGRAM_RESUMED);
    }
    lk_answer1(rq, before);
    return s;
}

/* init calls the bank and the pager: suspended, they would keep it, and everybody, waiting. */
static enum status programs_op_suspend(struct lk_request *rq)
{
    if (rq->w[1] < instance_count() && core_is((uint32_t)rq->w[1])) {
        return STATUS_NO_ACCESS;
    }
    return change_hold(rq, true);
}

static enum status programs_op_resume(struct lk_request *rq)
{
    return change_hold(rq, false);
}

/* What the kernel has counted of the process in REG_PROCESS. */
static struct lk_preemption counted(void)
{
    struct lk_preemption p = { .posts = 0 };

    lk_process_get_preemption(REG_PROCESS, &p, sizeof(p), NULL);
    return p;
}

/* Whether the handler was told is what the kernel counted. If it was not, nobody can have run
 * between the post and the look, which shows why: no program is given a priority as high as this
 * one's. */
static enum status programs_op_notify(struct lk_request *rq)
{
    struct lk_preemption before = { .posts = 0 };
    struct lk_preemption after = { .posts = 0 };
    uint32_t i;
    enum status s = asked_process(rq, &i);

    if (s == STATUS_OK && rq->w[2] == 0) {
        s = STATUS_REQUEST_ERROR;
    }
    if (s == STATUS_OK) {
        s = shelf_get(i, SHELF_REPLY, REG_WORK);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_make_proxy_notice(REG_WORK, rq->w[2], REG_WORK);
    }
    if (s == STATUS_OK) {
        before = counted();
        s = lk_appnotice_post(REG_WORK, rq->w[2]);
    }
    if (s == STATUS_OK) {
        after = counted();
        s = after.posts == before.posts ? STATUS_INVALID_CAP : STATUS_OK; /* it told another */
    }
    if (s == STATUS_OK) {
        lk_answer1(rq, after.deliveries != before.deliveries);
        answer_info(rq, i);
    }
    lk_drop_cap(REG_WORK);
    return s;
}

static enum status programs_op_inside(struct lk_request *rq)
{
    static struct program_info info;
    uint32_t i;

    if (!listing_inside(service_text(rq), &i, &info)) {
        return STATUS_NOT_FOUND;
    }
    lk_answer1(rq, i);
    rq->out_string = &info;
    rq->out_string_len = sizeof(info);
    return STATUS_OK;
}

static enum status programs_op_list(struct lk_request *rq)
{
    static struct program_brief briefs[PROGRAM_BRIEFS];
    uint64_t most = rq->w[2] == 0 || rq->w[2] > PROGRAM_BRIEFS ? PROGRAM_BRIEFS : rq->w[2];
    uint64_t position = rq->w[1];

    rq->out_string = briefs;
    rq->out_string_len =
        brief_list(rq->payload, &position, briefs, (unsigned)most) * sizeof(briefs[0]);
    lk_answer1(rq, position);
    return STATUS_OK;
}

static enum status programs_op_life(struct lk_request *rq)
{
    static struct program_brief brief;
    uint64_t most = 0;
    uint64_t now = 0;

    if (!brief_of(rq->payload, rq->w[1], &brief) ||
        (rq->w[2] != PROGRAM_ANY_LIFE && rq->w[2] != brief.life)) {
        return STATUS_NOT_FOUND;
    }
    if (brief.life == 0) {
        most = instance_program(brief.number)->memory;
    }
    listing_memory(brief.number, &now, &most);
    lk_answer2(rq, now, most);
    rq->out_string = &brief;
    rq->out_string_len = sizeof(brief);
    return STATUS_OK;
}

static enum status programs_op_changes(struct lk_request *rq)
{
    static struct program_change changes[PROGRAM_CHANGES_MOST];
    uint64_t position = rq->w[1];
    uint64_t missed = 0;
    unsigned n = 0;

    if (!lives_read(&position, &missed, changes, &n)) {
        return STATUS_OUT_OF_RANGE;
    }
    lk_answer2(rq, position, missed);
    rq->out_string = changes;
    rq->out_string_len = n * sizeof(changes[0]);
    return STATUS_OK;
}

static enum status programs_op_watch(struct lk_request *rq)
{
    bool brings = lk_caps(rq->delivery) > 1 && cap_there(LK_REG_ARG);

    if (instance_of_payload(rq->payload) == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    if (brings && !service_brings(rq, LK_TYPE_APPNOTICE)) {
        return STATUS_REQUEST_ERROR;
    }
    return lives_watch(rq->payload, brings ? LK_REG_ARG : 0, rq->w[1]);
}

static enum status programs_op_machine(struct lk_request *rq)
{
    const struct lk_boot_info *info = (const struct lk_boot_info *)LK_INIT_INFO_VA;

    __asm__("" : "+r"(info)); /* as in main.c */
    lk_sysctl_get_memory(LK_INIT_SYSCTL, &rq->out[3], NULL, NULL, NULL, NULL, NULL, NULL);
    rq->out[1] = 1; /* the others are parked */
    rq->out[2] = info->cpus;
    rq->out_words = 3;
    return STATUS_OK;
}

static const struct lk_method programs_methods[] = {
    [PROGRAMS_INFO] = { programs_op_info, .words = 1, .name = "info" },
    [PROGRAMS_FIND] = { programs_op_find, .string_min = 1, .string_max = DESC_NAME,
                        .name = "find" },
    [PROGRAMS_NAME] = { programs_op_name, .words = 1, .name = "name" },
    [PROGRAMS_START] = { programs_op_start, .words = 3, .string_max = DESC_ARGS, .name = "start" },
    [PROGRAMS_DESTROY] = { programs_op_destroy, .words = 1, .name = "destroy" },
    [PROGRAMS_RESULT] = { programs_op_result, .words = 1, .name = "result" },
    [PROGRAMS_CAPS] = { programs_op_caps, .words = 2, .name = "caps" },
    [PROGRAMS_SUSPEND] = { programs_op_suspend, .words = 1, .name = "suspend" },
    [PROGRAMS_RESUME] = { programs_op_resume, .words = 1, .name = "resume" },
    [PROGRAMS_NOTIFY] = { programs_op_notify, .words = 2, .name = "notify" },
    [PROGRAMS_INSIDE] = { programs_op_inside, .string_min = 1, .string_max = DESC_NAME,
                          .name = "inside" },
    [PROGRAMS_NEW] = { programs_op_new, .string_min = 1, .string_max = sizeof(service_received) - 1,
                       .name = "new" },
    [PROGRAMS_NEW_PAID] = { programs_op_new_paid, .caps = 1, .string_min = 1,
                            .string_max = sizeof(service_received) - 1, .name = "new paid" },
    [PROGRAMS_GRANT] = { programs_op_grant, .words = 2, .name = "grant" },
    [PROGRAMS_KILL] = { programs_op_kill, .words = 1, .name = "kill" },
    [PROGRAMS_RESTART] = { programs_op_restart, .words = 1, .name = "restart" },
    [PROGRAMS_SPACE] = { programs_op_space, .words = 2, .name = "space" },
    [PROGRAMS_LIST] = { programs_op_list, .words = 2, .name = "list" },
    [PROGRAMS_LIFE] = { programs_op_life, .words = 2, .name = "life" },
    [PROGRAMS_CHANGES] = { programs_op_changes, .words = 1, .name = "changes" },
    [PROGRAMS_WATCH] = { programs_op_watch, .words = 1, .name = "watch" },
    [PROGRAMS_MACHINE] = { programs_op_machine, .name = "machine" },
    [PROGRAMS_LOCKS] = { programs_op_locks, .words = 2, .name = "locks" },
    [PROGRAMS_BANKS] = { programs_op_banks, .words = 1, .name = "banks" },
};

static void told(void *context, uint64_t bits)
{
    (void)context;
    if ((bits & CORE_NOTICE) != 0) {
        core_revive();
    }
    if ((bits & PROGRAMS_DUE_NOTICE) != 0) {
        programs_due();
    }
}

const struct lk_server manage_server = {
    .methods = programs_methods,
    .method_count = sizeof(programs_methods) / sizeof(programs_methods[0]),
    .notice = told,
    .buffer = service_received,
    .buffer_size = sizeof(service_received) - 1,
};

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
#include <lykos/gen/programs_server.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

/* The number of an instance: a first one, whether it exists or not, or a further one that does. */
static bool is_number(uint64_t n)
{
    return n < instance_count() && (n < description.programs || instance((uint32_t)n)->exists ||
                                    instance((uint32_t)n)->waits_to_restart);
}

/* Is the instance in the life that was asked for? 0: any will do. */
static bool is_asked_life(uint64_t life, uint64_t i)
{
    return life == 0 || life == instance((uint32_t)i)->life;
}

static void answer_info(const struct program_info **out, uint32_t i)
{
    static struct program_info info;

    listing_info(i, &info);
    *out = &info;
}

enum status programs_op_info(struct lk_request *rq, uint64_t number, uint64_t *found,
                             const struct program_info **info)
{
    (void)rq;
    if (number > instance_count()) {
        return STATUS_OUT_OF_RANGE;
    }
    while (number < instance_count() && !is_number(number)) {
        number++;
    }
    answer_info(info, (uint32_t)number);
    *found = number;
    return STATUS_OK;
}

enum status programs_op_find(struct lk_request *rq, const char *name, size_t name_len,
                             uint64_t *number)
{
    uint32_t i = instance_find(service_text(name, name_len));

    (void)rq;
    *number = i;
    return i != NO_INSTANCE ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status programs_op_name(struct lk_request *rq, uint64_t number, const char **name,
                             size_t *name_len)
{
    (void)rq;
    if (!is_number(number)) {
        return STATUS_OUT_OF_RANGE;
    }
    service_answer_text(instance_name((uint32_t)number).text, name, name_len);
    return STATUS_OK;
}

/* A call to a program that stands in a fault waits for ever: which of them may this one call? */
static void say_who_stands(uint32_t i)
{
    for (program_set set = kinds[i].needs; set != 0; set &= set - 1) {
        uint32_t k = set_first(set);

        if (programs_stands(k)) {
            say("%s has an Entry to %s, which has faulted and answers nobody; 'destroy %s' makes "
                "room for another",
                instance_program(i)->name, instance_program(k)->name, instance_program(k)->name);
        }
    }
}

/* Start the first instance of a program. */
static enum status start_first(uint32_t i, uint64_t flags, uint64_t parent, const char *args,
                               struct trouble *why)
{
    if (i >= description.programs) {
        return STATUS_OUT_OF_RANGE;
    }
    if (instance(i)->exists || instance(i)->waits_to_restart) {
        trouble_say(why,
                    instance(i)->waits_to_restart ? "%s is about to be begun again"
                    : programs_stands(i) ? "%s has faulted and is still there; destroy it first"
                                         : "%s runs already",
                    instance_program(i)->name);
        return STATUS_IN_USE;
    }
    instance_first(i);
    if (!programs_make(i, flags, args, why)) {
        return STATUS_NO_MEMORY;
    }
    if (!programs_set_parent(i, parent)) {
        programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "", true);
        return STATUS_INVALID_CAP;
    }
    say_who_stands(i);
    return programs_begin(i, why) ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status programs_op_start(struct lk_request *rq, uint64_t number, uint64_t flags, uint64_t bits,
                              const char *args, size_t args_len, uint32_t notice,
                              const char **words, size_t *words_len)
{
    struct trouble why = { "" };
    uint32_t i = (uint32_t)number;
    enum status s;

    if (!is_number(number)) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((flags & ~(uint64_t)PROGRAM_FOREGROUND) != 0) {
        return STATUS_REQUEST_ERROR;
    }
    s = start_first(i, flags, rq->payload, args_len > 0 ? service_text(args, args_len) : NULL,
                    &why);
    if (s == STATUS_OK && cap_there(notice) && shelf_put(i, SHELF_NOTICE, notice) == STATUS_OK) {
        instance(i)->notice_bits = bits;
        instance(i)->has_notice = true;
    }
    if (s != STATUS_OK) {
        service_answer_text(why.words, words, words_len);
    }
    return s;
}

enum status programs_op_destroy(struct lk_request *rq, uint64_t number, uint64_t life)
{
    uint32_t i = (uint32_t)number;

    if (!is_number(number)) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((!instance(i)->exists && !instance(i)->waits_to_restart) || !is_asked_life(life, i)) {
        return STATUS_NOT_FOUND;
    }
    programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "was destroyed on request", true);
    rq->no_answer = service_caller_is_gone();
    return STATUS_OK;
}

enum status programs_op_kill(struct lk_request *rq, uint64_t number)
{
    uint32_t i = (uint32_t)number;

    if (!is_number(number)) {
        return STATUS_OUT_OF_RANGE;
    }
    if (!instance(i)->exists) {
        return STATUS_NOT_FOUND;
    }
    programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "was killed on request", false);
    rq->no_answer = service_caller_is_gone();
    return STATUS_OK;
}

enum status programs_op_restart(struct lk_request *rq, uint64_t number, const char **words,
                                size_t *words_len)
{
    struct trouble why = { "" };
    uint32_t i = (uint32_t)number;
    enum status s;

    if (!is_number(number)) {
        return STATUS_OUT_OF_RANGE;
    }
    if (!instance(i)->exists) {
        return STATUS_NOT_FOUND;
    }
    s = programs_renew(i, &why);
    if (s != STATUS_OK) {
        service_answer_text(why.words, words, words_len);
    }
    rq->no_answer = service_caller_is_gone();
    return s;
}

enum status programs_op_banks(struct lk_request *rq, uint64_t n, const struct bank_info **out)
{
    static struct bank_info info;
    enum status s = lk_bank_list(REG_MAIN_BANK, n, &info);

    (void)rq;
    *out = s == STATUS_OK ? &info : NULL;
    return s;
}

enum status programs_op_space(struct lk_request *rq, uint64_t number, uint64_t position,
                              uint64_t *next, const char **text, size_t *text_len)
{
    static char picture[1000];

    (void)rq;
    if (!is_number(number) && number != instance_count()) {
        return STATUS_OUT_OF_RANGE;
    }
    *next = position;
    *text = picture;
    *text_len = listing_space((uint32_t)number, next, picture, sizeof(picture));
    return *text_len > 0 || position != 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

/* The process of a program that runs, into REG_PROCESS. */
static enum status get_process(uint64_t number)
{
    if (!is_number(number)) {
        return STATUS_OUT_OF_RANGE;
    }
    return instance((uint32_t)number)->exists
               ? shelf_get((uint32_t)number, SHELF_PROCESS, REG_PROCESS)
               : STATUS_NOT_FOUND;
}

enum status programs_op_locks(struct lk_request *rq, uint64_t number, uint64_t position,
                              uint64_t *next, const char **out, size_t *out_len)
{
    static char text[1000];
    enum status s;

    (void)rq;
    *out = text;
    if (number == instance_count()) {
        return STATUS_OK; /* init itself, which has none */
    }
    s = get_process(number);
    *next = position;
    if (s == STATUS_OK) {
        *out_len = locks_part((uint32_t)number, next, text, sizeof(text));
    }
    return s;
}

/* Of a further instance too that is gone: until its number means another. */
enum status programs_op_result(struct lk_request *rq, uint64_t number, uint64_t *ended,
                               uint64_t *value, const char **words, size_t *words_len)
{
    (void)rq;
    if (!is_number(number) &&
        (number >= instance_count() || instance((uint32_t)number)->ended == PROGRAM_ENDED_NOT)) {
        return STATUS_OUT_OF_RANGE;
    }
    *ended = instance((uint32_t)number)->ended;
    *value = instance((uint32_t)number)->ended_value;
    service_answer_text(instance((uint32_t)number)->ended_words, words, words_len);
    return STATUS_OK;
}

enum status programs_op_caps(struct lk_request *rq, uint64_t number, uint64_t index,
                             const char **out, size_t *out_len)
{
    static char line[256];

    (void)rq;
    if (!is_number(number) || index > LK_CAP_REGS + 64 ||
        !listing_cap((uint32_t)number, (unsigned)index, line, sizeof(line))) {
        return STATUS_OUT_OF_RANGE;
    }
    *out = line;
    *out_len = strlen(line);
    return STATUS_OK;
}

/* Set or clear the suspend hold. */
static enum status change_hold(uint64_t number, uint64_t life, bool set, uint64_t *before)
{
    enum status s = get_process(number);

    if (s == STATUS_OK && !is_asked_life(life, number)) {
        s = STATUS_NOT_FOUND;
    }
    if (s == STATUS_OK) {
        s = set ? lk_process_set_not_schedulable(REG_PROCESS, LK_HOLD_SUSPEND, before)
                : lk_process_clear_not_schedulable(REG_PROCESS, LK_HOLD_SUSPEND, before);
    }
    if (s == STATUS_OK && (*before >> LK_HOLD_SUSPEND & 1) != set) {
        life_change((uint32_t)number, set ? PROGRAM_SUSPENDED : PROGRAM_RESUMED);
    }
    return s;
}

/* init calls the bank and the pager: suspended, they would keep it, and everybody, waiting. */
enum status programs_op_suspend(struct lk_request *rq, uint64_t number, uint64_t life,
                                uint64_t *holds)
{
    (void)rq;
    if (number < instance_count() && core_is((uint32_t)number)) {
        return STATUS_NO_ACCESS;
    }
    return change_hold(number, life, true, holds);
}

enum status programs_op_resume(struct lk_request *rq, uint64_t number, uint64_t life,
                               uint64_t *holds)
{
    (void)rq;
    return change_hold(number, life, false, holds);
}

/* What the kernel has counted of the process in REG_PROCESS. */
static struct lk_preemption counted(void)
{
    struct lk_preemption p = { .posts = 0 };

    lk_process_get_preemption(REG_PROCESS, &p, sizeof(p), NULL);
    return p;
}

/* Post bits to the proxy receiver of the process in REG_PROCESS. Was it told at once? That is what
 * the kernel counted. */
static enum status post_to(uint32_t i, uint64_t bits, bool *told)
{
    struct lk_preemption before = { .posts = 0 };
    struct lk_preemption after = { .posts = 0 };
    enum status s = shelf_get(i, SHELF_REPLY, REG_WORK);

    if (s == STATUS_OK) {
        s = lk_endpoint_make_proxy_notice(REG_WORK, bits, REG_WORK);
    }
    if (s == STATUS_OK) {
        before = counted();
        s = lk_appnotice_post(REG_WORK, bits);
    }
    if (s == STATUS_OK) {
        after = counted();
        s = after.posts == before.posts ? STATUS_INVALID_CAP : STATUS_OK; /* it told another */
    }
    *told = s == STATUS_OK && after.deliveries != before.deliveries;
    lk_drop_cap(REG_WORK);
    return s;
}

/* If the handler was not told, nobody can have run between the post and the look, which shows why:
 * no program is given a priority as high as this one's. */
enum status programs_op_notify(struct lk_request *rq, uint64_t number, uint64_t bits,
                               bool *told_out, const struct program_info **info)
{
    enum status s = get_process(number);

    (void)rq;
    if (s == STATUS_OK && bits == 0) {
        s = STATUS_REQUEST_ERROR;
    }
    if (s == STATUS_OK) {
        s = post_to((uint32_t)number, bits, told_out);
    }
    if (s == STATUS_OK) {
        answer_info(info, (uint32_t)number);
    }
    return s;
}

enum status programs_op_inside(struct lk_request *rq, const char *label, size_t label_len,
                               uint64_t *number, const struct program_info **out)
{
    static struct program_info info;
    uint32_t i;

    (void)rq;
    if (!listing_inside(service_text(label, label_len), &i, &info)) {
        return STATUS_NOT_FOUND;
    }
    *number = i;
    *out = &info;
    return STATUS_OK;
}

enum status programs_op_list(struct lk_request *rq, uint64_t position, uint64_t most,
                             uint64_t *next, const struct program_brief **out, size_t *count)
{
    static struct program_brief briefs[PROGRAM_BRIEFS];

    *next = position;
    *count = brief_list(rq->payload, next, briefs,
                        most == 0 || most > PROGRAM_BRIEFS ? PROGRAM_BRIEFS : (unsigned)most);
    *out = briefs;
    return STATUS_OK;
}

enum status programs_op_life(struct lk_request *rq, uint64_t number, uint64_t life,
                             uint64_t *frames, uint64_t *frames_most,
                             const struct program_brief **out)
{
    static struct program_brief brief;

    if (!brief_of(rq->payload, number, &brief) ||
        (life != PROGRAM_ANY_LIFE && life != brief.life)) {
        return STATUS_NOT_FOUND;
    }
    if (brief.life == 0) {
        *frames_most = instance_program(brief.number)->memory;
    }
    listing_memory(brief.number, frames, frames_most);
    *out = &brief;
    return STATUS_OK;
}

enum status programs_op_changes(struct lk_request *rq, uint64_t position, uint64_t *next,
                                uint64_t *lost, const struct program_change **out, size_t *count)
{
    static struct program_change changes[PROGRAM_CHANGES_MOST];
    unsigned n = 0;

    (void)rq;
    *next = position;
    if (!lives_read(next, lost, changes, &n)) {
        return STATUS_OUT_OF_RANGE;
    }
    *out = changes;
    *count = n;
    return STATUS_OK;
}

enum status programs_op_watch(struct lk_request *rq, uint64_t bits, uint32_t notice)
{
    if (instance_of_payload(rq->payload) == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    return lives_watch(rq->payload, cap_there(notice) ? notice : 0, bits);
}

enum status programs_op_machine(struct lk_request *rq, uint64_t *cpus, uint64_t *cpus_there,
                                uint64_t *frames)
{
    const struct lk_boot_info *info = (const struct lk_boot_info *)LK_INIT_INFO_VA;

    (void)rq;
    __asm__("" : "+r"(info)); /* as in main.c */
    lk_sysctl_get_memory(LK_INIT_SYSCTL, frames, NULL, NULL, NULL, NULL, NULL, NULL);
    *cpus = 1; /* the others are parked */
    *cpus_there = info->cpus;
    return STATUS_OK;
}

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

const struct lk_server manage_server = { PROGRAMS_DISPATCH("discrim"),
                                         .discrim_reg = LK_INIT_DISCRIM, .notice = told,
                                         SERVICE_BUFFER };

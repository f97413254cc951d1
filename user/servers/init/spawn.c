/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs started by others; see spawn.h and <lykos/programs.h>.
 */
#include "spawn.h"

#include "build.h"
#include "listing.h"
#include "paid.h"
#include "programs.h"
#include "registers.h"
#include "service.h"

#include <lykos/genuine.h>
#include <lykos/invoke.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

enum status spawn_init(void)
{
    enum status s = own_get(OWN_CONTROL, REG_WORK);

    if (s == STATUS_OK) {
        s = lk_endpoint_set_endpoint_id(REG_WORK, INIT_ID_CONTROL);
    }
    return s == STATUS_OK ? lk_endpoint_set_recipient(REG_WORK, LK_INIT_SELF) : s;
}

/* The Entry that controls an instance, into REG_WORK. */
static enum status control_entry(uint32_t i)
{
    enum status s = own_get(OWN_CONTROL, REG_WORK);

    return s == STATUS_OK ? lk_endpoint_make_entry(REG_WORK, instance_control(i), REG_WORK) : s;
}

/* The instance that a request is about; NO_INSTANCE: it is no more. */
static uint32_t asked(const struct lk_request *rq)
{
    uint32_t i = instance_of_control(rq->payload);

    return i != NO_INSTANCE && paid_forsaken(i) ? NO_INSTANCE : i;
}

/* Cut "NAME ARGUMENTS" in two; the arguments, or NULL if there are none. */
static const char *cut(char *text)
{
    char *at = strchr(text, ' ');

    if (at == NULL) {
        return NULL;
    }
    *at = '\0';
    return at + 1;
}

/* A further instance, as the string of a request says. `paid`: by the bank in LK_REG_ARG. */
static enum status make_further(struct lk_request *rq, bool paid, uint32_t *made)
{
    struct trouble why = { "" };
    const char *args;
    int program;
    uint32_t i;

    service_text(rq);
    args = cut(service_received);
    program = description_find(&description, service_received);
    if (program < 0) {
        return STATUS_NOT_FOUND;
    }
    if (args != NULL && strlen(args) > DESC_ARGS) {
        return STATUS_REQUEST_ERROR;
    }
    i = instance_further((uint32_t)program, &why);
    if (i == NO_INSTANCE) {
        service_answer_text(rq, why.words);
        return STATUS_NO_MEMORY;
    }
    if (paid) {
        paid_begin(i);
    }
    if (!programs_make(i, PROGRAM_FOREGROUND, args, &why)) {
        service_answer_text(rq, why.words);
        return STATUS_NO_MEMORY;
    }
    *made = i;
    return STATUS_OK;
}

/* Its control is the answer. */
static enum status answer_control(struct lk_request *rq, uint32_t i)
{
    enum status s = control_entry(i);

    if (s != STATUS_OK) {
        programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "", true);
        return s;
    }
    lk_answer1(rq, i);
    rq->out_cap[0] = REG_WORK;
    rq->out_caps = 1;
    return STATUS_OK;
}

enum status programs_op_new(struct lk_request *rq)
{
    uint32_t i = NO_INSTANCE;
    enum status s = make_further(rq, false, &i);

    if (s != STATUS_OK) {
        return s;
    }
    if (!programs_set_parent(i, rq->payload)) {
        programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "", true);
        return STATUS_INVALID_CAP;
    }
    return answer_control(rq, i);
}

enum status programs_op_new_paid(struct lk_request *rq)
{
    uint32_t i = NO_INSTANCE;
    enum status s;

    paid_sweep();
    if (!lk_same_server(LK_INIT_CAPBITS, BUILD_REG_PAYER, REG_MAIN_BANK)) {
        return STATUS_REQUEST_ERROR;
    }
    s = make_further(rq, true, &i);
    return s == STATUS_OK ? answer_control(rq, i) : s;
}

enum status programs_op_grant(struct lk_request *rq)
{
    static char words[128];
    uint64_t type = LK_TYPE_NULL;

    if (rq->w[1] >= description.programs) {
        return STATUS_OUT_OF_RANGE;
    }
    if (!listing_grant((uint32_t)rq->w[1], rq->w[2], &type, words, sizeof(words))) {
        return STATUS_NOT_FOUND;
    }
    lk_answer1(rq, type);
    service_answer_text(rq, words);
    return STATUS_OK;
}

static enum status control_op_give(struct lk_request *rq)
{
    uint32_t i = asked(rq);

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    if (instance(i)->running || !instance(i)->exists) {
        return STATUS_STATE_CHANGED;
    }
    return build_give(i, service_text(rq), LK_REG_ARG);
}

static enum status control_op_begin(struct lk_request *rq)
{
    struct trouble why = { "" };
    uint32_t i = asked(rq);

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    if (instance(i)->running || !instance(i)->exists) {
        return STATUS_STATE_CHANGED;
    }
    if (!programs_begin(i, &why)) {
        service_answer_text(rq, why.words);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static enum status control_op_wait(struct lk_request *rq)
{
    uint32_t i = asked(rq);
    enum status s;

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    s = programs_wait(i, LK_REG_CALLER);
    rq->no_answer = s == STATUS_OK;
    return s;
}

static enum status control_op_kill(struct lk_request *rq)
{
    uint32_t i = asked(rq);

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "killed", true);
    return STATUS_OK;
}

static enum status control_op_info(struct lk_request *rq)
{
    static struct program_info info;
    uint32_t i = asked(rq);

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    listing_info(i, &info);
    rq->out_string = &info;
    rq->out_string_len = sizeof(info);
    return STATUS_OK;
}

static const struct lk_method control_methods[] = {
    [CONTROL_GIVE] = { control_op_give, .caps = 1, .string_min = 1,
                       .string_max = LK_START_CAP_NAME - 1, .name = "give" },
    [CONTROL_BEGIN] = { control_op_begin, .name = "begin" },
    [CONTROL_WAIT] = { control_op_wait, .name = "wait" },
    [CONTROL_KILL] = { control_op_kill, .name = "kill" },
    [CONTROL_INFO] = { control_op_info, .name = "info" },
};

const struct lk_server control_server = {
    .methods = control_methods,
    .method_count = sizeof(control_methods) / sizeof(control_methods[0]),
    .buffer = service_received,
    .buffer_size = sizeof(service_received) - 1,
};

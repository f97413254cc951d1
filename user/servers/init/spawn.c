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

#include <lykos/gen/control_server.h>
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

/* What was made, and why it was not. */
struct made {
    uint32_t i;
    struct trouble why;
};

/* A further instance, as `what` says. `paid`: by the bank in LK_REG_ARG. */
static enum status make_further(const char *what, size_t what_len, bool paid, struct made *made)
{
    const char *args;
    int program;
    uint32_t i;

    service_text(what, what_len);
    args = cut(service_received);
    program = description_find(&description, service_received);
    if (program < 0) {
        return STATUS_NOT_FOUND;
    }
    if (args != NULL && strlen(args) > DESC_ARGS) {
        return STATUS_REQUEST_ERROR;
    }
    i = instance_further((uint32_t)program, &made->why);
    if (i == NO_INSTANCE) {
        return STATUS_NO_MEMORY;
    }
    if (paid) {
        paid_begin(i);
    }
    if (!programs_make(i, PROGRAM_FOREGROUND, args, &made->why)) {
        return STATUS_NO_MEMORY;
    }
    made->i = i;
    return STATUS_OK;
}

/* Its control is the answer. */
static enum status answer_control(uint32_t i, uint64_t *number, uint32_t *control)
{
    enum status s = control_entry(i);

    if (s != STATUS_OK) {
        programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "", true);
        return s;
    }
    *number = i;
    *control = REG_WORK;
    return STATUS_OK;
}

enum status programs_op_new(struct lk_request *rq, const char *what, size_t what_len,
                            uint64_t *number, const char **why, size_t *why_len, uint32_t *control)
{
    struct made made = { .i = NO_INSTANCE };
    enum status s = make_further(what, what_len, false, &made);

    if (s == STATUS_NO_MEMORY) {
        service_answer_text(made.why.words, why, why_len);
    }
    if (s != STATUS_OK) {
        return s;
    }
    if (!programs_set_parent(made.i, rq->payload)) {
        programs_end(made.i, PROGRAM_ENDED_DESTROYED, 0, "", true);
        return STATUS_INVALID_CAP;
    }
    return answer_control(made.i, number, control);
}

enum status programs_op_new_paid(struct lk_request *rq, const char *what, size_t what_len,
                                 uint32_t bank, uint64_t *number, const char **why, size_t *why_len,
                                 uint32_t *control)
{
    struct made made = { .i = NO_INSTANCE };
    enum status s;

    (void)rq;
    paid_sweep();
    if (!lk_same_server(LK_INIT_CAPBITS, bank, REG_MAIN_BANK)) { /* it is in BUILD_REG_PAYER */
        return STATUS_REQUEST_ERROR;
    }
    s = make_further(what, what_len, true, &made);
    if (s == STATUS_NO_MEMORY) {
        service_answer_text(made.why.words, why, why_len);
    }
    return s == STATUS_OK ? answer_control(made.i, number, control) : s;
}

enum status programs_op_grant(struct lk_request *rq, uint64_t number, uint64_t n, uint64_t *type,
                              const char **words, size_t *words_len)
{
    static char text[128];

    (void)rq;
    if (number >= description.programs) {
        return STATUS_OUT_OF_RANGE;
    }
    if (!listing_grant((uint32_t)number, n, type, text, sizeof(text))) {
        return STATUS_NOT_FOUND;
    }
    *words = text;
    *words_len = strlen(text);
    return STATUS_OK;
}

enum status control_op_give(struct lk_request *rq, const char *name, size_t name_len,
                            uint32_t thing)
{
    uint32_t i = asked(rq);

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    if (instance(i)->running || !instance(i)->exists) {
        return STATUS_STATE_CHANGED;
    }
    return build_give(i, service_text(name, name_len), thing);
}

enum status control_op_begin(struct lk_request *rq, const char **words, size_t *words_len)
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
        service_answer_text(why.words, words, words_len);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* The answer comes when it ends (ended.c). */
enum status control_op_wait(struct lk_request *rq, uint64_t *ended, uint64_t *value,
                            const char **words, size_t *words_len)
{
    uint32_t i = asked(rq);
    enum status s;

    (void)ended;
    (void)value;
    (void)words;
    (void)words_len;
    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    s = programs_wait(i, LK_REG_CALLER);
    rq->no_answer = s == STATUS_OK;
    return s;
}

enum status control_op_run(struct lk_request *rq, uint64_t *ended, uint64_t *value,
                           const char **words, size_t *words_len)
{
    enum status s = control_op_begin(rq, words, words_len);

    return s == STATUS_OK ? control_op_wait(rq, ended, value, words, words_len) : s;
}

enum status control_op_kill(struct lk_request *rq)
{
    uint32_t i = asked(rq);

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "killed", true);
    return STATUS_OK;
}

enum status control_op_info(struct lk_request *rq, const struct program_info **out)
{
    static struct program_info info;
    uint32_t i = asked(rq);

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    listing_info(i, &info);
    *out = &info;
    return STATUS_OK;
}

const struct lk_server control_server = { CONTROL_DISPATCH, SERVICE_BUFFER };

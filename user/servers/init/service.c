/* SPDX-License-Identifier: BSD-2-Clause
 *
 * init as a server; see service.h.
 *
 * One loop, three endpoints. Which endpoint a message came to is its authority: `programs` manages,
 * `exit` ends the program whose number is the payload, and only the kernel has entries to `faults`.
 * An entry to `programs` says whose it is: its payload is twice the number of the program.
 * init calls nobody but the kernel, so no program can keep it waiting.
 */
#include "service.h"

#include "faults.h"
#include "listing.h"
#include "programs.h"
#include "registers.h"
#include "shelf.h"

#include <lykos/say.h>
#include <lykos/server.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

static char received[DESC_ARGS + 1]; /* strings of requests */
static char answer[256];             /* strings of answers */

/* ---- init.programs --------------------------------------------------------------------------- */

/* The program that word 1 numbers: sets *i. */
static bool asked_program(const struct lk_request *rq, unsigned *i)
{
    *i = (unsigned)rq->w[1];
    return rq->w[1] < description.programs;
}

static void answer_text(struct lk_request *rq, const char *text)
{
    lk_copy_text(answer, sizeof(answer), text);
    rq->out_string = answer;
    rq->out_string_len = strlen(answer);
}

static void answer_info(struct lk_request *rq, unsigned i)
{
    static struct program_info info;

    listing_info(i, &info);
    rq->out_string = &info;
    rq->out_string_len = sizeof(info);
}

static enum status programs_op_info(struct lk_request *rq)
{
    if (rq->w[1] > description.programs) {
        return STATUS_OUT_OF_RANGE;
    }
    answer_info(rq, (unsigned)rq->w[1]);
    return STATUS_OK;
}

/* The string of the request as a C string. */
static const char *request_text(const struct lk_request *rq)
{
    size_t n = rq->string_len < sizeof(received) - 1 ? rq->string_len : sizeof(received) - 1;

    received[n] = '\0';
    return received;
}

static enum status programs_op_find(struct lk_request *rq)
{
    int i = description_find(&description, request_text(rq));

    if (i < 0) {
        return STATUS_NOT_FOUND;
    }
    lk_answer1(rq, (uint64_t)i);
    return STATUS_OK;
}

static enum status programs_op_name(struct lk_request *rq)
{
    unsigned i;

    if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    }
    answer_text(rq, description.program[i].name);
    return STATUS_OK;
}

/* Is capability 1 of the request an AppNotice? Anything else might never answer the post. */
static bool brings_notice(const struct lk_request *rq)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_caps(rq->delivery) > 1 &&
           lk_discrim_classify(LK_INIT_DISCRIM, LK_REG_ARG, &type, NULL) == STATUS_OK &&
           type == LK_TYPE_APPNOTICE;
}

static enum status programs_op_start(struct lk_request *rq)
{
    struct trouble why = { "" };
    unsigned i;

    if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((rq->w[2] & ~(uint64_t)PROGRAM_FOREGROUND) != 0) {
        return STATUS_REQUEST_ERROR;
    }
    const char *args = rq->string_len > 0 ? request_text(rq) : NULL;
    enum status s = programs_start(i, rq->payload / 2, rq->w[2], args, &why);

    if (s == STATUS_OK && brings_notice(rq) &&
        shelf_put(i, SHELF_NOTICE, LK_REG_ARG) == STATUS_OK) {
        instances[i].notice_bits = rq->w[3];
        instances[i].has_notice = true;
    }
    if (s != STATUS_OK) {
        answer_text(rq, why.words);
    }
    return s;
}

/* Has the caller been destroyed, by its own request? Then there is nobody to answer. */
static bool caller_is_gone(void)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_discrim_classify(LK_INIT_DISCRIM, LK_REG_CALLER, &type, NULL) == STATUS_OK &&
           type == LK_TYPE_NULL;
}

static enum status programs_op_destroy(struct lk_request *rq)
{
    unsigned i;

    if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    }
    if (instances[i].purse.frames == 0) {
        return STATUS_NOT_FOUND;
    }
    programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "was destroyed on request");
    rq->no_answer = caller_is_gone();
    return STATUS_OK;
}

static enum status programs_op_result(struct lk_request *rq)
{
    unsigned i;

    if (!asked_program(rq, &i)) {
        return STATUS_OUT_OF_RANGE;
    }
    lk_answer2(rq, instances[i].ended, instances[i].ended_value);
    answer_text(rq, instances[i].ended_words);
    return STATUS_OK;
}

static enum status programs_op_caps(struct lk_request *rq)
{
    unsigned i;

    if (!asked_program(rq, &i) || rq->w[2] > LK_CAP_REGS + 64 ||
        !listing_cap(i, (unsigned)rq->w[2], answer, sizeof(answer))) {
        return STATUS_OUT_OF_RANGE;
    }
    rq->out_string = answer;
    rq->out_string_len = strlen(answer);
    return STATUS_OK;
}

/* The process of the program that word 1 numbers, which runs, into REG_PROCESS: sets *i. */
static enum status asked_process(const struct lk_request *rq, unsigned *i)
{
    if (!asked_program(rq, i)) {
        return STATUS_OUT_OF_RANGE;
    }
    return instances[*i].purse.frames == 0 ? STATUS_NOT_FOUND
                                           : shelf_get(*i, SHELF_PROCESS, REG_PROCESS);
}

/* Set or clear the suspend hold, by the operation `change`. */
static enum status change_hold(struct lk_request *rq,
                               enum status (*change)(uint32_t, uint64_t, uint64_t *))
{
    uint64_t before = 0;
    unsigned i;
    enum status s = asked_process(rq, &i);

    if (s == STATUS_OK) {
        s = change(REG_PROCESS, LK_HOLD_SUSPEND, &before);
    }
    lk_answer1(rq, before);
    return s;
}

static enum status programs_op_suspend(struct lk_request *rq)
{
    return change_hold(rq, lk_process_set_not_schedulable);
}

static enum status programs_op_resume(struct lk_request *rq)
{
    return change_hold(rq, lk_process_clear_not_schedulable);
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
    unsigned i;
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
    unsigned i;

    if (!listing_inside(request_text(rq), &i, &info)) {
        return STATUS_NOT_FOUND;
    }
    lk_answer1(rq, i);
    rq->out_string = &info;
    rq->out_string_len = sizeof(info);
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
};

static const struct lk_server programs_server = {
    .methods = programs_methods,
    .method_count = sizeof(programs_methods) / sizeof(programs_methods[0]),
    .buffer = received,
    .buffer_size = sizeof(received) - 1,
};

/* ---- init.exit ------------------------------------------------------------------------------- */

static enum status exit_op_exit(struct lk_request *rq)
{
    unsigned i = (unsigned)rq->payload;
    char words[64];

    rq->no_answer = 1;
    if (rq->payload >= description.programs || instances[i].purse.frames == 0) {
        return STATUS_OK;
    }
    lk_format(words, sizeof(words), "ended with status %ld", (int64_t)rq->w[1]);
    if ((instances[i].flags & PROGRAM_FOREGROUND) == 0) {
        say("program %s %s", description.program[i].name, words);
    }
    programs_end(i, PROGRAM_ENDED_EXIT, rq->w[1], words);
    return STATUS_OK;
}

static const struct lk_method exit_methods[] = {
    [PROGRAM_EXIT] = { exit_op_exit, .words = 1, .name = "exit" },
};

static const struct lk_server exit_server = {
    .methods = exit_methods,
    .method_count = sizeof(exit_methods) / sizeof(exit_methods[0]),
    .buffer = received,
    .buffer_size = sizeof(received) - 1,
};

/* ---- init.faults ----------------------------------------------------------------------------- */

/* The kernel's message about a fault. Its capability 0 is a Process, not a reply: nothing may be
 * sent there. */
static enum status faults_message(struct lk_request *rq)
{
    rq->no_answer = 1;
    if (rq->w[0] == LK_FAULT_MESSAGE && rq->payload < description.programs &&
        instances[rq->payload].purse.frames != 0) {
        fault_handle((unsigned)rq->payload, LK_REG_CALLER);
    }
    return STATUS_OK;
}

static const struct lk_server faults_server = {
    .other = faults_message,
    .buffer = received,
    .buffer_size = sizeof(received) - 1,
};

/* ---- the loop -------------------------------------------------------------------------------- */

/* Who serves the endpoint with this ID. */
static const struct lk_server *server_of(uint64_t id)
{
    switch (id) {
    case INIT_ID_EXIT:
        return &exit_server;
    case INIT_ID_FAULTS:
        return &faults_server;
    default:
        return &programs_server;
    }
}

_Noreturn void service_run(void)
{
    struct lk_msg msg;

    lk_serve_begin(&programs_server, &msg);
    for (;;) {
        lk_invoke(&msg);
        lk_serve_step(server_of(msg.id), &msg);
    }
}

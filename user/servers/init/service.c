/* SPDX-License-Identifier: BSD-2-Clause
 *
 * init as a server; see service.h.
 *
 * One loop, four endpoints. Which endpoint a message came to is its authority: `programs` manages,
 * `exit` is a program's own, `control` whoever made it; only the kernel has entries to `faults`.
 * An entry to `programs` says whose it is: its payload is twice the number of the program.
 * init calls nobody but the kernel, the bank and the pager, so no program can keep it waiting.
 */
#include "service.h"

#include "connect.h"
#include "faults.h"
#include "lives.h"
#include "manage.h"
#include "programs.h"
#include "registers.h"
#include "spawn.h"

#include <lykos/say.h>
#include <lykos/server.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

char service_received[SERVICE_RECEIVED]; /* strings of requests */
static char answer[256];                 /* strings of answers */

void service_answer_text(struct lk_request *rq, const char *text)
{
    lk_copy_text(answer, sizeof(answer), text);
    rq->out_string = answer;
    rq->out_string_len = strlen(answer);
}

const char *service_text(const struct lk_request *rq)
{
    size_t n = rq->string_len < sizeof(service_received) - 1 ? rq->string_len
                                                             : sizeof(service_received) - 1;

    service_received[n] = '\0';
    return service_received;
}

bool service_brings(const struct lk_request *rq, uint64_t wanted)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_caps(rq->delivery) > 1 &&
           lk_discrim_classify(LK_INIT_DISCRIM, LK_REG_ARG, &type, NULL) == STATUS_OK &&
           type == wanted;
}

bool service_caller_is_gone(void)
{
    return !cap_there(LK_REG_CALLER);
}

/* ---- init.exit ------------------------------------------------------------------------------- */

static enum status exit_op_exit(struct lk_request *rq)
{
    uint32_t i = instance_of_payload(rq->payload);
    char words[64];

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    lk_format(words, sizeof(words), "ended with status %ld", (int64_t)rq->w[1]);
    if ((instance(i)->flags & PROGRAM_FOREGROUND) == 0) {
        say("program %s %s", instance_name(i).text, words);
    }
    programs_end(i, PROGRAM_ENDED_EXIT, rq->w[1], words, rq->w[1] == 0);
    rq->no_answer = service_caller_is_gone(); /* else it is another who had its Entry */
    return STATUS_OK;
}

static enum status exit_op_connect(struct lk_request *rq)
{
    uint32_t i = instance_of_payload(rq->payload);
    enum status s;

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    s = connect_ask(i, service_text(rq), LK_REG_CALLER);
    rq->no_answer = s == STATUS_WOULD_BLOCK;
    if (s == STATUS_OK) {
        rq->out_cap[0] = REG_WORK;
        rq->out_caps = 1;
    }
    return s;
}

static enum status exit_op_watch(struct lk_request *rq)
{
    uint32_t i = instance_of_payload(rq->payload);

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    return connect_watch(i, service_text(rq),
                         service_brings(rq, LK_TYPE_APPNOTICE) ? LK_REG_ARG : 0, rq->w[1]);
}

static enum status exit_op_fail(struct lk_request *rq)
{
    uint32_t i = instance_of_payload(rq->payload);

    if (i == NO_INSTANCE || !instance(i)->exists) {
        return STATUS_INVALID_CAP;
    }
    fault_failed(i, service_brings(rq, LK_TYPE_PROCESS) ? LK_REG_ARG : 0, service_text(rq));
    rq->no_answer = service_caller_is_gone();
    return STATUS_OK;
}

static const struct lk_method exit_methods[] = {
    [PROGRAM_EXIT] = { exit_op_exit, .words = 1, .name = "exit" },
    [PROGRAM_CONNECT] = { exit_op_connect, .string_min = 1, .string_max = DESC_WORD,
                          .name = "connect" },
    [PROGRAM_FAIL] = { exit_op_fail, .string_min = 1, .string_max = PROGRAM_FAIL_MAX,
                       .name = "fail" },
    [PROGRAM_WATCH] = { exit_op_watch, .words = 1, .caps = 1, .string_min = 1,
                        .string_max = DESC_WORD, .name = "watch" },
};

static const struct lk_server exit_server = {
    .methods = exit_methods,
    .method_count = sizeof(exit_methods) / sizeof(exit_methods[0]),
    .buffer = service_received,
    .buffer_size = sizeof(service_received) - 1,
};

/* ---- init.faults ----------------------------------------------------------------------------- */

/* The kernel's message about a fault. Its capability 0 is a Process, not a reply: nothing may be
 * sent there. */
static enum status faults_message(struct lk_request *rq)
{
    uint32_t i = instance_of_payload(rq->payload);

    rq->no_answer = 1;
    if (rq->w[0] == LK_FAULT_MESSAGE && i != NO_INSTANCE) {
        fault_handle(i, LK_REG_CALLER);
    }
    return STATUS_OK;
}

static const struct lk_server faults_server = {
    .other = faults_message,
    .buffer = service_received,
    .buffer_size = sizeof(service_received) - 1,
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
    case INIT_ID_CONTROL:
        return &control_server;
    default:
        return &manage_server;
    }
}

_Noreturn void service_run(void)
{
    struct lk_msg msg;

    lk_serve_begin(&manage_server, &msg);
    for (;;) {
        lk_invoke(&msg);
        lk_serve_step(server_of(msg.id), &msg);
        lives_tell();
    }
}

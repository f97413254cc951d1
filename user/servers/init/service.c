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

#include <lykos/gen/program_server.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

char service_received[SERVICE_RECEIVED]; /* strings of requests */
static char answer[256];                 /* strings of answers */

void service_answer_text(const char *text, const char **out, size_t *len)
{
    lk_copy_text(answer, sizeof(answer), text);
    *out = answer;
    *len = strlen(answer);
}

const char *service_text(const char *string, size_t len)
{
    size_t n = len < sizeof(service_received) - 1 ? len : sizeof(service_received) - 1;

    (void)string; /* it stands there */
    service_received[n] = '\0';
    return service_received;
}

bool service_caller_is_gone(void)
{
    return !cap_there(LK_REG_CALLER);
}

/* ---- init.exit ------------------------------------------------------------------------------- */

enum status program_op_exit(struct lk_request *rq, uint64_t result)
{
    uint32_t i = instance_of_payload(rq->payload);
    char words[64];

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    lk_format(words, sizeof(words), "ended with status %ld", (int64_t)result);
    if ((instance(i)->flags & PROGRAM_FOREGROUND) == 0) {
        say("program %s %s", instance_name(i).text, words);
    }
    programs_end(i, PROGRAM_ENDED_EXIT, result, words, result == 0);
    rq->no_answer = service_caller_is_gone(); /* else it is another who had its Entry */
    return STATUS_OK;
}

enum status program_op_connect(struct lk_request *rq, const char *name, size_t name_len,
                               uint32_t *thing)
{
    uint32_t i = instance_of_payload(rq->payload);
    enum status s;

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    s = connect_ask(i, service_text(name, name_len), LK_REG_CALLER);
    rq->no_answer = s == STATUS_WOULD_BLOCK;
    *thing = s == STATUS_OK ? REG_WORK : 0;
    return s;
}

enum status program_op_watch(struct lk_request *rq, uint64_t bits, const char *name,
                             size_t name_len, uint32_t notice)
{
    uint32_t i = instance_of_payload(rq->payload);

    if (i == NO_INSTANCE) {
        return STATUS_INVALID_CAP;
    }
    return connect_watch(i, service_text(name, name_len), cap_there(notice) ? notice : 0, bits);
}

enum status program_op_fail(struct lk_request *rq, const char *why, size_t why_len, uint32_t caller)
{
    uint32_t i = instance_of_payload(rq->payload);

    if (i == NO_INSTANCE || !instance(i)->exists) {
        return STATUS_INVALID_CAP;
    }
    fault_failed(i, cap_there(caller) ? caller : 0, service_text(why, why_len));
    rq->no_answer = service_caller_is_gone();
    return STATUS_OK;
}

static const struct lk_server exit_server = { PROGRAM_DISPATCH("discrim"),
                                              .discrim_reg = LK_INIT_DISCRIM, SERVICE_BUFFER };

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

/* What the kernel says of faults is no request: no interface describes it. */
static const struct lk_server faults_server = { .other = faults_message, SERVICE_BUFFER };

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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The server loop. One struct lk_msg goes round: the message received is judged and its answer made
 * in it; the next invocation sends that and waits for the next message.
 */
#include <lykos/server.h>
#include <lykos/string.h>

/* The next invocation: an open wait, into the registers that server.h promises. The answer is added
 * to it. */
static void prepare_wait(const struct lk_server *server, struct lk_msg *msg)
{
    msg->control = LK_CTL_WAIT(LK_REG_CALLER, LK_REG_ARG, LK_REG_ARG + 1, LK_REG_ARG + 2);
    msg->buffer = server->buffer;
    msg->buffer_size = 0;
    msg->string = NULL;
    msg->string_len = 0;
    if (server->buffer != NULL) {
        msg->control |= LK_RSTR;
        msg->buffer_size = server->buffer_size;
    }
}

/* Make the answer in `msg`, behind the wait that is there already. */
static void prepare_answer(struct lk_msg *msg, const struct lk_request *rq, enum status result)
{
    msg->control |= LK_CTL(LK_SEND, LK_REG_CALLER, 1 + rq->out_words);
    if (rq->out_caps > 0) {
        msg->control |= LK_CTL_SENDS(rq->out_caps, rq->out_cap[0], rq->out_cap[1], rq->out_cap[2],
                                     rq->out_cap[3]);
    }
    if (rq->out_string_len > 0) {
        msg->control |= LK_SSTR;
        msg->string = rq->out_string;
        msg->string_len = (uint32_t)rq->out_string_len;
    }
    msg->w[0] = result;
    memcpy(&msg->w[1], &rq->out[1], sizeof(msg->w) - sizeof(msg->w[0]));
}

/* Does the request have what the method takes? */
static enum status check(const struct lk_method *method, const struct lk_request *rq)
{
    if (lk_words(rq->delivery) < 1u + method->words) {
        return STATUS_REQUEST_ERROR;
    }
    if (method->caps > 0 && lk_caps(rq->delivery) < 1u + method->caps) {
        return STATUS_REQUEST_ERROR;
    }
    if (method->string_max > 0 &&
        (rq->string_len < method->string_min || rq->string_len > method->string_max ||
         (rq->delivery & LK_DLV_TRUNCATED) != 0)) {
        return STATUS_REQUEST_ERROR;
    }
    return STATUS_OK;
}

/* Find the method and call it. */
static enum status dispatch(const struct lk_server *server, struct lk_request *rq)
{
    const struct lk_method *method;
    enum status result;

    if (rq->w[0] >= server->method_count || server->methods[rq->w[0]].fn == NULL) {
        return server->other != NULL ? server->other(rq) : STATUS_UNKNOWN_REQUEST;
    }
    method = &server->methods[rq->w[0]];
    result = check(method, rq);
    if (result != STATUS_OK) {
        return result;
    }
    return method->fn(rq);
}

/* A message: call its method and make the answer, if there is somebody to answer. */
static void take_message(const struct lk_server *server, struct lk_msg *msg)
{
    struct lk_request rq = {
        .delivery = msg->delivery,
        .id = msg->id,
        .payload = msg->payload,
        .string = server->buffer,
        .string_len = lk_string_length(msg->delivery),
        .context = server->context,
        .server = server,
    };
    enum status result;

    memcpy(rq.w, msg->w, sizeof(rq.w));
    result = dispatch(server, &rq);
    prepare_wait(server, msg);
    if (!rq.no_answer && lk_caps(rq.delivery) > 0) {
        prepare_answer(msg, &rq, result);
    }
}

enum status lk_server_get_type(struct lk_request *rq)
{
    lk_answer1(rq, rq->server->interface);
    return STATUS_OK;
}

void lk_serve_begin(const struct lk_server *server, struct lk_msg *msg)
{
    memset(msg, 0, sizeof(*msg));
    prepare_wait(server, msg);
}

void lk_serve_step(const struct lk_server *server, struct lk_msg *msg)
{
    switch (lk_kind(msg->delivery)) {
    case LK_KIND_MESSAGE:
    case LK_KIND_PROXIED:
        take_message(server, msg);
        break;
    case LK_KIND_NOTICE:
    case LK_KIND_PROXIED_NOTICE:
        if (server->notice != NULL) {
            server->notice(server->context, msg->w[0]);
        }
        prepare_wait(server, msg);
        break;
    default: /* the answer could not be sent, and nothing was received: its caller is gone */
        prepare_wait(server, msg);
        break;
    }
}

_Noreturn void lk_serve(const struct lk_server *server)
{
    struct lk_msg msg;

    lk_serve_begin(server, &msg);
    for (;;) {
        lk_invoke(&msg);
        lk_serve_step(server, &msg);
    }
}

enum status lk_answer_later(uint32_t reg, enum status result, const void *string, size_t len)
{
    struct lk_msg msg = {
        .control = LK_CTL(LK_SEND | (len > 0 ? LK_SSTR : 0), reg, 1),
        .w = { result },
        .string = string,
        .string_len = (uint32_t)len,
    };
    enum status sent = lk_invoke(&msg);

    lk_drop_cap(reg);
    return sent;
}

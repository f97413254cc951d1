/* SPDX-License-Identifier: BSD-2-Clause
 *
 * constructor: sealed programs, of which can be checked that they tell nobody anything; see
 * README.md and <lykos/constructor.h>.
 *
 * One loop. The endpoint ID says which constructor a message is for, or that it is for the server
 * itself; the payload, whether it is the builder's Entry or the requestor's. Nothing that a client
 * handed over is invoked, but for banks, which are looked at first: so no client can keep the
 * server waiting.
 */
#include "records.h"

#include <lykos/bank.h>
#include <lykos/gen/builder_server.h>
#include <lykos/gen/constructors_server.h>
#include <lykos/gen/requestor_server.h>
#include <lykos/genuine.h>
#include <lykos/invoke.h>
#include <lykos/programs.h>
#include <lykos/say.h>
#include <lykos/server.h>
#include <lykos/spawn.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

static char received[REQUESTOR_STRING_MAX + 1]; /* the longest string of them all */
static char words[CONSTRUCTORS_WORDS];          /* of an answer */
static struct record *at_hand;                  /* the constructor that a message is for */

/* In place of the library's: nobody sleeps here for the sake of a client's bank, which may have
 * been closed. Who begins the bank's server again has a higher priority than this one. */
bool lk_bank_await(unsigned tries)
{
    return tries < 2;
}

/* The string of a request as a C string: it stands in `received`. */
static const char *text(const char *string, size_t len)
{
    (void)string;
    received[len < sizeof(received) ? len : sizeof(received) - 1] = '\0';
    return received;
}

/* `words` is the answer. */
static void answer_words(const char **out, size_t *len)
{
    *out = words;
    *len = strlen(words);
}

/* Is there a bank in LK_REG_ARG, and not something that only calls itself so? */
static bool brings_bank(void)
{
    return lk_same_server(lk_cap("capbits"), LK_REG_ARG, lk_cap("bank"));
}

static uint64_t type_of(uint32_t reg)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_discrim_classify(lk_cap("discrim"), reg, &type, NULL) == STATUS_OK ? type
                                                                                 : LK_TYPE_NULL;
}

/* ---- The server's own Entry. ---- */

enum status constructors_op_new(struct lk_request *rq, const char *program, size_t program_len,
                                uint32_t bank, uint32_t *builder)
{
    struct record *r = NULL;
    enum status s;

    if (!brings_bank()) {
        return STATUS_REQUEST_ERROR;
    }
    s = record_open(rq->payload, text(program, program_len), bank, &r);
    if (s == STATUS_OK) {
        s = record_entry(r, PAYLOAD_BUILDER, REG_WORK);
        *builder = REG_WORK;
    }
    return s;
}

/* The constructor whose requestor's Entry is in register `reg`. */
static enum status genuine(uint32_t reg, struct record **out)
{
    struct lk_entry_id id;

    if (!lk_entry_look(lk_cap("capbits"), reg, &id)) {
        return type_of(reg) == LK_TYPE_NULL ? STATUS_INVALID_CAP : STATUS_NOT_FOUND;
    }
    *out = record_of_endpoint(id.endpoint);
    if (*out == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (id.payload != PAYLOAD_REQUESTOR) {
        return STATUS_REQUEST_ERROR;
    }
    return (*out)->sealed ? STATUS_OK : STATUS_STATE_CHANGED;
}

enum status constructors_op_check(struct lk_request *rq, uint64_t n, uint32_t requestor,
                                  uint64_t *holes, const char **hole, size_t *hole_len)
{
    struct record *r = NULL;
    enum status s = genuine(requestor, &r);

    (void)rq;
    if (s == STATUS_OK) {
        s = record_holes(r, n, holes, words);
    }
    if (s == STATUS_OK) {
        answer_words(hole, hole_len);
    }
    return s;
}

/* ---- The builder's Entry. ---- */

static bool is_name(const char *name)
{
    for (; *name != '\0'; name++) {
        if (!lk_is_print(*name)) {
            return false;
        }
    }
    return true;
}

/* Why what is in LK_REG_ARG is a hole; NULL: it is discreet, of itself or as a confined
 * constructor. */
static const char *hole_in(void)
{
    struct record *r = NULL;
    const char *why = NULL;
    uint64_t holes = 0;
    enum status s;

    if (lk_discreet(lk_cap("discrim"), LK_REG_ARG, &why)) {
        return NULL;
    }
    s = genuine(LK_REG_ARG, &r);
    if (s == STATUS_OK) {
        s = record_holes(r, 0, &holes, words);
        return s == STATUS_OK && holes == 0 ? NULL : "a constructor that is not confined";
    }
    return s == STATUS_STATE_CHANGED   ? "a constructor that was not sealed"
           : s == STATUS_REQUEST_ERROR ? "the builder's Entry of a constructor"
                                       : why;
}

enum status builder_op_give(struct lk_request *rq, const char *string, size_t len, uint32_t thing,
                            bool *is_hole, const char **why, size_t *why_len)
{
    const char *name = text(string, len);
    const char *hole;
    enum status s;

    (void)rq;
    if (at_hand->sealed) {
        return STATUS_STATE_CHANGED;
    }
    if (!is_name(name) || strlen(name) != len || type_of(thing) == LK_TYPE_NULL) {
        return STATUS_REQUEST_ERROR;
    }
    for (unsigned k = 0; k < at_hand->count; k++) {
        if (strcmp(at_hand->held[k].name, name) == 0) {
            return STATUS_IN_USE;
        }
    }
    if (at_hand->count == CONSTRUCTORS_CAPS) {
        return STATUS_EXHAUSTED;
    }
    hole = hole_in();
    s = record_put(at_hand, name, thing, hole);
    if (s == STATUS_OK) {
        *is_hole = hole != NULL;
        lk_copy_text(words, sizeof(words), hole != NULL ? hole : "");
        answer_words(why, why_len);
    }
    return s;
}

enum status builder_op_seal(struct lk_request *rq)
{
    (void)rq;
    at_hand->sealed = true;
    return STATUS_OK;
}

enum status builder_op_requestor(struct lk_request *rq, uint32_t *requestor)
{
    (void)rq;
    *requestor = REG_WORK;
    return record_entry(at_hand, PAYLOAD_REQUESTOR, REG_WORK);
}

enum status builder_op_close(struct lk_request *rq)
{
    (void)rq;
    record_close(at_hand);
    return STATUS_OK;
}

/* ---- A requestor's Entry. ---- */

/* Have init make an instance that the bank in LK_REG_ARG pays for; its control comes to
 * REG_CONTROL. If it is refused, `words` says why. */
static enum status make_instance(const char *args)
{
    char what[sizeof(at_hand->name) + CONSTRUCTORS_ARGS + 1];
    /* "NAME ", also without arguments: those of the description are not the requestor's. */
    size_t what_len = lk_format(what, sizeof(what), "%s %s", at_hand->name, args);
    size_t len = 0;
    enum status s = programs_new_paid(lk_cap("programs"), what, what_len, LK_REG_ARG, NULL, words,
                                      sizeof(words) - 1, &len, REG_CONTROL);

    words[len] = '\0';
    return s;
}

/* Give the instance all that it is to have. The builder may close his bank meanwhile. */
static enum status equip_instance(void)
{
    for (unsigned k = 0; k < at_hand->count; k++) {
        enum status s = record_get(at_hand, k, REG_WORK);

        if (s == STATUS_OK) {
            s = lk_program_give(REG_CONTROL, at_hand->held[k].name, REG_WORK);
        }
        if (s != STATUS_OK) {
            lk_format(words, sizeof(words), "%s cannot be given", at_hand->held[k].name);
            return s;
        }
    }
    return STATUS_OK;
}

enum status requestor_op_make(struct lk_request *rq, const char *args, size_t args_len,
                              uint32_t bank, const char **why, size_t *why_len, uint32_t *control)
{
    enum status s;

    (void)rq;
    (void)bank;
    if (!at_hand->sealed) {
        return STATUS_STATE_CHANGED;
    }
    if (!brings_bank()) {
        return STATUS_REQUEST_ERROR;
    }
    s = make_instance(text(args, args_len));
    if (s == STATUS_OK) {
        s = equip_instance();
        if (s == STATUS_OK) {
            *control = REG_CONTROL;
            return STATUS_OK;
        }
        control_kill(REG_CONTROL);
    }
    answer_words(why, why_len);
    return s;
}

/* ---- The loop. ---- */

#define BUFFER .buffer = received, .buffer_size = sizeof(received) - 1

/* Whatever is asked of a constructor that is no more: also what it is, so no method is known. */
static enum status gone(struct lk_request *rq)
{
    (void)rq;
    return STATUS_INVALID_CAP;
}

static const struct lk_server gone_server = { .other = gone, BUFFER };
static const struct lk_server own_server = { CONSTRUCTORS_DISPATCH("discrim"), BUFFER };
static const struct lk_server builder_server = { BUILDER_DISPATCH, BUFFER };
static const struct lk_server requestor_server = { REQUESTOR_DISPATCH("discrim"), BUFFER };

/* Who serves a message; sets at_hand. */
static const struct lk_server *server_of(const struct lk_msg *msg)
{
    if (msg->id == LK_ENDPOINT_ID) {
        return &own_server;
    }
    at_hand = record_of_id(msg->id);
    if (at_hand == NULL) {
        return &gone_server;
    }
    return msg->payload == PAYLOAD_BUILDER ? &builder_server : &requestor_server;
}

int main(void)
{
    struct lk_msg msg;

    lk_must(records_begin(), "its shelf");
    /* What the kernel refuses it, a client has brought about, who may be confined. */
    lk_must(lk_process_set_flags(LK_REG_SELF, LK_FLAG_QUIET), "being quiet");
    lk_serve_begin(&own_server, &msg);
    for (;;) {
        lk_invoke(&msg);
        lk_serve_step(server_of(&msg), &msg);
    }
}

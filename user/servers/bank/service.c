/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Methods of <lykos/bank.h>. What they do is in the books; here are messages and capabilities.
 *
 * A job that is not done at once leaves its caller in a register: should the server be destroyed,
 * the kernel answers for it. The server posts itself a notice to go on; between two notices the
 * kernel gives it a message, if one waits, so that others are served.
 */
#include "service.h"
#include "state.h"
#include "tree.h"

#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define NOTICE_WORK 1u

struct service service;

/* ---- Jobs ---- */

static void job_done(job_t job)
{
    if (service.now == job) {
        service.done_at_once = true;
    }
    for (unsigned i = 0; i < service.waiters; i++) {
        if (service.waits_for[i] == job) {
            service.waits_for[i] = NO_JOB;
            lk_answer_later(service.waiter_first + i, STATUS_OK, NULL, 0);
        }
    }
}

/* A place for one more who waits. There is none while others wait everywhere: then nobody is served
 * until one of them has what he waits for. */
static unsigned find_place(void)
{
    for (;;) {
        for (unsigned i = 0; i < service.waiters; i++) {
            if (service.waits_for[i] == NO_JOB) {
                return i;
            }
        }
        books_work(job_done);
    }
}

/* Answer when the job is done: at once, if that takes one piece of work. */
static enum status answer_when_done(struct lk_request *rq, job_t job)
{
    unsigned place;

    service.now = job;
    service.done_at_once = false;
    books_work(job_done);
    place = service.done_at_once ? 0 : find_place();
    service.now = NO_JOB;
    if (!service.done_at_once) {
        lk_keep_caller(rq, service.waiter_first + place);
        service.waits_for[place] = job;
    }
    return STATUS_OK;
}

/* ---- Methods ---- */

static bool is_owner(const struct lk_request *rq)
{
    return (rq->payload & PAYLOAD_OWNER) != 0;
}

/* An Entry to a bank is the answer. */
static enum status answer_entry(struct lk_request *rq, uint32_t payload)
{
    rq->out_cap[0] = SERVICE_REG_OUT;
    rq->out_caps = 1;
    return lk_endpoint_make_entry(LK_REG_ENDPOINT, payload, SERVICE_REG_OUT);
}

/* Capabilities are the answer, if it went well. */
static enum status answer_caps(struct lk_request *rq, enum status s, unsigned count)
{
    for (unsigned i = 0; s == STATUS_OK && i < count; i++) {
        rq->out_cap[i] = SERVICE_REG_OUT + i;
        rq->out_caps = count;
    }
    return s;
}

static enum status answer_info(struct lk_request *rq, unsigned bank)
{
    tree_info(bank, service.bank, &service.info);
    rq->out_string = &service.info;
    rq->out_string_len = sizeof(service.info);
    return STATUS_OK;
}

/* Whatever is asked of a bank that was closed comes here. */
static enum status bank_op_none(struct lk_request *rq)
{
    (void)rq;
    return service.closed ? STATUS_INVALID_CAP : STATUS_UNKNOWN_REQUEST;
}

static enum status bank_op_allocate(struct lk_request *rq)
{
    static const uint32_t out[LK_MAX_CAPS] = { SERVICE_REG_OUT, SERVICE_REG_OUT + 1,
                                               SERVICE_REG_OUT + 2, SERVICE_REG_OUT + 3 };

    return answer_caps(rq, books_make(service.bank, rq->w[1], rq->w[2], out), (unsigned)rq->w[2]);
}

static enum status bank_op_free(struct lk_request *rq)
{
    (void)rq;
    return books_free(service.bank, LK_REG_ARG);
}

static enum status bank_op_range(struct lk_request *rq)
{
    return answer_caps(rq, books_range(service.bank, rq->w[1], SERVICE_REG_OUT), 1);
}

static enum status bank_op_free_range(struct lk_request *rq)
{
    job_t job = NO_JOB;
    enum status s = books_free_range(service.bank, LK_REG_ARG, &job);

    return s == STATUS_OK ? answer_when_done(rq, job) : s;
}

static enum status bank_op_open(struct lk_request *rq)
{
    unsigned bank = 0;
    enum status s = STATUS_NO_MEMORY;

    if (!books_refused_now()) {
        s = tree_open(service.bank, rq->string, rq->string_len, rq->w[1], &bank);
    }

    return s == STATUS_OK ? answer_entry(rq, tree_payload(bank)) : s;
}

static enum status bank_op_close(struct lk_request *rq)
{
    job_t job = NO_JOB;
    enum status s = is_owner(rq) ? books_close(service.bank, &job) : STATUS_NO_ACCESS;

    return s == STATUS_OK ? answer_when_done(rq, job) : s;
}

static enum status bank_op_reduce(struct lk_request *rq)
{
    return answer_entry(rq, tree_payload(service.bank) & ~PAYLOAD_OWNER);
}

static enum status bank_op_info(struct lk_request *rq)
{
    return answer_info(rq, service.bank);
}

static enum status bank_op_set_limit(struct lk_request *rq)
{
    if (!is_owner(rq)) {
        return STATUS_NO_ACCESS;
    }
    tree_set_limit(service.bank, rq->w[1]);
    return STATUS_OK;
}

static enum status bank_op_hide(struct lk_request *rq)
{
    if (!is_owner(rq)) {
        return STATUS_NO_ACCESS;
    }
    tree_hide(service.bank);
    return STATUS_OK;
}

static enum status bank_op_object(struct lk_request *rq)
{
    uint64_t next = 0;
    enum status s = STATUS_NO_ACCESS;

    if (is_owner(rq)) {
        s = books_object(service.bank, rq->w[1], rq->w[2], SERVICE_REG_OUT, &next);
    }
    if (s == STATUS_OK || s == STATUS_WOULD_BLOCK) {
        lk_answer1(rq, next);
    }
    return answer_caps(rq, s, 1);
}

static enum status bank_op_list(struct lk_request *rq)
{
    unsigned bank = service.bank;

    if (!is_owner(rq)) {
        return STATUS_NO_ACCESS;
    }
    for (uint64_t n = rq->w[1]; n > 0 && bank != NO_BANK; n--) {
        bank = tree_next(bank, service.bank);
    }
    return bank == NO_BANK ? STATUS_NOT_FOUND : answer_info(rq, bank);
}

static enum status bank_op_refuse(struct lk_request *rq)
{
    uint64_t asked = 0;
    bool refused = false;

    if (!is_owner(rq) || service.bank != TOP) {
        return STATUS_NO_ACCESS;
    }
    books_refuse(rq->w[1], &asked, &refused);
    lk_answer2(rq, asked, refused);
    return STATUS_OK;
}

static const struct lk_method methods[BANK_METHODS] = {
    [0] = { bank_op_none, .name = "none" },
    [BANK_ALLOCATE] = { bank_op_allocate, .words = 2, .name = "allocate" },
    [BANK_FREE] = { bank_op_free, .caps = 1, .name = "free" },
    [BANK_RANGE] = { bank_op_range, .words = 1, .name = "range" },
    [BANK_FREE_RANGE] = { bank_op_free_range, .caps = 1, .name = "free range" },
    [BANK_OPEN] = { bank_op_open, .words = 1, .string_max = BANK_NAME - 1, .name = "open" },
    [BANK_CLOSE] = { bank_op_close, .name = "close" },
    [BANK_REDUCE] = { bank_op_reduce, .name = "reduce" },
    [BANK_INFO] = { bank_op_info, .name = "info" },
    [BANK_SET_LIMIT] = { bank_op_set_limit, .words = 1, .name = "set limit" },
    [BANK_OBJECT] = { bank_op_object, .words = 2, .name = "object" },
    [BANK_LIST] = { bank_op_list, .words = 1, .name = "list" },
    [BANK_HIDE] = { bank_op_hide, .name = "hide" },
    [BANK_REFUSE] = { bank_op_refuse, .words = 1, .name = "refuse" },
};

/* ---- The loop ---- */

static void take_notices(void *context, uint64_t bits)
{
    (void)context;
    (void)bits;
    books_work(job_done);
}

static const struct lk_server server = {
    .methods = methods,
    .method_count = BANK_METHODS,
    .notice = take_notices,
    .buffer = service.received,
    .buffer_size = sizeof(service.received),
};

/* Which bank a message is for. One that is no more has a single method, whatever was asked. */
static void find_bank(struct lk_msg *msg)
{
    unsigned kind = lk_kind(msg->delivery);

    if (kind == LK_KIND_MESSAGE || kind == LK_KIND_PROXIED) {
        service.closed = kind == LK_KIND_PROXIED || !tree_find(msg->payload, &service.bank);
        msg->w[0] = service.closed ? 0 : msg->w[0];
    }
}

void service_begin(void *pages)
{
    uint64_t frames = 0;
    uint32_t last = LK_REG_NAMED - 1;

    memset(&service, 0, sizeof(service));
    for (uint32_t i = 0; i < lk_start->cap_count; i++) {
        last = lk_start->cap[i].reg > last ? lk_start->cap[i].reg : last;
    }
    service.memory = lk_cap("memory");
    service.discrim = lk_cap("discrim");
    service.waiter_first = last + 1;
    service.now = NO_JOB;
    while (service.waiters < SERVICE_WAITERS && last + 1 + service.waiters < SERVICE_REG_OWN) {
        service.waits_for[service.waiters++] = NO_JOB;
    }
    if (service.waiters == 0 ||
        lk_endpoint_make_app_notice(LK_REG_ENDPOINT, NOTICE_WORK, SERVICE_REG_OWN) != STATUS_OK) {
        lk_die("no endpoint to receive on, or no register for who waits");
    }
    if (lk_range_get_info(service.memory, 0, &frames, NULL) != STATUS_OK ||
        !books_begin(pages, frames)) {
        lk_die("no memory, or books of another memory");
    }
}

_Noreturn void service_run(void)
{
    struct lk_msg msg;

    lk_serve_begin(&server, &msg);
    for (;;) {
        if (books_busy()) {
            lk_appnotice_post(SERVICE_REG_OWN, NOTICE_WORK);
        }
        lk_invoke(&msg);
        find_bank(&msg);
        lk_serve_step(&server, &msg);
    }
}

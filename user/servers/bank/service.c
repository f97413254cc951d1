/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Methods of user/idl/bank.idl. What they do is in the books; here are messages and capabilities.
 *
 * A job that is not done at once leaves its caller in a register: should the server be destroyed,
 * the kernel answers for it. The server posts itself a notice to go on; between two notices the
 * kernel gives it a message, if one waits, so that others are served.
 */
#include "service.h"
#include "state.h"
#include "tree.h"

#include <lykos/gen/bank_server.h>
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
static enum status answer_entry(uint32_t payload, uint32_t *reg)
{
    *reg = SERVICE_REG_OUT;
    return lk_endpoint_make_entry(LK_REG_ENDPOINT, payload, SERVICE_REG_OUT);
}

/* A capability is the answer, if it went well. */
static enum status answer_cap(enum status s, uint32_t *reg)
{
    *reg = s == STATUS_OK ? SERVICE_REG_OUT : 0;
    return s;
}

static enum status answer_info(unsigned bank, const struct bank_info **info)
{
    tree_info(bank, service.bank, &service.info);
    *info = &service.info;
    return STATUS_OK;
}

/* The answer has as many capabilities as were asked for, or none. Most requests are this one: to
 * inline it into the dispatch saves passing seven arguments. */
__attribute__((always_inline)) inline enum status
bank_op_allocate(struct lk_request *rq, uint64_t type, uint64_t count, uint32_t *first,
                 uint32_t *second, uint32_t *third, uint32_t *fourth)
{
    static const uint32_t out[LK_MAX_CAPS] = { SERVICE_REG_OUT, SERVICE_REG_OUT + 1,
                                               SERVICE_REG_OUT + 2, SERVICE_REG_OUT + 3 };
    enum status s = books_make(service.bank, type, count, out);

    rq->out_caps = s == STATUS_OK ? (unsigned)count : 0;
    *first = out[0];
    *second = count > 1 ? out[1] : 0;
    *third = count > 2 ? out[2] : 0;
    *fourth = count > 3 ? out[3] : 0;
    return s;
}

enum status bank_op_free(struct lk_request *rq, uint32_t object)
{
    (void)rq;
    return books_free(service.bank, object);
}

enum status bank_op_range(struct lk_request *rq, uint64_t frames, uint32_t *range)
{
    (void)rq;
    return answer_cap(books_range(service.bank, frames, SERVICE_REG_OUT), range);
}

enum status bank_op_free_range(struct lk_request *rq, uint32_t range)
{
    job_t job = NO_JOB;
    enum status s = books_free_range(service.bank, range, &job);

    return s == STATUS_OK ? answer_when_done(rq, job) : s;
}

enum status bank_op_open(struct lk_request *rq, uint64_t limit, const char *name, size_t name_len,
                         uint32_t *bank_reg)
{
    unsigned bank = 0;
    enum status s = STATUS_NO_MEMORY;

    (void)rq;
    if (!books_refused_now()) {
        s = tree_open(service.bank, name, name_len, limit, &bank);
    }
    return s == STATUS_OK ? answer_entry(tree_payload(bank), bank_reg) : s;
}

enum status bank_op_close(struct lk_request *rq)
{
    job_t job = NO_JOB;
    enum status s = is_owner(rq) ? books_close(service.bank, &job) : STATUS_NO_ACCESS;

    return s == STATUS_OK ? answer_when_done(rq, job) : s;
}

enum status bank_op_reduce(struct lk_request *rq, uint32_t *bank_reg)
{
    (void)rq;
    return answer_entry(tree_payload(service.bank) & ~PAYLOAD_OWNER, bank_reg);
}

enum status bank_op_info(struct lk_request *rq, const struct bank_info **info)
{
    (void)rq;
    return answer_info(service.bank, info);
}

enum status bank_op_set_limit(struct lk_request *rq, uint64_t limit)
{
    if (!is_owner(rq)) {
        return STATUS_NO_ACCESS;
    }
    tree_set_limit(service.bank, limit);
    return STATUS_OK;
}

enum status bank_op_hide(struct lk_request *rq)
{
    if (!is_owner(rq)) {
        return STATUS_NO_ACCESS;
    }
    tree_hide(service.bank);
    return STATUS_OK;
}

enum status bank_op_object(struct lk_request *rq, uint64_t type, uint64_t n, uint64_t *next,
                           uint32_t *object)
{
    return answer_cap(is_owner(rq) ? books_object(service.bank, type, n, SERVICE_REG_OUT, next)
                                   : STATUS_NO_ACCESS,
                      object);
}

enum status bank_op_list(struct lk_request *rq, uint64_t n, const struct bank_info **info)
{
    unsigned bank = service.bank;

    if (!is_owner(rq)) {
        return STATUS_NO_ACCESS;
    }
    for (; n > 0 && bank != NO_BANK; n--) {
        bank = tree_next(bank, service.bank);
    }
    return bank == NO_BANK ? STATUS_NOT_FOUND : answer_info(bank, info);
}

enum status bank_op_refuse(struct lk_request *rq, uint64_t n, uint64_t *asked, bool *refused)
{
    if (!is_owner(rq) || service.bank != TOP) {
        return STATUS_NO_ACCESS;
    }
    books_refuse(n, asked, refused);
    return STATUS_OK;
}

/* ---- The loop ---- */

static void take_notices(void *context, uint64_t bits)
{
    (void)context;
    (void)bits;
    books_work(job_done);
}

/* Whatever is asked of a bank that was closed, also what it is: so no method is known. */
static enum status closed(struct lk_request *rq)
{
    (void)rq;
    return STATUS_INVALID_CAP;
}

static const struct lk_server server = { BANK_SERVER, .notice = take_notices };
static const struct lk_server closed_server = { .other = closed,
                                                .buffer = bank_buffer,
                                                .buffer_size = sizeof(bank_buffer) };

/* Who serves a message or notice: sets the bank that it is for. */
static const struct lk_server *server_of(const struct lk_msg *msg)
{
    unsigned kind = lk_kind(msg->delivery);

    if (kind == LK_KIND_PROXIED ||
        (kind == LK_KIND_MESSAGE && !tree_find(msg->payload, &service.bank))) {
        return &closed_server;
    }
    return &server;
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
        lk_serve_step(server_of(&msg), &msg);
    }
}

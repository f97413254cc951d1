/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager's methods and its loop. A fault message is no request: it is taken before the table of
 * methods, and its answer is Process.resume, sent in the same invocation that waits for the next
 * message.
 */
#include "pager.h"

#include <lykos/server.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

static struct pager_region buffer[PAGER_REGIONS];
static struct pager_info info;

/* What init tells: a root that the pager can change, and something that may be a bank. */
static bool caps_valid(void)
{
    uint64_t restr = 0;
    uint64_t l2v = 0;

    return cap_type(LK_REG_ARG, &restr) == LK_TYPE_GPT && restr == 0 &&
           lk_gpt_get_state(LK_REG_ARG, &l2v, NULL) == STATUS_OK && l2v == PAGER_ROOT_L2V &&
           cap_type(LK_REG_ARG + 1, NULL) == LK_TYPE_ENTRY;
}

static enum status do_add(struct lk_request *rq)
{
    unsigned count = (unsigned)(rq->string_len / sizeof(buffer[0]));

    if (rq->id != PAGER_MAIN) {
        return STATUS_UNKNOWN_REQUEST;
    }
    if (rq->w[1] > UINT32_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    if (rq->string_len % sizeof(buffer[0]) != 0 || !caps_valid() ||
        !regions_valid(buffer, count, pager.archive, pager.archive_bytes)) {
        return STATUS_REQUEST_ERROR;
    }
    return space_add(rq->w[1], LK_REG_ARG, LK_REG_ARG + 1, buffer, count);
}

static enum status do_remove(struct lk_request *rq)
{
    return rq->id == PAGER_MAIN ? space_remove(rq->w[1]) : STATUS_UNKNOWN_REQUEST;
}

static enum status do_info(struct lk_request *rq)
{
    const struct space *sp = space_of(rq->w[1]);

    if (rq->id != PAGER_MAIN) {
        return STATUS_UNKNOWN_REQUEST;
    }
    if (sp == NULL) {
        return STATUS_NOT_FOUND;
    }
    info = sp->info;
    rq->out_string = &info;
    rq->out_string_len = sizeof(info);
    return STATUS_OK;
}

/* One page goes back. To destroy it is enough: its slot is Null then. A bank takes only what is not
 * restricted, so a page that is gets cleared instead. */
static void discard_page(uint64_t page)
{
    if (lk_gpt_get_slot(P_LEAF, page / PAGER_PAGE % 16, P_OLD) == STATUS_OK &&
        cap_type(P_OLD, NULL) == LK_TYPE_PAGE && paid_free(P_BANK, P_OLD) != STATUS_OK) {
        lk_page_clear(P_OLD);
    }
}

static enum status do_discard(struct lk_request *rq)
{
    const struct space *sp = space_of(rq->payload);
    uint64_t page = rq->w[1];
    uint64_t end = page + rq->w[2];
    const struct pager_region *region;
    enum status s;

    if (rq->id != PAGER_MEMORY) {
        return STATUS_UNKNOWN_REQUEST;
    }
    region = sp == NULL ? NULL : region_find(sp->region, sp->regions, page);
    if (region == NULL || !region_discardable(region, page, rq->w[2])) {
        return STATUS_OUT_OF_RANGE;
    }
    s = space_at_hand(rq->payload);
    space_forget_leaf(rq->payload); /* what is there, not what was */
    while (s == STATUS_OK && page < end) {
        uint64_t leaf_end = (page & ~(PAGER_LEAF - 1)) + PAGER_LEAF;
        unsigned restr;
        bool cached;

        if (space_leaf(rq->payload, page, NULL, &restr, &cached) != STATUS_OK) {
            page = leaf_end;
        }
        for (; page < end && page < leaf_end; page += PAGER_PAGE) {
            discard_page(page);
        }
    }
    return s;
}

static const struct lk_method methods[] = {
    [PAGER_ADD] = { .fn = do_add,
                    .words = 1,
                    .caps = 2,
                    .string_max = sizeof(buffer),
                    .name = "add" },
    [PAGER_REMOVE] = { .fn = do_remove, .words = 1, .name = "remove" },
    [PAGER_INFO] = { .fn = do_info, .words = 1, .name = "info" },
    [PAGER_DISCARD] = { .fn = do_discard, .words = 2, .name = "discard" },
};

static const struct lk_server server = {
    .methods = methods,
    .method_count = sizeof(methods) / sizeof(methods[0]),
    .buffer = buffer,
    .buffer_size = sizeof(buffer),
};

/* A message on the endpoint of faults. What is no fault message gets no answer: only the kernel has
 * something to say here. */
static void take_fault(struct lk_msg *msg)
{
    uint64_t how = LK_RESUME_OVER;
    bool known = msg->w[0] == LK_FAULT_MESSAGE && lk_caps(msg->delivery) > 0 &&
                 fault_take(msg->payload, &how);

    msg->control = LK_CTL_WAIT(LK_REG_CALLER, LK_REG_ARG, LK_REG_ARG + 1, LK_REG_ARG + 2) | LK_RSTR;
    msg->string = NULL;
    msg->string_len = 0;
    msg->buffer = buffer;
    msg->buffer_size = sizeof(buffer);
    if (known) {
        msg->control |= LK_CTL(LK_SEND, LK_REG_CALLER, 2);
        msg->w[0] = OP_PROCESS_RESUME;
        msg->w[1] = how;
    }
}

_Noreturn void pager_run(const struct pager_setup *setup)
{
    struct lk_msg msg;

    lk_must(own_begin(setup), "memory for the pager");
    spaces_begin();
    lk_serve_begin(&server, &msg);
    for (;;) {
        lk_invoke(&msg);
        if (lk_kind(msg.delivery) == LK_KIND_MESSAGE && msg.id == PAGER_FAULTS) {
            take_fault(&msg);
        } else {
            lk_serve_step(&server, &msg);
        }
    }
}

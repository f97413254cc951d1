/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager's methods and its loop. A fault message is no request: it is taken before the dispatch
 * of those, and its answer is Process.resume, sent in the same invocation that waits for the next
 * message.
 */
#include "pager.h"

#include <lykos/gen/pager_server.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

static struct pager_info info;

/* The root that init tells: one that the pager can change. What may be a bank the dispatch has
 * seen. */
static bool root_valid(uint32_t root)
{
    uint64_t restr = 0;
    uint64_t l2v = 0;

    return cap_type(root, &restr) == LK_TYPE_GPT && restr == 0 &&
           lk_gpt_get_state(root, &l2v, NULL) == STATUS_OK && l2v == PAGER_ROOT_L2V;
}

enum status pager_op_add(struct lk_request *rq, uint64_t number, const struct pager_region *regions,
                         size_t regions_count, uint32_t root, uint32_t bank)
{
    if (rq->id != PAGER_MAIN) {
        return STATUS_UNKNOWN_REQUEST;
    }
    if (number > UINT32_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    if (!root_valid(root) ||
        !regions_valid(regions, (unsigned)regions_count, pager.archive, pager.archive_bytes)) {
        return STATUS_REQUEST_ERROR;
    }
    return space_add(number, root, bank, regions, (unsigned)regions_count);
}

enum status pager_op_remove(struct lk_request *rq, uint64_t number)
{
    return rq->id == PAGER_MAIN ? space_remove(number) : STATUS_UNKNOWN_REQUEST;
}

enum status pager_op_info(struct lk_request *rq, uint64_t number, const struct pager_info **out)
{
    const struct space *sp = space_of(number);

    if (rq->id != PAGER_MAIN) {
        return STATUS_UNKNOWN_REQUEST;
    }
    if (sp == NULL) {
        return STATUS_NOT_FOUND;
    }
    info = sp->info;
    *out = &info;
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

/* A program asks about pages of its own: may it? Then its space is at hand. */
static enum status pages_asked_for(const struct lk_request *rq, uint64_t page, uint64_t bytes)
{
    const struct space *sp = space_of(rq->payload);
    const struct pager_region *region;
    enum status s;

    if (rq->id != PAGER_MEMORY) {
        return STATUS_UNKNOWN_REQUEST;
    }
    region = sp == NULL ? NULL : region_find(sp->region, sp->regions, page);
    if (region == NULL || !region_discardable(region, page, bytes)) {
        return STATUS_OUT_OF_RANGE;
    }
    s = space_at_hand(rq->payload);
    space_forget_leaf(rq->payload); /* what is there, not what was */
    return s;
}

enum status pager_op_discard(struct lk_request *rq, uint64_t page, uint64_t bytes)
{
    enum status s = pages_asked_for(rq, page, bytes);
    uint64_t end = page + bytes;

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

enum status pager_op_provide(struct lk_request *rq, uint64_t page, uint64_t bytes)
{
    enum status s = pages_asked_for(rq, page, bytes);
    uint64_t end = page + bytes;

    for (; s == STATUS_OK && page < end; page += PAGER_PAGE) {
        s = fault_provide(rq->payload, page);
    }
    return s;
}

/* Which register Discrim is in, it is told when it begins. */
static struct lk_server server = { PAGER_SERVER("discrim") };

/* A message on the endpoint of faults: no request, so the description of the interface has none of
 * it, and its answer is an operation on the process. What is no fault message gets no answer: only
 * the kernel has something to say here. */
static void take_fault(struct lk_msg *msg)
{
    uint64_t how = LK_RESUME_OVER;
    bool known = msg->w[0] == LK_FAULT_MESSAGE && lk_caps(msg->delivery) > 0 &&
                 fault_take(msg->payload, &how);

    msg->control = LK_CTL_WAIT(LK_REG_CALLER, LK_REG_ARG, LK_REG_ARG + 1, LK_REG_ARG + 2) | LK_RSTR;
    msg->string = NULL;
    msg->string_len = 0;
    msg->buffer = pager_buffer;
    msg->buffer_size = sizeof(pager_buffer);
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
    server.discrim_reg = pager.discrim;
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

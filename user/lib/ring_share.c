/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ring queues: how two processes come to one; see ring.h. The client makes the pages and puts them
 * into a CapPage, which the server is sent along with an AppNotice to the client. The server reads
 * it slot by slot: each capability is copied to a register of the server's before it is looked at,
 * so it stays what it was found to be.
 */
#include <lykos/bank.h>
#include <lykos/heap.h>
#include <lykos/pager.h>
#include <lykos/ring.h>
#include <lykos/room.h>
#include <lykos/server.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

/* Word 3 of an offer: the layout, and who produces. Words 1 and 2: size and count; bits. */
#define CLIENT_PRODUCES (1ull << 32)

/* ---- memory ---------------------------------------------------------------------------------- */

static uint32_t work_of(const struct lk_ring_share *s)
{
    return s->tools->work + 2; /* the room has the two before */
}

/* The pager has made all GPTs on the way down, so nothing is made here. Register 0: none. */
static enum status put_page(const struct lk_ring_share *s, uint32_t i, uint32_t page)
{
    struct lk_room room = { .work = s->tools->work, .discrim = s->tools->discrim };
    uint64_t address = (uint64_t)(s->memory + (size_t)i * LK_RING_PAGE);

    return lk_space_put_page(&room, s->tools->space, address, page);
}

/* Addresses in the heap, with no page of the heap's there. */
static enum status find_place(struct lk_ring_share *s)
{
    size_t bytes = (size_t)s->pages * LK_RING_PAGE;

    s->piece = lk_alloc(bytes + LK_RING_PAGE);
    if (s->piece == NULL) {
        return STATUS_NO_MEMORY;
    }
    s->memory = (uint8_t *)(((uintptr_t)s->piece + LK_RING_PAGE - 1) & -(uintptr_t)LK_RING_PAGE);
    for (size_t at = 0; at < bytes; at += LK_RING_PAGE) {
        lk_touch(s->memory + at);
    }
    return lk_pager_discard(LK_REG_PAGER, (uint64_t)s->memory, bytes);
}

/* What is in the work register becomes this page of the ring, if it is a page that may be written
 * to. Nothing there is ever executed. */
static enum status take_page(const struct lk_ring_share *s, uint32_t i)
{
    uint32_t reg = work_of(s);
    uint64_t type = LK_TYPE_NULL;
    uint64_t restrictions = 0;
    enum status status = lk_discrim_classify(s->tools->discrim, reg, &type, &restrictions);

    if (status == STATUS_OK && (type != LK_TYPE_PAGE || (restrictions & ~(uint64_t)LK_NX) != 0)) {
        status = STATUS_REQUEST_ERROR;
    }
    if (status == STATUS_OK) {
        status = lk_memory_reduce(reg, LK_NX, reg);
    }
    if (status == STATUS_OK) {
        status = lk_memory_set_guard(reg, 0, 12, reg);
    }
    return status == STATUS_OK ? put_page(s, i, reg) : status;
}

/* The pages that stand in the CapPage in register `shelf` become the ring's memory. */
static enum status map(struct lk_ring_share *s, uint32_t shelf)
{
    enum status status = find_place(s);

    for (uint32_t i = 0; status == STATUS_OK && i < s->pages; i++) {
        status = lk_cappage_get_slot(shelf, i, work_of(s));
        if (status == STATUS_OK) {
            status = take_page(s, i);
        }
    }
    lk_drop_cap(work_of(s));
    return status;
}

/* ---- the pages of who makes them ------------------------------------------------------------- */

static enum status make_pages(struct lk_ring_share *s)
{
    enum status status = lk_bank_make(s->tools->bank, LK_TYPE_CAPPAGE, s->shelf);

    for (uint32_t i = 0; status == STATUS_OK && i < s->pages; i++) {
        status = lk_bank_make(s->tools->bank, LK_TYPE_PAGE, work_of(s));
        if (status == STATUS_OK) {
            status = lk_cappage_swap_slot(s->shelf, i, work_of(s), 0);
        }
    }
    return status;
}

static void free_pages(const struct lk_ring_share *s)
{
    for (uint32_t i = 0; i < s->pages; i++) {
        if (lk_cappage_get_slot(s->shelf, i, work_of(s)) == STATUS_OK) {
            lk_bank_free(s->tools->bank, work_of(s));
        }
    }
    lk_bank_free(s->tools->bank, s->shelf);
    lk_drop_cap(work_of(s));
    lk_drop_cap(s->shelf);
}

/* Is the page that is mapped there one of the other side's? Those are mapped with NX, take_page();
 * the pager's own are not, or the bank would not take them back. */
static bool is_foreign(const struct lk_ring_share *s, uint32_t i)
{
    uint64_t address = (uint64_t)(s->memory + (size_t)i * LK_RING_PAGE);
    uint64_t restrictions = 0;

    return lk_space_find_page(s->tools->space, s->tools->discrim, address, work_of(s)) ==
               STATUS_OK &&
           lk_discrim_classify(s->tools->discrim, work_of(s), NULL, &restrictions) == STATUS_OK &&
           (restrictions & LK_NX) != 0;
}

/* Pages of the other side are left as they are. Where one is gone the pager may have put one of
 * zeros: these go back to the bank, or who takes pages away often would have this side pay for ever
 * more of them. */
static void let_go(const struct lk_ring_share *s)
{
    for (uint32_t i = 0; i < s->pages; i++) {
        if (is_foreign(s, i)) {
            put_page(s, i, 0);
        }
    }
    lk_drop_cap(work_of(s));
    lk_pager_discard(LK_REG_PAGER, (uint64_t)s->memory, (uint64_t)s->pages * LK_RING_PAGE);
}

static void take_back(const struct lk_ring_share *s)
{
    for (uint32_t i = 0; s->memory != NULL && i < s->pages; i++) {
        put_page(s, i, 0);
    }
    free_pages(s);
}

void lk_ring_release(struct lk_ring_share *s)
{
    if (s->shelf != 0) {
        take_back(s);
    } else if (s->memory != NULL) {
        let_go(s);
    }
    lk_free(s->piece);
    *s = (struct lk_ring_share){ .tools = s->tools };
}

/* ---- pages alone ----------------------------------------------------------------------------- */

enum status lk_share_make(struct lk_ring_share *share, const struct lk_ring_tools *tools,
                          uint32_t pages, uint32_t shelf)
{
    enum status status;

    *share = (struct lk_ring_share){ .tools = tools };
    if (pages == 0 || pages > LK_RING_PAGES) {
        return STATUS_REQUEST_ERROR;
    }
    share->pages = pages;
    share->shelf = shelf;
    status = make_pages(share);
    if (status == STATUS_OK) {
        status = map(share, shelf);
    }
    if (status != STATUS_OK) {
        lk_ring_release(share);
    }
    return status;
}

enum status lk_share_take(struct lk_ring_share *share, const struct lk_ring_tools *tools,
                          uint32_t pages, uint32_t reg)
{
    uint64_t type = LK_TYPE_NULL;
    enum status status = STATUS_REQUEST_ERROR;

    *share = (struct lk_ring_share){ .tools = tools };
    if (pages == 0 || pages > LK_RING_PAGES) {
        return status;
    }
    share->pages = pages;
    if (lk_discrim_classify(tools->discrim, reg, &type, NULL) == STATUS_OK &&
        type == LK_TYPE_CAPPAGE) {
        status = map(share, reg);
    }
    if (status != STATUS_OK) {
        lk_ring_release(share);
    }
    return status;
}

/* ---- offer and accept ------------------------------------------------------------------------ */

/* The end of who has the pages. False: the register holds no AppNotice. */
static bool attach(struct lk_ring *ring, const struct lk_ring_share *s,
                   const struct lk_ring_plan *plan, uint32_t count, uint64_t post)
{
    uint64_t type = LK_TYPE_NULL;

    if (lk_discrim_classify(plan->tools->discrim, plan->notice, &type, NULL) != STATUS_OK ||
        type != LK_TYPE_APPNOTICE ||
        !lk_ring_attach(ring, s->memory, plan->size, count, plan->produces)) {
        return false;
    }
    ring->notice = plan->notice;
    ring->post = (uint32_t)post;
    ring->bits = plan->bits;
    ring->period = plan->period;
    return true;
}

static uint32_t pages_of(const struct lk_ring_plan *plan, uint32_t count)
{
    return (uint32_t)(lk_ring_bytes(plan->size, count) / LK_RING_PAGE);
}

/* The request, and the end if the server takes it. The CapPage goes read-only, so that the pages
 * that are freed in the end are those that were made. The AppNotice to this side goes, the one to
 * the server comes, by way of the same register. */
static enum status ask(struct lk_ring *ring, const struct lk_ring_share *s,
                       const struct lk_ring_plan *plan, uint32_t server, uint64_t method)
{
    uint64_t how = LK_RING_LAYOUT | (plan->produces ? CLIENT_PRODUCES : 0);
    uint64_t control =
        LK_CTL_CALL_CAPS(server, 4, 2, work_of(s), plan->notice, 0, plan->notice, 0, 0, 0);
    enum status status =
        lk_endpoint_make_app_notice(plan->tools->endpoint, plan->bits, plan->notice);
    struct lk_in in;

    if (status == STATUS_OK) {
        status = lk_memory_reduce(s->shelf, LK_RO, work_of(s));
    }
    if (status != STATUS_OK) {
        return status;
    }
    in = lk_call_ctl3(control, method, (uint64_t)plan->count << 32 | plan->size, plan->bits, how);
    if (in.w[0] != STATUS_OK) {
        return (enum status)in.w[0];
    }
    return attach(ring, s, plan, plan->count, in.w[1]) ? STATUS_OK : STATUS_REQUEST_ERROR;
}

enum status lk_ring_offer(struct lk_ring *ring, struct lk_ring_share *share,
                          const struct lk_ring_plan *plan, uint32_t server, uint64_t method)
{
    enum status status;

    if (!lk_ring_fits(plan->size, plan->count)) {
        return STATUS_REQUEST_ERROR;
    }
    status = lk_share_make(share, plan->tools, pages_of(plan, plan->count), plan->shelf);
    if (status == STATUS_OK) {
        lk_ring_format(share->memory);
        status = ask(ring, share, plan, server, method);
    }
    if (status != STATUS_OK) {
        lk_ring_release(share);
        lk_drop_cap(plan->notice);
    }
    return status;
}

/* Is what the client offers what is wanted here? Its count is the one that counts. */
static bool offer_fits(const struct lk_ring_plan *plan, const struct lk_request *rq)
{
    uint32_t count = (uint32_t)(rq->w[1] >> 32);
    uint64_t how = LK_RING_LAYOUT | (plan->produces ? 0 : CLIENT_PRODUCES);

    return (uint32_t)rq->w[1] == plan->size && count <= plan->count &&
           lk_ring_fits(plan->size, count) && rq->w[3] == how;
}

/* The capabilities of the request: 1 the CapPage, 2 the AppNotice. */
static enum status take_on(struct lk_ring *ring, struct lk_ring_share *s,
                           const struct lk_ring_plan *plan, const struct lk_request *rq)
{
    uint32_t count = (uint32_t)(rq->w[1] >> 32);
    enum status status = lk_share_take(s, plan->tools, pages_of(plan, count), LK_REG_ARG);

    lk_copy_cap(LK_REG_ARG + 1, plan->notice);
    if (status == STATUS_OK && !attach(ring, s, plan, count, (uint32_t)rq->w[2])) {
        status = STATUS_REQUEST_ERROR;
    }
    return status;
}

enum status lk_ring_accept(struct lk_ring *ring, struct lk_ring_share *share,
                           const struct lk_ring_plan *plan, struct lk_request *rq)
{
    enum status status;

    if (!offer_fits(plan, rq)) {
        return STATUS_REQUEST_ERROR;
    }
    status = take_on(ring, share, plan, rq);
    if (status == STATUS_OK) {
        status = lk_endpoint_make_app_notice(plan->tools->endpoint, plan->bits, LK_REG_ARG + 1);
    }
    if (status != STATUS_OK) {
        lk_ring_release(share);
        lk_drop_cap(plan->notice);
        return status;
    }
    lk_answer1(rq, plan->bits);
    rq->out_cap[0] = LK_REG_ARG + 1;
    rq->out_caps = 1;
    return STATUS_OK;
}

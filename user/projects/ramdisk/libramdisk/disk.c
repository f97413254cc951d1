/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The client's side of a block device; see disk.h. The device is believed as far as the data go,
 * but it cannot make this program write where it should not: an answer with a tag that is not under
 * way ends the session.
 */
#include "disk.h"

#include <lykos/lykos.h>

#define PER_PAGE (RAMDISK_PAGE / RAMDISK_BLOCK)
#define PIECE 64u   /* blocks of a request that is a part of a longer one */
#define WINDOW 8u   /* of these are under way */
#define ANSWERS 16u /* are taken at a time */
#define TAG_BITS 8u /* of a tag that say the slot */

_Static_assert(RAMDISK_BUFFER_MOST <= 64, "pages_used has a bit for each page");
_Static_assert(RAMDISK_DEPTH_MOST <= 1u << TAG_BITS, "a tag has room for the slot");

/* ---- the buffer ------------------------------------------------------------------------------ */

static uint32_t pages_of(uint64_t blocks)
{
    return (uint32_t)((blocks + PER_PAGE - 1) / PER_PAGE);
}

/* Bits for `pages` pages, fewer than 64 of them. */
static uint64_t mask_of(uint32_t pages)
{
    return (1ull << pages) - 1;
}

/* The first of so many free pages in a row; false: there are none. */
static bool take_pages(struct disk *d, uint32_t pages, uint32_t *first)
{
    for (uint32_t i = 0; pages <= d->buffer_pages && i <= d->buffer_pages - pages; i++) {
        if ((d->pages_used & mask_of(pages) << i) == 0) {
            d->pages_used |= mask_of(pages) << i;
            *first = i;
            return true;
        }
    }
    return false;
}

static void free_pages(struct disk *d, uint32_t first, uint32_t pages)
{
    d->pages_used &= ~(mask_of(pages) << first);
}

void *disk_buffer(struct disk *d, uint32_t blocks)
{
    uint32_t first;

    return take_pages(d, pages_of(blocks), &first) ? d->buffer + (size_t)first * RAMDISK_PAGE
                                                   : NULL;
}

void disk_buffer_free(struct disk *d, void *part, uint32_t blocks)
{
    free_pages(d, (uint32_t)(((uint8_t *)part - d->buffer) / RAMDISK_PAGE), pages_of(blocks));
}

/* Do the data stand in the buffer? */
static bool in_buffer(const struct disk *d, const struct disk_io *io)
{
    uintptr_t at = (uintptr_t)io->data - (uintptr_t)d->buffer;
    size_t all = (size_t)d->buffer_pages * RAMDISK_PAGE;

    return at < all && (size_t)io->count * RAMDISK_BLOCK <= all - at;
}

static bool has_data(const struct disk_io *io)
{
    return io->what == RAMDISK_WHAT_READ || io->what == RAMDISK_WHAT_WRITE;
}

/* ---- begin and end --------------------------------------------------------------------------- */

/* Registers of a session: its CapPage, its notice, and three to work with. */
static uint32_t shelf_of(const struct disk *d)
{
    return d->registers;
}
static uint32_t notice_of(const struct disk *d)
{
    return d->registers + 1;
}

static bool attach(struct disk *d, struct lk_ring *ring, unsigned page, uint32_t size,
                   bool produces, const struct disk_plan *plan)
{
    if (!lk_ring_attach(ring, d->share.memory + page * LK_RING_PAGE, size, d->depth, produces)) {
        return false;
    }
    ring->notice = notice_of(d);
    ring->bits = plan->bits;
    ring->period = plan->period;
    ring->park = plan->park;
    return true;
}

/* The rings are begun before the device sees them. */
static enum status prepare(struct disk *d, const struct disk_plan *plan)
{
    enum status s =
        lk_share_make(&d->share, &d->tools, RAMDISK_RING_PAGES + plan->buffer, shelf_of(d));

    if (s != STATUS_OK) {
        return s;
    }
    lk_ring_format(d->share.memory);
    lk_ring_format(d->share.memory + LK_RING_PAGE);
    d->buffer = d->share.memory + RAMDISK_RING_PAGES * LK_RING_PAGE;
    d->buffer_pages = plan->buffer;
    return attach(d, &d->requests, 0, sizeof(struct ramdisk_request), true, plan) &&
                   attach(d, &d->answers, 1, sizeof(struct ramdisk_answer), false, plan)
               ? STATUS_OK
               : STATUS_REQUEST_ERROR;
}

/* The CapPage goes read-only, so that the pages that are freed in the end are those that were made.
 * The notice to this program goes, the one to the device comes, by way of the same register. */
static enum status ask(struct disk *d, const struct disk_plan *plan)
{
    uint32_t pages = d->tools.work + 2;
    uint32_t post = 0;
    enum status s = lk_endpoint_make_app_notice(d->tools.endpoint, plan->bits, notice_of(d));

    if (s == STATUS_OK) {
        s = lk_memory_reduce(shelf_of(d), LK_RO, pages);
    }
    if (s == STATUS_OK) {
        s = ramdisk_open(plan->device, plan->depth, plan->buffer, plan->bits, pages, notice_of(d),
                         &post, notice_of(d));
    }
    d->requests.post = d->answers.post = post;
    return s;
}

enum status disk_open(struct disk *d, const struct disk_plan *plan)
{
    enum status s;

    memset(d, 0, sizeof(*d));
    d->tools =
        (struct lk_ring_tools){ .bank = plan->bank,
                                .space = plan->space,
                                .discrim = plan->discrim,
                                .endpoint = plan->endpoint != 0 ? plan->endpoint : LK_REG_ENDPOINT,
                                .work = plan->registers + 2 };
    d->registers = plan->registers;
    d->depth = plan->depth;
    if (plan->buffer == 0 || plan->buffer > RAMDISK_BUFFER_MOST ||
        plan->depth > RAMDISK_DEPTH_MOST) {
        return STATUS_REQUEST_ERROR;
    }
    s = ramdisk_geometry(plan->device, &d->blocks, &d->read_only);
    if (s != STATUS_OK) {
        return s;
    }
    s = prepare(d, plan);
    if (s == STATUS_OK) {
        s = ask(d, plan);
    }
    if (s != STATUS_OK) {
        lk_ring_release(&d->share);
        lk_drop_cap(notice_of(d));
    }
    return s;
}

/* All that is under way is done, with this status, and so will be what comes. */
static void give_up(struct disk *d, enum status why);

void disk_close(struct disk *d)
{
    give_up(d, STATUS_INVOKEE_GONE);
    lk_ring_shut(&d->answers);
    lk_ring_close(&d->requests);
    lk_ring_release(&d->share);
    lk_drop_cap(notice_of(d));
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct disk_slot *free_slot(struct disk *d)
{
    for (uint32_t i = 0; i < d->depth; i++) {
        if (d->slot[i].io == NULL) {
            return &d->slot[i];
        }
    }
    return NULL;
}

/* Where the data are, in the buffer: where they stand, or a copy. False: there is no room. */
static bool place(struct disk *d, struct disk_slot *slot, const struct disk_io *io, uint32_t *at)
{
    *at = 0;
    slot->pages = 0;
    if (!has_data(io)) {
        return true;
    }
    if (in_buffer(d, io)) {
        *at = (uint32_t)((uint8_t *)io->data - d->buffer);
        return true;
    }
    if (!take_pages(d, pages_of(io->count), &slot->page)) {
        return false;
    }
    slot->pages = pages_of(io->count);
    *at = slot->page * RAMDISK_PAGE;
    if (io->what == RAMDISK_WHAT_WRITE) {
        memcpy(d->buffer + *at, io->data, (size_t)io->count * RAMDISK_BLOCK);
    }
    return true;
}

enum status disk_submit(struct disk *d, struct disk_io *io)
{
    struct ramdisk_request rq = { .block = io->block,
                                  .count = io->count,
                                  .what = (uint16_t)io->what,
                                  .flags = io->barrier ? RAMDISK_BARRIER : 0 };
    struct disk_slot *slot = free_slot(d);

    if (d->over != STATUS_OK) {
        return d->over;
    }
    if (has_data(io) && pages_of(io->count) > d->buffer_pages) {
        return STATUS_OUT_OF_RANGE;
    }
    if (slot == NULL || !place(d, slot, io, &rq.buffer)) {
        return STATUS_WOULD_BLOCK;
    }
    slot->tag = rq.tag = d->serial++ << TAG_BITS | (uint64_t)(slot - d->slot);
    if (lk_ring_put(&d->requests, &rq, 1) != 1) { /* it has room for `depth`: it is over */
        free_pages(d, slot->page, slot->pages);
        give_up(d, STATUS_INVOKEE_GONE);
        return d->over;
    }
    slot->io = io;
    io->done = false;
    d->flying++;
    return STATUS_OK;
}

void disk_kick(struct disk *d)
{
    lk_ring_flush(&d->requests);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void finish(struct disk *d, struct disk_slot *slot, enum status status, uint32_t blocks)
{
    struct disk_io *io = slot->io;

    slot->io = NULL;
    d->flying--;
    io->status = status;
    io->blocks = blocks;
    io->done = true;
    if (slot->pages > 0 && io->what == RAMDISK_WHAT_READ && status == STATUS_OK) {
        memcpy(io->data, d->buffer + (size_t)slot->page * RAMDISK_PAGE,
               (size_t)io->count * RAMDISK_BLOCK);
    }
    free_pages(d, slot->page, slot->pages);
    if (io->quiet) {
        return;
    }
    io->next = NULL;
    if (d->first == NULL) {
        d->first = io;
    } else {
        d->last->next = io;
    }
    d->last = io;
}

static void give_up(struct disk *d, enum status why)
{
    if (d->over == STATUS_OK) {
        d->over = why;
    }
    for (uint32_t i = 0; i < d->depth; i++) {
        if (d->slot[i].io != NULL) {
            finish(d, &d->slot[i], d->over, 0);
        }
    }
}

/* Take the answers that there are. Were there some? */
static bool poll(struct disk *d)
{
    struct ramdisk_answer answer[ANSWERS];
    uint32_t n = lk_ring_take(&d->answers, answer, ANSWERS);

    for (uint32_t i = 0; i < n && d->over == STATUS_OK; i++) {
        uint32_t at = (uint32_t)(answer[i].tag & mask_of(TAG_BITS));

        if (at >= d->depth || d->slot[at].io == NULL || d->slot[at].tag != answer[i].tag) {
            give_up(d, STATUS_INVOKEE_GONE);
        } else {
            finish(d, &d->slot[at], (enum status)answer[i].status, answer[i].count);
        }
    }
    return n > 0;
}

/* Take answers, and wait for some if there are none. Something is under way. */
static void await(struct disk *d)
{
    disk_kick(d);
    if (!poll(d)) {
        if (lk_ring_await(&d->answers, 1) != LK_RING_OK) {
            give_up(d, STATUS_INVOKEE_GONE);
        }
        poll(d);
    }
}

struct disk_io *disk_next(struct disk *d)
{
    struct disk_io *io;

    if (d->first == NULL) {
        poll(d);
    }
    io = d->first;
    if (io != NULL) {
        d->first = io->next;
    }
    return io;
}

struct disk_io *disk_wait(struct disk *d)
{
    while (d->first == NULL && d->flying > 0) {
        await(d);
    }
    return disk_next(d);
}

/* ---- one thing at a time --------------------------------------------------------------------- */

enum status disk_settle(struct disk *d, const struct disk_io *io)
{
    while (!io->done) {
        await(d);
    }
    return io->status;
}

/* Submit, however long that takes. */
static enum status submit(struct disk *d, struct disk_io *io)
{
    enum status s = disk_submit(d, io);

    while (s == STATUS_WOULD_BLOCK && d->flying > 0) {
        await(d);
        s = disk_submit(d, io);
    }
    return s == STATUS_WOULD_BLOCK ? STATUS_NO_MEMORY : s; /* the caller has all of the buffer */
}

/* Whatever of the data fits into a request. */
static uint32_t piece_of(const struct disk *d, uint64_t count)
{
    uint32_t most = d->buffer_pages * PER_PAGE;

    most = most < PIECE ? most : PIECE;
    return count < most ? (uint32_t)count : most;
}

/* Pieces in a window that moves on: the oldest is waited for. */
static enum status transfer(struct disk *d, enum ramdisk_what what, uint64_t block, uint64_t count,
                            uint8_t *data)
{
    struct disk_io io[WINDOW];
    enum status result = count == 0 ? STATUS_OUT_OF_RANGE : STATUS_OK;
    uint32_t put = 0;
    uint32_t got = 0;

    while (count > 0 || put != got) {
        struct disk_io *next = &io[put % WINDOW];

        if (put - got == WINDOW || count == 0) {
            enum status s = disk_settle(d, &io[got++ % WINDOW]);

            result = result == STATUS_OK ? s : result;
            count = result == STATUS_OK ? count : 0;
            continue;
        }
        *next = (struct disk_io){
            .what = what, .block = block, .count = piece_of(d, count), .data = data, .quiet = true
        };
        result = submit(d, next);
        put += result == STATUS_OK;
        block += next->count;
        data += (size_t)next->count * RAMDISK_BLOCK;
        count = result == STATUS_OK ? count - next->count : 0;
    }
    return result;
}

enum status disk_read(struct disk *d, uint64_t block, uint64_t count, void *data)
{
    return transfer(d, RAMDISK_WHAT_READ, block, count, data);
}

enum status disk_write(struct disk *d, uint64_t block, uint64_t count, const void *data)
{
    return transfer(d, RAMDISK_WHAT_WRITE, block, count, (uint8_t *)(uintptr_t)data);
}

/* A request without data. */
static enum status ask_for(struct disk *d, enum ramdisk_what what, uint64_t block, uint32_t count)
{
    struct disk_io io = { .what = what, .block = block, .count = count, .quiet = true };
    enum status s = submit(d, &io);

    return s == STATUS_OK ? disk_settle(d, &io) : s;
}

enum status disk_discard(struct disk *d, uint64_t block, uint64_t count)
{
    return count > UINT32_MAX ? STATUS_OUT_OF_RANGE
                              : ask_for(d, RAMDISK_WHAT_DISCARD, block, (uint32_t)count);
}

enum status disk_flush(struct disk *d)
{
    return ask_for(d, RAMDISK_WHAT_FLUSH, 0, 0);
}

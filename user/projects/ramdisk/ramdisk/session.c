/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk: sessions; see session.h.
 *
 * **Distrust.** A request is copied out of the ring once, and what was copied is checked and used.
 * The data are copied between the client's buffer and the disk by addresses that were checked; what
 * the client writes there meanwhile harms its own data alone. Where it has taken its pages away
 * there are zeros (<lykos/ring.h>), the ring is found to be gone, and the session ends.
 *
 * **Turns.** A request is worked on piece by piece, a page at most, and all that may be under way
 * take turns at that: a short one does not wait for a long one before it, so answers come in
 * another order than requests. In a turn a session has TURN_COST at most, and the other sessions,
 * and messages, come before its next.
 *
 * **Barriers.** Requests stand in `active` in the order in which they came. One with BARRIER is
 * worked on only when it is the first, and none behind it before it is out.
 *
 * **Answers** for which the ring has no room stay with their requests in `active`; when that is
 * full no more are taken. So a client that takes no answers has stopped itself, and nobody else.
 */
#include "session.h"

#include "registers.h"
#include "store.h"
#include <lykos/gen/ramdisk.h>
#include <lykos/gen/ramdisk_types.h>
#include <lykos/lykos.h>
#include <lykos/ring.h>

#define TURN_COST 32u /* pieces */
#define CLOCK_MS 100u /* so often it is looked whether clients are there */
#define RINGS_BYTES (RAMDISK_RING_PAGES * LK_RING_PAGE)

/* A request that is under way. */
struct active {
    struct ramdisk_request rq; /* the copy that was checked; `block` is of the disk */
    uint32_t done;             /* blocks */
    enum status status;
    bool finished;
};

/* A session. */
struct session {
    const struct part *part; /* NULL: there is none */
    bool read_only;
    struct lk_ring requests, answers;
    struct lk_ring_share share;
    uint8_t *buffer;
    uint32_t buffer_bytes;
    uint32_t depth;
    uint32_t count; /* of active */
    struct active active[RAMDISK_DEPTH_MOST];
};

static struct lk_ring_tools tools;
static struct session sessions[RAMDISK_SESSIONS];
static uint64_t mistakes;

enum status session_begin(void)
{
    tools = (struct lk_ring_tools){ .space = lk_cap("space"),
                                    .discrim = lk_cap("discrim"),
                                    .endpoint = LK_REG_ENDPOINT,
                                    .work = REG_WORK };
    return lk_endpoint_make_app_notice(LK_REG_ENDPOINT, BIT_MORE, REG_MORE);
}

uint64_t session_mistakes(void)
{
    return mistakes;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static uint32_t index_of(const struct session *s)
{
    return (uint32_t)(s - sessions);
}

static struct session *free_session(const struct part *part)
{
    struct session *found = NULL;
    unsigned same = 0;

    for (unsigned i = 0; i < RAMDISK_SESSIONS; i++) {
        if (sessions[i].part == NULL) {
            found = &sessions[i];
        }
        same += sessions[i].part == part;
    }
    return same < RAMDISK_SESSIONS_EACH ? found : NULL;
}

static bool any_session(void)
{
    for (unsigned i = 0; i < RAMDISK_SESSIONS; i++) {
        if (sessions[i].part != NULL) {
            return true;
        }
    }
    return false;
}

/* One side of a ring in the session's page `page`. */
static bool attach(struct session *s, struct lk_ring *ring, unsigned page, uint32_t size,
                   bool produces, uint32_t post)
{
    if (!lk_ring_attach(ring, s->share.memory + page * LK_RING_PAGE, size, s->depth, produces)) {
        return false;
    }
    ring->notice = REG_NOTICES + index_of(s);
    ring->post = post;
    ring->bits = 1u << index_of(s);
    return true;
}

/* The types of the capabilities were looked at by the dispatch. */
static enum status set_up(struct session *s, uint32_t buffer, uint32_t bits)
{
    enum status status = lk_share_take(&s->share, &tools, RAMDISK_RING_PAGES + buffer, LK_REG_ARG);

    if (status != STATUS_OK) {
        return status;
    }
    lk_copy_cap(LK_REG_ARG + 1, REG_NOTICES + index_of(s));
    s->buffer = s->share.memory + RINGS_BYTES;
    s->buffer_bytes = buffer * LK_RING_PAGE;
    if (!attach(s, &s->requests, 0, sizeof(struct ramdisk_request), false, bits) ||
        !attach(s, &s->answers, 1, sizeof(struct ramdisk_answer), true, bits)) {
        return STATUS_REQUEST_ERROR;
    }
    return lk_endpoint_make_app_notice(LK_REG_ENDPOINT, 1u << index_of(s), REG_PAGE);
}

static void end(struct session *s)
{
    lk_ring_shut(&s->requests);
    lk_ring_close(&s->answers);
    lk_ring_release(&s->share);
    lk_drop_cap(REG_NOTICES + index_of(s));
    s->part = NULL;
}

enum status session_open(struct part *part, bool read_only, uint32_t depth, uint32_t buffer,
                         uint32_t bits, uint32_t *post)
{
    struct session *s = free_session(part);
    enum status status;

    if (depth > RAMDISK_DEPTH_MOST || buffer == 0 || buffer > RAMDISK_BUFFER_MOST) {
        return STATUS_REQUEST_ERROR;
    }
    if (s == NULL) {
        return STATUS_IN_USE;
    }
    s->depth = depth;
    s->count = 0;
    s->read_only = read_only;
    status = set_up(s, buffer, bits);
    if (status != STATUS_OK) {
        lk_ring_release(&s->share);
        lk_drop_cap(REG_NOTICES + index_of(s));
        return status;
    }
    if (!any_session()) {
        lk_notice_in(CLOCK_MS, BIT_CLOCK);
    }
    s->part = part;
    *post = 1u << index_of(s);
    lk_ring_rest(&s->requests, 1); /* it is empty: from now on a notice comes */
    lk_appnotice_post(REG_MORE, BIT_MORE);
    return STATUS_OK;
}

void session_end_of(const struct part *part)
{
    for (unsigned i = 0; i < RAMDISK_SESSIONS; i++) {
        if (sessions[i].part == part) {
            end(&sessions[i]);
        }
    }
}

/* ---- requests -------------------------------------------------------------------------------- */

/* Do the data lie in the buffer? */
static enum status check_buffer(const struct session *s, const struct ramdisk_request *rq)
{
    if (rq->buffer % RAMDISK_BLOCK != 0) {
        return RAMDISK_NOT_ALIGNED;
    }
    return rq->buffer <= s->buffer_bytes &&
                   rq->count <= (s->buffer_bytes - rq->buffer) / RAMDISK_BLOCK
               ? STATUS_OK
               : STATUS_OUT_OF_RANGE;
}

static enum status check(const struct session *s, const struct ramdisk_request *rq)
{
    bool flush = rq->what == RAMDISK_WHAT_FLUSH;
    bool data = rq->what == RAMDISK_WHAT_READ || rq->what == RAMDISK_WHAT_WRITE;

    if (rq->what > RAMDISK_WHAT_FLUSH || (rq->flags & ~RAMDISK_BARRIER) != 0 || rq->reserved != 0 ||
        (!data && rq->buffer != 0) || (flush && (rq->block != 0 || rq->count != 0))) {
        return STATUS_REQUEST_ERROR;
    }
    if (!flush && (rq->count == 0 || rq->block > s->part->blocks ||
                   rq->count > s->part->blocks - rq->block)) {
        return STATUS_OUT_OF_RANGE;
    }
    if (s->read_only && (rq->what == RAMDISK_WHAT_WRITE || rq->what == RAMDISK_WHAT_DISCARD)) {
        return RAMDISK_READ_ONLY;
    }
    return data ? check_buffer(s, rq) : STATUS_OK;
}

static void finish(struct active *a, enum status status)
{
    a->finished = true;
    a->status = status;
}

/* Take what has come, as much as there is room for. */
static void take(struct session *s)
{
    struct ramdisk_request batch[RAMDISK_DEPTH_MOST];
    uint32_t n = lk_ring_take(&s->requests, batch, s->depth - s->count);

    for (uint32_t i = 0; i < n; i++) {
        struct active *a = &s->active[s->count++];
        enum status status = check(s, &batch[i]);

        *a = (struct active){ .rq = batch[i] };
        if (a->rq.what == RAMDISK_WHAT_FLUSH) {
            a->rq.flags |= RAMDISK_BARRIER;
        }
        if (status != STATUS_OK) {
            mistakes++;
            finish(a, status);
        }
        a->rq.block += s->part->first;
    }
}

/* A piece of a request, or of what is nothing to discard, more. */
static void work(const struct session *s, struct active *a)
{
    uint64_t block = a->rq.block + a->done;
    uint32_t left = a->rq.count - a->done;
    uint32_t piece = store_piece(block, left);
    uint8_t *data = s->buffer + a->rq.buffer + (size_t)a->done * RAMDISK_BLOCK;
    enum status status = STATUS_OK;

    if (a->rq.what == RAMDISK_WHAT_READ) {
        store_read(block, piece, data);
    } else if (a->rq.what == RAMDISK_WHAT_WRITE) {
        status = store_write(block, piece, data);
    } else if (a->rq.what == RAMDISK_WHAT_DISCARD) {
        uint32_t absent = store_absent(block, left);

        store_discard(block, absent > 0 ? 0 : piece);
        piece = absent > 0 ? absent : piece;
    }
    a->done += status == STATUS_OK ? piece : 0;
    if (status != STATUS_OK || a->done == a->rq.count) {
        finish(a, status);
    }
}

/* A piece of each that may go on. How many pieces. */
static uint32_t round_of(const struct session *s, struct active *active, uint32_t most)
{
    uint32_t pieces = 0;

    for (uint32_t i = 0; i < s->count && pieces < most; i++) {
        bool barrier = (active[i].rq.flags & RAMDISK_BARRIER) != 0;

        if (!active[i].finished && (!barrier || i == 0)) {
            work(s, &active[i]);
            pieces++;
        }
        if (barrier) {
            break;
        }
    }
    return pieces;
}

/* Answer what is finished. False: there is no room for some. */
static bool answer(struct session *s)
{
    uint32_t kept = 0;
    bool room = true;

    for (uint32_t i = 0; i < s->count; i++) {
        const struct active *a = &s->active[i];
        struct ramdisk_answer made = { a->rq.tag, (uint32_t)a->status, a->done };

        room = room && (!a->finished || lk_ring_put(&s->answers, &made, 1) == 1);
        if (!a->finished || !room) {
            s->active[kept++] = *a;
        }
    }
    s->count = kept;
    return room;
}

/* How a turn has ended. */
enum turn { TURN_REST, TURN_MORE, TURN_OVER };

/* Nothing can be done now: wait for the ring that will change that. */
static enum turn rest(struct session *s, bool room)
{
    enum lk_ring_result result = LK_RING_NOTHING;

    if (!room) {
        result = lk_ring_rest(&s->answers, 1);
    }
    if (result == LK_RING_NOTHING && s->count < s->depth) {
        result = lk_ring_rest(&s->requests, 1);
    }
    return result == LK_RING_NOTHING ? TURN_REST : result == LK_RING_OK ? TURN_MORE : TURN_OVER;
}

static enum turn turn(struct session *s)
{
    uint32_t pieces = 0;
    uint32_t round;
    bool room;

    take(s);
    do {
        round = round_of(s, s->active, TURN_COST - pieces);
        pieces += round;
        room = answer(s);
    } while (round > 0 && pieces < TURN_COST);
    lk_ring_flush(&s->requests);
    lk_ring_flush(&s->answers);
    if (pieces >= TURN_COST) {
        return TURN_MORE;
    }
    return rest(s, room);
}

void session_notice(uint64_t bits)
{
    bool clock = (bits & BIT_CLOCK) != 0;
    bool more = false;

    for (unsigned i = 0; i < RAMDISK_SESSIONS; i++) {
        struct session *s = &sessions[i];
        enum turn how = TURN_REST;

        if (s->part == NULL) {
            continue;
        }
        if (clock) {
            lk_ring_lives(&s->requests);
        }
        if (clock || (bits & (BIT_MORE | 1u << i)) != 0) {
            how = turn(s);
        }
        if (how == TURN_OVER) {
            mistakes += s->requests.over == LK_RING_BROKEN || s->answers.over == LK_RING_BROKEN;
            end(s);
        }
        more = more || how == TURN_MORE;
    }
    if (more) {
        lk_appnotice_post(REG_MORE, BIT_MORE);
    }
    if (clock && any_session()) {
        lk_notice_in(CLOCK_MS, BIT_CLOCK);
    }
}

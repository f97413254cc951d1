/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A ring queue over pages that two processes share: one puts records in, the *producer*, the other
 * takes them out, the *consumer*. Neither trusts the other. No system call is made for a record
 * while both are at work; who finds nothing to do waits for a notice.
 *
 *      the producer                                    the consumer
 *      lk_ring_send(&ring, &request, 1);               lk_ring_receive(&ring, batch, 32, &n);
 *
 * **Records** are of one size, from 1 byte to a page, and there is room for a power of two of them.
 * With records of 1 byte the ring is a stream of bytes, and lk_ring_put_message() puts messages of
 * any length into it.
 *
 * **Batches.** lk_ring_put() and lk_ring_take() work on the caller's side alone; lk_ring_flush()
 * shows the other side at once all that was put or taken since the last time.
 *
 * **Announce, then look again.** Who will wait writes first at which index of the other side it
 * wants to be told, then looks whether that is reached already, and only then waits. The other side
 * writes its index first and looks afterwards at what is wanted, and posts a notice if its index
 * went past that. Between the write and the look of each stands a full fence: without it both could
 * look before the other's write is seen, and nobody would be told. So none is told that does not
 * wait, but for one notice at most for each announcement that found something after all, and one
 * when the indices have gone once around 2^32. user/lib/models/ring.pml is the model of it.
 *
 * **Distrust.** Each side keeps its own index and never reads it back. Each word that the other
 * side writes is read once: an index that goes back, or further than there are records, is
 * LK_RING_BROKEN, for good. Records are copied out before anybody looks at them, so they do not
 * change under the eyes of who checks them. That their contents make sense only the caller can
 * check. What the other side can do is to send nonsense, or nothing, and to cause one notice for
 * each flush.
 *
 * **Waiting for several.** A side may wait until there are several, up to half of the ring. Of a
 * consumer that is for a stream only: a producer that waits for an answer first puts no more.
 *
 * **Ends.** lk_ring_close() says that nothing more will come: the consumer takes what there is and
 * is told LK_RING_CLOSED then; a producer is told so at once. A process that is destroyed closes
 * nothing. Who waits for it with a `period` looks each time that this has passed whether the
 * endpoint behind its notice is still there, and is told LK_RING_GONE; where the other side is a
 * server that init knows by name, lk_watch() (<lykos/connect.h>) does it without a period. A ring
 * whose pages were the other side's turns into zeros of one's own when they go (lk_ring_accept()):
 * LK_RING_GONE as well, and what is taken just then may be zeros.
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_RING_LAYOUT 1u        /* changes with what is in shared memory */
#define LK_RING_HEAD 256u        /* bytes before the first record */
#define LK_RING_PAGE 4096u       /* of such pages it is made */
#define LK_RING_PAGES 64u        /* at most */
#define LK_RING_RECORD_MOST 4096 /* bytes of a record */
#define LK_RING_LINE 64u         /* bytes of a cache line */

/* States of a side. A page that is gone and came back as zeros is in none. */
#define LK_RING_OPEN 0x4b4c0001u
#define LK_RING_SHUT 0x4b4c0002u

enum lk_ring_result {
    LK_RING_OK,      /* there is as much to take, or room to put, as was asked for */
    LK_RING_NOTHING, /* not now */
    LK_RING_CLOSED,  /* nor later: the other side, or this one, has closed it */
    LK_RING_GONE,    /* nor later: the other side, or its memory, is gone */
    LK_RING_BROKEN,  /* nor later: the other side has written what cannot be */
};

/* What one side writes, and the other reads. The index changes with each flush; the other two
 * seldom, so they have a cache line of their own. */
struct lk_ring_side {
    uint32_t index; /* records that were put, or taken, so far; it goes round at 2^32 */
    uint8_t pad[LK_RING_LINE - 4];
    uint32_t state; /* LK_RING_OPEN, LK_RING_SHUT */
    uint32_t wake;  /* this side wants to be told when the other's index goes past this */
    uint8_t pad2[LK_RING_LINE - 8];
};

/* The beginning of the shared memory; records stand at LK_RING_HEAD. */
struct lk_ring_shared {
    struct lk_ring_side producer, consumer;
};
_Static_assert(sizeof(struct lk_ring_shared) == LK_RING_HEAD, "records begin behind both sides");

/* One end of a ring, in memory of its owner. lk_ring_attach() fills it in; the fields are for the
 * library, but for those behind `notice`. */
struct lk_ring {
    struct lk_ring_side *mine, *other;
    uint8_t *record;
    uint32_t size, count; /* bytes of a record; records */
    uint32_t index;       /* as the other side sees it */
    uint32_t ahead;       /* the same with what was not flushed yet */
    uint32_t seen;        /* the other side's index, as it was read last */
    bool produces;
    enum lk_ring_result ends; /* LK_RING_CLOSED, LK_RING_GONE: the other side does nothing more */
    enum lk_ring_result over; /* nor does this one; LK_RING_OK: it does */

    uint32_t notice; /* register of the AppNotice to the other side; 0: it polls */
    uint32_t post;   /* bits to post there */
    uint32_t bits;   /* bits by which this side is told */
    uint64_t period; /* ns after which one that waits looks whether the other is there; 0: never */
    uint64_t (*park)(void); /* waits for notices; NULL: lk_park(). A member of a team has
                               lk_await_notices() (<lykos/team.h>) */
    uint64_t others;        /* bits that came meanwhile and are not those of this ring */
    uint64_t posts, waits;  /* how often it has told the other side, and waited */
};

/* ---- The ring itself: memory, no system call. ---- */

/* Can there be such a ring? */
bool lk_ring_fits(uint32_t size, uint32_t count);

/* How many records a side can wait for: half of them, or the only one. */
static inline uint32_t lk_ring_most(const struct lk_ring *ring)
{
    return ring->count > 1 ? ring->count / 2 : 1;
}

/* Bytes of memory that it takes, whole pages. */
size_t lk_ring_bytes(uint32_t size, uint32_t count);

/* Begin an empty ring in memory that nobody else uses yet. */
void lk_ring_format(void *memory);

/* Be one side of a ring that was just begun. `memory` is as long as lk_ring_bytes() says, and size
 * and count are what both sides have agreed upon: they are not read from there. False: there is no
 * such ring. */
bool lk_ring_attach(struct lk_ring *ring, void *memory, uint32_t size, uint32_t count,
                    bool produces);

/* Put up to n records, or take up to n. Returns how many; fewer than n if there is no more room, or
 * there are no more: lk_ring_look() says why. */
uint32_t lk_ring_put(struct lk_ring *ring, const void *records, uint32_t n);
uint32_t lk_ring_take(struct lk_ring *ring, void *records, uint32_t n);

/* In a ring of bytes: put a whole message, or nothing. False: there is no room for it now, or it is
 * longer than lk_ring_most() less LK_RING_LENGTH, or the ring is over. Wait for
 * length + LK_RING_LENGTH. */
#define LK_RING_LENGTH 4u /* bytes before each message */
bool lk_ring_put_message(struct lk_ring *ring, const void *message, uint32_t length);

/* Take a whole message. A producer that announces one longer than `most`, or less than all of it,
 * has broken the ring: both sides agree beforehand on how long a message may be. */
enum lk_ring_result lk_ring_take_message(struct lk_ring *ring, void *message, uint32_t most,
                                         uint32_t *length);

/* Could `wanted` records be put, or taken, now? LK_RING_CLOSED of a consumer: there are fewer, and
 * will be no more. More than fit into the ring are as many as fit. */
enum lk_ring_result lk_ring_look(struct lk_ring *ring, uint32_t wanted);

/* Show the other side what was put or taken. True: it waits for that and is to be told. */
bool lk_ring_publish(struct lk_ring *ring);

/* Announce that this side will wait until `wanted` records can be put or taken, and look again.
 * LK_RING_NOTHING: it may wait, a notice will come. All was published before. More than
 * lk_ring_most() are as many as that: if each side waited for more than half of the ring, neither
 * might have it. */
enum lk_ring_result lk_ring_announce(struct lk_ring *ring, uint32_t wanted);

/* This side does nothing more. What it has put is published. */
void lk_ring_shut(struct lk_ring *ring);

/* ---- With notices. ---- */

/* Publish, and tell the other side if it waits for that. */
void lk_ring_flush(struct lk_ring *ring);

/* Flush, and wait until `wanted` records can be put or taken. For a thread that waits for one thing
 * at a time; in an event loop, the notice source of `bits` takes or puts what it can and then calls
 * lk_ring_rest(). Notices for others that come meanwhile are kept in ring->others. */
enum lk_ring_result lk_ring_await(struct lk_ring *ring, uint32_t wanted);

/* For event loops: flush, announce, and look again. LK_RING_NOTHING: go back to the loop;
 * LK_RING_OK: go on, there is more. */
enum lk_ring_result lk_ring_rest(struct lk_ring *ring, uint32_t wanted);

/* Put n records, and flush; wait as often as there is no room. Anything but LK_RING_OK: some may
 * not have been put. */
enum lk_ring_result lk_ring_send(struct lk_ring *ring, const void *records, uint32_t n);

/* Wait for a record, take up to n, and flush: *got says how many. */
enum lk_ring_result lk_ring_receive(struct lk_ring *ring, void *records, uint32_t n, uint32_t *got);

/* Is the process of the other side still there? If not a consumer takes what there is, and then is
 * told LK_RING_GONE. True if there is no notice. */
bool lk_ring_lives(struct lk_ring *ring);

/* lk_ring_shut(), and tell the other side in any case. */
void lk_ring_close(struct lk_ring *ring);

/* ---- Making one: pages, capabilities and notices. ----
 *
 * The client makes the pages, out of its bank, and offers them in a request; the server takes them
 * on. Each puts them into its heap, where a page that is gone is one of zeros when it is touched:
 * so a side whose pages the other takes away is told so, and does not fault. Both sides need a
 * pager for that.
 *
 *      client: lk_ring_offer(&ring, &share, &plan, lk_cap("disk"), DISK_RING)
 *      server: [DISK_RING] = { disk_ring, .words = LK_RING_WORDS, .caps = LK_RING_CAPS }, and in it
 *              return lk_ring_accept(&ring, &share, &plan, rq);
 */
#define LK_RING_WORDS 3u
#define LK_RING_CAPS 2u

/* Registers of a program that makes rings. */
struct lk_ring_tools {
    uint32_t bank;     /* of the client: pays for the pages */
    uint32_t space;    /* the root of its address space */
    uint32_t discrim;  /* Discrim */
    uint32_t endpoint; /* at which it waits for notices */
    uint32_t work;     /* first of three that are used while this runs */
};

/* What a side wants. */
struct lk_ring_plan {
    const struct lk_ring_tools *tools;
    uint32_t size;   /* bytes of a record */
    uint32_t count;  /* records; of the server: at most */
    bool produces;   /* this side */
    uint32_t bits;   /* by which it is told */
    uint32_t notice; /* register that gets the AppNotice to the other side */
    uint32_t shelf;  /* of the client: register that gets the CapPage of its pages */
    uint64_t period; /* as in struct lk_ring */
};

/* Where a ring is, and whose pages it is made of. */
struct lk_ring_share {
    const struct lk_ring_tools *tools;
    void *piece; /* of the heap */
    uint8_t *memory;
    uint32_t pages;
    uint32_t shelf; /* the register, of who made the pages; 0: the other side did */
};

struct lk_request;

/* Make pages and be one side of a ring in them; the server behind register `server` is asked by
 * `method` to be the other. NO_MEMORY: the bank or the heap has not so much. REQUEST_ERROR: there
 * is no such ring, or the server wants another one. Else as the server answers. What was made is
 * undone if it is not OK. */
enum status lk_ring_offer(struct lk_ring *ring, struct lk_ring_share *share,
                          const struct lk_ring_plan *plan, uint32_t server, uint64_t method);

/* Be the other side. What the client sends is looked at before it is used: size and direction must
 * be those of the plan, the count no more; what it calls pages must be pages that may be written
 * to, and its notice an AppNotice. REQUEST_ERROR: they are not. */
enum status lk_ring_accept(struct lk_ring *ring, struct lk_ring_share *share,
                           const struct lk_ring_plan *plan, struct lk_request *rq);

/* The ring is not used any more: its memory goes back to the heap; pages that this side made are
 * destroyed, and the other side sees zeros. */
void lk_ring_release(struct lk_ring_share *share);

/* ---- Shared pages alone, for what is not one ring: records that stand for data elsewhere, or
 * several rings, by lk_ring_format() and lk_ring_attach(). lk_ring_release() is the end of them,
 * too. How many there are, and where what begins in them, both sides agree upon by other means.
 * ---- */

/* Make so many pages, zeros, 1..LK_RING_PAGES; the register `shelf` gets the CapPage to send.
 * NO_MEMORY as lk_ring_offer(). */
enum status lk_share_make(struct lk_ring_share *share, const struct lk_ring_tools *tools,
                          uint32_t pages, uint32_t shelf);

/* Take on the pages that a client has sent: register `reg` must hold a CapPage, and its first slots
 * pages that may be written to. REQUEST_ERROR: it is not so. */
enum status lk_share_take(struct lk_ring_share *share, const struct lk_ring_tools *tools,
                          uint32_t pages, uint32_t reg);

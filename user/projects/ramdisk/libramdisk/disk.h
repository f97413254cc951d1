/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The client's side of a block device (ramdisk.idl): a session with it, through memory that both
 * share.
 *
 *      struct disk disk;
 *      struct disk_plan plan = { .device = lk_cap("disk"), .bank = lk_cap("bank"),
 *          .space = lk_cap("space"), .discrim = lk_cap("discrim"), .registers = REG_DISK,
 *          .bits = DISK_BIT, .depth = 32, .buffer = 32 };
 *
 *      lk_must(disk_open(&disk, &plan), "the disk");
 *      lk_must(disk_write(&disk, 8, 16, data), "writing");
 *      lk_must(disk_flush(&disk), "and being done");
 *
 * **One thing at a time**: disk_read(), disk_write(), disk_discard(), disk_flush() come back when
 * it is done. Long ones are cut into pieces, several of which are under way.
 *
 * **Many at once**: fill in a struct disk_io for each, disk_submit() them, then disk_kick() once;
 * disk_next() or disk_wait() gives those that are done, in whatever order they are. What is under
 * way at the same time has no order, but for a barrier: it begins when all before it are done, and
 * what comes behind it begins after it. Two writes to the same block, or a write and a read, need
 * one between them, or the answer to the first.
 *
 * **Data** are copied to and from the buffer that the device sees, unless they stand in it:
 * disk_buffer() gives a part of it.
 *
 * A session is its thread's alone. It needs a pager, and the program a bank of its own, which pays
 * for RAMDISK_RING_PAGES + `buffer` pages and a CapPage.
 */
#pragma once

#include <abi/gen.h>
#include <lykos/gen/ramdisk.h>
#include <lykos/gen/ramdisk_types.h>
#include <lykos/ring.h>

#define DISK_REGISTERS 5u /* that a session needs, in a row */

/* How a session is to be. */
struct disk_plan {
    uint32_t device;    /* registers: of the Ramdisk, */
    uint32_t bank;      /* a bank, */
    uint32_t space;     /* the root of the address space, */
    uint32_t discrim;   /* Discrim, */
    uint32_t endpoint;  /* the endpoint for notices; 0: LK_REG_ENDPOINT, */
    uint32_t registers; /* and the first of DISK_REGISTERS that are the library's */
    uint32_t bits;      /* by which this program is told, for this alone */
    uint32_t depth;     /* most requests under way: a power of two */
    uint32_t buffer;    /* pages of the buffer */
    uint64_t period; /* ns after which one that waits looks whether the device is there; 0: never */
    uint64_t (*park)(void); /* as in struct lk_ring */
};

/* A request. It and its data must stay until it is done. */
struct disk_io {
    enum ramdisk_what what;
    bool barrier;
    uint64_t block;
    uint32_t count; /* blocks */
    void *data;     /* count * RAMDISK_BLOCK bytes; of discard and flush: none */
    void *context;  /* the caller's */

    bool done;
    enum status status; /* when it is done */
    uint32_t blocks;    /* that were done; less than count only if the status is not OK */

    bool quiet; /* disk_settle() waits for it; disk_next() and disk_wait() do not give it */
    struct disk_io *next; /* for the library */
};

/* A request under way. */
struct disk_slot {
    struct disk_io *io; /* NULL: none */
    uint64_t tag;
    uint32_t page, pages; /* of the buffer, if the data are copied */
};

/* A session. The fields are for the library, but for the first three. */
struct disk {
    uint64_t blocks; /* of the partition */
    bool read_only;
    enum status over; /* OK; or why nothing more can be done */
    struct lk_ring_tools tools;
    struct lk_ring_share share;
    struct lk_ring requests, answers;
    uint32_t registers;
    uint32_t depth;
    uint8_t *buffer;
    uint32_t buffer_pages;
    uint64_t pages_used; /* a bit for each page of the buffer */
    struct disk_slot slot[RAMDISK_DEPTH_MOST];
    uint32_t flying; /* slots in use */
    uint64_t serial;
    struct disk_io *first, *last; /* done, and not yet told */
};

/* Begin a session. Errors as Ramdisk.open; NO_MEMORY also if the client's bank has not so much. */
enum status disk_open(struct disk *disk, const struct disk_plan *plan);

/* End it. What is under way is not waited for; its data may or may not be written. */
void disk_close(struct disk *disk);

/* Have it done. OUT_OF_RANGE, READ_ONLY, NO_MEMORY as the device says; then part of it may be done.
 * INVOKEE_GONE: the device has ended the session, or is gone. */
enum status disk_read(struct disk *disk, uint64_t block, uint64_t count, void *data);
enum status disk_write(struct disk *disk, uint64_t block, uint64_t count, const void *data);
enum status disk_discard(struct disk *disk, uint64_t block, uint64_t count);

/* Everything that was submitted before is done when this comes back. */
enum status disk_flush(struct disk *disk);

/* Put a request among those to be done. WOULD_BLOCK: not now, there is no slot or no room in the
 * buffer: disk_wait() for one first. OUT_OF_RANGE: it never fits into the buffer. INVOKEE_GONE as
 * above. */
enum status disk_submit(struct disk *disk, struct disk_io *io);

/* Show the device what was submitted, and tell it if it waits. */
void disk_kick(struct disk *disk);

/* One that is done, NULL: none is now. Does not wait. */
struct disk_io *disk_next(struct disk *disk);

/* The same, but waits. NULL: none is under way. What was submitted is shown before. */
struct disk_io *disk_wait(struct disk *disk);

/* Wait until this one is done, which was submitted as `quiet`: its status. */
enum status disk_settle(struct disk *disk, const struct disk_io *io);

/* A part of the buffer, to read into and write from without copying; NULL: there is not so much in
 * a row. disk_buffer_free() with the same count gives it back. */
void *disk_buffer(struct disk *disk, uint32_t blocks);
void disk_buffer_free(struct disk *disk, void *part, uint32_t blocks);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk: a block device in memory, for clients that trust neither it nor one another. README.md
 * has the protocol. store.c has the blocks, part.c says who may reach which, session.c does what
 * goes through shared memory; here is what is asked by messages.
 */
#include "part.h"
#include "registers.h"
#include "session.h"
#include "store.h"
#include <lykos/gen/ramdisk_server.h>
#include <lykos/lykos.h>

#define PER_PAGE (RAMDISK_PAGE / RAMDISK_BLOCK)

static uint8_t data[RAMDISK_MESSAGE_MOST]; /* of the answer to `read` */

enum status ramdisk_op_geometry(struct lk_request *rq, uint64_t *blocks, bool *read_only)
{
    const struct part *part = part_of(rq->payload);

    if (part == NULL) {
        return RAMDISK_NO_PARTITION;
    }
    *blocks = part->blocks;
    *read_only = part_read_only(rq->payload);
    return STATUS_OK;
}

enum status ramdisk_op_usage(struct lk_request *rq, uint64_t *pages, uint64_t *all,
                             uint64_t *mistakes)
{
    const struct part *part = part_of(rq->payload);

    if (part == NULL) {
        return RAMDISK_NO_PARTITION;
    }
    *pages = store_used(part->first, part->blocks);
    *all = store_used(0, store_blocks());
    *mistakes = session_mistakes();
    return STATUS_OK;
}

/* ---- partitions ------------------------------------------------------------------------------ */

/* An Entry to answer with. */
static enum status give(const struct part *part, bool read_only, uint32_t *entry)
{
    *entry = REG_PAGE;
    return lk_endpoint_make_entry(LK_REG_ENDPOINT, part_payload(part, read_only), REG_PAGE);
}

enum status ramdisk_op_facet(struct lk_request *rq, uint32_t *entry)
{
    const struct part *part = part_of(rq->payload);

    return part == NULL ? RAMDISK_NO_PARTITION : give(part, true, entry);
}

enum status ramdisk_op_part(struct lk_request *rq, uint64_t first, uint64_t blocks,
                            uint64_t *number, uint32_t *entry)
{
    struct part *part = NULL;
    enum status s = STATUS_OK;

    if (part_of(rq->payload) == NULL) {
        return RAMDISK_NO_PARTITION;
    }
    if (!part_is_whole(rq->payload)) {
        return STATUS_NO_ACCESS;
    }
    if (first % PER_PAGE != 0 || blocks % PER_PAGE != 0) {
        return RAMDISK_NOT_ALIGNED;
    }
    if (blocks == 0 || first > store_blocks() || blocks > store_blocks() - first) {
        return STATUS_OUT_OF_RANGE;
    }
    s = part_make(first, blocks, &part);
    if (s != STATUS_OK) {
        return s;
    }
    *number = part->number;
    return give(part, false, entry);
}

enum status ramdisk_op_unmake(struct lk_request *rq, uint64_t number)
{
    struct part *part = part_made(number);

    if (part_of(rq->payload) == NULL) {
        return RAMDISK_NO_PARTITION;
    }
    if (!part_is_whole(rq->payload)) {
        return STATUS_NO_ACCESS;
    }
    if (part == NULL) {
        return STATUS_NOT_FOUND;
    }
    session_end_of(part);
    part->there = false;
    return STATUS_OK;
}

enum status ramdisk_op_open(struct lk_request *rq, uint32_t depth, uint32_t buffer, uint32_t bits,
                            uint32_t pages, uint32_t notice, uint32_t *post, uint32_t *mine)
{
    struct part *part = part_of(rq->payload);
    enum status s;

    (void)pages, (void)notice; /* LK_REG_ARG, and the one behind it */
    if (part == NULL) {
        return RAMDISK_NO_PARTITION;
    }
    s = session_open(part, part_read_only(rq->payload), depth, buffer, bits, post);
    *mine = s == STATUS_OK ? REG_PAGE : 0;
    return s;
}

/* ---- blocks by message ----------------------------------------------------------------------- */

/* May `count` blocks be reached through this Entry, to be read or to be written? *block becomes
 * that of the disk. */
static enum status reach(const struct lk_request *rq, bool write, uint64_t *block, uint64_t count)
{
    const struct part *part = part_of(rq->payload);

    if (part == NULL) {
        return RAMDISK_NO_PARTITION;
    }
    if (write && part_read_only(rq->payload)) {
        return RAMDISK_READ_ONLY;
    }
    if (count == 0 || *block > part->blocks || count > part->blocks - *block) {
        return STATUS_OUT_OF_RANGE;
    }
    *block += part->first;
    return STATUS_OK;
}

enum status ramdisk_op_read(struct lk_request *rq, uint64_t block, uint32_t count, const void **out,
                            size_t *len)
{
    uint32_t blocks = count <= sizeof(data) / RAMDISK_BLOCK ? count : 0;
    enum status s = reach(rq, false, &block, blocks);

    for (uint32_t done = 0; s == STATUS_OK && done < blocks;) {
        uint32_t piece = store_piece(block + done, blocks - done);

        store_read(block + done, piece, data + done * RAMDISK_BLOCK);
        done += piece;
    }
    *out = data;
    *len = s == STATUS_OK ? blocks * RAMDISK_BLOCK : 0;
    return s;
}

enum status ramdisk_op_write(struct lk_request *rq, uint64_t block, const void *from, size_t len)
{
    uint32_t blocks = (uint32_t)(len / RAMDISK_BLOCK);
    enum status s;

    if (len % RAMDISK_BLOCK != 0) {
        return RAMDISK_NOT_ALIGNED;
    }
    s = reach(rq, true, &block, blocks);
    for (uint32_t done = 0; s == STATUS_OK && done < blocks;) {
        uint32_t piece = store_piece(block + done, blocks - done);

        s = store_write(block + done, piece, (const uint8_t *)from + done * RAMDISK_BLOCK);
        done += piece;
    }
    return s;
}

enum status ramdisk_op_discard(struct lk_request *rq, uint64_t block, uint32_t count)
{
    uint32_t blocks = count <= RAMDISK_DISCARD_MOST ? count : 0;
    enum status s = reach(rq, true, &block, blocks);

    for (uint32_t done = 0; s == STATUS_OK && done < blocks;) {
        uint32_t piece = store_piece(block + done, blocks - done);

        store_discard(block + done, piece);
        done += piece;
    }
    return s;
}

/* ---------------------------------------------------------------------------------------------- */

static void notice(void *context, uint64_t bits)
{
    (void)context;
    session_notice(bits);
}

/* Registers that this program uses must not be those of named capabilities. */
static void check_registers(void)
{
    for (uint32_t i = 0; i < lk_start->cap_count; i++) {
        if (lk_start->cap[i].reg >= REG_NOTICES && lk_start->cap[i].reg < LK_REG_NAMED_END) {
            lk_die("the description gives more than there are registers for: %s",
                   lk_start->cap[i].name);
        }
    }
}

static const struct lk_server server = { RAMDISK_SERVER("discrim"), .notice = notice };

int main(void)
{
    check_registers();
    lk_must(store_begin(lk_param("blocks", 0)), "a disk of as many blocks as param blocks says");
    lk_must(part_begin(), "its partitions");
    lk_must(session_begin(), "a notice to itself");
    lk_serve(&server);
}

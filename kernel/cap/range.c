/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of the Range capability: fabricate and destroy objects in a range of frames. A Range
 * names no object: its payload is the first frame, its oid the number of frames. Its count is 0, or
 * it is lent: its life, and that of its parts, is the count in the descriptor of the first frame
 * lent, which lies `aux` frames before its own first one.
 */
#include <kernel/object.h>
#include <kernel/operations.h>

static pfn_t range_first(const struct invocation *inv)
{
    return inv->cap.payload;
}

static uint64_t range_frames(const struct invocation *inv)
{
    return inv->cap.oid;
}

/* Are these frames, at least one, all of this range? */
static bool range_has(const struct invocation *inv, uint64_t first, uint64_t count)
{
    return first < range_frames(inv) && count != 0 && count <= range_frames(inv) - first;
}

/* A Range of some of these frames, for as long as this one is good. */
static struct cap range_part(const struct invocation *inv, uint64_t first, uint64_t count)
{
    return (struct cap){
        .type = CAP_RANGE,
        .aux = inv->cap.count == 0 ? 0 : (uint16_t)(inv->cap.aux + first),
        .payload = (uint32_t)(range_first(inv) + first),
        .oid = (oid_t)count,
        .count = inv->cap.count,
    };
}

/* The object that `c` names, if it is one of this range. */
static struct objhdr *object_in_range(const struct invocation *inv, const struct cap *c)
{
    struct objhdr *hdr;

    if (!cap_is_object(c) || !cap_live(c)) {
        return NULL;
    }
    hdr = oid_header(c->oid);
    return object_pfn(hdr) - range_first(inv) < range_frames(inv) ? hdr : NULL;
}

void range_op_get_info(struct invocation *inv)
{
    pfn_t pfn = range_first(inv) + inv->word[1];

    inv->out[1] = range_frames(inv);
    for (unsigned i = 0; i < 64 && range_has(inv, inv->word[1], i + 1); i++) {
        inv->out[2] |= (uint64_t)(frame_table[pfn + i].kind == FRAME_FREE) << i;
    }
}

enum status range_op_fabricate(struct invocation *inv)
{
    enum frame_kind kind = (enum frame_kind)inv->word[1];
    pfn_t pfn = range_first(inv) + inv->word[2];
    enum status status = inv->word[2] < range_frames(inv)
                             ? object_can_fabricate(kind, pfn, inv->word[3])
                             : STATUS_OUT_OF_RANGE;

    if (status != STATUS_OK) {
        return status;
    }

    txn_commit();

    inv->out_cap[0] = object_cap(object_fabricate(kind, pfn, (unsigned)inv->word[3]));
    return STATUS_OK;
}

enum status range_op_fabricate_device(struct invocation *inv)
{
    pfn_t pfn = range_first(inv) + inv->word[1];
    struct frame *f = &frame_table[pfn];
    uint64_t leaf = arch_device_leaf(inv->word[2], pfn - frame_count);

    if (inv->word[1] >= range_frames(inv) || !frame_is_device(f) || leaf == 0) {
        return STATUS_OUT_OF_RANGE;
    }
    if (f->kind != FRAME_FREE || f->next_count == UINT32_MAX) {
        return f->kind == FRAME_DEVICE ? STATUS_IN_USE : STATUS_EXHAUSTED;
    }

    txn_commit();

    f->kind = FRAME_DEVICE;
    f->leaf = leaf;
    inv->out_cap[0] = object_cap(object_fabricate(FRAME_DEVICE, pfn, 0));
    return STATUS_OK;
}

enum status range_op_rescind(struct invocation *inv)
{
    struct objhdr *hdr = object_in_range(inv, &inv->arg[1]);

    if (hdr == NULL) {
        return STATUS_REQUEST_ERROR;
    }
    object_rescind(hdr); /* commits */
    return STATUS_OK;
}

enum status range_op_rescind_at(struct invocation *inv)
{
    pfn_t pfn = range_first(inv) + inv->word[1];
    struct objhdr *hdr;
    enum frame_kind kind;

    if (inv->word[1] >= range_frames(inv)) {
        return STATUS_OUT_OF_RANGE;
    }
    kind = (enum frame_kind)frame_table[pfn].kind;
    if (kind != FRAME_FREE && kind != FRAME_RETIRED && frame_objects(kind) == 0) {
        return STATUS_IN_USE;
    }
    if (inv->word[2] >= (frame_objects(kind) == 0 ? 64 : frame_objects(kind))) {
        return STATUS_OUT_OF_RANGE;
    }
    hdr = object_at(pfn, (unsigned)inv->word[2]);
    if (hdr != NULL) {
        object_rescind(hdr); /* commits */
    } else {
        txn_commit();
    }
    return STATUS_OK;
}

enum status range_op_get_frame(struct invocation *inv)
{
    const struct frame *f = &frame_table[range_first(inv)];

    if (inv->word[1] >= range_frames(inv)) {
        return STATUS_OUT_OF_RANGE;
    }

    txn_commit();

    f += inv->word[1];
    inv->out[2] = f->kind == FRAME_FREE ? 0 : UINT64_MAX;
    if (frame_objects((enum frame_kind)f->kind) != 0) { /* then at least one is live */
        inv->out[2] = f->live_mask;
        inv->out[1] = f->kind; /* the number of their type */
    }
    return STATUS_OK;
}

enum status range_op_get_cap(struct invocation *inv)
{
    const struct objhdr *hdr;

    if (inv->word[1] >= range_frames(inv) || inv->word[2] >= 64) {
        return STATUS_OUT_OF_RANGE;
    }
    hdr = object_at(range_first(inv) + inv->word[1], (unsigned)inv->word[2]);
    if (hdr == NULL) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    inv->out_cap[0] = object_cap(hdr);
    return STATUS_OK;
}

enum status range_op_identify(struct invocation *inv)
{
    const struct cap *c = &inv->arg[1];
    const struct objhdr *hdr = object_in_range(inv, c);
    uint64_t frame = c->payload - range_first(inv); /* of a Range */

    if (hdr == NULL && (c->type != CAP_RANGE || !range_has(inv, frame, c->oid))) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    inv->out[1] = c->type;
    inv->out[2] = hdr != NULL ? object_pfn(hdr) - range_first(inv) : frame;
    inv->out[3] = hdr != NULL ? hdr->index : c->oid;
    return STATUS_OK;
}

enum status range_op_split(struct invocation *inv)
{
    if (!range_has(inv, inv->word[1], inv->word[2])) {
        return STATUS_OUT_OF_RANGE;
    }

    txn_commit();

    inv->out_cap[0] = range_part(inv, inv->word[1], inv->word[2]);
    return STATUS_OK;
}

enum status range_op_lend(struct invocation *inv)
{
    uint64_t first = inv->word[1];
    uint64_t count = inv->word[2];
    pfn_t pfn = range_first(inv) + first;

    if (inv->cap.count != 0) {
        return STATUS_NO_ACCESS; /* what it lent would outlive it */
    }
    if (!range_has(inv, first, count == 0 ? 1 : count) || count > LK_LENT_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    if (count != 0 && frame_table[pfn].next_count == UINT32_MAX) {
        return STATUS_EXHAUSTED;
    }

    txn_commit();

    if (frame_lend(pfn, count != 0) != 0) {
        inv->out_cap[0] = range_part(inv, first, count);
        inv->out_cap[0].count = frame_table[pfn].lent;
    }
    return STATUS_OK;
}

enum status range_op_objects_per_frame(struct invocation *inv)
{
    unsigned count = frame_objects((enum frame_kind)inv->word[1]);

    if (count == 0) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    inv->out[1] = count;
    return STATUS_OK;
}

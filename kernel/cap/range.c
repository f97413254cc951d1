/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of the Range capability: fabricate and destroy objects in a range of frames. A Range
 * names no object: its payload is the first frame, its oid the number of frames.
 */
#include <kernel/invoke.h>
#include <kernel/object.h>
#include <kernel/txn.h>
#include <ops.h>

static pfn_t range_first(const struct invocation *inv)
{
    return inv->cap.payload;
}

static uint64_t range_frames(const struct invocation *inv)
{
    return inv->cap.oid;
}

/* The kind of frame in which objects of a capability type live; FRAME_NONE for types that are not
 * made from storage. */
static enum frame_kind kind_of_type(uint64_t type)
{
    static const uint8_t kind[LK_TYPES] = {
        [CAP_ENDPOINT] = FRAME_ENDPOINT, [CAP_PROCESS] = FRAME_PROCESS,
        [CAP_GPT] = FRAME_GPT,           [CAP_PAGE] = FRAME_PAGE,
        [CAP_CAPPAGE] = FRAME_CAPPAGE,   [CAP_SCHEDULE] = FRAME_SCHEDULE,
    };

    STATIC_ASSERT(FRAME_NONE == 0, "of the types not named");
    return type < LK_TYPES ? (enum frame_kind)kind[type] : FRAME_NONE;
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

enum status range_op_get_info(struct invocation *inv)
{
    uint64_t first = inv->word[1];
    uint64_t free = 0;

    for (unsigned i = 0; i < 64 && first < range_frames(inv) && i < range_frames(inv) - first;
         i++) {
        if (frame_table[range_first(inv) + first + i].kind == FRAME_FREE) {
            free |= 1ull << i;
        }
    }

    txn_commit();

    inv->out[1] = range_frames(inv);
    inv->out[2] = free;
    return STATUS_OK;
}

enum status range_op_fabricate(struct invocation *inv)
{
    enum frame_kind kind = kind_of_type(inv->word[1]);
    enum status status;
    pfn_t pfn;

    if (kind == FRAME_NONE) {
        return STATUS_REQUEST_ERROR;
    }
    if (inv->word[2] >= range_frames(inv) || inv->word[3] >= frame_objects(kind)) {
        return STATUS_OUT_OF_RANGE;
    }
    pfn = range_first(inv) + inv->word[2];
    status = object_can_fabricate(kind, pfn, (unsigned)inv->word[3]);
    if (status != STATUS_OK) {
        return status;
    }

    txn_commit();

    inv->out_cap[0] = object_cap(object_fabricate(kind, pfn, (unsigned)inv->word[3]));
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
    struct objhdr *hdr;
    pfn_t pfn;
    enum frame_kind kind;

    if (inv->word[1] >= range_frames(inv)) {
        return STATUS_OUT_OF_RANGE;
    }
    pfn = range_first(inv) + inv->word[1];
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
        inv->out[1] =
            object_cap(object_at(frame_pfn(f), (unsigned)__builtin_ctzll(f->live_mask))).type;
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
    const struct objhdr *hdr = object_in_range(inv, &inv->arg[1]);

    if (hdr == NULL) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    inv->out[1] = inv->arg[1].type;
    inv->out[2] = object_pfn(hdr) - range_first(inv);
    inv->out[3] = hdr->index;
    return STATUS_OK;
}

enum status range_op_split(struct invocation *inv)
{
    uint64_t first = inv->word[1];
    uint64_t count = inv->word[2];

    if (first >= range_frames(inv) || count == 0 || count > range_frames(inv) - first) {
        return STATUS_OUT_OF_RANGE;
    }

    txn_commit();

    inv->out_cap[0] = (struct cap){
        .type = CAP_RANGE,
        .payload = (uint32_t)(range_first(inv) + first),
        .oid = (oid_t)count,
    };
    return STATUS_OK;
}

enum status range_op_objects_per_frame(struct invocation *inv)
{
    enum frame_kind kind = kind_of_type(inv->word[1]);

    if (kind == FRAME_NONE) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    inv->out[1] = frame_objects(kind);
    return STATUS_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Capabilities: the 16-byte word itself, and the only functions that write one.
 *
 * A capability names its object by an object identity (oid) and carries the allocation count that
 * the object had when the capability was made. It is valid while the two counts are the same and
 * the frame still holds objects of that kind; otherwise it is Null in every way. See
 * docs/invariants.md, INV-CAP.
 */
#pragma once

#include <abi/gen.h>
#include <abi/invoke.h>
#include <captypes.h> /* enum cap_type: CAP_NULL, CAP_ENDPOINT, ..., from kernel/abi */
#include <kernel/types.h>

/* A capability. Users never see it, but for the holder of a CapBits capability. */
struct cap {
    union {
        struct {
            uint8_t type;  /* enum cap_type */
            uint8_t restr; /* memory: LK_RO.. ; AppNotice: LK_PROXY or 0 */
            /* Entry: protected payload. AppNotice: mask. memory: guard match. Range: first frame.
             * IrqWait: line. IOPriv: first port, last port << 16 */
            uint32_t payload;
            uint16_t aux; /* memory: l2g. Entry of a matching endpoint: bits 32..47 of the payload.
                           * Range that is lent: frames from the first one lent to its own first */
        } PACKED;
        uint64_t low; /* all of them: from bit CAP_PAYLOAD_SHIFT on 48 bits of payload */
    };
    union {
        struct {
            oid_t oid;      /* object; Range: number of frames */
            uint32_t count; /* allocation count; Range that is lent: `lent` of the first frame lent;
                             * IrqWait: count of the line; 0 where there is no object */
        };
        uint64_t object; /* both */
    };
};
#define CAP_PAYLOAD_SHIFT 16
#define CAP_TYPE_MASK 0xffu
STATIC_ASSERT(sizeof(struct cap) == 16, "a capability is 16 bytes");

#define CAPPAGE_SLOTS (PAGE_SIZE / sizeof(struct cap))

/* Is `c` valid as it is shown to users: live, and an Entry or AppNotice has a recipient, a
 * ProxyEntry one that has a proxy receiver, a reply capability is not used or stale. Otherwise it
 * is Null in every way, though an Entry may become valid when its endpoint gets a recipient. */
bool cap_valid(const struct cap *c);

/* EFFECT. Copy, and Null. The destination's old value needs no care: nothing is counted. */
static inline void cap_copy(struct cap *to, const struct cap *from)
{
    *to = *from;
}
static inline void cap_set_null(struct cap *to)
{
    *to = (struct cap){ 0 };
}

/* What `c` becomes when fetched through a weak capability: memory becomes weak and read-only,
 * objects without a read-only form (and everything that is not memory) become Null. Pages become
 * read-only. Pure. */
struct cap cap_weaken(struct cap c);

/* Is this a memory capability: GPT, Page, CapPage? */
static inline bool cap_is_memory(const struct cap *c)
{
    return (CAP_MEMORY_TYPES >> c->type & 1) != 0;
}

/* Does a capability of this type name an object made from storage? */
static inline bool cap_is_object(const struct cap *c)
{
    return (CAP_OBJECT_TYPES >> c->type & 1) != 0;
}

/* Same authority over the same object? */
bool cap_same(const struct cap *a, const struct cap *b);

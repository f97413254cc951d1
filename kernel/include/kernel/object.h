/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Object headers, frames, and the table of frame descriptors.
 *
 * Every object begins with a header. Small objects (Process, Endpoint, GPT, Schedule) stand in
 * frames of their kind; the header of a Page or CapPage is the frame's descriptor, so that its 4096
 * bytes are all the user's. An oid is the physical address of the header in units of 64 bytes, in
 * both cases; 32 bits of it cover 256 GiB.
 *
 * What stops a stale capability from reading a user's page as a header: the descriptor of the frame
 * in which the header would stand says what kind of objects the frame holds, and its counts only
 * ever grow.
 */
#pragma once

#include <kernel/arch.h>
#include <kernel/cap.h>
#include <kernel/types.h>

/* What a frame holds. Kept in its descriptor. The kind of a frame of objects, and of the objects
 * themselves, is the number of the type of a capability to one. */
enum frame_kind {
    FRAME_NONE = CAP_NULL,         /* no memory here: a hole, firmware, a device */
    FRAME_PAGE = CAP_PAGE,         /* one Page */
    FRAME_DEVICE = CAP_DEVICEPAGE, /* one DevicePage: registers, no memory */
    FRAME_CAPPAGE = CAP_CAPPAGE,
    FRAME_PROCESS = CAP_PROCESS, /* several small objects */
    FRAME_ENDPOINT = CAP_ENDPOINT,
    FRAME_GPT = CAP_GPT,
    FRAME_SCHEDULE = CAP_SCHEDULE,
    FRAME_KERNEL = LK_TYPES, /* the kernel's own: image, tables, page-table pool */
    FRAME_FREE,              /* ordinary memory, nothing in it */
    FRAME_RETIRED,           /* its count would wrap */
    FRAME_DESCRIPTORS,       /* part of the table of descriptors: where the headers of Pages and
                                CapPages stand */
    FRAME_KINDS
};

/* Header of every object. Only object.c writes count, kind and index, only depend.c the chains. */
struct objhdr {
    uint32_t count;   /* allocation count; 0: no object here */
    uint8_t kind;     /* enum frame_kind of the object */
    uint8_t flags;    /* OBJ_... */
    uint16_t index;   /* which object of its frame */
    uint32_t depend;  /* head of the chain of hardware mappings that depend on this object
                         (depend.h); 0: none */
    uint32_t product; /* head of the chain of hardware page tables made from this GPT; 0: none */
};
STATIC_ASSERT(sizeof(struct objhdr) == 16, "object header");

/* Descriptor of a frame of 4096 bytes. Only frames.c and object.c write one. */
struct frame {
    struct objhdr hdr;   /* of the Page or CapPage in the frame, if there is one */
    uint32_t next_count; /* the last count given to any object that ever stood here, or to a Range
                            lent from here on; UINT32_MAX: no more */
    uint8_t kind;        /* enum frame_kind */
    uint32_t lent;       /* count of the Range that is lent from this frame on; 0: none */
    uint64_t live_mask;  /* which of its objects are live */
    uint64_t leaf; /* what mmu_leaf() makes entries of: address, PTE_MEMORY or a device's bits */
    uint64_t reserved[2];
};
STATIC_ASSERT(sizeof(struct frame) == 64, "one descriptor per frame, indexed like the oid");

/* The table of descriptors: frame_table[pfn], pfn < frame_count. Behind these are DEVICE_FRAMES for
 * frames of device memory: places for DevicePages, whose addresses are given when they are made.
 * They are free or FRAME_DEVICE, and count as no memory. Const after boot. */
extern struct frame *frame_table;
extern pfn_t frame_count;

#define OID_SHIFT 6

/* Where the header named by an oid stands; any oid below frame_count * 64 may be looked at. */
static inline struct objhdr *oid_header(oid_t oid)
{
    return (struct objhdr *)arch_kva((kpa_t)oid << OID_SHIFT);
}
static inline oid_t object_oid(const void *header)
{
    return (oid_t)((uintptr_t)header >> OID_SHIFT) + (oid_t)(arch_kpa(NULL) >> OID_SHIFT);
}

/* Descriptor of the frame in which a header stands. For a Page that is a frame of descriptors. */
static inline struct frame *oid_frame(oid_t oid)
{
    return (struct frame *)((uintptr_t)frame_table + (oid & ~63u)); /* of 64 bytes each */
}

/* The page described by a descriptor: its frame number, physical address and kernel address. */
static inline pfn_t frame_pfn(const struct frame *f)
{
    return (pfn_t)(f - frame_table);
}
static inline bool frame_is_device(const struct frame *f)
{
    return frame_pfn(f) >= frame_count;
}
static inline kpa_t frame_kpa(const struct frame *f)
{
    return (kpa_t)((uintptr_t)f - (uintptr_t)frame_table) << (PAGE_SHIFT - OID_SHIFT);
}
static inline void *frame_data(const struct frame *f)
{
    return arch_kva(frame_kpa(f));
}
/* That of a valid Page or CapPage capability. */
static inline struct frame *page_frame(const struct cap *page)
{
    return (struct frame *)(void *)oid_header(page->oid);
}

/* Does the small object (not a Page or CapPage) that `c` names still live? `kind` is what its type
 * says. The frame is asked first what it holds: in a frame that became a user's page a header must
 * not be looked for. A count never comes again, so the kind of the header needs no look. */
static ALWAYS_INLINE bool object_alive(const struct cap *c, enum frame_kind kind)
{
    return oid_frame(c->oid)->kind == kind && oid_header(c->oid)->count == c->count;
}

/* By the type of a capability: the kind of frame in which the header of its object stands, that of
 * a Page or CapPage in the table of descriptors; FRAME_NONE: it names no object made from storage.
 */
extern const uint8_t cap_frame_kind[LK_TYPES];

/* Does the object of `c` still live? For types without an object: always. IrqWait: the line's count
 * decides; a Range that is lent: whether its first frame, or that of the one it was split from, is
 * lent with this count still (INV-CAP-2). A capability that is not live never will be again. */
bool cap_live_otherwise(const struct cap *c); /* of a type without an object */
static ALWAYS_INLINE bool cap_live(const struct cap *c)
{
    return likely(cap_is_object(c)) ? object_alive(c, (enum frame_kind)cap_frame_kind[c->type])
                                    : cap_live_otherwise(c);
}

/* Size of the objects of a kind in a frame, and how many there are. 0 for kinds that are not made
 * from storage. */
size_t frame_object_size(enum frame_kind kind);
unsigned frame_objects(enum frame_kind kind);

/* Boot only: describe memory. Ranges are cut to whole frames. The table itself is taken from the
 * first free range that is large enough. Too little memory: panic in words. */
struct boot_info;
void frames_init(const struct boot_info *boot);

/* Boot only: take `n` frames in a row for the kernel, cleared, or panic saying what they were for.
 */
void *frames_take(size_t n, const char *what);

/* ACQUIRE for fabrication: status of making an object of `kind` at (frame, index). Nothing changes.
 */
enum status object_can_fabricate(enum frame_kind kind, pfn_t pfn, uint64_t index) WARN_UNUSED;

/* EFFECT. Make the object, cleared and initialised, and return its header. */
struct objhdr *object_fabricate(enum frame_kind kind, pfn_t pfn, unsigned index) NO_FAIL;

/* EFFECT. The frame is the first of a Range that is lent `anew`, or of none; whatever was lent from
 * it before is Null. The count of the Range: next_count must not be UINT32_MAX; or 0. A free frame
 * whose last count that was is retired. */
uint32_t frame_lend(pfn_t pfn, bool anew) NO_FAIL;

/* Destroy an object. Bounded: does a piece of work that is complete in itself and, if more is to be
 * done, restarts the system call; when it returns, nothing refers to the object any more and the
 * transaction has been committed. */
void object_rescind(struct objhdr *hdr) MAY_RESTART;

/* Frame number of the frame that an object takes up; the live object at a place, or NULL. */
pfn_t object_pfn(const struct objhdr *hdr);
struct objhdr *object_at(pfn_t pfn, unsigned index);

/* A capability with all authority to an object. */
struct cap object_cap(const struct objhdr *hdr);

/* Totals, for SysCtl.getMemory and tests. Constant time. */
struct frame_totals {
    uint64_t frames, free, objects;
};
extern struct frame_totals frame_totals;

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See world.h.
 */
#include "world.h"

#include <kernel/sched.h>
#include <kernel/txn.h>

unsigned world_restarts;

static pfn_t next_frame;

void world_boot(size_t mib, unsigned tables, unsigned depends)
{
    struct boot_info boot;

    host_machine(mib << 20, &boot);
    frames_init(&boot);
    if (tables == 0) {
        space_init();
    } else {
        depend_init(tables, depends);
    }
    sched_init();
    next_frame = 0;
}

struct objhdr *world_make_at(enum frame_kind kind, pfn_t pfn, unsigned index)
{
    struct objhdr *hdr;

    txn_begin();
    CHECK_EQUAL(object_can_fabricate(kind, pfn, index), STATUS_OK);
    txn_commit();
    hdr = object_fabricate(kind, pfn, index);
    txn_begin();
    return hdr;
}

struct objhdr *world_make(enum frame_kind kind)
{
    while (frame_table[next_frame].kind != FRAME_FREE) {
        next_frame++;
    }
    return world_make_at(kind, next_frame, 0);
}

struct gpt *world_gpt(unsigned l2v)
{
    struct gpt *g = (struct gpt *)(void *)world_make(FRAME_GPT);

    g->state.l2v = (uint8_t)l2v;
    return g;
}

struct objhdr *world_page(void)
{
    return world_make(FRAME_PAGE);
}

struct process *world_process(const struct cap *space)
{
    struct process *p = (struct process *)(void *)world_make(FRAME_PROCESS);

    if (space != NULL) {
        world_set_space(p, *space);
    }
    return p;
}

struct cap world_cap(const struct objhdr *hdr, uint64_t match, unsigned l2g, unsigned restr)
{
    struct cap c = object_cap(hdr);

    c.payload = (uint32_t)match;
    c.aux = (uint16_t)l2g;
    c.restr = (uint8_t)restr;
    return c;
}

struct cap world_plain_cap(const struct objhdr *hdr)
{
    return object_cap(hdr);
}

struct op_call {
    enum status (*fn)(struct invocation *);
    struct invocation *inv;
    enum status status;
};

static void call_op(void *arg)
{
    struct op_call *call = arg;

    txn_begin();
    call->status = call->fn(call->inv);
    CHECK_EQUAL(txn_is_committed(), call->status == STATUS_OK);
}

static enum status do_op(enum status (*fn)(struct invocation *), struct invocation *inv)
{
    struct op_call call = { .fn = fn, .inv = inv };

    world_restarts = 0;
    while (host_enter(call_op, &call) != HOST_RETURNED) {
        world_restarts++;
        CHECK(world_restarts < 100000);
    }
    txn_begin();
    return call.status;
}

/* Word 1 is not larger than the table says for the operation, or *status is the answer. */
static bool word_fits(enum status (*fn)(struct invocation *), const struct invocation *inv,
                      enum status *status)
{
    const struct operation_table *table = &operation_tables[inv->cap.type];

    for (unsigned i = 0; i < table->ops; i++) {
        if (table->op[i].fn == fn) {
            *status = (enum status)table->op[i].over;
            return inv->word[1] <= table->op[i].most;
        }
    }
    return CHECK(false); /* no operation of the type */
}

enum status world_op(enum status (*fn)(struct invocation *), struct cap cap, uint64_t word1,
                     uint64_t word2, const struct cap *arg, struct invocation *inv)
{
    struct invocation own = { .cap = cap, .obj = oid_header(cap.oid) };
    enum status status;

    own.word[1] = word1;
    own.word[2] = word2;
    if (arg != NULL) {
        own.arg[1] = *arg;
        cap_prepare(&own.arg[1]); /* as load_invocation() does */
    }
    if (word_fits(fn, &own, &status)) { /* as the dispatcher looks */
        status = do_op(fn, &own);
    }
    if (inv != NULL) {
        *inv = own;
    }
    return status;
}

enum status world_window(struct gpt *g, unsigned slot, unsigned root, uint64_t offset,
                         uint64_t match, uint64_t l2g, uint64_t restr)
{
    bool local = root != WORLD_BACKGROUND;
    struct invocation inv = {
        .cap = object_cap(&g->hdr),
        .obj = &g->hdr,
        .word = { 0, slot, root, offset, match, l2g, restr },
    };

    if (!local) {
        inv = (struct invocation){
            .cap = inv.cap,
            .obj = inv.obj,
            .word = { 0, slot, offset, match, l2g, restr },
        };
    }
    return do_op(local ? gpt_op_set_local_window : gpt_op_set_window, &inv);
}

void world_set_slot(struct gpt *g, unsigned slot, struct cap c)
{
    CHECK_EQUAL(world_op(gpt_op_swap_slot, object_cap(&g->hdr), slot, 0, &c, NULL), STATUS_OK);
}

static void call_rescind(void *arg)
{
    txn_begin();
    object_rescind(arg);
}

void world_rescind(struct objhdr *hdr)
{
    world_restarts = 0;
    while (host_enter(call_rescind, hdr) != HOST_RETURNED) {
        world_restarts++;
        CHECK(world_restarts < 100000);
    }
    txn_begin();
}

void world_set_space(struct process *p, struct cap c)
{
    txn_begin();
    txn_commit();
    p->slot[SLOT_ADDR_SPACE] = c;
    space_set(p);
    txn_begin();
}

enum fault_code world_fault(struct process *p, uva_t address, unsigned access, struct walk *w)
{
    txn_begin();
    return space_map(p, address, access, w);
}

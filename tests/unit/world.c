/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See world.h.
 */
#include "world.h"
#include "tests/kernel/probe.h"

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
    const struct operation *op;
    struct invocation *inv;
    enum status status;
};

static void call_op(void *arg)
{
    struct op_call *call = arg;

    txn_begin();
    if (call->op->form == OPERATION_SLOT) {
        call->status = call->op->slot(&call->inv->cap, call->inv->word[1], &call->inv->arg[1],
                                      &call->inv->out_cap[0]);
        if (call->status == STATUS_AGAIN) {
            txn_restart();
        }
    } else if (call->op->form == OPERATION_EFFECT) {
        txn_commit();
        call->op->effect(call->inv);
        call->status = STATUS_OK;
    } else {
        call->status = call->op->fn(call->inv);
    }
    CHECK_EQUAL(txn_is_committed(), call->status == STATUS_OK);
}

/* As the dispatcher does it: words and capabilities are looked at first. */
static enum status do_op(unsigned code, struct invocation *inv)
{
    struct op_call call = { .op = &operation_tables[inv->cap.type].op[code], .inv = inv };

    CHECK(code < operation_tables[inv->cap.type].ops && call.op->fn != NULL);
    if (inv->word[1] > call.op->most) {
        return (enum status)call.op->over;
    }
    for (unsigned i = 0; call.op->checks && i < call.op->caps_in; i++) {
        if (!(call.op->takes[i] >> inv->arg[i + 1].type & 1)) {
            return STATUS_REQUEST_ERROR;
        }
    }
    world_restarts = 0;
    while (host_enter(call_op, &call) != HOST_RETURNED) {
        world_restarts++;
        CHECK(world_restarts < 100000);
    }
    txn_begin();
    return call.status;
}

enum status world_op(unsigned code, struct cap cap, uint64_t word1, uint64_t word2,
                     const struct cap *arg, struct invocation *inv)
{
    const uint64_t word[LK_MAX_WORDS] = { 0, word1, word2 };
    struct invocation own = { .cap = cap, .word = word };
    enum status status;

    if (arg != NULL) {
        own.arg[1] = *arg;
        cap_prepare(&own.arg[1]); /* as load_invocation() does */
    }
    status = do_op(code, &own);
    if (inv != NULL) {
        *inv = own;
        inv->word = NULL; /* not beyond here */
    }
    return status;
}

enum status world_window(struct gpt *g, unsigned slot, unsigned root, uint64_t offset,
                         uint64_t match, uint64_t l2g, uint64_t restr)
{
    bool local = root != WORLD_BACKGROUND;
    const uint64_t to_slot[LK_MAX_WORDS] = { 0, slot, root, offset, match, l2g, restr };
    const uint64_t to_space[LK_MAX_WORDS] = { 0, slot, offset, match, l2g, restr };
    struct invocation inv = {
        .cap = object_cap(&g->hdr),
        .word = local ? to_slot : to_space,
    };

    return do_op(local ? OP_GPT_SET_LOCAL_WINDOW : OP_GPT_SET_WINDOW, &inv);
}

void world_set_slot(struct gpt *g, unsigned slot, struct cap c)
{
    CHECK_EQUAL(world_op(OP_GPT_SWAP_SLOT, object_cap(&g->hdr), slot, 0, &c, NULL), STATUS_OK);
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

unsigned world_probe(struct process *p, uva_t address)
{
    kpa_t page;

    return space_probe(p, address, &page);
}

void world_map(struct process *p, uva_t address)
{
    struct walk walk;

    CHECK_EQUAL(world_fault(p, address, ACCESS_READ, &walk), FAULT_NONE);
    CHECK(world_probe(p, address) != 0);
}

struct gpt *world_full_gpt(unsigned n)
{
    struct gpt *g = world_gpt(12);

    for (unsigned i = 0; i < n; i++) {
        g->state.slot[i] = world_plain_cap(world_page());
    }
    return g;
}

struct gpt *world_three_levels(struct gpt *leaf)
{
    struct gpt *middle = world_gpt(16);
    struct gpt *top = world_gpt(20);

    middle->state.slot[1] = world_plain_cap(&leaf->hdr);
    top->state.slot[1] = world_plain_cap(&middle->hdr);
    return top;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads; see thread.h. A thread is a Process and two Endpoints, made as init makes a program, but
 * in a space that is there already.
 */
#include <lykos/invoke.h>
#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/stubs.h>
#include <lykos/thread.h>

#define USER_FLAGS 0x202ull /* interrupts on; the bit that is always one */
#define STACK_ALIGN 16u
#define RETURN_ADDRESS 8u /* what the compiler thinks a call has pushed */

/* The first function of every thread. */
static _Noreturn void thread_begin(void (*fn)(void *), void *arg)
{
    fn(arg);
    for (;;) {
        lk_park();
    }
}

/* Where it stands: as before, or new places. */
static enum status take_places(struct lk_thread *t)
{
    enum status s = STATUS_OK;

    if (!t->placed) {
        s = lk_room_place(t->room, LK_TYPE_PROCESS, &t->process_at);
    }
    if (!t->placed && s == STATUS_OK) {
        s = lk_room_place(t->room, LK_TYPE_ENDPOINT, &t->endpoint_at);
    }
    if (!t->placed && s == STATUS_OK) {
        s = lk_room_place(t->room, LK_TYPE_ENDPOINT, &t->reply_at);
    }
    t->placed = s == STATUS_OK;
    return s;
}

static enum status make_here(const struct lk_thread *t, uint64_t type, const struct lk_place *at,
                             uint32_t reg)
{
    return lk_range_fabricate(t->room->range, type, at->frame, at->index, reg);
}

/* An endpoint on which the thread receives, into register `reg` and register `own` of the thread.
 */
static enum status make_endpoint(const struct lk_thread *t, const struct lk_place *at, uint64_t id,
                                 uint32_t reg, uint32_t own)
{
    enum status s = make_here(t, LK_TYPE_ENDPOINT, at, reg);

    if (s == STATUS_OK) {
        s = lk_endpoint_set_endpoint_id(reg, id);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_set_recipient(reg, t->process);
    }
    return s == STATUS_OK ? lk_process_swap_cap_reg(t->process, own, reg, 0) : s;
}

/* Payload match makes its entries good for one reply each. */
static enum status make_reply_endpoint(const struct lk_thread *t, uint32_t reg)
{
    enum status s = make_endpoint(t, &t->reply_at, LK_REPLY_ID, reg, LK_REG_REPLY);

    if (s == STATUS_OK) {
        s = lk_endpoint_set_payload_match(reg, 1);
    }
    return s == STATUS_OK ? lk_process_swap_slot(t->process, SLOT_REPLY_ENDPOINT, reg, 0) : s;
}

/* The registers that its first instruction finds. */
static enum status set_regs(const struct lk_thread *t, const struct lk_thread_plan *plan)
{
    uint64_t top = (uint64_t)plan->stack + plan->stack_size;
    struct lk_regs regs = {
        .rip = (uint64_t)thread_begin,
        .rdi = (uint64_t)plan->fn,
        .rsi = (uint64_t)plan->arg,
        .rsp = (top & ~(uint64_t)(STACK_ALIGN - 1)) - RETURN_ADDRESS,
        .rflags = USER_FLAGS,
    };

    return lk_process_set_regs(t->process, LK_STATE_FAULTED, &regs, sizeof(regs));
}

/* Slots, label, and itself. */
static enum status set_up(const struct lk_thread *t, const struct lk_thread_plan *plan)
{
    uint64_t low;
    uint64_t high;
    enum status s;

    lk_label_pack(plan->label, &low, &high);
    s = lk_process_set_label(t->process, low, high);
    if (s == STATUS_OK) {
        s = lk_process_swap_slot(t->process, SLOT_ADDR_SPACE, plan->space, 0);
    }
    if (s == STATUS_OK) {
        s = lk_process_swap_slot(t->process, SLOT_SCHEDULE, plan->schedule, 0);
    }
    if (s == STATUS_OK) {
        s = lk_process_swap_slot(t->process, SLOT_HANDLER, plan->handler, 0);
    }
    return s == STATUS_OK ? lk_thread_give(t, LK_REG_SELF, t->process) : s;
}

/* What every program has, if its maker has it. */
static enum status give_library(const struct lk_thread *t)
{
    const uint32_t regs[] = { lk_start->sleep, lk_start->kernlog, lk_start->console,
                              lk_cap_optional("exit"), lk_cap_optional("pager") };

    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        enum status s = regs[i] != 0 ? lk_thread_give(t, regs[i], regs[i]) : STATUS_OK;

        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

/* The process is there: the rest. */
static enum status furnish(const struct lk_thread *t, const struct lk_thread_plan *plan)
{
    uint32_t work = t->room->work;
    enum status s = set_up(t, plan);

    if (s == STATUS_OK) {
        s = make_endpoint(t, &t->endpoint_at, LK_ENDPOINT_ID,
                          plan->endpoint != 0 ? plan->endpoint : work, LK_REG_ENDPOINT);
    }
    if (s == STATUS_OK) {
        s = make_reply_endpoint(t, plan->reply != 0 ? plan->reply : work);
    }
    if (s == STATUS_OK) {
        s = give_library(t);
    }
    return s == STATUS_OK ? set_regs(t, plan) : s;
}

enum status lk_thread_make(struct lk_thread *t, struct lk_room *room,
                           const struct lk_thread_plan *plan)
{
    enum status s;

    if (t->process != 0) {
        return STATUS_IN_USE;
    }
    if (t->room != room) {
        *t = (struct lk_thread){ .room = room };
    }
    s = take_places(t);
    if (s == STATUS_OK) {
        s = make_here(t, LK_TYPE_PROCESS, &t->process_at, plan->process);
    }
    if (s != STATUS_OK) {
        return s;
    }
    t->process = plan->process;
    s = furnish(t, plan);
    if (s != STATUS_OK) {
        lk_thread_destroy(t);
    }
    return s;
}

enum status lk_thread_give(const struct lk_thread *t, uint32_t reg, uint32_t from)
{
    return lk_process_swap_cap_reg(t->process, reg, from, 0);
}

enum status lk_thread_start(const struct lk_thread *t)
{
    return lk_process_resume(t->process, 1);
}

/* The process goes first, so that it runs no more and those who wait for it are told so. Where
 * there is nothing, nothing happens. */
enum status lk_thread_destroy(struct lk_thread *t)
{
    const struct lk_place *places[] = { &t->process_at, &t->endpoint_at, &t->reply_at };
    enum status s = t->process != 0 ? STATUS_OK : STATUS_INVALID_CAP;

    for (unsigned i = 0; s == STATUS_OK && i < sizeof(places) / sizeof(places[0]); i++) {
        s = lk_range_rescind_at(t->room->range, places[i]->frame, places[i]->index);
    }
    if (s == STATUS_OK) {
        lk_drop_cap(t->process);
        t->process = 0;
    }
    return s;
}

enum status lk_schedule_make(struct lk_room *room, uint32_t schedctl, unsigned priority,
                             uint64_t slice, uint32_t reg)
{
    enum status s = lk_room_make(room, LK_TYPE_SCHEDULE, reg);

    return s == STATUS_OK ? lk_schedctl_set_up(schedctl, priority, slice, 1, reg) : s;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification; see preempt.h. Each function is a few invocations of the target's
 * Process capability: the mechanism is the kernel's.
 */
#include <lykos/names.h>
#include <lykos/preempt.h>
#include <lykos/room.h>
#include <lykos/say.h>
#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

#define PAGE_BYTES 4096u
#define RED_ZONE 128u /* below the stack pointer: a function may use it that calls no other */
#define STACK_ALIGN 16u
#define RETURN_ADDRESS 8u
#define USER_FLAGS 0x202ull /* interrupts on; the bit that is always one */

/* ---- Registering ---- */

enum status lk_preempt_register(uint32_t process, uint32_t entry)
{
    return lk_process_swap_slot(process, SLOT_PROXY_RECEIVER, entry, 0);
}

enum status lk_preempt_unregister(uint32_t process)
{
    return lk_process_swap_slot(process, SLOT_PROXY_RECEIVER, 0, 0);
}

enum status lk_preempt_make_entry(uint32_t process, uint64_t payload, uint32_t reg)
{
    enum status s = lk_process_get_slot(process, SLOT_REPLY_ENDPOINT, reg);

    return s == STATUS_OK ? lk_endpoint_make_proxy_entry(reg, payload, reg) : s;
}

enum status lk_preempt_make_notice(uint32_t process, uint32_t mask, uint32_t reg)
{
    enum status s = lk_process_get_slot(process, SLOT_REPLY_ENDPOINT, reg);

    return s == STATUS_OK ? lk_endpoint_make_proxy_notice(reg, mask, reg) : s;
}

enum status lk_preempt_set_control(uint32_t process, const struct lk_control *control,
                                   uint64_t bound, uint32_t space, uint32_t work)
{
    uint64_t address = (uint64_t)control;
    enum status s;

    if (lk_cap_optional("pager") != 0) {
        lk_touch(control); /* else it may not be there, or not yet the program's own */
    }
    s = lk_space_find_page(space, 0, address, work);
    if (s == STATUS_OK) {
        s = lk_process_set_control_word(process, address % PAGE_BYTES, bound, work);
    }
    lk_drop_cap(work);
    return s;
}

enum status lk_preempt_clear_control(uint32_t process)
{
    return lk_process_set_control_word(process, 0, 0, 0);
}

/* ---- Looking ---- */

enum status lk_target_look(uint32_t process, struct lk_look *look)
{
    uint64_t low = 0;
    uint64_t high = 0;
    enum status s;

    memset(look, 0, sizeof(*look));
    s = lk_process_get_state(process, &look->run_state, &look->holds, &look->fault_code,
                             &look->fault_info, &look->cpu_time, NULL, &look->flags, &look->regs,
                             sizeof(look->regs), NULL);
    if (s == STATUS_OK) {
        s = lk_process_get_wait(process, &look->wait, &look->wait_id, &low, &high, &look->until,
                                &look->priority);
        lk_label_unpack(low, high, look->waits_for);
    }
    if (s == STATUS_OK) {
        s = lk_process_get_label(process, &low, &high);
        lk_label_unpack(low, high, look->label);
    }
    return s == STATUS_OK ? lk_process_get_preemption(process, &look->preemption,
                                                      sizeof(look->preemption), NULL)
                          : s;
}

/* What a process that waits waits for. */
static size_t wait_words(const struct lk_look *look, char *out, size_t size)
{
    const char *who = look->waits_for[0] != '\0' ? look->waits_for : "somebody unknown";

    switch (look->wait) {
    case LK_WAIT_OPEN:
        return lk_format(out, size, "waits for a message or notice");
    case LK_WAIT_NOTICE:
        return lk_format(out, size, "waits for a notice");
    case LK_WAIT_CLOSED:
        return lk_format(out, size, "waits for the answer of %s, in a closed wait", who);
    case LK_WAIT_SLEEPING:
        return lk_format(out, size, "sleeps");
    case LK_WAIT_SENDING:
        return lk_format(out, size, "waits to send to %s", who);
    default:
        return lk_format(out, size, "waits");
    }
}

const char *lk_target_words(const struct lk_look *look, char *out, size_t size)
{
    size_t n = 0;

    switch (look->run_state) {
    case LK_STATE_READY:
        n = lk_format(out, size, "was running, at 0x%lx", look->regs.rip);
        break;
    case LK_STATE_FAULTED:
        n = lk_format(out, size, "faulted at 0x%lx: %s (0x%lx)", look->regs.rip,
                      lk_fault_text(look->fault_code), look->fault_info);
        break;
    default:
        n = wait_words(look, out, size);
        break;
    }
    if (look->preemption.deferred_since != 0 && n < size) {
        lk_format(out + n, size - n, ", and defers");
    }
    return out;
}

/* ---- Deciding ---- */

enum status lk_target_set_regs(uint32_t process, const struct lk_look *look,
                               const struct lk_regs *regs)
{
    return lk_process_set_regs(process, look->run_state, regs, sizeof(*regs));
}

enum status lk_target_go_on(uint32_t process)
{
    return lk_process_clear_not_schedulable(process, LK_HOLD_PROXY, NULL);
}

enum status lk_target_retry(uint32_t process)
{
    return lk_process_resume(process, 1);
}

enum status lk_target_redirect(uint32_t process, const struct lk_look *look, void (*fn)(void *),
                               void *arg)
{
    struct lk_regs regs = look->regs;

    regs.rip = (uint64_t)fn;
    regs.rdi = (uint64_t)arg;
    regs.rsp = ((regs.rsp - RED_ZONE) & ~(uint64_t)(STACK_ALIGN - 1)) - RETURN_ADDRESS;
    regs.rbp = 0;
    regs.rflags = USER_FLAGS;
    return lk_target_set_regs(process, look, &regs);
}

enum status lk_target_kill(uint32_t process, uint32_t range)
{
    return lk_range_rescind(range, process);
}

/* ---- The handler's loop ---- */

static enum lk_event_kind kind_of(const struct lk_msg *msg)
{
    switch (lk_kind(msg->delivery)) {
    case LK_KIND_PROXIED:
        return LK_EVENT_PROXIED;
    case LK_KIND_PROXIED_NOTICE:
        return LK_EVENT_PROXIED_NOTICE;
    case LK_KIND_NOTICE:
        return LK_EVENT_NOTICE;
    default:
        return msg->w[0] == LK_FAULT_MESSAGE ? LK_EVENT_FAULT : LK_EVENT_MESSAGE;
    }
}

/* An invocation that sends words through a register, without blocking. */
static void send_words(struct lk_msg *msg, uint32_t reg, const uint64_t *words, unsigned count)
{
    msg->control = LK_CTL(LK_SEND, reg, count);
    memcpy(msg->w, words, count * sizeof(*words));
}

/* The same invocation also waits for the next event. */
static void add_wait(const struct lk_handler *h, struct lk_msg *msg)
{
    msg->control |= LK_CTL_WAIT(h->target, h->target + 1, h->target + 2, h->target + 3);
}

/* Answer the sender of a proxied message. It is gone, or wants no answer: so be it. */
static void answer_proxied(const struct lk_handler *h, const struct lk_event *event)
{
    struct lk_msg msg = { .control = 0 };

    if (lk_process_fetch_proxy_reply(h->target, h->reply) == STATUS_OK) {
        send_words(&msg, h->reply, event->out, event->out_words);
        lk_invoke(&msg);
        lk_drop_cap(h->reply);
    }
}

/* What is to be done for the event. The last step of it, a send that waits for nobody, is left in
 * `msg` to be made with the next wait; no control word: there is none. */
static void finish(const struct lk_handler *h, const struct lk_event *event, enum lk_after after,
                   struct lk_msg *msg)
{
    static const uint64_t go_on[] = { OP_PROCESS_CLEAR_NOT_SCHEDULABLE, LK_HOLD_PROXY };
    static const uint64_t retry[] = { OP_PROCESS_RESUME, 1 };

    memset(msg, 0, sizeof(*msg));
    switch (event->kind) {
    case LK_EVENT_PROXIED:
        if (event->answer) {
            answer_proxied(h, event);
        }
        /* falls through */
    case LK_EVENT_PROXIED_NOTICE:
        if (after == LK_GO_ON) {
            send_words(msg, h->target, go_on, 2);
        }
        break;
    case LK_EVENT_FAULT:
        if (after == LK_GO_ON) {
            send_words(msg, h->target, retry, 2);
        }
        break;
    case LK_EVENT_MESSAGE:
        if (event->answer) {
            send_words(msg, h->target, event->out, event->out_words);
        }
        break;
    case LK_EVENT_NOTICE:
        break;
    }
}

/* Make the invocation in `msg`, which waits; have what came taken; and leave in `msg` what is to be
 * sent in the end. */
static void step(const struct lk_handler *h, struct lk_msg *msg)
{
    struct lk_event event = { .answer = false };

    lk_invoke(msg);
    if (lk_kind(msg->delivery) == LK_KIND_RESULT) {
        memset(msg, 0, sizeof(*msg)); /* whom it was sent to is gone, and nothing was received */
        return;
    }
    event.kind = kind_of(msg);
    event.forced = (msg->delivery & LK_DLV_FORCED) != 0;
    event.target = h->target;
    event.id = msg->id;
    event.payload = msg->payload;
    event.delivery = msg->delivery;
    event.context = h->context;
    memcpy(event.w, msg->w, sizeof(event.w));
    finish(h, &event, h->take(&event), msg);
}

_Noreturn void lk_handler_run(const struct lk_handler *handler)
{
    struct lk_msg msg = { .control = 0 };

    for (;;) {
        add_wait(handler, &msg);
        step(handler, &msg);
    }
}

void lk_handler_once(const struct lk_handler *handler)
{
    struct lk_msg msg = { .control = 0 };

    add_wait(handler, &msg);
    step(handler, &msg);
    if (msg.control != 0) {
        lk_invoke(&msg);
    }
}

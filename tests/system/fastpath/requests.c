/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests to kernel capabilities, played.
 */
#include "requests.h"
#include "acts.h"

#define RANGE_FRAMES 3
#define NOTED 8 /* all is noted after so many requests */

struct asked {
    obj asks, waits, faulted, sends, higher, equal;
    obj gpt, page, cappage, endpoint, own, reply, schedule, fresh;
};

static void asks_has(const struct asked *a, unsigned reg, obj o)
{
    proc_cap(a->asks, reg, o);
}

/* The object with restrictions. */
static void asks_has_less(const struct asked *a, unsigned reg, obj o, unsigned restr)
{
    obj_get(o, R_A);
    OK(lk_memory_reduce(R_A, restr, R_A));
    obj_get(a->asks, R_B);
    OK(lk_process_swap_cap_reg(R_B, reg, R_A, 0));
}

static void asks_has_register(const struct asked *a, unsigned reg, unsigned from)
{
    obj_get(a->asks, R_B);
    OK(lk_process_swap_cap_reg(R_B, reg, from, 0));
}

static void processes_made(struct asked *a, const struct requests *q)
{
    struct lk_regs r = canary_regs(0, 9);
    obj dead = actor_new(PRIO_HIGH, "dead");

    a->asks = actor_new(q->higher ? PRIO_HIGH + 2 : PRIO_HIGH, "asks");
    a->waits = actor_new(PRIO_HIGH, "waits");
    a->faulted = actor_new(PRIO_HIGH, "faulted");
    a->sends = actor_new(PRIO_HIGH, "sends");
    a->higher = actor_new(PRIO_HIGH + 1, "higher");
    a->equal = actor_new(PRIO_HIGH, "equal");
    raw_do(a->waits, LK_RECV | LK_CTL_RECVS(5, 0, 0, 0));
    r.rip = (uint64_t)act_count;
    raw_go(a->faulted, &r);
    proc_hold(a->higher, LK_HOLD_BY_HAND);
    proc_hold(a->equal, LK_HOLD_BY_HAND);
    raw_go(a->higher, &r);
    raw_go(a->equal, &r);
    asks_has(a, Q_SELF, a->asks);
    asks_has(a, Q_WAITS, a->waits);
    asks_has(a, Q_FAULTED, a->faulted);
    asks_has(a, Q_SENDS, a->sends);
    asks_has(a, Q_HIGHER, a->higher);
    asks_has(a, Q_EQUAL, a->equal);
    asks_has(a, Q_DEAD, dead);
    obj_rescind(dead);
}

static void memory_made(struct asked *a)
{
    obj stale = gpt_new(12);

    a->gpt = gpt_new(12);
    a->page = page_new();
    a->cappage = obj_new(LK_TYPE_CAPPAGE);
    asks_has(a, Q_GPT, a->gpt);
    asks_has_less(a, Q_GPT_RO, a->gpt, LK_RO);
    asks_has_less(a, Q_GPT_WK, a->gpt, LK_WK);
    asks_has_less(a, Q_GPT_OP, a->gpt, LK_OP);
    asks_has(a, Q_GPT_STALE, stale);
    obj_rescind(stale);
    asks_has(a, Q_PAGE, a->page);
    asks_has_less(a, Q_PAGE_RO, a->page, LK_RO);
    asks_has(a, Q_CAPPAGE, a->cappage);
    asks_has_less(a, Q_CAPPAGE_WK, a->cappage, LK_WK);
    for (unsigned i = 0; i < 8; i++) {
        obj_get(i % 2 == 0 ? a->page : a->gpt, R_A);
        obj_get(a->cappage, R_B);
        OK(lk_cappage_swap_slot(R_B, i, R_A, 0));
    }
    OK(lk_range_split(R_RANGE, frames_new(RANGE_FRAMES), RANGE_FRAMES, R_A));
    asks_has_register(a, Q_RANGE, R_A);
}

static void others_made(struct asked *a)
{
    a->endpoint = endpoint_new(a->waits, 60, false);
    a->own = endpoint_new(a->asks, 61, false);
    a->reply = proc_reply_endpoint(a->asks, 62);
    a->schedule = schedule_of(PRIO_HIGH);
    a->fresh = obj_new(LK_TYPE_SCHEDULE);
    asks_has(a, Q_ENDPOINT, a->endpoint);
    asks_has(a, Q_REPLY, a->reply);
    asks_has(a, Q_NOTICE, notice_new(a->endpoint, 0xff));
    asks_has(a, Q_ENTRY, entry_new(a->endpoint, 63));
    asks_has(a, Q_SCHEDULE, a->schedule);
    asks_has(a, Q_NEW_SCHEDULE, a->fresh);
    asks_has_register(a, Q_SCHEDCTL, R_SCHEDCTL);
    asks_has_register(a, Q_DISCRIM, R_DISCRIM);
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        asks_has(a, Q_GOT + i, a->page);
    }
    proc_cap(a->sends, 5, entry_new(a->own, 64));
    proc_slot(a->faulted, SLOT_HANDLER, entry_new(a->own, 65)); /* told again, it waits there */
}

static void asked_noted(const struct asked *a)
{
    note_process(a->asks, "who asks");
    note_process(a->waits, "one that waits");
    note_process(a->faulted, "one in a fault");
    note_process(a->sends, "one that sends");
    note_process(a->higher, "a higher one that was held");
    note_process(a->equal, "an equal that was held");
    note_gpt(a->gpt, "the GPT");
    note_endpoint(a->endpoint, "the endpoint");
    note_endpoint(a->own, "endpoint of who asks");
    note_endpoint(a->reply, "reply endpoint of who asks");
    obj_get(a->cappage, R_A);
    if (reg_type(R_A) == LK_TYPE_CAPPAGE) {
        for (unsigned i = 0; i < 16; i++) {
            uint64_t low = 0;

            OK(lk_cappage_get_slot(R_A, i, R_B));
            OK(lk_capbits_get(R_CAPBITS, R_B, &low, NULL));
            note("slot of the CapPage", i, low);
        }
    }
}

static void asks(const struct asked *a, const struct request *r)
{
    struct lk_regs regs = canary_regs(r->control | (uint64_t)r->target << LK_TARGET_SHIFT, 1);

    obj_get(a->asks, R_A);
    if (reg_type(R_A) != LK_TYPE_PROCESS) {
        return; /* it has destroyed itself */
    }
    canary_words(&regs, r->w);
    regs.rip = (uint64_t)act_syscall;
    raw_go(a->asks, &regs);
    note_registers(a->asks, "who asks");
}

static void requests_play(const void *arg)
{
    const struct requests *q = arg;
    struct asked a;

    act_tickets = 0;
    processes_made(&a, q);
    memory_made(&a);
    others_made(&a);
    raw_do(a.asks, LK_CTL_CALL(Q_DISCRIM, 1)); /* so that its reply endpoint is noted */
    if (q->notice) {
        obj_get(notice_new(a.own, 0xff), R_A);
        OK(lk_appnotice_post(R_A, 3));
    }
    if (q->sender) {
        raw_do_word(a.sends, LK_CTL(LK_SEND | LK_BLOCK, 5, 1), 900);
    }
    obj_get(a.asks, R_A);
    OK(lk_process_set_flags(R_A, (q->stepped ? LK_FLAG_SINGLE_STEP : 0) |
                                     (q->traced ? LK_FLAG_TRAP_SYSCALL : 0)));
    for (unsigned i = 0; i < q->n; i++) {
        note_step("a request");
        asks(&a, &q->r[i]);
        if (i % NOTED == NOTED - 1 || i == q->n - 1) {
            note_step("all of them");
            asked_noted(&a);
        }
    }
    EQ(kernel_check(), 0);
}

void requests_both(const struct requests *q)
{
    play_twice(requests_play, q);
}

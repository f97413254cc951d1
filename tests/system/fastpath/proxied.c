/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Proxied messages, played.
 */
#include "proxied.h"
#include "acts.h"

#define SENDERS 2
#define BOUND LK_DEFER_MAX
#define WORD_VA WINDOW_VA

static uint8_t said[64], heard[2][128];

struct trio {
    obj t, r, s[SENDERS], other;
    obj of_t, of_r, reply[SENDERS], page;
    bool first_round; /* in which the long way only takes its notes: nothing is noted of it here */
};

static void noted(const struct trio *x, const struct proxied *p)
{
    if (x->first_round) {
        return;
    }
    note_process(x->t, "the target");
    note_process(x->r, "its receiver");
    for (unsigned i = 0; i <= p->senders; i++) {
        note_process(x->s[i], "a sender");
        note_endpoint(x->reply[i], "a sender's reply endpoint");
    }
    note_process(x->other, "the bystander");
    note_endpoint(x->of_t, "the target's endpoint");
    note_endpoint(x->of_r, "the receiver's endpoint");
    note("control word", 0, *(volatile uint16_t *)WORD_VA);
    note_memory(heard, sizeof(heard), "strings received");
    if (p->receiver_fpu) {
        note_fpu(x->r, "its receiver");
    }
}

static obj proxy_of(obj endpoint, uint64_t payload)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_proxy_entry(R_T0, payload, R_T1));
    return obj_keep(R_T1);
}

static void target_made(struct trio *x, const struct proxied *p)
{
    x->t = actor_new(p->target == T_READY ? PRIO_LOW : p->target_priority, "target");
    x->of_t = endpoint_new(x->t, TARGET_ID, false);
    x->page = page_new();
    map_page(own_space(), WORD_VA, x->page, 0);
    *(volatile uint16_t *)WORD_VA = 0;
    proc_slot(x->t, SLOT_PROXY_RECEIVER, entry_new(x->of_r, 0x51));
    proc_reply_endpoint(x->t, 45);
    proc_cap(x->t, X_PROXY, entry_new(endpoint_new(x->r, OTHER_ID, false), 0x52));
    obj_get(x->t, R_A);
    obj_get(x->page, R_B);
    OK(lk_process_set_control_word(R_A, 0, BOUND, R_B));
}

static void trio_made(struct trio *x, const struct proxied *p)
{
    obj stale = page_new();

    x->r = actor_new(p->receiver_priority, "receiver");
    x->of_r = endpoint_new(x->r, RECEIVER_ID, false);
    proc_reply_endpoint(x->r, 46);
    x->other = actor_new(PRIO_HIGH, "bystander");
    target_made(x, p);
    for (unsigned i = 0; i < SENDERS; i++) {
        x->s[i] = actor_new(p->sender_priority, "sender");
        x->reply[i] = proc_reply_endpoint(x->s[i], 47);
        proc_cap(x->s[i], X_PROXY, proxy_of(x->of_t, 0x31 + i));
        proc_cap(x->s[i], X_PROXY + 1, entry_new(x->of_t, 0x41));
        proc_cap(x->s[i], X_GIFT, page_new());
        proc_cap(x->s[i], X_GIFT + 1, x->other);
        proc_cap(x->s[i], X_GIFT + 2, stale);
        proc_cap(x->s[i], X_GIFT + 3, entry_new(endpoint_new(x->other, 48, false), 49));
    }
    obj_rescind(stale);
    proc_cap(x->r, X_OTHER, entry_new(endpoint_new(x->other, 50, false), 51));
    proc_cap(x->r, X_OTHER + 1, x->other);
    raw_do(x->other, LK_RECV);
}

static void target_enters(const struct trio *x, const struct proxied *p)
{
    static const uint64_t control[TARGETS] = {
        [T_OPEN] = LK_RECV,
        [T_CLOSED] = LK_RECV | LK_CLOSED,
        [T_NOTICES] = LK_RECV | LK_CLOSED,
        [T_READY] = LK_RECV,
        [T_HELD] = LK_RECV,
        [T_DEFERS] = LK_RECV,
        [T_SENDS] = LK_CTL(LK_SEND | LK_BLOCK, X_PROXY, 1),
        [T_CALLS] = LK_CTL_CALL(X_PROXY, 1),
    };
    struct lk_regs r = canary_regs(control[p->target], 1);

    if (p->target <= T_DEFERS) {
        r.rax |= LK_CTL_RECVS(X_GOT, X_GOT + 1, 0, 0);
    }
    r.rip = (uint64_t)(p->target == T_FAULT ? act_count : act_syscall);
    r.r8 = p->target == T_NOTICES ? LK_NOTICE_ID : TARGET_ID + 1;
    raw_go(x->t, &r);
    if (p->target == T_HELD) {
        proc_hold(x->t, LK_HOLD_SUSPEND);
    }
    *(volatile uint8_t *)(WORD_VA + LK_CONTROL_DEFER) = p->target == T_DEFERS;
}

static void receiver_goes(const struct trio *x, const struct proxied *p, uint64_t control,
                          uint64_t w0, uint64_t w1)
{
    struct lk_regs r = canary_regs(control, 2);

    r.rip = (uint64_t)act_syscall;
    r.rdi = w0;
    r.rsi = w1;
    r.r8 = p->wait_id;
    r.r9 = p->wait_limit << 32;
    r.rbp = (uint64_t)heard[0];
    r.fs_base = p->receiver_fs;
    raw_go(x->r, &r);
}

static void sender_goes(const struct trio *x, const struct proxied *p, unsigned i)
{
    struct lk_regs r = canary_regs(p->send | (uint64_t)X_PROXY << LK_TARGET_SHIFT, 3 + i);

    r.rip = (uint64_t)act_syscall;
    r.r9 = p->lengths;
    r.r10 = (uint64_t)said;
    r.rbp = (uint64_t)heard[1];
    raw_go(x->s[i], &r);
}

/* The first sender has called somebody else, which is noted of it. */
static void called_before(const struct trio *x)
{
    for (unsigned i = 0; i < 3; i++) {
        raw_do(x->other, LK_RECV | LK_CTL_RECVS(X_GOT, 0, 0, 0));
        raw_do(x->s[0], LK_CTL_CALL(X_GIFT + 3, 1));
        raw_do(x->other, LK_CTL_REPLY_WAIT(X_GOT, 1));
    }
}

static void post_to(obj endpoint, bool preempts)
{
    obj_get(endpoint, R_A);
    if (preempts) {
        OK(lk_endpoint_make_proxy_notice(R_A, 0xff, R_B));
    } else {
        OK(lk_endpoint_make_app_notice(R_A, 0xff, R_B));
    }
    OK(lk_appnotice_post(R_B, 0x18));
}

/* All enter, and the sender sends. */
static void sent(const struct trio *x, const struct proxied *p)
{
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        proc_cap(x->r, X_GOT + i, x->other);
    }
    target_enters(x, p);
    if (p->receiver == R_WAITS || p->receiver == R_IS_HELD) {
        receiver_goes(x, p, p->wait, 0, 0);
    } else {
        raw_do(x->r, LK_YIELD);
    }
    if (p->receiver == R_IS_HELD) {
        proc_hold(x->r, LK_HOLD_SUSPEND);
    }
    if (p->receiver == R_GONE) {
        proc_slot(x->t, SLOT_PROXY_RECEIVER, NO_OBJ);
    }
    if (p->bits) {
        post_to(x->of_t, true);
    }
    if (p->target_bits) {
        post_to(x->of_t, false);
    }
    if (p->calls_before) {
        called_before(x);
    }
    if (p->sender_bits) {
        post_to(x->reply[0], false);
    }
    if (p->flags != 0) {
        obj_get(x->s[0], R_A);
        OK(lk_process_set_flags(R_A, p->flags));
    }
    for (unsigned i = 0; i <= p->senders; i++) {
        note_step("a sender sends");
        sender_goes(x, p, i);
        noted(x, p);
    }
}

/* What kept the message from going at once is over. */
static void goes_after_all(const struct trio *x, const struct proxied *p)
{
    note_step("nothing is in its way any more");
    if (p->receiver == R_LATE) {
        receiver_goes(x, p, p->wait, 0, 0);
    }
    proc_release(x->r, LK_HOLD_SUSPEND);
    *(volatile uint8_t *)(WORD_VA + LK_CONTROL_DEFER) = 0;
    if (p->target == T_DEFERS) {
        struct lk_regs r = canary_regs(LK_YIELD, 6);

        raw_go(x->t, &r);
    }
    noted(x, p);
}

static void receiver_releases(const struct trio *x, const struct proxied *p)
{
    uint64_t shape = p->after == A_RELEASE_CALL ? LK_SHAPE_CALL : LK_SHAPE_REPLY_WAIT;

    if (p->after == A_FETCH || p->after == A_ANSWER_AND_WAIT) {
        note_step("the answer's capability is fetched");
        receiver_goes(x, p, LK_CTL_CALL(X_GOT, 1) | LK_CTL_RECVS(X_GOT + 3, 0, 0, 0),
                      OP_PROCESS_FETCH_PROXY_REPLY, 0);
        noted(x, p);
    }
    if (p->after == A_ANSWER_AND_WAIT) {
        note_step("the target is released");
        receiver_goes(x, p, LK_CTL_CALL(X_GOT, 2), OP_PROCESS_CLEAR_NOT_SCHEDULABLE, p->hold);
        note_step("the sender is answered");
        receiver_goes(x, p, LK_CTL(LK_SHAPE_REPLY_WAIT, X_GOT + 3, 3) | p->release, 0x77, 0x78);
        noted(x, p);
        return;
    }
    if (p->after == A_FETCH) {
        receiver_goes(x, p, LK_CTL(LK_SEND, X_GOT + 3, 3), 0x77, 0x78);
    }
    if (p->receiver_bits) {
        post_to(x->of_r, false);
    }
    note_step("the receiver releases the target");
    receiver_goes(x, p, LK_CTL(shape, X_GOT, 2) | p->release, OP_PROCESS_CLEAR_NOT_SCHEDULABLE,
                  p->hold);
    noted(x, p);
    if (shape == LK_SHAPE_CALL) {
        note_step("the receiver waits");
        receiver_goes(x, p, p->wait, 0, 0);
        noted(x, p);
    }
}

static void proxied_play(const void *arg)
{
    const struct proxied *p = arg;
    struct trio x;

    for (unsigned i = 0; i < sizeof(said); i++) {
        said[i] = (uint8_t)(i * 5 + 3);
    }
    memset(heard, 0, sizeof(heard));
    trio_made(&x, p);
    for (unsigned i = 0; i < p->rounds; i++) {
        act_tickets = 0;
        x.first_round = i == 0;
        sent(&x, p);
        goes_after_all(&x, p);
        if (p->after != A_NOTHING) {
            receiver_releases(&x, p);
            if (p->senders != 0) {
                receiver_releases(&x, p);
            }
        }
        proc_release(x.t, LK_HOLD_PROXY);
        proc_release(x.t, LK_HOLD_SUSPEND);
        note_step("the end of a round");
        noted(&x, p);
        EQ(kernel_check(), 0);
    }
    unmap(own_space(), WORD_VA);
}

struct proxied proxied_usual(void)
{
    return (struct proxied){
        .after = A_RELEASE_AND_WAIT,
        .wait = LK_RECV | LK_CTL_RECVS(X_GOT, X_GOT + 1, X_GOT + 2, 0),
        .wait_id = RECEIVER_ID,
        .target_priority = PRIO_HIGH,
        .receiver_priority = PRIO_HIGH,
        .sender_priority = PRIO_HIGH,
        .send = LK_CTL(LK_SEND | LK_BLOCK, 0, 3),
        .release = LK_CTL_RECVS(X_GOT, X_GOT + 1, X_GOT + 2, 0),
        .rounds = 3,
    };
}

void proxied_both(const struct proxied *p)
{
    gpt_of(own_space(), WORD_VA, R_A);
    play_twice(proxied_play, p);
}

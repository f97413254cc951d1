/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages between two processes in every shape, with canaries in all registers of both.
 */
#include "../lib/sys.h"

#define PAYLOAD 0xfeedbeefull
#define ID 0x1d1d1d1d00000007ull
#define REPLY_ID 0x4e91700000000009ull
#define REG_ENTRY 5
#define REG_GOT 9

/* Two processes: `a` sends to `b`'s endpoint. */
struct pair {
    obj a, b, endpoint, entry, reply;
};

static struct pair pair_new(bool two_spaces)
{
    struct pair p;

    p.a = proc_new(PRIO_HIGH);
    p.b = two_spaces ? proc_new_in(space_new(), PRIO_HIGH) : proc_new(PRIO_HIGH);
    p.endpoint = endpoint_new(p.b, ID, false);
    p.entry = entry_new(p.endpoint, PAYLOAD);
    p.reply = proc_reply_endpoint(p.a, REPLY_ID);
    proc_cap(p.a, REG_ENTRY, p.entry);
    return p;
}

static struct delivery message(const struct lk_regs *sent, uint64_t words, uint64_t caps)
{
    struct delivery d = {
        .kind = LK_KIND_MESSAGE,
        .words = words,
        .caps = caps,
        .id = ID,
        .payload = PAYLOAD,
    };

    regs_words(sent, d.w);
    return d;
}

/* `send` is a shape without receive phase. */
static void send_to_waiting(struct pair p, uint64_t send, uint64_t wait)
{
    for (uint64_t n = 1; n <= LK_MAX_WORDS; n++) {
        struct lk_regs s = canary_regs(LK_CTL(send, REG_ENTRY, n), 1);
        struct lk_regs r = canary_regs(wait, 2);
        struct delivery d = message(&s, n, 0);
        struct lk_regs after;

        r.r8 = wait & LK_CLOSED ? ID : r.r8;
        raw_go(p.b, &r);
        EQ(proc_state(p.b).run_state, LK_STATE_RECEIVING);
        EQ(proc_wait_kind(p.b), wait & LK_CLOSED ? LK_WAIT_CLOSED : LK_WAIT_OPEN);
        raw_go(p.a, &s);
        after = raw_result(p.a);
        canary_kept(&s, &after, STATUS_OK);
        after = raw_result(p.b);
        canary_delivered(&r, &after, &d);
    }
}

CASE(send_blocking,
     .text =
         "a blocking send to a process in an open wait arrives whole, and no register shows more")
{
    send_to_waiting(pair_new(false), LK_SEND | LK_BLOCK, LK_RECV);
}

CASE(send_blocking_two_spaces, .text = "the same between two address spaces")
{
    send_to_waiting(pair_new(true), LK_SEND | LK_BLOCK, LK_RECV);
}

CASE(send_nonblocking, .text = "a non-blocking send to a process that waits arrives whole")
{
    send_to_waiting(pair_new(false), LK_SEND, LK_RECV);
    send_to_waiting(pair_new(true), LK_SEND, LK_RECV);
}

CASE(send_to_closed_wait, .text = "a send to a closed wait that names the endpoint arrives whole")
{
    send_to_waiting(pair_new(false), LK_SEND | LK_BLOCK, LK_RECV | LK_CLOSED);
    send_to_waiting(pair_new(true), LK_SEND, LK_RECV | LK_CLOSED);
}

CASE(would_block,
     .text = "a non-blocking send to a process that does not wait for it leaves no trace")
{
    struct pair p = pair_new(false);
    struct lk_regs s = canary_regs(LK_CTL(LK_SEND, REG_ENTRY, 8), 1);
    struct lk_regs r = canary_regs(LK_RECV | LK_CLOSED, 2);
    struct lk_regs after;

    raw_go(p.a, &s); /* to one that never ran */
    after = raw_result(p.a);
    canary_kept(&s, &after, STATUS_WOULD_BLOCK);

    r.r8 = ID + 1;
    raw_go(p.b, &r); /* to one in a closed wait for somebody else */
    raw_go(p.a, &s);
    after = raw_result(p.a);
    canary_kept(&s, &after, STATUS_WOULD_BLOCK);
    EQ(proc_state(p.b).run_state, LK_STATE_RECEIVING);

    s.rax |= LK_RECV; /* no receive phase begins either */
    raw_go(p.a, &s);
    after = raw_result(p.a);
    canary_kept(&s, &after, STATUS_WOULD_BLOCK);

    r = canary_regs(LK_RECV | LK_CLOSED, 3); /* and to one in a wait for notices only */
    r.r8 = LK_NOTICE_ID;
    raw_go(p.b, &r);
    EQ(proc_wait_kind(p.b), LK_WAIT_NOTICE);
    s.rax &= ~(uint64_t)LK_RECV;
    raw_go(p.a, &s);
    after = raw_result(p.a);
    canary_kept(&s, &after, STATUS_WOULD_BLOCK);
}

static void send_then_receive(struct pair p)
{
    struct lk_regs s = canary_regs(LK_CTL(LK_SEND | LK_BLOCK, REG_ENTRY, 5), 1);
    struct lk_regs r = canary_regs(LK_RECV, 2);
    struct delivery d = message(&s, 5, 0);
    struct lk_regs after;

    raw_go(p.a, &s);
    EQ(proc_state(p.a).run_state, LK_STATE_BLOCKED);
    EQ(proc_wait_kind(p.a), LK_WAIT_SENDING);
    raw_go(p.b, &r);
    after = raw_result(p.b);
    canary_delivered(&r, &after, &d);
    after = raw_result(p.a);
    canary_kept(&s, &after, STATUS_OK);
}

CASE(receive_from_blocked, .text = "a blocked sender is served where it stands")
{
    send_then_receive(pair_new(false));
    send_then_receive(pair_new(true));
}

/* Send with a receive phase: `a` sends and waits, is sent something by a third. */
static void send_and_wait(uint64_t shape, bool blocked_first)
{
    struct pair p = pair_new(true);
    obj back = endpoint_new(p.a, ID + 5, false);
    obj c = proc_new(PRIO_HIGH);
    struct lk_regs s = canary_regs(LK_CTL(shape, REG_ENTRY, 1), 1);
    struct lk_regs r = canary_regs(LK_RECV, 2);
    struct lk_regs t = canary_regs(LK_CTL(LK_SEND, REG_ENTRY, 8), 3);
    struct delivery d = message(&s, 1, 0);
    struct lk_regs after;

    s.r8 = ID + 5;
    proc_cap(c, REG_ENTRY, entry_new(back, PAYLOAD + 1));
    if (blocked_first) {
        raw_go(p.a, &s);
        EQ(proc_state(p.a).run_state, LK_STATE_BLOCKED);
        raw_go(p.b, &r);
    } else {
        raw_go(p.b, &r);
        raw_go(p.a, &s);
    }
    after = raw_result(p.b);
    canary_delivered(&r, &after, &d);
    EQ(proc_state(p.a).run_state, LK_STATE_RECEIVING);
    raw_go(c, &t);
    after = raw_result(c);
    canary_kept(&t, &after, STATUS_OK);
    d = message(&t, 8, 0);
    d.id = ID + 5;
    d.payload = PAYLOAD + 1;
    after = raw_result(p.a);
    canary_delivered(&s, &after, &d);
}

CASE(send_and_wait, .text = "the receive phase begins in the step in which the send is done")
{
    send_and_wait(LK_SEND | LK_RECV, false);
    send_and_wait(LK_SEND | LK_RECV | LK_BLOCK, false);
    send_and_wait(LK_SEND | LK_RECV | LK_BLOCK, true);
    send_and_wait(LK_SEND | LK_RECV | LK_CLOSED, false);
    send_and_wait(LK_SEND | LK_RECV | LK_BLOCK | LK_CLOSED, true);
}

static void call_and_reply(struct pair p, bool blocked_first, uint64_t reply_shape)
{
    struct lk_regs s = canary_regs(LK_CTL_CALL(REG_ENTRY, 3), 1);
    struct lk_regs r = canary_regs(LK_RECV | LK_CTL_RECVS(REG_GOT, 0, 0, 0), 2);
    struct delivery d = message(&s, 3, 1);
    struct lk_regs after;

    if (blocked_first) {
        raw_go(p.a, &s);
        raw_go(p.b, &r);
    } else {
        raw_go(p.b, &r);
        raw_go(p.a, &s);
    }
    after = raw_result(p.b);
    canary_delivered(&r, &after, &d);
    EQ(proc_wait_kind(p.a), LK_WAIT_CLOSED);

    r = canary_regs(LK_CTL(reply_shape, REG_GOT, 7), 4);
    d = message(&r, 7, 0);
    raw_go(p.b, &r);
    after = raw_result(p.a);
    d.id = REPLY_ID;
    d.payload = after.r9; /* whatever it was: it differs each time, see scenario reply */
    canary_delivered(&s, &after, &d);
    if (reply_shape & LK_RECV) {
        EQ(proc_state(p.b).run_state, LK_STATE_RECEIVING);
    } else {
        after = raw_result(p.b);
        canary_kept(&r, &after, STATUS_OK);
    }
}

CASE(call, .text = "a call is answered into the registers of the caller, and into nothing else")
{
    call_and_reply(pair_new(false), false, LK_SEND);
    call_and_reply(pair_new(true), false, LK_SEND);
    call_and_reply(pair_new(true), true, LK_SEND | LK_BLOCK);
}

CASE(reply_and_wait, .text = "reply-and-wait answers, and waits again")
{
    call_and_reply(pair_new(false), false, LK_SHAPE_REPLY_WAIT);
    call_and_reply(pair_new(true), true, LK_SHAPE_REPLY_WAIT);
    call_and_reply(pair_new(true), false, LK_SHAPE_REPLY_WAIT | LK_BLOCK);
}

CASE(notice_delivery, .text = "a notice fills every register it is delivered into")
{
    struct pair p = pair_new(false);
    struct lk_regs r = canary_regs(LK_RECV | LK_CTL_RECVS(REG_GOT, REG_GOT + 1, 0, 0), 2);
    struct delivery d = { .kind = LK_KIND_NOTICE, .words = 1, .id = LK_NOTICE_ID };
    struct lk_regs after;

    d.w[0] = 0x80000003;
    proc_cap(p.b, REG_GOT, p.entry);
    proc_cap(p.b, REG_GOT + 1, p.entry);
    raw_go(p.b, &r);
    obj_get(notice_new(p.endpoint, UINT32_MAX), R_A);
    OK(lk_appnotice_post(R_A, 0x80000003));
    after = raw_result(p.b);
    canary_delivered(&r, &after, &d);
    proc_get_cap(p.b, REG_GOT, R_B);
    EQ(reg_type(R_B), LK_TYPE_NULL);
    proc_get_cap(p.b, REG_GOT + 1, R_B);
    EQ(reg_type(R_B), LK_TYPE_NULL);
}

/* A fault message is a message like any other. */
CASE(fault_delivery, .text = "a message about a fault fills every register as the ABI says")
{
    struct pair p = pair_new(true);
    struct lk_regs s = canary_regs(1ull << 63 | LK_RECV, 1);
    struct lk_regs r = canary_regs(LK_RECV | LK_CTL_RECVS(REG_GOT, 0, 0, 0), 2);
    struct delivery d = {
        .kind = LK_KIND_MESSAGE, .words = 8, .caps = 1, .id = ID, .payload = PAYLOAD
    };
    struct lk_regs after;

    proc_slot(p.a, SLOT_HANDLER, p.entry);
    obj_get(p.a, R_A);
    OK(lk_process_set_label(R_A, 0x1122334455667788, 0x99aabbccddeeff00));
    raw_go(p.b, &r);
    raw_go(p.a, &s);
    after = raw_result(p.b);
    d.w[0] = LK_FAULT_MESSAGE;
    d.w[1] = FAULT_MALFORMED_SYSCALL;
    d.w[2] = s.rax;
    d.w[3] = (uint64_t)raw_syscall;
    d.w[4] = s.rsp;
    d.w[5] = s.rflags;
    d.w[6] = 0x1122334455667788;
    d.w[7] = 0x99aabbccddeeff00;
    canary_delivered(&r, &after, &d);
    proc_get_cap(p.b, REG_GOT, R_B);
    CHECK(reg_same(R_A, R_B));
    after = proc_state(p.a).r; /* and the registers of the one that faults are as they were */
    s.rcx = (uint64_t)raw_after;
    s.r11 = s.rflags;
    EQ(memcmp(&after, &s, sizeof(s)), 0);
}

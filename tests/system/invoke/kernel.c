/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Invocations of kernel capabilities, with canaries: they look like those of a server that answers
 * at once.
 */
#include "../lib/sys.h"

#define REG_CAP 5
#define REG_GOT 9
#define REPLY_ID 77

CASE(call_kernel,
     .text = "a call of a kernel capability leaves its answer and nothing else in the registers")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 0x1234567890, false);
    struct lk_regs s = canary_regs(LK_CTL_CALL(REG_CAP, 1), 1);
    struct delivery d = { .kind = LK_KIND_MESSAGE, .words = 4, .id = REPLY_ID };
    struct lk_regs after;

    proc_reply_endpoint(p, REPLY_ID);
    proc_cap(p, REG_CAP, e);
    s.rdi = OP_ENDPOINT_GET_STATE;
    raw_go(p, &s);
    after = raw_result(p);
    d.w[1] = 0x1234567890;
    d.w[3] = 4; /* it has a recipient */
    d.payload = after.r9;
    canary_delivered(&s, &after, &d);
}

CASE(call_kernel_refused, .text = "so does one that is refused")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 1, false);
    struct lk_regs s = canary_regs(LK_CTL_CALL_CAPS(REG_CAP, 8, 0, 0, 0, 0, REG_GOT, 0, 0, 0), 1);
    struct delivery d = { .kind = LK_KIND_MESSAGE, .words = 1, .id = REPLY_ID };
    struct lk_regs after;

    proc_reply_endpoint(p, REPLY_ID);
    proc_cap(p, REG_CAP, e);
    proc_cap(p, REG_GOT, e);
    s.rdi = 0x777;
    raw_go(p, &s);
    after = raw_result(p);
    d.w[0] = STATUS_UNKNOWN_REQUEST;
    d.payload = after.r9;
    canary_delivered(&s, &after, &d);
    proc_get_cap(p, REG_GOT, R_A);
    EQ(reg_type(R_A), LK_TYPE_NULL);
}

CASE(call_null,
     .text = "an invalid capability is answered at once, in every shape, and changes nothing else")
{
    static const uint64_t shapes[] = {
        LK_SEND,           LK_SEND | LK_BLOCK,
        LK_SEND | LK_RECV, LK_SEND | LK_RECV | LK_BLOCK | LK_CLOSED,
        LK_SHAPE_CALL,     LK_SHAPE_CALL | LK_SSTR | LK_RSTR,
    };
    obj p = proc_new(PRIO_HIGH);
    obj gone = endpoint_new(p, 1, false);

    proc_reply_endpoint(p, REPLY_ID);
    proc_cap(p, REG_CAP, gone);
    obj_rescind(gone);
    for (unsigned i = 0; i < 2 * sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct lk_regs s = canary_regs(LK_CTL(shapes[i / 2], i % 2 == 0 ? REG_CAP : 0, 2), 1);
        struct lk_regs after;

        s.r9 = 0;
        sys_at("shape %lx", shapes[i / 2]);
        raw_go(p, &s);
        after = raw_result(p);
        canary_kept(&s, &after, STATUS_INVALID_CAP);
    }
}

CASE(send_to_kernel, .text = "a send to a kernel capability is carried out, and its answer dropped")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 1, false);

    proc_cap(p, REG_CAP, e);
    for (unsigned block = 0; block < 2; block++) {
        struct lk_regs s = canary_regs(LK_CTL(LK_SEND | (block ? LK_BLOCK : 0), REG_CAP, 2), 1);
        struct lk_regs after;
        uint64_t id = 0;

        s.rdi = OP_ENDPOINT_SET_ENDPOINT_ID;
        s.rsi = 500 + block;
        raw_go(p, &s);
        after = raw_result(p);
        canary_kept(&s, &after, STATUS_OK);
        obj_get(e, R_A);
        OK(lk_endpoint_get_state(R_A, &id, NULL, NULL));
        EQ(id, 500 + block);
    }
}

/* What a server would do that gets a request by hand: it answers to capability 0, without blocking.
 */
CASE(hand_made_call,
     .text = "a call made by hand, with an Entry of its own as capability 0, is answered there")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 0xabc, false);
    struct lk_regs s =
        canary_regs(LK_CTL(LK_SEND | LK_RECV | LK_CLOSED, REG_CAP, 1) |
                        LK_CTL_SENDS(1, REG_GOT, 0, 0, 0) | LK_CTL_RECVS(12, 0, 0, 0),
                    1);
    struct delivery d = { .kind = LK_KIND_MESSAGE, .words = 2, .id = 0xabc, .payload = 0x600d };
    struct lk_regs after;

    proc_cap(p, REG_CAP, e);
    proc_cap(p, REG_GOT, entry_new(e, 0x600d));
    s.rdi = OP_GET_TYPE;
    s.r8 = 0xabc;
    raw_go(p, &s);
    after = raw_result(p);
    d.w[1] = LK_TYPE_ENDPOINT;
    canary_delivered(&s, &after, &d);
}

CASE(hand_made_call_caps, .text = "such an answer brings capabilities too")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 0xabc, false);
    struct lk_regs s =
        canary_regs(LK_CTL(LK_SEND | LK_RECV | LK_BLOCK, REG_CAP, 2) |
                        LK_CTL_SENDS(1, REG_GOT, 0, 0, 0) | LK_CTL_RECVS(12, 13, 0, 0),
                    1);
    struct delivery d = {
        .kind = LK_KIND_MESSAGE,
        .words = 1,
        .caps = 1,
        .id = 0xabc,
        .payload = 0x600d,
    };
    struct lk_regs after;

    proc_cap(p, REG_CAP, e);
    proc_cap(p, REG_GOT, entry_new(e, 0x600d));
    proc_cap(p, 13, e);
    s.rdi = OP_ENDPOINT_MAKE_ENTRY;
    s.rsi = 0x600d;
    raw_go(p, &s);
    after = raw_result(p);
    canary_delivered(&s, &after, &d);
    proc_get_cap(p, 12, R_A);
    proc_get_cap(p, REG_GOT, R_B);
    CHECK(reg_same(R_A, R_B));
    proc_get_cap(p, 13, R_A);
    EQ(reg_type(R_A), LK_TYPE_NULL);
}

CASE(third_party_answer,
     .text = "the answer of a kernel capability may go to a third party, which must wait for it")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    obj e = endpoint_new(q, 0xddd, false);
    struct lk_regs s =
        canary_regs(LK_CTL(LK_SEND, REG_CAP, 1) | LK_CTL_SENDS(1, REG_GOT, 0, 0, 0), 1);
    struct lk_regs r = canary_regs(LK_RECV, 2);
    struct delivery d = { .kind = LK_KIND_MESSAGE, .words = 2, .id = 0xddd, .payload = 3 };
    struct lk_regs after;

    proc_cap(p, REG_CAP, e);
    proc_cap(p, REG_GOT, entry_new(e, 3));
    s.rdi = OP_GET_TYPE;
    raw_go(p, &s); /* nobody waits: the answer is lost, as a server's would be */
    after = raw_result(p);
    canary_kept(&s, &after, STATUS_OK);
    raw_go(q, &r);
    raw_go(p, &s);
    after = raw_result(p);
    canary_kept(&s, &after, STATUS_OK);
    d.w[1] = LK_TYPE_ENDPOINT;
    after = raw_result(q);
    canary_delivered(&r, &after, &d);
}

CASE(no_reply_endpoint,
     .text = "a call without a fit reply endpoint is refused, of processes and of the kernel")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    obj e = endpoint_new(q, 1, false);
    obj unfit[5];
    struct lk_regs r = canary_regs(LK_RECV, 2);

    unfit[0] = NO_OBJ;
    unfit[1] = endpoint_new(p, 5, false);     /* without payload match */
    unfit[2] = endpoint_new(q, 5, true);      /* of somebody else */
    unfit[3] = endpoint_new(NO_OBJ, 5, true); /* of nobody */
    unfit[4] = endpoint_new(p, 5, true);
    proc_slot(p, SLOT_REPLY_ENDPOINT, unfit[4]);
    obj_rescind(unfit[4]); /* gone */
    proc_cap(p, REG_CAP, entry_new(e, 1));
    proc_cap(p, REG_GOT, e);
    raw_go(q, &r);
    for (unsigned i = 0; i < 5; i++) {
        if (i < 4) {
            proc_slot(p, SLOT_REPLY_ENDPOINT, unfit[3 - i]);
        }
        for (unsigned reg = REG_CAP; reg <= REG_GOT; reg += REG_GOT - REG_CAP) {
            struct lk_regs s = canary_regs(LK_CTL_CALL(reg, 1), 1);
            struct lk_regs after;

            s.rdi = 0;
            raw_go(p, &s);
            after = raw_result(p);
            canary_kept(&s, &after, STATUS_NO_REPLY_ENDPOINT);
        }
        if (i == 3) {
            proc_slot(p, SLOT_REPLY_ENDPOINT, unfit[4]);
        }
    }
    EQ(proc_state(q).run_state, LK_STATE_RECEIVING);
}

CASE(send_and_wait_kernel,
     .text = "a send to a kernel capability with a receive phase waits like any other")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 9, false);
    struct lk_regs s = canary_regs(LK_CTL(LK_SEND | LK_RECV, REG_CAP, 1), 1);
    struct delivery d = { .kind = LK_KIND_MESSAGE, .words = 1, .id = 9, .payload = 4 };
    struct lk_regs after;

    proc_cap(p, REG_CAP, e);
    s.rdi = 0x5555; /* unknown request; there is nobody to tell */
    raw_go(p, &s);
    EQ(proc_state(p).run_state, LK_STATE_RECEIVING);
    EQ(proc_wait_kind(p), LK_WAIT_OPEN);
    obj_get(entry_new(e, 4), R_A);
    OK(invoke(LK_CTL(LK_SEND, R_A, 1), 0, d.w).w[0]);
    after = raw_result(p);
    canary_delivered(&s, &after, &d);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Capabilities that travel in a message.
 */
#include "../lib/sys.h"

#define REG_ENTRY 5
#define SENT 10     /* 10..13: the sender's */
#define RECEIVED 20 /* 20..23: the receiver's */

struct pair {
    obj a, b, endpoint;
    obj cap[LK_MAX_CAPS];
};

static struct pair pair_new(void)
{
    struct pair p;

    p.a = proc_new(PRIO_HIGH);
    p.b = proc_new(PRIO_HIGH);
    p.endpoint = endpoint_new(p.b, 7, false);
    proc_cap(p.a, REG_ENTRY, entry_new(p.endpoint, 1));
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        p.cap[i] = entry_new(p.endpoint, 0x100 + i);
        proc_cap(p.a, SENT + i, p.cap[i]);
    }
    return p;
}

/* What is in a register of `p`: is it this (NO_OBJ: Null)? */
static void holds(obj p, unsigned reg, obj cap)
{
    proc_get_cap(p, reg, R_A);
    if (cap == NO_OBJ) {
        EQ(reg_type(R_A), LK_TYPE_NULL);
    } else {
        obj_get(cap, R_B);
        CHECK(reg_same(R_A, R_B));
    }
}

static uint64_t sends(unsigned n, const unsigned reg[LK_MAX_CAPS])
{
    return LK_CTL(LK_SEND | LK_BLOCK, REG_ENTRY, 1) |
           LK_CTL_SENDS(n, reg[0], reg[1], reg[2], reg[3]);
}

/* Send n capabilities from the four registers; receive into four others. */
static void transfer(struct pair p, unsigned n, const unsigned from[LK_MAX_CAPS],
                     const unsigned to[LK_MAX_CAPS], bool blocked_first)
{
    uint64_t wait = LK_RECV | LK_CTL_RECVS(to[0], to[1], to[2], to[3]);

    if (blocked_first) {
        raw_do(p.a, sends(n, from));
        raw_do(p.b, wait);
    } else {
        raw_do(p.b, wait);
        raw_do(p.a, sends(n, from));
    }
    EQ(lk_caps(raw_result(p.b).rax), n);
    EQ(raw_result(p.a).rdi, STATUS_OK);
}

CASE(caps_counts,
     .text = "0 to 4 capabilities arrive in order; registers named beyond them become Null")
{
    static const unsigned from[] = { SENT, SENT + 1, SENT + 2, SENT + 3 };
    static const unsigned to[] = { RECEIVED, RECEIVED + 1, RECEIVED + 2, RECEIVED + 3 };
    struct pair p = pair_new();

    for (unsigned n = 0; n <= 2 * LK_MAX_CAPS + 1; n++) {
        sys_at("%u capabilities", n / 2);
        for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
            proc_cap(p.b, to[i], p.endpoint); /* what must go */
        }
        transfer(p, n / 2, from, to, n % 2 != 0);
        for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
            holds(p.b, to[i], i < n / 2 ? p.cap[i] : NO_OBJ);
            holds(p.a, from[i], p.cap[i]); /* a copy was sent */
        }
    }
}

CASE(caps_register_0, .text = "register 0 sends Null and drops what it receives")
{
    static const unsigned from[] = { 0, SENT + 1, 0, SENT + 3 };
    static const unsigned to[] = { RECEIVED, 0, 0, RECEIVED + 3 };
    struct pair p = pair_new();

    proc_cap(p.b, RECEIVED, p.endpoint);
    transfer(p, 4, from, to, false);
    holds(p.b, RECEIVED, NO_OBJ);
    holds(p.b, RECEIVED + 3, p.cap[3]);
    holds(p.b, 0, NO_OBJ);
}

CASE(caps_same, .text = "one capability sent four times, and four received into one register")
{
    static const unsigned from[] = { SENT + 2, SENT + 2, SENT + 2, SENT + 2 };
    static const unsigned to[] = { RECEIVED, RECEIVED + 1, RECEIVED + 2, RECEIVED + 3 };
    static const unsigned mixed[] = { SENT, SENT + 1, SENT + 2, SENT + 3 };
    static const unsigned one[] = { RECEIVED, RECEIVED, RECEIVED, RECEIVED };
    struct pair p = pair_new();

    transfer(p, 4, from, to, true);
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        holds(p.b, to[i], p.cap[2]);
    }
    transfer(p, 4, mixed, one, true);
    holds(p.b, RECEIVED, p.cap[3]);
    transfer(p, 2, mixed, one, true);
    holds(p.b, RECEIVED, NO_OBJ); /* the last register named is beyond those sent */
}

CASE(caps_none_named, .text = "a receiver that names no registers keeps what it has")
{
    static const unsigned from[] = { SENT, SENT + 1, SENT + 2, SENT + 3 };
    struct pair p = pair_new();

    for (unsigned i = 1; i < LK_CAP_REGS; i++) {
        proc_cap(p.b, i, p.cap[i % LK_MAX_CAPS]);
    }
    raw_do(p.b, LK_RECV);
    raw_do(p.a, sends(4, from));
    raw_result(p.b);
    for (unsigned i = 1; i < LK_CAP_REGS; i++) {
        holds(p.b, i, p.cap[i % LK_MAX_CAPS]);
    }
}

CASE(caps_only_named, .text = "a delivery changes the registers named and no other")
{
    static const unsigned from[] = { SENT, SENT + 1, SENT + 2, SENT + 3 };
    static const unsigned to[] = { 31, 1, 17, 2 };
    struct pair p = pair_new();

    for (unsigned i = 1; i < LK_CAP_REGS; i++) {
        proc_cap(p.b, i, p.endpoint);
    }
    transfer(p, 4, from, to, false);
    for (unsigned i = 1; i < LK_CAP_REGS; i++) {
        holds(p.b, i,
              i == 31   ? p.cap[0]
              : i == 1  ? p.cap[1]
              : i == 17 ? p.cap[2]
              : i == 2  ? p.cap[3]
                        : p.endpoint);
    }
}

CASE(caps_invalid, .text = "a capability whose object is gone travels as Null")
{
    static const unsigned from[] = { SENT, SENT + 1, SENT + 2, SENT + 3 };
    static const unsigned to[] = { RECEIVED, RECEIVED + 1, RECEIVED + 2, RECEIVED + 3 };
    struct pair p = pair_new();
    obj gone = page_new();

    proc_cap(p.a, SENT, gone);
    obj_rescind(gone);
    obj_new(LK_TYPE_PAGE);
    transfer(p, 2, from, to, false);
    holds(p.b, RECEIVED, NO_OBJ);
    holds(p.b, RECEIVED + 1, p.cap[1]);
}

CASE(caps_changed_while_blocked,
     .text = "what a blocked sender sends is what its registers hold when it is taken")
{
    static const unsigned from[] = { SENT, SENT + 1, SENT + 2, SENT + 3 };
    struct pair p = pair_new();

    raw_do(p.a, sends(2, from));
    proc_cap(p.a, SENT, p.endpoint);
    proc_cap(p.a, SENT + 1, NO_OBJ);
    raw_do(p.b, LK_RECV | LK_CTL_RECVS(RECEIVED, RECEIVED + 1, 0, 0));
    raw_result(p.b);
    holds(p.b, RECEIVED, p.endpoint);
    holds(p.b, RECEIVED + 1, NO_OBJ);
}

CASE(caps_call, .text = "a call brings the reply capability and three more, and four come back")
{
    struct pair p = pair_new();
    obj reply = proc_reply_endpoint(p.a, 0);

    (void)reply;
    raw_do(p.b, LK_RECV | LK_CTL_RECVS(RECEIVED, RECEIVED + 1, RECEIVED + 2, RECEIVED + 3));
    raw_do(p.a, LK_CTL_CALL_CAPS(REG_ENTRY, 1, 3, SENT + 1, SENT + 2, SENT + 3, 24, 25, 26, 27));
    EQ(lk_caps(raw_result(p.b).rax), 4);
    proc_get_cap(p.b, RECEIVED, R_A);
    EQ(reg_type(R_A), LK_TYPE_ENTRY);
    for (unsigned i = 1; i < LK_MAX_CAPS; i++) {
        holds(p.b, RECEIVED + i, p.cap[i]);
    }
    raw_do(p.b, LK_CTL(LK_SEND, RECEIVED, 1) |
                    LK_CTL_SENDS(4, RECEIVED + 3, RECEIVED + 2, RECEIVED + 1, RECEIVED));
    EQ(raw_result(p.b).rdi, STATUS_OK);
    EQ(lk_caps(raw_result(p.a).rax), 4);
    holds(p.a, 24, p.cap[3]);
    holds(p.a, 25, p.cap[2]);
    holds(p.a, 26, p.cap[1]);
    holds(p.a, 27,
          NO_OBJ); /* the reply capability itself is used up by the delivery that brings it */
}

CASE(caps_copy, .text = "copy capability copies any register to any other; register 0 stays Null")
{
    obj p = proc_new(PRIO_HIGH);
    obj cap[LK_CAP_REGS];
    obj e = endpoint_new(p, 1, false);

    cap[0] = NO_OBJ;
    for (unsigned i = 1; i < LK_CAP_REGS; i++) {
        cap[i] = entry_new(e, i);
        proc_cap(p, i, cap[i]);
    }
    for (unsigned from = 0; from < LK_CAP_REGS; from++) {
        for (unsigned to = 0; to < LK_CAP_REGS; to += from % 4 == 0 ? 1 : 5) {
            struct lk_regs s =
                canary_regs(LK_COPY_CAP | (uint64_t)from << 8 | (uint64_t)to << 16, 1);
            struct lk_regs after;

            sys_at("from %u to %u", from, to);
            raw_go(p, &s);
            after = raw_result(p);
            canary_kept(&s, &after, STATUS_OK);
            holds(p, to, to == 0 ? NO_OBJ : cap[from]);
            holds(p, from, cap[from]);
            proc_get_cap(p, (to + 1) % LK_CAP_REGS, R_A);
            if ((to + 1) % LK_CAP_REGS != 0) {
                obj_get(cap[(to + 1) % LK_CAP_REGS], R_B);
                CHECK(reg_same(R_A, R_B));
            }
            if (to != 0) {
                proc_cap(p, to, cap[to]);
            }
        }
    }
}

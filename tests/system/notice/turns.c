/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Notices and messages that wait for the same receiver take turns, whatever it does in between, and
 * neither starves the other.
 */
#include "../lib/sys.h"

#define REG_NOTICE R_A
#define REG_TARGET 5
#define ID 12

static volatile uint64_t notices, messages;

/* Posts the next notice to itself with each one that it gets: there is always one pending. */
static void posts_to_itself(void *arg)
{
    (void)arg;
    for (;;) {
        struct lk_in in = lk_wait(0);

        if (lk_kind(in.delivery) == LK_KIND_NOTICE) {
            notices++;
            lk_appnotice_post(REG_NOTICE, 1); /* a call, so its answer comes in between */
        } else if (lk_kind(in.delivery) == LK_KIND_MESSAGE) {
            messages++;
        }
    }
}

CASE(starving_messages,
     .text = "notices whose handler makes calls and gets the next one do not starve messages")
{
    enum { SENDERS = 3 };
    struct worker w = worker_new(PRIO_LOW, posts_to_itself, NULL);
    obj n = notice_new(w.endpoint, 1);
    obj entry = entry_new(w.endpoint, 0);
    obj s[SENDERS];

    notices = 0;
    messages = 0;
    proc_cap(w.p, REG_NOTICE, n);
    worker_start(w);
    obj_get(n, R_B);
    OK(lk_appnotice_post(R_B, 1));
    sleep_ns(NSEC_PER_MSEC);
    CHECK(notices > 0);
    for (unsigned i = 0; i < SENDERS; i++) {
        s[i] = proc_new(PRIO_HIGH);
        proc_cap(s[i], REG_TARGET, entry);
        raw_do(s[i], LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1));
    }
    {
        uint64_t before = notices;

        EVENTUALLY(messages == SENDERS);
        sleep_ns(NSEC_PER_MSEC);
        CHECK(notices > before + SENDERS); /* nor do messages starve notices */
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        EQ(raw_result(s[i]).rdi, STATUS_OK);
    }
}

/* Somebody who receives in an open wait, with its kinds of delivery. */
static unsigned receives(obj p)
{
    raw_do(p, LK_RECV);
    return (unsigned)lk_kind(raw_result(p).rax);
}

CASE(strict_turns, .text = "with both always waiting, an open wait takes a notice and a message by "
                           "turns, calls or not")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, ID, false);
    obj s = proc_new(PRIO_HIGH);

    proc_reply_endpoint(p, 2);
    proc_cap(s, REG_TARGET, entry_new(e, 0));
    obj_get(notice_new(e, 1), REG_NOTICE);
    obj_get(p, R_T0);
    OK(lk_process_swap_cap_reg(R_T0, 6, R_DISCRIM, 0));
    for (unsigned i = 0; i < 20; i++) {
        sys_at("receive %u", i);
        if (i % 2 == 0) {
            raw_do(s, LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1));
            EQ(proc_wait_kind(s), LK_WAIT_SENDING);
        }
        OK(lk_appnotice_post(REG_NOTICE, 1));
        EQ(receives(p), i % 2 == 0 ? LK_KIND_NOTICE : LK_KIND_MESSAGE);
        if (i % 3 != 0) { /* a call of a server would not end the turn either */
            raw_do_word(p, LK_CTL_CALL(6, 1), OP_GET_TYPE);
            raw_result(p);
        }
    }
}

CASE(behind_receiver_fault,
     .text =
         "notices reach an open wait whose receive string cannot be written, also after a notice")
{
    static char text[64];
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, ID, false);
    obj s = proc_new(PRIO_HIGH);
    struct lk_regs r;

    obj_get(notice_new(e, 0xff), REG_NOTICE);
    OK(lk_appnotice_post(REG_NOTICE, 1));
    EQ(receives(p), LK_KIND_NOTICE); /* the turn is the messages' */
    OK(lk_appnotice_post(REG_NOTICE, 2));
    proc_cap(s, REG_TARGET, entry_new(e, 0));
    r = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_TARGET, 1));
    r.r9 = sizeof(text);
    r.r10 = (uint64_t)text;
    raw_go(s, &r);
    EQ(proc_wait_kind(s), LK_WAIT_SENDING);
    r = raw_regs(LK_RECV | LK_RSTR);
    r.r9 = (uint64_t)sizeof(text) << 32;
    r.rbp = WINDOW_VA;
    raw_go(p, &r);
    EQ(lk_kind(raw_result(p).rax), LK_KIND_NOTICE);
    EQ(raw_result(p).rdi, 2);
    EQ(proc_wait_kind(s), LK_WAIT_SENDING); /* it was not served */
}

CASE(turns_go_fast, .text = "a call that goes the fast path ends the turn of messages as one that "
                            "goes the long way does")
{
    enum { REPLY = 7, ROUNDS = 8 }; /* the first ones go the long way in any case */
    obj p = proc_new(PRIO_HIGH);
    obj c = proc_new(PRIO_HIGH);
    obj s = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, ID, false);

    proc_reply_endpoint(c, 3);
    proc_cap(c, REG_TARGET, entry_new(e, 0));
    proc_cap(s, REG_TARGET, entry_new(e, 0));
    obj_get(notice_new(e, 1), REG_NOTICE);
    for (unsigned i = 0; i < 2 * ROUNDS; i++) {
        sys_at("round %u", i);
        OK(lk_sysctl_set_fast_path(R_SYSCTL, i < ROUNDS));
        OK(lk_appnotice_post(REG_NOTICE, 1));
        EQ(receives(p), LK_KIND_NOTICE);
        raw_do(p, LK_CTL_WAIT(REPLY, 0, 0, 0));
        raw_do_word(c, LK_CTL_CALL(REG_TARGET, 1), i);
        EQ(lk_kind(raw_result(p).rax), LK_KIND_MESSAGE);
        EQ(raw_result(p).rdi, i);
        raw_do(s, LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1));
        EQ(proc_wait_kind(s), LK_WAIT_SENDING);
        OK(lk_appnotice_post(REG_NOTICE, 1));
        EQ(receives(p), LK_KIND_NOTICE); /* the notice's turn */
        EQ(receives(p), LK_KIND_MESSAGE);
        raw_do_word(p, LK_CTL(LK_SEND, REPLY, 1), i + 100);
        EQ(raw_result(c).rdi, i + 100);
        raw_do(p, LK_YIELD); /* what is left of a slice would keep it off the fast path */
    }
    OK(lk_sysctl_set_fast_path(R_SYSCTL, 1));
}

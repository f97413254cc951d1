/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P7: the two words of notice bits, and who posts them.
 */
#include "trio.h"

#define LINE 4 /* of the serial port */
#define COM1_ENABLE 0x3f9
#define COM1_IDENT 0x3fa
#define COM1_WHEN_EMPTY 2

static void post_plain(const struct trio *x, uint64_t bits)
{
    obj_get(notice_new(x->e, UINT32_MAX), R_A);
    OK(lk_appnotice_post(R_A, bits));
}

CASE(merge, .text = "P7: preempting bits add up while they pend and come in one notice, once")
{
    struct trio x = trio_new();

    post(&x, 1);
    post(&x, 0x80000000);
    post(&x, 1);
    post(&x, 0x10);
    EQ(preempting(x.t), 0x80000011);
    r_waits(&x);
    r_has_bits(&x, 0x80000011);
    EQ(preempting(x.t), 0);
    let_go(x.t);
    r_waits(&x);
    r_still_waits(&x);
    post(&x, 2); /* and those that come during a notification, in the next */
    r_has_bits(&x, 2);
    post(&x, 4);
    r_waits(&x);
    post(&x, 8);
    r_still_waits(&x);
    let_go(x.t);
    r_has_bits(&x, 12);
}

CASE(apart, .text = "P7: plain bits go only to T's own wait, preempting bits only to R; the two "
                    "words do not mix")
{
    struct trio x = trio_new();

    r_waits(&x);
    post_plain(&x, 0x0f);
    r_still_waits(&x);
    EQ(plain(x.t), 0x0f);
    EQ(preempting(x.t), 0);
    set_receiver(x.t, NO_OBJ);
    post(&x, 0xf0);
    EQ(plain(x.t), 0x0f);
    EQ(preempting(x.t), 0xf0);
    raw_do(x.t, LK_RECV);
    EQ(lk_kind(raw_result(x.t).rax), LK_KIND_NOTICE);
    EQ(raw_result(x.t).rdi, 0x0f);
    raw_do(x.t, LK_RECV); /* preempting bits are nothing to wait for */
    EQ(proc_wait_kind(x.t), LK_WAIT_OPEN);
    set_receiver(x.t, x.entry);
    r_has_bits(&x, 0xf0);
    EQ(proc_wait_kind(x.t), LK_WAIT_OPEN);
    post_plain(&x, 0x100); /* into its wait, though it is held */
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    let_go(x.t);
    EQ(raw_result(x.t).rdi, 0x100);
}

CASE(same_bits, .text = "P7: the same bit posted both ways is two notices")
{
    struct trio x = trio_new();

    post_plain(&x, 4);
    post(&x, 4);
    r_waits(&x);
    r_has_bits(&x, 4);
    EQ(plain(x.t), 4);
    let_go(x.t);
    raw_do(x.t, LK_RECV | LK_CLOSED);
    raw_do(x.t, LK_RECV);
    EQ(raw_result(x.t).rdi, 4);
}

CASE(masked, .text = "P7: only the bits of the mask are posted; none is no notice")
{
    struct trio x = trio_new();

    x.notice = proxy_notice_new(x.e, 0xf0);
    r_waits(&x);
    post(&x, 0x0f);
    post(&x, 0xff00000000ull);
    post(&x, 0);
    r_still_waits(&x);
    EQ(preemption(x.t).posts, 0);
    post(&x, UINT64_MAX);
    r_has_bits(&x, 0xf0);
}

CASE(notice_gone, .text = "P7: a proxy notice whose endpoint is gone, or has no recipient, is an "
                          "invalid capability")
{
    struct trio x = trio_new();

    obj_get(x.e, R_A);
    OK(lk_endpoint_set_recipient(R_A, 0));
    obj_get(x.notice, R_B);
    STATUS(lk_appnotice_post(R_B, 1), STATUS_INVALID_CAP);
    EQ(type_of(x.notice), LK_TYPE_NULL);
    obj_get(x.e, R_A);
    obj_get(x.t, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    post(&x, 1);
    EQ(preempting(x.t), 1);
    obj_rescind(x.e);
    obj_get(x.notice, R_B);
    STATUS(lk_appnotice_post(R_B, 2), STATUS_INVALID_CAP);
    EQ(preempting(x.t), 1); /* what was posted stays */
    r_waits(&x);
    r_has_bits(&x, 1);
}

CASE(to_oneself, .text = "P7: a process may preempt itself: it is stopped behind its post")
{
    struct trio x = trio_new();
    struct lk_regs r = raw_regs(LK_CTL_CALL(REG_PROXY, 2));

    proc_cap(x.t, REG_PROXY, x.notice);
    proc_reply_endpoint(x.t, 8);
    r.rdi = OP_APPNOTICE_POST;
    r.rsi = 0x21;
    r_waits(&x);
    raw_go(x.t, &r);
    r_has_bits(&x, 0x21);
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    EQ(proc_state(x.t).r.rip, (uint64_t)raw_after);
    EQ(proc_state(x.t).r.rdi, STATUS_OK);
    let_go(x.t);
    EQ(raw_result(x.t).rdi, STATUS_OK);
}

CASE(from_receiver, .text = "P7: R may post to its own target; what it waits for then brings it")
{
    struct trio x = trio_new();
    struct lk_regs r =
        raw_regs(LK_CTL(LK_SEND | LK_RECV, REG_PROXY, 2) | LK_CTL_RECVS(REG_GOT, 0, 0, 0));

    proc_cap(x.r, REG_PROXY, x.notice);
    r.rdi = OP_APPNOTICE_POST;
    r.rsi = 0x21;
    raw_go(x.r, &r);
    r_has_bits(&x, 0x21);
}

CASE(bits_first, .text = "P7, P13: bits go before a waiting sender, but after a proxied notice a "
                         "waiting sender goes first")
{
    struct trio x = trio_new();
    obj s[3];

    for (unsigned i = 0; i < 3; i++) {
        s[i] = sender(&x, 100 + i);
    }
    for (unsigned i = 0; i < 3; i++) {
        post(&x, 1);
        r_waits(&x);
        r_has_bits(&x, 1);
        post(&x, 2); /* always one pending */
        let_go(x.t);
        r_waits(&x);
        r_has(&x, 100 + i);
        s_result(s[i], STATUS_OK);
        let_go(x.t);
        r_waits(&x);
        r_has_bits(&x, 2);
        let_go(x.t);
        if (i < 2) { /* back in the same turn: a sender goes first again */
            r_waits(&x);
            r_has(&x, 100 + ++i);
            let_go(x.t);
        }
    }
}

CASE(two_sources, .text = "P7: AppNotices of two endpoints of T post to the same word; R sees one "
                          "notice")
{
    struct trio x = trio_new();
    obj e2 = endpoint_new(x.t, 88, false);

    obj_get(proxy_notice_new(e2, UINT32_MAX), R_A);
    OK(lk_appnotice_post(R_A, 1));
    post(&x, 2);
    r_waits(&x);
    r_has_bits(&x, 3);
}

/* T, as the invoker: the bits go to the receiver of whoever asks. */
static void ask_clock(obj t, uint64_t time, uint64_t bits)
{
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND, R_SLEEP, 3));

    obj_get(t, R_A);
    OK(lk_process_swap_cap_reg(R_A, R_SLEEP, R_SLEEP, 0));
    r.rdi = OP_SLEEP_NOTICE_AT;
    r.rsi = time;
    r.rdx = bits;
    raw_go(t, &r);
    EQ(proc_state(t).r.rdi, STATUS_OK); /* it may be stopped behind its call already */
}

CASE(clock,
     .text = "P7: the clock posts preempting bits to R at a time, whatever T waits for: this "
             "is a call's deadline")
{
    struct trio x = trio_new();
    struct lk_regs r = raw_regs(LK_RECV | LK_CLOSED);
    uint64_t at = now() + 3 * NSEC_PER_MSEC;

    r_waits(&x);
    ask_clock(x.t, at, 5ull << 32);
    r.r8 = 999;
    raw_go(x.t, &r);
    EVENTUALLY(held(x.t));
    CHECK(preemption(x.t).hold_since[LK_HOLD_PROXY] >= at);
    r_has_bits(&x, 5);
    EQ(proc_wait_kind(x.t), LK_WAIT_CLOSED);
    EQ(plain(x.t), 0);
    let_go(x.t);
    EQ(proc_wait_kind(x.t), LK_WAIT_CLOSED);
}

CASE(clock_both,
     .text = "P7: the clock posts plain and preempting bits in one notice; each goes its "
             "way; taken back, none does")
{
    struct trio x = trio_new();

    r_waits(&x);
    ask_clock(x.t, 0, 0x8000000300000004ull);
    raw_do(x.t, LK_RECV);
    EVENTUALLY(raw_done(x.r));
    r_has_bits(&x, 0x80000003);
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    let_go(x.t);
    EQ(lk_kind(raw_result(x.t).rax), LK_KIND_NOTICE);
    EQ(raw_result(x.t).rdi, 4);
    r_waits(&x);
    ask_clock(x.t, now() + 2 * NSEC_PER_MSEC, 1ull << 32);
    ask_clock(x.t, UINT64_MAX, 0);
    sleep_ns(5 * NSEC_PER_MSEC);
    r_still_waits(&x);
    EQ(proc_state(x.t).notices, 0);
}

CASE(line_bound, .text = "P7: an interrupt line bound to a proxy notice preempts")
{
    struct trio x = trio_new();

    if (lk_irqctl_allocate(R_IRQCTL, LINE, R_A) != STATUS_OK) {
        sys_skip("the line is not there");
    }
    raw_do(x.t, LK_RECV);
    r_waits(&x);
    obj_get(x.notice, R_B);
    OK(lk_iopriv_output(R_IOPRIV, COM1_ENABLE, 1, 0));
    OK(lk_irqwait_bind(R_A, 0x40, R_B));
    OK(lk_iopriv_output(R_IOPRIV, COM1_ENABLE, 1, COM1_WHEN_EMPTY));
    EVENTUALLY(held(x.t));
    OK(lk_iopriv_output(R_IOPRIV, COM1_ENABLE, 1, 0));
    r_has_bits(&x, 0x40);
    EQ(proc_wait_kind(x.t), LK_WAIT_OPEN);
    EQ(plain(x.t), 0);
    OK(lk_iopriv_input(R_IOPRIV, COM1_IDENT, 1, NULL));
    obj_rescind(x.e); /* the notice is Null: a further interrupt reaches nobody */
    OK(lk_iopriv_output(R_IOPRIV, COM1_ENABLE, 1, COM1_WHEN_EMPTY));
    lk_irqwait_acknowledge(R_A);
    sleep_ns(2 * NSEC_PER_MSEC);
    OK(lk_iopriv_output(R_IOPRIV, COM1_ENABLE, 1, 0));
    EQ(preempting(x.t), 0);
    OK(lk_irqctl_release(R_IRQCTL, LINE));
}

CASE(log_bound, .text = "P7: the kernel's log bound to a proxy notice preempts when it grows")
{
    static char text[1024];
    struct trio x = trio_new();
    uint64_t position = 0;
    size_t n = 1;

    raw_do(x.t, LK_RECV);
    r_waits(&x);
    obj_get(x.notice, R_A);
    OK(lk_kernlog_bind(R_KERNLOG, 0x200, R_A));
    OK(lk_kernlog_append(R_KERNLOG, "a line", 6));
    EVENTUALLY(held(x.t));
    r_has_bits(&x, 0x200);
    EQ(proc_wait_kind(x.t), LK_WAIT_OPEN);
    while (n != 0) { /* as the holder of the log does */
        OK(lk_kernlog_read(R_KERNLOG, position, &position, NULL, text, sizeof(text), &n));
    }
    OK(lk_kernlog_bind(R_KERNLOG, 0, 0));
}

CASE(never_waits, .text = "P7: a post never waits and never fails, whatever T and R are at")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);

    DEFER(c) = 1;
    for (unsigned i = 0; i < 100; i++) {
        post(&x, 1u << i % 32);
        if (i == 20) {
            r_waits(&x);
        } else if (i == 40) {
            proc_hold(x.r, 1);
        } else if (i == 60) {
            obj_rescind(x.r);
        } else if (i == 80) {
            obj_rescind(x.q);
        }
    }
    EQ(preempting(x.t), 0xffffffff);
    EQ(kernel_check(), 0);
}

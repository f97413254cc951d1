/* SPDX-License-Identifier: BSD-2-Clause
 *
 * R, A and the idler of the directed part.
 */
#include "stage.h"

/* Capability registers of R. */
#define H_CAP R_A    /* capability 0 of what was received last */
#define H_SECOND R_B /* capability 1 */
#define H_T R_C      /* Process T, of the delivery in progress */
#define H_REPLY R_D  /* what was in proxyReply */

#define WITH_CAP 1 /* word 2: a capability of A's own is sent along */

volatile struct hand hand;
volatile struct poster poster;

/* ---- R ---- */

/* T as it is while it is held: into hand.look. */
static void look_at_target(void)
{
    struct pstate s = { 0 };
    uint64_t wait = 0;

    OK(lk_process_get_state(H_T, &s.run_state, &s.holds, &s.fault, &s.info, &s.cpu, &s.notices,
                            &s.flags, &s.r, sizeof(s.r), NULL));
    OK(lk_process_get_wait(H_T, &wait, NULL, NULL, NULL, NULL, NULL));
    hand.look = s;
    hand.wait = wait;
    CHECK((s.holds & 1) != 0);
}

static void took(const struct lk_in *in)
{
    bool forced = (in->delivery & LK_DLV_FORCED) != 0;

    CHECK(!hand.current); /* no nesting */
    EQ(in->id, Q_ID);
    EQ(forced, control_word()[0] != 0); /* deferral is kept, or the word says that it was not */
    EQ(control_word()[1], 0);
    lk_copy_cap(H_CAP, H_T);
    hand.current = true;
    hand.count++;
    hand.forced += forced;
    look_at_target();
    if (lk_kind(in->delivery) == LK_KIND_PROXIED_NOTICE) {
        EQ(lk_caps(in->delivery), 1);
        EQ(in->payload, 0);
        hand.bits |= in->w[0];
        hand.reply_type = LK_TYPE_NULL;
    } else {
        EQ(lk_kind(in->delivery), LK_KIND_PROXIED);
        EQ(in->payload, PROXY_PAYLOAD);
        CHECK(in->w[1] != hand.number); /* no duplicate */
        hand.number = in->w[1];
        hand.messages++;
        hand.reply_type = in->w[0] == K_CALL     ? LK_TYPE_ENTRY
                          : in->w[2] == WITH_CAP ? LK_TYPE_ENDPOINT
                                                 : LK_TYPE_NULL;
        if (in->w[0] == K_CALL && in->w[2] == WITH_CAP) {
            EQ(lk_caps(in->delivery), 2);
            EQ(reg_type(H_SECOND), LK_TYPE_ENDPOINT);
        } else {
            EQ(lk_caps(in->delivery), 1);
        }
    }
    spoil_fpu(hand.count);
}

static void inject(unsigned i)
{
    if (hand.inject[i] != 0) {
        OK(lk_sysctl_inject_restart(R_SYSCTL, hand.inject[i], NULL, NULL));
        hand.inject[i] = 0;
    }
}

static void answer(void)
{
    inject(1);
    OK(lk_post2(H_REPLY, STATUS_OK, hand.number ^ NUMBER_ANSWER, 0));
}

/* Answer whoever is to be answered, and let T go on. */
static void finish(void)
{
    bool call = hand.reply_type == LK_TYPE_ENTRY;
    uint64_t old = 0;

    CHECK(hand.current);
    inject(0);
    OK(lk_process_fetch_proxy_reply(H_T, H_REPLY));
    EQ(reg_type(H_REPLY), hand.reply_type);
    if (call && !hand.answer_late) {
        answer();
    }
    hand.current = false; /* the next may come with the end of the hold */
    hand.keep = false;
    inject(2);
    OK(lk_process_clear_not_schedulable(H_T, LK_HOLD_PROXY, &old));
    CHECK((old & 1) != 0);
    if (call && hand.answer_late) {
        answer();
    }
}

static void obey(enum order o)
{
    if (o == ORDER_FINISH) {
        finish();
    }
    hand.busy = o == ORDER_BUSY;
}

void receiver(void *unused)
{
    (void)unused;
    for (;;) {
        struct lk_in in = hand.busy ? lk_wait_closed(1, 0)
                                    : lk_invoke_regs(0, LK_CTL_WAIT(H_CAP, H_SECOND, 0, 0), 0, 0, 0,
                                                     0, 0, 0, 0, 0);

        if (lk_kind(in.delivery) == LK_KIND_MESSAGE) {
            obey((enum order)in.w[0]);
            continue;
        }
        took(&in);
        if (!hand.keep) {
            finish();
        }
    }
}

void order_r(enum order o)
{
    OK(lk_send2(D_ORDER_R, o, 0, 0));
}

/* ---- A ---- */

void poster_main(void *unused)
{
    (void)unused;
    for (;;) {
        lk_wait(0);
        if (poster.inject != 0) {
            OK(lk_sysctl_inject_restart(R_SYSCTL, poster.inject, NULL, NULL));
            poster.inject = 0;
        }
        if (poster.kind == K_CALL) {
            /* Its second capability goes on to R as it is. */
            struct lk_in in =
                lk_call_ctl2(LK_CTL_CALL_CAPS(R_A, 3, 1, R_ENDPOINT, 0, 0, 0, 0, 0, 0), K_CALL,
                             poster.number, WITH_CAP);

            poster.result = in.w[0];
            poster.answer = in.w[1];
        } else {
            /* Its capability is no reply, and goes to T's proxyReply like one. */
            uint64_t control =
                LK_CTL(LK_SEND | LK_BLOCK, R_A, 3) | LK_CTL_SENDS(1, R_ENDPOINT, 0, 0, 0);

            poster.result = lk_call_ctl2(control, K_ONEWAY, poster.number, WITH_CAP).w[0];
        }
        poster.busy = false;
    }
}

/* ---- The idler ---- */

void idler_main(void *unused)
{
    (void)unused;
    lk_wait(R_A);
    for (;;) {
        lk_reply_wait0(R_A, STATUS_OK);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Many parties, each target, sender, receiver and endpoint to all others, and any operation at any
 * time. After each step the kernel checks its invariants, and law P8 is judged from outside:
 * nothing waits that could be delivered, and nobody waits for a target that has no receiver.
 */
#include "trio.h"

#define N 24
#define STEPS 3000
static struct {
    obj p, e, q, plain, proxy, entry, notice;
} c[N];

static void chaos_links(unsigned i)
{
    c[i].plain = entry_new(c[i].e, 1);
    c[i].proxy = proxy_new(c[i].e, i);
    c[i].entry = entry_new(c[i].q, 2);
    c[i].notice = proxy_notice_new(c[i].e, UINT32_MAX);
}

static void recipient(obj ep, obj p)
{
    obj_get(ep, R_A);
    if (p == NO_OBJ) {
        OK(lk_endpoint_set_recipient(R_A, 0));
    } else {
        obj_get(p, R_B);
        OK(lk_endpoint_set_recipient(R_A, R_B));
    }
}

CASE(any_operation, .text = "P8, P9: many parties, any operation, judged from outside after each",
     .ms = 200000)
{
    struct rng rng = rng_new(sys_options.seed + 77);
    unsigned recv[N], rcp[N], match[N], wait_id[N];
    unsigned born = 0, delivered = 0;

    uint64_t steps = sys_options.rounds != 0 ? sys_options.rounds : STEPS;
    struct control ctl[N];
    unsigned deferred = 0;

    for (unsigned i = 0; i < N; i++) {
        c[i].p = proc_new(PRIO_HIGH + i % 3);
        ctl[i] = control_new(c[i].p, 2 * i, i % 4 == 0 ? 0 : i % 4 == 1 ? 300000 : LONG_BOUND);
        proc_reply_endpoint(c[i].p, 500);
        c[i].e = endpoint_new(c[i].p, 100 + i, false);
        c[i].q = endpoint_new(c[i].p, 200 + i % 4, false);
        chaos_links(i);
        recv[i] = N;
        rcp[i] = i;
        match[i] = 0;
        wait_id[i] = 0;
    }
    for (unsigned step = 0; step < steps; step++) {
        unsigned i = (unsigned)rng_below(&rng, N), j = (unsigned)rng_below(&rng, N);
        unsigned op = (unsigned)rng_below(&rng, 36);
        unsigned k = (unsigned)rng_below(&rng, 3);
        struct lk_regs r;

        sys_at("step %u op %u i %u j %u k %u", step, op, i, j, k);
        if (op < 3) {
            recv[i] = k == 0 ? N : j;
            set_receiver(c[i].p, k == 0 ? NO_OBJ : c[j].entry);
        } else if (op < 5) {
            rcp[i] = k == 0 ? N : j;
            recipient(c[i].q, k == 0 ? NO_OBJ : c[j].p);
        } else if (op < 6) {
            recipient(c[i].e, k == 0 ? NO_OBJ : c[j].p);
        } else if (op < 7) {
            match[i] = k == 0;
            obj_get(c[i].q, R_A);
            OK(lk_endpoint_set_payload_match(R_A, match[i]));
        } else if (op < 12) {
            obj_get(c[i].notice, R_A);
            (void)lk_appnotice_post(R_A, 1u << k);
        } else if (op < 18) {
            proc_cap(c[i].p, REG_PROXY, rng_below(&rng, 5) == 0 ? c[j].plain : c[j].proxy);
            if (rng_below(&rng, 3) == 0) {
                raw_do_word(c[i].p, LK_CTL_CALL(REG_PROXY, 1), step);
            } else {
                raw_do_word(c[i].p,
                            LK_CTL(LK_SEND | (k != 0 ? LK_BLOCK : 0), REG_PROXY, 1) |
                                (k == 1 ? LK_RECV : 0),
                            step);
            }
        } else if (op < 23) {
            r = raw_regs(LK_RECV | (k == 0 ? LK_CLOSED : 0) | LK_CTL_RECVS(9, 10, 11, 12));
            wait_id[i] = 200 + j % 4;
            r.r8 = wait_id[i];
            raw_go(c[i].p, &r);
        } else if (op < 25) {
            proc_hold(c[i].p, 1 + k % 2);
        } else if (op < 28) {
            proc_release(c[i].p, 1 + k % 2);
        } else if (op < 31) {
            proc_release(c[i].p, 0);
        } else if (op >= 32) {
            if (op < 34) {
                ctl[i].word[0] = (uint8_t)rng_next(&rng);
                ctl[i].word[1] = (uint8_t)(k == 0 ? rng_next(&rng) : ctl[i].word[1]);
            } else if (op == 34) {
                DEFER(ctl[i]) = 0;
                raw_do(c[i].p, LK_YIELD);
            } else {
                control_set(c[i].p, k == 0 ? NO_OBJ : ctl[i].page, k == 1 ? 0 : 2 * i,
                            k == 2 ? 300000 : LONG_BOUND);
            }
        } else if (born < 60 && k == 0) {
            born++;
            obj_rescind(c[i].p);
            EQ(kernel_check(), 0);
            c[i].p = proc_new(PRIO_HIGH + i % 3);
            proc_reply_endpoint(c[i].p, 500);
            recv[i] = N;
            for (unsigned x = 0; x < N; x++) {
                if (rcp[x] == i) {
                    rcp[x] = N;
                }
            }
        }
        EQ(kernel_check(), 0);
        for (unsigned t = 0; t < N; t++) { /* P8 */
            struct pstate st = proc_state(c[t].p);
            struct lk_preemption pr = preemption(c[t].p);
            bool waits = pr.preempting != 0 || (pr.flags & LK_PREEMPT_SENDERS);
            unsigned q = recv[t], w = q == N ? N : rcp[q];

            delivered += (st.holds & 1) != 0;
            CHECK(((pr.flags & LK_PREEMPT_RECEIVER) != 0) ==
                  (q != N && !match[q] && w != N && w != t));
            deferred += pr.deferred_since != 0;
            if (waits && pr.deferred_since == 0 && !(st.holds & 1) && q != N && !match[q] &&
                w != N && w != t) {
                struct pstate rs = proc_state(c[w].p);

                if (rs.run_state == LK_STATE_RECEIVING && rs.holds == 0) {
                    uint64_t kind = proc_wait_kind(c[w].p);

                    if (kind == LK_WAIT_OPEN ||
                        (kind == LK_WAIT_CLOSED && rs.r.r8 == 200 + q % 4)) {
                        FAIL("P8: target %u, receiver %u", t, w);
                    }
                }
            }
            if ((pr.flags & LK_PREEMPT_SENDERS) && !(q != N && !match[q] && w != N && w != t)) {
                FAIL("senders wait on %u, which has no receiver", t);
            }
        }
    }
    sys_say("# held %u target-steps, deferred %u", delivered, deferred);
}

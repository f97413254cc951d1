/* SPDX-License-Identifier: BSD-2-Clause
 *
 * All of it at once: a few processes that are each other's targets and receivers in a random and
 * changing way, senders, holds, deferrals and destructions, one random step at a time. After each
 * step everything that the laws say of what can be seen is checked (parties.c): above all, that
 * there is no delivery which could happen and has not (P8), and none that happened twice or was
 * lost.
 *
 * The processes are raw, so that they stand still between two steps.
 */
#include "parties.h"

/* May registers of the party be written without losing a message? It does nothing, or waits. */
static bool is_idle(const struct pstate *s)
{
    return s->holds == 0 &&
           (s->run_state == LK_STATE_RECEIVING ||
            (s->run_state == LK_STATE_FAULTED && lk_kind(s->r.rax) == LK_KIND_RESULT));
}

/* Do so, unless a message comes this very moment. */
static bool goes(unsigned i, const struct lk_regs *r)
{
    struct pstate s = proc_state(party[i].p);

    obj_get(party[i].p, R_A);
    if (!is_idle(&s) || lk_process_set_regs(R_A, s.run_state, r, sizeof(*r)) != STATUS_OK) {
        return false;
    }
    if (s.run_state == LK_STATE_FAULTED) {
        OK(lk_process_resume(R_A, 1));
    }
    return true;
}

static void step_send(void)
{
    struct from *f = &from[rng_below(&rng, SENDERS)];
    unsigned how = (unsigned)rng_below(&rng, 5);

    if (f->sends) {
        if (rng_below(&rng, 4) == 0) { /* gives up */
            raw_do(f->p, LK_YIELD);
            f->sends = false;
        }
        return;
    }
    f->to = (unsigned)rng_below(&rng, PARTIES);
    f->word = next_word++;
    f->sends = true;
    f->taken = false;
    f->calls = how < 2;
    proc_cap(f->p, REG_PROXY, party[f->to].proxy);
    if (how < 2) {
        s_calls(f->p, f->word);
    } else if (how < 4) {
        s_sends(f->p, f->word);
    } else {
        s_posts(f->p, f->word);
    }
}

static void step_post(unsigned i)
{
    uint32_t bits = 1u << rng_below(&rng, 32);
    unsigned to = party[i].recipient;

    obj_get(party[i].notice, R_A);
    STATUS(lk_appnotice_post(R_A, bits), to == NOBODY ? STATUS_INVALID_CAP : STATUS_OK);
    if (to != NOBODY) { /* what pended before may have been delivered this very moment */
        uint64_t left = preempting(party[to].p);

        delivered_bits += left == bits && (party[to].bits & ~bits) != 0;
        party[to].bits = left == bits ? bits : party[to].bits | bits;
        look_at_bits(to);
    }
}

static void step_wait(unsigned i)
{
    struct lk_regs r = raw_regs(LK_RECV | LK_CTL_RECVS(REG_GOT, 0, 0, 0));

    for (unsigned j = 0; j < PARTIES; j++) { /* one that does not, if there is one */
        struct pstate s = proc_state(party[(i + j) % PARTIES].p);

        if (is_idle(&s) && s.run_state == LK_STATE_FAULTED) {
            i = (i + j) % PARTIES;
        }
    }
    if (rng_below(&rng, 3) == 0) {
        r.rax |= LK_CLOSED;
        r.r8 = rng_below(&rng, 3) == 0 ? 100 + rng_below(&rng, PARTIES + 1) : party[i].id;
    }
    goes(i, &r);
}

static void step_let_go(unsigned i)
{
    for (unsigned j = 0; j < PARTIES && !held(party[i].p); j++) {
        i = (i + 1) % PARTIES;
    }
    if (held(party[i].p) && rng_below(&rng, 8) != 0) { /* answer what is there first */
        obj_get(party[i].p, R_A);
        OK(lk_process_fetch_proxy_reply(R_A, R_B));
        if (reg_type(R_B) != LK_TYPE_NULL) {
            enum status s = lk_post2(R_B, ANSWER + i, 0, 0);

            CHECK(s == STATUS_OK || s == STATUS_WOULD_BLOCK); /* its caller has given up */
        }
    }
    if (held(party[i].p)) { /* then no more come in behind our back */
        look_at_bits(i);
    }
    let_go(party[i].p);
}

static void step_hold(unsigned i)
{
    if (rng_below(&rng, 2) == 0) {
        proc_hold(party[i].p, LK_HOLD_SUSPEND);
        return;
    }
    for (i = 0; i < PARTIES; i++) {
        proc_release(party[i].p, LK_HOLD_SUSPEND);
    }
}

static void step_defer(unsigned i)
{
    struct party *a = &party[i];

    switch (rng_below(&rng, 4)) {
    case 0:
        DEFER(a->c) = 1;
        break;
    case 1:
        a->lowered |= DEFER(a->c) != 0 && PENDING(a->c) != 0;
        DEFER(a->c) = 0;
        break;
    case 2:
        registers_word(a);
        break;
    default:
        if (raw_done(a->p)) {
            struct lk_regs r = raw_regs(LK_YIELD);

            a->lowered |= DEFER(a->c) != 0 && PENDING(a->c) != 0;
            DEFER(a->c) = 0;
            if (goes(i, &r)) { /* unless it was held this very moment */
                a->lowered &= !raw_done(a->p);
            }
        }
        break;
    }
}

static void step_change(unsigned i)
{
    struct party *a = &party[i];

    switch (rng_below(&rng, 6)) {
    case 0:
    case 1:
        point_to(a, rng_below(&rng, 8) == 0 ? NOBODY : (unsigned)rng_below(&rng, PARTIES));
        break;
    case 2:
        set_recipient(a, rng_below(&rng, 4) == 0 ? (unsigned)rng_below(&rng, PARTIES + 1) : i);
        break;
    case 3:
        set_id(a, 100 + rng_below(&rng, PARTIES + 1));
        break;
    case 4:
        a->match = !a->match && rng_below(&rng, 6) == 0;
        obj_get(a->x, R_A);
        OK(lk_endpoint_set_payload_match(R_A, a->match));
        break;
    default:
        proc_slot(a->p, SLOT_SCHEDULE, schedule_of(PRIO_HIGH + (unsigned)rng_below(&rng, 3)));
        break;
    }
}

/* What a party received and has not looked at, before it is destroyed. Nothing more is delivered to
 * one that is held. */
static void look_at_last_words(unsigned i)
{
    struct pstate s;

    proc_hold(party[i].p, LK_HOLD_DEBUG);
    s = proc_state(party[i].p);
    if ((s.run_state == LK_STATE_READY || s.run_state == LK_STATE_FAULTED) &&
        lk_kind(s.r.rax) == LK_KIND_PROXIED) {
        proc_get_cap(party[i].p, REG_GOT, R_C);
        arrived(party_in_reg(), s.r.rdi);
    }
}

/* Somebody or something is destroyed, and made anew. */
static void step_destroy(unsigned i)
{
    struct party *a = &party[i];
    struct from *f = &from[rng_below(&rng, SENDERS)];

    switch (rng_below(&rng, 3)) {
    case 0:
        look_at_last_words(i);
        obj_rescind(a->p);
        for (unsigned j = 0; j < PARTIES; j++) {
            if (party[j].recipient == i) {
                party[j].recipient = NOBODY;
            }
        }
        make_process(a);
        a->receiver = NOBODY;
        set_recipient(a, i);
        point_to(a, (unsigned)rng_below(&rng, PARTIES));
        break;
    case 1:
        obj_rescind(a->x);
        for (unsigned j = 0; j < PARTIES; j++) {
            if (party[j].receiver == i) {
                party[j].receiver = NOBODY;
            }
        }
        for (unsigned j = 0; j < SENDERS; j++) {
            if (from[j].to == i) {
                from[j].to = NOBODY;
            }
        }
        obj_new_in(LK_TYPE_ENDPOINT, R_A);
        obj_put(a->x, R_A);
        a->match = false;
        make_caps(a);
        make_entry(a);
        set_id(a, 100 + i);
        set_recipient(a, i);
        break;
    default:
        obj_rescind(f->p);
        *f = (struct from){ .p = s_new(NO_OBJ, 120) };
        break;
    }
}

static void step(void)
{
    unsigned i = (unsigned)rng_below(&rng, PARTIES);

    switch (rng_below(&rng, 32)) {
    case 0:
        if (rng_below(&rng, 3) == 0) {
            step_destroy(i);
        }
        break;
    case 1:
    case 2:
        step_change(i);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        step_defer(i);
        break;
    case 8:
        step_hold(i);
        break;
    case 10:
        sleep_ns(rng_below(&rng, SHORT_BOUND));
        break;
    case 11:
    case 12:
    case 13:
    case 14:
        step_post(i);
        break;
    case 15:
    case 16:
    case 17:
    case 18:
    case 19:
        step_send();
        break;
    case 20:
    case 21:
    case 22:
    case 23:
    case 24:
        step_let_go(i);
        break;
    default:
        step_wait(i);
        break;
    }
}

CASE(random_steps,
     .text = "P1 to P12 at once: processes that are each other's targets and receivers, "
             "in random steps; after each, nothing is lost, doubled or left behind",
     .ms = 4000000)
{
    uint64_t steps = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 10000 : 1500;

    for (unsigned i = 0; i < 3; i++) {
        schedule_of(PRIO_HIGH + i);
    }
    schedule_of(120);
    make_all(sys_options.seed);
    for (uint64_t n = 0; n < steps; n++) {
        sys_at("step %lu, seed %lu", n, sys_options.seed);
        step();
        look();
    }
    sys_say("# %lu words and %lu notices delivered, %lu calls answered, %lu refused, %lu forced",
            delivered_words, delivered_bits, answered, refused, forced);
    CHECK(delivered_words > steps / 50 && delivered_bits > steps / 50);
    CHECK(answered > steps / 200 && refused > steps / 200);
}

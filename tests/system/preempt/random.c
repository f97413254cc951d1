/* SPDX-License-Identifier: BSD-2-Clause
 *
 * All of it at once: a few processes that are each other's targets and receivers in a random and
 * changing way, senders, holds, deferrals and destructions, one random step at a time. After each
 * step everything that the laws say of what can be seen is checked: above all, that there is no
 * delivery which could happen and has not (P8), and none that happened twice or was lost.
 *
 * The processes are raw, so that they stand still between two steps.
 */
#include "trio.h"

#define PARTIES 5
#define SENDERS 7
#define SHORT_BOUND (400000ull)
#define SLACK_NS 200000ull
#define NOBODY PARTIES
#define ANSWER 0x1000000ull /* and the number of the target */

/* A process that may be target and receiver, with one endpoint for both. */
struct party {
    obj p, x;           /* the process and its endpoint */
    obj proxy, notice;  /* made from it */
    obj entry;          /* of it, for the slots of others */
    unsigned receiver;  /* whose entry is in its slot; NOBODY: Null, or one that is gone */
    unsigned recipient; /* of its endpoint: mostly itself */
    uint64_t id;
    bool match;
    uint32_t bits; /* posted and not delivered */
    /* The control word. */
    struct control c;
    uint64_t bound;
    bool registered;
    bool lowered; /* *defer* was, and nobody has told the kernel */
};

/* A sender: idle, waiting, or in a call. */
struct from {
    obj p;
    bool sends, calls;
    bool taken;  /* its message arrived */
    unsigned by; /* and about whom; NOBODY: not looked at yet */
    unsigned to; /* whose ProxyEntry; NOBODY: one that is gone */
    uint64_t word;
};

static struct party party[PARTIES];
static struct from from[SENDERS];
static struct rng rng;
static uint64_t next_word;
static uint64_t delivered_bits, delivered_words, answered, refused, forced;

static void make_caps(struct party *a)
{
    obj_get(a->x, R_T0);
    OK(lk_endpoint_make_proxy_entry(R_T0, (uint64_t)(a - party), R_T1));
    obj_put(a->proxy, R_T1);
    OK(lk_endpoint_make_proxy_notice(R_T0, UINT32_MAX, R_T1));
    obj_put(a->notice, R_T1);
}

static void make_entry(struct party *a)
{
    obj_get(a->x, R_T0);
    OK(lk_endpoint_make_entry(R_T0, 0, R_T1));
    obj_put(a->entry, R_T1);
}

static void set_recipient(struct party *a, unsigned who)
{
    obj_get(a->x, R_T0);
    obj_get(who == NOBODY ? NO_OBJ : party[who].p, R_T1);
    OK(lk_endpoint_set_recipient(R_T0, R_T1));
    a->recipient = who;
}

static void set_id(struct party *a, uint64_t id)
{
    obj_get(a->x, R_T0);
    OK(lk_endpoint_set_endpoint_id(R_T0, id));
    a->id = id;
}

static void point_to(struct party *a, unsigned receiver)
{
    set_receiver(a->p, receiver == NOBODY ? NO_OBJ : party[receiver].entry);
    a->receiver = receiver;
}

static void registers_word(struct party *a)
{
    static const uint64_t bounds[] = { 0, SHORT_BOUND, SHORT_BOUND, LONG_BOUND };

    a->bound = bounds[rng_below(&rng, 4)];
    a->registered = rng_below(&rng, 8) != 0;
    a->lowered = false; /* the kernel looks at the word */
    PENDING(a->c) = 0;
    control_set(a->p, a->registered ? a->c.page : NO_OBJ, 6, a->bound);
}

/* A new process in the place of one that is gone. */
static void make_process(struct party *a)
{
    obj_new_in(LK_TYPE_PROCESS, R_A);
    obj_put(a->p, R_A);
    obj_get(own_space(), R_B);
    OK(lk_process_swap_slot(R_A, SLOT_ADDR_SPACE, R_B, 0));
    obj_get(parking_entry(), R_B);
    OK(lk_process_swap_slot(R_A, SLOT_HANDLER, R_B, 0));
    proc_slot(a->p, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
    raw_do(a->p, LK_YIELD);
    a->bits = 0;
    a->lowered = false;
    DEFER(a->c) = 0;
    registers_word(a);
}

static void make_all(void)
{
    for (unsigned i = 0; i < PARTIES; i++) {
        struct party *a = &party[i];

        a->p = obj_new(LK_TYPE_PROCESS);
        a->x = obj_new(LK_TYPE_ENDPOINT);
        a->proxy = obj_keep(0);
        a->notice = obj_keep(0);
        a->entry = obj_keep(0);
        a->match = false;
        a->c = control_new(a->p, 6, 0);
        make_process(a);
        make_caps(a);
        make_entry(a);
        set_id(a, 100 + i);
        set_recipient(a, i);
    }
    for (unsigned i = 0; i < PARTIES; i++) {
        point_to(&party[i], (i + 1) % PARTIES);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        from[i] = (struct from){ .p = s_new(NO_OBJ, 120 + i) };
    }
}

/* ---- What the laws say ---- */

/* Whose handler is whom: NOBODY if there is none that is valid (P4). */
static unsigned receiver_of(unsigned i)
{
    unsigned q = party[i].receiver;
    unsigned r = q == NOBODY ? NOBODY : party[q].recipient;

    return r == NOBODY || party[q].match || r == i ? NOBODY : r;
}

/* Does `r` wait at the endpoint of party `q`? */
static bool waits_at(unsigned r, unsigned q)
{
    struct pstate s = proc_state(party[r].p);
    uint64_t kind = proc_wait_kind(party[r].p);

    return s.run_state == LK_STATE_RECEIVING && s.holds == 0 &&
           (kind == LK_WAIT_OPEN || (kind == LK_WAIT_CLOSED && s.r.r8 == party[q].id));
}

static bool sender_waits_on(unsigned i)
{
    for (unsigned j = 0; j < SENDERS; j++) {
        struct from *f = &from[j];

        if (f->sends && f->to != NOBODY && party[f->to].recipient == i &&
            proc_wait_kind(f->p) == LK_WAIT_SENDING) {
            return true;
        }
    }
    return false;
}

/* Bits leave the target's word when they are delivered, whoever has looked at them. */
static void look_at_bits(unsigned i)
{
    uint64_t left = preempting(party[i].p);

    if (left != party[i].bits) {
        EQ(left, 0);
        CHECK(held(party[i].p));
        party[i].bits = 0;
        delivered_bits++;
    }
    if (held(party[i].p) && PENDING(party[i].c) == 0) {
        party[i].lowered = false;
    }
}

/* What can be seen of a party, all at one moment. */
struct facts {
    struct lk_preemption seen;
    bool senders, held, receiver_waits, reply;
    uint8_t defer, pending;
    uint64_t now;
};

/* A bound may end at any moment: then it is looked at once more. */
static void find_facts(unsigned i, struct facts *f)
{
    struct party *a = &party[i];
    unsigned r = receiver_of(i);
    uint32_t deliveries, after;

    do {
        deliveries = preemption(a->p).deliveries;
        look_at_bits(i);
        f->senders = sender_waits_on(i);
        f->receiver_waits = r != NOBODY && waits_at(r, a->receiver);
        f->held = held(a->p);
        f->reply = proxy_reply_type(a->p) != LK_TYPE_NULL;
        f->seen = preemption(a->p);
        f->defer = DEFER(a->c);
        f->pending = PENDING(a->c);
        f->now = now();
        after = preemption(a->p).deliveries;
    } while (after != deliveries);
}

static void check_party(unsigned i)
{
    struct party *a = &party[i];
    unsigned r = receiver_of(i);
    struct facts f;
    bool waiting, could, may_defer, over;

    find_facts(i, &f);
    waiting = f.senders || a->bits != 0;
    could = waiting && !f.held && f.receiver_waits;
    may_defer = a->registered && a->bound != 0 && (f.defer != 0 || a->lowered);
    over = f.seen.deferred_since != 0 && f.now > f.seen.deferred_since + a->bound + SLACK_NS;

    EQ(f.seen.preempting, a->bits);
    EQ((f.seen.flags & LK_PREEMPT_RECEIVER) != 0, r != NOBODY);
    EQ((f.seen.flags & LK_PREEMPT_SENDERS) != 0, f.senders);
    CHECK(r != NOBODY || !f.senders);
    if (could && (!may_defer || over)) {
        FAIL("party %u: a lost wake-up: bits %x, senders %u, receiver %u waits and is free; defer "
             "%u, pending %u, bound %lu, registered %u, deferred since %lu, now %lu, flags %x",
             i, a->bits, f.senders, r, f.defer, f.pending, a->bound, a->registered,
             f.seen.deferred_since, f.now, f.seen.flags);
    }
    if (could && may_defer && f.defer != 0) {
        EQ(f.pending, 1);
        CHECK(f.seen.deferred_since != 0);
    }
    if (!waiting && a->registered) {
        EQ(f.pending, 0);
        EQ(f.seen.deferred_since, 0);
    }
    CHECK(f.held || !f.reply);
}

/* A sender whose message `word` has arrived at the handler of party `t`. */
static void arrived(unsigned t, uint64_t word)
{
    for (unsigned i = 0; i < SENDERS; i++) {
        if (from[i].sends && from[i].word == word) {
            CHECK(!from[i].taken);
            from[i].taken = true;
            from[i].by = t;
            delivered_words++;
            return;
        }
    }
    if (word < next_word) {
        return; /* the sender is gone by now, or was let go unanswered */
    }
    FAIL("party %u was notified with %lx, which nobody sent", t, word);
}

/* Which party a Process capability in R_C is. */
static unsigned party_in_reg(void)
{
    for (unsigned i = 0; i < PARTIES; i++) {
        obj_get(party[i].p, R_A);
        if (reg_same(R_A, R_C)) {
            return i;
        }
    }
    return NOBODY;
}

/* Whatever somebody received and has not looked at yet. He then stands idle. */
static void look_at_received(unsigned i)
{
    struct lk_regs got;
    unsigned kind, t;

    if (!raw_done(party[i].p)) {
        return;
    }
    got = raw_result(party[i].p);
    kind = lk_kind(got.rax);
    if (kind != LK_KIND_PROXIED && kind != LK_KIND_PROXIED_NOTICE) {
        return;
    }
    proc_get_cap(party[i].p, REG_GOT, R_C);
    t = party_in_reg();
    forced += (got.rax & LK_DLV_FORCED) != 0;
    if (t != NOBODY) { /* else the target was destroyed meanwhile */
        CHECK(t != i);
        if (kind == LK_KIND_PROXIED) {
            arrived(t, got.rdi);
        }
    }
    raw_do(party[i].p, LK_YIELD);
}

/* The message of a sender that has its result may stand in the registers of one who is held, or it
 * came this very moment. */
static bool not_looked_at(uint64_t word)
{
    for (unsigned i = 0; i < PARTIES; i++) {
        struct pstate s = proc_state(party[i].p);

        if ((s.run_state == LK_STATE_READY || s.run_state == LK_STATE_FAULTED) && s.r.rdi == word &&
            lk_kind(s.r.rax) == LK_KIND_PROXIED) {
            return true;
        }
    }
    return false;
}

static void look_at_sender(struct from *f)
{
    struct lk_regs got;

    if (!f->sends || !raw_done(f->p)) {
        return;
    }
    got = raw_result(f->p);
    if (lk_kind(got.rax) == LK_KIND_MESSAGE) {
        CHECK(f->calls);
        CHECK((got.rdi >= ANSWER && got.rdi < ANSWER + PARTIES) || got.rdi == STATUS_INVOKEE_GONE);
        CHECK(got.rdi < ANSWER || !f->taken || f->by == got.rdi - ANSWER);
        answered++;
    } else {
        CHECK(got.rdi == STATUS_OK || got.rdi == STATUS_INVALID_CAP ||
              got.rdi == STATUS_WOULD_BLOCK);
        CHECK(got.rdi != STATUS_OK || !f->calls);
        refused += got.rdi != STATUS_OK;
        if ((got.rdi == STATUS_OK) != (f->taken || not_looked_at(f->word))) {
            FAIL("a sender to party %u has result %lu, and its message %lx was %s", f->to, got.rdi,
                 f->word, f->taken ? "received" : "not received");
        }
    }
    f->sends = false;
}

static void look(void)
{
    for (unsigned i = 0; i < PARTIES; i++) {
        look_at_received(i);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        look_at_sender(&from[i]);
    }
    for (unsigned i = 0; i < PARTIES; i++) {
        check_party(i);
    }
    EQ(kernel_check(), 0);
}

/* ---- Steps ---- */

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
    uint64_t steps = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 20000 : 1500;

    rng = rng_new(sys_options.seed);
    next_word = 0x100;
    delivered_bits = delivered_words = answered = refused = forced = 0;
    for (unsigned i = 0; i < 3; i++) {
        schedule_of(PRIO_HIGH + i);
    }
    schedule_of(120);
    make_all();
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

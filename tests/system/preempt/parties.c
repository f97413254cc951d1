/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parties of random.c, and what the laws say of them; see parties.h.
 */
#include "parties.h"

#define SLACK_NS 200000ull

struct party party[PARTIES];
struct from from[SENDERS];
struct rng rng;
uint64_t next_word;
uint64_t delivered_bits, delivered_words, answered, refused, forced;

/* ---- Making and changing them ---- */

void make_caps(struct party *a)
{
    obj_get(a->x, R_T0);
    OK(lk_endpoint_make_proxy_entry(R_T0, (uint64_t)(a - party), R_T1));
    obj_put(a->proxy, R_T1);
    OK(lk_endpoint_make_proxy_notice(R_T0, UINT32_MAX, R_T1));
    obj_put(a->notice, R_T1);
}

void make_entry(struct party *a)
{
    obj_get(a->x, R_T0);
    OK(lk_endpoint_make_entry(R_T0, 0, R_T1));
    obj_put(a->entry, R_T1);
}

void set_recipient(struct party *a, unsigned who)
{
    obj_get(a->x, R_T0);
    obj_get(who == NOBODY ? NO_OBJ : party[who].p, R_T1);
    OK(lk_endpoint_set_recipient(R_T0, R_T1));
    a->recipient = who;
}

void set_id(struct party *a, uint64_t id)
{
    obj_get(a->x, R_T0);
    OK(lk_endpoint_set_endpoint_id(R_T0, id));
    a->id = id;
}

void point_to(struct party *a, unsigned receiver)
{
    set_receiver(a->p, receiver == NOBODY ? NO_OBJ : party[receiver].entry);
    a->receiver = receiver;
}

void registers_word(struct party *a)
{
    static const uint64_t bounds[] = { 0, SHORT_BOUND, SHORT_BOUND, LONG_BOUND };

    a->bound = bounds[rng_below(&rng, 4)];
    a->registered = rng_below(&rng, 8) != 0;
    a->lowered = false; /* the kernel looks at the word */
    PENDING(a->c) = 0;
    control_set(a->p, a->registered ? a->c.page : NO_OBJ, 6, a->bound);
}

/* A new process in the place of one that is gone. */
void make_process(struct party *a)
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

void make_all(uint64_t seed)
{
    rng = rng_new(seed);
    next_word = 0x100;
    delivered_bits = delivered_words = answered = refused = forced = 0;
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
void look_at_bits(unsigned i)
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
void arrived(unsigned t, uint64_t word)
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
unsigned party_in_reg(void)
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

void look(void)
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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The stage of one round: bringing T into its state and to the place of the event, and getting it
 * to its end.
 */
#include "scene.h"

#define CODE_BYTES 512    /* of target.S, and of lk_invoke */
#define STEPS_MOST 80     /* instructions of a program, and some */
#define YIELD_STEPS 10    /* of the end of a section */
#define GAP_NS 150000     /* shorter than the kernel looks at all its objects */
#define LEAD_NS 60000     /* until bits from the clock, so that T is where it is to be */
#define LEAD_STEP_NS 8000 /* longer by this for each instruction stepped */
#define LONG_SLEEP (1000 * NSEC_PER_MSEC)
#define HAND_HOLD LK_HOLD_BY_HAND
#define STRING_OFFSET 100 /* so that 17 pages have a part of it */

static uint8_t target_string[STRING_BYTES + PAGE] __attribute__((aligned(4096)));
static uint8_t partner_string[STRING_BYTES + PAGE] __attribute__((aligned(4096)));
static uint64_t numbers;
static uint64_t gap_ns = GAP_NS; /* from the start of a call until it is thrown away */

uint64_t new_number(void)
{
    return ++numbers;
}

static bool chance(struct scene *c, unsigned one_in)
{
    return rng_below(c->r, one_in) == 0;
}

/* Where lk_invoke has its system call. */
static uint64_t syscall_at(void)
{
    static uint64_t at;
    const uint8_t *code = (const uint8_t *)(uintptr_t)lk_invoke;

    while (at == 0) {
        if (code[0] == 0x0f && code[1] == 0x05) {
            at = (uint64_t)code;
        }
        code++;
    }
    return at;
}

void pass(uint64_t time)
{
    while (now() <= time) {
    }
}

void bound_set(uint64_t ns)
{
    unsigned slot = gpt_of(own_space(), CONTROL_VA, R_T2);

    OK(lk_gpt_get_slot(R_T2, slot, R_T1));
    OK(lk_process_set_control_word(D_T, 0, ns, R_T1));
}

/* ---- Strings: the number stands in a few places, the rest never changes ---- */

static void string_mark(uint8_t *s, uint64_t number)
{
    for (unsigned i = 0; i < STRING_BYTES; i += PAGE) {
        memcpy(s + STRING_OFFSET + i, &number, sizeof(number));
    }
}

static void string_check(const uint8_t *s, uint64_t number)
{
    for (unsigned i = 0; i < STRING_BYTES; i += PAGE) {
        uint64_t got;

        memcpy(&got, s + STRING_OFFSET + i, sizeof(got));
        EQ(got, number);
    }
}

static void send_string(struct lk_msg *m, uint8_t *s, uint64_t number)
{
    string_mark(s, number);
    m->control |= LK_SSTR;
    m->string = s + STRING_OFFSET;
    m->string_len = STRING_BYTES;
}

static void receive_string(struct lk_msg *m, uint8_t *s)
{
    string_mark(s, 0);
    m->control |= LK_RSTR;
    m->buffer = s + STRING_OFFSET;
    m->buffer_size = STRING_BYTES;
}

/* ---- W ---- */

void partner_start(struct scene *c, enum step what, unsigned inject)
{
    bool alone = inject != 0 || c->place == P_USER || c->state == S_STRING;
    uint64_t answer = c->number ^ NUMBER_ANSWER;
    struct lk_msg *m;

    partner.count = 0;
    if (inject != 0) {
        row_next(&partner, LK_CTL_CALL(C_SYSCTL, 2), OP_SYSCTL_INJECT_RESTART, inject);
    }
    switch (what) {
    case W_NOTHING:
        break;
    case W_RECEIVE:
        m = row_next(&partner, LK_CTL_WAIT(C_GOT, 0, 0, 0), 0, 0);
        if (c->sends) {
            receive_string(m, partner_string);
        }
        break;
    case W_REPLY:
        if (!alone && chance(c, 3)) { /* with a wait behind it, and an end of its own */
            row_next(&partner, LK_CTL_REPLY_WAIT(C_GOT, 3), STATUS_OK, answer);
            break;
        }
        m = row_next(&partner, LK_CTL(LK_SEND, C_GOT, 3), STATUS_OK, answer);
        if (c->state == S_STRING && !c->sends) {
            send_string(m, partner_string, c->number);
        }
        break;
    case W_EARLY:
        row_next(&partner, LK_CTL(LK_SEND, C_EARLY, 3), STATUS_OK, answer);
        break;
    case W_SEND:
        row_next(&partner, LK_CTL(LK_SEND, C_TARGET, 3), STATUS_OK, answer);
        break;
    case W_RESUME:
        row_next(&partner, LK_CTL_CALL(C_T, 2), OP_PROCESS_RESUME, 1);
        break;
    }
    actor_go(&partner, armed_list);
    c->doing = what;
    c->next = W_NOTHING;
}

static void judge_request(struct scene *c, const struct lk_msg *m)
{
    EQ(lk_kind(m->delivery), LK_KIND_MESSAGE);
    EQ(m->id, SERVER_ID);
    EQ(m->payload, SERVER_PAYLOAD);
    EQ(m->w[1], c->number); /* not one before, and not twice */
    EQ(lk_caps(m->delivery), 1);
    if (c->sends) {
        EQ(lk_string_length(m->delivery), STRING_BYTES);
        string_check(partner_string, c->number);
    }
}

void partner_judge(struct scene *c)
{
    const struct lk_msg *m = &partner.row[partner.count - 1];
    enum step was = c->doing;

    actor_intact(&partner);
    c->doing = W_NOTHING;
    if (was == W_RECEIVE) {
        judge_request(c, m);
        c->next = W_REPLY;
    } else {
        STATUS(m->w[0], STATUS_OK); /* a non-blocking answer is never missed */
    }
}

/* It gave its answer, and waits for the next request: a case of its own kind of end. */
static bool partner_waits(struct scene *c)
{
    struct pstate w;

    if (c->doing != W_REPLY || !(partner.row[partner.count - 1].control & LK_RECV)) {
        return false;
    }
    w = actor_look(&partner);
    return w.run_state == LK_STATE_RECEIVING;
}

/* An Entry by which W can end the call that T is in: with the payload as it stands. */
static void make_early(void)
{
    uint64_t payload = 0;

    OK(lk_endpoint_get_state(D_REPLY, NULL, &payload, NULL));
    OK(lk_endpoint_make_entry(D_REPLY, payload, R_T0));
    OK(lk_process_swap_cap_reg(D_W, C_EARLY, R_T0, 0));
}

/* ---- T ---- */

/* What T is at, as the last message of its row. */
void target_row(struct scene *c)
{
    struct lk_msg *m;

    switch (c->state) {
    case S_SLEEPING:
        row_next(&target, LK_CTL_CALL(C_SLEEP, 2), OP_SLEEP_SLEEP_UNTIL, c->wake);
        break;
    case S_FAULTED:
        row_next(&target, LK_CTL_CALL(C_SLEEP, 1), OP_GET_TYPE, 0);
        break;
    case S_OPEN:
        row_next(&target, LK_CTL_WAIT(C_GOT, 0, 0, 0), 0, 0);
        break;
    case S_CLOSED:
    case S_RUNNING:
    case S_READY:
    case S_BLOCKED:
    case S_STRING:
    case STATES:
        m = row_next(&target, LK_CTL_CALL(C_SERVER, 3), 1, c->number);
        if (c->sends) {
            send_string(m, target_string, c->number);
        } else if (c->state == S_STRING) {
            receive_string(m, target_string);
        }
        break;
    }
}

void target_start(struct scene *c, unsigned inject)
{
    target.count = 0;
    if (inject != 0) {
        row_next(&target, LK_CTL_CALL(C_SYSCTL, 2), OP_SYSCTL_INJECT_RESTART, inject);
    }
    target_row(c);
    if (c->state == S_FAULTED) {
        actor_go(&target, c->defers ? armed_defer_break : armed_break);
    } else {
        actor_go(&target, c->defers ? armed_defer : armed_list);
    }
}

struct lk_msg *target_does(uint64_t control, uint64_t id, uint64_t w0, uint64_t w1, uint64_t w2)
{
    struct lk_msg *m;

    target.count = 0;
    m = row_next(&target, control, w0, w1);
    m->w[2] = w2;
    m->id = id;
    actor_go(&target, armed_list);
    settle();
    actor_intact(&target);
    return m;
}

/* The bits that come from the clock. */
void arm_clock(struct scene *c)
{
    struct lk_msg *m;
    uint64_t bits = scene_bit(c);

    if (c->timed == 0) {
        c->timed = now() + LEAD_NS;
    }
    m = target_does(LK_CTL_CALL(C_SLEEP, 3), 0, OP_SLEEP_NOTICE_AT, c->timed, bits << 32);
    STATUS(m->w[0], STATUS_OK);
    c->bits |= (uint32_t)bits;
}

static void wait_state(uint64_t run_state, uint64_t kind)
{
    uint64_t wait = 0;

    EQ(actor_look(&target).run_state, run_state);
    OK(lk_process_get_wait(D_T, &wait, NULL, NULL, NULL, NULL, NULL));
    EQ(wait, kind);
}

void scene_enter(struct scene *c)
{
    bool request = c->state == S_CLOSED || (c->state == S_STRING && !c->sends);
    bool first = request || c->state == S_READY || c->state == S_RUNNING || (c->sends && c->in_gap);

    c->number = new_number();
    if (c->kind == K_TIMED && c->state != S_RUNNING) {
        if (c->place == P_USER || (c->state == S_READY && c->defers)) {
            c->timed = now() + LEAD_NS + STEPS_MOST * LEAD_STEP_NS;
        } else if (c->in_gap) {
            c->timed = now() + LEAD_NS + 2 * gap_ns;
        }
        arm_clock(c);
    }
    if (first) { /* W waits */
        partner_start(c, W_RECEIVE, 0);
        settle();
    }
    if (request) {
        target_start(c, 0);
        settle();
        partner_judge(c);
        wait_state(LK_STATE_RECEIVING, LK_WAIT_CLOSED);
        return;
    }
    if (first) {
        return; /* T begins later */
    }
    c->wake = now() + LONG_SLEEP;
    target_start(c, 0);
    settle();
    if (c->state == S_SLEEPING) {
        wait_state(LK_STATE_RECEIVING, LK_WAIT_SLEEPING);
        make_early();
        c->next = W_EARLY;
    } else if (c->state == S_OPEN) {
        wait_state(LK_STATE_RECEIVING, LK_WAIT_OPEN);
        c->next = W_SEND;
    } else if (c->state == S_FAULTED) {
        EQ(actor_look(&target).run_state, LK_STATE_FAULTED);
        c->next = W_RESUME;
    } else {
        wait_state(LK_STATE_BLOCKED, LK_WAIT_SENDING);
        c->next = W_RECEIVE;
    }
}

/* ---- User instructions ---- */

struct code {
    const char *start;
    bool is[CODE_BYTES]; /* an instruction begins here */
    uint32_t hits[CODE_BYTES];
};
static struct code code[2];
static unsigned program_steps[2]; /* of armed_list and armed_defer, from start to end */
static unsigned yield_turn;
static unsigned lowering_steps; /* of armed_defer, until it lowers *defer* */

static uint32_t *instruction(uint64_t rip, bool **is)
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t at = rip - (uint64_t)code[i].start;

        if (at < CODE_BYTES) {
            *is = &code[i].is[at];
            return &code[i].hits[at];
        }
    }
    return NULL;
}

void note_instruction(const struct scene *c)
{
    bool *is;
    uint32_t *hits = instruction(c->rip, &is);

    if (hits != NULL) {
        ++*hits;
    }
}

/* How many steps into a program the next round goes: all in turn. */
static unsigned choose_steps(const struct scene *c, unsigned most)
{
    static uint32_t used[2][STEPS_MOST];
    uint32_t *u = used[c->defers];
    unsigned n = (unsigned)rng_below(c->r, most);

    for (unsigned i = 0; i < most; i++) {
        n = u[i] < u[n] ? i : n;
    }
    u[n]++;
    return n;
}

unsigned step(struct scene *c, struct actor *a, unsigned n)
{
    unsigned i;

    if (n == 0) {
        return 0;
    }
    OK(lk_process_set_flags(a->reg, 1));
    for (i = 0; i < n; i++) {
        struct pstate s;

        settle();
        s = actor_look(a);
        if (s.run_state == LK_STATE_FAULTED && s.fault == FAULT_SINGLE_STEP) {
            bool *is;

            if (instruction(s.r.rip, &is) != NULL) {
                *is = true;
            }
            OK(lk_process_resume(a->reg, 1));
            continue;
        }
        if (a == &target && s.run_state == LK_STATE_RECEIVING && c->doing == W_RECEIVE) {
            partner_judge(c); /* it has T's request: give T its answer */
            partner_start(c, W_REPLY, 0);
            continue;
        }
        break;
    }
    OK(lk_process_set_flags(a->reg, 0));
    return i;
}

void learn_instructions(void)
{
    static const struct {
        enum state state;
        bool defers;
    } all[] = { { S_READY, false }, { S_READY, true } };
    struct rng r = rng_new(1);

    memset(code, 0, sizeof(code));
    lowering_steps = 0;
    code[0].start = armed_break;
    code[1].start = (const char *)(uintptr_t)lk_invoke;
    for (unsigned i = 0; i < 2; i++) {
        struct scene c = {
            .state = all[i].state, .place = P_USER, .kind = K_LOOK, .defers = all[i].defers, .r = &r
        };

        scene_enter(&c);
        target_start(&c, 0);
        if (c.defers) {
            do {
                lowering_steps += step(&c, &target, 1);
            } while (control_word()[0] != 0);
            lowering_steps--;
        }
        program_steps[i] = lowering_steps + step(&c, &target, STEPS_MOST);
        scene_drive(&c);
        scene_judge(&c);
    }
}

static unsigned instructions(uint64_t *least)
{
    unsigned n = 0;

    *least = UINT64_MAX;
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < CODE_BYTES; j++) {
            if (code[i].is[j]) {
                n++;
                *least = code[i].hits[j] < *least ? code[i].hits[j] : *least;
            }
        }
    }
    return n;
}

uint64_t instructions_least(void)
{
    uint64_t least;

    instructions(&least);
    return least;
}

void instructions_print(void)
{
    uint64_t least;
    unsigned n = instructions(&least);

    sys_say("# a call that is thrown away takes %lu ns", gap_ns);
    sys_say("# user instructions of the stubs: %u, an event at each of them %lu times or more", n,
            least);
}

/* ---- To the place ---- */

/* T or W makes a system call that is thrown away at an acquire point. The kernel compares all its
 * objects first, which takes longer than the clock takes to wake us; so we are here before the call
 * is begun again. */
static void throw_away(struct scene *c)
{
    struct actor *a = &partner;
    uint64_t begun;
    struct pstate s;

    if (c->state == S_READY || c->state == S_RUNNING) {
        c->point = PT_CALL;
        a = &target;
    } else if (c->sends) {
        c->point = PT_CALL_STRING;
        a = &target;
    } else {
        c->point = c->state == S_STRING     ? PT_REPLY_STRING
                   : c->state == S_CLOSED   ? PT_REPLY
                   : c->state == S_SLEEPING ? PT_ANSWER_SLEEPER
                   : c->state == S_OPEN     ? PT_SEND_OPEN
                                            : PT_RESUME;
    }
    c->n = point_next(c->point);
    begun = now();
    if (a == &target) {
        target_start(c, c->n);
    } else {
        partner_start(c, c->next, c->n);
    }
    OK(lk_sleep_sleep_until(R_SLEEP, begun + GAP_NS, NULL));
    s = actor_look(a);
    c->thrown_away =
        injected(c->point, c->n) && s.run_state == LK_STATE_READY && s.r.rip == syscall_at();
    if (c->thrown_away && gap_ns < now() - begun) {
        gap_ns = now() - begun;
    }
    c->n = 0;
}

static void hold_target(struct scene *c)
{
    if (chance(c, 2) && !c->defers && hand.count < UINT64_MAX) {
        uint32_t bit = scene_bit(c);

        hand.keep = true;
        c->bits |= bit;
        OK(lk_appnotice_post(D_PREEMPT, bit));
        CHECK(hand.current);
        return;
    }
    OK(lk_process_set_not_schedulable(D_T, HAND_HOLD, NULL));
    c->held = true;
}

void scene_approach(struct scene *c)
{
    if (c->state == S_READY && !c->in_gap) {
        target_start(c, 0);
    }
    if (c->in_gap) {
        throw_away(c);
    } else if (c->state == S_READY && (c->place != P_HELD || chance(c, 2))) {
        if (c->defers &&
            chance(c, 3)) { /* at the end of its section, with something to yield for */
            uint32_t bit = scene_bit(c);

            step(c, &target, lowering_steps);
            c->bits |= bit;
            OK(lk_appnotice_post(D_PREEMPT, bit));
            step(c, &target, yield_turn++ % YIELD_STEPS);
        } else {
            step(c, &target, choose_steps(c, program_steps[c->defers]));
        }
        c->stepped = true;
    } else if (c->place == P_USER && c->state != S_RUNNING) {
        partner_start(c, c->next, 0);
        step(c, &partner, (unsigned)rng_below(c->r, 24));
        c->stepped = true;
    }
    if (c->place == P_HELD) {
        hold_target(c);
    }
}

static enum state waiting_state(const struct scene *c)
{
    uint64_t wait = 0;

    OK(lk_process_get_wait(D_T, &wait, NULL, NULL, NULL, NULL, NULL));
    if (wait == LK_WAIT_CLOSED) {
        return c->state == S_STRING && !c->sends ? S_STRING : S_CLOSED;
    }
    return wait == LK_WAIT_SLEEPING ? S_SLEEPING : S_OPEN;
}

bool scene_classify(struct scene *c)
{
    struct pstate s = actor_look(&target);

    if (at_end(&s)) {
        return false;
    }
    switch (s.run_state) {
    case LK_STATE_RECEIVING:
        c->seen = waiting_state(c);
        break;
    case LK_STATE_BLOCKED:
        c->seen = c->sends ? S_STRING : S_BLOCKED;
        break;
    case LK_STATE_FAULTED:
        c->seen = S_FAULTED;
        break;
    default:
        c->seen = c->sends && c->thrown_away ? S_STRING : S_READY;
        break;
    }
    c->rip = c->seen == S_READY ? s.r.rip : c->stepped ? actor_look(&partner).r.rip : 0;
    if (s.holds != 0) {
        c->where = P_HELD;
    } else if (control_word()[0] != 0) {
        c->where = P_DEFER;
    } else if (c->thrown_away) {
        c->where = P_ACQUIRE;
    } else if (c->stepped || c->seen == S_READY) {
        c->where = P_USER;
    } else {
        c->where = P_WAIT;
    }
    return true;
}

/* ---- To the end ---- */

/* It has lowered *defer*, and has yet to see that something is pending. */
static bool about_to_yield(const struct pstate *s)
{
    return s->run_state == LK_STATE_READY && control_word()[1] != 0 &&
           s->r.rip >= (uint64_t)armed_lowered && s->r.rip <= (uint64_t)armed_yield;
}

void scene_quiet(struct scene *c)
{
    struct pstate s = actor_look(&target);
    uint64_t r_holds = 0;
    bool pends = s.notices >> 32 != 0 || (poster.busy && hand.number != poster.number);
    bool open;

    OK(lk_process_get_state(D_R, NULL, &r_holds, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL));
    EQ(s.holds & 1, hand.current);
    open = pends && !hand.busy && !hand.current && r_holds == 0;
    if (open && control_word()[0] == 0 && !about_to_yield(&s)) {
        FAIL("lost wake-up: something waits for T, which could be notified");
    }
    if (open && !c->bounded && control_word()[0] != 0) {
        EQ(control_word()[1], 1);
    }
    CHECK(control_word()[1] == 0 || pends);
}

void scene_release(struct scene *c)
{
    if (hand.current) {
        order_r(ORDER_FINISH);
    }
    if (c->held) {
        OK(lk_process_clear_not_schedulable(D_T, HAND_HOLD, NULL));
        c->held = false;
    }
    if (hand.busy) {
        order_r(ORDER_BACK);
    }
    hand.keep = false;
    CHECK(!hand.current);
    scene_quiet(c);
}

/* A plain notice has ended T's open wait: take it, and wait again, before W's message. */
void scene_reopen(struct scene *c)
{
    struct lk_msg *m = &target.row[0];

    OK(lk_process_set_not_schedulable(D_W, HAND_HOLD, NULL));
    settle();
    actor_intact(&target);
    EQ(lk_kind(m->delivery), LK_KIND_NOTICE);
    EQ(m->w[0], c->plain);
    EQ(m->id, LK_NOTICE_ID);
    c->plain = 0;
    c->reopen = false;
    c->defers = false;
    target_start(c, 0);
    settle();
    wait_state(LK_STATE_RECEIVING, LK_WAIT_OPEN);
    OK(lk_process_clear_not_schedulable(D_W, HAND_HOLD, NULL));
}

void scene_drive(struct scene *c)
{
    for (unsigned i = 0; i < 12; i++) {
        struct pstate s, w;

        settle();
        s = actor_look(&target);
        w = actor_look(&partner);
        if (c->doing != W_NOTHING && at_end(&w)) {
            partner_judge(c);
        } else if (partner_waits(c)) {
            c->doing = W_NOTHING;
            actor_go(&partner, armed_end); /* it is not to take the next request yet */
        } else if (c->doing == W_NOTHING && c->next != W_NOTHING) {
            partner_start(c, c->next, 0);
        } else if (at_end(&s) && c->doing == W_NOTHING) {
            return;
        }
    }
    {
        struct pstate s = actor_look(&target);

        FAIL("T hangs: run state %lu, holds %lx, rip %lx, defer %x, pending %x; W is at step %d",
             s.run_state, s.holds, s.r.rip, control_word()[0], control_word()[1], (int)c->doing);
    }
}

static void judge_target(struct scene *c)
{
    const struct lk_msg *m = &target.row[target.count - 1];

    actor_intact(&target);
    EQ(lk_kind(m->delivery), LK_KIND_MESSAGE);
    EQ(m->w[0], STATUS_OK);
    if (c->state == S_FAULTED) {
        EQ(m->w[1], LK_TYPE_SLEEP);
    } else {
        EQ(m->w[1], c->number ^ NUMBER_ANSWER);
    }
    EQ(m->id, c->state == S_OPEN ? T_OPEN_ID : T_REPLY_ID);
    if (c->state == S_STRING && !c->sends) {
        EQ(lk_string_length(m->delivery), STRING_BYTES);
        string_check(target_string, c->number);
    }
}

void scene_judge(struct scene *c)
{
    struct pstate s;

    judge_target(c);
    if (c->plain != 0) {
        struct lk_msg *m = target_does(LK_RECV | LK_CLOSED, LK_NOTICE_ID, 0, 0, 0);

        EQ(lk_kind(m->delivery), LK_KIND_NOTICE);
        EQ(m->w[0], c->plain);
    }
    EQ(hand.bits, c->bits);
    hand.bits = 0;
    CHECK(!poster.busy);
    EQ(hand.messages, c->messages);
    hand.messages = 0;
    STATUS(poster.result, STATUS_OK);
    if (poster.kind == K_CALL) {
        EQ(poster.answer, poster.number ^ NUMBER_ANSWER);
    }
    EQ(hand.forced, c->bounded);
    hand.forced = 0;
    s = actor_look(&target);
    EQ(s.holds, 0);
    EQ(s.notices, 0);
    EQ(control_word()[0], 0);
    EQ(control_word()[1], 0);
}

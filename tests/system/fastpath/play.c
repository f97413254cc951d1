/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A play, played twice.
 */
#include "play.h"

#define SENDERS 4
#define STEPS 2
#define REHEARSALS 3 /* the long way, which notes; then twice what the fast path does with that */

struct looks {
    struct look client, server, sender[SENDERS];
    struct lk_preemption notices[2]; /* of the two; no times */
    uint8_t fpu[2][512];
    uint64_t reply[3], endpoint[3]; /* states of the two endpoints */
    uint64_t heard[2];              /* a sum of what was received as strings */
};

/* What both send, and what client and server receive. */
static uint8_t said[LK_MAX_STRING + STRING_AT];
static uint8_t heard[2][LK_MAX_STRING + STRING_AT];

struct cast {
    obj client, server, sender[SENDERS];
    obj endpoint, own, reply;
    obj third;       /* becomes a recipient */
    obj schedule[2]; /* of client and server, if that is to be destroyed */
    unsigned senders;
};

static void endpoint_state(obj e, uint64_t s[3])
{
    obj_get(e, R_A);
    if (reg_type(R_A) == LK_TYPE_ENDPOINT) {
        OK(lk_endpoint_get_state(R_A, &s[0], &s[1], &s[2]));
    }
}

static void notices_of(obj p, struct lk_preemption *n)
{
    obj_get(p, R_A);
    OK(lk_process_get_preemption(R_A, n, sizeof(*n), NULL));
    memset(n->hold_since, 0, sizeof(n->hold_since));
    n->deferred_since = 0;
}

static void fpu_state(obj p, uint8_t image[512])
{
    size_t n = 0;

    obj_get(p, R_A);
    OK(lk_process_get_fpu(R_A, image, 512, &n));
    EQ(n, 512);
}

static void look_at_all(const struct cast *c, struct looks *l)
{
    memset(l, 0, sizeof(*l));
    look_at(c->client, &l->client);
    look_at(c->server, &l->server);
    for (unsigned i = 0; i < c->senders; i++) {
        look_at(c->sender[i], &l->sender[i]);
    }
    notices_of(c->client, &l->notices[0]);
    notices_of(c->server, &l->notices[1]);
    fpu_state(c->client, l->fpu[0]);
    fpu_state(c->server, l->fpu[1]);
    endpoint_state(c->endpoint, l->endpoint);
    endpoint_state(c->reply, l->reply);
    for (unsigned i = 0; i < 2; i++) {
        for (size_t at = 0; at < sizeof(heard[i]); at++) {
            l->heard[i] = l->heard[i] * 31 + heard[i][at];
        }
    }
}

static void fpu_of(obj p, uint8_t value)
{
    static uint8_t image[512];

    memset(image, 0, sizeof(image));
    image[200] = value;
    obj_get(p, R_A);
    OK(lk_process_set_fpu(R_A, image, sizeof(image)));
}

static void notice_to(obj endpoint)
{
    obj_get(endpoint, R_A);
    OK(lk_endpoint_make_app_notice(R_A, 0xff, R_B));
    OK(lk_appnotice_post(R_B, 0x21));
}

static void set_label(obj p, uint64_t label)
{
    obj_get(p, R_A);
    OK(lk_process_set_label(R_A, label, 0));
}

/* Let `n` senders send, to whom they were made for. */
static void senders_enter(struct cast *c, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        raw_do_word(c->sender[c->senders], LK_CTL(LK_SEND | LK_BLOCK, SERVER, 1), 900 + c->senders);
        c->senders++;
    }
}

static void senders_make(struct cast *c, unsigned n, obj endpoint)
{
    for (unsigned i = 0; i < n; i++) {
        obj p = proc_new(PRIO_HIGH);

        set_label(p, 0x73);
        proc_cap(p, SERVER, entry_new(endpoint, i));
        c->sender[c->senders++] = p;
    }
}

static void reply_endpoint(struct cast *c, enum reply_endpoint kind)
{
    if (kind == FIT) { /* as it is */
        return;
    }
    if (kind == NONE) {
        c->reply = NO_OBJ;
        proc_slot(c->client, SLOT_REPLY_ENDPOINT, NO_OBJ);
        return;
    }
    c->reply = endpoint_new(kind == OTHERS ? c->server : c->client, REPLY_ID, kind != NO_MATCH);
    proc_slot(c->client, SLOT_REPLY_ENDPOINT, c->reply);
    if (kind == GONE) {
        obj_rescind(c->reply);
    }
}

/* The server in its wait, with everything about it that the play asks for. */
static void server_enters(struct cast *c, const struct play *play)
{
    struct lk_regs r = canary_regs(play->server_wait, 2);

    if (play->server_fpu) {
        fpu_of(c->server, 0x55);
    }
    if (play->server_wait != 0) {
        r.fs_base = play->server_fs_base;
        r.r8 = play->server_id;
        r.r9 = play->server_limit << 32;
        if (play->strings) {
            r.rbp = (uint64_t)heard[1] + play->to_at;
        }
        raw_go(c->server, &r);
    } else {
        raw_do(c->server, LK_YIELD); /* and no more */
    }
    if (play->server_notice) {
        notice_to(c->endpoint);
    }
    if (play->server_held) {
        proc_hold(c->server, 3);
    }
    if (play->server_unscheduled) {
        proc_slot(c->server, SLOT_SCHEDULE, NO_OBJ);
    }
}

static void client_enters(struct cast *c, const struct play *play)
{
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        proc_cap(c->client, GOT + i, c->own);
        proc_cap(c->server, REPLY + i, c->own);
    }
    senders_enter(c, play->blocked_on_client);
    if (play->client_notice) {
        notice_to(c->own);
    }
    if (play->client_fpu) {
        fpu_of(c->client, 0x44);
    }
    if (play->client_traced) {
        obj_get(c->client, R_A);
        OK(lk_process_set_flags(R_A, 2));
    }
}

/* What may be sent, to both. Each register has another type than the next one. */
static void gifts_made(const struct cast *c)
{
    obj gift[GIFTS];

    gift[0] = page_new();
    gift[1] = c->client;
    gift[2] = obj_new(LK_TYPE_GPT);
    gift[3] = obj_keep(R_SLEEP);
    gift[4] = page_new();
    gift[5] = entry_new(endpoint_new(c->server, 75, true), 9);
    for (unsigned i = 0; i < GIFTS; i++) {
        proc_cap(c->client, GIFT + i, gift[i]);
        proc_cap(c->server, GIFT + i, gift[i]);
    }
    obj_rescind(gift[4]);
}

/* A schedule of its own, which can be destroyed. */
static obj own_schedule(obj p, unsigned priority)
{
    obj s = obj_new(LK_TYPE_SCHEDULE);

    obj_get(s, R_A);
    OK(lk_schedctl_set_up(R_SCHEDCTL, priority, 10 * NSEC_PER_MSEC, 1, R_A));
    proc_slot(p, SLOT_SCHEDULE, s);
    return s;
}

/* All that is made, and what they hold. */
static void cast_made(struct cast *c, const struct play *play)
{
    obj stale = page_new();

    c->client = proc_new(PRIO_HIGH);
    c->server = proc_new(play->server_priority);
    set_label(c->client, 0x63);
    set_label(c->server, 0x73);
    c->endpoint = endpoint_new(c->server, SERVER_ID, false);
    c->own = endpoint_new(c->client, 72, false);
    c->reply = endpoint_new(c->client, REPLY_ID, true);
    proc_slot(c->client, SLOT_REPLY_ENDPOINT, c->reply);
    proc_cap(c->client, SERVER, entry_new(c->endpoint, 0x123456));
    proc_cap(c->client, STALE, stale);
    obj_rescind(stale);
    proc_cap(c->client, KERNEL, c->endpoint);
    obj_get(c->endpoint, R_A);
    OK(lk_endpoint_make_app_notice(R_A, NOTICE_BITS, R_B));
    proc_cap(c->client, NOTICE, obj_keep(R_B));
    obj_get(c->endpoint, R_A);
    OK(lk_endpoint_make_proxy_notice(R_A, NOTICE_BITS, R_B));
    proc_cap(c->client, NOTICE + 1, obj_keep(R_B));
    gifts_made(c);
    senders_make(c, play->blocked_on_client, c->own);
    senders_make(c, play->server_wait == 0 ? play->blocked_on_server : 0, c->endpoint);
    c->senders = 0;
    if (play->change != NO_CHANGE) {
        c->third = proc_new(PRIO_HIGH);
        raw_do(c->third, LK_RECV | LK_CTL_RECVS(REPLY, 0, 0, 0));
        c->schedule[0] = own_schedule(c->client, PRIO_HIGH);
        c->schedule[1] = own_schedule(c->server, play->server_priority);
    }
}

static void goes(obj p, const struct play *play, uint64_t control, unsigned who)
{
    struct lk_regs r = canary_regs(control, who);

    r.fs_base = who == 1 ? play->client_fs_base : play->server_fs_base;
    r.r9 = who == 1 ? play->call_lengths : play->answer_lengths;
    r.rbp = play->strings ? (uint64_t)heard[who != 1] + play->to_at : 0x1000;
    r.r10 = play->strings ? (uint64_t)said + play->from_at : 0x2000;
    if (who == 1 && play->post != 0) {
        r.rdi = OP_APPNOTICE_POST;
        r.rsi = play->post;
    }
    raw_go(p, &r);
}

/* They do it a few times, so that the long way has noted all that the fast path asks for. What is
 * made or unmade afterwards is part of the play: it has to be forgotten. */
static void rehearse(const struct cast *c, const struct play *play)
{
    static const struct play plain;
    uint64_t call = play->rehearse_wide ? play->call : LK_CTL_CALL(SERVER, 1);
    uint64_t answer = play->rehearse_wide ? play->answer : LK_CTL_REPLY_WAIT(REPLY, 1);

    raw_do(c->server,
           play->rehearse_wide ? play->server_wait : LK_RECV | LK_CTL_RECVS(REPLY, 0, 0, 0));
    for (unsigned i = 0; i < REHEARSALS; i++) {
        goes(c->client, play->rehearse_wide ? play : &plain, call, 1);
        sleep_ns(50000);
        goes(c->server, play->rehearse_wide ? play : &plain, answer, 3);
        sleep_ns(50000);
    }
    if (play->post != 0) { /* to a server that does not wait, which then has its notice */
        struct play post = { .post = 1 };

        goes(c->client, &plain, LK_CTL_CALL(SERVER, 1), 1);
        sleep_ns(50000);
        goes(c->server, &plain, LK_CTL(LK_SEND, REPLY, 1), 3);
        sleep_ns(50000);
        goes(c->client, &post, LK_CTL_CALL(NOTICE, 2), 1);
        raw_do(c->server, LK_RECV);
        raw_do(c->server, LK_RECV | LK_CTL_RECVS(REPLY, 0, 0, 0));
    }
}

static void change(const struct cast *c, enum change change)
{
    obj e = change < REPLY_ENDPOINT_ID ? c->endpoint : c->reply;

    obj_get(e, R_A);
    switch (change) {
    case ENDPOINT_ID:
    case REPLY_ENDPOINT_ID:
        OK(lk_endpoint_set_endpoint_id(R_A, 79));
        break;
    case ENDPOINT_RECIPIENT:
    case REPLY_ENDPOINT_RECIPIENT:
        obj_get(c->third, R_B);
        OK(lk_endpoint_set_recipient(R_A, R_B));
        break;
    case ENDPOINT_MATCH:
        OK(lk_endpoint_set_payload_match(R_A, 1));
        break;
    case REPLY_ENDPOINT_MATCH:
        OK(lk_endpoint_set_payload_match(R_A, 0));
        EQ(kernel_check(), 0);
        OK(lk_endpoint_set_payload_match(R_A, 1));
        break;
    case ENDPOINT_GONE:
    case REPLY_ENDPOINT_GONE:
        obj_rescind(e);
        break;
    case SERVER_LOWER:
    case SERVER_HIGHER:
        proc_slot(c->server, SLOT_SCHEDULE,
                  schedule_of(change == SERVER_LOWER ? PRIO_HIGH - 1 : PRIO_HIGH + 1));
        break;
    case CLIENT_LOWER:
    case CLIENT_HIGHER:
        proc_slot(c->client, SLOT_SCHEDULE,
                  schedule_of(change == CLIENT_LOWER ? PRIO_HIGH - 1 : PRIO_HIGH + 1));
        break;
    case SERVER_SCHEDULE_GONE:
    case CLIENT_SCHEDULE_GONE:
        obj_rescind(c->schedule[change == SERVER_SCHEDULE_GONE]);
        break;
    case NO_CHANGE:
    case CHANGES:
        break;
    }
    EQ(kernel_check(), 0);
}

static void play_once(const struct play *play, struct looks looks[STEPS])
{
    struct cast c = { .senders = 0 };

    memset(heard, 0, sizeof(heard));
    for (size_t at = 0; at < sizeof(said); at++) {
        said[at] = (uint8_t)(at * 7 + at / 251);
    }
    cast_made(&c, play);
    rehearse(&c, play);
    reply_endpoint(&c, play->reply);
    client_enters(&c, play);
    server_enters(&c, play);
    senders_enter(&c, play->server_wait == 0 ? play->blocked_on_server : 0);
    if (!play->late) {
        change(&c, play->change);
    }
    for (unsigned i = 0; i <= play->times; i++) {
        goes(c.client, play, play->call, 1);
    }
    sleep_ns(50000); /* those of low priority run */
    look_at_all(&c, &looks[0]);
    EQ(kernel_check(), 0);
    if (play->late) {
        change(&c, play->change);
    }
    if (play->answer != 0) {
        goes(c.server, play, play->answer, 3);
        sleep_ns(50000);
    }
    if (play->then != 0) {
        goes(c.client, play, play->then, 1);
        sleep_ns(50000);
    }
    look_at_all(&c, &looks[1]);
}

static void compare(const struct looks *a, const struct looks *b)
{
    look_same(&a->client, &b->client, "the client");
    look_same(&a->server, &b->server, "the server");
    for (unsigned i = 0; i < SENDERS; i++) {
        look_same(&a->sender[i], &b->sender[i], "a sender");
    }
    if (memcmp(a->notices, b->notices, sizeof(a->notices)) != 0) {
        FAIL("pending notices, or what is counted of them, differ");
    }
    if (memcmp(a->fpu, b->fpu, sizeof(a->fpu)) != 0) {
        FAIL("FPU states differ");
    }
    for (unsigned i = 0; i < 2; i++) {
        EQ(a->heard[i], b->heard[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        EQ(a->reply[i], b->reply[i]);
        EQ(a->endpoint[i], b->endpoint[i]);
    }
}

void play_both(const struct play *play)
{
    static struct looks fast[STEPS], slow[STEPS];
    unsigned mark;
    uint64_t frames;

    if (!sys_turn()) {
        return;
    }
    parking_entry();
    own_space();
    schedule_of(PRIO_HIGH);
    schedule_of(play->server_priority);
    mark = shelf_mark();
    frames = frames_mark();
    for (unsigned i = 0; i < 2; i++) {
        OK(lk_sysctl_set_fast_path(R_SYSCTL, i == 0));
        play_once(play, i == 0 ? fast : slow);
        shelf_back(mark);
        frames_back(frames);
    }
    for (unsigned i = 0; i < STEPS; i++) {
        compare(&fast[i], &slow[i]);
    }
}

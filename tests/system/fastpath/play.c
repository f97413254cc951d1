/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A play, played twice.
 */
#include "play.h"

#define SENDERS 4
#define STEPS 2

struct looks {
    struct look client, server, sender[SENDERS];
    uint64_t reply[3], endpoint[3]; /* states of the two endpoints */
};

struct cast {
    obj client, server, sender[SENDERS];
    obj endpoint, reply;
    unsigned senders;
};

static void endpoint_state(obj e, uint64_t s[3])
{
    obj_get(e, R_A);
    if (reg_type(R_A) == LK_TYPE_ENDPOINT) {
        OK(lk_endpoint_get_state(R_A, &s[0], &s[1], &s[2]));
    }
}

static void look_at_all(const struct cast *c, struct looks *l)
{
    memset(l, 0, sizeof(*l));
    look_at(c->client, &l->client);
    look_at(c->server, &l->server);
    for (unsigned i = 0; i < c->senders; i++) {
        look_at(c->sender[i], &l->sender[i]);
    }
    endpoint_state(c->endpoint, l->endpoint);
    endpoint_state(c->reply, l->reply);
}

static void fpu_of(obj p)
{
    static uint8_t image[512];

    memset(image, 0, sizeof(image));
    image[200] = 0x44;
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

static void add_sender(struct cast *c, obj entry)
{
    obj p = proc_new(PRIO_HIGH);

    set_label(p, 0x73);
    proc_cap(p, SERVER, entry);
    raw_do_word(p, LK_CTL(LK_SEND | LK_BLOCK, SERVER, 1), 900 + c->senders);
    c->sender[c->senders++] = p;
}

static void reply_endpoint(struct cast *c, enum reply_endpoint kind)
{
    if (kind == NONE) {
        c->reply = NO_OBJ;
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
        fpu_of(c->server);
    }
    if (play->server_wait != 0) {
        r.r8 = play->server_id;
        r.r9 = 0;
        raw_go(c->server, &r);
    }
    if (play->server_notice) {
        notice_to(c->endpoint);
    }
    if (play->server_held) {
        proc_hold(c->server, 3);
    }
    proc_slot(c->server, SLOT_SCHEDULE,
              play->server_unscheduled ? NO_OBJ : schedule_of(play->server_priority));
}

static void client_enters(struct cast *c, const struct play *play)
{
    obj stale = page_new();
    obj own = endpoint_new(c->client, 72, false);

    proc_cap(c->client, SERVER, entry_new(c->endpoint, 0x123456));
    proc_cap(c->client, STALE, stale);
    obj_rescind(stale);
    proc_cap(c->client, KERNEL, c->endpoint);
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        proc_cap(c->client, GOT + i, own);
        proc_cap(c->server, REPLY + i, own);
    }
    for (unsigned i = 0; i < play->blocked_on_client; i++) {
        add_sender(c, entry_new(own, i));
    }
    if (play->client_notice) {
        notice_to(own);
    }
    if (play->client_fpu) {
        fpu_of(c->client);
    }
    if (play->client_traced) {
        obj_get(c->client, R_A);
        OK(lk_process_set_flags(R_A, 2));
    }
}

static void play_once(const struct play *play, struct looks looks[STEPS])
{
    struct lk_regs r = canary_regs(play->call, 1);
    struct cast c = { .senders = 0 };

    c.client = proc_new(PRIO_HIGH);
    c.server = proc_new(play->server_priority);
    set_label(c.client, 0x63);
    set_label(c.server, 0x73);
    c.endpoint = endpoint_new(c.server, SERVER_ID, false);
    reply_endpoint(&c, play->reply);
    client_enters(&c, play);
    server_enters(&c, play);
    for (unsigned i = 0; i < play->blocked_on_server && play->server_wait == 0; i++) {
        add_sender(&c, entry_new(c.endpoint, i));
    }
    r.r9 = play->call_lengths;
    r.rbp = 0x1000;
    r.r10 = 0x2000;
    raw_go(c.client, &r);
    sleep_ns(50000); /* those of low priority run */
    look_at_all(&c, &looks[0]);
    if (play->answer != 0) {
        r = canary_regs(play->answer, 3);
        r.r9 = play->answer_lengths;
        r.rbp = 0x1000;
        r.r10 = 0x2000;
        raw_go(c.server, &r);
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

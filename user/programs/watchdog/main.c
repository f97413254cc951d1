/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watchdog: four clients must give it a sign of life now and then. Whoever gives none is stopped by
 * preemption notification, looked at, and allowed to go on as if nothing had happened; the second
 * time it is destroyed. README.md tells the story; the clients are in ../watched.
 *
 * A sign is a notice, which costs the client one system call that never waits. Whoever is late is
 * late for several checks in a row, and has had its chance to run in between, so that a machine
 * that stands still for a while accuses nobody.
 */
#include "watch.h"

#include <lykos/lykos.h>

#define CHECK_MSEC 20u
#define PATIENCE 3u                   /* checks without a sign */
#define BOUND (30 * LK_NSEC_PER_MSEC) /* a client may defer as long as this */
#define CHANCE (5 * LK_NSEC_PER_MSEC) /* of CPU time */
#define SIGNS_WANTED 20u              /* of the calm one, before the story is over */
#define ANSWER_MSEC 1000u             /* the server has this long to answer: it takes far less */
#define TICK 0x80000000u              /* our timed notice; the bits below are signs of life */
#define SAME_LOOP 16ul                /* bytes of code that are the looper's loop, at most */

/* Capability registers, behind those that the description names. */
enum {
    REG_PROCESS = 16,                 /* of client i: + i */
    REG_STOP = REG_PROCESS + CLIENTS, /* the proxy notice that stops client i: + i */
    REG_TARGET = LK_REG_CALLER,       /* and the three behind it: what came */
    REG_REPLY = LK_REG_FREE,
    REG_WORK,
    REG_HURRY /* the notice to the waiter's server */
};

struct client {
    const char *name;
    uint64_t number; /* at init.programs */
    bool watched;
    bool notified;       /* it was posted to stop, and has not been stopped yet */
    unsigned signs;      /* signs of life that were seen */
    unsigned late;       /* checks since the last one */
    unsigned stops;      /* how often it was stopped */
    uint64_t seen;       /* time of the last sign */
    uint64_t cpu_seen;   /* its CPU time then */
    uint64_t cpu_chance; /* its CPU time since which it has its chance to give another */
    struct lk_look look; /* when it was stopped last */
};

static struct client clients[CLIENTS] = {
    [CALM] = { .name = "calm" },
    [LOOPER] = { .name = "looper" },
    [WAITER] = { .name = "waiter" },
    [HOLDER] = { .name = "holder" },
};
static uint64_t silent_number;
static unsigned destroyed;
static bool over, wrong;

/* One point of the story. */
static void point(bool good, const char *what)
{
    say("%s: %s", good ? "as it should be" : "NOT AS IT SHOULD BE", what);
    wrong |= !good;
}

/* ---- The list of programs, at init ---- */

static uint64_t find_program(const char *name)
{
    uint64_t number = 0;

    lk_must(programs_find(lk_cap("programs"), name, strlen(name), &number), name);
    return number;
}

static void destroy_program(uint64_t number)
{
    programs_destroy(lk_cap("programs"), number, 0); /* NOT_FOUND: it is gone already */
}

/* Each is a job of its own, so that each can be destroyed without the others. One that is left from
 * an earlier story goes first. */
static void start_program(uint64_t number, const char *name)
{
    destroy_program(number);
    lk_must(programs_start(lk_cap("programs"), number, 0, 0, "", 0, 0, NULL, 0, NULL), name);
}

/* A client has given a sign of life. */
static void note_sign(unsigned i)
{
    struct client *c = &clients[i];
    struct lk_look look;

    c->signs++;
    c->late = 0;
    c->seen = lk_now();
    if (lk_target_look(REG_PROCESS + i, &look) == STATUS_OK) {
        c->cpu_seen = look.cpu_time;
        c->cpu_chance = look.cpu_time;
    }
    if (c->stops > 0) {
        say("%s has given a sign again", c->name);
    }
}

/* ---- A client asks to be watched ---- */

static bool is_type(uint32_t reg, uint64_t wanted)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_discrim_classify(lk_cap("discrim"), reg, &type, NULL) == STATUS_OK && type == wanted;
}

/* Its Process, page and server's notice are in the registers behind REG_TARGET. What it says to be
 * a Process is looked at first: a call to something else might never be answered. */
static enum status watch(unsigned i, uint64_t offset)
{
    enum status s;

    if (!is_type(REG_TARGET + 1, LK_TYPE_PROCESS)) {
        return STATUS_REQUEST_ERROR;
    }
    lk_copy_cap(REG_TARGET + 1, REG_PROCESS + i);
    s = lk_endpoint_make_entry(lk_cap(clients[i].name), 0, REG_WORK);
    if (s == STATUS_OK) {
        s = lk_preempt_register(REG_PROCESS + i, REG_WORK);
    }
    if (s == STATUS_OK) {
        s = lk_preempt_make_notice(REG_PROCESS + i, 1, REG_STOP + i);
    }
    if (s == STATUS_OK && is_type(REG_TARGET + 2, LK_TYPE_PAGE)) {
        s = lk_process_set_control_word(REG_PROCESS + i, offset, BOUND, REG_TARGET + 2);
    }
    if (s == STATUS_OK && is_type(REG_TARGET + 3, LK_TYPE_APPNOTICE)) {
        lk_copy_cap(REG_TARGET + 3, REG_HURRY);
    }
    if (s == STATUS_OK) {
        clients[i].watched = true;
        note_sign(i);
    }
    return s;
}

static void take_request(struct lk_event *event)
{
    event->answer = true;
    event->out_words = 1;
    event->out[0] = event->w[0] != WATCH_ME || event->payload >= CLIENTS
                        ? STATUS_UNKNOWN_REQUEST
                        : watch((unsigned)event->payload, event->w[1]);
}

/* ---- Signs of life, and whoever gives none ---- */

/* Could it have given a sign, had it wanted to? Not if it is ready and others had the CPU, nor if
 * it sleeps and wakes soon. */
static bool had_its_chance(const struct client *c, const struct lk_look *look)
{
    if (look->wait == LK_WAIT_SLEEPING) {
        return look->until > lk_now() + CHECK_MSEC * LK_NSEC_PER_MSEC;
    }
    return look->run_state != LK_STATE_READY || look->cpu_time - c->cpu_chance >= CHANCE;
}

/* A client is late. Looking at it goes unnoticed. */
static void consider(unsigned i)
{
    struct client *c = &clients[i];
    struct lk_look look;

    if (lk_target_look(REG_PROCESS + i, &look) != STATUS_OK) {
        point(false, "a client is gone that nobody has destroyed");
        c->watched = false;
        destroyed++;
    } else if (had_its_chance(c, &look)) {
        say("%s has given no sign for a while: it is to be stopped", c->name);
        c->notified = true;
        lk_must(lk_appnotice_post(REG_STOP + i, 1), "posting the notice");
    }
}

static void check_all(void)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *c = &clients[i];

        if (c->watched && !c->notified && ++c->late > PATIENCE) {
            consider(i);
        }
    }
    over =
        destroyed >= CLIENTS - 1 && (clients[CALM].signs >= SIGNS_WANTED || !clients[CALM].watched);
    lk_must(lk_notice_in(CHECK_MSEC, TICK), "the next check");
}

static void take_notice(uint64_t bits)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        if ((bits >> i & 1) != 0 && clients[i].watched) {
            note_sign(i);
        }
    }
    if ((bits & TICK) != 0) {
        check_all();
    }
}

/* ---- Somebody was stopped ---- */

/* What was seen, in words. */
static void report(const struct client *c, bool forced)
{
    const struct lk_look *l = &c->look;
    char words[96];

    say("%s is stopped%s: it %s", c->name, forced ? ", in spite of its deferral" : "",
        lk_target_words(l, words, sizeof(words)));
    say("  %lu ms since its last sign; %lu ms of CPU time since then",
        (lk_now() - c->seen) / LK_NSEC_PER_MSEC, (l->cpu_time - c->cpu_seen) / LK_NSEC_PER_MSEC);
}

/* Are all registers of the looper as it filled them, but for the one that it counts in? */
static bool looper_intact(const struct lk_regs *r)
{
    const uint64_t kept[] = { r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->r8,
                              r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14 };

    for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (kept[i] != LOOPER_CANARY) {
            return false;
        }
    }
    return true;
}

/* `before`: how it looked when it was stopped the time before. */
static void judge_looper(const struct client *c, const struct lk_look *before)
{
    const struct lk_regs *r = &c->look.regs;

    point(c->look.run_state == LK_STATE_READY && looper_intact(r), "the looper is in its loop");
    if (c->stops == 2) {
        point(r->r15 > before->regs.r15 && r->rip - before->regs.rip + SAME_LOOP < 2 * SAME_LOOP,
              "after the first time it went on as if nothing had happened");
    }
}

/* The first time its server is told to answer: the answer comes while the waiter is stopped. */
static void judge_waiter(struct client *c)
{
    uint64_t limit = lk_now() + ANSWER_MSEC * LK_NSEC_PER_MSEC;

    point(c->look.wait == LK_WAIT_CLOSED && strcmp(c->look.waits_for, "silent") == 0,
          "the waiter waits for the answer of a server that does not give one");
    if (c->stops > 1) {
        return;
    }
    lk_must(lk_appnotice_post(REG_HURRY, SILENT_NOTICE), "telling the server to answer");
    do {
        lk_must(lk_target_look(REG_PROCESS + WAITER, &c->look), "looking again");
    } while (c->look.run_state != LK_STATE_READY && lk_now() < limit &&
             lk_sleep_ms(1) == STATUS_OK);
    point(c->look.run_state == LK_STATE_READY && c->look.holds == 1u << LK_HOLD_PROXY &&
              c->look.regs.rsi == SILENT_ANSWER,
          "its answer came while it was stopped, and was not lost");
}

/* Is it what it should be? */
static void judge(unsigned i, const struct lk_look *before, bool forced)
{
    switch (i) {
    case LOOPER:
        judge_looper(&clients[i], before);
        break;
    case WAITER:
        judge_waiter(&clients[i]);
        break;
    case HOLDER:
        point(forced && clients[i].look.run_state == LK_STATE_READY,
              "the holder's deferral is over at its bound");
        break;
    default:
        point(false, "nobody should have been stopped who is calm");
        break;
    }
}

/* What becomes of it: the first time it may go on. */
static enum lk_after decide(unsigned i)
{
    struct client *c = &clients[i];

    if (c->stops == 1) {
        say("%s may go on, as if nothing had happened", c->name);
        c->late = 0;
        c->cpu_chance = c->look.cpu_time;
        return LK_GO_ON;
    }
    say("%s was warned: it is destroyed", c->name);
    c->watched = false;
    destroyed++;
    destroy_program(c->number);
    return LK_STAY;
}

/* A process was stopped, and it was told to the endpoint of client `i`. Not every one need be a
 * client: whoever has an Entry to an endpoint of ours and a Process can name us as its handler. */
static enum lk_after take_stopped(uint64_t i, bool forced)
{
    struct client *c = &clients[i < CLIENTS ? i : 0];
    struct lk_look before = c->look;

    if (i >= CLIENTS || !c->notified) {
        return LK_GO_ON;
    }
    c->notified = false;
    c->stops++;
    lk_must(lk_target_look(REG_TARGET, &c->look), "looking at it");
    report(c, forced);
    judge((unsigned)i, &before, forced);
    return decide((unsigned)i);
}

/* Endpoint 1 is for everybody; the following are one for each client. */
static enum lk_after take(struct lk_event *event)
{
    switch (event->kind) {
    case LK_EVENT_PROXIED_NOTICE:
        return take_stopped(event->id - LK_ENDPOINT_ID - 1, event->forced);
    case LK_EVENT_NOTICE:
        take_notice(event->w[0]);
        break;
    case LK_EVENT_MESSAGE:
        take_request(event);
        break;
    case LK_EVENT_PROXIED: /* nobody holds a ProxyEntry to a client */
    case LK_EVENT_FAULT:   /* nobody's handler slot names us: whoever says so is told nothing */
        break;
    }
    return LK_STAY;
}

int main(void)
{
    static const struct lk_handler handler = {
        .take = take,
        .target = REG_TARGET,
        .reply = REG_REPLY,
    };

    silent_number = find_program("silent");
    start_program(silent_number, "silent");
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i].number = find_program(clients[i].name);
        start_program(clients[i].number, clients[i].name);
    }
    lk_must(lk_notice_in(CHECK_MSEC, TICK), "the first check");
    while (!over) {
        lk_handler_once(&handler);
    }
    struct lk_look look;

    point(lk_target_look(REG_PROCESS + CALM, &look) == STATUS_OK && clients[CALM].stops == 0 &&
              look.preemption.deliveries == 0,
          "the calm one gave its signs and was never stopped");
    destroy_program(clients[CALM].number);
    destroy_program(silent_number);
    say(wrong ? "something was wrong" : "that is the whole story, and all of it is right");
    return wrong ? 1 : 0;
}

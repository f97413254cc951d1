/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One client and several servers, called in random turns and in every way that a call can go: on
 * the fast path, with a capability, from where it waited, through a ProxyEntry. What is noted of
 * the last call must not lead the next one elsewhere.
 */
#include "play.h"

#define SERVERS 3
#define FIRST 20   /* capability registers of the client: Entries of the servers, 20 to 22 */
#define PROXY 24   /* ProxyEntry of a target whose receiver is the first server */
#define PRESENT 25 /* capability that goes along */

enum way { FAST, WITH_CAP, WAITED, PROXIED, WAYS };

struct turns {
    obj client, target, server[SERVERS];
};

static void server_waits(obj server)
{
    raw_do(server, LK_RECV | LK_CTL_RECVS(REPLY, 0, 0, 0));
}

static void cast_turns(struct turns *x, struct rng *rng)
{
    obj e;

    x->client = proc_new(PRIO_HIGH);
    proc_reply_endpoint(x->client, REPLY_ID);
    for (unsigned i = 0; i < SERVERS; i++) {
        x->server[i] = proc_new(PRIO_HIGH - 1 + (unsigned)rng_below(rng, 3));
        e = endpoint_new(x->server[i], SERVER_ID + i, false);
        proc_cap(x->client, FIRST + i, entry_new(e, i));
        if (i == 0) {
            x->target = proc_new(PRIO_LOW);
            proc_slot(x->target, SLOT_PROXY_RECEIVER, entry_new(e, 9));
            proc_cap(x->client, PRESENT, e);
        }
        server_waits(x->server[i]);
    }
    raw_do(x->target, LK_RECV);
    obj_get(endpoint_new(x->target, 7, false), R_A);
    OK(lk_endpoint_make_proxy_entry(R_A, 7, R_B));
    proc_cap(x->client, PROXY, obj_keep(R_B));
}

static void client_calls(const struct turns *x, unsigned i, enum way way, uint64_t word)
{
    struct lk_regs r =
        raw_regs(way == PROXIED    ? LK_CTL_CALL(PROXY, 1)
                 : way == WITH_CAP ? LK_CTL_CALL_CAPS(FIRST + i, 1, 1, PRESENT, 0, 0, 0, 0, 0, 0)
                                   : LK_CTL_CALL(FIRST + i, 1));

    r.rdi = word;
    raw_go(x->client, &r);
    sleep_ns(50000);
}

/* The message is at server `i`, and nowhere else. */
static void came_to(const struct turns *x, unsigned i, uint64_t word)
{
    for (unsigned k = 0; k < SERVERS; k++) {
        EQ(proc_state(x->server[k]).run_state == LK_STATE_RECEIVING, k != i);
    }
    EQ(proc_state(x->server[i]).r.rdi, word);
}

/* One call, and the answer unless it was proxied: then the target is let go on, no more. */
static void one_turn(const struct turns *x, unsigned i, enum way way, uint64_t word)
{
    struct lk_regs answer = raw_regs(LK_CTL_REPLY_WAIT(REPLY, 1));

    if (way == WAITED) {
        raw_do(x->server[i], LK_YIELD); /* and no more */
    }
    client_calls(x, i, way, word);
    if (way == WAITED) {
        EQ(proc_state(x->client).run_state, LK_STATE_BLOCKED);
        server_waits(x->server[i]);
        sleep_ns(50000);
    }
    came_to(x, i, word);
    EQ(kernel_check(), 0);
    if (way == PROXIED) {
        server_waits(x->server[i]);
        proc_release(x->target, LK_HOLD_PROXY);
        return;
    }
    answer.rdi = word + 1;
    raw_go(x->server[i], &answer);
    sleep_ns(50000);
    EQ(raw_result(x->client).rdi, word + 1);
    EQ(kernel_check(), 0);
}

CASE(turns, .text = "whom a call goes to is who was called, whatever was noted of the last one",
     .ms = 600000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 10 : 3;
    unsigned mark;

    parking_entry();
    own_space();
    for (unsigned i = 0; i < SERVERS; i++) {
        schedule_of(PRIO_HIGH - 1 + i);
    }
    schedule_of(PRIO_LOW);
    mark = shelf_mark();
    for (uint64_t round = 0; round < rounds; round++) {
        struct turns x;

        cast_turns(&x, &rng);
        for (unsigned n = 0; n < 40; n++) {
            enum way way = rng_below(&rng, 3) != 0 ? FAST : (enum way)rng_below(&rng, WAYS);
            unsigned i = way == PROXIED ? 0 : (unsigned)rng_below(&rng, SERVERS);

            sys_at("round %lu, turn %u: server %u, way %u", round, n, i, (unsigned)way);
            one_turn(&x, i, way, 1000 + n);
        }
        shelf_back(mark);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Clients that do anything at any time, from a seed.
 */
#include "kit.h"

#define STEPS 400u

/* What the case knows of a port. */
static struct side {
    bool open;        /* connected */
    uint32_t next;    /* serial of the next call */
    uint64_t waiting; /* bit n: call n of this client is not answered */
} sides[PORTS];

/* Each call is answered once, with its own serial, whatever the answer says. */
static void take_answers(unsigned port)
{
    struct side *s = &sides[port];
    unsigned n = answers(port);

    for (unsigned i = 0; i < n; i++) {
        uint32_t serial = answer_at(port, i).header.serial;

        CHECK(serial < s->next);
        CHECK((s->waiting >> serial & 1) != 0);
        s->waiting &= ~(1ull << serial);
    }
}

static void begin(unsigned port)
{
    open_client(port);
    sides[port] = (struct side){ .open = true };
}

static void some_call(unsigned port, struct rng *r)
{
    static const int32_t told[] = { TOLD_ANSWER, TOLD_ANSWER,    TOLD_FAIL, TOLD_SLEEP + 1,
                                    TOLD_LOOP,   TOLD_CALL,      TOLD_SEND, TOLD_FAULT,
                                    TOLD_ANSWER, TOLD_ASK_AGAIN, TOLD_LONG, TOLD_SLEEP + 20 };
    struct side *s = &sides[port];

    if (s->next < 60 && wire_unread(port) < 30) {
        s->waiting |= 1ull << s->next;
        call_told(port, s->next++, told[rng_below(r, sizeof(told) / sizeof(told[0]))]);
    }
}

static void some_step(unsigned port, struct rng *r)
{
    if (!sides[port].open) {
        begin(port);
        return;
    }
    switch (rng_below(r, 12)) {
    case 0:
        wire_hang_up(port);
        sides[port].open = false;
        break;
    case 1:
        wire_room(port, rng_below(r, 200));
        break;
    case 2:
        wire_room(port, WIRE_ALL);
        break;
    case 3:
        sleep_ns(rng_below(r, 4 * MSEC));
        break;
    default:
        some_call(port, r);
        break;
    }
}

CASE(anything,
     .text = "clients call, stall, vanish and come back; handlers answer, fail, fault and "
             "loop: each call of each client that stays is answered once",
     .ms = 120000)
{
    struct rng r = rng_new(sys_options.seed);
    uint64_t steps = sys_options.rounds != 0 ? sys_options.rounds : STEPS;

    kit_begin_with(WORKERS, 5 * MSEC);
    memset(sides, 0, sizeof(sides));
    for (uint64_t i = 0; i < steps; i++) {
        sys_at("step %lu", i);
        some_step((unsigned)rng_below(&r, PORTS), &r);
        if (i % 16 == 0) {
            CHECK(kit_checks());
        }
    }
    for (unsigned port = 0; port < PORTS; port++) {
        sys_at("the end of port %u", port);
        if (sides[port].open) {
            wire_room(port, WIRE_ALL);
            EVENTUALLY(answers(port) == sides[port].next);
            take_answers(port);
            EQ(sides[port].waiting, 0);
        }
    }
    kit_fine();
    for (unsigned i = 0; i < WORKERS; i++) {
        CHECK(kit_workers[i].carried_out > 0);
    }
}

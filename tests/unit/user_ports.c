/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ports of the server `serial`, against a model of the device that does what QEMU does
 * (ports_model.h), and against one that does anything.
 */
#include "ports_model.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* ---- A reader ---- */

/* What the reader of a port knows: it follows one session, and in it one client. */
struct reader {
    uint64_t session, last;
    bool searching; /* mixed: no client was recognised so far */
    int client;
    unsigned got; /* of his bytes */
};
static struct reader readers[PORT_COUNT];

/* The client that begins in this buffer, or -1. */
static int begins(const uint8_t *at, size_t bytes)
{
    char text[SAYS + 1];

    memcpy(text, at, bytes);
    text[bytes] = '\0';
    return text[0] == '<' ? atoi(text + 1) : -1;
}

/* Data for a reader. In a session that is not mixed every byte is the next of its client; in one
 * that is, a buffer may begin a client, and what comes before is another's. */
static void reader_data(unsigned n, const struct port_event *e)
{
    struct reader *r = &readers[n];
    int client = begins(e->at, e->bytes);

    CHECK_EQUAL(e->session, r->session);
    CHECK(e->bytes <= SAYS && (e->flags & PORT_BEGINS) != 0);
    if (r->client < 0 || (r->searching && client >= 0)) {
        r->client = client >= 0 ? client : r->client;
        r->got = 0;
    }
    if (r->client < 0) {
        CHECK_SAY(r->searching, "port %u: bytes of nobody in a session that is not mixed", n);
        return;
    }
    const struct client *c = &model.client[r->client];
    bool next = r->got + e->bytes <= c->length && memcmp(c->says + r->got, e->at, e->bytes) == 0;

    CHECK_SAY(next || r->searching, "port %u: bytes of another in the session of client %d", n,
              r->client);
    if (next) {
        r->got += (unsigned)e->bytes;
    } else {
        r->client = -1;
    }
}

/* Read port n until there is nothing, or sometimes less. */
static void reader_reads(unsigned n, bool all)
{
    struct reader *r = &readers[n];

    for (unsigned i = 0; i < 20; i++) {
        if (!all && unit_once_in(4)) {
            return;
        }
        struct port_event e = ports_next(&model.ports, n);

        if (e.what == PORT_NOTHING) {
            CHECK((e.flags & PORT_MORE) == 0);
            return;
        }
        if (e.what == PORT_OPENED) {
            CHECK(r->session == 0 && e.session > r->last);
            *r = (struct reader){ .session = e.session,
                                  .last = e.session,
                                  .client = -1,
                                  .searching = (e.flags & PORT_MIXED) != 0 };
        } else if (e.what == PORT_CLOSED) {
            CHECK_EQUAL(e.session, r->session);
            r->session = 0;
        } else {
            reader_data(n, &e);
            ports_done(&model.ports, n);
        }
    }
}

static void readers_begin(void)
{
    memset(readers, 0, sizeof(readers));
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        reader_reads(n, true);
    }
}

/* ---- Sessions ---- */

TEST(ports_session, "a client is told, its bytes, its end; the next has a session of its own")
{
    struct port_event e;

    model_begin();
    CHECK(ports_next(&model.ports, 2).what == PORT_NOTHING);
    outside_connect(2);
    outside_say(2);
    CHECK(ports_service(&model.ports));
    CHECK((model.news & 1u << 2) != 0);
    e = ports_next(&model.ports, 2);
    CHECK(e.what == PORT_OPENED && e.session == 1001 && (e.flags & PORT_MORE) != 0);
    e = ports_next(&model.ports, 2);
    CHECK(e.what == PORT_DATA && e.session == 1001 && e.at[0] == '<');
    ports_done(&model.ports, 2);
    outside_close(2);
    CHECK(ports_service(&model.ports));
    e = ports_next(&model.ports, 2);
    CHECK(e.what == PORT_CLOSED && e.session == 1001 && e.flags == 0);
    outside_connect(2);
    CHECK(ports_service(&model.ports));
    e = ports_next(&model.ports, 2);
    CHECK(e.what == PORT_OPENED && e.session == 1002 && (e.flags & PORT_MIXED) == 0);
    CHECK(ports_check(&model.ports));
    model_end();
}

TEST(ports_closed_dropped,
     "bytes that were not read before a close are no part of the next session")
{
    struct port_event e;

    model_begin();
    outside_connect(1);
    outside_say(1);
    CHECK(ports_service(&model.ports));
    outside_say(1);
    outside_close(1);
    CHECK(ports_service(&model.ports));
    outside_connect(1);
    CHECK(ports_service(&model.ports));
    e = ports_next(&model.ports, 1);
    CHECK(e.what == PORT_OPENED && (e.flags & PORT_MIXED) == 0);
    CHECK(ports_next(&model.ports, 1).what == PORT_NOTHING);
    CHECK_EQUAL(model.ports.port[1].in.with, PORT_BUFFERS);
    model_end();
}

TEST(ports_at_once,
     "close, open and data that are seen at once: a new session, mixed, with its data")
{
    struct port_event e;

    model_begin();
    outside_connect(1);
    CHECK(ports_service(&model.ports));
    CHECK(ports_next(&model.ports, 1).what == PORT_OPENED);
    outside_close(1);
    outside_connect(1);
    outside_say(1);
    CHECK(ports_service(&model.ports));
    CHECK(ports_next(&model.ports, 1).what == PORT_CLOSED);
    e = ports_next(&model.ports, 1);
    CHECK(e.what == PORT_OPENED && (e.flags & PORT_MIXED) != 0);
    e = ports_next(&model.ports, 1);
    CHECK(e.what == PORT_DATA && begins(e.at, e.bytes) == 1);
    model_end();
}

TEST(ports_lost_messages,
     "after more control messages than buffers who is there in the end is known")
{
    struct port_event e = { .what = PORT_NOTHING };

    for (unsigned round = 0; round < 40; round++) {
        unsigned times = CONTROL_IN / 2 - 1 + round / 2;
        bool speaks = round % 2 == 0; /* before the driver looks, or behind */

        model_begin();
        for (unsigned i = 0; i < times; i++) {
            outside_connect(3);
            outside_close(3);
        }
        outside_connect(3);
        if (speaks) {
            outside_say(3);
        }
        for (unsigned i = 0; i < 4; i++) {
            CHECK(ports_service(&model.ports));
        }
        CHECK(model.dropped == (2 * times + 1 > CONTROL_IN));
        e = ports_next(&model.ports, 3);
        CHECK_EQUAL(e.what, PORT_OPENED);
        if (!speaks) {
            outside_say(3);
        }
        CHECK(ports_service(&model.ports));
        CHECK_EQUAL(ports_next(&model.ports, 3).what, PORT_DATA);
    }
    model_end();
}

TEST(ports_new_reader, "a new reader is told of the session that goes on, under another number")
{
    struct port_event e;
    size_t taken;

    model_begin();
    outside_connect(1);
    outside_say(1);
    CHECK(ports_service(&model.ports));
    CHECK(ports_next(&model.ports, 1).what == PORT_OPENED);
    CHECK(ports_next(&model.ports, 1).what == PORT_DATA);
    ports_done(&model.ports, 1);
    ports_new_reader(&model.ports, 1);
    e = ports_next(&model.ports, 1);
    CHECK(e.what == PORT_OPENED && e.session == 1002 && (e.flags & PORT_MIXED) != 0);
    CHECK(!ports_write(&model.ports, 1, 1001, "x", 1, &taken));
    CHECK(ports_write(&model.ports, 1, 1002, "x", 1, &taken) && taken == 1);
    model_end();
}

TEST(ports_full,
     "a client that does not read stalls its port; when there is room there is news of it")
{
    static char bytes[PORT_BYTES];
    size_t taken;

    model_begin();
    outside_connect(1);
    outside_connect(2);
    model.out[1].reads = false;
    model.out[2].reads = true;
    CHECK(ports_service(&model.ports));
    CHECK(ports_next(&model.ports, 1).what == PORT_OPENED);
    CHECK(ports_next(&model.ports, 2).what == PORT_OPENED);
    for (unsigned i = 0; i < PORT_BUFFERS; i++) {
        CHECK(ports_write(&model.ports, 1, 1001, bytes, sizeof(bytes), &taken));
        CHECK_EQUAL(taken, sizeof(bytes));
    }
    CHECK_EQUAL(model.ports.port[1].out.avail->flags, VIRTQ_QUIET);
    CHECK(ports_write(&model.ports, 1, 1001, bytes, 1, &taken) && taken == 0);
    CHECK_EQUAL(model.ports.port[1].out.avail->flags, 0); /* now it must interrupt */
    CHECK(ports_write(&model.ports, 2, 1002, bytes, 7, &taken) && taken == 7);
    CHECK_EQUAL(model.client[1].heard, 7);
    model.news = 0;
    CHECK(ports_service(&model.ports) && model.news == 0);
    model.out[1].reads = true;
    outside_hear(1);
    CHECK(ports_service(&model.ports) && (model.news & 2) != 0);
    CHECK(ports_write(&model.ports, 1, 1001, bytes, 1, &taken) && taken == 1);
    CHECK(!ports_write(&model.ports, 1, 1000, bytes, 1, &taken));
    model_end();
}

TEST(ports_write_looks,
     "what is written goes to nobody when its client has gone by then, though we have not seen it")
{
    struct port_event e;
    size_t taken;

    model_begin();
    outside_connect(1);
    model.out[1].reads = true;
    CHECK(ports_service(&model.ports));
    CHECK(ports_next(&model.ports, 1).what == PORT_OPENED);
    outside_close(1);
    outside_connect(1);
    model.out[1].reads = true;
    CHECK(ports_write(&model.ports, 1, 1001, "late", 4, &taken) && taken == 0);
    CHECK_EQUAL(model.ports.port[1].out.with, 0);
    model.news = 0;
    CHECK(ports_service(&model.ports) && (model.news & 2) != 0);
    CHECK(!ports_write(&model.ports, 1, 1001, "late", 4, &taken));
    CHECK(ports_next(&model.ports, 1).what == PORT_CLOSED);
    e = ports_next(&model.ports, 1);
    CHECK(e.what == PORT_OPENED);
    CHECK_EQUAL(model.client[1].heard, 0);
    outside_close(2); /* another port's message keeps it waiting, and no longer */
    CHECK(ports_write(&model.ports, 1, e.session, "mine", 4, &taken) && taken == 0);
    model.news = 0;
    CHECK(ports_service(&model.ports) && (model.news & 2) != 0);
    CHECK(ports_write(&model.ports, 1, e.session, "mine", 4, &taken) && taken == 4);
    CHECK_EQUAL(model.client[1].heard, 4);
    model_end();
}

/* In port 1 a client goes, and another comes and speaks. */
static void another_client(void)
{
    outside_close(1);
    outside_connect(1);
    model.out[1].reads = true;
    outside_say(1);
}

TEST(ports_write_late,
     "what was given behind the last look goes to the next client, one buffer, and comes back")
{
    struct port_event e;
    size_t taken;

    model_begin();
    outside_connect(1);
    CHECK(ports_service(&model.ports));
    CHECK(ports_next(&model.ports, 1).what == PORT_OPENED);
    CHECK(ports_write(&model.ports, 1, 1001, "good", 4, &taken) && taken == 4);
    model.slow = true;
    model.then = another_client;
    CHECK(ports_write(&model.ports, 1, 1001, "late", 4, &taken) && taken == 4);
    CHECK(ports_write(&model.ports, 1, 1001, "more", 4, &taken) && taken == 0);
    CHECK(ports_service(&model.ports));
    CHECK(ports_next(&model.ports, 1).what == PORT_CLOSED);
    e = ports_next(&model.ports, 1);
    CHECK(e.what == PORT_OPENED && (e.flags & PORT_MIXED) != 0);
    CHECK(ports_write(&model.ports, 1, e.session, "mine", 4, &taken) && taken == 4);
    model.slow = false;
    outside_hear(1);
    CHECK_EQUAL(model.client[1].heard, 8);
    CHECK(ports_service(&model.ports));
    CHECK(model.ports.port[1].out.with <= 1);
    model_end();
}

/* A client comes and speaks, is sent so many buffers, reads none, and goes. How many were taken. */
static unsigned one_that_does_not_read(unsigned n, unsigned writes)
{
    struct port_event e;
    size_t taken = 0;
    unsigned count = 0;

    outside_connect(n);
    model.out[n].reads = false;
    outside_say(n);
    CHECK(ports_service(&model.ports));
    e = ports_next(&model.ports, n);
    CHECK(e.what == PORT_OPENED);
    CHECK(ports_next(&model.ports, n).what == PORT_DATA);
    ports_done(&model.ports, n);
    for (unsigned i = 0; i < writes; i++) {
        CHECK(ports_write(&model.ports, n, e.session, "hello", 5, &taken));
        count += taken != 0;
    }
    outside_close(n);
    CHECK(ports_service(&model.ports));
    CHECK(ports_next(&model.ports, n).what == PORT_CLOSED);
    return count;
}

TEST(ports_lost_buffers, "clients that do not read and go take no buffer with them for good")
{
    for (unsigned writes = 1; writes <= PORT_BUFFERS; writes++) {
        model_begin();
        for (unsigned i = 0; i < 100; i++) {
            unsigned least = writes < PORT_BUFFERS - 1 ? writes : PORT_BUFFERS - 1;

            CHECK(one_that_does_not_read(1, writes) >= least);
            CHECK(ports_check(&model.ports));
        }
        CHECK(model.ports.port[1].out.with <= 2);
    }
    model_end();
}

TEST(ports_not_read, "a port that nobody reads gets no new buffers, and what came is there later")
{
    unsigned got = 0;

    model_begin();
    outside_connect(1);
    for (unsigned i = 0; i < 50; i++) {
        outside_say(1);
        CHECK(ports_service(&model.ports));
    }
    CHECK(model.ports.port[1].in.with + model.ports.port[1].waiting == PORT_BUFFERS);
    CHECK(ports_next(&model.ports, 1).what == PORT_OPENED);
    for (unsigned i = 0; i < 50; i++) {
        struct port_event e = ports_next(&model.ports, 1);

        if (e.what == PORT_DATA) {
            CHECK(memcmp(e.at, model.client[0].says + got, e.bytes) == 0);
            got += (unsigned)e.bytes;
            ports_done(&model.ports, 1);
        }
        outside_say(1);
        CHECK(ports_service(&model.ports));
    }
    CHECK_EQUAL(got, model.client[0].length);
    model_end();
}

TEST(ports_removed, "a port that is taken away is closed; announced again it is there again")
{
    model_begin();
    outside_connect(1);
    CHECK(ports_service(&model.ports));
    CHECK(ports_next(&model.ports, 1).what == PORT_OPENED);
    device_control(2, CONTROL_PORT_REMOVE, 1, "");
    CHECK(ports_service(&model.ports));
    CHECK(!model.ports.port[1].there);
    CHECK(ports_next(&model.ports, 1).what == PORT_CLOSED);
    device_control(2, CONTROL_PORT_ADD, 1, "");
    CHECK(ports_service(&model.ports) && ports_service(&model.ports));
    CHECK(model.ports.port[1].there);
    CHECK(ports_next(&model.ports, 1).what == PORT_OPENED);
    model_end();
}

TEST(ports_random, "clients come, speak and go at any moment: sessions, order and bytes are right")
{
    uint64_t rounds = unit_rounds(3000) / 50; /* one of 1500 steps takes as long as 50 elsewhere */

    unit_random_seed(unit_seed(1));
    for (uint64_t round = 0; round < rounds; round++) {
        model_begin();
        readers_begin();
        model.acts = true;
        for (unsigned i = 0; i < 1500 && model.clients < CLIENTS - 64; i++) {
            size_t taken;
            unsigned n = (unsigned)unit_random(PORT_COUNT);

            device_acts();
            CHECK(ports_service(&model.ports));
            reader_reads(n, false);
            if (readers[n].session != 0) {
                unsigned whom = readers[n].searching || readers[n].client < 0
                                    ? FOR_ANY
                                    : (unsigned)readers[n].client;

                ports_write(&model.ports, n, readers[n].session, &whom, sizeof(whom), &taken);
            }
            CHECK(ports_check(&model.ports));
        }
        model.acts = false;
        for (unsigned i = 0; i < 200; i++) { /* who is still there says the rest, and is heard */
            CHECK(ports_service(&model.ports));
            for (unsigned n = 0; n < PORT_COUNT; n++) {
                outside_say(n);
                reader_reads(n, true);
            }
        }
        for (unsigned i = 0; i < model.clients && !model.dropped; i++) {
            CHECK(model.client[i].foreign <= 1);
        }
        for (unsigned n = 0; n < PORT_COUNT && !model.dropped; n++) {
            CHECK_EQUAL(readers[n].session != 0, model.out[n].there);
            if (model.out[n].there) {
                CHECK_EQUAL(readers[n].client, model.out[n].client);
                CHECK_EQUAL(readers[n].got, model.client[model.out[n].client].length);
            }
        }
    }
    model_end();
}

/* Anything at all into what the device may write to. */
static void scribble(void)
{
    struct virtqueue *q = queue_of(2 + (unsigned)unit_random(QUEUES - 2));
    unsigned i = (unsigned)unit_random(VIRTQUEUE_MOST);

    if (unit_once_in(2) && q->with > 0 && q->size > 0) { /* something that can be */
        uint16_t id = (uint16_t)unit_random(q->size);

        device_use(q, id, (uint32_t)unit_random(unit_once_in(8) ? UINT32_MAX : 200));
    } else if (unit_once_in(20)) {
        q->used->index = (uint16_t)unit_random(65536);
    } else {
        q->used->ring[i].id = (uint32_t)unit_random(unit_once_in(2) ? 40 : UINT32_MAX);
        q->used->ring[i].bytes = (uint32_t)unit_random(UINT32_MAX);
    }
    model.ports.control_in_buffer.at[unit_random(4096)] = (uint8_t)unit_random(12);
}

TEST(ports_not_trusted,
     "whatever the device writes, nothing is touched outside of buffers and queues")
{
    static uint8_t copy[PORT_BYTES];

    unit_random_seed(unit_seed(1));
    for (uint64_t round = 0; round < unit_rounds(3000); round++) {
        model_begin();
        for (unsigned i = 0; i < 100; i++) {
            unsigned n = (unsigned)unit_random(PORT_COUNT);
            struct port_event e;
            size_t taken;

            scribble();
            if (!ports_service(&model.ports)) {
                CHECK(model.ports.wrong != NULL);
                break;
            }
            e = ports_next(&model.ports, n);
            CHECK(e.bytes <= PORT_BYTES);
            if (e.what == PORT_DATA) {
                memcpy(copy, e.at, e.bytes);
                ports_done(&model.ports, n);
            }
            ports_write(&model.ports, n, model.ports.port[n].told, copy,
                        (size_t)unit_random(PORT_BYTES + 1), &taken);
            CHECK(ports_check(&model.ports));
        }
        ports_gone(&model.ports);
        CHECK_EQUAL(ports_count(&model.ports), 0);
    }
    model_end();
}

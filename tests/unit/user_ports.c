/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtqueue and the ports of the server `serial`, against a model of the device that does what
 * QEMU does (it drops a control message for which there is no buffer, holds back what no buffer
 * takes, throws away what a client that went did not read), and against one that does anything.
 *
 * The model acts at its worst moments too: whenever the driver has just looked at a used index.
 */
#include "unit.h"

#include "user/servers/serial/virtqueue.c"

static void device_moment(void);
/* In ports.c, the device may act between any two looks at a queue. */
static uint16_t mark_and_act(const struct virtqueue *q)
{
    uint16_t mark = virtqueue_mark(q);

    device_moment();
    return mark;
}
static enum virtqueue_taken take_and_act(struct virtqueue *q, struct virtqueue_buffer *b)
{
    enum virtqueue_taken taken = virtqueue_take(q, b);

    device_moment();
    return taken;
}
#define virtqueue_mark mark_and_act
#define virtqueue_take take_and_act
#include "user/servers/serial/ports.c"
#undef virtqueue_mark
#undef virtqueue_take

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The queue ---- */

static _Alignas(16) uint8_t memory[VIRTQUEUE_BYTES];

/* The device uses buffer `id`. */
static void device_use(struct virtqueue *q, uint32_t id, uint32_t bytes)
{
    uint16_t i = q->used->index;

    q->used->ring[i % q->size].id = id;
    q->used->ring[i % q->size].bytes = bytes;
    q->used->index = (uint16_t)(i + 1);
}

TEST(virtqueue_turns, "buffers go to the device and come back, round and round, in any order")
{
    struct virtqueue q;
    struct virtqueue_buffer b;

    virtqueue_init(&q, 4, memory, 0x10000);
    CHECK_EQUAL(virtqueue_avail_bus(&q), 0x10000 + VIRTQUEUE_AVAIL);
    for (unsigned turn = 0; turn < 70000; turn++) { /* the indices wrap */
        unsigned i = turn % 4;
        unsigned k = turn * 3 % 4;

        CHECK(virtqueue_post(&q, i, 0x5000 + i, 100 + i, true));
        CHECK(!virtqueue_post(&q, i, 0x5000 + i, 100, true));
        if (virtqueue_has(&q, k)) {
            CHECK_EQUAL(q.desc[k].address, 0x5000 + k);
            device_use(&q, k, k);
            CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_ONE && b.i == k && b.bytes == k && !b.over);
        }
        while (virtqueue_has(&q, (turn + 1) % 4)) {
            device_use(&q, (turn + 1) % 4, 1);
            CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_ONE && b.i == (turn + 1) % 4);
        }
        CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_NONE);
        CHECK(virtqueue_check(&q));
    }
    CHECK(!virtqueue_post(&q, 4, 0, 0, true));
}

TEST(virtqueue_marked, "what was used behind a mark is not taken with it")
{
    struct virtqueue q;
    struct virtqueue_buffer b;
    uint16_t mark;

    virtqueue_init(&q, 4, memory, 0);
    CHECK(virtqueue_post(&q, 0, 0, 8, true) && virtqueue_post(&q, 1, 0, 8, true));
    device_use(&q, 1, 8);
    mark = virtqueue_mark(&q);
    device_use(&q, 0, 8);
    CHECK(virtqueue_take_to(&q, mark, &b) == VIRTQUEUE_ONE && b.i == 1);
    CHECK(virtqueue_take_to(&q, mark, &b) == VIRTQUEUE_NONE);
    CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_ONE && b.i == 0);
}

TEST(virtqueue_not_trusted, "numbers, indices and lengths that cannot be are refused for good")
{
    static const struct {
        uint32_t id;
        uint16_t ahead;
    } wrong[] = { { 2, 1 },          { 4, 1 }, { 31, 1 },     { 32, 1 },
                  { UINT32_MAX, 1 }, { 0, 3 }, { 0, 0x8000 }, { 0, 0xffff } };
    struct virtqueue q;
    struct virtqueue_buffer b;

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        virtqueue_init(&q, 4, memory, 0);
        CHECK(virtqueue_post(&q, 0, 0, 8, true) && virtqueue_post(&q, 1, 0, 8, true));
        q.used->ring[0].id = wrong[i].id;
        q.used->index = wrong[i].ahead;
        CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_BROKEN);
        q.used->index = 0;
        CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_BROKEN);
        CHECK(!virtqueue_post(&q, 2, 0, 8, true));
    }
    virtqueue_init(&q, 4, memory, 0);
    CHECK(virtqueue_post(&q, 0, 0, 8, true) && virtqueue_post(&q, 1, 0, 8, true));
    device_use(&q, 0, 9);
    device_use(&q, 0, 1); /* twice the same */
    CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_ONE && b.over && b.bytes == 8);
    CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_BROKEN);
}

TEST(virtqueue_bells, "the device is told unless it says that it looks by itself; quiet is a flag")
{
    struct virtqueue q;

    virtqueue_init(&q, 4, memory, 0);
    CHECK(virtqueue_must_tell(&q));
    q.used->flags = VIRTQ_ASLEEP_NOT;
    CHECK(!virtqueue_must_tell(&q));
    virtqueue_quiet(&q, true);
    CHECK_EQUAL(q.avail->flags, VIRTQ_QUIET);
    virtqueue_quiet(&q, false);
    CHECK_EQUAL(q.avail->flags, 0);
}

/* ---- A device as QEMU's ---- */

#define CLIENTS 4000u /* of one test */
#define FOR_ANY 0u    /* a message to a client begins with his number, or this */
#define SAYS 40u      /* most bytes that a client says; its first are "<number>" */

/* A client at the other end of a port. */
struct client {
    char says[SAYS];
    unsigned length, said; /* of them, given to the device */
    unsigned heard;        /* bytes that came to it */
    unsigned foreign;      /* buffers among them that were meant for another */
};

/* One port at its end. */
struct outside {
    bool there; /* a client is connected */
    bool reads; /* it reads what comes */
    bool guest; /* the guest has opened the port */
    unsigned client;
};

static struct {
    struct ports ports;
    struct outside out[PORT_COUNT];
    uint16_t taken[QUEUES]; /* next of each available ring */
    uint8_t *pages[PORT_COUNT * (2 + 2 * PORT_BUFFERS) + 4];
    unsigned page_count;
    struct client client[CLIENTS];
    unsigned clients;
    bool acts;          /* the device does things by itself, at random */
    bool slow;          /* it does not look at what it was told of */
    void (*then)(void); /* what happens when the driver has looked at a used index the next time */
    bool dropped;
    uint32_t news;
} model;

static uint8_t *new_page(void)
{
    uint8_t *page = aligned_alloc(4096, 4096);

    memset(page, 0, 4096);
    model.pages[model.page_count++] = page;
    return page;
}

static struct virtqueue *queue_of(unsigned queue)
{
    if (queue == QUEUE_CONTROL_IN || queue == QUEUE_CONTROL_OUT) {
        return queue == QUEUE_CONTROL_IN ? &model.ports.control_in : &model.ports.control_out;
    }
    struct port *p = &model.ports.port[(queue - 4) / 2];

    return queue % 2 == 0 ? &p->in : &p->out;
}

/* A buffer that the driver has given to the device; false: there is none. */
static bool device_pop(unsigned queue, uint16_t *id)
{
    struct virtqueue *q = queue_of(queue);

    if (q->size == 0 || model.taken[queue] == q->avail->index) {
        return false;
    }
    *id = q->avail->ring[model.taken[queue]++ % q->size];
    return true;
}

static uint8_t *buffer_at(unsigned queue, uint16_t id)
{
    return (uint8_t *)(uintptr_t)queue_of(queue)->desc[id].address;
}

static void device_control(uint32_t id, uint16_t event, uint16_t value, const char *name)
{
    const struct control_message message = { .id = id, .event = event, .value = value };
    uint16_t buffer;

    if (!device_pop(QUEUE_CONTROL_IN, &buffer)) {
        model.dropped = true;
        return;
    }
    memcpy(buffer_at(QUEUE_CONTROL_IN, buffer), &message, sizeof(message));
    strcpy((char *)buffer_at(QUEUE_CONTROL_IN, buffer) + sizeof(message), name);
    device_use(queue_of(QUEUE_CONTROL_IN), buffer,
               (uint32_t)(sizeof(message) + (name[0] == '\0' ? 0 : strlen(name) + 1)));
}

/* A client comes to port n. */
static void outside_connect(unsigned n)
{
    struct client *c = &model.client[model.clients];

    model.out[n].there = true;
    model.out[n].reads = !unit_once_in(5);
    model.out[n].client = model.clients;
    c->length = (unsigned)snprintf(c->says, SAYS, "<%u>and what it says", model.clients);
    c->said = 0;
    c->heard = 0;
    model.clients++;
    device_control(n + 1, CONTROL_PORT_OPEN, 1, "");
}

/* What the guest sent for nobody is thrown away. */
static void outside_discard(unsigned n)
{
    uint16_t buffer;

    while (device_pop(QUEUE_OUT(n), &buffer)) {
        device_use(queue_of(QUEUE_OUT(n)), buffer, 0);
    }
}

/* It goes: what was not read yet is thrown away. The buffer that the device was about to send to
 * one that does not read is never given back, as by QEMU. */
static void outside_close(unsigned n)
{
    uint16_t buffer;

    model.out[n].there = false;
    if (!model.out[n].reads) {
        device_pop(QUEUE_OUT(n), &buffer);
    }
    outside_discard(n);
    device_control(n + 1, CONTROL_PORT_OPEN, 0, "");
}

/* It says a little more, if there is a buffer for it. */
static void outside_say(unsigned n)
{
    struct client *c = &model.client[model.out[n].client];
    unsigned count = (c->said == 0 ? 8 : 1) + (unsigned)unit_random(SAYS); /* its number whole */
    uint16_t buffer;

    if (!model.out[n].there || !model.out[n].guest || c->said == c->length ||
        !device_pop(QUEUE_IN(n), &buffer)) {
        return;
    }
    count = count < c->length - c->said ? count : c->length - c->said;
    memcpy(buffer_at(QUEUE_IN(n), buffer), c->says + c->said, count);
    c->said += count;
    device_use(queue_of(QUEUE_IN(n)), buffer, count);
}

/* It reads what the guest sent. */
static void outside_hear(unsigned n)
{
    uint16_t buffer;

    if (!model.out[n].there) {
        outside_discard(n);
    }
    while (model.out[n].there && model.out[n].reads && device_pop(QUEUE_OUT(n), &buffer)) {
        struct client *c = &model.client[model.out[n].client];
        unsigned whom;

        memcpy(&whom, buffer_at(QUEUE_OUT(n), buffer), sizeof(whom));
        c->foreign += whom != FOR_ANY && whom != model.out[n].client;
        c->heard += queue_of(QUEUE_OUT(n))->desc[buffer].bytes;
        device_use(queue_of(QUEUE_OUT(n)), buffer, 0);
    }
}

static void device_hears(const struct control_message *m)
{
    if (m->event == CONTROL_DEVICE_READY) {
        for (unsigned n = 0; n < PORT_COUNT; n++) {
            device_control(n + 1, CONTROL_PORT_ADD, 1, "");
        }
    } else if (m->event == CONTROL_PORT_READY) {
        device_control(m->id, CONTROL_PORT_NAME, 1, "lykos.rpc");
        if (model.out[m->id - 1].there) {
            device_control(m->id, CONTROL_PORT_OPEN, 1, "");
        }
    } else if (m->event == CONTROL_PORT_OPEN) {
        model.out[m->id - 1].guest = m->value != 0;
    }
}

static void driver_tells(unsigned queue)
{
    struct control_message m;
    uint16_t buffer;

    if (queue == QUEUE_CONTROL_OUT) {
        while (device_pop(queue, &buffer)) {
            memcpy(&m, buffer_at(queue, buffer), sizeof(m));
            device_use(queue_of(queue), buffer, 0);
            device_hears(&m);
        }
    } else if (queue >= 4 && queue % 2 == 1 && !model.slow) {
        outside_hear((queue - 5) / 2);
    }
}

static bool driver_equips(unsigned n, struct port *p)
{
    (void)n;
    for (unsigned i = 0; i < PORT_BUFFERS; i++) {
        p->in_buffer[i].at = new_page();
        p->in_buffer[i].bus = (uintptr_t)p->in_buffer[i].at;
        p->out_buffer[i].at = new_page();
        p->out_buffer[i].bus = (uintptr_t)p->out_buffer[i].at;
    }
    return true;
}

static void driver_news(unsigned n)
{
    model.news |= 1u << n;
}

static const struct ports_driver driver = { .tell = driver_tells,
                                            .equip = driver_equips,
                                            .news = driver_news };

/* The device does something by itself. */
static void device_acts(void)
{
    unsigned n = (unsigned)unit_random(PORT_COUNT);

    switch (unit_random(6)) {
    case 0:
        if (!model.out[n].there && model.clients < CLIENTS) {
            outside_connect(n);
        }
        break;
    case 1:
        if (model.out[n].there) {
            outside_close(n);
        }
        break;
    case 2:
        outside_hear(n);
        break;
    default:
        outside_say(n);
    }
}

static void device_moment(void)
{
    void (*then)(void) = model.then;

    model.then = NULL;
    if (then != NULL) {
        then();
    }
    while (model.acts && unit_once_in(4)) {
        device_acts();
    }
}

static void model_end(void)
{
    for (unsigned i = 0; i < model.page_count; i++) {
        free(model.pages[i]);
    }
    memset(&model, 0, sizeof(model));
}

static void model_begin(void)
{
    uint8_t *page;

    model_end();
    page = new_page();
    virtqueue_init(&model.ports.control_in, CONTROL_IN, page, (uintptr_t)page);
    page += VIRTQUEUE_BYTES;
    virtqueue_init(&model.ports.control_out, CONTROL_OUT, page, (uintptr_t)page);
    page = new_page();
    model.ports.control_in_buffer = (struct port_buffer){ page, (uintptr_t)page };
    page = new_page();
    model.ports.control_out_buffer = (struct port_buffer){ page, (uintptr_t)page };
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        page = new_page();
        virtqueue_init(&model.ports.port[n].in, PORT_BUFFERS, page, (uintptr_t)page);
        page += VIRTQUEUE_BYTES;
        virtqueue_init(&model.ports.port[n].out, PORT_BUFFERS, page, (uintptr_t)page);
        model.ports.port[n].has_queues = true;
    }
    ports_begin(&model.ports, &driver, 1000);
    CHECK_EQUAL(ports_count(&model.ports), PORT_COUNT); /* before the device says which there are */
    for (unsigned i = 0; i < 3; i++) {
        CHECK(ports_service(&model.ports));
    }
    CHECK_EQUAL(ports_count(&model.ports), PORT_COUNT);
    CHECK(strcmp(model.ports.port[7].name, "lykos.rpc") == 0);
}

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
    unit_random_seed(unit_seed(1));
    for (uint64_t round = 0; round < unit_rounds(60); round++) {
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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The device of the tests of the ports; see ports_model.h.
 */
#include "ports_model.h"

#include "unit.h"

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

struct ports_model model;

void device_use(struct virtqueue *q, uint32_t id, uint32_t bytes)
{
    uint16_t i = q->used->index;

    q->used->ring[i % q->size].id = id;
    q->used->ring[i % q->size].bytes = bytes;
    q->used->index = (uint16_t)(i + 1);
}

static uint8_t *new_page(void)
{
    uint8_t *page = aligned_alloc(4096, 4096);

    memset(page, 0, 4096);
    model.pages[model.page_count++] = page;
    return page;
}

struct virtqueue *queue_of(unsigned queue)
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

void device_control(uint32_t id, uint16_t event, uint16_t value, const char *name)
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

void outside_connect(unsigned n)
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

void outside_discard(unsigned n)
{
    uint16_t buffer;

    while (device_pop(QUEUE_OUT(n), &buffer)) {
        device_use(queue_of(QUEUE_OUT(n)), buffer, 0);
    }
}

void outside_close(unsigned n)
{
    uint16_t buffer;

    model.out[n].there = false;
    if (!model.out[n].reads) {
        device_pop(QUEUE_OUT(n), &buffer);
    }
    outside_discard(n);
    device_control(n + 1, CONTROL_PORT_OPEN, 0, "");
}

void outside_say(unsigned n)
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

void outside_hear(unsigned n)
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

void device_acts(void)
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

void model_end(void)
{
    for (unsigned i = 0; i < model.page_count; i++) {
        free(model.pages[i]);
    }
    memset(&model, 0, sizeof(model));
}

void model_begin(void)
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

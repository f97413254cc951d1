/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ports of a virtio-serial device; see ports.h.
 */
#include "ports.h"

#include <lykos/string.h>

#define SERVICE_ROUNDS 16u /* of one service, while control messages come */

/* ---- Control messages to the device ---- */

static bool control_send(struct ports *ports, uint32_t id, enum control_event event, uint16_t value)
{
    const struct control_message message = { .id = id, .event = (uint16_t)event, .value = value };
    struct virtqueue *q = &ports->control_out;
    struct virtqueue_buffer back;

    while (virtqueue_take(q, &back) == VIRTQUEUE_ONE) {
        /* its place is free */
    }
    for (unsigned i = 0; i < q->size; i++) {
        if (!virtqueue_has(q, i)) {
            size_t offset = i * CONTROL_OUT_BYTES;

            memcpy(ports->control_out_buffer.at + offset, &message, sizeof(message));
            return virtqueue_post(q, i, ports->control_out_buffer.bus + offset, sizeof(message),
                                  false);
        }
    }
    return false;
}

/* Say what is to be said, as far as there is room. */
static void control_say(struct ports *ports)
{
    bool said = false;

    if (!ports->device_ready) {
        ports->device_ready = control_send(ports, 0, CONTROL_DEVICE_READY, 1);
        said = ports->device_ready;
    }
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        struct port *p = &ports->port[n];

        if (p->announce && control_send(ports, n + 1, CONTROL_PORT_READY, 1)) {
            p->announce = false;
            said = true;
        }
        if (!p->announce && p->say_open && control_send(ports, n + 1, CONTROL_PORT_OPEN, 1)) {
            p->say_open = false;
            said = true;
        }
    }
    if (said && virtqueue_must_tell(&ports->control_out)) {
        ports->driver->tell(QUEUE_CONTROL_OUT);
    }
}

/* ---- Sessions ---- */

static void post_receive(struct port *p, unsigned i)
{
    virtqueue_post(&p->in, i, p->in_buffer[i].bus, PORT_BYTES, true);
}

static void tell_receive(struct ports *ports, unsigned n)
{
    if (virtqueue_must_tell(&ports->port[n].in)) {
        ports->driver->tell(QUEUE_IN(n));
    }
}

/* What came and was not read goes back to the device. */
static void drop_received(struct ports *ports, unsigned n)
{
    struct port *p = &ports->port[n];
    bool some = p->waiting > 0;

    while (p->waiting > 0) {
        post_receive(p, p->received[p->first].buffer);
        p->first = (p->first + 1) % PORT_BUFFERS;
        p->waiting--;
    }
    if (some) {
        tell_receive(ports, n);
    }
}

static void session_end(struct ports *ports, unsigned n)
{
    struct port *p = &ports->port[n];

    if (!p->open) {
        return;
    }
    p->open = false;
    p->was_closed = true;
    p->wants_room = false;
    drop_received(ports, n);
    ports->driver->news(n);
}

/* A client is there. `mixed`: the receive queue may have bytes of another before his. */
static void session_begin(struct ports *ports, unsigned n, bool mixed)
{
    struct port *p = &ports->port[n];

    session_end(ports, n); /* if it was open, its close was lost */
    p->open = true;
    p->mixed = mixed || p->was_closed || p->fresh || p->unsure;
    p->fresh = false;
    p->read = false;
    p->session = ++ports->last_session;
    p->opened++;
    ports->driver->news(n);
}

/* ---- Control messages from the device ---- */

static void port_add(struct ports *ports, unsigned n)
{
    struct port *p = &ports->port[n];

    if (p->there || !p->has_queues) {
        return;
    }
    if (!p->has_buffers) {
        p->has_buffers = ports->driver->equip(n, p);
        if (!p->has_buffers) {
            return;
        }
        for (unsigned i = 0; i < PORT_BUFFERS; i++) {
            post_receive(p, i);
        }
        virtqueue_quiet(&p->out, true);
        tell_receive(ports, n);
    }
    p->there = true;
    p->announce = true;
    p->say_open = true;
    p->fresh = true;
}

static void port_remove(struct ports *ports, unsigned n)
{
    session_end(ports, n);
    ports->port[n].there = false;
    ports->port[n].announce = false;
    ports->port[n].say_open = false;
    ports->port[n].unsure = false;
    ports->port[n].name[0] = '\0';
}

/* A client came or went; or one is there, which had to be asked because we were not sure. */
static void port_open(struct ports *ports, unsigned n, bool open)
{
    struct port *p = &ports->port[n];

    if (!open) {
        session_end(ports, n);
    } else if (!p->open || !p->unsure) {
        session_begin(ports, n, false);
    }
    p->unsure = false;
}

/* Keep the printable part of a name. */
static void port_name(struct port *p, const uint8_t *name, size_t bytes)
{
    size_t n = 0;

    while (n < bytes && n < PORT_NAME - 1 && name[n] > ' ' && name[n] < 0x7f) {
        p->name[n] = (char)name[n];
        n++;
    }
    p->name[n] = '\0';
}

/* One message. What is not known, or not for a port that can be, is ignored: later devices may say
 * more. */
static void control_take(struct ports *ports, const uint8_t *at, size_t bytes)
{
    struct control_message message;

    if (bytes < sizeof(message)) {
        return;
    }
    memcpy(&message, at, sizeof(message));
    if (message.id == 0 || message.id > PORT_COUNT) {
        return;
    }
    unsigned n = message.id - 1;
    struct port *p = &ports->port[n];

    if (message.event == CONTROL_PORT_ADD) {
        port_add(ports, n);
    } else if (!p->there) {
        return;
    } else if (message.event == CONTROL_PORT_REMOVE) {
        port_remove(ports, n);
    } else if (message.event == CONTROL_PORT_NAME) {
        port_name(p, at + sizeof(message), bytes - sizeof(message));
    } else if (message.event == CONTROL_PORT_OPEN) {
        port_open(ports, n, message.value != 0);
    }
}

static void post_control(struct ports *ports, unsigned i)
{
    virtqueue_post(&ports->control_in, i, ports->control_in_buffer.bus + i * CONTROL_IN_BYTES,
                   CONTROL_IN_BYTES, true);
}

/* Messages may have been lost: have the device say again which ports are open. */
static void control_ask_again(struct ports *ports)
{
    ports->lost++;
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        struct port *p = &ports->port[n];

        p->unsure |= p->there && !p->open;
        p->announce |= p->unsure;
    }
}

/* Take the control messages that there are, at most one for each buffer; how many. */
static unsigned control_drain(struct ports *ports)
{
    uint8_t copy[CONTROL_IN_BYTES];
    struct virtqueue_buffer b;
    unsigned count = 0;
    bool all = false;

    while (count < CONTROL_IN && virtqueue_take(&ports->control_in, &b) == VIRTQUEUE_ONE) {
        const uint8_t *at = ports->control_in_buffer.at + b.i * CONTROL_IN_BYTES;

        all |= (uint16_t)(virtqueue_mark(&ports->control_in) - ports->control_in.seen) ==
               ports->control_in.with;
        memcpy(copy, at, b.bytes); /* what is judged must not change meanwhile */
        control_take(ports, copy, b.bytes);
        post_control(ports, b.i);
        count++;
    }
    if (count > 0) {
        if (all) {
            control_ask_again(ports);
        }
        if (virtqueue_must_tell(&ports->control_in)) {
            ports->driver->tell(QUEUE_CONTROL_IN);
        }
    }
    return count;
}

/* ---- Data ---- */

/* Bytes that came for a port which is closed, for all that is known. They are of the session that
 * ended; but if none did just now, or messages may have been lost, a client is there. */
static void receive_closed(struct ports *ports, unsigned n)
{
    const struct port *p = &ports->port[n];

    if (p->there && (!p->was_closed || p->unsure)) {
        session_begin(ports, n, true);
    }
}

/* A receive buffer has come. */
static void receive(struct ports *ports, unsigned n, const struct virtqueue_buffer *b)
{
    struct port *p = &ports->port[n];

    if (!p->open && b->bytes > 0) {
        receive_closed(ports, n);
    }
    if (!p->open || b->bytes == 0) {
        post_receive(p, b->i);
        tell_receive(ports, n);
        return;
    }
    p->received[(p->first + p->waiting) % PORT_BUFFERS] =
        (struct port_received){ .buffer = (uint8_t)b->i, .bytes = (uint16_t)b->bytes };
    p->waiting++;
    p->bytes_in += b->bytes;
    ports->driver->news(n);
}

/* Take what came for port n before its mark. */
static void port_receive(struct ports *ports, unsigned n)
{
    struct port *p = &ports->port[n];
    struct virtqueue_buffer b;

    for (unsigned i = 0; i < PORT_BUFFERS; i++) {
        if (virtqueue_take_to(&p->in, p->mark, &b) != VIRTQUEUE_ONE) {
            return;
        }
        if (b.over) {
            p->in.broken = true;
            return;
        }
        receive(ports, n, &b);
    }
}

/* Take back what was sent; if somebody waits for room, there is some. */
static void port_sent(struct ports *ports, unsigned n)
{
    struct port *p = &ports->port[n];
    struct virtqueue_buffer b;

    while (virtqueue_take(&p->out, &b) == VIRTQUEUE_ONE) {
        /* its buffer is free */
    }
    if (p->wants_room && p->out.with < p->out.size) {
        p->wants_room = false;
        virtqueue_quiet(&p->out, true);
        ports->driver->news(n);
    }
}

/* ---- All of it ---- */

static void mark_all(struct ports *ports)
{
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        if (ports->port[n].has_buffers) {
            ports->port[n].mark = virtqueue_mark(&ports->port[n].in);
        }
    }
}

/* Has a queue been found broken? */
static bool all_sound(struct ports *ports)
{
    if (ports->control_in.broken || ports->control_out.broken) {
        ports->wrong = "what it says of its control queues cannot be";
    }
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        if (ports->port[n].in.broken) {
            ports->wrong = "what it says of a receive queue cannot be";
        }
        if (ports->port[n].out.broken) {
            ports->wrong = "what it says of a transmit queue cannot be";
        }
    }
    return ports->wrong == NULL;
}

bool ports_service(struct ports *ports)
{
    unsigned rounds = 0;

    if (ports->wrong != NULL) {
        return false;
    }
    do {
        mark_all(ports);
    } while (control_drain(ports) > 0 && ++rounds < SERVICE_ROUNDS);
    ports->again = rounds == SERVICE_ROUNDS; /* then the data must wait, and the marks are void */
    for (unsigned n = 0; n < PORT_COUNT && !ports->again; n++) {
        if (ports->port[n].has_buffers) {
            port_receive(ports, n);
            port_sent(ports, n);
            ports->port[n].was_closed = false;
        }
    }
    control_say(ports);
    return all_sound(ports);
}

void ports_begin(struct ports *ports, const struct ports_driver *driver, uint64_t session)
{
    ports->driver = driver;
    ports->last_session = session;
    for (unsigned i = 0; i < ports->control_in.size; i++) {
        post_control(ports, i);
    }
    virtqueue_quiet(&ports->control_out, true);
    driver->tell(QUEUE_CONTROL_IN);
    control_say(ports);
}

void ports_gone(struct ports *ports)
{
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        if (ports->port[n].there) {
            port_remove(ports, n);
        }
        ports->port[n].has_queues = false;
    }
}

unsigned ports_count(const struct ports *ports)
{
    unsigned count = 0;

    for (unsigned n = 0; n < PORT_COUNT; n++) {
        count += ports->port[n].has_queues;
    }
    return count;
}

/* ---- The reader and writer ---- */

void ports_new_reader(struct ports *ports, unsigned n)
{
    struct port *p = &ports->port[n];

    if (p->open && p->told == p->session) {
        p->session = ++ports->last_session;
        p->mixed |= p->read;
        p->read = false;
    }
    p->told = 0;
    p->wants_room = false;
    if (p->open) {
        ports->driver->news(n);
    }
}

/* Is there something for the reader? */
static bool more(const struct port *p)
{
    return (p->told != 0 && (!p->open || p->told != p->session)) || (p->open && p->told == 0) ||
           p->waiting > 0;
}

struct port_event ports_next(struct ports *ports, unsigned n)
{
    struct port *p = &ports->port[n];
    struct port_event event = { .what = PORT_NOTHING, .session = p->session };

    if (p->told != 0 && (!p->open || p->told != p->session)) {
        event.what = PORT_CLOSED;
        event.session = p->told;
        p->told = 0;
    } else if (p->open && p->told == 0) {
        event.what = PORT_OPENED;
        event.flags = p->mixed ? PORT_MIXED : 0;
        p->told = p->session;
    } else if (p->waiting > 0) {
        const struct port_received *r = &p->received[p->first];

        event.what = PORT_DATA;
        event.at = p->in_buffer[r->buffer].at;
        event.bytes = r->bytes;
        event.flags = PORT_BEGINS | (p->waiting > 1 ? PORT_MORE : 0);
        return event;
    }
    event.flags |= more(p) ? PORT_MORE : 0;
    return event;
}

void ports_done(struct ports *ports, unsigned n)
{
    struct port *p = &ports->port[n];

    if (p->waiting == 0) {
        return;
    }
    post_receive(p, p->received[p->first].buffer);
    p->first = (p->first + 1) % PORT_BUFFERS;
    p->waiting--;
    p->read = true;
    tell_receive(ports, n);
}

/* A transmit buffer that the driver has; out.size: there is none. */
static unsigned free_buffer(const struct port *p)
{
    unsigned i = 0;

    while (i < p->out.size && virtqueue_has(&p->out, i)) {
        i++;
    }
    return i;
}

/* Before the first write of a session. Take the last session in which something was written: when
 * that was done, its close was not to be seen. So what had been given in sessions before it was
 * with QEMU when that close came. QEMU gave all of it back, but for the buffer that it was about to
 * send to the client who went: that it forgets (QEMU 7.2). What is still with it does not come
 * back. What was given in that last session may have been given behind its close, and still come
 * back. */
static void lost_buffers(struct port *p)
{
    for (unsigned i = 0; i < p->out.size; i++) {
        if (p->wrote_in[i] < p->wrote) {
            virtqueue_forget(&p->out, i);
        }
    }
}

/* Has the device said something that was not taken yet? */
static bool control_waits(const struct ports *ports)
{
    return virtqueue_mark(&ports->control_in) != ports->control_in.seen;
}

bool ports_write(struct ports *ports, unsigned n, uint64_t session, const void *bytes, size_t count,
                 size_t *taken)
{
    struct port *p = &ports->port[n];

    *taken = 0;
    if (!p->open || session != p->session || session != p->told) {
        return false;
    }
    if (count == 0 || count > PORT_BYTES) {
        return true;
    }
    if (p->wrote != p->opened) {
        lost_buffers(p);
    }
    unsigned i = free_buffer(p);

    if (i == p->out.size) {
        p->wants_room = true;
        virtqueue_quiet(&p->out, false);
        port_sent(ports, n); /* look again: one may have come back before that was seen */
        return true;
    }
    memcpy(p->out_buffer[i].at, bytes, count);
    if (control_waits(ports)) {
        p->wants_room = true; /* the next service, which takes the message, tells the writer */
        return true;
    }
    p->wrote = p->opened;
    p->wrote_in[i] = p->opened;
    if (!virtqueue_post(&p->out, i, p->out_buffer[i].bus, (uint32_t)count, false)) {
        return true;
    }
    if (virtqueue_must_tell(&p->out)) {
        ports->driver->tell(QUEUE_OUT(n));
    }
    p->bytes_out += count;
    *taken = count;
    return true;
}

bool ports_check(const struct ports *ports)
{
    bool good = virtqueue_check(&ports->control_in) && virtqueue_check(&ports->control_out);

    for (unsigned n = 0; n < PORT_COUNT; n++) {
        const struct port *p = &ports->port[n];

        good &= virtqueue_check(&p->in) && virtqueue_check(&p->out);
        good &= p->waiting + p->in.with <= PORT_BUFFERS && (p->open || p->waiting == 0);
        good &= !p->has_buffers || p->in.broken || p->waiting + p->in.with == PORT_BUFFERS;
        good &= p->told <= ports->last_session && p->session <= ports->last_session;
    }
    return good;
}

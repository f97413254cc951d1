/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtio-serial server: the ports of a virtio-serial device (<lykos/port.h>).
 *
 * Everything is driven by notices: the device interrupts, a client writes or reads. Whatever is
 * asked, the device's control messages are looked at first (ports.h says why). The server waits for
 * nobody but `pci`, and for that only to be given memory and at its begin.
 */
#include "device.h"

#include <lykos/connect.h>
#include <lykos/lykos.h>

#define NOTICE_LINE 0x1u
#define NOTICE_AGAIN 0x2u /* from ourselves: there was more to do than one service does */
#define NOTICE_PCI 0x4u   /* `pci` was begun again */

#define NOBODY PORT_COUNT

/* Who reads a port: his AppNotice is in REG_BINDER + port. */
struct binder {
    uint64_t bits; /* 0: nobody */
    unsigned with; /* the first port that was bound together with this one; one notice does for all
                    */
};

static struct {
    struct ports ports;
    struct binder binder[PORT_COUNT];
    uint32_t news; /* ports whose readers are to be told */
    char received[PORT_BYTES];
    char answer[PORT_BYTES];
} serial;

/* ---- The device ---- */

/* Tell the readers that there is something for them. */
static void tell_readers(void)
{
    uint32_t tell = 0;

    for (unsigned n = 0; n < PORT_COUNT; n++) {
        if ((serial.news >> n & 1) != 0 && serial.binder[n].bits != 0) {
            tell |= 1u << serial.binder[n].with;
        }
    }
    serial.news = 0;
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        if ((tell >> n & 1) != 0) {
            lk_post2(REG_BINDER + n, OP_APPNOTICE_POST, serial.binder[n].bits, 0);
        }
    }
}

static void news(unsigned n)
{
    serial.news |= 1u << n;
}

/* The device is not to be used any more. */
static void give_up(const char *why)
{
    say("the device is not used any more: %s", why);
    device_give_up();
    ports_gone(&serial.ports);
}

/* See what the device has for us. */
static void service(void)
{
    if (!device_there()) {
        return;
    }
    if (!ports_service(&serial.ports)) {
        give_up(serial.ports.wrong);
    } else if (serial.ports.again) {
        lk_post2(REG_OWN, OP_APPNOTICE_POST, NOTICE_AGAIN, 0);
    }
}

/* Notices. The line of the device is level-triggered and masked since it interrupted: reading the
 * interrupt status takes the level back, what the device does from then on raises it again, and
 * once the line is unmasked that interrupts. So the status is read first, then the queues are
 * looked at, then the line is unmasked. */
static void take_notices(void *context, uint64_t bits)
{
    (void)context;
    if ((bits & NOTICE_PCI) != 0) {
        lk_exit(1); /* nothing that we were given is good: begin again */
    }
    if ((bits & NOTICE_LINE) != 0 && device_there() && !device_interrupt()) {
        give_up("it says that it must be reset");
    }
    service();
    if ((bits & NOTICE_LINE) != 0 && device_there()) {
        device_acknowledge();
    }
    tell_readers();
}

/* ---- Methods ---- */

/* Is word 1 a port that the caller may use? */
static enum status check_port(const struct lk_request *rq)
{
    if (rq->w[1] >= PORT_COUNT) {
        return STATUS_OUT_OF_RANGE;
    }
    return (rq->payload >> rq->w[1] & 1) != 0 ? STATUS_OK : STATUS_NO_ACCESS;
}

static enum status port_op_info(struct lk_request *rq)
{
    enum status s = check_port(rq);

    if (s != STATUS_OK) {
        return s;
    }
    service();
    const struct port *p = &serial.ports.port[rq->w[1]];

    rq->out[1] = ports_count(&serial.ports);
    rq->out[2] = p->open;
    rq->out[3] = p->session;
    rq->out[4] = p->bytes_in;
    rq->out[5] = p->bytes_out;
    rq->out_words = 5;
    rq->out_string = p->name;
    rq->out_string_len = strlen(p->name);
    tell_readers();
    return STATUS_OK;
}

static uint64_t type_of(uint32_t reg)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_discrim_classify(lk_cap("discrim"), reg, &type, NULL) == STATUS_OK ? type
                                                                                 : LK_TYPE_NULL;
}

/* Does somebody else read port n, who is still there? */
static bool read_by_other(unsigned n)
{
    uint64_t same = 0;

    if (serial.binder[n].bits == 0 || type_of(REG_BINDER + n) == LK_TYPE_NULL) {
        return false;
    }
    lk_discrim_compare(lk_cap("discrim"), REG_BINDER + n, LK_REG_ARG, &same);
    return same == 0;
}

/* May the ports of this mask be bound to the capability in LK_REG_ARG, of this type? */
static enum status check_bind(const struct lk_request *rq, uint64_t type)
{
    if (rq->w[1] == 0 || (rq->w[1] & ~(uint64_t)PORT_ALL) != 0) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((rq->w[1] & ~rq->payload) != 0) {
        return STATUS_NO_ACCESS;
    }
    if (type != LK_TYPE_NULL && type != LK_TYPE_APPNOTICE) {
        return STATUS_REQUEST_ERROR;
    }
    if (type != LK_TYPE_NULL && (rq->w[2] == 0 || rq->w[2] > UINT32_MAX)) {
        return STATUS_OUT_OF_RANGE;
    }
    for (unsigned n = 0; n < PORT_COUNT && type != LK_TYPE_NULL; n++) {
        if ((rq->w[1] >> n & 1) != 0 && read_by_other(n)) {
            return STATUS_IN_USE;
        }
    }
    return STATUS_OK;
}

/* Port n loses its reader. Others that were bound with it go on; if it was the one that stands for
 * all, the next of them does. */
static void unbind(unsigned n)
{
    unsigned next = NOBODY;

    for (unsigned k = 0; k < PORT_COUNT; k++) {
        if (k != n && serial.binder[k].bits != 0 && serial.binder[k].with == n) {
            next = next == NOBODY ? k : next;
            serial.binder[k].with = next;
        }
    }
    serial.binder[n].bits = 0;
    lk_drop_cap(REG_BINDER + n);
}

static enum status port_op_bind(struct lk_request *rq)
{
    uint64_t type = lk_caps(rq->delivery) > 1 ? type_of(LK_REG_ARG) : LK_TYPE_NULL;
    enum status s = check_bind(rq, type);
    unsigned first = NOBODY;

    if (s != STATUS_OK) {
        return s;
    }
    service();
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        if ((rq->w[1] >> n & 1) == 0) {
            continue;
        }
        unbind(n);
        if (type != LK_TYPE_NULL) {
            first = first == NOBODY ? n : first;
            lk_copy_cap(LK_REG_ARG, REG_BINDER + n);
            serial.binder[n] = (struct binder){ .bits = rq->w[2], .with = first };
        }
        ports_new_reader(&serial.ports, n);
    }
    tell_readers();
    return STATUS_OK;
}

static enum status port_op_read(struct lk_request *rq)
{
    enum status s = check_port(rq);
    unsigned n = (unsigned)rq->w[1];

    if (s != STATUS_OK) {
        return s;
    }
    service();
    struct port_event event = ports_next(&serial.ports, n);

    if (event.what == PORT_DATA) {
        memcpy(serial.answer, event.at, event.bytes);
        rq->out_string = serial.answer;
        rq->out_string_len = event.bytes;
        ports_done(&serial.ports, n);
    }
    lk_answer3(rq, event.what, event.session, event.flags);
    serial.news &= ~(event.flags & PORT_MORE ? 1u << n : 0); /* he knows */
    tell_readers();
    return STATUS_OK;
}

static enum status port_op_write(struct lk_request *rq)
{
    enum status s = check_port(rq);
    size_t taken;

    if (s != STATUS_OK) {
        return s;
    }
    service();
    if (!ports_write(&serial.ports, (unsigned)rq->w[1], rq->w[2], rq->string, rq->string_len,
                     &taken)) {
        s = STATUS_STATE_CHANGED;
    }
    lk_answer1(rq, taken);
    tell_readers();
    return s;
}

static const struct lk_method methods[PORT_METHODS] = {
    [PORT_INFO] = { port_op_info, .words = 1, .name = "info" },
    [PORT_BIND] = { port_op_bind, .words = 2, .name = "bind" },
    [PORT_READ] = { port_op_read, .words = 1, .name = "read" },
    [PORT_WRITE] = { port_op_write, .words = 2, .string_min = 1, .string_max = PORT_BYTES,
                     .name = "write" },
};

static const struct lk_server server = {
    .methods = methods,
    .method_count = PORT_METHODS,
    .notice = take_notices,
    .buffer = serial.received,
    .buffer_size = sizeof(serial.received),
};

int main(void)
{
    const char *wrong;

    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, NOTICE_LINE | NOTICE_AGAIN | NOTICE_PCI,
                                        REG_OWN),
            "a notice to itself");
    lk_watch("device", NOTICE_PCI, REG_OWN);
    wrong = device_begin(&serial.ports, NOTICE_LINE, news);
    if (wrong != NULL) {
        say("the device cannot be used: %s", wrong);
        ports_gone(&serial.ports);
    } else {
        take_notices(NULL, 0);
    }
    lk_serve(&server);
}

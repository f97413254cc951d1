/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtio-serial server: the ports of a virtio-serial device (user/idl/port.idl).
 *
 * Everything is driven by notices: the device interrupts, a client writes or reads. Whatever is
 * asked, the device's control messages are looked at first (ports.h says why). The server waits for
 * nobody but `pci`, and for that only to be given memory and at its begin.
 */
#include "device.h"

#include <lykos/connect.h>
#include <lykos/gen/port_server.h>
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
    char answer[PORT_BYTES];
} serial;

_Static_assert(sizeof(port_buffer) == PORT_BYTES, "as much is taken as can be sent");

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

/* Is it a port that the caller may use? */
static enum status check_port(const struct lk_request *rq, uint64_t port)
{
    if (port >= PORT_COUNT) {
        return STATUS_OUT_OF_RANGE;
    }
    return (rq->payload >> port & 1) != 0 ? STATUS_OK : STATUS_NO_ACCESS;
}

enum status port_op_info(struct lk_request *rq, uint64_t port, uint64_t *ports, bool *open,
                         uint64_t *session, uint64_t *received, uint64_t *sent, const char **name,
                         size_t *name_len)
{
    enum status s = check_port(rq, port);

    if (s != STATUS_OK) {
        return s;
    }
    service();
    const struct port *p = &serial.ports.port[port];

    *ports = ports_count(&serial.ports);
    *open = p->open;
    *session = p->session;
    *received = p->bytes_in;
    *sent = p->bytes_out;
    *name = p->name;
    *name_len = strlen(p->name);
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

/* May the ports of this mask be bound to the capability in LK_REG_ARG, or to nobody? */
static enum status check_bind(const struct lk_request *rq, uint64_t mask, uint64_t bits,
                              bool nobody)
{
    if (mask == 0 || (mask & ~(uint64_t)PORT_ALL) != 0) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((mask & ~rq->payload) != 0) {
        return STATUS_NO_ACCESS;
    }
    if (!nobody && (bits == 0 || bits > UINT32_MAX)) {
        return STATUS_OUT_OF_RANGE;
    }
    for (unsigned n = 0; n < PORT_COUNT && !nobody; n++) {
        if ((mask >> n & 1) != 0 && read_by_other(n)) {
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

enum status port_op_bind(struct lk_request *rq, uint64_t mask, uint64_t bits, uint32_t notice_cap)
{
    bool nobody = type_of(notice_cap) == LK_TYPE_NULL;
    enum status s = check_bind(rq, mask, bits, nobody);
    unsigned first = NOBODY;

    if (s != STATUS_OK) {
        return s;
    }
    service();
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        if ((mask >> n & 1) == 0) {
            continue;
        }
        unbind(n);
        if (!nobody) {
            first = first == NOBODY ? n : first;
            lk_copy_cap(notice_cap, REG_BINDER + n);
            serial.binder[n] = (struct binder){ .bits = bits, .with = first };
        }
        ports_new_reader(&serial.ports, n);
    }
    tell_readers();
    return STATUS_OK;
}

enum status port_op_read(struct lk_request *rq, uint64_t port, uint64_t *what, uint64_t *session,
                         uint64_t *flags, const void **data, size_t *data_len)
{
    enum status s = check_port(rq, port);
    unsigned n = (unsigned)port;

    if (s != STATUS_OK) {
        return s;
    }
    service();
    struct port_event event = ports_next(&serial.ports, n);

    if (event.what == PORT_DATA) {
        memcpy(serial.answer, event.at, event.bytes);
        *data = serial.answer;
        *data_len = event.bytes;
        ports_done(&serial.ports, n);
    }
    *what = event.what;
    *session = event.session;
    *flags = event.flags;
    serial.news &= ~(event.flags & PORT_MORE ? 1u << n : 0); /* he knows */
    tell_readers();
    return STATUS_OK;
}

enum status port_op_write(struct lk_request *rq, uint64_t port, uint64_t session, const void *data,
                          size_t data_len, uint64_t *taken)
{
    enum status s = check_port(rq, port);
    size_t count = 0;

    if (s != STATUS_OK) {
        return s;
    }
    service();
    if (!ports_write(&serial.ports, (unsigned)port, session, data, data_len, &count)) {
        s = STATUS_STATE_CHANGED;
    }
    *taken = count;
    tell_readers();
    return s;
}

static const struct lk_server server = {
    PORT_SERVER("discrim"),
    .notice = take_notices,
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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ports of a virtio-serial device: what its control messages say, sessions, bytes in and out.
 * Pure: the queues and buffers are memory, and all else is asked of the caller through functions.
 *
 * Control messages and data come through different queues, which the device fills one after the
 * other, and the order between them matters: the bytes of a new client must not be taken for those
 * of the old one. So ports_service() marks how far each receive queue is, then takes all control
 * messages, and begins again as long as there were any: what lies before the marks in the end came
 * before all control messages that are not yet known. Bytes before the marks of a port that is
 * closed by then are dropped. If a port was closed and opened again in between, what lies before
 * the mark may be of either: the session is told as *mixed*, and its reader finds out by itself
 * where the new client begins.
 *
 * What is written is meant for one session. So directly before a transmit buffer is given to the
 * device, when its bytes are in it, it is made sure that no control message waits: else nothing is
 * given, and the writer tries again when the message was taken. What the device does between that
 * look and its taking the buffer nobody can see in time. A device throws away, when a client goes,
 * what it was given by then: so at most that one buffer may go to the next client.
 *
 * QEMU does not give back the one buffer that it was about to send when the client went: after four
 * such clients a port would have none. Such a buffer is taken again two sessions later (ports.c,
 * lost_buffers()).
 *
 * A device drops a control message if there is no buffer for it. If all buffers came back at once,
 * one may have been lost: every port that is thought to be closed is then *unsure*. It is announced
 * once more, so that the device says again whether it is open. Its bytes are not dropped, but begin
 * a session, mixed, which the device's answer confirms. That a close was lost is seen at the next
 * open.
 */
#pragma once

#include "virtqueue.h"

#include <lykos/gen/port.h>
#include <stddef.h>

/* Queues of the device, by number. Its port p, from 0, has queues 2p + 2 and 2p + 3, but for port
 * 0, which has 0 and 1: so our port n, the device's n + 1, has 2n + 4 and 2n + 5. */
#define QUEUE_CONTROL_IN 2u
#define QUEUE_CONTROL_OUT 3u
#define QUEUE_IN(n) (2u * (n) + 4u)
#define QUEUE_OUT(n) (2u * (n) + 5u)
#define QUEUES (QUEUE_OUT(PORT_COUNT - 1) + 1u)

/* Buffers. */
#define CONTROL_IN 32u /* a device drops what finds none */
#define CONTROL_IN_BYTES ((size_t)128)
#define CONTROL_OUT 32u
#define CONTROL_OUT_BYTES ((size_t)8)
#define PORT_BUFFERS 4u /* of PORT_BYTES, in each direction */
#define PORT_NAME 32u

/* What a control message says. All little-endian; a name follows one of NAME. */
struct control_message {
    uint32_t id; /* of the port, as the device has it */
    uint16_t event;
    uint16_t value;
};

enum control_event {
    CONTROL_DEVICE_READY = 0, /* from us: value 1 */
    CONTROL_PORT_ADD = 1,
    CONTROL_PORT_REMOVE = 2,
    CONTROL_PORT_READY = 3, /* from us: value 1; the device then says name and state */
    CONTROL_CONSOLE_PORT = 4,
    CONTROL_RESIZE = 5,
    CONTROL_PORT_OPEN = 6, /* both ways: value 1 open, 0 closed */
    CONTROL_PORT_NAME = 7,
};

/* A buffer that the device reaches. */
struct port_buffer {
    uint8_t *at;
    uint64_t bus;
};

/* A receive buffer that has come and was not read. */
struct port_received {
    uint8_t buffer;
    uint16_t bytes;
};

/* One port. */
struct port {
    struct virtqueue in, out;
    struct port_buffer in_buffer[PORT_BUFFERS], out_buffer[PORT_BUFFERS];
    bool has_queues;  /* the device has so many ports, and its queues are set up */
    bool has_buffers; /* the above are good */
    bool there;       /* the device has announced it */
    bool announce;    /* PORT_READY is to be sent */
    bool say_open;    /* PORT_OPEN is to be sent */
    char name[PORT_NAME];

    bool fresh; /* no session since it was announced: a client may have spoken to somebody before */
    bool open;  /* a client is there */
    bool was_closed;  /* within the service that is going on */
    bool unsure;      /* it was thought to be closed, but a message may have been lost */
    bool mixed;       /* of the session: see PORT_MIXED */
    uint64_t session; /* of the client that is there, or was there last */
    uint64_t opened;  /* times that a client came */
    uint64_t told;    /* session that the reader was told of and that he thinks goes on; 0: none */
    bool read;        /* some of the session's bytes were given to a reader */

    uint16_t mark; /* of `in`: what lies before may be taken */
    struct port_received received[PORT_BUFFERS];
    unsigned first, waiting;         /* of received: a ring */
    bool wants_room;                 /* a write was refused */
    uint64_t wrote;                  /* `opened`, when something was written last */
    uint64_t wrote_in[PORT_BUFFERS]; /* and when each transmit buffer was given to the device */
    uint64_t bytes_in, bytes_out;
};

/* What the ports ask of the driver. */
struct ports_driver {
    /* Tell the device that a queue has new buffers. */
    void (*tell)(unsigned queue);
    /* A port was announced the first time: get its buffers. False: there is no memory. */
    bool (*equip)(unsigned n, struct port *p);
    /* There is something for the reader of the port, or room for its writer. */
    void (*news)(unsigned n);
};

struct ports {
    const struct ports_driver *driver;
    struct virtqueue control_in, control_out;
    struct port_buffer control_in_buffer;  /* CONTROL_IN of CONTROL_IN_BYTES */
    struct port_buffer control_out_buffer; /* CONTROL_OUT of CONTROL_OUT_BYTES */
    struct port port[PORT_COUNT];
    uint64_t last_session;
    bool device_ready; /* DEVICE_READY was sent */
    bool again;        /* more was to do than one service does */
    const char *wrong; /* in words: why the device is not used any more; null: it is */
    uint64_t lost;     /* times that control messages may have been lost */
};

/* Begin: all queues are set up and empty, has_queues of the ports is set. Sessions will have
 * numbers above `session`. Posts the control buffers and says that the driver is ready. */
void ports_begin(struct ports *ports, const struct ports_driver *driver, uint64_t session);

/* Take what the device has. False: the device has done what cannot be, which `wrong` says; it must
 * be reset, and is not to be used again. Bounded: `again` says that there may be more. */
bool ports_service(struct ports *ports);

/* The device is not there any more: every port is closed. */
void ports_gone(struct ports *ports);

/* How many ports there can be: what the device was made for, which is known before it has said
 * which there are. 0: it is not there any more. */
unsigned ports_count(const struct ports *ports);

/* There is a new reader of port n, or none any more. */
void ports_new_reader(struct ports *ports, unsigned n);

/* What the reader of port n is told next. */
struct port_event {
    unsigned what; /* PORT_NOTHING.. */
    uint64_t session;
    unsigned flags;
    const uint8_t *at; /* of PORT_DATA: good until port_done() */
    size_t bytes;
};

/* The next event of port n, behind a ports_service(). The buffer of one with data is to be given
 * back by ports_done() when it was copied. */
struct port_event ports_next(struct ports *ports, unsigned n);
void ports_done(struct ports *ports, unsigned n);

/* Send bytes, at most PORT_BYTES, to the client of port n, behind a ports_service(). Answers how
 * many were taken: all or none, and then there will be news when there is room. False: that session
 * is over. */
bool ports_write(struct ports *ports, unsigned n, uint64_t session, const void *bytes, size_t count,
                 size_t *taken);

/* Test of the invariants: true if they hold. */
bool ports_check(const struct ports *ports);

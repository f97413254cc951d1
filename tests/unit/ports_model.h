/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A model of the device that the server `serial` drives, and of clients at its ports. It does what
 * QEMU does: it drops a control message for which there is no buffer, holds back what no buffer
 * takes, and throws away what a client that went did not read. It acts at its worst moments too:
 * whenever the driver has just looked at a used index.
 */
#pragma once

#include "user/servers/serial/ports.h"

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

struct ports_model {
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
};
extern struct ports_model model;

/* A driver begins, with all ports; its end. */
void model_begin(void);
void model_end(void);

/* A client comes to port n; what was sent for nobody is thrown away; the client goes, and what it
 * had not read is thrown away, all but one buffer of a client that does not read is given back;
 * says a little more, if there is a buffer for it; reads what the guest sent. */
void outside_connect(unsigned n);
void outside_discard(unsigned n);
void outside_close(unsigned n);
void outside_say(unsigned n);
void outside_hear(unsigned n);

/* The device uses buffer `id`; sends a control message; does something by itself, at random. */
void device_use(struct virtqueue *q, uint32_t id, uint32_t bytes);
void device_control(uint32_t id, uint16_t event, uint16_t value, const char *name);
void device_acts(void);

/* The queue of the driver that has this number. */
struct virtqueue *queue_of(unsigned queue);

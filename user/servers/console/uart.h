/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The 16550 serial port, by way of a capability to its eight ports.
 *
 * The driver never waits for the device: uart_service() does what can be done now and says in the
 * end that the device has no reason left to interrupt, so that the next reason makes an edge on its
 * line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Where the driver takes bytes from and puts them. */
struct uart_user {
    bool (*next)(uint8_t *byte); /* the next byte to send; false: there is none */
    void (*received)(uint8_t byte);
};

/* Set the device up: 115,200 baud, 8 bits, no parity, FIFOs on, interrupts on. `ports` is the
 * register of an IOPriv whose first port is `base`. False: there is no such device. */
bool uart_init(uint32_t ports, uint16_t base, const struct uart_user *user);

/* Take in and send what can be taken in and sent now, until the device asks for nothing more. */
void uart_service(void);

/* There is something to send: begin, if the device is idle. */
void uart_kick(void);

/* Has everything left the transmitter? */
bool uart_idle(void);

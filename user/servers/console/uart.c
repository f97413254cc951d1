/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The 16550 serial port; see uart.h. Register numbers and bits are those of the PC16550D data
 * sheet.
 *
 * The interrupt line is edge-triggered: it rises when the first reason to interrupt comes and falls
 * when the last is gone. A reason that is left standing would therefore silence the device for
 * good. So uart_service() goes on until the identification register reads "none", and whoever
 * unmasks the line calls it once more (see console.c).
 */
#include "uart.h"

#include <lykos/stubs.h>

enum uart_register {
    REG_DATA = 0, /* receiver buffer, transmitter holding */
    REG_IER = 1,  /* interrupt enable */
    REG_IIR = 2,  /* read: interrupt identification; write: FIFO control */
    REG_LCR = 3,  /* line control */
    REG_MCR = 4,  /* modem control */
    REG_LSR = 5,  /* line status */
    REG_MSR = 6,  /* modem status */
    REG_SCRATCH = 7,
};

#define IER_RECEIVED 0x01u
#define IER_SENT 0x02u
#define IIR_NONE 0x01u
#define IIR_CAUSE 0x0eu
#define CAUSE_MODEM 0x00u
#define CAUSE_SENT 0x02u
#define CAUSE_RECEIVED 0x04u
#define CAUSE_LINE 0x06u
#define CAUSE_TIMEOUT 0x0cu /* bytes wait in the FIFO, fewer than its trigger level */
#define FCR_ENABLE 0x01u
#define LCR_8N1 0x03u
#define LCR_DIVISOR 0x80u
#define MCR_DTR_RTS_OUT2 0x0bu /* OUT2 lets interrupts through on a PC */
#define LSR_READY 0x01u
#define LSR_SENT 0x20u
#define LSR_IDLE 0x40u

#define FIFO_BYTES 16u
#define ROUNDS_MAX                                                                                 \
    4096u /* of one service: a device that is broken must not hold the driver for ever */

static struct {
    uint32_t ports;
    uint16_t base;
    struct uart_user user;
    bool present;
} uart;

static uint8_t read_register(enum uart_register r)
{
    uint64_t value = 0;

    lk_iopriv_input(uart.ports, uart.base + (unsigned)r, 1, &value);
    return (uint8_t)value;
}

static void write_register(enum uart_register r, uint8_t value)
{
    lk_iopriv_output(uart.ports, uart.base + (unsigned)r, 1, value);
}

bool uart_init(uint32_t ports, uint16_t base, const struct uart_user *user)
{
    uart.ports = ports;
    uart.base = base;
    uart.user = *user;
    write_register(REG_SCRATCH, 0x5a);
    uart.present = read_register(REG_SCRATCH) == 0x5a;
    if (!uart.present) {
        return false;
    }
    /* The kernel wrote before us: let its last bytes go, for they would be lost with the divisor.
     */
    for (unsigned i = 0; i < ROUNDS_MAX && !uart_idle(); i++) {
        lk_yield();
    }
    write_register(REG_IER, 0);
    write_register(REG_LCR, LCR_DIVISOR);
    write_register(REG_DATA, 1);
    write_register(REG_IER, 0);
    write_register(REG_LCR, LCR_8N1);
    write_register(REG_IIR, FCR_ENABLE);
    write_register(REG_MCR, MCR_DTR_RTS_OUT2);
    write_register(REG_IER, IER_RECEIVED | IER_SENT);
    return true;
}

/* Fill the transmitter's FIFO; the caller knows that it is empty. */
static void send_some(void)
{
    uint8_t byte;

    for (unsigned i = 0; i < FIFO_BYTES && uart.user.next(&byte); i++) {
        write_register(REG_DATA, byte);
    }
}

static void receive_all(void)
{
    for (unsigned i = 0; i < ROUNDS_MAX && (read_register(REG_LSR) & LSR_READY) != 0; i++) {
        uart.user.received(read_register(REG_DATA));
    }
}

void uart_service(void)
{
    for (unsigned i = 0; uart.present && i < ROUNDS_MAX; i++) {
        uint8_t iir = read_register(REG_IIR); /* reading it takes a "sent" back */

        if ((iir & IIR_NONE) != 0) {
            return;
        }
        switch (iir & IIR_CAUSE) {
        case CAUSE_RECEIVED:
        case CAUSE_TIMEOUT:
            receive_all();
            break;
        case CAUSE_SENT:
            send_some();
            break;
        case CAUSE_LINE:
            read_register(REG_LSR);
            break;
        default:
            read_register(REG_MSR);
            break;
        }
    }
}

void uart_kick(void)
{
    uint8_t byte;

    while (!uart.present && uart.user.next(&byte)) {
        /* no device: what is written goes nowhere, so that nobody waits for it */
    }
    if (uart.present && (read_register(REG_LSR) & LSR_SENT) != 0) {
        send_some();
    }
}

bool uart_idle(void)
{
    return (read_register(REG_LSR) & LSR_IDLE) != 0;
}

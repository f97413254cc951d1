/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The early console: COM1, a 16550, polled, 115200 baud, 8 data bits, no parity. The kernel only
 * ever writes. A user-level driver may have the same device; it sees a transmitter that is busy now
 * and then.
 */
#include <arch/port.h>
#include <arch/x86.h>

#define COM1 0x3f8
#define DATA (COM1 + 0)
#define DIVISOR_LOW (COM1 + 0)
#define DIVISOR_HIGH (COM1 + 1)
#define INTERRUPT_ENABLE (COM1 + 1)
#define FIFO_CONTROL (COM1 + 2)
#define LINE_CONTROL (COM1 + 3)
#define MODEM_CONTROL (COM1 + 4)
#define LINE_STATUS (COM1 + 5)
#define SCRATCH (COM1 + 7)

#define LINE_DIVISOR_ACCESS 0x80
#define LINE_8N1 0x03
#define FIFO_ENABLE 0x07 /* on, and both emptied */
#define MODEM_READY 0x0b /* DTR, RTS, OUT2 */
#define STATUS_HOLDING_EMPTY 0x20
#define STATUS_ALL_SENT 0x40

/* A character takes 87 microseconds, a poll of a real port about one. */
#define POLLS 200000u

static bool present;
static char last; /* character written */

/* Wait for a bit of the line status, not for ever. */
static bool wait_for(uint8_t bit)
{
    for (unsigned i = 0; i < POLLS; i++) {
        if (arch_in(LINE_STATUS, 1) & bit) {
            return true;
        }
        x86_pause();
    }
    return false;
}

/* Does a register hold what is written into it? */
static bool answers(uint8_t value)
{
    arch_out(SCRATCH, 1, value);
    return arch_in(SCRATCH, 1) == value;
}

void uart_init(void)
{
    present = answers(0x5a) && answers(0xa5); /* without a device all bits of it read as set */
    if (!present) {
        return;
    }
    wait_for(STATUS_ALL_SENT); /* what the boot loader wrote last */
    arch_out(INTERRUPT_ENABLE, 1, 0);
    arch_out(LINE_CONTROL, 1, LINE_DIVISOR_ACCESS);
    arch_out(DIVISOR_LOW, 1, 1);
    arch_out(DIVISOR_HIGH, 1, 0);
    arch_out(LINE_CONTROL, 1, LINE_8N1);
    arch_out(FIFO_CONTROL, 1, FIFO_ENABLE);
    arch_out(MODEM_CONTROL, 1, MODEM_READY);
}

static void put(char c)
{
    /* If it stopped, waiting again for every character would take minutes. */
    present = wait_for(STATUS_HOLDING_EMPTY);
    if (present) {
        arch_out(DATA, 1, (uint8_t)c);
        last = c;
    }
}

void arch_console_write(const char *text, size_t n)
{
    for (size_t i = 0; i < n && present; i++) {
        if (text[i] == '\n' && last != '\r') {
            put('\r');
        }
        put(text[i]);
    }
}

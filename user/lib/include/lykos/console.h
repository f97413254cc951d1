/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The protocol of the console server: its methods, and functions that call them.
 *
 * Programs write whole lines. Whoever holds a capability with the terminal bit (the shell) may also
 * write raw text, read what is typed, and ask for notices. The console repeats the raw text written
 * since the last end of line or carriage return behind every line that it prints for others, so a
 * prompt survives them: to change the line being edited, write
 * "\r", the whole new line, ESC [ K, and the moves back to the cursor.
 *
 * Word 0 of an answer is a status. Every method may be called; `write` may also be sent without a
 * reply capability.
 */
#pragma once

#include <abi/gen.h>
#include <stddef.h>
#include <stdint.h>

/* Protected payload of the Entry: bit 0 is authority over the terminal, the rest numbers the
 * client. */
#define LK_CONSOLE_TERMINAL 1u

/* string in: one or more whole lines; an end of line is added if the last lacks it. Control
 * characters other than tab and the escape sequences of colours are shown as '?'. Answered when the
 * text is in the console's buffer. REQUEST_ERROR: no string, or longer than LK_CONSOLE_WRITE_MAX.
 */
#define LK_CONSOLE_WRITE 1

/* string in: text as it is. Terminal only.
 * NO_ACCESS: not the terminal. REQUEST_ERROR: as write. */
#define LK_CONSOLE_WRITE_RAW 2

/* word 1: most bytes, 1..LK_CONSOLE_READ_MAX; word 2: flags. string out: what was typed, not
 * echoed, at least one byte. Answered when there is something; with LK_CONSOLE_NOWAIT at once,
 * perhaps with an empty string. Terminal only. NO_ACCESS: not the terminal. OUT_OF_RANGE: word 1.
 * REQUEST_ERROR: other flags. IN_USE: another read waits. */
#define LK_CONSOLE_READ 3
#define LK_CONSOLE_NOWAIT 1u

/* word 1: notice bits to post when Ctrl-C is typed, which then is not input; word 2: notice bits to
 * post when there is input; capability 1: the AppNotice to post them through, Null to end it. Bits
 * are posted at once for input that is there already. Without word-1 bits Ctrl-C is input, byte 3.
 * Terminal only. NO_ACCESS: not the terminal. */
#define LK_CONSOLE_SET_NOTICE 4

/* Answered when everything written before has left through the serial line. */
#define LK_CONSOLE_DRAIN 5

/* words out: 1 bytes written to the line, 2 bytes read from it, 3 bytes typed that were lost
 * because nobody read them, 4 interrupts, 5 bytes waiting to be read. */
#define LK_CONSOLE_GET_INFO 6

#define LK_CONSOLE_METHODS 7
#define LK_CONSOLE_WRITE_MAX 2048u
#define LK_CONSOLE_READ_MAX 256u

/* The methods as functions; `console` is the register of the console's Entry. They return the
 * console's answer, as said with each method, or INVALID_CAP or INVOKEE_GONE if there is none. */
enum status lk_console_write(uint32_t console, const char *text, size_t len);
enum status lk_console_write_raw(uint32_t console, const char *text, size_t len);

/* Reads at most `size` bytes (cut to LK_CONSOLE_READ_MAX) and sets *len_out. Waits for input. */
enum status lk_console_read(uint32_t console, char *buffer, size_t size, size_t *len_out);

/* The same without waiting: *len_out may be 0. */
enum status lk_console_poll(uint32_t console, char *buffer, size_t size, size_t *len_out);

/* `notice` is the register of an AppNotice, or 0. */
enum status lk_console_set_notice(uint32_t console, uint64_t interrupt_bits, uint64_t input_bits,
                                  uint32_t notice);
enum status lk_console_drain(uint32_t console);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What goes to the terminal: whole lines from everybody, and raw text from one program, which may
 * be in the middle of a row when somebody's line comes. Such a row is taken away, the line printed,
 * and the row written again below.
 *
 * Pure but for where the bytes go, which is a ring that the transmitter empties.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCREEN_RING 32768u
#define SCREEN_ROW 512u /* of the raw row that is written again; what is beyond is not */

/* Room that a text of `n` bytes may take, at the worst. */
#define SCREEN_ROOM(n) (2u * (n) + 2u * SCREEN_ROW + 64u)

struct screen {
    uint8_t ring[SCREEN_RING];
    uint64_t put, taken;  /* bytes ever put into the ring and taken out */
    char row[SCREEN_ROW]; /* raw text since the last line end or carriage return */
    size_t row_len;
};

/* Bytes of room in the ring. The caller sees to it that what it prints fits: SCREEN_ROOM. */
size_t screen_room(const struct screen *s);

/* Print lines, whole; a line end is added where the last one lacks it. Control characters are shown
 * as '?', but for tabs and the sequences that change colours. */
void screen_lines(struct screen *s, const char *text, size_t len);

/* Print raw text. */
void screen_raw(struct screen *s, const char *text, size_t len);

/* The next byte to send. False: there is none. */
bool screen_take(struct screen *s, uint8_t *byte);

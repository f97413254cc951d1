/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What goes to the terminal; see screen.h.
 */
#include "screen.h"

#define ESCAPE '\x1b'

size_t screen_room(const struct screen *s)
{
    return (size_t)(SCREEN_RING - (s->put - s->taken));
}

/* A byte that does not fit is lost; the callers of this file made sure that all fit. */
static void put(struct screen *s, char c)
{
    if (screen_room(s) > 0) {
        s->ring[s->put++ % SCREEN_RING] = (uint8_t)c;
    }
}

static void put_text(struct screen *s, const char *text)
{
    for (; *text != '\0'; text++) {
        put(s, *text);
    }
}

bool screen_take(struct screen *s, uint8_t *byte)
{
    if (s->taken == s->put) {
        return false;
    }
    *byte = s->ring[s->taken++ % SCREEN_RING];
    return true;
}

/* Length of the colour sequence that begins here, ESC [ digits and semicolons m, or 0. */
static size_t colour_sequence(const char *text, size_t len)
{
    size_t i = 2;

    if (len < 3 || text[0] != ESCAPE || text[1] != '[') {
        return 0;
    }
    while (i < len && ((text[i] >= '0' && text[i] <= '9') || text[i] == ';')) {
        i++;
    }
    return i < len && text[i] == 'm' ? i + 1 : 0;
}

static void put_clean(struct screen *s, const char *text, size_t len)
{
    size_t i = 0;

    while (i < len) {
        size_t colour = colour_sequence(text + i, len - i);

        if (text[i] == '\n') {
            put_text(s, "\r\n");
        } else if (colour > 0) {
            for (size_t k = 0; k < colour; k++) {
                put(s, text[i + k]);
            }
            i += colour - 1;
        } else if (text[i] == '\r' && i + 1 < len && text[i + 1] == '\n') {
            /* a line that ends as on a terminal already */
        } else if (((uint8_t)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f) {
            put(s, '?');
        } else {
            put(s, text[i]);
        }
        i++;
    }
}

void screen_lines(struct screen *s, const char *text, size_t len)
{
    if (len == 0) {
        return;
    }
    if (s->row_len > 0) {
        put_text(s, "\r\x1b[K");
    }
    put_clean(s, text, len);
    if (text[len - 1] != '\n') {
        put_text(s, "\r\n");
    }
    for (size_t i = 0; i < s->row_len; i++) {
        put(s, s->row[i]);
    }
}

void screen_raw(struct screen *s, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '\n') {
            put(s, '\r');
        }
        put(s, c);
        if (c == '\n' || c == '\r') {
            s->row_len = 0;
        } else if (c != '\a' && s->row_len < SCREEN_ROW) {
            s->row[s->row_len++] = c;
        }
    }
}

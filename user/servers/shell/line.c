/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Line editing; see line.h. Nearly every key changes text, len and cursor and then draws the row
 * anew. Only typing at the end of a short line writes just the character, which keeps a slow line
 * quick and a captured session readable.
 */
#include "line.h"

#define CTRL(c) ((c)&0x1f)
#define SCROLL 16u /* columns by which a line too wide for the row moves sideways */

/* ---- the screen ------------------------------------------------------------------------------ */

static size_t text_length(const char *s)
{
    size_t n = 0;

    while (s[n] != '\0') {
        n++;
    }
    return n;
}

static void put_text(struct line_editor *e, const char *s)
{
    e->put(e->context, s, text_length(s));
}

/* How many characters of the line fit in the row. */
static unsigned view_columns(const struct line_editor *e)
{
    size_t prompt = text_length(e->prompt);

    return prompt + 16 < LINE_COLUMNS ? (unsigned)(LINE_COLUMNS - prompt) : 16u;
}

/* Move the cursor `n` columns left. */
static void put_left(struct line_editor *e, unsigned n)
{
    char s[8] = { '\x1b', '[' };
    size_t at = 2;

    if (n == 0) {
        return;
    }
    if (n >= 100) {
        s[at++] = (char)('0' + n / 100 % 10);
    }
    if (n >= 10) {
        s[at++] = (char)('0' + n / 10 % 10);
    }
    s[at++] = (char)('0' + n % 10);
    s[at++] = 'D';
    e->put(e->context, s, at);
}

void line_redraw(struct line_editor *e)
{
    unsigned columns = view_columns(e);

    if (e->cursor < e->view) {
        e->view = e->cursor > SCROLL ? e->cursor - SCROLL : 0;
    }
    if (e->cursor > e->view + columns) {
        e->view = e->cursor - columns + SCROLL;
    }
    if (e->len <= columns) {
        e->view = 0;
    }
    unsigned end = e->len < e->view + columns ? e->len : e->view + columns;

    put_text(e, "\r");
    put_text(e, e->prompt);
    e->put(e->context, e->text + e->view, end - e->view);
    put_text(e, "\x1b[K");
    put_left(e, end - e->cursor);
}

/* ---- editing --------------------------------------------------------------------------------- */

/* Take out the characters from `from` to before `to`; the cursor goes to `from`. */
static void cut(struct line_editor *e, unsigned from, unsigned to)
{
    if (from == to) {
        return;
    }
    for (unsigned i = to; i <= e->len; i++) {
        e->text[from + i - to] = e->text[i];
    }
    e->len -= to - from;
    e->cursor = from;
    line_redraw(e);
}

static void insert(struct line_editor *e, char c)
{
    if (e->len == LINE_MAX) {
        put_text(e, "\a");
        return;
    }
    for (unsigned i = e->len + 1; i > e->cursor; i--) {
        e->text[i] = e->text[i - 1];
    }
    e->text[e->cursor++] = c;
    e->len++;
    if (e->cursor == e->len && e->len - e->view <= view_columns(e)) {
        e->put(e->context, &c, 1);
    } else {
        line_redraw(e);
    }
}

static void move_to(struct line_editor *e, unsigned cursor)
{
    if (cursor != e->cursor) {
        e->cursor = cursor;
        line_redraw(e);
    }
}

static unsigned word_left(const struct line_editor *e)
{
    unsigned i = e->cursor;

    while (i > 0 && e->text[i - 1] == ' ') {
        i--;
    }
    while (i > 0 && e->text[i - 1] != ' ') {
        i--;
    }
    return i;
}

static unsigned word_right(const struct line_editor *e)
{
    unsigned i = e->cursor;

    while (i < e->len && e->text[i] == ' ') {
        i++;
    }
    while (i < e->len && e->text[i] != ' ') {
        i++;
    }
    return i;
}

/* ---- history --------------------------------------------------------------------------------- */

static void copy_line(char *to, const char *from)
{
    size_t i = 0;

    for (; from[i] != '\0'; i++) {
        to[i] = from[i];
    }
    to[i] = '\0';
}

const char *line_history(const struct line_editor *e, unsigned back)
{
    if (back == 0 || back > e->history_count) {
        return NULL;
    }
    return e->history[(e->history_next + LINE_HISTORY - back) % LINE_HISTORY];
}

/* Remember the line, unless it is empty or the same as the last. */
static void remember(struct line_editor *e)
{
    const char *last = line_history(e, 1);
    size_t i = 0;

    if (e->len == 0) {
        return;
    }
    while (last != NULL && last[i] == e->text[i]) {
        if (last[i] == '\0') {
            return;
        }
        i++;
    }
    copy_line(e->history[e->history_next], e->text);
    e->history_next = (e->history_next + 1) % LINE_HISTORY;
    if (e->history_count < LINE_HISTORY) {
        e->history_count++;
    }
}

/* Show the line `back` lines before the newest; 0 is the one being written. */
static void show_history(struct line_editor *e, unsigned back)
{
    if (back > e->history_count) {
        put_text(e, "\a");
        return;
    }
    if (e->history_at == 0) {
        copy_line(e->kept, e->text);
    }
    copy_line(e->text, back == 0 ? e->kept : line_history(e, back));
    e->history_at = back;
    e->len = (unsigned)text_length(e->text);
    e->cursor = e->len;
    e->view = 0;
    line_redraw(e);
}

static void history_newer(struct line_editor *e)
{
    if (e->history_at > 0) {
        show_history(e, e->history_at - 1);
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void delete_under(struct line_editor *e)
{
    if (e->cursor < e->len) {
        cut(e, e->cursor, e->cursor + 1);
    }
}

static void key_left(struct line_editor *e)
{
    move_to(e, e->cursor > 0 ? e->cursor - 1 : 0);
}

static void key_right(struct line_editor *e)
{
    move_to(e, e->cursor < e->len ? e->cursor + 1 : e->len);
}

/* ESC [ NUMBER ~ */
static void key_numbered(struct line_editor *e)
{
    switch (e->number[0]) {
    case 1:
    case 7:
        move_to(e, 0);
        break;
    case 3:
        delete_under(e);
        break;
    case 4:
    case 8:
        move_to(e, e->len);
        break;
    default:
        break;
    }
}

/* The last byte of ESC [ ... or ESC O ... */
static void key_final(struct line_editor *e, uint8_t byte)
{
    bool modified = e->numbers > 1 && e->number[1] > 1;

    switch (byte) {
    case 'A':
        show_history(e, e->history_at + 1);
        break;
    case 'B':
        history_newer(e);
        break;
    case 'C':
        if (modified) {
            move_to(e, word_right(e));
        } else {
            key_right(e);
        }
        break;
    case 'D':
        if (modified) {
            move_to(e, word_left(e));
        } else {
            key_left(e);
        }
        break;
    case 'H':
        move_to(e, 0);
        break;
    case 'F':
        move_to(e, e->len);
        break;
    case '~':
        key_numbered(e);
        break;
    default:
        break;
    }
}

/* A byte inside an escape sequence. Unknown sequences are passed over whole. */
static void key_escaped(struct line_editor *e, uint8_t byte)
{
    if (e->keys == KEYS_ESCAPE) {
        e->keys = KEYS_PLAIN;
        e->number[0] = 0;
        e->number[1] = 0;
        e->numbers = 1;
        if (byte == '[') {
            e->keys = KEYS_CSI;
        } else if (byte == 'O') {
            e->keys = KEYS_SS3;
        } else if (byte == 'b') {
            move_to(e, word_left(e));
        } else if (byte == 'f') {
            move_to(e, word_right(e));
        }
        return;
    }
    if (byte >= '0' && byte <= '9') {
        if (e->numbers <= 2) {
            unsigned *n = &e->number[e->numbers - 1];

            *n = (*n * 10 + (unsigned)(byte - '0')) % 1000;
        }
        return;
    }
    if (byte == ';') {
        e->numbers++;
        return;
    }
    if (byte >= 0x40 && byte <= 0x7e) {
        e->keys = KEYS_PLAIN;
        key_final(e, byte);
    } else if (byte < 0x20) {
        e->keys = KEYS_PLAIN;
    }
}

static void key_control(struct line_editor *e, uint8_t byte)
{
    switch (byte) {
    case CTRL('A'):
        move_to(e, 0);
        break;
    case CTRL('B'):
        key_left(e);
        break;
    case CTRL('D'):
        delete_under(e);
        break;
    case CTRL('E'):
        move_to(e, e->len);
        break;
    case CTRL('F'):
        key_right(e);
        break;
    case CTRL('H'):
    case 0x7f:
        if (e->cursor > 0) {
            cut(e, e->cursor - 1, e->cursor);
        }
        break;
    case CTRL('K'):
        cut(e, e->cursor, e->len);
        break;
    case CTRL('L'):
        put_text(e, "\x1b[H\x1b[2J");
        line_redraw(e);
        break;
    case CTRL('N'):
        history_newer(e);
        break;
    case CTRL('P'):
        show_history(e, e->history_at + 1);
        break;
    case CTRL('U'):
        cut(e, 0, e->cursor);
        break;
    case CTRL('W'):
        cut(e, word_left(e), e->cursor);
        break;
    case 0x1b:
        e->keys = KEYS_ESCAPE;
        break;
    default:
        break;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

void line_start(struct line_editor *e)
{
    e->text[0] = '\0';
    e->len = 0;
    e->cursor = 0;
    e->view = 0;
    e->history_at = 0;
    e->keys = KEYS_PLAIN;
    put_text(e, e->prompt);
}

bool line_key(struct line_editor *e, uint8_t byte)
{
    bool after_return = e->after_return;

    e->after_return = false;
    if (e->keys != KEYS_PLAIN) {
        key_escaped(e, byte);
        return false;
    }
    if (byte == '\n' && after_return) {
        return false;
    }
    if (byte == '\r' || byte == '\n') {
        e->after_return = byte == '\r';
        move_to(e, e->len);
        put_text(e, "\n");
        remember(e);
        return true;
    }
    if (byte >= ' ' && byte <= '~') {
        insert(e, (char)byte);
    } else {
        key_control(e, byte);
    }
    return false;
}

void line_cancel(struct line_editor *e)
{
    move_to(e, e->len);
    put_text(e, "^C\n");
    line_start(e);
}

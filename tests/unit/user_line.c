/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Line editing, as seen on a small terminal that is modelled here: after every key the row shows
 * the prompt and the line, with the cursor where it is to be.
 */
#include "unit.h"

#include "user/servers/shell/line.c"

#include <stdio.h>
#include <string.h>

#define COLUMNS 80

/* The row of the terminal that the cursor is in. */
static struct {
    char row[COLUMNS + 1];
    unsigned column;
    char escape[16];
    unsigned escape_len;
} terminal;

static void clear_from(unsigned column)
{
    memset(terminal.row + column, ' ', COLUMNS - column);
}

static void escape_ends(char last)
{
    unsigned n = 1;

    sscanf(terminal.escape + 1, "%u", &n);
    if (last == 'D') {
        CHECK(n <= terminal.column);
        terminal.column -= n;
    } else if (last == 'K') {
        clear_from(terminal.column);
    } else if (last == 'J' || last == 'H') {
        terminal.column = 0;
        clear_from(0);
    } else {
        CHECK_SAY(false, "unknown sequence ending in %c", last);
    }
    terminal.escape_len = 0;
}

static void show(void *context, const char *text, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (terminal.escape_len > 0 || c == '\x1b') {
            if (terminal.escape_len > 1 && c >= 0x40) {
                escape_ends(c);
                continue;
            }
            CHECK(terminal.escape_len + 1 < sizeof(terminal.escape));
            terminal.escape[terminal.escape_len++] = c == '\x1b' || c == '[' ? ' ' : c;
            terminal.escape[terminal.escape_len] = '\0';
        } else if (c == '\r') {
            terminal.column = 0;
        } else if (c == '\n') {
            terminal.column = 0;
            clear_from(0);
        } else if (c != '\a') {
            CHECK(terminal.column < COLUMNS - 1);
            terminal.row[terminal.column++] = c;
        }
    }
}

static struct line_editor editor;
static char line[LINE_MAX + 1]; /* the last line that was whole */

static void begin(void)
{
    editor = (struct line_editor){ .prompt = "lykos> ", .put = show };
    memset(&terminal, 0, sizeof(terminal));
    clear_from(0);
    line_start(&editor);
}

/* Does the row show what it should? */
static void check_row(void)
{
    char expected[COLUMNS + 1];
    unsigned n = editor.len - editor.view;
    unsigned most = view_columns(&editor);

    memset(expected, ' ', COLUMNS);
    memcpy(expected, "lykos> ", 7);
    memcpy(expected + 7, editor.text + editor.view, n < most ? n : most);
    CHECK(memcmp(expected, terminal.row, COLUMNS) == 0);
    CHECK_EQUAL(terminal.column, 7 + editor.cursor - editor.view);
}

/* Type a text; whole lines come into `line`. */
static void type(const char *text)
{
    for (; *text != '\0'; text++) {
        if (line_key(&editor, (uint8_t)*text)) {
            memcpy(line, editor.text, sizeof(line));
            line_start(&editor);
        }
        check_row();
    }
}

static void expect(const char *keys, const char *result)
{
    line[0] = '\0';
    type(keys);
    CHECK_SAY(strcmp(line, result) == 0, "got '%s', not '%s'", line, result);
}

TEST(line_keys, "keys edit as people expect")
{
    begin();
    expect("abc\r", "abc");
    expect("abc\x1b[D\x1b[DX\r", "aXbc");
    expect("abc\x02\x02X\x06Y\r", "aXbYc");
    expect("abc\x7f\x08Z\r", "aZ");
    expect("abc\x01X\x05Y\r", "XabcY");
    expect("abc\x1b[HX\x1b[FY\r", "XabcY");
    expect("abc\x1b[1~X\x1b[4~Y\r", "XabcY");
    expect("abc\x1bOHX\x1bOFY\r", "XabcY");
    expect("abc\x01\x1b[3~\x04\r", "c");
    expect("abc def\x1b[D\x1b[D\x0b\r", "abc d");
    expect("abc def\x1b[D\x15\r", "f");
    expect("one two  \x17X\r", "one X");
    expect("one two\x1b[1;5D\x1b[1;5DX\x1b[1;5CY\r", "XoneY two");
    expect("one two\x1b"
           "bX\x1b"
           "fY\r",
           "one XtwoY");
    expect("a\x0c"
           "b\r\n",
           "ab");
    expect("a\tb\x1b[15~\x1b[?1zc\r", "abc");
}

TEST(line_history, "up and down bring lines back, also the one being written")
{
    begin();
    type("first\rsecond\rsecond\r\r");
    CHECK_EQUAL(editor.history_count, 2);
    expect("\x1b[A\r", "second");
    expect("\x1b[A\x1b[A\r", "first");
    expect("half\x1b[A\x1b[A\x1b[B\x1b[B done\r", "half done");
    expect("\x10\x10\x0e!\r", "half done!");
    for (unsigned i = 0; i < LINE_HISTORY + 10; i++) {
        char text[16];

        snprintf(text, sizeof(text), "line %u\r", i);
        type(text);
    }
    CHECK_EQUAL(editor.history_count, LINE_HISTORY);
    for (unsigned i = 0; i < LINE_HISTORY + 3; i++) {
        type("\x1b[A");
    }
    expect("\r", "line 10");
}

TEST(line_long, "a line wider than the row scrolls, and the longest line is the longest")
{
    begin();
    for (unsigned i = 0; i < LINE_MAX + 20; i++) {
        type("x");
    }
    CHECK_EQUAL(editor.len, LINE_MAX);
    for (unsigned i = 0; i < LINE_MAX; i++) {
        type("\x1b[D");
    }
    CHECK_EQUAL(editor.cursor, 0);
}

TEST(line_random, "any keys at all keep the line whole and the row right")
{
    uint64_t rounds = unit_rounds(200000);

    begin();
    unit_random_seed(unit_seed(1));
    for (uint64_t i = 0; i < rounds && unit_failures() == 0; i++) {
        static const char keys[] = "abc  \x1b\x1b[[ABCDHFO135~;\x01\x02\x04\x05\x06\x08\x0b\x0e\x10"
                                   "\x15\x17\x7f";
        uint8_t key = unit_once_in(20) ? (uint8_t)unit_random(256)
                                       : (uint8_t)keys[unit_random(sizeof(keys) - 1)];

        if (line_key(&editor, key)) {
            line_start(&editor);
        } else if (unit_once_in(500)) {
            line_cancel(&editor);
        }
        CHECK(editor.len <= LINE_MAX && editor.cursor <= editor.len &&
              editor.view <= editor.cursor);
        CHECK_EQUAL(strlen(editor.text), editor.len);
        check_row();
    }
}

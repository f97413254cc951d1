/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The terminal, for a program whose Entry of the console is the right to it: what is typed is
 * shown, and can be edited until the line ends. Backspace takes back a character, Ctrl-U the line;
 * Ctrl-D on an empty line is the end of the input. Ctrl-C is the shell's, which then ends the
 * program. */
#include "files.h"

#include <lykos/connect.h>
#include <lykos/console.h>
#include <lykos/start.h>
#include <stdbool.h>
#include <string.h>

#define CTRL(c) ((c)&0x1f)
#define BACKSPACE 0x08
#define ESCAPE 0x1b
#define DELETE 0x7f
#define LINE_BYTES 500

/* The line that was typed last, with the end of it, and how much of it was read. */
static char line[LINE_BYTES + 1];
static size_t length, taken;

bool terminal_write(const char *from, size_t n)
{
    enum status s = lk_start->console != 0 ? STATUS_OK : STATUS_NO_ACCESS;

    for (size_t at = 0, part = 0; at < n && s == STATUS_OK; at += part) {
        part = n - at < CONSOLE_WRITE_MAX ? n - at : CONSOLE_WRITE_MAX;
        s = lk_console_write_raw(lk_start->console, from + at, part);
    }
    return s == STATUS_OK;
}

/* A key; -1: there is no terminal. One at a time: what is typed behind the line may be for others.
 */
static int next_key(void)
{
    uint32_t console = lk_start->console;
    unsigned tries = 0;
    char key = 0;
    size_t n = 0;
    enum status s;

    if (console == 0) {
        return -1;
    }
    do {
        s = console_read(console, 1, 0, &key, 1, &n);
    } while (lk_came_back(console, s, &tries));
    return s == STATUS_OK && n == 1 ? (unsigned char)key : -1;
}

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static void erase_character(void)
{
    while (length > 0 && is_inside_character(line[length - 1])) {
        length--;
    }
    if (length > 0) {
        length--;
        terminal_write("\b \b", 3);
    }
}

/* Arrows and their like: ESC [ and what is behind it, up to a letter or ~. */
static void skip_sequence(void)
{
    int key = next_key();

    while (key == '[' || key == 'O' || key == ';' || (key >= '0' && key <= '9')) {
        key = next_key();
    }
}

static void add(int key)
{
    char c = (char)key;

    if (((unsigned)key >= ' ' || key == '\t') && length < LINE_BYTES) {
        line[length++] = c;
        terminal_write(&c, 1);
    }
}

/* A line, or the end of the input: then it is empty. False: there is no terminal. */
static bool take_line(void)
{
    length = 0;
    taken = 0;
    for (;;) {
        int key = next_key();

        switch (key) {
        case -1:
            return false;
        case '\r':
        case '\n':
            line[length++] = '\n';
            terminal_write("\n", 1);
            return true;
        case CTRL('D'):
            if (length == 0) {
                return true;
            }
            break;
        case BACKSPACE:
        case DELETE:
            erase_character();
            break;
        case CTRL('U'):
            while (length > 0) {
                erase_character();
            }
            break;
        case ESCAPE:
            skip_sequence();
            break;
        default:
            add(key);
        }
    }
}

int terminal_read(char *to, size_t most)
{
    if (taken == length && !take_line()) {
        return -1;
    }
    if (most > length - taken) {
        most = length - taken;
    }
    memcpy(to, line + taken, most);
    taken += most;
    return (int)most;
}

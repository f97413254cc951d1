/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Line editing with history, for a terminal that understands the usual escape sequences.
 *
 * Pure: bytes typed go in, bytes for the terminal come out through a callback. A line wider than
 * the terminal scrolls sideways, so that editing never leaves the row.
 *
 *      left, right, Ctrl-B, Ctrl-F     one character        backspace, Ctrl-H   delete before the
 * cursor home, end, Ctrl-A, Ctrl-E       ends of the line     delete, Ctrl-D      delete under the
 * cursor Alt-B, Alt-F, Ctrl-left, -right one word             Ctrl-W, Ctrl-U, Ctrl-K   delete word,
 * to start, to end up, down, Ctrl-P, Ctrl-N        history              Ctrl-L              clear
 * the screen
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_MAX 255u    /* characters of a line */
#define LINE_HISTORY 64u /* lines remembered */
/* Columns of the row that are used: of 80, two are left for "^C", and the last one would make some
 * terminals wrap. */
#define LINE_COLUMNS 77u

struct line_editor {
    const char *prompt;
    void (*put)(void *context, const char *text, size_t len);
    void *context;

    char text[LINE_MAX + 1]; /* NUL behind the last character */
    unsigned len, cursor;
    unsigned view; /* first character shown */

    /* The newest line stands at (history_next - 1) % LINE_HISTORY. */
    char history[LINE_HISTORY][LINE_MAX + 1];
    unsigned history_count, history_next;
    unsigned history_at;     /* lines back from the newest; 0: the line being written */
    char kept[LINE_MAX + 1]; /* that line, while an older one is shown */

    enum { KEYS_PLAIN, KEYS_ESCAPE, KEYS_CSI, KEYS_SS3 } keys; /* where in an escape sequence */
    unsigned number[2];                                        /* its parameters */
    unsigned numbers;
    bool after_return; /* a line feed now belongs to the carriage return before */
};

/* Begin a line: write the prompt. */
void line_start(struct line_editor *e);

/* A byte was typed. True: the line is whole; it stands in e->text until line_start(), and the
 * cursor is on a new row. */
bool line_key(struct line_editor *e, uint8_t byte);

/* Give the line up, as Ctrl-C does: leaves it on the screen with "^C" behind it. */
void line_cancel(struct line_editor *e);

/* Something else was printed over the row: write prompt and line again. */
void line_redraw(struct line_editor *e);

/* Line number `back` of the history, 1 for the newest; NULL behind the oldest. */
const char *line_history(const struct line_editor *e, unsigned back);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shell: a prompt on the console's terminal.
 *
 * It waits for notices only: something was typed, Ctrl-C, the program in the foreground ended, the
 * time is up. So it is always ready for Ctrl-C, whatever it waits for.
 */
#include "shell.h"

#include <lykos/lykos.h>

struct line_editor editor;

static char out[1024];
static size_t out_len;
static bool input_pending; /* NOTICE_INPUT came and what was typed has not been read to its end */

void flush(void)
{
    if (out_len > 0) {
        lk_console_write_raw(LK_REG_CONSOLE, out, out_len);
        out_len = 0;
    }
}

void put(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (out_len == sizeof(out)) {
            flush();
        }
        out[out_len++] = text[i];
    }
}

void print(const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    lk_vformat(text, sizeof(text), format, args);
    va_end(args);
    put(text, strlen(text));
}

static void editor_put(void *context, const char *text, size_t len)
{
    (void)context;
    put(text, len);
}

uint64_t wait_for(uint64_t bits)
{
    uint64_t seen;

    flush();
    do {
        seen = lk_park();
        input_pending = input_pending || (seen & NOTICE_INPUT) != 0;
    } while ((seen & bits) == 0);
    return seen & bits;
}

/* Read all that was typed and edit with it; lines are carried out as they become whole. */
static void take_input(void)
{
    char typed[LK_CONSOLE_READ_MAX];
    size_t n = 0;

    do {
        if (lk_console_poll(LK_REG_CONSOLE, typed, sizeof(typed), &n) != STATUS_OK) {
            n = 0;
        }
        for (size_t i = 0; i < n; i++) {
            if (line_key(&editor, (uint8_t)typed[i])) {
                flush(); /* the line stands before what the command's programs print */
                command_run(editor.text);
                line_start(&editor);
            }
        }
    } while (n > 0);
}

static void begin(void)
{
    if (lk_endpoint_make_app_notice(LK_REG_ENDPOINT,
                                    NOTICE_INPUT | NOTICE_CTRL_C | NOTICE_ENDED | NOTICE_TIMER,
                                    REG_NOTICE) != STATUS_OK) {
        lk_die("no endpoint to receive on");
    }
    print("\nLykos. To leave QEMU type Ctrl-A, then X. 'help' lists the commands.\n");
    enum status s = lk_console_set_notice(LK_REG_CONSOLE, NOTICE_CTRL_C, NOTICE_INPUT, REG_NOTICE);

    if (s != STATUS_OK) {
        lk_die("no terminal: %s", lk_status_text(s));
    }
    commands_boot(lk_start->argument);
    editor.prompt = "lykos> ";
    editor.put = editor_put;
    line_start(&editor);
}

int main(void)
{
    begin();
    for (;;) {
        if (input_pending) {
            input_pending = false;
            take_input();
            continue;
        }
        uint64_t bits = wait_for(NOTICE_INPUT | NOTICE_CTRL_C);

        if ((bits & NOTICE_CTRL_C) != 0) {
            line_cancel(&editor);
        }
    }
}

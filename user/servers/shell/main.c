/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shell: a prompt on the console's terminal.
 *
 * It waits for notices only: something was typed, Ctrl-C, the program in the foreground ended, the
 * time is up, the console was begun again. So it is always ready for Ctrl-C, whatever it waits for.
 */
#include "shell.h"

#include <lykos/connect.h>
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

void flush_all(void)
{
    flush();
    console_drain(LK_REG_CONSOLE);
}

/* Have the console post what is typed to the shell. One that dies meanwhile is asked again. */
static enum status take_terminal(void)
{
    unsigned tries = 0;
    enum status s;

    do {
        s = console_set_notice(LK_REG_CONSOLE, NOTICE_CTRL_C, NOTICE_INPUT, REG_NOTICE);
    } while (lk_came_back(LK_REG_CONSOLE, s, &tries));
    return s;
}

void console_again(void)
{
    enum status s = lk_connect("console");

    if (s == STATUS_OK) {
        s = take_terminal();
    }
    if (s != STATUS_OK) {
        say("there is no console: %s", lk_status_text(s));
    }
}

uint64_t wait_for(uint64_t bits)
{
    uint64_t seen;

    flush();
    do {
        seen = lk_park();
        input_pending = input_pending || (seen & NOTICE_INPUT) != 0;
        if ((seen & NOTICE_CONSOLE) != 0) {
            console_again();
        }
        if ((seen & NOTICE_KILL) != 0) {
            program_kill_due();
        }
    } while ((seen & bits) == 0);
    return seen & bits;
}

/* Read all that was typed and edit with it; lines are carried out as they become whole. */
static void take_input(void)
{
    char typed[CONSOLE_READ_MAX];
    size_t n = 0;

    do {
        if (console_read(LK_REG_CONSOLE, sizeof(typed), CONSOLE_NOWAIT, typed, sizeof(typed), &n) !=
            STATUS_OK) {
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

/* The words of the boot command line are carried out once, not by each shell that is begun again.
 */
static void greet(void)
{
    if (lk_param("generation", 0) > 0) {
        print("\nThe shell was begun again. 'help' lists the commands.\n");
    } else {
        print("\nLykos. To leave QEMU type Ctrl-A, then X. 'help' lists the commands.\n");
        commands_boot(lk_start->argument);
    }
}

static void begin(void)
{
    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT,
                                        NOTICE_INPUT | NOTICE_CTRL_C | NOTICE_ENDED | NOTICE_TIMER |
                                            NOTICE_CONSOLE,
                                        REG_NOTICE),
            "an endpoint to receive on");
    lk_must(lk_watch("console", NOTICE_CONSOLE, REG_NOTICE), "watching the console");
    lk_must(take_terminal(), "the terminal");
    greet();
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
        uint64_t bits = wait_for(NOTICE_INPUT | NOTICE_CTRL_C | NOTICE_CONSOLE);

        if ((bits & NOTICE_CONSOLE) != 0) {
            line_redraw(&editor);
        }
        if ((bits & NOTICE_CTRL_C) != 0) {
            line_cancel(&editor);
        }
    }
}

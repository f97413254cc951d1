/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines for people: made whole, tagged with the program's name, and sent in one message each time.
 */
#include <lykos/console.h>
#include <lykos/invoke.h>
#include <lykos/say.h>
#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define TAG_MAX (LK_START_NAME + 2)               /* "name: " */
#define MESSAGE_MAX (4 * (LK_LINE_MAX + TAG_MAX)) /* of a text of several lines, what fits */

/* Where lines go that the console does not take. The kernel tags them itself. */
static void append_to_log(const char *line, size_t len)
{
    if (lk_start->kernlog == 0) {
        return;
    }
    /* A process without a reply endpoint cannot call; a send will do, nobody reads the answer. */
    if (lk_kernlog_append(lk_start->kernlog, line, len) == STATUS_NO_REPLY_ENDPOINT) {
        lk_call_send0(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, lk_start->kernlog, 1), OP_KERNLOG_APPEND,
                      line, len);
    }
}

/* Where the line ends: at its newline, or at the end of the text. */
static const char *end_of_line(const char *line)
{
    const char *newline = strchr(line, '\n');

    return newline != NULL ? newline : line + strlen(line);
}

/* The line behind it; null if there is none. A newline at the end of the text begins no line. */
static const char *next_line(const char *end)
{
    return end[0] == '\n' && end[1] != '\0' ? end + 1 : NULL;
}

/* Send the lines to the console in one message, tagged. Lines that do not fit are left out. */
static enum status write_to_console(const char *text)
{
    char message[MESSAGE_MAX];
    size_t length = 0;

    for (const char *line = text; line != NULL; line = next_line(end_of_line(line))) {
        size_t len = (size_t)(end_of_line(line) - line);

        len = len < LK_LINE_MAX ? len : LK_LINE_MAX;
        if (length + TAG_MAX + len + 2 > sizeof(message)) {
            break;
        }
        length += lk_format(message + length, sizeof(message) - length, "%s: %.*s\n", lk_name(),
                            (int)len, line);
    }
    return lk_console_write(lk_start->console, message, length);
}

void vsay(const char *format, va_list args)
{
    char text[MESSAGE_MAX];

    lk_vformat(text, sizeof(text), format, args);
    if (lk_start->console != 0 && write_to_console(text) == STATUS_OK) {
        return;
    }
    for (const char *line = text; line != NULL; line = next_line(end_of_line(line))) {
        append_to_log(line, (size_t)(end_of_line(line) - line));
    }
}

void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsay(format, args);
    va_end(args);
}

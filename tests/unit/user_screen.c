/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the console sends to the terminal: lines whole and clean, a row being edited kept whole.
 */
#include "unit.h"

#include "user/servers/console/screen.c"

#include <string.h>

static struct screen screen;

/* What was printed since the last time, as a string. */
static const char *sent(void)
{
    static char text[SCREEN_RING + 1];
    size_t n = 0;
    uint8_t byte;

    while (screen_take(&screen, &byte)) {
        text[n++] = (char)byte;
    }
    text[n] = '\0';
    return text;
}

static void print_lines(const char *text)
{
    screen_lines(&screen, text, strlen(text));
}

static void print_raw(const char *text)
{
    screen_raw(&screen, text, strlen(text));
}

TEST(screen_lines_whole, "a line gets its end, and nothing in it can move the cursor")
{
    print_lines("one");
    CHECK(strcmp(sent(), "one\r\n") == 0);
    print_lines("one\ntwo\r\n");
    CHECK(strcmp(sent(), "one\r\ntwo\r\n") == 0);
    print_lines("a\rb\x1b[2Jc\x1b[1;31md\x7f\te\n");
    CHECK(strcmp(sent(), "a?b?[2Jc\x1b[1;31md?\te\r\n") == 0);
    print_lines("");
    CHECK(strcmp(sent(), "") == 0);
}

TEST(screen_row_kept, "a row being edited is written again behind a line")
{
    print_raw("\nlykos> ech");
    CHECK(strcmp(sent(), "\r\nlykos> ech") == 0);
    print_lines("ping: hello\n");
    CHECK(strcmp(sent(), "\r\x1b[Kping: hello\r\nlykos> ech") == 0);
    print_raw("\rlykos> e\x1b[K");
    sent();
    print_lines("x");
    CHECK(strcmp(sent(), "\r\x1b[Kx\r\nlykos> e\x1b[K") == 0);
    print_raw("\n");
    sent();
    print_lines("y");
    CHECK(strcmp(sent(), "y\r\n") == 0);
}

TEST(screen_room_enough, "what is printed into the room promised for it arrives")
{
    static char text[2048];

    memset(text, '\n', sizeof(text));
    for (unsigned i = 0; i < 2 * SCREEN_ROW; i++) {
        print_raw("r");
    }
    sent();
    while (screen_room(&screen) >= SCREEN_ROOM(sizeof(text))) {
        uint64_t before = screen.put;

        screen_lines(&screen, text, sizeof(text));
        CHECK_EQUAL(screen.put - before, 4 + 2 * sizeof(text) + SCREEN_ROW);
    }
    CHECK(screen.put - screen.taken <= SCREEN_RING);
}

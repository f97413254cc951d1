/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The reader of the system description: what it understands, what it says of mistakes, and that no
 * text at all can harm it. The description that is shipped must be without mistakes.
 */
#include "unit.h"

#include "user/servers/init/description.c"
#include "user/servers/init/description_grant.c"
#include "user/servers/init/description_line.c"
#include "user/servers/init/description_property.c"
#include "user/servers/init/description_resolve.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct description description;
static char told[4096]; /* "LINE: message\n" of each mistake */

static void tell(void *context, unsigned line, const char *message)
{
    size_t at = strlen(told);

    (void)context;
    snprintf(told + at, sizeof(told) - at, "%u: %s\n", line, message);
}

/* Read a text from memory that ends where the text does, so that reading on is seen. */
static bool read_bytes(const char *text, size_t n)
{
    char *exact = malloc(n > 0 ? n : 1);

    memcpy(exact, text, n);
    told[0] = '\0';
    bool good = description_read(&description, exact, n, tell, NULL);

    free(exact);
    return good;
}

static bool read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

TEST(description_shipped, "user/system.lyk is without mistakes")
{
    static char text[65536];
    FILE *file = fopen("user/system.lyk", "rb");

    if (!CHECK_SAY(file != NULL, "user/system.lyk cannot be opened; run in the top folder")) {
        return;
    }
    size_t n = fread(text, 1, sizeof(text), file);

    fclose(file);
    CHECK(read_bytes(text, n));
    CHECK_SAY(told[0] == '\0', "%s", told);
    CHECK(description_find(&description, "shell") >= 0);
}

TEST(description_program, "a program is read with everything that is said of it")
{
    CHECK(read_text("system 1 # format\n"
                    "program server\n\n"
                    "  file  other\r\n"
                    "\tpriority 0x20\n"
                    "  slice 250 us\n"
                    "  stack 3 pages\n"
                    "  args  one  two   # not three\n"
                    "  endpoints main side\n"
                    "  param port = 0x3f8\n"
                    "  cap ports = ioports 0x3f8-0x3ff\n"
                    "  cap me = entry self.side payload 7\n"
                    "  cap list = entry init.programs\n"
                    "  start at boot"));
    const struct program *p = &description.program[0];

    CHECK_SAY(told[0] == '\0', "%s", told);
    CHECK_EQUAL(description.programs, 1);
    CHECK(strcmp(p->file, "other") == 0);
    CHECK(strcmp(p->args, "one  two") == 0);
    CHECK_EQUAL(p->priority, 32);
    CHECK_EQUAL(p->slice, 250000);
    CHECK_EQUAL(p->stack_pages, 3);
    CHECK_EQUAL(p->endpoints, 2);
    CHECK_EQUAL(p->param[0].value, 0x3f8);
    CHECK(p->at_boot && !p->faulty);
    CHECK_EQUAL(p->grants, 3);
    CHECK_EQUAL(p->grant[0].a, 0x3f8);
    CHECK_EQUAL(p->grant[0].b, 0x3ff);
    CHECK_EQUAL(p->grant[1].endpoint_index, 1);
    CHECK_EQUAL(p->grant[1].a, 7);
    CHECK(p->grant[2].program == DESC_INIT);
}

TEST(description_mistakes, "each kind of mistake is told with its line, and marks its program")
{
    static const struct {
        const char *line, *says;
    } mistakes[] = {
        { "prioritty 5", "unknown word 'prioritty'; did you mean 'priority'?" },
        { "wibble", "unknown word 'wibble'" },
        { "priority 300", "priority is 300, but must lie in 1..199" },
        { "cap x = range 0 pages", "range is 0" },
        { "priority x", "'x' is no number: priority" },
        { "priority", "'priority' says nothing" },
        { "slice 5", "a slice ends with its unit" },
        { "stack 0", "stack is 0" },
        { "start now", "started 'at boot', 'with WORD' or 'on demand'" },
        { "start with a*b", "a word" },
        { "file a b", "too much on the line: 'b'" },
        { "endpoints a a", "endpoint 'a' is named twice" },
        { "endpoints 9", "'9' is no name for an endpoint" },
        { "cap x", "a capability is written" },
        { "cap x = entri a.b", "unknown capability 'entri'; did you mean 'entry'?" },
        { "cap x = entry a", "'a' is not PROGRAM.ENDPOINT" },
        { "cap x = entry nobody.main", "unknown program 'nobody'" },
        { "cap x = entry p.none", "program p has no endpoint 'none'" },
        { "cap x = entry init.faults", "program init has no endpoint 'faults'" },
        { "cap x = irq 24", "interrupt line is 24" },
        { "cap x = ioports 5-4", "'5-4' is no range of ports" },
        { "cap x = notice p.main", "bits N" },
        { "cap exit = sleep", "a capability 'exit' already" },
        { "param a = b", "'b' is no number: parameter" },
        { "param a = 99999999999999999999", "is no number" },
        { "part good", "a part is written 'part of PROGRAM'" },
        { "part of", "a part is written 'part of PROGRAM'" },
        { "part of good p", "too much on the line: 'p'" },
        { "part of nobody", "program p: part of 'nobody', an unknown program" },
        { "part of p", "program p: part of 'p', itself" },
    };

    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        char text[200];

        snprintf(text, sizeof(text), "system 1\nprogram good\nprogram p\n%s\n", mistakes[i].line);
        CHECK(read_text(text));
        CHECK_SAY(strncmp(told, "4: ", 3) == 0, "%s: told '%s'", mistakes[i].line, told);
        CHECK_SAY(strstr(told, mistakes[i].says) != NULL, "%s: told '%s'", mistakes[i].line, told);
        CHECK_EQUAL(description.mistakes, 1);
        CHECK(!description.program[0].faulty && description.program[1].faulty);
    }
}

TEST(description_part, "a part of a program is read, and a part of a part is a mistake")
{
    CHECK(read_text("system 1\nprogram a\npart of b\nprogram b\n"));
    CHECK_SAY(told[0] == '\0', "%s", told);
    CHECK(strcmp(description.program[0].part_of, "b") == 0);
    CHECK(description.program[1].part_of[0] == '\0');
    CHECK(read_text("system 1\nprogram a\npart of b\nprogram b\npart of c\nprogram c\n"));
    CHECK_SAY(strstr(told, "3: program a: part of 'b', which is a part itself") != NULL, "%s",
              told);
    CHECK(description.program[0].faulty && !description.program[1].faulty);
}

TEST(description_priority,
     "a program above the pager or the bank is a mistake, told at its priority; "
     "so is a pager above the bank")
{
    static const char *const servers = "system 1\nprogram bank\npriority %u\nprogram pager\n"
                                       "priority %u\nprogram a\npriority %u\nprogram b\n";
    static const struct {
        unsigned bank, pager, a;
        const char *says; /* NULL: there is no mistake */
    } cases[] = {
        { 190, 189, 189, NULL },
        { 189, 189, 189, NULL },
        { 190, 189, 190, "7: program a: its priority, 190, is above that of pager, 189" },
        { 190, 189, 199, "7: program a: its priority, 199, is above that of bank, 190" },
        { 188, 189, 100, "5: program pager: its priority, 189, is above that of bank, 188" },
        { 190, 99, 50, "8: program b: its priority, 100, is above that of pager, 99" },
    };
    char text[200];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), servers, cases[i].bank, cases[i].pager, cases[i].a);
        CHECK(read_text(text));
        if (cases[i].says == NULL) {
            CHECK_SAY(told[0] == '\0', "case %zu: %s", i, told);
            continue;
        }
        CHECK_SAY(strncmp(told, cases[i].says, strlen(cases[i].says)) == 0, "case %zu: told '%s'",
                  i, told);
        CHECK_EQUAL(description.mistakes, 1);
    }
    CHECK(read_text("system 1\nprogram bank\npriority 190\n"
                    "program a\npriority 199 urgent\n")); /* it is meant */
    CHECK_SAY(told[0] == '\0', "told '%s'", told);
    snprintf(text, sizeof(text), servers, 190, 300, 150); /* one mistake is told as one */
    CHECK(read_text(text));
    CHECK_EQUAL(description.mistakes, 1);
}

TEST(description_range, "a range is as long as the kernel lends, and no longer")
{
    char text[100];

    for (unsigned more = 0; more < 2; more++) {
        snprintf(text, sizeof(text), "system 1\nprogram a\ncap x = range %u pages\n",
                 LK_LENT_MAX + more);
        CHECK(read_text(text));
        CHECK_EQUAL(description.mistakes, more);
        CHECK_EQUAL(description.program[0].grants, 1 - more);
        CHECK_SAY(more == 0 || strncmp(told, "3: range is ", 12) == 0, "told '%s'", told);
    }
}

TEST(description_kept,
     "a range may be said to be kept, with or without the word pages, and no more")
{
    CHECK(read_text("system 1\nprogram a\ncap x = range 5 pages kept\ncap y = range 5 kept\n"
                    "cap z = range 5 pages\n"));
    CHECK_EQUAL(description.mistakes, 0);
    CHECK(description.program[0].grant[0].kept && description.program[0].grant[1].kept);
    CHECK(!description.program[0].grant[2].kept);
    CHECK(read_text("system 1\nprogram a\ncap x = range 5 pages kept long\n"));
    CHECK_EQUAL(description.mistakes, 1);
    CHECK(read_text("system 1\nprogram a\ncap x = range 5 pages held\n"));
    CHECK_EQUAL(description.mistakes, 1);
}

TEST(description_twice, "what is described twice is told, the first stays")
{
    CHECK(read_text("system 1\nprogram a\npriority 7\nprogram a\npriority 8\n"));
    CHECK(strstr(told, "4: program 'a' is described twice, first at line 2") != NULL);
    CHECK_EQUAL(description.programs, 1);
    CHECK_EQUAL(description.program[0].priority, 7);
    CHECK(read_text("system 1\nprogram a\ncap x = sleep\ncap x = sleep\nendpoints x\n"));
    CHECK(strstr(told, "4: capability 'x' is named twice") != NULL);
    CHECK(strstr(told, "'x' names both an endpoint and a capability") != NULL);
}

TEST(description_nothing, "a text without a program describes nothing")
{
    CHECK(!read_text(""));
    CHECK(!read_text("system 1\n# program a\n"));
    CHECK(!read_text("program 7\n"));
}

TEST(description_limits, "too many of anything is told, never written behind the end")
{
    static char text[20000];
    size_t n = (size_t)snprintf(text, sizeof(text), "system 1\n");

    for (unsigned i = 0; i < DESC_PROGRAMS + 5; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "program p%u\n", i);
    }
    CHECK(read_text(text));
    CHECK_EQUAL(description.programs, DESC_PROGRAMS);
    CHECK_EQUAL(description.mistakes, 5);
    n = (size_t)snprintf(text, sizeof(text), "system 1\nprogram a\n");
    for (unsigned i = 0; i < 40; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "cap c%u = sleep\nparam p%u = 1\n", i, i);
    }
    n += (size_t)snprintf(text + n, sizeof(text) - n, "endpoints a b c d e f g h i j\nargs");
    for (unsigned i = 0; i < 300; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, " w");
    }
    CHECK(read_text(text));
    CHECK_EQUAL(description.program[0].grants, DESC_CAPS);
    CHECK_EQUAL(description.program[0].params, DESC_PARAMS);
    CHECK_EQUAL(description.program[0].endpoints, DESC_ENDPOINTS);
}

TEST(description_random, "random words and bytes never do harm")
{
    static const char *const words[] = {
        "system",  "1",     "program", "a",    "b",     "cap",     "=",      "entry",
        "a.b",     "b.a",   "notice",  "bits", "0x",    "-",       "\n",     "#",
        "process", "self",  "start",   "at",   "boot",  "args",    "irq",    "0x3f8-0x3ff",
        "range",   "pages", "param",   "file", "stack", "ioports", "payload"
    };
    uint64_t rounds = unit_rounds(20000);

    unit_random_seed(unit_seed(1));
    for (uint64_t i = 0; i < rounds && unit_failures() == 0; i++) {
        char text[600];
        size_t n = 0;
        uint64_t count = unit_random(60);

        if (unit_once_in(2)) {
            n = (size_t)snprintf(text, sizeof(text), "system 1\nprogram a\n");
        }
        for (uint64_t k = 0; k < count && n < sizeof(text) - 20; k++) {
            if (unit_once_in(12)) {
                text[n++] = (char)unit_random(256);
                continue;
            }
            const char *word = words[unit_random(sizeof(words) / sizeof(words[0]))];

            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%c", word,
                                  unit_once_in(8) ? '\n' : ' ');
        }
        read_bytes(text, n);
        CHECK(description.programs <= DESC_PROGRAMS);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking at memory: how much there is, who pays for it, where a program has it; and what locks
 * stand in it.
 */
#include "shell.h"

#include <lykos/bank.h>
#include <lykos/lykos.h>

#define PICTURE_LINES 2000u /* shown of a picture: the tree is the program's, and may be endless */

/* ---- mem ------------------------------------------------------------------------------------- */

static void show_machine(void)
{
    uint64_t frames = 0;
    uint64_t free_frames = 0;
    uint64_t objects = 0;
    uint64_t tables = 0;
    uint64_t tables_max = 0;
    uint64_t depends = 0;
    uint64_t depends_max = 0;
    struct program_info p;
    uint64_t given = 0;
    uint64_t rest;

    enum status s = lk_sysctl_get_memory(lk_cap("sysctl"), &frames, &free_frames, &objects, &tables,
                                         &tables_max, &depends_max, &depends);

    if (s != STATUS_OK) {
        print("memory cannot be looked at: %s\n", lk_status_text(s));
        return;
    }
    for (uint64_t i = 0; program_next(&i, &p); i++) {
        given += p.running ? p.frames : 0;
    }
    /* What a program has been promised in a Range and has not used yet counts as given and as free:
     * the rest is that much too small. */
    rest = frames - free_frames > given ? frames - free_frames - given : 0;
    print("memory              %8lu KiB in %lu frames: the next three together\n", frames * 4,
          frames);
    print("free                %8lu KiB\n", free_frames * 4);
    print("given to programs   %8lu KiB\n", given * 4);
    print("the rest            %8lu KiB: kernel and its tables, archive, init\n", rest * 4);
    print("objects             %8lu\n", objects);
    print("page tables         %8lu of %lu\n", tables, tables_max);
    print("dependencies        %8lu of %lu\n", depends, depends_max);
}

/* A bank, its name indented by its depth. */
static void show_bank(const struct bank_info *b)
{
    char limit[24] = "-";
    uint64_t objects = 0;

    for (unsigned type = 0; type < LK_TYPES; type++) {
        objects += b->objects[type];
    }
    if (b->limit != 0) {
        lk_format(limit, sizeof(limit), "%lu KiB", b->limit * 4);
    }
    print("%*s%-*s %10lu KiB %14s %8lu\n", (int)(2 * b->depth), "",
          (int)(2 * BANK_DEPTH + BANK_NAME - 2 * b->depth), b->name, b->used * 4, limit, objects);
}

void command_mem(const char *args)
{
    struct bank_info b;

    (void)args;
    show_machine();
    print("%-*s %14s %14s %8s\n", (int)(2 * BANK_DEPTH + BANK_NAME), "BANK", "USED", "LIMIT",
          "OBJECTS");
    for (uint64_t n = 0; program_bank(n, &b); n++) {
        show_bank(&b);
    }
}

/* ---- spaces ---------------------------------------------------------------------------------- */

static unsigned count_lines(const char *text)
{
    unsigned n = 0;

    for (; *text != '\0'; text++) {
        n += *text == '\n';
    }
    return n;
}

static void show_space(const char *name, uint64_t number)
{
    static char text[1001];
    uint64_t position = 0;
    unsigned lines = 0;

    do {
        if (!program_space(name, number, &position, text, sizeof(text))) {
            return;
        }
        put(text, strlen(text));
        lines += count_lines(text);
    } while (position != 0 && lines < PICTURE_LINES);
    if (position != 0) {
        print("... and more\n");
    }
}

void command_spaces(const char *args)
{
    char name[PROGRAM_NAME_MAX];
    struct program_info p;
    uint64_t number;

    first_word(args, name, sizeof(name));
    if (name[0] == '\0') {
        print("spaces NAME: of which program?\n");
    } else if (program_running(name, &p, &number)) {
        show_space(name, number);
    }
}

/* ---- locks ----------------------------------------------------------------------------------- */

static void show_locks(const char *name, uint64_t number)
{
    static char text[1001];
    uint64_t position = 0;
    bool any = false;

    do {
        if (!program_locks(name, number, &position, text, sizeof(text))) {
            return;
        }
        any |= text[0] != '\0';
        put(text, strlen(text));
    } while (position != 0);
    if (!any) {
        print("%s has taken no locks\n", name);
    }
}

void command_locks(const char *args)
{
    char name[PROGRAM_NAME_MAX];
    struct program_info p;
    uint64_t number;

    first_word(args, name, sizeof(name));
    if (name[0] == '\0') {
        print("locks NAME: of which program?\n");
    } else if (program_running(name, &p, &number)) {
        show_locks(name, number);
    }
}

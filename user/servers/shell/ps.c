/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking at programs, and holding them: ps, suspend, resume, notify.
 *
 * All of it is done by init, which has the programs' Process capabilities. The shell chooses the
 * words, and what it will not do: it never suspends what it needs to be heard.
 */
#include "shell.h"
#include "words.h"

#include <lykos/lykos.h>

#define ROW_END 78u /* a column that text reaches at most */

/* ---- ps -------------------------------------------------------------------------------------- */

static void print_head(void)
{
    print("%-12s %-9s %-7s %3s %11s %8s  %s\n", "NAME", "STATE", "HOLDS", "PRI", "CPU TIME",
          "MEMORY", "WAITS FOR");
}

static void print_row(const struct program_info *p)
{
    char holds[16];
    char memory[16];
    char waits[96];

    holds_word(p, holds, sizeof(holds));
    wait_words(p, waits, sizeof(waits));
    if (p->frames > 0) {
        lk_format(memory, sizeof(memory), "%u KiB", p->frames * 4);
    } else {
        lk_copy_text(memory, sizeof(memory), "-");
    }
    print("%-12s %-9s %-7s %3u %11s %8s%s%s\n", p->name, state_words(p), holds, p->priority,
          show_seconds(p->cpu_time).text, memory, waits[0] != '\0' ? "  " : "", waits);
}

/* The names of those that do not run, in rows: those that can be started, or parts of others. */
static void print_others(const char *title, bool parts)
{
    struct program_info p;
    size_t column = 0;

    for (uint64_t i = 0; program_next(&i, &p); i++) {
        size_t length = 1 + strlen(p.name);

        if (p.running || p.waits_to_restart || (p.part_of[0] != '\0') != parts) {
            continue;
        }
        if (column == 0 || column + length > ROW_END) {
            const char *head = column == 0 ? title : "\n ";

            print("%s", head);
            column = strlen(head);
        }
        print(" %s", p.name);
        column += length;
    }
    if (column > 0) {
        print("\n");
    }
}

/* How often it was begun again. */
struct again {
    char text[40];
};
static struct again show_again(const struct program_info *p)
{
    struct again a = { "never" };

    if (p->generation > 0) {
        lk_format(a.text, sizeof(a.text), "%u time%s", p->generation,
                  p->generation == 1 ? "" : "s");
    }
    return a;
}

/* Those that were begun again, and those that wait to be. */
static void print_again(void)
{
    struct program_info p;
    const char *between = "begun again:";

    for (uint64_t i = 0; program_next(&i, &p); i++) {
        if (p.generation > 0) {
            print("%s %s %s", between, p.name, show_again(&p).text);
            between = ",";
        }
    }
    print("%s", between[0] == ',' ? "\n" : "");
    between = "about to be begun again:";
    for (uint64_t i = 0; program_next(&i, &p); i++) {
        if (p.waits_to_restart) {
            print("%s %s", between, p.name);
            between = ",";
        }
    }
    print("%s", between[0] == ',' ? "\n" : "");
}

/* All there is to see of one program. */
static void print_one(const struct program_info *p)
{
    const struct program_preemption *pr = &p->preemption;
    uint64_t now = lk_now();
    char text[400];

    print_head();
    print_row(p);
    holds_words(p, now, "\n             ", text, sizeof(text));
    print("  holds      %s\n", text);
    handler_words(p, text, sizeof(text));
    print("  handler    %s\n", text);
    deferral_words(p, now, text, sizeof(text));
    print("  deferral   %s\n", text);
    pending_words(p, text, sizeof(text));
    print("  pending    %s\n", text);
    print("  notices    %u posted, to itself or its handler; %u merged with pending ones\n",
          pr->posts, pr->merges);
    print("  deliveries %u to its handler, %u of them forced; %u senders had to wait\n",
          pr->deliveries, pr->forced, pr->waits);
    if (p->frames_most > 0) {
        print("  memory     %u KiB, of %u KiB that it may take up\n", p->frames * 4,
              p->frames_most * 4);
    }
    print("  begun again %s\n", show_again(p).text);
}

/* A program by name, or a process that one has made, by label. */
static void ps_named(const char *name)
{
    char owner[PROGRAM_NAME_MAX];
    struct program_info p;

    if (program_named(name, &p, NULL)) {
        if (!p.running) {
            print("%s %s\n", name,
                  p.waits_to_restart ? "is about to be begun again" : "does not run");
        } else {
            print_one(&p);
        }
    } else if (program_inside(name, &p, owner)) {
        print_one(&p);
        print("  inside     %s: it is a process that %s has made\n", owner, owner);
    } else {
        print("there is no program '%s', and no process of that name that init knows;\n"
              "'ps' lists the programs\n",
              name);
    }
}

void command_ps(const char *args)
{
    char name[PROGRAM_NAME_MAX];
    struct program_info p;

    first_word(args, name, sizeof(name));
    if (name[0] != '\0') {
        ps_named(name);
        return;
    }
    print_head();
    for (uint64_t i = 0; program_next(&i, &p); i++) {
        if (p.running) {
            print_row(&p);
        }
    }
    print_again();
    print_others("not running:", false);
    print_others("parts of others, not running:", true);
}

/* ---- suspend and resume ---------------------------------------------------------------------- */

/* Why the shell could not say what it did if it suspended this program, or NULL. */
static const char *needed_for(const char *name)
{
    if (strcmp(name, lk_name()) == 0) {
        return "it is the shell itself, and nobody could resume it";
    }
    if (strcmp(name, "console") == 0) {
        return "without the console nobody can type 'resume'";
    }
    if (strcmp(name, "init") == 0) {
        return "without init no program can be resumed";
    }
    if (strcmp(name, "bank") == 0 || strcmp(name, "pager") == 0) {
        return "init waits for its answers";
    }
    return NULL;
}

/* The name that these commands take. False, and says so: there is none. */
static bool take_name(const char *command, const char *args, char *name, size_t size)
{
    first_word(args, name, size);
    if (name[0] == '\0') {
        print("%s NAME: which program?\n", command);
    }
    return name[0] != '\0';
}

void command_suspend(const char *args)
{
    char name[PROGRAM_NAME_MAX];
    struct program_info p;
    uint64_t before;
    uint64_t i;

    if (!take_name("suspend", args, name, sizeof(name))) {
        return;
    }
    const char *reason = needed_for(name);

    if (reason != NULL) {
        print("%s is not suspended: %s\n", name, reason);
    } else if (program_running(name, &p, &i) && program_hold(i, name, true, &before)) {
        print("%s %s\n", name,
              (before >> LK_HOLD_SUSPEND & 1) != 0 ? "was suspended already"
                                                   : "is suspended until you resume it");
    }
}

/* A program that is held by nothing else runs, and prints, before init's answer comes: then what is
 * to be said is said first. */
void command_resume(const char *args)
{
    char name[PROGRAM_NAME_MAX];
    struct program_info p;
    uint64_t before;
    uint64_t i;
    char holds[400];

    if (!take_name("resume", args, name, sizeof(name)) || !program_running(name, &p, &i)) {
        return;
    }
    bool goes_on = p.holds == 1u << LK_HOLD_SUSPEND;

    if (goes_on) {
        print("%s is resumed\n", name);
        flush();
    }
    if (!program_hold(i, name, false, &before) || goes_on) {
        return;
    }
    const char *was = (before >> LK_HOLD_SUSPEND & 1) != 0 ? "is resumed" : "was not suspended";

    if (program_info(i, &p) && p.holds != 0) {
        holds_words(&p, lk_now(), ", ", holds, sizeof(holds));
        print("%s %s, but stays stopped: %s\n", name, was, holds);
    } else {
        print("%s %s\n", name, was);
    }
}

/* ---- notify ---------------------------------------------------------------------------------- */

void command_notify(const char *args)
{
    char name[PROGRAM_NAME_MAX];
    const char *rest = first_word(args, name, sizeof(name));
    struct program_info p;
    char why[160];
    const char *end = rest;
    uint64_t bits = 1;
    uint64_t i;
    bool told;

    if (name[0] == '\0') {
        print("notify NAME [BITS]: which program?\n");
        return;
    }
    if (*rest != '\0' &&
        (!lk_parse_number(rest, &bits, &end) || *end != '\0' || bits == 0 || bits > UINT32_MAX)) {
        print("notify NAME [BITS]: '%s' is no number from 1 to 0xffffffff\n", rest);
        return;
    }
    if (strcmp(name, "init") == 0) {
        print("init has no notice handler\n");
        return;
    }
    if (!program_running(name, &p, &i) || !program_notify(i, bits, &p, &told)) {
        return;
    }
    if (told) {
        handler_name(&p, why, sizeof(why));
        print("%s was stopped, and %s is told: bits 0x%x\n", p.name, why, (unsigned)bits);
    } else {
        why_pending(&p, why, sizeof(why));
        print("bits 0x%x wait for %s: %s\n", p.preemption.preempting, p.name, why);
    }
}

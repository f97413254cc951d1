/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The calls to init.programs (<lykos/programs.h>) that the shell makes.
 */
#include "shell.h"

#include <lykos/bank.h>
#include <lykos/lykos.h>

/* Register of the entry to init.programs. */
static uint32_t programs(void)
{
    return lk_cap("programs");
}

bool program_find(const char *name, uint64_t *number)
{
    enum status s = programs_find(programs(), name, strlen(name), number);

    if (s != STATUS_OK) {
        print("there is no program '%s'; 'ps' lists them\n", name);
    }
    return s == STATUS_OK;
}

bool program_next(uint64_t *number, struct program_info *out)
{
    return programs_info(programs(), *number, number, out) == STATUS_OK;
}

bool program_info(uint64_t number, struct program_info *out)
{
    uint64_t found = number;

    return program_next(&found, out) && found == number;
}

bool program_named(const char *name, struct program_info *out, uint64_t *number)
{
    for (uint64_t i = 0; program_next(&i, out); i++) {
        if (strcmp(out->name, name) == 0) {
            if (number != NULL) {
                *number = i;
            }
            return true;
        }
    }
    return false;
}

bool program_running(const char *name, struct program_info *out, uint64_t *number)
{
    if (!program_named(name, out, number)) {
        print("there is no program '%s'; 'ps' lists them\n", name);
        return false;
    }
    if (!out->running) {
        print("%s does not run\n", name);
    }
    return out->running;
}

bool program_inside(const char *label, struct program_info *out, char owner[PROGRAM_NAME_MAX])
{
    struct program_info whole;
    uint64_t number = 0;

    if (programs_inside(programs(), label, strlen(label), &number, out) != STATUS_OK ||
        !program_info(number, &whole)) {
        return false;
    }
    lk_copy_text(owner, PROGRAM_NAME_MAX, whole.name);
    return true;
}

/* Say why nothing came of what was asked about a program, if nothing did. */
static bool done(enum status s, const char *name)
{
    if (s == STATUS_NOT_FOUND) {
        print("%s does not run\n", name);
    } else if (s != STATUS_OK) {
        print("%s: %s\n", name, lk_status_text(s));
    }
    return s == STATUS_OK;
}

bool program_hold(uint64_t number, const char *name, bool set, uint64_t *before)
{
    enum status s = set ? programs_suspend(programs(), number, 0, before)
                        : programs_resume(programs(), number, 0, before);

    return done(s, name);
}

bool program_notify(uint64_t number, uint64_t bits, struct program_info *p, bool *told)
{
    struct program_info after = { .running = 0 };

    if (!done(programs_notify(programs(), number, bits, told, &after), p->name)) {
        return false;
    }
    *p = after;
    return true;
}

bool program_cap(uint64_t number, uint64_t n, char *out, size_t size)
{
    size_t len = 0;
    enum status s = programs_caps(programs(), number, n, out, size - 1, &len);

    out[len] = '\0';
    return s == STATUS_OK;
}

/* Start it; the bits `ended` are posted to the shell when it has ended. Says why not. */
static bool start(uint64_t number, uint64_t flags, const char *args, uint64_t ended)
{
    char why[200];
    size_t len = 0;
    enum status s = programs_start(programs(), number, flags, ended, args, strlen(args),
                                   ended != 0 ? REG_NOTICE : 0, why, sizeof(why) - 1, &len);

    why[len] = '\0';
    if (s != STATUS_OK) {
        print("not started: %s\n", why[0] != '\0' ? why : lk_status_text(s));
    }
    return s == STATUS_OK;
}

static enum status destroy(uint64_t number)
{
    return programs_destroy(programs(), number, 0);
}

/* Say how a program ended, if it is worth saying. Did it end well? */
static bool report_end(const char *name, uint64_t number)
{
    char words[160];
    uint64_t how = PROGRAM_ENDED_NOT;
    uint64_t value = 0;
    size_t len = 0;

    if (programs_result(programs(), number, &how, &value, words, sizeof(words), &len) !=
        STATUS_OK) {
        return false;
    }
    if (how == PROGRAM_ENDED_FAULT) {
        print("%s was ended by a fault: %.*s\n", name, (int)len, words);
    } else if (how == PROGRAM_ENDED_DESTROYED || (how == PROGRAM_ENDED_EXIT && value != 0)) {
        print("%s %.*s\n", name, (int)len, words);
    }
    return how == PROGRAM_ENDED_EXIT && value == 0;
}

/* The number of a program that somebody wants to start. False, and says so: there is none, or it is
 * only a part of one. */
static bool find_whole(const char *name, uint64_t *number)
{
    struct program_info info;

    if (!program_find(name, number)) {
        return false;
    }
    if (program_info(*number, &info) && info.part_of[0] != '\0') {
        print("%s is a part of %s, which starts it when it needs it: 'run %s'\n", name,
              info.part_of, info.part_of);
        return false;
    }
    return true;
}

/* A program has not ended in its time. Whom it waits for can still be seen now. */
static void too_long(const char *name, uint64_t limit)
{
    print("%s has not ended within %lu s:\n", name, limit);
    command_ps("");
}

bool program_run(const char *name, const char *args, uint64_t limit)
{
    uint64_t number;

    if (!find_whole(name, &number) || !start(number, PROGRAM_FOREGROUND, args, NOTICE_ENDED)) {
        return false;
    }
    if (limit > 0 && lk_notice_in(limit * 1000, NOTICE_TIMER) != STATUS_OK) {
        print("there is no clock\n");
    }
    for (;;) {
        uint64_t bits = wait_for(NOTICE_ENDED | NOTICE_CTRL_C | (limit > 0 ? NOTICE_TIMER : 0));

        if ((bits & NOTICE_CTRL_C) != 0) {
            print("^C\n");
            destroy(number);
            break;
        }
        /* An end that was told late may be another program's: this one counts when it is gone. */
        struct program_info info;

        if (!program_info(number, &info) || !info.running) {
            break;
        }
        if ((bits & NOTICE_TIMER) != 0) {
            too_long(name, limit);
            destroy(number);
            break;
        }
    }
    if (limit > 0) {
        lk_notice_cancel();
    }
    return report_end(name, number);
}

void program_start(const char *name, const char *args)
{
    uint64_t number;

    if (find_whole(name, &number)) {
        start(number, 0, args, 0);
    }
}

/* ---- ending what is begun again -------------------------------------------------------------- */

/* What is said before the shell ends, for it will not be heard afterwards. With the console goes
 * what has not reached the terminal. */
static void say_before(const char *name)
{
    if (strcmp(name, lk_name()) == 0) {
        print("the shell ends, and is begun again\n");
    }
    flush_all();
}

/* What became of a program that was ended. */
static void say_after(const char *name, uint64_t number)
{
    struct program_info p;

    if (strcmp(name, "console") == 0) {
        console_again();
    }
    if (program_info(number, &p) && p.running) {
        print("%s was ended and begun again\n", name);
    } else if (p.waits_to_restart) {
        print("%s was ended, and is about to be begun again\n", name);
    } else {
        print("%s was ended\n", name);
    }
}

/* May a program be ended, and is there one of this name? Its number. */
static bool may_end(const char *name, uint64_t *number)
{
    if (strcmp(name, "init") == 0) {
        print("init is not ended: it is what begins the others again\n");
        return false;
    }
    return program_find(name, number);
}

/* For good: whoever did that to the console or the shell could type nothing more. */
void program_destroy(const char *name)
{
    uint64_t number;

    if (!may_end(name, &number)) {
        return;
    }
    if (strcmp(name, "console") == 0 || strcmp(name, lk_name()) == 0) {
        print(
            "%s is not destroyed: nobody could type here then; 'kill %s' ends it, and it is begun "
            "again\n",
            name, name);
        return;
    }
    done(destroy(number), name);
}

void program_kill(const char *name)
{
    uint64_t number;

    if (!may_end(name, &number)) {
        return;
    }
    say_before(name);
    if (done(programs_kill(programs(), number), name)) {
        say_after(name, number);
    }
}

void program_restart(const char *name)
{
    char why[200];
    size_t len = 0;
    uint64_t number;
    enum status s;

    if (!may_end(name, &number)) {
        return;
    }
    say_before(name);
    s = programs_restart(programs(), number, why, sizeof(why), &len);
    if (len > 0) {
        print("%.*s\n", (int)len, why);
    } else if (done(s, name)) {
        say_after(name, number);
    }
}

static bool kill_waits; /* for its time: */
static uint64_t kill_number;

void program_kill_in(const char *name, uint64_t seconds)
{
    if (kill_waits) {
        print("a program waits for that already\n");
    } else if (program_find(name, &kill_number)) {
        kill_waits = lk_notice_in(seconds * 1000, NOTICE_KILL) == STATUS_OK;
        print("%s\n", kill_waits ? "it will be" : "there is no clock");
    }
}

bool program_kill_waits(void)
{
    return kill_waits;
}

void program_kill_due(void)
{
    kill_waits = false;
    programs_kill(programs(), kill_number);
}

/* ---- memory ---------------------------------------------------------------------------------- */

bool program_bank(uint64_t n, struct bank_info *out)
{
    return programs_banks(programs(), n, out) == STATUS_OK;
}

bool program_space(const char *name, uint64_t number, uint64_t *position, char *out, size_t size)
{
    size_t len = 0;
    enum status s = programs_space(programs(), number, *position, position, out, size - 1, &len);

    out[len] = '\0';
    return done(s, name);
}

bool program_locks(const char *name, uint64_t number, uint64_t *position, char *out, size_t size)
{
    size_t len = 0;
    enum status s = programs_locks(programs(), number, *position, position, out, size - 1, &len);

    out[len] = '\0';
    return done(s, name);
}

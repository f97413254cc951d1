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

/* A call with words, the capability in register `cap` (0: none), and perhaps a string either way;
 * the answer's text comes into `out`, terminated. */
static enum status ask(struct lk_msg *msg, uint64_t method, uint32_t cap, char *out, size_t size)
{
    msg->control = LK_CTL_CALL(programs(), 4);
    if (cap != 0) {
        msg->control = LK_CTL_CALL_CAPS(programs(), 4, 1, cap, 0, 0, 0, 0, 0, 0);
    }
    msg->w[0] = method;
    if (msg->string_len > 0) {
        msg->control |= LK_SSTR;
    }
    if (size > 0) {
        msg->control |= LK_RSTR;
        msg->buffer = out;
        msg->buffer_size = (uint32_t)(size - 1);
        out[0] = '\0';
    }
    enum status s = lk_invoke(msg);

    if (size > 0) {
        out[lk_string_length(msg->delivery)] = '\0';
    }
    return s;
}

bool program_find(const char *name, uint64_t *number)
{
    struct lk_msg msg = { .string = name, .string_len = (uint32_t)strlen(name) };
    enum status s = ask(&msg, PROGRAMS_FIND, 0, NULL, 0);

    if (s != STATUS_OK) {
        print("there is no program '%s'; 'ps' lists them\n", name);
    }
    *number = msg.w[1];
    return s == STATUS_OK;
}

bool program_next(uint64_t *number, struct program_info *out)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL(programs(), 2) | LK_RSTR,
        .w = { PROGRAMS_INFO, *number },
        .buffer = out,
        .buffer_size = sizeof(*out),
    };
    enum status s = lk_invoke(&msg);

    *number = msg.w[1];
    return s == STATUS_OK && lk_string_length(msg.delivery) == sizeof(*out);
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
    struct lk_msg msg = {
        .control = LK_CTL_CALL(programs(), 1) | LK_SSTR | LK_RSTR,
        .w = { PROGRAMS_INSIDE },
        .string = label,
        .string_len = (uint32_t)strlen(label),
        .buffer = out,
        .buffer_size = sizeof(*out),
    };

    if (lk_invoke(&msg) != STATUS_OK || lk_string_length(msg.delivery) != sizeof(*out) ||
        !program_info(msg.w[1], &whole)) {
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
    struct lk_msg msg = { .w = { 0, number } };
    enum status s = ask(&msg, set ? PROGRAMS_SUSPEND : PROGRAMS_RESUME, 0, NULL, 0);

    *before = msg.w[1];
    return done(s, name);
}

bool program_notify(uint64_t number, uint64_t bits, struct program_info *p, bool *told)
{
    struct program_info after = { .running = 0 };
    struct lk_msg msg = {
        .control = LK_CTL_CALL(programs(), 3) | LK_RSTR,
        .w = { PROGRAMS_NOTIFY, number, bits },
        .buffer = &after,
        .buffer_size = sizeof(after),
    };

    if (!done(lk_invoke(&msg), p->name)) {
        return false;
    }
    *p = after;
    *told = msg.w[1] != 0;
    return true;
}

bool program_cap(uint64_t number, uint64_t n, char *out, size_t size)
{
    struct lk_msg msg = { .w = { 0, number, n } };

    return ask(&msg, PROGRAMS_CAPS, 0, out, size) == STATUS_OK;
}

/* Start it; the bits `ended` are posted to the shell when it has ended. Says why not. */
static bool start(uint64_t number, uint64_t flags, const char *args, uint64_t ended)
{
    char why[200];
    struct lk_msg msg = {
        .w = { 0, number, flags, ended },
        .string = args,
        .string_len = (uint32_t)strlen(args),
    };
    enum status s = ask(&msg, PROGRAMS_START, ended != 0 ? REG_NOTICE : 0, why, sizeof(why));

    if (s != STATUS_OK) {
        print("not started: %s\n", why[0] != '\0' ? why : lk_status_text(s));
    }
    return s == STATUS_OK;
}

static enum status destroy(uint64_t number)
{
    struct lk_msg msg = { .w = { 0, number } };

    return ask(&msg, PROGRAMS_DESTROY, 0, NULL, 0);
}

/* Say how a program ended, if it is worth saying. Did it end well? */
static bool report_end(const char *name, uint64_t number)
{
    char words[160];
    struct lk_msg msg = { .w = { 0, number } };

    if (ask(&msg, PROGRAMS_RESULT, 0, words, sizeof(words)) != STATUS_OK) {
        return false;
    }
    if (msg.w[1] == PROGRAM_ENDED_FAULT) {
        print("%s was ended by a fault: %s\n", name, words);
    } else if (msg.w[1] == PROGRAM_ENDED_DESTROYED ||
               (msg.w[1] == PROGRAM_ENDED_EXIT && msg.w[2] != 0)) {
        print("%s %s\n", name, words);
    }
    return msg.w[1] == PROGRAM_ENDED_EXIT && msg.w[2] == 0;
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

bool program_run(const char *name, const char *args)
{
    uint64_t number;

    if (!find_whole(name, &number) || !start(number, PROGRAM_FOREGROUND, args, NOTICE_ENDED)) {
        return false;
    }
    for (;;) {
        uint64_t bits = wait_for(NOTICE_ENDED | NOTICE_CTRL_C);

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

void program_destroy(const char *name)
{
    uint64_t number;

    if (!program_find(name, &number)) {
        return;
    }
    done(destroy(number), name);
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

/* Ask for the end of a program by this method. */
static void end_by(uint64_t method, const char *name)
{
    char why[200] = "";
    struct lk_msg msg = { .w = { 0 } };
    enum status s;

    if (strcmp(name, "init") == 0) {
        print("init is not ended: it is what begins the others again\n");
        return;
    }
    if (!program_find(name, &msg.w[1])) {
        return;
    }
    uint64_t number = msg.w[1];

    say_before(name);
    s = ask(&msg, method, 0, why, sizeof(why));
    if (why[0] != '\0') {
        print("%s\n", why);
    } else if (done(s, name)) {
        say_after(name, number);
    }
}

void program_kill(const char *name)
{
    end_by(PROGRAMS_KILL, name);
}

void program_restart(const char *name)
{
    end_by(PROGRAMS_RESTART, name);
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
    struct lk_msg msg = { .w = { 0, kill_number } };

    kill_waits = false;
    ask(&msg, PROGRAMS_KILL, 0, NULL, 0);
}

/* ---- memory ---------------------------------------------------------------------------------- */

bool program_bank(uint64_t n, struct bank_info *out)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL(programs(), 2) | LK_RSTR,
        .w = { PROGRAMS_BANKS, n },
        .buffer = out,
        .buffer_size = sizeof(*out),
    };

    return lk_invoke(&msg) == STATUS_OK && lk_string_length(msg.delivery) == sizeof(*out);
}

/* Part of a text about a program, by this method. */
static bool program_part(uint64_t method, const char *name, uint64_t number, uint64_t *position,
                         char *out, size_t size)
{
    struct lk_msg msg = { .w = { 0, number, *position } };
    enum status s = ask(&msg, method, 0, out, size);

    *position = msg.w[1];
    return done(s, name);
}

bool program_space(const char *name, uint64_t number, uint64_t *position, char *out, size_t size)
{
    return program_part(PROGRAMS_SPACE, name, number, position, out, size);
}

bool program_locks(const char *name, uint64_t number, uint64_t *position, char *out, size_t size)
{
    return program_part(PROGRAMS_LOCKS, name, number, position, out, size);
}

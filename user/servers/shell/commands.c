/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The commands of the shell: a table of names, each with its function.
 */
#include "shell.h"
#include "words.h"

#include <lykos/lykos.h>

#define ANY_WORDS 99u
#define SECONDS_MAX 1000000u

struct command {
    const char *name;
    const char *args; /* for help */
    unsigned words;   /* most words behind it */
    const char *help;
    void (*run)(const char *args);
};

const char *first_word(const char *text, char *word, size_t size)
{
    size_t n = 0;

    while (*text == ' ') {
        text++;
    }
    while (*text != '\0' && *text != ' ') {
        if (n + 1 < size) {
            word[n++] = *text;
        }
        text++;
    }
    word[n] = '\0';
    while (*text == ' ') {
        text++;
    }
    return text;
}

/* ---- programs -------------------------------------------------------------------------------- */

static void command_caps(const char *args)
{
    char name[PROGRAM_NAME_MAX];
    char line[200];
    uint64_t number;
    uint64_t n = 0;

    first_word(args, name, sizeof(name));
    if (name[0] == '\0') {
        print("caps NAME: of which program?\n");
        return;
    }
    if (!program_find(name, &number)) {
        return;
    }
    while (program_cap(number, n, line, sizeof(line))) {
        print("%s\n", line);
        n++;
    }
    if (n == 0) {
        print("%s does not run\n", name);
    } else {
        print("all other slots and registers are Null\n");
    }
}

/* A command whose arguments begin with the name of a program. */
static void with_program(const char *args, const char *command,
                         void (*run)(const char *name, const char *rest))
{
    char name[PROGRAM_NAME_MAX];
    const char *rest = first_word(args, name, sizeof(name));

    if (name[0] == '\0') {
        print("%s NAME: which program?\n", command);
        return;
    }
    run(name, rest);
}

static void destroy_named(const char *name, const char *rest)
{
    (void)rest;
    program_destroy(name);
}

static void kill_named(const char *name, const char *rest)
{
    const char *end;
    uint64_t seconds;

    if (*rest == '\0') {
        program_kill(name);
    } else if (lk_parse_number(rest, &seconds, &end) && *end == '\0' && seconds <= SECONDS_MAX) {
        program_kill_in(name, seconds);
    } else {
        print("kill NAME [SECONDS]: a whole number up to %u\n", SECONDS_MAX);
    }
}

static void restart_named(const char *name, const char *rest)
{
    (void)rest;
    program_restart(name);
}

static void run_named(const char *name, const char *rest)
{
    program_run(name, rest, 0);
}

static void command_run_program(const char *args)
{
    with_program(args, "run", run_named);
}
static void command_start(const char *args)
{
    with_program(args, "start", program_start);
}
static void command_destroy(const char *args)
{
    with_program(args, "destroy", destroy_named);
}
static void command_kill(const char *args)
{
    with_program(args, "kill", kill_named);
}
static void command_restart(const char *args)
{
    with_program(args, "restart", restart_named);
}
static void command_ping(const char *args)
{
    program_run("ping", args, 0);
}
static void command_fault(const char *args)
{
    program_run("fault", args, 0);
}

/* Is this a benchmark: "bench", "bench-ipc"? Others, like "bench_peer", are only parts of one. */
static bool is_bench(const char *name)
{
    return strcmp(name, "bench") == 0 || strncmp(name, "bench-", 6) == 0;
}

/* Run all benchmarks. Did all end well, and was there one? */
static bool run_benches(const char *args)
{
    struct program_info p;
    bool any = false;
    bool good = true;

    for (uint64_t i = 0; program_next(&i, &p); i++) {
        if (is_bench(p.name)) {
            any = true;
            good = program_run(p.name, args, 0) && good;
        }
    }
    if (!any) {
        print("there are no bench programs in this system\n");
    }
    return any && good;
}

static void command_bench(const char *args)
{
    run_benches(args);
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void command_log(const char *args)
{
    static char text[1024];
    uint32_t log = lk_cap("kernlog");
    uint64_t position = 0;
    uint64_t next = 0;
    uint64_t end = 0;
    size_t n = 0;

    (void)args;
    do {
        enum status s = lk_kernlog_read(log, position, &next, &end, text, sizeof(text), &n);

        if (s != STATUS_OK) {
            print("the log cannot be read: %s\n", lk_status_text(s));
            return;
        }
        put(text, n);
        position = next;
    } while (n > 0 && position < end);
}

static void command_sleep(const char *args)
{
    uint64_t n;
    const char *end;

    if (!lk_parse_number(args, &n, &end) || *end != '\0' || n > SECONDS_MAX) {
        print("sleep SECONDS: a whole number up to %u\n", SECONDS_MAX);
        return;
    }
    if (program_kill_waits()) {
        print("the clock is taken: a program is to be killed\n");
        return;
    }
    if (lk_notice_in(n * 1000, NOTICE_TIMER) != STATUS_OK) {
        print("there is no clock\n");
        return;
    }
    if ((wait_for(NOTICE_TIMER | NOTICE_CTRL_C) & NOTICE_CTRL_C) != 0) {
        lk_notice_cancel();
        print("^C\n");
    }
}

/* Let everything printed reach the terminal, for nothing will after this. */
static void last_words(const char *text)
{
    print("%s\n", text);
    flush_all();
}

static void command_halt(const char *args)
{
    (void)args;
    last_words("the machine halts");
    print("it did not: %s\n", lk_status_text(lk_sysctl_halt(lk_cap("sysctl"), 0)));
}

static void command_reboot(const char *args)
{
    (void)args;
    last_words("the machine starts again");
    print("it did not: %s\n", lk_status_text(lk_sysctl_reboot(lk_cap("sysctl"))));
}

static void command_uptime(const char *args)
{
    (void)args;
    print("%s since the machine started\n", show_seconds(lk_now()).text);
}

/* ---- small things ---------------------------------------------------------------------------- */

static void command_echo(const char *args)
{
    print("%s\n", args);
}

static void command_history(const char *args)
{
    (void)args;
    for (unsigned back = LINE_HISTORY; back > 0; back--) {
        const char *line = line_history(&editor, back);

        if (line != NULL) {
            print("%s\n", line);
        }
    }
}

static void command_help(const char *args);

static const struct command commands[] = {
    { "help", "[COMMAND]", 1, "this list, or its line about one command", command_help },
    { "ps", "[NAME]", 1, "what the programs do; of one, its holds and notices too", command_ps },
    { "top", "[SECONDS]", 1, "who uses the CPU: its shares in a second, or in so many",
      command_top },
    { "caps", "NAME", 1, "what a program holds: its slots and capability registers", command_caps },
    { "spaces", "NAME", 1, "the address space of a program, as a picture", command_spaces },
    { "locks", "NAME", 1, "its locks: who has them, who waits, how long they were held",
      command_locks },
    { "log", "", 0, "the kernel log", command_log },
    { "mem", "", 0, "memory: how much, and who has it", command_mem },
    { "ping", "[ROUNDS]", 1, "a client calls a server in another address space", command_ping },
    { "fault", "[KIND]", 1, "a program faults on purpose; 'fault help' lists the kinds",
      command_fault },
    { "bench", "", 0, "run the benchmarks, if they are in this system", command_bench },
    { "run", "NAME [ARGS]", ANY_WORDS, "start a program and wait for its end",
      command_run_program },
    { "start", "NAME [ARGS]", ANY_WORDS, "start a program and do not wait", command_start },
    { "destroy", "NAME", 1, "end a program and take its memory back", command_destroy },
    { "kill", "NAME [SECONDS]", 2, "end a program as if it had failed, now or later",
      command_kill },
    { "restart", "NAME", 1, "end a program and begin it again", command_restart },
    { "suspend", "NAME", 1, "stop a program where it is, until it is resumed", command_suspend },
    { "resume", "NAME", 1, "let it go on, as if nothing had happened", command_resume },
    { "notify", "NAME [BITS]", 2, "stop a program and have its notice handler told",
      command_notify },
    { "sleep", "SECONDS", 1, "wait", command_sleep },
    { "uptime", "", 0, "time since the machine started", command_uptime },
    { "echo", "TEXT", ANY_WORDS, "print the text", command_echo },
    { "history", "", 0, "the lines typed before", command_history },
    { "halt", "", 0, "end the machine; QEMU exits", command_halt },
    { "reboot", "", 0, "start the machine again", command_reboot },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* How a command is written: "notify NAME [BITS]". */
struct usage {
    char text[40];
};

static struct usage show_usage(const struct command *c)
{
    struct usage u = { "" };

    lk_format(u.text, sizeof(u.text), "%s%s%s", c->name, c->args[0] != '\0' ? " " : "", c->args);
    return u;
}

static void help_line(const struct command *c)
{
    print("  %-20s %s\n", show_usage(c).text, c->help);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void unknown_command(const char *name)
{
    if (strcmp(name, "quit") == 0 || strcmp(name, "exit") == 0) {
        print("unknown command '%s'; 'halt' ends the machine, 'help' lists the commands\n", name);
    } else {
        print("unknown command '%s'; 'help' lists the commands\n", name);
    }
}

static void command_help(const char *args)
{
    char name[32];

    first_word(args, name, sizeof(name));
    if (name[0] != '\0') {
        const struct command *c = find_command(name);

        if (c != NULL) {
            help_line(c);
        } else {
            unknown_command(name);
        }
        return;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        help_line(&commands[i]);
    }
    print("Ctrl-C ends a command that runs. Arrow keys, Ctrl-A, Ctrl-E, Ctrl-K, Ctrl-U, Ctrl-W "
          "edit the line\n"
          "(under QEMU type Ctrl-A twice), up and down bring earlier lines back. Ctrl-A X leaves "
          "QEMU.\n");
}

/* Does the command take as many words? Says which is too much. */
static bool words_fit(const struct command *c, const char *args)
{
    char word[LINE_MAX + 1];

    for (unsigned n = 0; n <= c->words && *args != '\0'; n++) {
        args = first_word(args, word, sizeof(word));
        if (n == c->words) {
            print("'%s' is too much; the command is '%s'\n", word, show_usage(c).text);
            return false;
        }
    }
    return true;
}

void command_run(const char *line)
{
    char name[32];
    const char *args = first_word(line, name, sizeof(name));
    const struct command *c = find_command(strcmp(name, "?") == 0 ? "help" : name);

    if (name[0] == '\0') {
        return;
    }
    if (c == NULL) {
        unknown_command(name);
    } else if (words_fit(c, args)) {
        c->run(args);
    }
}

/* ---- the boot command line ------------------------------------------------------------------- */

/* run=NAME or run=NAME,ARGUMENT,ARGUMENT */
static bool run_word(const char *word, uint64_t limit)
{
    char text[128];
    char name[PROGRAM_NAME_MAX];

    lk_copy_text(text, sizeof(text), word);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == ',' ? ' ' : *c;
    }
    const char *args = first_word(text, name, sizeof(name));

    return program_run(name, args, limit);
}

/* limit=SECONDS */
static bool limit_word(const char *word, uint64_t *limit)
{
    const char *end = NULL;
    uint64_t seconds;
    bool good = lk_parse_number(word, &seconds, &end) && *end == '\0' && seconds <= SECONDS_MAX;

    if (good) {
        *limit = seconds;
    }
    return good;
}

bool commands_boot(const char *words)
{
    char word[128];
    bool any = false;
    bool good = true;
    bool stay = false;
    uint64_t limit = 0; /* seconds; 0: none */

    while (*words != '\0') {
        words = first_word(words, word, sizeof(word));
        if (strcmp(word, "serve") == 0) {
            continue; /* init has started what is started with it */
        }
        if (strcmp(word, "shell") == 0) {
            stay = true;
        } else if (strcmp(word, "bench") == 0) {
            any = true;
            good = run_benches("") && good;
        } else if (strncmp(word, "run=", 4) == 0) {
            any = true;
            good = run_word(word + 4, limit) && good;
        } else if (strncmp(word, "limit=", 6) == 0 && limit_word(word + 6, &limit)) {
            continue; /* for those behind it */
        } else if (word[0] != '\0') {
            print("the word '%s' of the boot command line means nothing here\n", word);
        }
    }
    if (any && !stay) {
        last_words(good ? "all ended well" : "not all ended well");
        lk_sysctl_halt(lk_cap("sysctl"), good ? 0 : 1);
    }
    return any;
}

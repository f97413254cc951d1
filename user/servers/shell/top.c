/* SPDX-License-Identifier: BSD-2-Clause
 *
 * top: who used the CPU between two looks. CPU time is exact, so the shares are; each is that of a
 * program's main process, which is what init knows. What is left belongs to further processes that
 * programs have made (threads), and to programs that have ended meanwhile.
 */
#include "shell.h"

#include <lykos/lykos.h>

#define ROWS 128u
#define SECONDS_MAX 1000000u

/* One program at a moment, then what it did since. */
struct row {
    char name[PROGRAM_NAME_MAX];
    uint64_t number;
    uint32_t generation;
    uint64_t cpu_time; /* nanoseconds */
    uint64_t posts;    /* notices posted to it */
    uint64_t notified; /* notifications delivered to its handler */
};

/* All of them, and the machine. */
struct look {
    uint64_t at; /* nanoseconds since boot */
    uint64_t entries, spaces, interrupts, idle, faults;
    unsigned rows;
    struct row row[ROWS];
};

static struct look before, after;

static void take_look(struct look *l)
{
    struct program_info p;

    l->rows = 0;
    for (uint64_t i = 0; l->rows < ROWS && program_next(&i, &p); i++) {
        if (p.running) {
            struct row *r = &l->row[l->rows++];

            *r = (struct row){ .number = i,
                               .generation = p.generation,
                               .cpu_time = p.cpu_time,
                               .posts = p.preemption.posts,
                               .notified = p.preemption.deliveries };
            lk_copy_text(r->name, sizeof(r->name), p.name);
        }
    }
    l->at = lk_now();
    lk_sysctl_get_stats(lk_cap("sysctl"), &l->entries, &l->spaces, NULL, NULL, &l->interrupts,
                        &l->idle, &l->faults);
}

/* The same program in an earlier look; NULL: it did not run, or was begun again since. */
static const struct row *find_row(const struct look *l, const struct row *wanted)
{
    for (unsigned i = 0; i < l->rows; i++) {
        const struct row *r = &l->row[i];

        if (r->number == wanted->number && r->generation == wanted->generation &&
            r->cpu_time <= wanted->cpu_time && strcmp(r->name, wanted->name) == 0) {
            return r;
        }
    }
    return NULL;
}

/* Leave in `l` what came after `earlier`; whoever is new has done all of it since. Returns the CPU
 * time of all. */
static uint64_t subtract(struct look *l, const struct look *earlier)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < l->rows; i++) {
        struct row *r = &l->row[i];
        const struct row *old = find_row(earlier, r);

        if (old != NULL) {
            r->cpu_time -= old->cpu_time;
            r->posts -= old->posts;
            r->notified -= old->notified;
        }
        sum += r->cpu_time;
    }
    l->at -= earlier->at;
    l->entries -= earlier->entries;
    l->spaces -= earlier->spaces;
    l->interrupts -= earlier->interrupts;
    l->idle -= earlier->idle;
    l->faults -= earlier->faults;
    return sum;
}

/* Those that used most first; of equals, in the order in which they stood. */
static void sort_rows(struct look *l)
{
    for (unsigned i = 1; i < l->rows; i++) {
        struct row r = l->row[i];
        unsigned at = i;

        for (; at > 0 && l->row[at - 1].cpu_time < r.cpu_time; at--) {
            l->row[at] = l->row[at - 1];
        }
        l->row[at] = r;
    }
}

/* "12.3%" */
struct share {
    char text[12];
};

static struct share show_share(uint64_t part, uint64_t whole)
{
    uint64_t tenths = (part * 1000 + whole / 2) / whole;
    struct share s = { "" };

    lk_format(s.text, sizeof(s.text), "%lu.%lu%%", tenths / 10, tenths % 10);
    return s;
}

static void print_row(const char *name, uint64_t time, const struct row *r)
{
    print("%-16s %7s %8lu us", name, show_share(time, after.at).text, time / 1000);
    if (r != NULL) {
        print(" %8lu %8lu", r->posts, r->notified);
    }
    print("\n");
}

static void print_all(uint64_t sum)
{
    uint64_t known = sum + after.idle;

    print("%-16s %7s %11s %8s %8s\n", "NAME", "CPU", "CPU TIME", "NOTICES", "NOTIFIED");
    for (unsigned i = 0; i < after.rows; i++) {
        print_row(after.row[i].name, after.row[i].cpu_time, &after.row[i]);
    }
    print_row("(others)", known < after.at ? after.at - known : 0, NULL);
    print_row("(idle)", after.idle, NULL);
    print("%lu entries into the kernel, %lu switches of address space, %lu interrupts, %lu faults "
          "in %lu ms\n",
          after.entries, after.spaces, after.interrupts, after.faults, after.at / 1000000);
}

void command_top(const char *args)
{
    uint64_t seconds = 1;
    const char *end = args;

    if (*args != '\0' && (!lk_parse_number(args, &seconds, &end) || *end != '\0' || seconds == 0 ||
                          seconds > SECONDS_MAX)) {
        print("top [SECONDS]: a whole number from 1 to %u\n", SECONDS_MAX);
        return;
    }
    if (program_kill_waits()) {
        print("the clock is taken: a program is to be killed\n");
        return;
    }
    take_look(&after); /* so that its memory is there when the time counts */
    take_look(&before);
    if (lk_notice_in(seconds * 1000, NOTICE_TIMER) != STATUS_OK) {
        print("there is no clock\n");
        return;
    }
    if ((wait_for(NOTICE_TIMER | NOTICE_CTRL_C) & NOTICE_CTRL_C) != 0) {
        lk_notice_cancel();
        print("^C\n");
        return;
    }
    take_look(&after);
    uint64_t sum = subtract(&after, &before);

    sort_rows(&after);
    print_all(sum);
}

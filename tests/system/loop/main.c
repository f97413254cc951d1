/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the event loop of <lykos/loop.h>, in a checked program.
 */
#include "parts.h"

const char sys_scenario[] = "loop";

struct lk_loop loop;
struct lk_source source[SOURCES];
struct lk_lock server;
volatile unsigned noted;

static struct lk_source bell;
static char notes[600];
static size_t notes_at;
static volatile bool loop_made;

static void rings(struct lk_source *s, uint32_t why)
{
    (void)s;
    (void)why;
}

static void forget(void)
{
    notes_at = 0;
    notes[0] = '\0';
    noted = 0;
}

static void loop_make(void)
{
    lk_loop_init(&loop);
    OK(lk_loop_add(
        &loop, &bell,
        &(struct lk_source_plan){ .kind = LK_SOURCE_READY, .callback = rings, .context = &loop }));
}

static void begin(void)
{
    team_new();
    memset(source, 0, sizeof(source));
    memset(&bell, 0, sizeof(bell));
    server = (struct lk_lock)LK_LOCK("server", 1);
    loop_made = false;
    forget();
}

void loop_new(void)
{
    begin();
    loop_make();
}

static void runs(void *unused)
{
    (void)unused;
    loop_make();
    loop_made = true;
    lk_loop_run(&loop);
}

void loop_new_member(unsigned priority)
{
    begin();
    member_new(0, priority, runs, NULL);
    EVENTUALLY(loop_made);
}

void round_now(void)
{
    OK(lk_loop_ready(&bell, 1));
    lk_loop_once(&loop);
}

static void note(struct lk_source *s, const char *format, uint32_t why)
{
    char text[40];
    size_t length;

    lk_format(text, sizeof(text), format, (unsigned)(s - source), why);
    length = strlen(text);
    if (notes_at + length + 2 < sizeof(notes)) {
        if (notes_at > 0) {
            notes[notes_at++] = ' ';
        }
        memcpy(notes + notes_at, text, length + 1);
        notes_at += length;
    }
    noted++;
}

void record(struct lk_source *s, uint32_t why)
{
    note(s, "%u:%x", why);
}

void record_removed(struct lk_source *s)
{
    note(s, "-%u", 0);
}

void called(const char *file, int line, const char *want)
{
    if (strcmp(notes, want) != 0) {
        sys_fail(file, line, "called were \"%s\", not \"%s\"", notes, want);
    }
    forget();
}

void add_notice(unsigned i, uint32_t bits)
{
    OK(lk_loop_add(
        &loop, &source[i],
        &(struct lk_source_plan){ .kind = LK_SOURCE_NOTICE, .callback = record, .bits = bits }));
}

void add_timer(unsigned i, uint64_t time, uint64_t period)
{
    OK(lk_loop_add(
        &loop, &source[i],
        &(struct lk_source_plan){
            .kind = LK_SOURCE_TIMER, .callback = record, .time = time, .period = period }));
}

void add_ready(unsigned i)
{
    OK(lk_loop_add(&loop, &source[i],
                   &(struct lk_source_plan){ .kind = LK_SOURCE_READY, .callback = record }));
}

void add_with(unsigned i, lk_loop_callback *callback)
{
    OK(lk_loop_add(&loop, &source[i],
                   &(struct lk_source_plan){
                       .kind = LK_SOURCE_READY, .callback = callback, .removed = record_removed }));
}

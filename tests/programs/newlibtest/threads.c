/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads use the library: one that is in no team, then four members at once, one in the place
 * of another; then four that write to the console, or read.
 */
#include "newlibtest.h"

#include <errno.h>
#include <lykos/lock.h>
#include <lykos/lykos.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MEMBERS 4u
#define ROUNDS 150u
#define SLOTS 16u
#define ROWS 40u
#define ROW_BYTES 200u   /* of a row for the console, with its end */
#define WAIT_MOST 20000u /* milliseconds of the guest's */

/* Capability registers, behind those that the description names. */
enum {
    REG_TEAM = 16,
    REG_WORK,
    REG_ENDPOINT,
    REG_FAULTS,
    REG_THREAD = 24,
    REG_ROOM = 30 /* and 31 */
};

static struct lk_room room;
static struct lk_thread thread[MEMBERS];
static uint8_t stack[MEMBERS][0x8000] __attribute__((aligned(16)));
static struct lk_lock mine = LK_LOCK("mine", 1);
static unsigned first_seed, done, lines;
static FILE *shared;
static int *errno_at[MEMBERS];

/* errno is its own, and stays what it has made of it. */
static void uses_errno(unsigned me, unsigned *seed)
{
    int set = (int)(random_next(seed) % 100 + 1);
    char text[40];

    errno = set;
    snprintf(text, sizeof(text), "%u %.3f", me, me / 8.0);
    lk_yield();
    CHECK(errno == set && &errno == errno_at[me]);
    CHECK(strtod(text + 2, NULL) * 8.0 > me - 0.1 && strtod(text + 2, NULL) * 8.0 < me + 0.1);
}

static void uses_memory(unsigned me, char **slot, unsigned *seed)
{
    unsigned i = random_next(seed) % SLOTS;
    size_t size = random_next(seed) % 2000 + 2;

    if (slot[i] != NULL) {
        CHECK(slot[i][0] == (char)('a' + me) && strlen(slot[i]) > 0);
        free(slot[i]);
    }
    slot[i] = malloc(size);
    CHECK(slot[i] != NULL);
    if (slot[i] != NULL) {
        memset(slot[i], 'a' + (int)me, size - 1);
        slot[i][size - 1] = '\0';
    }
}

static bool is(const char *word, const char *wanted)
{
    return word != NULL && strcmp(word, wanted) == 0;
}

/* strtok() remembers what each thread gave it. */
static void uses_words(unsigned me)
{
    char words[] = "a b c";

    words[0] = (char)('a' + me);
    CHECK(strtok(words, " ")[0] == (char)('a' + me));
    lk_yield();
    CHECK(is(strtok(NULL, " "), "b"));
    CHECK(is(strtok(NULL, " "), "c"));
}

/* A line into the file that all write to, now and then with a lock of its own. */
static void writes(unsigned me, unsigned round)
{
    bool with = round % 3 == 0;

    if (with) {
        lk_lock(&mine);
    }
    fprintf(shared, "<%u %03u %s>\n", me, round, "0123456789");
    lines++; /* not exact: only to have something there */
    if (with) {
        lk_unlock(&mine);
    }
}

static void works(void *number)
{
    unsigned me = (unsigned)(uintptr_t)number;
    unsigned seed = first_seed * 31 + me;
    char *slot[SLOTS] = { NULL };
    static char left[MEMBERS][12];

    errno_at[me] = &errno;
    CHECK(errno == 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uses_errno(me, &seed);
        uses_memory(me, slot, &seed);
        uses_words(me);
        writes(me, i);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        free(slot[i]);
    }
    strcpy(left[me], "left over");
    CHECK(strtok(left[me], " ") == left[me]); /* the rest stays */
    errno = ERANGE;
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
}

static struct lk_thread_plan plan_of(unsigned i, void (*fn)(void *))
{
    static const char *const label[MEMBERS] = { "one", "two", "three", "four" };

    return (struct lk_thread_plan){
        .label = label[i],
        .fn = fn,
        .arg = (void *)(uintptr_t)i,
        .stack = stack[i],
        .stack_size = sizeof(stack[i]),
        .space = lk_cap("space"),
        .schedule = lk_cap("schedule"),
        .handler = REG_FAULTS,
        .process = REG_THREAD + i,
        .endpoint = REG_ENDPOINT,
    };
}

static void begin(unsigned i, void (*fn)(void *))
{
    const struct lk_thread_plan plan = plan_of(i, fn);

    lk_must(lk_team_make(&thread[i], &room, &plan), plan.label);
    lk_must(lk_thread_start(&thread[i]), plan.label);
}

/* The same, but no member. */
static void begin_alone(void (*fn)(void *))
{
    const struct lk_thread_plan plan = plan_of(0, fn);

    lk_must(lk_thread_make(&thread[0], &room, &plan), "a thread");
    lk_must(lk_thread_start(&thread[0]), "a thread");
}

static void wait_for(unsigned threads)
{
    for (unsigned ms = 0; __atomic_load_n(&done, __ATOMIC_ACQUIRE) < threads; ms++) {
        if (ms == WAIT_MOST) {
            printf("WRONG: a thread does not end\n");
            exit(1);
        }
        lk_sleep_ms(1);
    }
    done = 0;
}

static void open_room(void)
{
    uint64_t frames = 0;

    lk_must(lk_range_get_info(lk_cap("memory"), 0, &frames, NULL), "the range");
    lk_room_open(&room, lk_cap("memory"), 0, frames, REG_ROOM);
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
}

/* ---- Who is in no team ---- */

static void works_alone(void *unused)
{
    unsigned seed = first_seed;
    char *slot[SLOTS] = { NULL };

    (void)unused;
    errno_at[0] = &errno;
    uses_errno(0, &seed);
    uses_memory(0, slot, &seed);
    uses_words(0);
    for (unsigned i = 0; i < SLOTS; i++) {
        free(slot[i]);
    }
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
}

/* It shares errno with the first thread, which waits for it. */
static void check_alone(void)
{
    begin_alone(works_alone);
    wait_for(1);
    CHECK(errno_at[0] == &errno);
    lk_must(lk_thread_destroy(&thread[0]), "the end of a thread");
}

static void takes_memory(void *unused)
{
    (void)unused;
    free(malloc(100));
    printf("WRONG: it has taken memory\n");
}

void end_by_stranger(void)
{
    open_room();
    lk_must(lk_team_open(&room, LK_REG_ENDPOINT, REG_TEAM, REG_WORK), "a team");
    begin_alone(takes_memory);
    lk_sleep_ms(10000);
}

/* ---- Members ---- */

/* In a place in which another was: nothing is left of that one. */
static void comes_later(void *number)
{
    CHECK(&errno == errno_at[(unsigned)(uintptr_t)number] && errno == 0);
    CHECK(strtok(NULL, " ") == NULL);
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
}

/* Every line is whole, and is there once. */
static void check_lines(const char *text, size_t size)
{
    static bool seen[MEMBERS][ROUNDS];
    size_t at = 0;
    unsigned count = 0;

    memset(seen, 0, sizeof(seen));
    while (at < size) {
        unsigned who = 0;
        unsigned round = 0;

        CHECK(sscanf(text + at, "<%u %u 0123456789>\n", &who, &round) == 2);
        if (who >= MEMBERS || round >= ROUNDS || seen[who][round]) {
            CHECK(false);
            return;
        }
        seen[who][round] = true;
        at += strcspn(text + at, "\n") + 1;
        count++;
    }
    CHECK(count == MEMBERS * ROUNDS);
}

/* ---- The console ---- */

static void row(char *to, unsigned me, unsigned number)
{
    snprintf(to, ROW_BYTES, "row %u %03u ", me, number);
    memset(to + strlen(to), 'a' + (int)(number % 26), ROW_BYTES - 2 - strlen(to));
    strcpy(to + ROW_BYTES - 2, "\n");
}

/* Each has its own way there: no lock of a file is held by two of them. The last one reads, and so
 * writes out what is not a whole line yet. The part `newlib` looks at the rows. */
static void uses_console(void *number)
{
    unsigned me = (unsigned)(uintptr_t)number;
    char text[ROW_BYTES] = "";
    char byte;

    for (unsigned i = 0; i < ROWS; i++) {
        row(text, me, i);
        switch (me) {
        case 0:
            printf("%s", text);
            break;
        case 1:
            fprintf(stderr, "%s", text);
            break;
        case 2:
            CHECK(write(STDOUT_FILENO, text, ROW_BYTES - 1) == (int)ROW_BYTES - 1);
            break;
        default:
            CHECK(read(STDIN_FILENO, &byte, 1) == 0);
            break;
        }
    }
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
}

static void all_do(void (*fn)(void *))
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        begin(i, fn);
    }
}

static void destroy_all(void)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        lk_must(lk_team_destroy(&thread[i]), "the end of a member");
    }
}

/* Longer than 64 bits of nanoseconds can say: what is left of them is next to nothing, or in the
 * past. */
static void sleeps_long(void *number)
{
    static const struct timespec long_time[MEMBERS] = {
        { .tv_sec = 18446744073, .tv_nsec = 709551617 },
        { .tv_sec = 18446744073, .tv_nsec = 709551615 },
        { .tv_sec = INT64_MAX, .tv_nsec = 999999999 },
        { .tv_sec = 1ll << 55 },
    };

    nanosleep(&long_time[(uintptr_t)number], NULL);
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
}

static void check_long_sleeps(void)
{
    all_do(sleeps_long);
    lk_sleep_ms(20);
    CHECK(__atomic_load_n(&done, __ATOMIC_ACQUIRE) == 0);
    destroy_all();
    done = 0;
}

void check_threads(unsigned seed)
{
    char *text = NULL;
    size_t size = 0;
    int before = errno = 33;

    first_seed = seed;
    open_room();
    check_alone();
    errno = before;
    shared = open_memstream(&text, &size);
    CHECK(shared != NULL);
    lk_must(lk_team_open(&room, LK_REG_ENDPOINT, REG_TEAM, REG_WORK), "a team");
    CHECK(errno == before);
    for (unsigned i = 0; i < MEMBERS; i++) {
        begin(i, works);
    }
    wait_for(MEMBERS);
    CHECK(errno == before);
    for (unsigned i = 0; i < MEMBERS; i++) {
        CHECK(errno_at[i] != &errno && errno_at[i] != errno_at[(i + 1) % MEMBERS]);
        lk_must(lk_team_destroy(&thread[i]), "the end of a member");
    }
    begin(0, comes_later);
    wait_for(1);
    lk_must(lk_team_destroy(&thread[0]), "the end of a member");
    all_do(uses_console);
    wait_for(MEMBERS);
    destroy_all();
    check_long_sleeps();
    CHECK(fclose(shared) == 0);
    check_lines(text, size);
    free(text);
    printf("%u members at once, %zu bytes\n", MEMBERS, size);
}

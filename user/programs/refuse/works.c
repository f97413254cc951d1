/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The works: whatever takes up memory in this system.
 */
#include "refuse.h"

#include <lykos/bank.h>
#include <lykos/connect.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

#define READY 2u
#define SETTLE_MS 20u
#define HELD 20u

/* ---- programs ---- */

static void run_pair(struct outcome *out)
{
    start_first(out, "errand");
    await_first(out, "errand");
}

static void clean_pair(void)
{
    end_first("errand");
    end_first("office");
}

/* With two AppNotices of this program. */
static void run_given(struct outcome *out)
{
    new_one(out, "tenant given");
    if (out->words[0] != '\0') {
        return;
    }
    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, READY, REG_NOTICE), "a notice");
    wrong(out, "a notice for it", lk_program_give(REG_CONTROL, "one", REG_NOTICE));
    wrong(out, "another notice for it", lk_program_give(REG_CONTROL, "other", REG_NOTICE));
    begin(out);
    await_end(out);
}

/* What a tenant does by itself. */
#define TENANT(name)                                                                               \
    static void run_##name(struct outcome *out)                                                    \
    {                                                                                              \
        new_one(out, "tenant " #name);                                                             \
        begin(out);                                                                                \
        await_end(out);                                                                            \
    }
TENANT(heap)
TENANT(stack)
TENANT(data)
TENANT(threads)
TENANT(banks)

/* ---- what is begun again ---- */

/* A client of a server that is killed meanwhile. */
static void run_watch(struct outcome *out)
{
    new_one(out, "client watch");
    if (out->words[0] != '\0') {
        return;
    }
    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, READY, REG_NOTICE), "a notice");
    wrong(out, "a notice for it", lk_program_give(REG_CONTROL, "ready", REG_NOTICE));
    begin(out);
    if (out->words[0] == '\0') {
        await_bits(READY);
        if (kill_first("steady") == STATUS_NOT_FOUND) {
            struct outcome steady = { "" };

            judge_result(&steady, number_of("steady"));
            if (strstr(steady.words, "with the program that started it") == NULL) {
                *out = steady; /* it waits for memory */
            }
        }
    }
    await_end(out);
}

static void clean_watch(void)
{
    kill_control();
    await_restarted("steady");
    end_first("steady");
}

/* Whoever is restarted must be there afterwards, whatever was refused. */
static void restart(struct outcome *out, const char *name)
{
    restart_first(name, out);
    if (!await_running(name)) {
        lk_die("%s is gone for good", name);
    }
    lk_sleep_ms(SETTLE_MS);
}

static void run_console(struct outcome *out)
{
    restart(out, "console");
    wrong(out, "the console", lk_connect("console"));
}

static void run_shell(struct outcome *out)
{
    restart(out, "shell");
}

/* Programs that do not begin before the pager was begun again: it must have been told of their
 * spaces. */
static unsigned held;

static void hold_many(void)
{
    struct outcome out = { "" };

    lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_CAPPAGE, REG_SHELF), "a shelf");
    for (held = 0; held < HELD; held++) {
        new_one(&out, "tenant leave");
        if (out.words[0] != '\0') {
            lk_die("programs to be held: %s", out.words);
        }
        lk_must(lk_cappage_swap_slot(REG_SHELF, held, REG_CONTROL, 0), "the shelf");
    }
}

static void run_held(void)
{
    struct outcome out = { "" };

    for (; held > 0; held--) {
        lk_must(lk_cappage_get_slot(REG_SHELF, held - 1, REG_CONTROL), "the shelf");
        begin(&out);
        await_end(&out);
        if (out.words[0] != '\0') {
            lk_die("number %u of those that were there before the pager: %s", held - 1, out.words);
        }
    }
}

static void clean_pager(void)
{
    kill_control();
    run_held();
    lk_must(lk_bank_free(lk_cap("bank"), REG_SHELF), "giving the shelf back");
}

static void run_pager(struct outcome *out)
{
    wrong(out, "killing the pager", kill_first("pager"));
    run_heap(out);
}

/* ---- handlers, listings ---- */

static void run_handler(struct outcome *out)
{
    static struct program_info info;
    uint64_t number = number_of("listener");
    enum status s;

    start_first(out, "listener");
    if (out->words[0] != '\0') {
        return;
    }
    lk_sleep_ms(SETTLE_MS); /* its handler is there, or it has faulted */
    s = programs_notify(lk_cap("programs"), number, 4, NULL, &info);
    if (s == STATUS_NOT_FOUND) {
        await_first(out, "listener");
    }
    wrong(out, "telling its handler", s);
    lk_sleep_ms(SETTLE_MS);
    wrong(out, "suspending it", programs_suspend(lk_cap("programs"), number, 0, NULL));
    wrong(out, "resuming it", programs_resume(lk_cap("programs"), number, 0, NULL));
    lk_sleep_ms(SETTLE_MS);
}

static void clean_handler(void)
{
    end_first("listener");
}

/* What the listings ask for about one program. */
static void list_one(uint32_t programs, uint64_t number)
{
    static char text[1000];
    uint64_t position = 0;
    enum status s;

    for (uint64_t c = 0; c < 8; c++) {
        programs_caps(programs, number, c, text, sizeof(text), NULL);
    }
    do {
        s = programs_space(programs, number, position, &position, text, sizeof(text), NULL);
    } while (s == STATUS_OK && position != 0);
}

/* All that the listings ask for, of all programs. */
static void run_listings(struct outcome *out)
{
    static struct program_info info;
    static struct bank_info bank;
    uint32_t programs = lk_cap("programs");
    uint64_t number = 0;
    enum status s;

    for (;; number++) {
        s = programs_info(programs, number, &number, &info);
        if (s != STATUS_OK) {
            break;
        }
        list_one(programs, number);
    }
    wrong(out, "the list of programs", s == STATUS_OUT_OF_RANGE ? STATUS_OK : s);
    number = 0;
    do {
        s = programs_banks(programs, number++, &bank);
    } while (s == STATUS_OK);
    wrong(out, "the list of banks", s == STATUS_NOT_FOUND ? STATUS_OK : s);
}

const struct work works[] = {
    { .name = "pair",
      .text = "a program and the server that it needs",
      .run = run_pair,
      .clean = clean_pair },
    { .name = "given",
      .text = "a further instance, with given capabilities",
      .run = run_given,
      .clean = kill_control },
    { .name = "paid",
      .text = "an instance that another bank pays for",
      .run = run_paid,
      .clean = clean_sealed },
    { .name = "sealed",
      .text = "a constructor, and an instance that it makes",
      .run = run_sealed,
      .clean = clean_sealed },
    { .name = "heap", .text = "memory of the heap", .run = run_heap, .clean = kill_control },
    { .name = "stack", .text = "pages of the main stack", .run = run_stack, .clean = kill_control },
    { .name = "data",
      .text = "data written to for the first time",
      .run = run_data,
      .clean = kill_control },
    { .name = "threads",
      .text = "threads, with stacks of their own",
      .run = run_threads,
      .clean = kill_control,
      .only = "timed out" },
    { .name = "banks",
      .text = "banks of a program's own",
      .run = run_banks,
      .clean = kill_control },
    { .name = "watch",
      .text = "a server begun again by policy, for a client that watches",
      .run = run_watch,
      .clean = clean_watch,
      .only = "it was told" },
    { .name = "handler",
      .text = "a notice handler, told, suspended and resumed",
      .run = run_handler,
      .clean = clean_handler },
    { .name = "listings", .text = "all listings", .run = run_listings },
    { .name = "console", .text = "the console begun again", .run = run_console },
    { .name = "shell", .text = "the shell begun again", .run = run_shell },
    { .name = "pager",
      .text = "the pager begun again, with many spaces to be told of",
      .prepare = hold_many,
      .run = run_pager,
      .check = run_held,
      .clean = clean_pager,
      .settle = come_and_go,
      .renews_pager = true },
    { .name = "table",
      .text = "a row more of init's table of programs",
      .prepare = fill_table,
      .run = grow_table,
      .clean = empty_table,
      .settle = come_and_go,
      .renews_pager = true,
      .growth = 4 },
};
const unsigned work_count = sizeof(works) / sizeof(works[0]);

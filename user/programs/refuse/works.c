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
        if (ask_about(PROGRAMS_KILL, "steady", NULL) == STATUS_NOT_FOUND) {
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
    ask_about(PROGRAMS_RESTART, name, out);
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
    wrong(out, "killing the pager", ask_about(PROGRAMS_KILL, "pager", NULL));
    run_heap(out);
}

/* ---- handlers, listings ---- */

static void run_handler(struct outcome *out)
{
    static struct program_info info;
    uint64_t number = number_of("listener");
    struct lk_in in;

    start_first(out, "listener");
    if (out->words[0] != '\0') {
        return;
    }
    lk_sleep_ms(SETTLE_MS); /* its handler is there, or it has faulted */
    in = lk_call_recv2(LK_CTL_CALL(lk_cap("programs"), 3) | LK_RSTR, PROGRAMS_NOTIFY, number, 4,
                       &info, sizeof(info));
    if (in.w[0] == STATUS_NOT_FOUND) {
        await_first(out, "listener");
    }
    wrong(out, "telling its handler", (enum status)in.w[0]);
    lk_sleep_ms(SETTLE_MS);
    wrong(out, "suspending it", ask_about(PROGRAMS_SUSPEND, "listener", NULL));
    wrong(out, "resuming it", ask_about(PROGRAMS_RESUME, "listener", NULL));
    lk_sleep_ms(SETTLE_MS);
}

static void clean_handler(void)
{
    end_first("listener");
}

/* All that the listings ask for, of all programs. */
static void run_listings(struct outcome *out)
{
    static char text[1000];
    const uint64_t ctl = LK_CTL_CALL(lk_cap("programs"), 2) | LK_RSTR;
    const uint64_t ctl2 = LK_CTL_CALL(lk_cap("programs"), 3) | LK_RSTR;
    struct lk_in in = { .w = { 0 } };
    uint64_t number = 0;

    for (;; number++) {
        in = lk_call_recv1(ctl, PROGRAMS_INFO, number, text, sizeof(text));
        if (in.w[0] != STATUS_OK) {
            break;
        }
        number = in.w[1];
        for (uint64_t c = 0; c < 8; c++) {
            lk_call_recv2(ctl2, PROGRAMS_CAPS, number, c, text, sizeof(text));
        }
        in.w[1] = 0;
        do {
            in = lk_call_recv2(ctl2, PROGRAMS_SPACE, number, in.w[1], text, sizeof(text));
        } while (in.w[0] == STATUS_OK && in.w[1] != 0);
    }
    wrong(out, "the list of programs",
          in.w[0] == STATUS_OUT_OF_RANGE ? STATUS_OK : (enum status)in.w[0]);
    number = 0;
    do {
        in = lk_call_recv1(ctl, PROGRAMS_BANKS, number++, text, sizeof(text));
    } while (in.w[0] == STATUS_OK);
    wrong(out, "the list of banks", in.w[0] == STATUS_NOT_FOUND ? STATUS_OK : (enum status)in.w[0]);
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

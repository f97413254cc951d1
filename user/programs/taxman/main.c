/* SPDX-License-Identifier: BSD-2-Clause
 *
 * taxman: the requestor. It has figures that nobody is to see, and needs a tax assessed by a
 * program of an office that it does not trust. It looks at the office's offers, refuses those that
 * are not confined, in words, and uses the one that is; then it asks the office what it has seen.
 * README.md tells the story.
 */
#include "tax.h"

#include <lykos/bank.h>
#include <lykos/constructor.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

/* Capability registers, behind those that have names. */
enum {
    REG_FIGURES = 16, /* Page */
    REG_RESULT,       /* Page */
    REG_FAIR,         /* the offer that is used */
    REG_OFFER = LK_REG_FREE,
    REG_CONTROL,
    REG_WORK,
};

#define TAX_EXPECTED 38300ull /* by hand, from the table: README.md */

static bool wrong;

/* One point of the story. */
static void point(bool good, const char *what)
{
    say("%s: %s", good ? "as it should be" : "NOT AS IT SHOULD BE", what);
    wrong |= !good;
}

/* ---- Pages. ---- */

static const struct tax_figures figures = { .count = 4, .income = { 9000, 25000, 50000, 88000 } };

static void make_page(unsigned slot, uint32_t reg)
{
    lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_PAGE, reg), "a page");
    lk_must(lk_gpt_swap_slot(lk_cap("space"), slot, reg, 0), "mapping a page");
}

/* ---- Offers. ---- */

/* An offer, what a check of it must answer, and the hole that it must find. */
struct expected {
    const char *what;
    enum status status;
    const char *hole; /* NULL: none */
};

static const struct expected offers[OFFICE_OFFERS] = {
    [OFFER_FAIR] = { "the fair one", STATUS_OK, NULL },
    [OFFER_ENTRY] = { "one with an Entry in it", STATUS_OK, "ear: an Entry: messages" },
    [OFFER_PAGE] = { "one with a page", STATUS_OK, "notes: a Page that can be written" },
    [OFFER_READ_ONLY] = { "one with a read-only GPT", STATUS_OK,
                          "shelf: a GPT that is not both weak and read-only" },
    [OFFER_WEAK] = { "one with a weak GPT", STATUS_OK,
                     "shelf: a GPT that is not both weak and read-only" },
    [OFFER_INSIDE] = { "one with an open one in it", STATUS_OK,
                       "inside: a constructor that was not sealed" },
    [OFFER_ITSELF] = { "one with itself in it", STATUS_OK,
                       "inside: a constructor that was not sealed" },
    [OFFER_GOSSIP] = { "one that has the console", STATUS_OK,
                       "by system.lyk, console = entry console.main: an Entry: messages" },
    [OFFER_UNSEALED] = { "one that is not sealed", STATUS_STATE_CHANGED, NULL },
    [OFFER_BUILDER] = { "the builder's own Entry", STATUS_REQUEST_ERROR, NULL },
    [OFFER_FORGED] = { "a forged one", STATUS_NOT_FOUND, NULL },
    [OFFER_GONE] = { "one that is gone", STATUS_INVALID_CAP, NULL },
};

static void get_offer(enum offer offer)
{
    lk_must(office_offer(lk_cap("office"), offer, REG_OFFER), "an offer");
}

/* Look at an offer. Returns whether it may be used. */
static bool look_at(enum offer offer)
{
    const struct expected *e = &offers[offer];
    struct lk_constructor_check check;
    enum status s;
    bool good;

    get_offer(offer);
    s = lk_constructor_check(lk_cap("constructors"), REG_OFFER, 0, &check);
    if (s != STATUS_OK) {
        say("the office offers %s: refused, %s", e->what, lk_status_text(s));
    } else if (check.holes != 0) {
        say("the office offers %s: refused, %lu hole%s: %s", e->what, check.holes,
            check.holes == 1 ? "" : "s", check.words);
    } else {
        say("the office offers %s: sealed, and no holes", e->what);
    }
    good = s == e->status;
    if (s == STATUS_OK) {
        good = good && check.holes == (e->hole != NULL ? 1 : 0) &&
               strcmp(check.words, e->hole != NULL ? e->hole : "") == 0;
    }
    if (!good) {
        point(false, "that is not what is wrong with it");
    }
    return s == STATUS_OK && check.holes == 0;
}

static void look_at_all(void)
{
    bool others = false;

    for (enum offer offer = OFFER_FAIR + 1; offer < OFFICE_OFFERS; offer++) {
        others |= look_at(offer);
    }
    point(!others, "of what could tell the office anything nothing is used");
    point(look_at(OFFER_FAIR), "and one may be used");
    lk_copy_cap(REG_OFFER, REG_FAIR);
}

/* ---- Use. ---- */

static void give_pages(void)
{
    lk_must(lk_memory_reduce(REG_FIGURES, LK_RO, REG_WORK), "the figures, read-only");
    lk_must(lk_program_give(REG_CONTROL, "figures", REG_WORK), "the figures");
    lk_must(lk_program_give(REG_CONTROL, "result", REG_RESULT), "the page for the result");
}

/* An instance of the program behind the requestor's Entry in register `requestor`. It has not
 * begun. */
static void make(uint32_t requestor, const char *how)
{
    char why[CONSTRUCTORS_WORDS];
    enum status s = lk_constructor_make(requestor, lk_cap("bank"), how, REG_CONTROL, why);

    if (s != STATUS_OK) {
        lk_die("no assessor: %s, %s", lk_status_text(s), why);
    }
    give_pages();
}

/* Wait until the instance stands in a fault that nobody handles, and end it. */
static void end_stopped(void)
{
    struct program_info info = { .run_state = LK_STATE_READY };

    while (info.run_state != LK_STATE_FAULTED || info.wait != LK_WAIT_NONE) {
        lk_must(control_info(REG_CONTROL, &info), "looking at it");
        lk_sleep_ms(1);
    }
    lk_must(control_kill(REG_CONTROL), "ending it");
}

/* What the office says it has seen. Sets nothing; says so if it is anything. */
static bool office_saw(void)
{
    uint64_t heard = 0;
    uint64_t changes = 0;
    uint64_t lines = 0;

    lk_must(office_seen(lk_cap("office"), &heard, &changes, &lines), "asking the office");
    if (heard + changes + lines != 0) {
        say("the office saw %lu messages, %lu changes, %lu lines of the log", heard, changes,
            lines);
    }
    return heard + changes + lines != 0;
}

static void assess(void)
{
    const struct tax_result *result = (const struct tax_result *)TAX_AT(TAX_SLOT_RESULT);
    struct lk_program_end end;
    uint64_t n = 0;

    make(REG_FAIR, "");
    point(lk_bank_object(lk_cap("bank"), LK_TYPE_PROCESS, &n, REG_WORK) == STATUS_NOT_FOUND,
          "its insides are not found through the bank that pays");
    lk_must(lk_program_run(REG_CONTROL, &end), "its end");
    say("the tax is %lu; the program %s, after %lu tries to tell somebody", result->tax, end.words,
        result->tries);
    point(result->tax == TAX_EXPECTED, "the tax is right");
    point(!office_saw(), "and the office has seen nothing of it");
}

/* Means that end the program. */
static void try_each_means(void)
{
    static const char *const means[] = { "the table",        "the notes",      "the window",
                                         "the local window", "a fetched page", "the handler" };
    struct lk_program_end end;
    bool good = true;

    for (unsigned i = 0; i < sizeof(means) / sizeof(means[0]); i++) {
        make(REG_FAIR, means[i]);
        lk_must(lk_program_run(REG_CONTROL, &end), "its end");
        say("it writes to %s: %s", means[i], end.words);
        good &= end.how == PROGRAM_ENDED_FAULT;
        if (office_saw()) {
            point(false, "and the office has seen it");
        }
    }
    point(good, "each of these was a fault, told to whom it was made for");
    make(REG_FAIR, "the log");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    end_stopped();
    point(!office_saw(), "mistakes and a fault that nobody handles are in no log");
}

/* That the office would have seen it: an offer with a hole, used all the same, with figures that
 * are not the real ones. */
static void use_a_hole(void)
{
    struct lk_program_end end;

    get_offer(OFFER_ENTRY);
    memset((void *)TAX_AT(TAX_SLOT_FIGURES), 0, sizeof(figures));
    make(REG_OFFER, "");
    lk_must(lk_program_run(REG_CONTROL, &end), "its end");
    say("an offer with a hole, used without figures, to compare");
    point(office_saw(), "there the office hears");
}

int main(void)
{
    make_page(TAX_SLOT_FIGURES, REG_FIGURES);
    make_page(TAX_SLOT_RESULT, REG_RESULT);
    memcpy((void *)TAX_AT(TAX_SLOT_FIGURES), &figures, sizeof(figures));
    office_saw(); /* from now on */
    look_at_all();
    point(!office_saw(), "looking has told the office nothing");
    assess();
    try_each_means();
    use_a_hole();
    say(wrong ? "NOT AS IT SHOULD BE" : "that is the whole story, and all of it is right");
    return wrong ? 1 : 0;
}

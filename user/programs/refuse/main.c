/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Has the bank refuse every single allocation in turn; see README.md.
 */
#include "refuse.h"

#include <lykos/bank.h>
#include <lykos/lykos.h>

#define WARM_UP 3u /* tables that grow have grown */
#define BANKS 32u
#define MOST 400u /* allocations of a work: more, and it does not come to an end */

static bool loud;

/* ---- What is missing ---- */

/* The n-th allocation from now on is refused; 0: none. Was one refused since the last time? */
static bool refuse_nth(uint64_t n)
{
    bool refused = false;

    lk_must(bank_refuse(lk_cap("topbank"), n, NULL, &refused), "the bank that is to refuse");
    return refused;
}

/* There are n - 1 frames left of all memory; n = 0: as many as there are. */
static bool leave_frames(uint64_t n)
{
    struct bank_info info = { .used = 0 };

    lk_must(lk_bank_info(lk_cap("topbank"), &info), "looking at the bank");
    lk_must(lk_bank_set_limit(lk_cap("topbank"), n == 0 ? 0 : info.used + n - 1), "a limit");
    return true;
}

/* A way of being short of memory, worse or later with each n. */
struct shortage {
    bool (*set)(uint64_t n); /* 0: it ends. Was anything refused? */
    bool lasts; /* .. for as long as it is set; the work is then done when it goes well */
    const char *says;
};
static const struct shortage one_refused = { refuse_nth, false,
                                             "%s: %lu allocations, each refused in turn: told %lu "
                                             "times, done without %lu times" };
static const struct shortage few_left = {
    leave_frames, true,
    "%s: memory full %lu times, with one frame more left each "
    "time: told %lu times, done without %lu times"
};

/* ---- What is lost ---- */

/* What each bank pays. This program and the console do not count: the console's memory of what was
 * printed fills up, and this one's stack grows with what it has to say. */
struct bill {
    uint64_t used;  /* frames, of all others */
    uint64_t pager; /* of these, the pager's for itself */
    unsigned banks;
    struct {
        char name[BANK_NAME];
        uint64_t own;
    } bank[BANKS];
};

static struct bill take_bill(void)
{
    struct bill bill = { .used = 0 };
    struct bank_info info;

    while (bill.banks < BANKS && lk_bank_list(lk_cap("topbank"), bill.banks, &info) == STATUS_OK) {
        if (bill.banks == 0) {
            bill.used = info.used;
        } else if (strcmp(info.name, "console") == 0 || strcmp(info.name, lk_name()) == 0) {
            bill.used -= info.used;
        } else if (strcmp(info.name, "pager") == 0) {
            bill.pager = info.used;
        }
        lk_copy_text(bill.bank[bill.banks].name, BANK_NAME, info.name);
        bill.bank[bill.banks++].own = info.own;
    }
    return bill;
}

/* Are as many frames paid as before, as far as the work lets one tell? If not, say by whom. */
static bool same_bill(const struct work *w, const struct bill *before)
{
    struct bill now = take_bill();
    uint64_t then = before->used;

    if (w->renews_pager) {
        then = then - before->pager + now.pager;
    }
    if (now.used >= then && now.used <= then + w->growth) {
        return true;
    }
    say("%lu frames are used, %lu were:", now.used, before->used);
    for (unsigned i = 0; i < now.banks || i < before->banks; i++) {
        if (i >= now.banks || i >= before->banks || now.bank[i].own != before->bank[i].own) {
            say("  bank '%s' pays %lu, '%s' paid %lu", now.bank[i].name, now.bank[i].own,
                before->bank[i].name, before->bank[i].own);
        }
    }
    return false;
}

/* ---- Each work ---- */

static void call(void (*fn)(void))
{
    if (fn != NULL) {
        fn();
    }
}

static void finish(const struct work *w)
{
    struct outcome quiet = { "" };

    call(w->check);
    call(w->clean);
    if (w->settle != NULL) {
        w->settle(&quiet);
    }
}

/* Do it once, whole, with nothing missing. */
static void once(const struct work *w)
{
    struct outcome out = { "" };

    call(w->prepare);
    w->run(&out);
    if (out.words[0] != '\0') {
        lk_die("%s: nothing was refused, and yet: %s", w->name, out.words);
    }
    finish(w);
}

/* Do it with the n-th shortage. Was anything refused? */
static bool attempt(const struct work *w, const struct shortage *kind, uint64_t n,
                    struct outcome *out)
{
    bool refused;

    call(w->prepare);
    kind->set(n);
    w->run(out);
    refused = kind->set(0);
    finish(w);
    return refused;
}

/* Is it a result that whoever is short of memory may have? */
static void judge(const struct work *w, uint64_t n, bool refused, const struct outcome *out)
{
    bool well = out->words[0] == '\0';

    if (loud) {
        say("%s %lu: %s", w->name, n, well ? "it did without" : out->words);
    }
    if (!refused && !well) {
        lk_die("%s: nothing was refused, and yet: %s", w->name, out->words);
    }
    if (!well && strstr(out->words, "memory") == NULL &&
        (w->only == NULL || strstr(out->words, w->only) == NULL)) {
        lk_die("%s %lu: that memory was missing is not said: %s", w->name, n, out->words);
    }
}

/* Every n-th shortage in turn, until there is none. */
static void each(const struct work *w, const struct shortage *kind)
{
    uint64_t told = 0;
    uint64_t n = 0;
    bool goes_on = true;

    for (unsigned i = 1; i <= WARM_UP; i++) {
        struct outcome out = { "" };

        once(w);
        attempt(w, kind, i, &out);
    }
    while (goes_on && n < MOST) {
        struct outcome out = { "" };
        struct bill before;

        once(w);
        before = take_bill();
        goes_on = attempt(w, kind, ++n, &out);
        judge(w, n, goes_on, &out);
        if (!same_bill(w, &before)) {
            lk_die("%s %lu: frames are lost", w->name, n);
        }
        told += out.words[0] != '\0' ? 1 : 0;
        goes_on = goes_on && !(kind->lasts && out.words[0] == '\0');
    }
    once(w);
    if (goes_on) {
        lk_die("%s: it asks for more and more", w->name);
    }
    say(kind->says, w->name, n - 1, told, n - 1 - told);
}

/* Refuse one allocation of whatever comes next at the prompt. */
static int refuse_next(const char *number)
{
    uint64_t n = 0;

    if (!lk_parse_number(number, &n, NULL)) {
        say("'refuse next N'");
        return 1;
    }
    refuse_nth(n);
    return 0;
}

/* The works of that name, or all. Returns how many. */
static unsigned each_named(const char *name, const struct shortage *kind)
{
    unsigned done = 0;

    for (unsigned i = 0; i < work_count; i++) {
        if (name[0] == '\0' || strcmp(name, works[i].name) == 0) {
            each(&works[i], kind);
            done++;
        }
    }
    return done;
}

/* Is the argument this word, alone or before another? That is then *rest. */
static bool begins(const char *word, const char **rest)
{
    size_t n = strlen(word);

    if (strncmp(*rest, word, n) != 0 || ((*rest)[n] != ' ' && (*rest)[n] != '\0')) {
        return false;
    }
    *rest += (*rest)[n] == ' ' ? n + 1 : n;
    return true;
}

int main(void)
{
    const char *rest = lk_start->argument;
    struct outcome out = { "" };
    unsigned done = 0;

    if (begins("next", &rest)) {
        return refuse_next(rest);
    }
    for (uint64_t rows = rows_free() + 1; rows > 0; rows -= rows < COMERS ? rows : COMERS) {
        come_and_go(&out); /* the pager makes memory for each number that it hears of */
    }
    if (begins("banks-full", &rest) || begins("table-full", &rest)) {
        bool well = lk_start->argument[0] == 'b' ? no_more_banks() : no_more_programs();

        say("%s", well ? "it was told, and nothing is lost" : "that is wrong");
        return well ? 0 : 1;
    }
    if (begins("full", &rest)) {
        loud = rest[0] != '\0';
        done = each_named(rest, &few_left);
    } else {
        loud = rest[0] != '\0';
        done = each_named(rest, &one_refused);
    }
    if (done == 0) {
        say("there is no such work");
        return 1;
    }
    say("%u kinds of work: each had a result, and nothing is lost", done);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Has the bank refuse every single allocation in turn; see README.md.
 */
#include "refuse.h"

#include <lykos/bank.h>
#include <lykos/lykos.h>

#define WARM_UP 3u /* tables that grow have grown */
#define BANKS 32u
#define MOST 400u  /* allocations of a work: more, and it does not come to an end */

static bool loud;

/* The n-th allocation from now on is refused; 0: none. Returns how many were asked for since the last
 * time; *refused: was one refused? */
static uint64_t arm(uint64_t n, bool *refused)
{
    struct lk_in in = lk_call1(lk_cap("topbank"), BANK_REFUSE, n);

    if (in.w[0] == STATUS_INVOKEE_GONE || in.w[0] == STATUS_INVALID_CAP) {
        in = lk_call1(lk_cap("topbank"), BANK_REFUSE, n);
    }
    lk_must((enum status)in.w[0], "the bank that is to refuse");
    if (refused != NULL) {
        *refused = in.w[2] != 0;
    }
    return in.w[1];
}

/* What each bank pays. This program and the console do not count: the console's memory of what was
 * printed fills up, and this one's stack grows with what it has to say. */
struct bill {
    uint64_t used; /* frames, of all others */
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

    while (bill.banks < BANKS &&
           lk_bank_list(lk_cap("topbank"), bill.banks, &info) == STATUS_OK) {
        if (bill.banks == 0) {
            bill.used = info.used;
        } else if (strcmp(info.name, "console") == 0 || strcmp(info.name, lk_name()) == 0) {
            bill.used -= info.used;
        }
        lk_copy_text(bill.bank[bill.banks].name, BANK_NAME, info.name);
        bill.bank[bill.banks++].own = info.own;
    }
    return bill;
}

/* Are as many frames paid as before? If not, say by whom. */
static bool same_bill(const struct bill *before)
{
    struct bill now = take_bill();

    if (now.used == before->used) {
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

/* Do it once, whole, without a refusal. */
static void once(const struct work *w)
{
    struct outcome out = { "" };

    if (w->prepare != NULL) {
        w->prepare();
    }
    w->run(&out);
    if (out.words[0] != '\0') {
        lk_die("%s: nothing was refused, and yet: %s", w->name, out.words);
    }
    if (w->clean != NULL) {
        w->clean();
    }
    if (w->settle != NULL) {
        w->settle(&out);
    }
}

/* Do it with the n-th allocation refused, and clean up. Was one refused? */
static bool attempt(const struct work *w, uint64_t n, struct outcome *out)
{
    struct outcome quiet = { "" };
    bool refused = false;

    if (w->prepare != NULL) {
        w->prepare();
    }
    arm(n, NULL);
    w->run(out);
    arm(0, &refused);
    if (w->clean != NULL) {
        w->clean();
    }
    if (w->settle != NULL) {
        w->settle(&quiet);
    }
    return refused;
}

/* With the n-th allocation refused. False: there are not so many. */
static bool refuse_one(const struct work *w, uint64_t n, uint64_t *told)
{
    struct outcome out = { "" };
    struct bill before;
    bool refused;

    once(w);
    before = take_bill();
    refused = attempt(w, n, &out);

    if (loud || (!refused && out.words[0] != '\0')) {
        say("%s: %s %lu: %s", w->name, refused ? "refused" : "not refused", n,
            out.words[0] != '\0' ? out.words : "it did without");
    }
    if (!same_bill(&before)) {
        lk_die("%s: allocation %lu refused: frames are lost", w->name, n);
    }
    if (!refused && out.words[0] != '\0') {
        lk_die("%s: nothing was refused, and yet: %s", w->name, out.words);
    }
    if (out.words[0] != '\0') {
        if (strstr(out.words, "memory") == NULL &&
            (w->only == NULL || strstr(out.words, w->only) == NULL)) {
            lk_die("%s: allocation %lu refused: that memory was missing is not said: %s", w->name,
                   n, out.words);
        }
        ++*told;
    }
    return refused;
}

static void refuse_each(const struct work *w)
{
    uint64_t told = 0;
    uint64_t n = 1;

    for (unsigned i = 1; i <= WARM_UP; i++) {
        struct outcome out = { "" };

        once(w);
        attempt(w, i, &out);
    }
    while (refuse_one(w, n, &told)) {
        if (++n > MOST) {
            lk_die("%s: it asks for more and more", w->name);
        }
    }
    once(w);
    say("%s: %lu allocations, each refused in turn: told %lu times, done without %lu times",
        w->name, n - 1, told, n - 1 - told);
}

/* Refuse one allocation of whatever comes next at the prompt. */
static int refuse_next(const char *number)
{
    uint64_t n = 0;

    if (!lk_parse_number(number, &n, NULL)) {
        say("'refuse next N'");
        return 1;
    }
    arm(n, NULL);
    return 0;
}

int main(void)
{
    const char *wanted = lk_start->argument;
    struct outcome out = { "" };
    unsigned done = 0;

    if (strncmp(wanted, "next ", 5) == 0) {
        return refuse_next(wanted + 5);
    }
    loud = wanted[0] != '\0';
    come_and_go(&out);
    for (unsigned i = 0; i < work_count; i++) {
        if (wanted[0] == '\0' || strcmp(wanted, works[i].name) == 0) {
            refuse_each(&works[i]);
            done++;
        }
    }
    say("%u kinds of work: every refusal had a result, and nothing is lost", done);
    return done > 0 ? 0 : 1;
}

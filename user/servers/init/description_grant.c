/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The lines `cap NAME = KIND ...` of the system description: what a program is granted. Each kind
 * has a function in the table grant_words, which reads what stands behind the kind's word. Names of
 * programs and endpoints are only read here; description_resolve.c looks what they name.
 */
#include "description_grant.h"

/* Word `i` as PROGRAM.ENDPOINT. Names are resolved when all is read. */
static bool take_endpoint(struct reader *r, unsigned i, struct grant *g)
{
    if (i >= r->words) {
        MISTAKE(r, "PROGRAM.ENDPOINT is missing");
        return false;
    }
    struct word w = r->word[i];
    size_t dot = 0;

    while (dot < w.len && w.at[dot] != '.') {
        dot++;
    }
    if (dot == w.len) {
        MISTAKE(r, "'", show(w).text, "' is not PROGRAM.ENDPOINT");
        return false;
    }
    return take_name(r, (struct word){ w.at, dot }, g->target, DESC_NAME, "a program") &&
           take_name(r, (struct word){ w.at + dot + 1, w.len - dot - 1 }, g->endpoint, DESC_WORD,
                     "an endpoint");
}

static bool grant_entry(struct reader *r, struct grant *g)
{
    if (!take_endpoint(r, 4, g)) {
        return false;
    }
    if (r->words > 5 && word_is(r->word[5], "payload")) {
        g->has_payload = true;
        return take_number(r, 6, "payload", 0, UINT32_MAX, &g->a) && words_end(r, 7);
    }
    return words_end(r, 5);
}

static bool grant_notice(struct reader *r, struct grant *g)
{
    if (!take_endpoint(r, 4, g)) {
        return false;
    }
    if (r->words < 6 || !word_is(r->word[5], "bits")) {
        MISTAKE(r, "a notice ends with the bits that it may post: 'bits N'");
        return false;
    }
    return take_number(r, 6, "bits", 1, UINT32_MAX, &g->a) && words_end(r, 7);
}

static bool grant_process(struct reader *r, struct grant *g)
{
    if (r->words < 5) {
        MISTAKE(r, "the name of a program is missing, or 'self'");
        return false;
    }
    return take_name(r, r->word[4], g->target, DESC_NAME, "a program") && words_end(r, 5);
}

static bool grant_ioports(struct reader *r, struct grant *g)
{
    if (r->words < 5) {
        MISTAKE(r, "the ports are missing: FIRST-LAST");
        return false;
    }
    struct word w = r->word[4];
    size_t dash = 0;

    while (dash < w.len && w.at[dash] != '-') {
        dash++;
    }
    struct word first = { w.at, dash };
    struct word last = dash < w.len ? (struct word){ w.at + dash + 1, w.len - dash - 1 } : first;

    if (!word_number(first, &g->a) || !word_number(last, &g->b) || g->a > g->b || g->b > 0xffff) {
        MISTAKE(r, "'", show(w).text, "' is no range of ports: FIRST-LAST, each 0..0xffff");
        return false;
    }
    return words_end(r, 5);
}

static bool grant_irq(struct reader *r, struct grant *g)
{
    return take_number(r, 4, "interrupt line", 0, 23, &g->a) && words_end(r, 5);
}

/* range N [pages] [kept] */
static bool grant_range(struct reader *r, struct grant *g)
{
    unsigned i = 5;

    if (!take_number(r, 4, "range", 1, DESC_RANGE_MAX, &g->a)) {
        return false;
    }
    if (r->words > i && (word_is(r->word[i], "pages") || word_is(r->word[i], "page"))) {
        i++;
    }
    g->kept = r->words > i && word_is(r->word[i], "kept");
    return words_end(r, i + g->kept);
}

/* bank [N pages] */
static bool grant_bank(struct reader *r, struct grant *g)
{
    return r->words == 4 ||
           (take_number(r, 4, "bank", 1, DESC_MEMORY_MAX, &g->a) && pages_end(r, 5));
}

static bool grant_plain(struct reader *r, struct grant *g)
{
    (void)g;
    return words_end(r, 4);
}

static const struct {
    const char *word;
    bool (*read)(struct reader *r, struct grant *g);
} grant_words[GRANT_KINDS] = {
    [GRANT_ENTRY] = { "entry", grant_entry },
    [GRANT_NOTICE] = { "notice", grant_notice },
    [GRANT_PROCESS] = { "process", grant_process },
    [GRANT_SPACE] = { "space", grant_plain },
    [GRANT_SCHEDULE] = { "schedule", grant_plain },
    [GRANT_IOPORTS] = { "ioports", grant_ioports },
    [GRANT_IRQ] = { "irq", grant_irq },
    [GRANT_RANGE] = { "range", grant_range },
    [GRANT_BANK] = { "bank", grant_bank },
    [GRANT_FRAMES] = { "frames", grant_plain },
    [GRANT_DEVICES] = { "devices", grant_plain },
    [GRANT_TOPBANK] = { "topbank", grant_plain },
    [GRANT_SLEEP] = { "sleep", grant_plain },
    [GRANT_KERNLOG] = { "kernlog", grant_plain },
    [GRANT_SYSCTL] = { "sysctl", grant_plain },
    [GRANT_DISCRIM] = { "discrim", grant_plain },
    [GRANT_CAPBITS] = { "capbits", grant_plain },
    [GRANT_SCHEDCTL] = { "schedctl", grant_plain },
    [GRANT_IRQCTL] = { "irqctl", grant_plain },
};

const char *grant_kind_word(enum grant_kind kind)
{
    return kind < GRANT_KINDS ? grant_words[kind].word : "?";
}

bool grant_named(const struct program *p, const char *name)
{
    for (unsigned i = 0; i < p->grants; i++) {
        if (text_same(p->grant[i].name, name)) {
            return true;
        }
    }
    return false;
}

void grant_read(struct reader *r)
{
    struct program *p = r->program;

    if (p->grants == DESC_CAPS) {
        MISTAKE(r, "too many capabilities: a program is given at most ",
                show_number(DESC_CAPS).text);
        return;
    }
    struct grant *g = &p->grant[p->grants];

    *g = (struct grant){ .line = r->line, .program = DESC_INIT };
    if (!take_name(r, r->word[1], g->name, DESC_WORD, "a capability")) {
        return;
    }
    if (grant_named(p, g->name)) {
        MISTAKE(r, "capability '", g->name, "' is named twice");
        return;
    }
    if (text_same(g->name, "exit") || text_same(g->name, "pager")) {
        MISTAKE(r, "every program has a capability '", g->name, "' already");
        return;
    }
    if (r->words < 4 || !word_is(r->word[2], "=")) {
        MISTAKE(r, "a capability is written 'cap NAME = KIND ...'");
        return;
    }
    for (unsigned k = 0; k < GRANT_KINDS; k++) {
        if (word_is(r->word[3], grant_words[k].word)) {
            g->kind = (enum grant_kind)k;
            if (grant_words[k].read(r, g)) {
                p->grants++;
            }
            return;
        }
    }
    const char *nearest = NULL;

    for (unsigned k = 0; k < GRANT_KINDS; k++) {
        if (word_near(r->word[3], grant_words[k].word)) {
            nearest = grant_words[k].word;
        }
    }
    mistake_unknown(r, "capability", r->word[3], nearest);
}

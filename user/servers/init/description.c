/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads the system description (README.md has the format, description.h the tables).
 *
 * Line by line: cut the line into words, look the first one up in a table of properties, let its
 * function read the rest. A mistake never stops the reading: it is told with its line number and
 * marks the program that it stands in, so that one start of the system shows all mistakes there
 * are. When all lines are read the names in the grants are resolved.
 */
#include "description.h"

#define WORDS_MAX 16 /* words on one line */

struct word {
    const char *at;
    size_t len;
};

/* All that reading needs. */
struct reader {
    struct description *d;
    struct program *program; /* the one whose properties are being read; NULL before the first */
    bool lost;               /* the `program` line was unusable: its properties are passed over */
    unsigned line;
    const char *rest; /* the line behind its first word, for `args` */
    size_t rest_len;
    struct word word[WORDS_MAX];
    unsigned words;
    bool format_seen;
    desc_report_fn report;
    void *context;
};

/* ---- text ------------------------------------------------------------------------------------ */

static size_t text_length(const char *s)
{
    size_t n = 0;

    while (s[n] != '\0') {
        n++;
    }
    return n;
}

static bool same_text(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool word_is(struct word w, const char *text)
{
    size_t n = text_length(text);

    if (w.len != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (w.at[i] != text[i]) {
            return false;
        }
    }
    return true;
}

/* A word, cut to fit, as a C string for messages. */
struct shown {
    char text[40];
};

static struct shown show(struct word w)
{
    struct shown s;
    size_t n = w.len < sizeof(s.text) - 1 ? w.len : sizeof(s.text) - 1;

    for (size_t i = 0; i < n; i++) {
        s.text[i] = w.at[i] >= ' ' && w.at[i] <= '~' ? w.at[i] : '?';
    }
    s.text[n] = '\0';
    return s;
}

static struct shown show_number(uint64_t value)
{
    struct shown s;
    char digits[24];
    size_t n = 0;
    size_t at = 0;

    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (n > 0) {
        s.text[at++] = digits[--n];
    }
    s.text[at] = '\0';
    return s;
}

/* Tell a mistake made of the given pieces, the last of which is NULL, and mark the program it
 * stands in. */
static void mistake_at(struct reader *r, struct program *p, unsigned line,
                       const char *const pieces[])
{
    char message[200];
    size_t at = 0;

    for (size_t i = 0; pieces[i] != NULL; i++) {
        for (const char *s = pieces[i]; *s != '\0' && at < sizeof(message) - 1; s++) {
            message[at++] = *s;
        }
    }
    message[at] = '\0';
    r->d->mistakes++;
    if (p != NULL) {
        p->faulty = true;
    }
    r->report(r->context, line, message);
}

#define MISTAKE(r, ...)                                                                            \
    mistake_at((r), (r)->program, (r)->line, (const char *const[]){ __VA_ARGS__, NULL })

/* Is this a name: letters, digits, '-' and '_', beginning with a letter? */
static bool is_name(struct word w)
{
    for (size_t i = 0; i < w.len; i++) {
        char c = w.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '-' || c == '_';

        if (!letter && (i == 0 || !other)) {
            return false;
        }
    }
    return w.len > 0;
}

/* Copy a name into `out`, which holds `max` characters and the NUL. Tells what is wrong with it. */
static bool take_name(struct reader *r, struct word w, char *out, size_t max, const char *what)
{
    if (!is_name(w)) {
        MISTAKE(r, "'", show(w).text, "' is no name for ", what,
                ": letters, digits, '-' and '_', beginning with a letter");
        return false;
    }
    if (w.len > max) {
        MISTAKE(r, "name '", show(w).text, "' is too long: ", what, " has at most ",
                show_number(max).text, " characters");
        return false;
    }
    for (size_t i = 0; i < w.len; i++) {
        out[i] = w.at[i];
    }
    out[w.len] = '\0';
    return true;
}

/* Decimal, or hexadecimal behind 0x. */
static bool word_number(struct word w, uint64_t *out)
{
    uint64_t base = 10;
    uint64_t value = 0;
    size_t i = 0;

    if (w.len > 2 && w.at[0] == '0' && (w.at[1] == 'x' || w.at[1] == 'X')) {
        base = 16;
        i = 2;
    }
    if (i == w.len) {
        return false;
    }
    for (; i < w.len; i++) {
        char c = w.at[i];
        uint64_t digit;

        if (c >= '0' && c <= '9') {
            digit = (uint64_t)(c - '0');
        } else if (base == 16 && c >= 'a' && c <= 'f') {
            digit = (uint64_t)(c - 'a') + 10;
        } else if (base == 16 && c >= 'A' && c <= 'F') {
            digit = (uint64_t)(c - 'A') + 10;
        } else {
            return false;
        }
        if (value > (UINT64_MAX - digit) / base) {
            return false;
        }
        value = value * base + digit;
    }
    *out = value;
    return true;
}

/* Read word `i` as a number from low to high. Tells what is wrong with it. */
static bool take_number(struct reader *r, unsigned i, const char *what, uint64_t low, uint64_t high,
                        uint64_t *out)
{
    if (i >= r->words) {
        MISTAKE(r, "a number is missing: ", what);
        return false;
    }
    if (!word_number(r->word[i], out)) {
        MISTAKE(r, "'", show(r->word[i]).text, "' is no number: ", what);
        return false;
    }
    if (*out < low || *out > high) {
        MISTAKE(r, what, " is ", show(r->word[i]).text, ", but must lie in ", show_number(low).text,
                "..", show_number(high).text);
        return false;
    }
    return true;
}

/* Tell of a word too many, if the line has more than `n`. */
static bool words_end(struct reader *r, unsigned n)
{
    if (r->words > n) {
        MISTAKE(r, "too much on the line: '", show(r->word[n]).text, "'");
        return false;
    }
    return true;
}

/* How many letters must be changed, added, dropped to get from one word to the other; 9 for "many".
 */
static unsigned word_distance(struct word w, const char *text)
{
    unsigned row[32];
    size_t n = text_length(text);

    if (n >= 31 || w.len >= 31) {
        return 9;
    }
    for (unsigned j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; i <= w.len; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned best = diagonal + (w.at[i - 1] == text[j - 1] ? 0u : 1u);

            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

/* ---- properties of a program ----------------------------------------------------------------- */

static void property_file(struct reader *r)
{
    struct word w = r->word[1];

    if (w.len > DESC_WORD) {
        MISTAKE(r, "file name '", show(w).text, "' is too long: at most ",
                show_number(DESC_WORD).text, " characters");
        return;
    }
    for (size_t i = 0; i < w.len; i++) {
        r->program->file[i] = w.at[i];
    }
    r->program->file[w.len] = '\0';
    words_end(r, 2);
}

static void property_priority(struct reader *r)
{
    uint64_t n;

    if (take_number(r, 1, "priority", 1, DESC_PRIORITY_MAX, &n) && words_end(r, 2)) {
        r->program->priority = (unsigned)n;
    }
}

static void property_slice(struct reader *r)
{
    uint64_t n;
    uint64_t unit;

    if (!take_number(r, 1, "slice", 1, 1000000, &n)) {
        return;
    }
    if (r->words > 2 && word_is(r->word[2], "ms")) {
        unit = 1000000;
    } else if (r->words > 2 && word_is(r->word[2], "us")) {
        unit = 1000;
    } else {
        MISTAKE(r, "a slice ends with its unit: 'us' or 'ms'");
        return;
    }
    if (n * unit < 10000 || n * unit > 10000000000ull) {
        MISTAKE(r, "slice must lie in 10 us..10000 ms");
        return;
    }
    if (words_end(r, 3)) {
        r->program->slice = n * unit;
    }
}

/* The word at `i` is a unit of time: how many nanoseconds, 0 if it is none. */
static uint64_t take_unit(const struct reader *r, unsigned i)
{
    static const struct {
        const char *word;
        uint64_t nanoseconds;
    } units[] = { { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };

    for (unsigned k = 0; i < r->words && k < sizeof(units) / sizeof(units[0]); k++) {
        if (word_is(r->word[i], units[k].word)) {
            return units[k].nanoseconds;
        }
    }
    return 0;
}

/* restart N times within N s [after N ms] */
static void property_restart(struct reader *r)
{
    struct program *p = r->program;
    uint64_t times;
    uint64_t within;
    uint64_t after = 0;

    if (!take_number(r, 1, "restart", 1, 1000, &times)) {
        return;
    }
    if (r->words < 6 || !word_is(r->word[2], "times") || !word_is(r->word[3], "within") ||
        take_unit(r, 5) == 0) {
        MISTAKE(r, "it is written 'restart N times within N s', and perhaps 'after N ms'");
        return;
    }
    if (!take_number(r, 4, "time", 1, 1000000, &within)) {
        return;
    }
    if (r->words > 6) {
        if (r->words < 9 || !word_is(r->word[6], "after") || take_unit(r, 8) == 0) {
            MISTAKE(r, "behind the time stands nothing but 'after N ms'");
            return;
        }
        if (!take_number(r, 7, "time", 0, 1000000, &after) || !words_end(r, 9)) {
            return;
        }
    }
    p->restarts = (unsigned)times;
    p->restart_within = within * take_unit(r, 5);
    p->backoff = after * take_unit(r, 8);
}

/* The word `pages` or `page`, which may be left out, and the end of the line. */
static bool pages_end(struct reader *r, unsigned i)
{
    if (r->words > i && (word_is(r->word[i], "pages") || word_is(r->word[i], "page"))) {
        i++;
    }
    return words_end(r, i);
}

static void property_stack(struct reader *r)
{
    uint64_t n;

    if (take_number(r, 1, "stack", 1, DESC_STACK_MAX, &n) && pages_end(r, 2)) {
        r->program->stack_pages = (unsigned)n;
    }
}

static void property_memory(struct reader *r)
{
    uint64_t n;

    if (take_number(r, 1, "memory", 1, DESC_MEMORY_MAX, &n) && pages_end(r, 2)) {
        r->program->memory = n;
    }
}

static void property_args(struct reader *r)
{
    if (r->rest_len > DESC_ARGS) {
        MISTAKE(r, "arguments are too long: at most ", show_number(DESC_ARGS).text, " characters");
        return;
    }
    for (size_t i = 0; i < r->rest_len; i++) {
        r->program->args[i] = r->rest[i];
    }
    r->program->args[r->rest_len] = '\0';
}

static void property_endpoints(struct reader *r)
{
    struct program *p = r->program;

    for (unsigned i = 1; i < r->words; i++) {
        if (p->endpoints == DESC_ENDPOINTS) {
            MISTAKE(r, "too many endpoints: a program has at most ",
                    show_number(DESC_ENDPOINTS).text);
            return;
        }
        char *name = p->endpoint[p->endpoints];

        if (!take_name(r, r->word[i], name, DESC_WORD, "an endpoint")) {
            return;
        }
        for (unsigned k = 0; k < p->endpoints; k++) {
            if (same_text(p->endpoint[k], name)) {
                MISTAKE(r, "endpoint '", name, "' is named twice");
                return;
            }
        }
        p->endpoints++;
    }
}

static void property_start(struct reader *r)
{
    if (r->words == 3 && word_is(r->word[1], "at") && word_is(r->word[2], "boot")) {
        r->program->at_boot = true;
    } else if (r->words == 3 && word_is(r->word[1], "on") && word_is(r->word[2], "demand")) {
        r->program->at_boot = false;
    } else {
        MISTAKE(r, "a program is started 'at boot' or 'on demand'");
    }
}

/* part of NAME */
static void property_part(struct reader *r)
{
    struct program *p = r->program;

    if (r->words < 3 || !word_is(r->word[1], "of")) {
        MISTAKE(r, "a part is written 'part of PROGRAM'");
    } else if (take_name(r, r->word[2], p->part_of, DESC_NAME, "a program")) {
        p->part_line = r->line;
        words_end(r, 3);
    }
}

/* param NAME = NUMBER */
static void property_param(struct reader *r)
{
    struct program *p = r->program;

    if (p->params == DESC_PARAMS) {
        MISTAKE(r, "too many parameters: a program has at most ", show_number(DESC_PARAMS).text);
        return;
    }
    if (r->words < 3 || !word_is(r->word[2], "=")) {
        MISTAKE(r, "a parameter is written 'param NAME = NUMBER'");
        return;
    }
    char *name = p->param[p->params].name;

    if (!take_name(r, r->word[1], name, DESC_WORD, "a parameter")) {
        return;
    }
    for (unsigned k = 0; k < p->params; k++) {
        if (same_text(p->param[k].name, name)) {
            MISTAKE(r, "parameter '", name, "' is given twice");
            return;
        }
    }
    if (take_number(r, 3, "parameter", 0, UINT64_MAX, &p->param[p->params].value) &&
        words_end(r, 4)) {
        p->params++;
    }
}

/* ---- grants ---------------------------------------------------------------------------------- */

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

static bool grant_range(struct reader *r, struct grant *g)
{
    return take_number(r, 4, "range", 1, DESC_RANGE_MAX, &g->a) && pages_end(r, 5);
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

/* The capability that a program names so already, or NULL. Endpoints of its own stand in the same
 * list of names. */
static bool cap_name_taken(const struct program *p, const char *name)
{
    for (unsigned i = 0; i < p->grants; i++) {
        if (same_text(p->grant[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* cap NAME = KIND ... */
static void property_cap(struct reader *r)
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
    if (cap_name_taken(p, g->name)) {
        MISTAKE(r, "capability '", g->name, "' is named twice");
        return;
    }
    if (same_text(g->name, "exit") || same_text(g->name, "pager")) {
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
        if (word_distance(r->word[3], grant_words[k].word) <= 2) {
            nearest = grant_words[k].word;
        }
    }
    MISTAKE(r, "unknown capability '", show(r->word[3]).text, "'",
            nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
            nearest != NULL ? "'?" : "");
}

/* ---- lines ----------------------------------------------------------------------------------- */

enum property_index {
    PROP_FILE,
    PROP_PRIORITY,
    PROP_SLICE,
    PROP_STACK,
    PROP_MEMORY,
    PROP_RESTART,
    PROP_ARGS,
    PROP_ENDPOINTS,
    PROP_START,
    PROP_PART,
    PROP_PARAM,
    PROP_CAP,
    PROPS
};

static const struct {
    const char *word;
    void (*read)(struct reader *r);
    bool many; /* may stand in a program more than once */
} properties[PROPS] = {
    [PROP_FILE] = { "file", property_file, false },
    [PROP_PRIORITY] = { "priority", property_priority, false },
    [PROP_SLICE] = { "slice", property_slice, false },
    [PROP_STACK] = { "stack", property_stack, false },
    [PROP_MEMORY] = { "memory", property_memory, false },
    [PROP_RESTART] = { "restart", property_restart, false },
    [PROP_ARGS] = { "args", property_args, false },
    [PROP_ENDPOINTS] = { "endpoints", property_endpoints, false },
    [PROP_START] = { "start", property_start, false },
    [PROP_PART] = { "part", property_part, false },
    [PROP_PARAM] = { "param", property_param, true },
    [PROP_CAP] = { "cap", property_cap, true },
};

static void line_system(struct reader *r)
{
    uint64_t version;

    r->program = NULL;
    if (r->format_seen || r->d->programs > 0) {
        MISTAKE(r, "'system' stands once, before the first program");
        return;
    }
    if (take_number(r, 1, "version of the description", 1, DESC_FORMAT, &version)) {
        r->format_seen = true;
        words_end(r, 2);
    }
}

/* program NAME: begins a program. */
static void line_program(struct reader *r)
{
    struct description *d = r->d;

    r->program = NULL;
    r->lost = true;
    if (!r->format_seen) {
        MISTAKE(r, "the description begins with 'system ", show_number(DESC_FORMAT).text, "'");
        r->format_seen = true; /* told once is enough */
    }
    if (r->words < 2) {
        MISTAKE(r, "a program needs a name");
        return;
    }
    if (d->programs == DESC_PROGRAMS) {
        MISTAKE(r, "too many programs: at most ", show_number(DESC_PROGRAMS).text, "; '",
                show(r->word[1]).text, "' is left out");
        return;
    }
    struct program *p = &d->program[d->programs];

    *p = (struct program){
        .line = r->line,
        .priority = 100,
        .slice = 10000000,
        .stack_pages = DESC_STACK,
        .memory = DESC_MEMORY,
    };
    if (!take_name(r, r->word[1], p->name, DESC_NAME, "a program")) {
        return;
    }
    if (word_is(r->word[1], "init") || word_is(r->word[1], "self")) {
        MISTAKE(r, "'", p->name, "' is a reserved name");
        return;
    }
    int other = description_find(d, p->name);

    if (other >= 0) {
        MISTAKE(r, "program '", p->name, "' is described twice, first at line ",
                show_number(d->program[other].line).text, "; this one is left out");
        return;
    }
    d->programs++;
    r->program = p;
    r->lost = false;
    words_end(r, 2);
}

static void line_property(struct reader *r)
{
    struct word w = r->word[0];
    unsigned i = 0;

    if (r->lost) {
        return;
    }
    while (i < PROPS && !word_is(w, properties[i].word)) {
        i++;
    }
    if (i == PROPS) {
        const char *nearest = NULL;

        for (unsigned k = 0; k < PROPS; k++) {
            if (word_distance(w, properties[k].word) <= 2) {
                nearest = properties[k].word;
            }
        }
        MISTAKE(r, "unknown word '", show(w).text, "'", nearest != NULL ? "; did you mean '" : "",
                nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
        return;
    }
    if (r->program == NULL) {
        MISTAKE(r, "'", properties[i].word, "' belongs to a program, but none has begun");
        return;
    }
    if (!properties[i].many && (r->program->seen & (1u << i)) != 0) {
        MISTAKE(r, "'", properties[i].word, "' is given twice");
        return;
    }
    r->program->seen |= 1u << i;
    if (r->words < 2) {
        MISTAKE(r, "'", properties[i].word, "' says nothing");
        return;
    }
    properties[i].read(r);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cut a line, without its comment, into words. False: too many. */
static bool split_line(struct reader *r, const char *at, size_t len)
{
    size_t i = 0;

    r->words = 0;
    r->rest_len = 0;
    while (i < len) {
        while (i < len && is_blank(at[i])) {
            i++;
        }
        if (i == len) {
            break;
        }
        if (r->words == 1) {
            r->rest = at + i;
            r->rest_len = len - i;
        }
        size_t start = i;

        while (i < len && !is_blank(at[i])) {
            i++;
        }
        if (r->words < WORDS_MAX) {
            r->word[r->words] = (struct word){ at + start, i - start };
        }
        r->words++;
    }
    while (r->rest_len > 0 && is_blank(r->rest[r->rest_len - 1])) {
        r->rest_len--;
    }
    return r->words <= WORDS_MAX;
}

static void read_line(struct reader *r, const char *at, size_t len)
{
    size_t end = 0;

    while (end < len && at[end] != '#') {
        end++;
    }
    bool fits = split_line(r, at, end);

    if (r->words == 0) {
        return;
    }
    if (!fits && !word_is(r->word[0], "args")) {
        r->words = WORDS_MAX;
        MISTAKE(r, "too many words on the line: at most ", show_number(WORDS_MAX).text);
        return;
    }
    if (!fits) {
        r->words = WORDS_MAX;
    }
    if (word_is(r->word[0], "system")) {
        line_system(r);
    } else if (word_is(r->word[0], "program")) {
        line_program(r);
    } else {
        line_property(r);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

int description_find(const struct description *d, const char *name)
{
    for (unsigned i = 0; i < d->programs; i++) {
        if (same_text(d->program[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

static const char *const init_endpoints[INIT_EPS] = {
    [INIT_EP_PROGRAMS] = "programs",
    [INIT_EP_EXIT] = "exit",
    [INIT_EP_FAULTS] = "faults",
};

const char *init_endpoint_name(enum init_endpoint index)
{
    return index < INIT_EPS ? init_endpoints[index] : "?";
}

/* The program that a grant names: sets g->program. */
static bool resolve_program(struct reader *r, struct program *p, struct grant *g)
{
    if (same_text(g->target, "self")) {
        g->program = (int)(p - r->d->program);
        return true;
    }
    if (same_text(g->target, "init") && g->kind != GRANT_PROCESS) {
        g->program = DESC_INIT;
        return true;
    }
    g->program = description_find(r->d, g->target);
    if (g->program < 0) {
        mistake_at(r, p, g->line,
                   (const char *const[]){ "program ", p->name, ": unknown program '", g->target,
                                          "'", NULL });
        return false;
    }
    return true;
}

/* The endpoint that a grant names: sets g->endpoint_index. */
static void resolve_endpoint(struct reader *r, struct program *p, struct grant *g)
{
    unsigned i = 0;

    if (g->program == DESC_INIT) {
        /* The others' payloads name programs: init alone makes entries to those. */
        if (same_text(g->endpoint, init_endpoints[INIT_EP_PROGRAMS])) {
            g->endpoint_index = INIT_EP_PROGRAMS;
            return;
        }
    } else {
        const struct program *to = &r->d->program[g->program];

        while (i < to->endpoints && !same_text(to->endpoint[i], g->endpoint)) {
            i++;
        }
        if (i < to->endpoints) {
            g->endpoint_index = i;
            return;
        }
    }
    mistake_at(r, p, g->line,
               (const char *const[]){ "program ", p->name, ": program ", g->target,
                                      " has no endpoint '", g->endpoint, "'", NULL });
}

bool description_fixed_name(const char *name)
{
    return same_text(name, "sleep") || same_text(name, "kernlog") || same_text(name, "console");
}

/* A name given to an endpoint of its own and to a capability would name two registers; and there
 * must be registers. */
static void check_names(struct reader *r, struct program *p)
{
    unsigned named = p->endpoints > 1 ? p->endpoints - 1 : 0;

    for (unsigned k = 0; k < p->grants; k++) {
        named += description_fixed_name(p->grant[k].name) ? 0u : 1u;
    }
    if (named > DESC_NAMED) {
        mistake_at(r, p, p->line,
                   (const char *const[]){ "program ", p->name,
                                          ": too many capabilities and endpoints: registers for ",
                                          show_number(DESC_NAMED).text, NULL });
    }
    for (unsigned e = 0; e < p->endpoints; e++) {
        if (cap_name_taken(p, p->endpoint[e])) {
            mistake_at(r, p, p->line,
                       (const char *const[]){ "program ", p->name, ": '", p->endpoint[e],
                                              "' names both an endpoint and a capability", NULL });
        }
    }
}

/* What a program is a part of must be there, and a whole. */
static void check_part(struct reader *r, struct program *p)
{
    int whole = description_find(r->d, p->part_of);
    const char *wrong = NULL;

    if (p->part_of[0] == '\0') {
        return;
    }
    if (whole < 0) {
        wrong = "', an unknown program";
    } else if (&r->d->program[whole] == p) {
        wrong = "', itself";
    } else if (r->d->program[whole].part_of[0] != '\0') {
        wrong = "', which is a part itself";
    }
    if (wrong != NULL) {
        mistake_at(
            r, p, p->part_line,
            (const char *const[]){ "program ", p->name, ": part of '", p->part_of, wrong, NULL });
    }
}

static void resolve(struct reader *r)
{
    for (unsigned i = 0; i < r->d->programs; i++) {
        struct program *p = &r->d->program[i];

        if ((p->seen & (1u << PROP_FILE)) == 0) {
            size_t k = 0;

            for (; p->name[k] != '\0'; k++) {
                p->file[k] = p->name[k];
            }
            p->file[k] = '\0';
        }
        check_names(r, p);
        check_part(r, p);
        for (unsigned k = 0; k < p->grants; k++) {
            struct grant *g = &p->grant[k];

            if (g->kind != GRANT_ENTRY && g->kind != GRANT_NOTICE && g->kind != GRANT_PROCESS) {
                continue;
            }
            if (resolve_program(r, p, g) && g->kind != GRANT_PROCESS) {
                resolve_endpoint(r, p, g);
            }
        }
    }
}

bool description_read(struct description *out, const char *text, size_t bytes,
                      desc_report_fn report, void *context)
{
    struct reader r = { .d = out, .report = report, .context = context };
    size_t at = 0;

    out->programs = 0;
    out->mistakes = 0;
    while (at < bytes) {
        size_t end = at;

        while (end < bytes && text[end] != '\n') {
            end++;
        }
        r.line++;
        read_line(&r, text + at, end - at);
        at = end + 1;
    }
    r.line = 0;
    r.program = NULL;
    if (out->programs == 0) {
        MISTAKE(&r, "the description names no program");
        return false;
    }
    resolve(&r);
    return true;
}

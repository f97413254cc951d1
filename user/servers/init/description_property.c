/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The properties of a program in the system description: each line below `program`, found by its
 * first word in the table at the end of this file. `cap` is description_grant.c's.
 */
#include "description_property.h"

#include "description_grant.h"

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

/* priority N [urgent] */
static void property_priority(struct reader *r)
{
    bool urgent = r->words > 2 && word_is(r->word[2], "urgent");
    uint64_t n;

    if (take_number(r, 1, "priority", 1, DESC_PRIORITY_MAX, &n) && words_end(r, urgent ? 3 : 2)) {
        r->program->priority = (unsigned)n;
        r->program->priority_line = r->line;
        r->program->urgent = urgent;
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
            if (text_same(p->endpoint[k], name)) {
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
    } else if (r->words == 3 && word_is(r->word[1], "with")) {
        take_name(r, r->word[2], r->program->start_word, DESC_WORD, "a word");
    } else {
        MISTAKE(r, "a program is started 'at boot', 'with WORD' or 'on demand'");
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
        if (text_same(p->param[k].name, name)) {
            MISTAKE(r, "parameter '", name, "' is given twice");
            return;
        }
    }
    if (take_number(r, 3, "parameter", 0, UINT64_MAX, &p->param[p->params].value) &&
        words_end(r, 4)) {
        p->params++;
    }
}

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
    [PROP_CAP] = { "cap", grant_read, true },
};

void property_read(struct reader *r)
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
            if (word_near(w, properties[k].word)) {
                nearest = properties[k].word;
            }
        }
        mistake_unknown(r, "word", w, nearest);
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

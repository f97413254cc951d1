/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads the system description (README.md has the format, description.h the tables).
 *
 * Line by line: cut the line into words (description_line.c), look the first one up in a table of
 * properties, let its function read the rest (description_property.c, description_grant.c). A
 * mistake never stops the reading: it is told with its line number and marks the program that it
 * stands in, so that one start of the system shows all mistakes there are. When all lines are read
 * the names in the grants are resolved (description_resolve.c).
 */
#include "description.h"

#include "description_line.h"
#include "description_property.h"
#include "description_resolve.h"

int description_find(const struct description *d, const char *name)
{
    for (unsigned i = 0; i < d->programs; i++) {
        if (text_same(d->program[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

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
        .priority_line = r->line,
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

static void read_line(struct reader *r, const char *at, size_t len)
{
    size_t end = 0;

    while (end < len && at[end] != '#') {
        end++;
    }
    bool fits = line_cut(r, at, end);

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
        property_read(r);
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
    description_resolve(&r);
    return true;
}

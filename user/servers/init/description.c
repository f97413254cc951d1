/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads the table of the system (table.h) into the description that init uses (description.h).
 *
 * Pure, so that the same code runs on the build machine, with damaged tables and sanitizers. Each
 * number of the table is looked at before it is used; whatever is wrong ends the reading. The sizes
 * of the parts are added in 64 bits, where numbers of 32 bits cannot overflow.
 */
#include "description.h"

#include <abi/gen.h>
#include <abi/invoke.h>
#include <lykos/start.h>
#include <lykos/string.h>

_Static_assert(DESC_RANGE_MAX == LK_LENT_MAX, "a range is as long as can be lent");
_Static_assert(DESC_NAMED == LK_REG_NAMED_END - LK_REG_NAMED, "registers for named capabilities");
_Static_assert(DESC_ENDPOINTS + DESC_CAPS <= LK_START_CAPS, "the start block has room for them");

#define NSEC_PER_USEC 1000ull
#define TIME_MAX (1000000ull * 1000000000) /* nanoseconds of a restart policy */

/* The table while it is read. */
struct reader {
    const struct table_header *header;
    const struct table_program *program;
    const struct table_grant *grant;
    const struct table_param *param;
    const struct table_endpoint *endpoint;
    const char *text;
    struct description *out;
    const char *wrong; /* the first thing that was; NULL: nothing so far */
};

/* ---- parts ----------------------------------------------------------------------------------- */

static bool refuse(struct reader *r, const char *what)
{
    if (r->wrong == NULL) {
        r->wrong = what;
    }
    return false;
}

static uint64_t padded(uint64_t bytes)
{
    return (bytes + 7) & ~7ull;
}

/* Bytes of all parts before the texts. */
static uint64_t bytes_before_texts(const struct table_header *h)
{
    return sizeof(*h) + h->programs * sizeof(struct table_program) +
           h->grants * sizeof(struct table_grant) + h->params * sizeof(struct table_param) +
           padded(h->endpoints * sizeof(struct table_endpoint));
}

/* Find the parts. */
static bool open_table(struct reader *r, const void *at, uint64_t bytes)
{
    const struct table_header *h = at;

    if (bytes < sizeof(*h)) {
        return refuse(r, "it is too short");
    }
    if (h->magic != DESC_MAGIC || h->version != DESC_VERSION) {
        return refuse(r, "it is no table of this version");
    }
    if (h->bytes != bytes || bytes_before_texts(h) + h->text_bytes != bytes) {
        return refuse(r, "its parts do not add up to its size");
    }
    if (h->programs == 0 || h->programs > DESC_PROGRAMS) {
        return refuse(r, "it has no programs, or too many");
    }
    r->header = h;
    r->program = (const struct table_program *)(h + 1);
    r->grant = (const struct table_grant *)(r->program + h->programs);
    r->param = (const struct table_param *)(r->grant + h->grants);
    r->endpoint = (const struct table_endpoint *)(r->param + h->params);
    r->text = (const char *)at + bytes_before_texts(h);
    return (h->text_bytes != 0 && r->text[0] == '\0' && r->text[h->text_bytes - 1] == '\0') ||
           refuse(r, "its texts do not begin and end with NUL");
}

/* A text of `most` characters at most. */
static bool take_text(struct reader *r, uint32_t offset, size_t most, const char **out)
{
    if (offset >= r->header->text_bytes || strnlen(r->text + offset, most + 1) > most) {
        refuse(r, "a text lies outside of it, or is too long");
        return false;
    }
    *out = r->text + offset;
    return true;
}

/* The same, of one character at least. */
static bool take_name(struct reader *r, uint32_t offset, size_t most, const char **out)
{
    return take_text(r, offset, most, out) && ((*out)[0] != '\0' || refuse(r, "a name is empty"));
}

/* Do `count` records from `first` on lie in an array of `all`, and are they no more than `most`? */
static bool take_run(struct reader *r, uint32_t first, uint32_t count, uint32_t all, uint32_t most)
{
    return (count <= most && first <= all && count <= all - first) ||
           refuse(r, "a run of records lies outside of it, or is too long");
}

static bool take_number(struct reader *r, uint64_t value, uint64_t low, uint64_t high)
{
    return (value >= low && value <= high) || refuse(r, "a number is out of range");
}

/* ---- grants ---------------------------------------------------------------------------------- */

static bool names_program(enum grant_kind kind)
{
    return kind == GRANT_ENTRY || kind == GRANT_NOTICE || kind == GRANT_PROCESS;
}

/* What a grant names: a program, and an endpoint of it; or init, and its first endpoint. */
static bool take_target(struct reader *r, const struct table_grant *t, struct grant *g)
{
    g->program = DESC_INIT;
    g->endpoint_index = t->endpoint;
    if (!names_program(g->kind)) {
        return true;
    }
    if (t->program == TABLE_NONE) { /* the others' payloads name programs: they are init's alone */
        return (g->kind == GRANT_ENTRY && t->endpoint == INIT_EP_PROGRAMS) ||
               refuse(r, "a capability of init is granted that nobody is given");
    }
    if (t->program >= r->header->programs) {
        return refuse(r, "a program is named that it does not have");
    }
    g->program = (int)t->program;
    return g->kind == GRANT_PROCESS || t->endpoint < r->program[t->program].endpoints ||
           refuse(r, "an endpoint is named that its program does not have");
}

/* The numbers of a grant. */
static bool take_numbers(struct reader *r, const struct grant *g)
{
    switch ((unsigned)g->kind) {
    case GRANT_ENTRY:
    case GRANT_NOTICE:
        return take_number(r, g->a, 0, UINT32_MAX);
    case GRANT_IOPORTS:
        return take_number(r, g->a, 0, g->b) && take_number(r, g->b, 0, DESC_PORT_MAX);
    case GRANT_IRQ:
        return take_number(r, g->a, 0, DESC_IRQ_MAX);
    case GRANT_RANGE:
        return take_number(r, g->a, 1, DESC_RANGE_MAX);
    case GRANT_BANK:
        return take_number(r, g->a, 0, DESC_MEMORY_MAX);
    default:
        return true;
    }
}

static bool read_grant(struct reader *r, const struct table_grant *t, struct grant *g)
{
    if (t->kind >= GRANT_KINDS) {
        return refuse(r, "a capability is of no kind");
    }
    *g = (struct grant){
        .kind = (enum grant_kind)t->kind,
        .line = t->line,
        .has_payload = (t->flags & TABLE_PAYLOAD) != 0,
        .kept = (t->flags & TABLE_KEPT) != 0,
        .a = t->a,
        .b = t->b,
    };
    return take_name(r, t->name, DESC_WORD, &g->name) && take_target(r, t, g) && take_numbers(r, g);
}

bool description_fixed_name(const char *name)
{
    return strcmp(name, "sleep") == 0 || strcmp(name, "kernlog") == 0 ||
           strcmp(name, "console") == 0;
}

/* Are there registers for what has none of its own? */
static bool fits_registers(struct reader *r, const struct program *p)
{
    unsigned named = p->endpoints > 1 ? p->endpoints - 1 : 0;

    for (unsigned k = 0; k < p->grants; k++) {
        named += description_fixed_name(p->grant[k].name) ? 0u : 1u;
    }
    return named <= DESC_NAMED || refuse(r, "there are no registers for all capabilities");
}

/* ---- programs -------------------------------------------------------------------------------- */

static bool read_texts(struct reader *r, const struct table_program *t, struct program *p)
{
    p->part_of = r->text;
    if (!take_name(r, t->name, DESC_NAME, &p->name) ||
        !take_name(r, t->file, DESC_WORD, &p->file) ||
        !take_text(r, t->args, DESC_ARGS, &p->args) ||
        !take_text(r, t->start_word, DESC_WORD, &p->start_word)) {
        return false;
    }
    if (t->part_of == TABLE_NONE) {
        return true;
    }
    return (t->part_of < r->header->programs || refuse(r, "it is a part of no program")) &&
           take_name(r, r->program[t->part_of].name, DESC_NAME, &p->part_of);
}

static bool read_policy(struct reader *r, const struct table_program *t, struct program *p)
{
    p->at_boot = (t->flags & TABLE_AT_BOOT) != 0;
    p->priority = t->priority;
    p->slice = t->slice;
    p->stack_pages = t->stack_pages;
    p->memory = t->memory;
    p->restarts = t->restarts;
    p->restart_within = t->within;
    p->backoff = t->after;
    return take_number(r, t->priority, 1, DESC_PRIORITY_MAX) &&
           take_number(r, t->slice, DESC_SLICE_MIN * NSEC_PER_USEC,
                       DESC_SLICE_MAX * NSEC_PER_USEC) &&
           take_number(r, t->stack_pages, 1, DESC_STACK_MAX) &&
           take_number(r, t->memory, 1, DESC_MEMORY_MAX) &&
           take_number(r, t->restarts, 0, DESC_RESTARTS_MAX) &&
           take_number(r, t->within, 0, TIME_MAX) && take_number(r, t->after, 0, TIME_MAX);
}

/* Its endpoints, grants and parameters. */
static bool read_runs(struct reader *r, const struct table_program *t, struct program *p)
{
    const struct table_header *h = r->header;

    p->endpoints = t->endpoints;
    p->grants = t->grants;
    p->params = t->params;
    if (!take_run(r, t->endpoint, t->endpoints, h->endpoints, DESC_ENDPOINTS) ||
        !take_run(r, t->grant, t->grants, h->grants, DESC_CAPS) ||
        !take_run(r, t->param, t->params, h->params, DESC_PARAMS)) {
        return false;
    }
    for (unsigned k = 0; k < p->endpoints; k++) {
        if (!take_name(r, r->endpoint[t->endpoint + k].name, DESC_WORD, &p->endpoint[k])) {
            return false;
        }
    }
    for (unsigned k = 0; k < p->grants; k++) {
        if (!read_grant(r, &r->grant[t->grant + k], &p->grant[k])) {
            return false;
        }
    }
    for (unsigned k = 0; k < p->params; k++) {
        p->param[k].value = r->param[t->param + k].value;
        if (!take_name(r, r->param[t->param + k].name, DESC_WORD, &p->param[k].name)) {
            return false;
        }
    }
    return fits_registers(r, p);
}

bool description_read(struct description *out, const void *at, uint64_t bytes,
                      struct table_trouble *why)
{
    struct reader r = { .out = out };
    unsigned i = 0;

    if (open_table(&r, at, bytes)) {
        out->programs = r.header->programs;
        while (i < out->programs && read_texts(&r, &r.program[i], &out->program[i]) &&
               read_policy(&r, &r.program[i], &out->program[i]) &&
               read_runs(&r, &r.program[i], &out->program[i])) {
            i++;
        }
    }
    *why = (struct table_trouble){ .what = r.wrong, .program = i };
    return r.wrong == NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

static const char *const kind_words[GRANT_KINDS] = {
#define KIND(name, word, type) [GRANT_##name] = #word,
#include "table.def"
};

const char *grant_kind_word(enum grant_kind kind)
{
    return kind < GRANT_KINDS ? kind_words[kind] : "?";
}

uint64_t grant_kind_type(enum grant_kind kind)
{
    static const uint8_t types[GRANT_KINDS] = {
#define KIND(name, word, type) [GRANT_##name] = LK_TYPE_##type,
#include "table.def"
    };

    return kind < GRANT_KINDS ? types[kind] : (uint64_t)LK_TYPES;
}

const char *init_endpoint_name(enum init_endpoint index)
{
    static const char *const names[INIT_EPS] = {
        [INIT_EP_PROGRAMS] = "programs",
        [INIT_EP_EXIT] = "exit",
        [INIT_EP_FAULTS] = "faults",
    };

    return index < INIT_EPS ? names[index] : "?";
}

int description_find(const struct description *d, const char *name)
{
    for (unsigned i = 0; i < d->programs; i++) {
        if (strcmp(d->program[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

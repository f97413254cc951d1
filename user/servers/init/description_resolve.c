/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What can be said of the system description only when all of it is read: what the names in its
 * grants name, and whether its programs go together. The mistakes are told at the lines that they
 * stand in, after those of single lines.
 */
#include "description_resolve.h"

#include "description_grant.h"

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
    if (text_same(g->target, "self")) {
        g->program = (int)(p - r->d->program);
        return true;
    }
    if (text_same(g->target, "init") && g->kind != GRANT_PROCESS) {
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
        if (text_same(g->endpoint, init_endpoints[INIT_EP_PROGRAMS])) {
            g->endpoint_index = INIT_EP_PROGRAMS;
            return;
        }
    } else {
        const struct program *to = &r->d->program[g->program];

        while (i < to->endpoints && !text_same(to->endpoint[i], g->endpoint)) {
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
    return text_same(name, "sleep") || text_same(name, "kernlog") || text_same(name, "console");
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
        if (grant_named(p, p->endpoint[e])) {
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

/* Whom init waits for, the first above the second: no other program may stand above one of them, or
 * it could keep init waiting by working on; but for those that are said to be urgent. */
static const char *const waited_for[] = { "bank", "pager" };

static void check_priority(struct reader *r, struct program *p)
{
    for (unsigned k = 0; !p->urgent && k < sizeof(waited_for) / sizeof(waited_for[0]); k++) {
        int at = description_find(r->d, waited_for[k]);
        const struct program *server = at >= 0 ? &r->d->program[at] : NULL;

        if (server == p) {
            return;
        }
        if (server == NULL || server->faulty) {
            continue; /* then there is no system, and its priority may be the mistake */
        }
        if (p->priority > server->priority) {
            mistake_at(
                r, p, p->priority_line,
                (const char *const[]){
                    "program ", p->name, ": its priority, ", show_number(p->priority).text,
                    ", is above that of ", server->name, ", ", show_number(server->priority).text,
                    ", for which init waits; if that is meant, 'urgent' behind it says so", NULL });
            return;
        }
    }
}

/* The file of a program that does not say has the program's name. */
static void default_file(struct program *p)
{
    size_t k = 0;

    if (p->file[0] != '\0') {
        return;
    }
    for (; p->name[k] != '\0'; k++) {
        p->file[k] = p->name[k];
    }
    p->file[k] = '\0';
}

void description_resolve(struct reader *r)
{
    for (unsigned i = 0; i < r->d->programs; i++) {
        struct program *p = &r->d->program[i];

        default_file(p);
        check_names(r, p);
        check_part(r, p);
        check_priority(r, p);
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

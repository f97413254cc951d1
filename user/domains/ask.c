/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asking init; see ask.h. Each question is one call, which init answers at once.
 */
#include "ask.h"

#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/start.h>
#include <lykos/string.h>

static uint32_t programs(void)
{
    return lk_cap("programs");
}

enum status ask_list(uint64_t *position, struct program_brief *out, unsigned *n)
{
    size_t count = 0;
    enum status s =
        programs_list(programs(), *position, PROGRAM_BRIEFS, position, out, PROGRAM_BRIEFS, &count);

    *n = s == STATUS_OK ? (unsigned)count : 0;
    return s;
}

enum status ask_life(struct domain_key key, struct program_brief *out, struct domain_memory *memory)
{
    struct domain_memory unwanted = { 0 };
    struct domain_memory *m = memory != NULL ? memory : &unwanted;

    return programs_life(programs(), key.number, key.life, &m->now, &m->most, out);
}

/* The number of the program of that name. */
static enum status ask_number(const char *name, uint32_t *number)
{
    uint64_t found = 0;
    enum status s;

    if (name[0] == '\0' || strlen(name) >= PROGRAM_NAME_MAX) {
        return STATUS_NOT_FOUND; /* no program is called so, and init would not look */
    }
    *number = PROGRAM_INIT;
    if (strcmp(name, "init") == 0) {
        return STATUS_OK;
    }
    s = programs_find(programs(), name, strlen(name), &found);
    *number = (uint32_t)found;
    return s;
}

enum status ask_name(const char *name, struct program_brief *out)
{
    struct domain_key key = { .life = PROGRAM_ANY_LIFE };
    enum status s = ask_number(name, &key.number);

    if (s == STATUS_OK) {
        s = ask_life(key, out, NULL);
    }
    /* The number may mean another program meanwhile. */
    return s == STATUS_OK && strcmp(out->name, name) != 0 ? STATUS_NOT_FOUND : s;
}

enum status ask_control(enum domain_wish wish, struct domain_key key)
{
    if (key.life == 0) { /* which would mean: whichever */
        return STATUS_NOT_FOUND;
    }
    switch (wish) {
    case WISH_SUSPEND:
        return programs_suspend(programs(), key.number, key.life, NULL);
    case WISH_RESUME:
        return programs_resume(programs(), key.number, key.life, NULL);
    case WISH_DESTROY:
    default:
        return programs_destroy(programs(), key.number, key.life);
    }
}

enum status ask_machine(struct domain_machine *out)
{
    return programs_machine(programs(), &out->cpus, &out->present, &out->frames);
}

enum status ask_changes(uint64_t *position, uint64_t *missed, struct program_change *out,
                        unsigned *n)
{
    uint64_t next = 0;
    uint64_t lost = 0;
    size_t count = 0;
    enum status s =
        programs_changes(programs(), *position, &next, &lost, out, PROGRAM_CHANGES_MOST, &count);

    *n = 0;
    if (s == STATUS_OK) {
        *position = next;
        *missed = lost;
        *n = (unsigned)count;
    }
    return s;
}

enum status ask_watch(uint32_t notice, uint64_t bits)
{
    return programs_watch(programs(), bits, notice);
}

bool fail(struct rpc_error *error, int32_t code, const char *format, ...)
{
    va_list args;

    error->code = code;
    error->domain = REMOTE_FROM_DOMAIN;
    va_start(args, format);
    lk_vformat(error->text, sizeof(error->text), format, args);
    va_end(args);
    return false;
}

bool fail_init(struct rpc_error *error, enum status s)
{
    return fail(error, REMOTE_ERR_INTERNAL, "init does not answer: %s", lk_status_text(s));
}

bool fail_part(struct rpc_error *error, const struct program_brief *b)
{
    return fail(error, REMOTE_ERR_NO_DOMAIN,
                "Domain not found: '%s' is a part of another program, and does not run", b->name);
}

bool find_domain(const remote_domain *dom, struct program_brief *b, struct domain_memory *memory,
                 struct rpc_error *error)
{
    struct domain_key key;
    enum status s;

    if (!domain_of_uuid(dom->uuid, &key)) {
        return fail(error, REMOTE_ERR_NO_DOMAIN,
                    "Domain not found: '%.32s' has a uuid that is not one of Lykos", dom->name);
    }
    s = ask_life(key, b, memory);
    if (s == STATUS_OK && !domain_is_there(b)) {
        return fail_part(error, b);
    }
    if (s == STATUS_NOT_FOUND) {
        return fail(error, REMOTE_ERR_NO_DOMAIN,
                    key.life == 0 ? "Domain not found: '%.32s' runs meanwhile, or is no program"
                                  : "Domain not found: '%.32s' has ended since it was looked up",
                    dom->name);
    }
    return s == STATUS_OK || fail_init(error, s);
}

bool answer_domain(const struct rpc_call *call, const struct program_brief *b, remote_domain *out,
                   struct rpc_error *error)
{
    *out = domain_name(b);
    out->name = rpc_arena_text(call->arena, b->name);
    return out->name != NULL ||
           fail(error, REMOTE_ERR_INTERNAL, "there is no memory for the answer");
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asking init; see ask.h. Each question is one call, which init answers at once.
 */
#include "ask.h"

#include <lykos/invoke.h>
#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/start.h>
#include <lykos/string.h>

static uint32_t programs(void)
{
    return lk_cap("programs");
}

/* A call with two words whose answer is structures of `each` bytes: how many came in *n. */
static enum status ask(struct lk_msg *msg, void *out, size_t size, size_t each, unsigned *n)
{
    enum status s;

    msg->control = LK_CTL_CALL(programs(), 3) | LK_RSTR;
    msg->buffer = out;
    msg->buffer_size = (uint32_t)size;
    s = lk_invoke(msg);
    *n = s == STATUS_OK ? (unsigned)(lk_string_length(msg->delivery) / each) : 0;
    return s;
}

enum status ask_list(uint64_t *position, struct program_brief *out, unsigned *n)
{
    struct lk_msg msg = { .w = { PROGRAMS_LIST, *position, PROGRAM_BRIEFS } };
    enum status s = ask(&msg, out, PROGRAM_BRIEFS * sizeof(*out), sizeof(*out), n);

    *position = msg.w[1];
    return s;
}

enum status ask_life(struct domain_key key, struct program_brief *out, struct domain_memory *memory)
{
    struct lk_msg msg = { .w = { PROGRAMS_LIFE, key.number, key.life } };
    unsigned n;
    enum status s = ask(&msg, out, sizeof(*out), sizeof(*out), &n);

    if (memory != NULL) {
        *memory = (struct domain_memory){ .now = msg.w[1], .most = msg.w[2] };
    }
    return s == STATUS_OK && n != 1 ? STATUS_REQUEST_ERROR : s;
}

/* The number of the program of that name. */
static enum status ask_number(const char *name, uint32_t *number)
{
    struct lk_in in;

    if (name[0] == '\0' || strlen(name) >= PROGRAM_NAME_MAX) {
        return STATUS_NOT_FOUND; /* no program is called so, and init would not look */
    }
    *number = PROGRAM_INIT;
    if (strcmp(name, "init") == 0) {
        return STATUS_OK;
    }
    in = lk_call_send0(LK_CTL_CALL(programs(), 1) | LK_SSTR, PROGRAMS_FIND, name, strlen(name));
    *number = (uint32_t)in.w[1];
    return (enum status)in.w[0];
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

enum status ask_control(uint64_t method, struct domain_key key)
{
    if (key.life == 0) { /* which would mean: whichever */
        return STATUS_NOT_FOUND;
    }
    return (enum status)lk_call2(programs(), method, key.number, key.life).w[0];
}

enum status ask_machine(struct domain_machine *out)
{
    struct lk_in in = lk_call0(programs(), PROGRAMS_MACHINE);

    *out = (struct domain_machine){ .cpus = in.w[1], .present = in.w[2], .frames = in.w[3] };
    return (enum status)in.w[0];
}

enum status ask_changes(uint64_t *position, uint64_t *missed, struct program_change *out,
                        unsigned *n)
{
    struct lk_msg msg = { .w = { PROGRAMS_CHANGES, *position } };
    enum status s = ask(&msg, out, PROGRAM_CHANGES_MOST * sizeof(*out), sizeof(*out), n);

    if (s == STATUS_OK) {
        *position = msg.w[1];
        *missed = msg.w[2];
    }
    return s;
}

enum status ask_watch(uint32_t notice, uint64_t bits)
{
    return (enum status)lk_call_ctl1(LK_CTL_CALL_CAPS(programs(), 2, 1, notice, 0, 0, 0, 0, 0, 0),
                                     PROGRAMS_WATCH, bits)
        .w[0];
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

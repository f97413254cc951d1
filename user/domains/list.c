/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which domains there are, and looking one up. Lists are fetched from init in pieces, so that it is
 * never held up for long: what begins or ends meanwhile may be in a list or not.
 */
#include "ask.h"
#include "handlers.h"

#include <lykos/string.h>

/* Walks through all programs. */
struct walk {
    uint64_t position;
    unsigned n, at;
    enum status status;
    struct program_brief piece[PROGRAM_BRIEFS];
};

/* The next one that the flags ask for; NULL: there are no more, or init does not answer, which
 * walk->status says. */
static const struct program_brief *walk_next(struct walk *walk, uint32_t flags)
{
    for (;;) {
        while (walk->at < walk->n) {
            const struct program_brief *b = &walk->piece[walk->at++];

            if (domain_matches(b, flags)) {
                return b;
            }
        }
        walk->at = 0;
        walk->status = ask_list(&walk->position, walk->piece, &walk->n);
        if (walk->n == 0) {
            return NULL;
        }
    }
}

/* How many there are. */
static bool count(uint32_t flags, uint32_t *n, struct rpc_error *error)
{
    struct walk walk = { .position = 0 };

    *n = 0;
    while (walk_next(&walk, flags) != NULL) {
        (*n)++;
    }
    return walk.status == STATUS_OK || fail_init(error, walk.status);
}

/* Room for an answer of at most `most` members of `each` bytes, in the arena. NULL: there is none,
 * and *error says so. */
static void *make_room(const struct rpc_call *call, uint32_t most, size_t each,
                       struct rpc_error *error)
{
    void *room;

    if (most > REMOTE_DOMAINS_MAX) {
        fail(error, REMOTE_ERR_INTERNAL, "%u domains are too many for one answer", most);
        return NULL;
    }
    room = rpc_arena_alloc(call->arena, most * each);
    if (room == NULL) {
        fail(error, REMOTE_ERR_INTERNAL, "there is no memory for %u domains", most);
    }
    return room;
}

HANDLER(list_all_domains)
{
    const remote_list_all *wanted = call->arguments;
    remote_domains *out = result;
    struct walk walk = { .position = 0 };
    const struct program_brief *b;
    uint32_t most;

    (void)client;
    if ((wanted->flags & ~(uint32_t)REMOTE_LIST_FLAGS) != 0) {
        return fail(error, REMOTE_ERR_INVALID_ARG, "unsupported flags (0x%x) for a list of domains",
                    wanted->flags & ~(uint32_t)REMOTE_LIST_FLAGS);
    }
    if (!count(wanted->flags, &most, error)) {
        return false;
    }
    out->count = most;
    if (!wanted->need_results) {
        return true;
    }
    out->domains.domains_val = make_room(call, most, sizeof(remote_domain), error);
    if (out->domains.domains_val == NULL) {
        return false;
    }
    while (out->domains.domains_len < most && (b = walk_next(&walk, wanted->flags)) != NULL) {
        if (!answer_domain(call, b, &out->domains.domains_val[out->domains.domains_len], error)) {
            return false;
        }
        out->domains.domains_len++;
    }
    out->count = out->domains.domains_len;
    return walk.status == STATUS_OK || fail_init(error, walk.status);
}

/* How many the client takes, of so many that there are. */
static bool take_max(const struct rpc_call *call, uint32_t flags, uint32_t *most,
                     struct rpc_error *error)
{
    int32_t max = ((const remote_max *)call->arguments)->max;

    if (max < 0) {
        return fail(error, REMOTE_ERR_INVALID_ARG, "a list of %d domains", max);
    }
    if (!count(flags, most, error)) {
        return false;
    }
    *most = *most < (uint32_t)max ? *most : (uint32_t)max;
    return true;
}

HANDLER(list_ids)
{
    remote_ids *out = result;
    struct walk walk = { .position = 0 };
    const struct program_brief *b;
    uint32_t most = 0;

    (void)client;
    if (!take_max(call, REMOTE_LIST_ACTIVE, &most, error)) {
        return false;
    }
    out->ids.ids_val = make_room(call, most, sizeof(int), error);
    if (out->ids.ids_val == NULL) {
        return false;
    }
    while (out->ids.ids_len < most && (b = walk_next(&walk, REMOTE_LIST_ACTIVE)) != NULL) {
        out->ids.ids_val[out->ids.ids_len++] = domain_id(b->life);
    }
    return walk.status == STATUS_OK || fail_init(error, walk.status);
}

HANDLER(list_names)
{
    remote_names *out = result;
    struct walk walk = { .position = 0 };
    const struct program_brief *b;
    uint32_t most = 0;

    (void)client;
    if (!take_max(call, REMOTE_LIST_INACTIVE, &most, error)) {
        return false;
    }
    out->names.names_val = make_room(call, most, sizeof(remote_string), error);
    if (out->names.names_val == NULL) {
        return false;
    }
    while (out->names.names_len < most && (b = walk_next(&walk, REMOTE_LIST_INACTIVE)) != NULL) {
        remote_string name = rpc_arena_text(call->arena, b->name);

        if (name == NULL) {
            return fail(error, REMOTE_ERR_INTERNAL, "there is no memory for %u names", most);
        }
        out->names.names_val[out->names.names_len++] = name;
    }
    return walk.status == STATUS_OK || fail_init(error, walk.status);
}

/* The number of those that the flags ask for is the answer. */
static bool answer_count(uint32_t flags, void *result, struct rpc_error *error)
{
    uint32_t n;
    bool done = count(flags, &n, error);

    ((remote_int *)result)->value = done ? (int)n : 0;
    return done;
}

HANDLER(count_active)
{
    (void)client;
    (void)call;
    return answer_count(REMOTE_LIST_ACTIVE, result, error);
}

HANDLER(count_inactive)
{
    (void)client;
    (void)call;
    return answer_count(REMOTE_LIST_INACTIVE, result, error);
}

HANDLER(lookup_by_name)
{
    const char *name = ((const remote_text *)call->arguments)->text;
    struct program_brief b;
    enum status s = ask_name(name, &b);

    (void)client;
    if (s == STATUS_NOT_FOUND) {
        return fail(error, REMOTE_ERR_NO_DOMAIN, "Domain not found: there is no program '%.64s'",
                    name);
    }
    if (s != STATUS_OK) {
        return fail_init(error, s);
    }
    if (!domain_is_there(&b)) {
        return fail_part(error, &b);
    }
    return answer_domain(call, &b, &((remote_dom *)result)->dom, error);
}

HANDLER(lookup_by_id)
{
    int32_t id = ((const remote_int *)call->arguments)->value;
    struct walk walk = { .position = 0 };
    const struct program_brief *b;

    (void)client;
    while ((b = walk_next(&walk, REMOTE_LIST_ACTIVE)) != NULL) {
        if (domain_id(b->life) == id) {
            return answer_domain(call, b, &((remote_dom *)result)->dom, error);
        }
    }
    if (walk.status != STATUS_OK) {
        return fail_init(error, walk.status);
    }
    return fail(error, REMOTE_ERR_NO_DOMAIN, "Domain not found: no program has the id %d", id);
}

HANDLER(lookup_by_uuid)
{
    remote_domain dom = { .name = (char[]){ "the one of this uuid" }, .id = -1 };
    struct program_brief b;

    (void)client;
    memcpy(dom.uuid, ((const remote_uuid *)call->arguments)->uuid, sizeof(dom.uuid));
    return find_domain(&dom, &b, NULL, error) &&
           answer_domain(call, &b, &((remote_dom *)result)->dom, error);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What there is to know of one domain.
 */
#include "ask.h"
#include "handlers.h"

#include <lykos/names.h>
#include <lykos/say.h>

#define KIB_PER_FRAME 4u
#define MESSAGES_MOST 4u

/* The domain that a call is about, which is the first of its arguments. */
static bool called_for(const struct rpc_call *call, struct program_brief *b,
                       struct domain_memory *memory, struct rpc_error *error)
{
    return find_domain(&((const remote_dom *)call->arguments)->dom, b, memory, error);
}

/* The same of a call that has flags, of which these are known. */
static bool called_with(const struct rpc_call *call, uint32_t known, struct program_brief *b,
                        struct rpc_error *error)
{
    uint32_t flags = ((const remote_dom_flags *)call->arguments)->flags;

    if ((flags & ~known) != 0) {
        return fail(error, REMOTE_ERR_INVALID_ARG, "unsupported flags (0x%x)", flags & ~known);
    }
    return called_for(call, b, NULL, error);
}

HANDLER(get_state)
{
    struct program_brief b;

    (void)client;
    if (!called_with(call, 0, &b, error)) {
        return false;
    }
    *(remote_domain_state *)result = domain_state(&b);
    return true;
}

/* Without a limit of its own it may take up what the machine has. */
static bool most_memory(struct domain_memory *memory, struct rpc_error *error)
{
    struct domain_machine machine;
    enum status s;

    if (memory->most != 0) {
        return true;
    }
    s = ask_machine(&machine);
    memory->most = machine.frames;
    return s == STATUS_OK || fail_init(error, s);
}

HANDLER(get_info)
{
    remote_domain_info *out = result;
    struct domain_memory memory;
    struct program_brief b;

    (void)client;
    if (!called_for(call, &b, &memory, error) || !most_memory(&memory, error)) {
        return false;
    }
    *out = (remote_domain_info){
        .state = (uint32_t)domain_state(&b).state,
        .max_memory = memory.most * KIB_PER_FRAME,
        .memory = memory.now * KIB_PER_FRAME,
        .vcpus = 1,
        .cpu_time = b.cpu_time,
    };
    return true;
}

HANDLER(get_os_type)
{
    struct program_brief b;

    (void)client;
    if (!called_for(call, &b, NULL, error)) {
        return false;
    }
    ((remote_text *)result)->text = rpc_arena_text(call->arena, "lykos");
    return true;
}

/* Answer a question of yes or no about a domain. */
static bool answer_yes_no(const struct rpc_call *call, bool (*is)(const struct program_brief *),
                          void *result, struct rpc_error *error)
{
    struct program_brief b;

    if (!called_for(call, &b, NULL, error)) {
        return false;
    }
    ((remote_int *)result)->value = is(&b);
    return true;
}

static bool starts_at_boot(const struct program_brief *b)
{
    return (b->flags & PROGRAM_AT_BOOT) != 0;
}

static bool stays(const struct program_brief *b)
{
    return !domain_is_transient(b);
}

static bool runs(const struct program_brief *b)
{
    return b->life != 0;
}

HANDLER(get_autostart)
{
    (void)client;
    return answer_yes_no(call, starts_at_boot, result, error);
}

HANDLER(is_persistent)
{
    (void)client;
    return answer_yes_no(call, stays, result, error);
}

HANDLER(is_active)
{
    (void)client;
    return answer_yes_no(call, runs, result, error);
}

/* A program is never saved to begin where it was. */
HANDLER(has_managed_save)
{
    struct program_brief b;

    (void)client;
    ((remote_int *)result)->value = 0;
    return called_with(call, 0, &b, error);
}

/* What the protocol has no field for, in words: dominfo shows them. */
struct message {
    char text[128];
};

static unsigned messages_of(const struct program_brief *b, struct message out[MESSAGES_MOST])
{
    char holds[80];
    unsigned n = 0;

    if (b->life != 0 && b->holds != 0) {
        domain_holds(b, holds, sizeof(holds));
        lk_format(out[n++].text, sizeof(out->text), "held by: %s", holds);
    }
    if (b->life != 0 && (b->flags & PROGRAM_FAULTED) != 0) {
        lk_format(out[n++].text, sizeof(out->text),
                  "faulted: %s; it stays as it is until it is "
                  "destroyed",
                  lk_fault_text(b->fault_code));
    }
    if (b->generation > 0) {
        lk_format(out[n++].text, sizeof(out->text), "begun again %u times", b->generation);
    }
    if ((b->flags & PROGRAM_COMES_BACK) != 0) {
        lk_format(out[n++].text, sizeof(out->text), "about to be begun again");
    } else if ((b->flags & PROGRAM_NEEDED) != 0) {
        lk_format(out[n++].text, sizeof(out->text),
                  "needed to answer this: neither suspended nor destroyed from here");
    }
    return n;
}

HANDLER(get_messages)
{
    uint32_t known = REMOTE_MESSAGES_DEPRECATION | REMOTE_MESSAGES_TAINTING;
    remote_messages *out = result;
    struct message messages[MESSAGES_MOST];
    struct program_brief b;
    unsigned n;

    (void)client;
    if (!called_with(call, known, &b, error)) {
        return false;
    }
    if (((const remote_dom_flags *)call->arguments)->flags != 0) {
        return true; /* there are none of the kinds that libvirt knows */
    }
    n = messages_of(&b, messages);
    out->messages.messages_val = rpc_arena_alloc(call->arena, n * sizeof(remote_string));
    for (unsigned i = 0; i < n && out->messages.messages_val != NULL; i++) {
        out->messages.messages_val[i] = rpc_arena_text(call->arena, messages[i].text);
        out->messages.messages_len++;
    }
    return call->arena->error == 0 ||
           fail(error, REMOTE_ERR_INTERNAL, "there is no memory for the answer");
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Suspending, resuming and destroying. What the asking program needs to answer is left alone: a
 * dispatcher that is suspended through itself could never be resumed through itself.
 */
#include "ask.h"
#include "handlers.h"

#include <lykos/names.h>

/* A domain that runs, which is the first of the arguments; `word` is what is to become of it. */
static bool running(const struct rpc_call *call, const char *word, struct program_brief *b,
                    struct rpc_error *error)
{
    if (!find_domain(&((const remote_dom *)call->arguments)->dom, b, NULL, error)) {
        return false;
    }
    if (b->life == 0) {
        return fail(error, REMOTE_ERR_OPERATION_INVALID,
                    (b->flags & PROGRAM_COMES_BACK) != 0
                        ? "'%s' cannot be %s: it does not run, and is about to be begun again"
                        : "'%s' cannot be %s: it does not run",
                    b->name, word);
    }
    return true;
}

/* Unless it is needed to answer. */
static bool not_needed(const struct program_brief *b, uint8_t flags, const char *word,
                       struct rpc_error *error)
{
    if ((b->flags & flags) == 0) {
        return true;
    }
    return fail(error, REMOTE_ERR_OPERATION_DENIED,
                (b->flags & PROGRAM_NEEDED) != 0
                    ? "'%s' is not %s from here: it is needed to answer virsh"
                    : "'%s' is not %s from here: what is needed to answer virsh would end with it",
                b->name, word);
}

/* Have init do it to exactly the one that was looked at. */
static bool control(enum domain_wish wish, const struct program_brief *b, const char *word,
                    struct rpc_error *error)
{
    enum status s = ask_control(wish, (struct domain_key){ .number = b->number, .life = b->life });

    if (s == STATUS_NOT_FOUND) {
        return fail(error, REMOTE_ERR_NO_DOMAIN, "Domain not found: '%s' has just ended", b->name);
    }
    if (s == STATUS_NO_ACCESS) {
        return fail(error, REMOTE_ERR_OPERATION_DENIED, "'%s' is not %s: everybody waits for it",
                    b->name, word);
    }
    return s == STATUS_OK || fail_init(error, s);
}

HANDLER(suspend)
{
    static const char word[] = "suspended";
    struct program_brief b;

    (void)result;
    (void)client;
    if (!running(call, word, &b, error) || !not_needed(&b, PROGRAM_NEEDED, word, error)) {
        return false;
    }
    if ((b.flags & PROGRAM_FAULTED) != 0) {
        return fail(error, REMOTE_ERR_OPERATION_INVALID,
                    "'%s' cannot be suspended: it has faulted, and does not run", b.name);
    }
    return control(WISH_SUSPEND, &b, word, error);
}

/* Clears the hold that suspend sets, and no other: held otherwise, it stays so, and the state and
 * the messages say it. */
HANDLER(resume)
{
    static const char word[] = "resumed";
    struct program_brief b;
    char holds[80];

    (void)result;
    (void)client;
    if (!running(call, word, &b, error)) {
        return false;
    }
    if ((b.flags & PROGRAM_FAULTED) != 0) {
        return fail(error, REMOTE_ERR_OPERATION_INVALID,
                    "'%s' cannot be resumed: it has faulted, and does not run", b.name);
    }
    if (b.holds != 0 && (b.holds >> LK_HOLD_SUSPEND & 1) == 0) {
        domain_holds(&b, holds, sizeof(holds));
        return fail(error, REMOTE_ERR_OPERATION_INVALID,
                    "'%s' is not suspended, but held by: %s; that does not end by resuming it",
                    b.name, holds);
    }
    return control(WISH_RESUME, &b, word, error);
}

HANDLER(destroy)
{
    static const char word[] = "destroyed";
    struct program_brief b;

    (void)result;
    (void)client;
    return running(call, word, &b, error) &&
           not_needed(&b, PROGRAM_NEEDED | PROGRAM_CARRIES, word, error) &&
           control(WISH_DESTROY, &b, word, error);
}

/* There is one way for a program to be destroyed, which takes nobody's time: it is graceful, too.
 */
HANDLER(destroy_flags)
{
    uint32_t unknown =
        ((const remote_dom_flags *)call->arguments)->flags & ~(uint32_t)REMOTE_DESTROY_GRACEFUL;

    if (unknown != 0) {
        return fail(error, REMOTE_ERR_INVALID_ARG, "unsupported flags (0x%x)", unknown);
    }
    return destroy(client, call, result, error);
}

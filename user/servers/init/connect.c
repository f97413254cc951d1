/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs that wait for a server to be there again; see connect.h.
 */
#include "connect.h"

#include "grant.h"
#include "registers.h"

#include <lykos/invoke.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

/* Answer the instance that asked for a capability; it is in REG_WORK if `s` is OK. */
static void answer_caller(uint32_t i, enum status s)
{
    struct lk_msg msg = {
        .control = LK_CTL(LK_SEND, REG_CHILD, 1) |
                   (s == STATUS_OK ? LK_CTL_SENDS(1, REG_WORK, 0, 0, 0) : 0),
        .w = { s },
    };

    instance(i)->has_caller = false;
    if (shelf_get(i, SHELF_CALLER, REG_CHILD) == STATUS_OK && cap_there(REG_CHILD)) {
        lk_invoke(&msg);
    }
    shelf_put(i, SHELF_CALLER, 0);
}

/* The grant of that name of an instance, or NULL. */
static const struct grant *grant_named(uint32_t i, const char *name)
{
    const struct program *p = instance_program(i);

    for (unsigned k = 0; k < p->grants; k++) {
        if (strcmp(p->grant[k].name, name) == 0) {
            return &p->grant[k];
        }
    }
    return NULL;
}

/* Does a request of the instance wait already, of one who is still there? */
static bool has_caller(uint32_t i)
{
    return instance(i)->has_caller && shelf_get(i, SHELF_CALLER, REG_CHILD) == STATUS_OK &&
           cap_there(REG_CHILD);
}

/* Is the program that a grant names about to be begun again? */
static bool comes_back(const struct grant *g)
{
    return g->program >= 0 && instance((uint32_t)g->program)->waits_to_restart;
}

enum status connect_ask(uint32_t i, const char *name, uint32_t caller)
{
    const struct grant *g = grant_named(i, name);
    enum status s;

    if (g == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (g->kind == GRANT_BANK || g->kind == GRANT_RANGE) { /* what it has is good still */
        return STATUS_REQUEST_ERROR;
    }
    s = grant_fetch(i, g);
    if (s == STATUS_OK || !comes_back(g)) {
        return s;
    }
    if (has_caller(i)) {
        return STATUS_IN_USE;
    }
    s = shelf_put(i, SHELF_CALLER, caller);
    if (s == STATUS_OK) {
        instance(i)->has_caller = true;
        instance(i)->awaited = g;
        s = STATUS_WOULD_BLOCK;
    }
    return s;
}

/* Answer what instance `i` asked about a program, if it did, and tell it if it wants to know. */
static void answer_about(uint32_t i, uint32_t program)
{
    if (instance(i)->has_caller && (uint32_t)instance(i)->awaited->program == program) {
        answer_caller(i, grant_fetch(i, instance(i)->awaited));
    }
    if (instance(i)->watches && instance(i)->watched == program &&
        shelf_get(i, SHELF_WATCH, REG_WORK) == STATUS_OK && cap_there(REG_WORK)) {
        lk_appnotice_post(REG_WORK, instance(i)->watch_bits);
    }
}

void connect_tell(uint32_t server)
{
    if (server >= description.programs) { /* nobody's grants mean a further instance */
        return;
    }
    for (uint32_t i = 0; i < instance_count(); i++) {
        if (instance(i)->exists) {
            answer_about(i, server);
        }
    }
}

enum status connect_watch(uint32_t i, const char *name, uint32_t notice, uint64_t bits)
{
    const struct grant *g = grant_named(i, name);
    enum status s;

    if (g == NULL || g->kind != GRANT_ENTRY || g->program < 0) {
        return STATUS_NOT_FOUND;
    }
    s = shelf_put(i, SHELF_WATCH, notice);
    instance(i)->watches = s == STATUS_OK && notice != 0;
    instance(i)->watched = (uint32_t)g->program;
    instance(i)->watch_bits = bits;
    return s;
}

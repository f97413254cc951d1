/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the lines `cap` of a program mean, as capabilities; see grant.h.
 */
#include "grant.h"

#include "build.h"
#include "core.h"
#include "registers.h"

#include <lykos/bank.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

uint32_t grant_register(const char *name, uint32_t *next)
{
    if (strcmp(name, "sleep") == 0) {
        return LK_REG_SLEEP;
    }
    if (strcmp(name, "kernlog") == 0) {
        return LK_REG_KERNLOG;
    }
    if (strcmp(name, "console") == 0) {
        return LK_REG_CONSOLE;
    }
    return (*next)++;
}

/* The instance that a grant means: itself, or the first one of the program. NO_INSTANCE: it does
 * not exist. */
static uint32_t granted_instance(uint32_t i, const struct grant *g)
{
    uint32_t k = instance(i)->program == (uint32_t)g->program ? i : (uint32_t)g->program;

    return instance(k)->exists ? k : NO_INSTANCE;
}

/* The endpoint that a grant names into REG_WORK. */
static enum status granted_endpoint(uint32_t i, const struct grant *g)
{
    static const uint32_t own[INIT_EPS] = {
        [INIT_EP_PROGRAMS] = LK_INIT_ENDPOINT,
        [INIT_EP_EXIT] = REG_EXIT_EP,
        [INIT_EP_FAULTS] = REG_FAULTS_EP,
    };
    uint32_t k;

    if (g->program == DESC_INIT) {
        lk_copy_cap(own[g->endpoint_index], REG_WORK);
        return STATUS_OK;
    }
    k = granted_instance(i, g);
    return k == NO_INSTANCE ? STATUS_NOT_FOUND
                            : shelf_get(k, SHELF_ENDPOINT + g->endpoint_index, REG_WORK);
}

/* The payload of an Entry: twice the number of the instance that gets it, unless the description
 * says otherwise: so a server can tell its clients apart, and bit 0 is free to mean a right that
 * only the description gives. init itself is told of the instance, and of no other that has its
 * number later. */
static uint64_t entry_payload(uint32_t i, const struct grant *g)
{
    if (g->program == DESC_INIT) {
        return instance_payload(i);
    }
    return g->has_payload ? g->a : 2 * (uint64_t)i;
}

/* The entry capability that a grant means. */
static enum status granted_entry(uint32_t i, const struct grant *g)
{
    enum status s = granted_endpoint(i, g);

    return s != STATUS_OK ? s : lk_endpoint_make_entry(REG_WORK, entry_payload(i, g), REG_WORK);
}

static enum status granted_notice(uint32_t i, const struct grant *g)
{
    enum status s = granted_endpoint(i, g);

    return s != STATUS_OK ? s : lk_endpoint_make_app_notice(REG_WORK, g->a, REG_WORK);
}

static enum status granted_process(uint32_t i, const struct grant *g)
{
    uint32_t k = granted_instance(i, g);

    return k == NO_INSTANCE ? STATUS_NOT_FOUND : shelf_get(k, SHELF_PROCESS, REG_WORK);
}

static enum status granted_irq(uint32_t i, const struct grant *g)
{
    enum status s = lk_irqctl_allocate(LK_INIT_IRQCTL, g->a, REG_WORK);

    if (s == STATUS_OK) {
        instance(i)->irq_lines |= 1ull << g->a;
    }
    return s;
}

/* A Range that outlives the program: when that is begun again it gets the same frames, with what
 * stands in them. For memory that a device may still write to. The topmost bank pays for it, once;
 * there is one for each program of the description, not for its further instances. */
static enum status granted_kept(uint32_t i, const struct grant *g)
{
    const struct source from = { .bank = REG_MAIN_BANK };
    enum status s = own_get(OWN_KEPT + i, REG_WORK);

    if (s == STATUS_OK && !cap_there(REG_WORK)) {
        s = source_range(&from, g->a, REG_WORK);
        if (s == STATUS_OK) {
            s = own_put(OWN_KEPT + i, REG_WORK);
        }
    }
    return s;
}

static enum status granted_range(uint32_t i, const struct grant *g)
{
    if (g->kept && i < DESC_PROGRAMS) {
        return granted_kept(i, g);
    }
    const struct source from = build_source(i);

    return source_range(&from, g->a, REG_WORK);
}

/* A bank below the instance's own, with a limit of its own or none. */
static enum status granted_bank(uint32_t i, const struct grant *g)
{
    enum status s = shelf_get(i, SHELF_BANK, REG_BANK);

    if (instance(i)->purse != NULL) {
        return core_own_bank(i, REG_WORK);
    }
    return s == STATUS_OK ? lk_bank_open(REG_BANK, "its own", g->a, REG_WORK) : s;
}

static enum status granted_own(uint32_t reg)
{
    lk_copy_cap(reg, REG_WORK);
    return STATUS_OK;
}

enum status grant_fetch(uint32_t i, const struct grant *g)
{
    switch (g->kind) {
    case GRANT_ENTRY:
        return granted_entry(i, g);
    case GRANT_NOTICE:
        return granted_notice(i, g);
    case GRANT_PROCESS:
        return granted_process(i, g);
    case GRANT_SPACE:
        return shelf_get(i, SHELF_SPACE, REG_WORK);
    case GRANT_SCHEDULE:
        return shelf_get(i, SHELF_SCHEDULE, REG_WORK);
    case GRANT_IOPORTS:
        return lk_iopriv_narrow(LK_INIT_IOPRIV, g->a, g->b, REG_WORK);
    case GRANT_IRQ:
        return granted_irq(i, g);
    case GRANT_RANGE:
        return granted_range(i, g);
    case GRANT_BANK:
        return granted_bank(i, g);
    case GRANT_FRAMES:
        return core_frames(i, REG_WORK);
    case GRANT_DEVICES:
        return own_get(OWN_DEVICES, REG_WORK);
    case GRANT_TOPBANK:
        return granted_own(REG_MAIN_BANK);
    case GRANT_SLEEP:
        return granted_own(LK_INIT_SLEEP);
    case GRANT_KERNLOG:
        return granted_own(LK_INIT_KERNLOG);
    case GRANT_SYSCTL:
        return granted_own(LK_INIT_SYSCTL);
    case GRANT_DISCRIM:
        return granted_own(LK_INIT_DISCRIM);
    case GRANT_CAPBITS:
        return granted_own(LK_INIT_CAPBITS);
    case GRANT_SCHEDCTL:
        return granted_own(LK_INIT_SCHEDCTL);
    case GRANT_IRQCTL:
        return granted_own(LK_INIT_IRQCTL);
    case GRANT_KINDS:
        break;
    }
    return STATUS_REQUEST_ERROR;
}

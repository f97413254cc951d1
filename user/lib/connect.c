/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Servers that are begun again; see connect.h.
 */
#include <lykos/connect.h>
#include <lykos/programs.h>
#include <lykos/start.h>
#include <lykos/string.h>

#define TRIES 3u

enum status lk_connect(const char *name)
{
    uint32_t exit = lk_cap_optional("exit");
    uint32_t reg = lk_cap_optional(name);

    if (exit == 0 || reg == 0) {
        return STATUS_NOT_FOUND;
    }
    return program_connect(exit, name, strlen(name), reg);
}

enum status lk_watch(const char *name, uint64_t bits, uint32_t notice)
{
    uint32_t exit = lk_cap_optional("exit");

    if (exit == 0) {
        return STATUS_NOT_FOUND;
    }
    return program_watch(exit, bits, name, strlen(name), notice);
}

/* The name that the start block gives a register, or NULL. */
static const char *name_of(uint32_t reg)
{
    for (uint32_t i = 0; i < lk_start->cap_count && i < LK_START_CAPS; i++) {
        if (lk_start->cap[i].reg == reg) {
            return lk_start->cap[i].name;
        }
    }
    return NULL;
}

bool lk_came_back(uint32_t reg, enum status s, unsigned *tries)
{
    const char *name = name_of(reg);
    enum status again;

    if ((s != STATUS_INVALID_CAP && s != STATUS_INVOKEE_GONE) || name == NULL || ++*tries > TRIES) {
        return false;
    }
    again = lk_connect(name);
    return again == STATUS_OK || again == STATUS_REQUEST_ERROR;
}

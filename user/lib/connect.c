/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Servers that are begun again; see connect.h.
 */
#include <lykos/connect.h>
#include <lykos/invoke.h>
#include <lykos/programs.h>
#include <lykos/start.h>
#include <lykos/string.h>

#define TRIES 3u

enum status lk_connect(const char *name)
{
    uint32_t exit = lk_cap("exit");
    uint32_t reg = lk_cap(name);

    uint64_t control = LK_CTL_CALL_CAPS(exit, 1, 0, 0, 0, 0, reg, 0, 0, 0);

    if (exit == 0 || reg == 0) {
        return STATUS_NOT_FOUND;
    }
    return (enum status)lk_call_send0(control | LK_SSTR, PROGRAM_CONNECT, name, strlen(name)).w[0];
}

enum status lk_watch(const char *name, uint64_t bits, uint32_t notice)
{
    uint32_t exit = lk_cap("exit");
    uint64_t control = LK_CTL_CALL_CAPS(exit, 2, 1, notice, 0, 0, 0, 0, 0, 0);

    if (exit == 0) {
        return STATUS_NOT_FOUND;
    }
    return (enum status)lk_call_send1(control | LK_SSTR, PROGRAM_WATCH, bits, name, strlen(name))
        .w[0];
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

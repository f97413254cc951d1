/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting programs; see spawn.h.
 */
#include <lykos/invoke.h>
#include <lykos/spawn.h>
#include <lykos/string.h>

enum status lk_program_new(uint32_t programs, const char *what, uint32_t control, uint64_t *number)
{
    uint64_t word = LK_CTL_CALL_CAPS(programs, 1, 0, 0, 0, 0, control, 0, 0, 0);
    struct lk_in in = lk_call_send0(word | LK_SSTR, PROGRAMS_NEW, what, strlen(what));

    if (number != NULL) {
        *number = in.w[1];
    }
    return (enum status)in.w[0];
}

enum status lk_program_give(uint32_t control, const char *name, uint32_t reg)
{
    uint64_t word = LK_CTL_CALL_CAPS(control, 1, 1, reg, 0, 0, 0, 0, 0, 0);

    return (enum status)lk_call_send0(word | LK_SSTR, CONTROL_GIVE, name, strlen(name)).w[0];
}

enum status lk_program_begin(uint32_t control)
{
    return (enum status)lk_call0(control, CONTROL_BEGIN).w[0];
}

enum status lk_program_wait(uint32_t control, struct lk_program_end *end)
{
    struct lk_in in = lk_call_recv0(LK_CTL_CALL(control, 1) | LK_RSTR, CONTROL_WAIT, end->words,
                                    sizeof(end->words) - 1);

    end->how = in.w[1];
    end->value = in.w[2];
    end->words[lk_string_length(in.delivery)] = '\0';
    return (enum status)in.w[0];
}

enum status lk_program_kill(uint32_t control)
{
    return (enum status)lk_call0(control, CONTROL_KILL).w[0];
}

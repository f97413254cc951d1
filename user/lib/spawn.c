/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting programs, with texts that end in a NUL; see spawn.h.
 */
#include <lykos/spawn.h>
#include <lykos/string.h>

enum status lk_program_new(uint32_t programs, const char *what, uint32_t control, uint64_t *number)
{
    return programs_new(programs, what, strlen(what), number, NULL, 0, NULL, control);
}

enum status lk_program_give(uint32_t control, const char *name, uint32_t reg)
{
    return control_give(control, name, strlen(name), reg);
}

enum status lk_program_begin(uint32_t control)
{
    return control_begin(control, NULL, 0, NULL);
}

/* Ask by this method how the program ended. */
static enum status learn_end(__typeof__(control_wait) ask, uint32_t control,
                             struct lk_program_end *end)
{
    size_t len = 0;
    enum status s = ask(control, &end->how, &end->value, end->words, sizeof(end->words) - 1, &len);

    end->words[len] = '\0';
    return s;
}

enum status lk_program_wait(uint32_t control, struct lk_program_end *end)
{
    return learn_end(control_wait, control, end);
}

enum status lk_program_run(uint32_t control, struct lk_program_end *end)
{
    return learn_end(control_run, control, end);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Start and end of a program, and what the start block says.
 */
#include <lykos/invoke.h>
#include <lykos/programs.h>
#include <lykos/say.h>
#include <lykos/start.h>
#include <lykos/string.h>

_Noreturn void lk_begin(void); /* called by crt0.S */

static const struct lk_start nothing = { .magic = LK_START_MAGIC, .name = "?" };
const struct lk_start *lk_start = &nothing;

static char name[LK_START_NAME + 1] = "?";

const char *lk_name(void)
{
    return name;
}

uint32_t lk_cap_optional(const char *wanted)
{
    for (uint32_t i = 0; i < lk_start->cap_count && i < LK_START_CAPS; i++) {
        if (strncmp(lk_start->cap[i].name, wanted, LK_START_CAP_NAME) == 0) {
            return lk_start->cap[i].reg;
        }
    }
    return 0;
}

uint32_t lk_cap(const char *wanted)
{
    static char told[LK_START_CAP_NAME]; /* who asks again and again is told once */
    uint32_t reg = lk_cap_optional(wanted);

    if (reg == 0 && strncmp(told, wanted, sizeof(told)) != 0) {
        lk_copy_text(told, sizeof(told), wanted);
        say("no capability named '%s' was given to this program: it uses the Null capability",
            wanted);
    }
    return reg;
}

uint64_t lk_param(const char *wanted, uint64_t otherwise)
{
    for (uint32_t i = 0; i < lk_start->param_count && i < LK_START_PARAMS; i++) {
        if (strncmp(lk_start->param[i].name, wanted, LK_START_CAP_NAME) == 0) {
            return lk_start->param[i].value;
        }
    }
    return otherwise;
}

/* Take the start block over. A block that is not one is left alone: the program then has no names
 * and no console. */
static void read_start_block(void)
{
    const struct lk_start *block = lk_start_block();

    if (block != NULL && block->magic == LK_START_MAGIC) {
        lk_start = block;
    }
    memcpy(name, lk_start->name, LK_START_NAME);
}

_Noreturn void lk_begin(void)
{
    read_start_block();
    lk_exit(lk_main());
}

_Noreturn void lk_exit(int result)
{
    uint32_t exit_cap = lk_cap_optional("exit");

    if (exit_cap != 0) {
        /* An answer means that init would not: then end as if there were no init. */
        program_exit(exit_cap, (uint64_t)(int64_t)result);
    }
    lk_die("ended with result %d", result);
}

_Noreturn void lk_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsay(format, args);
    va_end(args);
    __builtin_trap();
}

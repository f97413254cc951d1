/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting programs and controlling them, with texts that end in a NUL (<lykos/programs.h>).
 * `programs` is the register of an Entry to it (`cap programs = entry init.programs`), `control`
 * that of the Entry that controls one program.
 *
 *      lk_must(lk_program_new(programs, "counter 5", REG_CONTROL, NULL), "a counter");
 *      lk_must(lk_program_give(REG_CONTROL, "input", REG_INPUT), "its input");
 *      lk_must(lk_program_run(REG_CONTROL, &end), "its end");
 *
 * or lk_program_begin() and, after something else, lk_program_wait(). control_kill(REG_CONTROL)
 * ends it before.
 */
#pragma once

#include <abi/gen.h>
#include <lykos/programs.h>
#include <stddef.h>
#include <stdint.h>

/* How a program ended. */
struct lk_program_end {
    uint64_t how;   /* PROGRAM_ENDED_.. */
    uint64_t value; /* exit status or fault code */
    char words[128];
};

/* Make one: "NAME ARGUMENTS" or "NAME". Its control comes to register `control`, its number to
 * *number (NULL: unwanted). It has not begun. NOT_FOUND: no such program; NO_MEMORY. */
enum status lk_program_new(uint32_t programs, const char *what, uint32_t control, uint64_t *number);

/* Give it the capability in register `reg`, under a name. IN_USE, EXHAUSTED, STATE_CHANGED. */
enum status lk_program_give(uint32_t control, const char *name, uint32_t reg);

/* Let it begin. */
enum status lk_program_begin(uint32_t control);

/* Let it begin, and wait for its end, however soon that is. NO_MEMORY, as end->words says;
 * STATE_CHANGED: it has begun; INVOKEE_GONE: whoever paid for it closed his bank. */
enum status lk_program_run(uint32_t control, struct lk_program_end *end);

/* Wait for its end. INVALID_CAP: it has ended already, and how is not known any more
 * (lk_program_run()). INVOKEE_GONE: whoever paid for it closed his bank. */
enum status lk_program_wait(uint32_t control, struct lk_program_end *end);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the checks share. Each counts in a variable `failed`.
 */
#pragma once

#include "tests/kernel/check/check.h"

#include <kernel/log.h>
#include <kernel/object.h>

struct gpt;

/* `e` holds; or the log gets a line that says what is broken, and `failed` is one more. */
#define INVARIANT(e, ...)                                                                          \
    do {                                                                                           \
        if (!(e)) {                                                                                \
            log_line(LOG_ERROR, __VA_ARGS__);                                                      \
            failed++;                                                                              \
        }                                                                                          \
    } while (0)

/* Call `fn` for each live object, with what the last one returned; begins with `sum`. */
uint64_t for_each_object(uint64_t (*fn)(const struct objhdr *hdr, uint64_t sum), uint64_t sum);

/* Does table `t` know that entry `i` was made through this slot? */
bool depend_known(unsigned t, unsigned i, const struct gpt *g, unsigned slot);

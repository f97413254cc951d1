/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the objects of a program come from: a purse of the reserve, or a bank.
 */
#pragma once

#include "reserve.h"

struct source {
    struct purse *purse; /* NULL: the bank in register `bank` */
    uint32_t bank;
};

/* An object, its capability into register `reg`. A bank that died meanwhile is begun again and
 * asked again (core.h). */
enum status source_make(const struct source *from, uint64_t type, uint32_t reg);

/* A Range of so many frames. */
enum status source_range(const struct source *from, uint64_t frames, uint32_t reg);

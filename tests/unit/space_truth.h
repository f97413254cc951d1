/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an address means, by a walk that is written down a second time, straight from the rules:
 * what the kernel's walk and the hardware's tables are compared with.
 */
#pragma once

#include <kernel/gpt.h>
#include <kernel/process.h>
#include <kernel/space.h>

struct truth {
    enum fault_code fault;
    kpa_t page;
    unsigned access;  /* ACCESS_ bits granted, whatever was asked for */
    unsigned windows; /* passed on the way */
};

/* What is known of the way so far, besides the address. */
struct way {
    unsigned restr, l2v, windows;
    const struct gpt *in;         /* whose slot it is that the walk looks at */
    const struct gpt *background; /* the last GPT that has a background space */
};

/* What the process may do at this address; the fault is that of this access. */
struct truth truth_at(const struct process *p, uva_t address, unsigned access);

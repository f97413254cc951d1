/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The capabilities that the description grants a program.
 */
#pragma once

#include "instances.h"

/* The register in which a program finds the capability of this name; those that have none of their
 * own get *next, which counts up from LK_REG_NAMED. */
uint32_t grant_register(const char *name, uint32_t *next);

/* The capability that grant `g` of instance `i` means, into REG_WORK. NOT_FOUND: whom it names is
 * not there. */
enum status grant_fetch(uint32_t i, const struct grant *g);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The warden: told of faults of the bank and the pager, it destroys whoever faulted (core.h). It
 * says so if init itself has one.
 */
#pragma once

#include "source.h"

/* Make the warden, its endpoint onto the shelf, and let it wait. */
enum status warden_begin(const struct source *from);

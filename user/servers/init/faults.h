/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The fault handler of last resort: says in words what happened, where, in whom.
 */
#pragma once

#include "instances.h"

/* A process of instance `i` faulted, which is in register `process`: report it, line by line; then
 * end the program, or leave it as it is, as programs_fault() says. The Entry may have been given
 * away, so what is reported is what the kernel says of the process, and anything but a Process is
 * not even looked at: a call to it might never be answered. */
void fault_handle(uint32_t i, uint32_t process);

/* Instance `i` has found a mistake of its own, which `text` tells in one line or several: report
 * that, and the way to there of the process in register `process` (0: it is unknown); then as
 * above. */
void fault_failed(uint32_t i, uint32_t process, const char *text);

/* Only report it. Uses no capability registers but `process`, Discrim and KernLog. */
void fault_say(uint32_t i, uint32_t process);

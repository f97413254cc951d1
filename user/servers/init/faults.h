/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The fault handler of last resort: says in words what happened, where, in whom.
 */
#ifndef INIT_FAULTS_H
#define INIT_FAULTS_H

#include <stdint.h>

/* A fault was told with the payload of program `i`: report it, line by line; then destroy the
 * program's job if it was started in the foreground, else leave it as it is. `process` is the
 * register of what came as the Process. A program can send such a message itself, so that what is
 * reported is what the kernel says of the process, and anything but a Process is not even looked
 * at: a call to it might never be answered. */
void fault_handle(unsigned i, uint32_t process);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The fault handler of last resort: says in words what happened, where, in whom.
 */
#ifndef INIT_FAULTS_H
#define INIT_FAULTS_H

#include <abi/invoke.h>
#include <stddef.h>
#include <stdint.h>

/* Say in words what fault program `i` took: "stack overflow". */
void fault_words(unsigned i, uint64_t code, uint64_t info, uint64_t rip, char *out, size_t size);

/* Program `i`, whose Process is in the register `process`, told a fault: report it, line by line;
 * then destroy its job if it was started in the foreground, else leave it as it is. */
void fault_handle(unsigned i, uint32_t process, uint64_t code, uint64_t info, uint64_t rip);

#endif

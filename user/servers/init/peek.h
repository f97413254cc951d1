/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking into the memory of a program, which need not be able to run. What is read there may be
 * anything.
 */
#pragma once

#include "instances.h"

/* The page that was read last is kept; forget it, before something else is looked at. */
void peek_forget(void);

/* Bytes of the memory of the process in register `process`, all in one page. False: nothing is
 * mapped there. Uses REG_CHILD and the scratch window. */
bool peek_page(uint32_t process, uint64_t address, void *out, size_t bytes);

/* Bytes of the memory of instance `i`, whose process that is, wherever they lie. Where it has
 * touched nothing yet, they are as its file has them. */
bool peek(uint32_t i, uint32_t process, uint64_t address, void *out, size_t bytes);

/* The same of a text that ends with NUL: cut to fit. False: it is none, or empty. */
bool peek_text(uint32_t i, uint32_t process, uint64_t address, char *out, size_t size);

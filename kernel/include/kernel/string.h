/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory and text: the few functions of <string.h> that the kernel uses, with their standard
 * meaning (the compiler calls some of them on its own). On the host the C library has them.
 */
#pragma once

#include <kernel/types.h>

/* As in C. */
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t most);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

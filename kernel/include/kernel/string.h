/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory and text: the few functions of <string.h> that the kernel uses, with their standard
 * meaning (the compiler calls some of them on its own). On the host the C library has them.
 */
#pragma once

#include <kernel/types.h>

/* As in C. The first two are written out where the size is small and known. */
#ifndef memcpy /* a test that renames them */
#define memcpy(to, from, n) __builtin_memcpy(to, from, n)
#define memset(to, byte, n) __builtin_memset(to, byte, n)
#endif
void *(memcpy)(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *(memset)(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory and string functions, as in the C library, and two conversions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in C. The compiler calls the first four by itself. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *in, int byte, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t most);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);

/* Copies as much of `from` as fits and always terminates (size 0: does nothing). Returns the length
 * of `from`. */
size_t lk_copy_text(char *to, size_t size, const char *from);

/* Reads an unsigned number: decimal, or with 0x hexadecimal. *end_out is set behind it (null: not
 * wanted). False, and nothing stored, if there is no digit or the number is too large. */
bool lk_parse_number(const char *s, uint64_t *value_out, const char **end_out);

/* Up to 16 characters as the two words of Process.setLabel and back; `out` has room for 17. */
void lk_label_pack(const char *text, uint64_t *low_out, uint64_t *high_out);
void lk_label_unpack(uint64_t low, uint64_t high, char out[17]);

/* ASCII: is it a decimal digit, white space, printable (the blank counts)? */
static inline bool lk_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool lk_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
static inline bool lk_is_print(char c)
{
    return c >= ' ' && c <= '~';
}

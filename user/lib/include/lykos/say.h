/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Formatted text: into a buffer, and as whole lines on the console.
 *
 * Formats are a subset of printf: %d %i %u %x %X %o %c %s %p %%, with the lengths hh h l ll z t j,
 * the flags - 0 + space and #, a width and a precision, either of which may be *. Nothing else is
 * understood: such a conversion is copied as it stands.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#define LK_PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Formats into `out`, always terminated if size is not 0. Returns the length the whole text has, as
 * snprintf does. */
size_t lk_vformat(char *text, size_t size, const char *format, va_list args);
size_t lk_format(char *out, size_t size, const char *format, ...) LK_PRINTF_LIKE(3, 4);

#define LK_LINE_MAX 240 /* longest line without its tag; the rest is cut */

/* Print one line, tagged with the name of the program: "name: text". No newline at the end is
 * needed. A text of several lines is tagged once for each. The lines go to the console in one
 * message, so lines of different programs never mix; without a console, or if it is gone, to the
 * kernel log. */
void say(const char *format, ...) LK_PRINTF_LIKE(1, 2);
void vsay(const char *format, va_list args);

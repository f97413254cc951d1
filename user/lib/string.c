/* SPDX-License-Identifier: BSD-2-Clause
 *
 * String functions and conversions. Pure: they also run on the build machine.
 */
#include <lykos/string.h>

size_t strlen(const char *s)
{
    const char *end = s;

    while (*end != '\0') {
        end++;
        __asm__("" : "+r"(end)); /* or the compiler makes a call of strlen() of it */
    }
    return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t most)
{
    size_t n = 0;

    while (n < most && s[n] != '\0') {
        n++;
    }
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i] || a[i] == '\0') {
            return (unsigned char)a[i] - (unsigned char)b[i];
        }
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c) {
            return (char *)(uintptr_t)s;
        }
        if (*s == '\0') {
            return NULL;
        }
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;

    for (;; s++) {
        if (*s == (char)c) {
            found = s;
        }
        if (*s == '\0') {
            return (char *)(uintptr_t)found;
        }
    }
}

char *strstr(const char *s, const char *part)
{
    size_t n = strlen(part);

    for (;; s++) {
        if (strncmp(s, part, n) == 0) {
            return (char *)(uintptr_t)s;
        }
        if (*s == '\0') {
            return NULL;
        }
    }
}

size_t lk_copy_text(char *to, size_t size, const char *from)
{
    size_t n = strlen(from);

    if (size > 0) {
        size_t fits = n < size ? n : size - 1;

        memcpy(to, from, fits);
        to[fits] = '\0';
    }
    return n;
}

/* The value of a digit, or 255. */
static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned)(c - 'A') + 10;
    }
    return 255;
}

bool lk_parse_number(const char *s, uint64_t *value_out, const char **end_out)
{
    uint64_t value = 0;
    unsigned base = 10;

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16) {
        base = 16;
        s += 2;
    }
    if (digit_value(*s) >= base) {
        return false;
    }
    for (unsigned digit; (digit = digit_value(*s)) < base; s++) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *value_out = value;
    if (end_out != NULL) {
        *end_out = s;
    }
    return true;
}

void lk_label_pack(const char *text, uint64_t *low_out, uint64_t *high_out)
{
    char label[16] = { 0 };

    memcpy(label, text, strnlen(text, sizeof(label)));
    memcpy(low_out, label, 8);
    memcpy(high_out, label + 8, 8);
}

void lk_label_unpack(uint64_t low, uint64_t high, char out[17])
{
    memcpy(out, &low, 8);
    memcpy(out + 8, &high, 8);
    out[16] = '\0';
    for (size_t i = 0; out[i] != '\0'; i++) {
        if (!lk_is_print(out[i])) {
            out[i] = '?';
        }
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Formatted text: the subset of printf that <kernel/log.h> names. Everything goes through put(),
 * which never writes beyond the room there is; text that does not fit is cut.
 */
#include <kernel/log.h>
#include <kernel/string.h>

struct output {
    char *text;
    size_t size; /* with the final NUL */
    size_t length;
};

/* One conversion: what stands between '%' and its letter. */
struct conversion {
    bool left, zero;
    bool wide; /* l, ll, z: 64 bits */
    size_t width;
    size_t precision; /* most characters of a string */
};

static void put(struct output *o, char c)
{
    if (o->length + 1 < o->size) {
        o->text[o->length++] = c;
    }
}

/* `n` characters, padded to the width. */
static void put_field(struct output *o, const struct conversion *c, const char *text, size_t n)
{
    size_t padding = c->width > n ? c->width - n : 0;

    for (size_t i = 0; i < padding && !c->left; i++) {
        put(o, c->zero ? '0' : ' ');
    }
    for (size_t i = 0; i < n; i++) {
        put(o, text[i]);
    }
    for (size_t i = 0; i < padding && c->left; i++) {
        put(o, ' ');
    }
}

static void put_number(struct output *o, struct conversion *c, uint64_t value, unsigned base,
                       bool negative)
{
    char digits[24]; /* 20 digits and a sign at most, from the end */
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative && c->zero && !c->left) { /* zeros go behind the sign */
        put(o, '-');
        c->width -= c->width > 0;
    } else if (negative) {
        digits[--at] = '-';
    }
    put_field(o, c, digits + at, sizeof(digits) - at);
}

/* Read a number behind a '%', or take it from the arguments where there is a '*'. */
static const char *read_count(const char *f, size_t *n, va_list *args)
{
    *n = 0;
    if (*f == '*') {
        int count = va_arg(*args, int);

        *n = count < 0 ? 0 : (size_t)count;
        return f + 1;
    }
    for (; *f >= '0' && *f <= '9'; f++) {
        *n = *n * 10 + (size_t)(*f - '0');
    }
    return f;
}

/* Read flags, width, precision and length behind a '%'; returns where the letter is. */
static const char *read_conversion(const char *f, struct conversion *c, va_list *args)
{
    *c = (struct conversion){ .precision = SIZE_MAX };
    for (; *f == '-' || *f == '0'; f++) {
        c->left |= *f == '-';
        c->zero |= *f == '0';
    }
    f = read_count(f, &c->width, args);
    if (*f == '.') {
        f = read_count(f + 1, &c->precision, args);
    }
    for (; *f == 'l' || *f == 'z'; f++) {
        c->wide = true;
    }
    return f;
}

size_t format_text(char *out, size_t size, const char *format, va_list args)
{
    struct output o = { .text = out, .size = size };
    va_list rest;

    va_copy(rest, args);
    while (*format != '\0') {
        struct conversion c;

        if (*format != '%') {
            put(&o, *format++);
            continue;
        }
        format = read_conversion(format + 1, &c, &rest);
        switch (*format) {
        case 's': {
            const char *text = va_arg(rest, const char *);

            if (text == NULL) {
                text = "(null)";
            }
            put_field(&o, &c, text, strnlen(text, c.precision));
            break;
        }
        case 'c': {
            char text = (char)va_arg(rest, int);

            put_field(&o, &c, &text, 1);
            break;
        }
        case 'd': {
            int64_t n = c.wide ? va_arg(rest, int64_t) : va_arg(rest, int);

            put_number(&o, &c, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10, n < 0);
            break;
        }
        case 'u':
        case 'x': {
            uint64_t n = c.wide ? va_arg(rest, uint64_t) : va_arg(rest, unsigned);

            put_number(&o, &c, n, *format == 'u' ? 10 : 16, false);
            break;
        }
        case 'p':
            put(&o, '0');
            put(&o, 'x');
            put_number(&o, &c, (uint64_t)(uintptr_t)va_arg(rest, void *), 16, false);
            break;
        case '\0': /* a '%' at the end */
            put(&o, '%');
            continue;
        default: /* "%%", and what nobody should write */
            put(&o, *format);
            break;
        }
        format++;
    }
    va_end(rest);
    if (size > 0) {
        out[o.length] = '\0';
    }
    return o.length;
}

size_t format_to(char *out, size_t size, const char *format, ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
    n = format_text(out, size, format, args);
    va_end(args);
    return n;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Formatted text: the subset of printf that <kernel/log.h> names. Everything goes through put(),
 * which never writes beyond the room there is; text that does not fit is cut. Formats are literals,
 * which the compiler checks, so none ends in the middle of a conversion.
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
    bool wide; /* l, ll: 64 bits */
    size_t width;
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

static void put_number(struct output *o, const struct conversion *c, uint64_t value, unsigned base)
{
    char digits[20]; /* at most so many, from the end */
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    put_field(o, c, digits + at, sizeof(digits) - at);
}

/* Read flags, width and length behind a '%'; returns where the letter is. */
static const char *read_conversion(const char *f, struct conversion *c)
{
    *c = (struct conversion){ 0 };
    for (; *f == '-' || *f == '0'; f++) {
        c->left |= *f == '-';
        c->zero |= *f == '0';
    }
    for (; *f >= '0' && *f <= '9'; f++) {
        c->width = c->width * 10 + (size_t)(*f - '0');
    }
    for (; *f == 'l'; f++) {
        c->wide = true;
    }
    return f;
}

size_t format_text(char *out, size_t size, const char *format, va_list args)
{
    struct output o = { .text = out, .size = size };

    for (; *format != '\0'; format++) {
        struct conversion c;

        if (*format != '%') {
            put(&o, *format);
            continue;
        }
        format = read_conversion(format + 1, &c);
        if (*format == 's') {
            const char *text = va_arg(args, const char *);

            text = text == NULL ? "(null)" : text;
            put_field(&o, &c, text, strlen(text));
        } else if (*format == 'u' || *format == 'x') {
            uint64_t n = c.wide ? va_arg(args, uint64_t) : va_arg(args, unsigned);

            put_number(&o, &c, n, *format == 'u' ? 10 : 16);
        } else {
            put(&o, '%'); /* "%%", and what nobody should write */
        }
    }
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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Formatted text into a buffer: the subset of printf that say.h describes. Pure: it also runs on
 * the build machine.
 */
#include <lykos/say.h>
#include <lykos/string.h>
#include <stdbool.h>
#include <stdint.h>

/* Where text goes: all of it is counted, what fits is stored. */
struct output {
    char *at;
    size_t size;
    size_t length;
};

/* One conversion, as it was read from the format. */
struct conversion {
    bool left, zero, plus, space, alternate;
    bool has_precision;
    unsigned width;
    unsigned precision;
    unsigned bytes; /* of an integer argument */
};

/* Long enough for 64 bits in base 8. */
#define DIGITS_MAX 24

/* No field is wider: a mistake in a width does not become a message without end. */
#define FIELD_MAX 4096u

static void put(struct output *out, char c)
{
    if (out->length + 1 < out->size) {
        out->at[out->length] = c;
    }
    out->length++;
}

static void put_many(struct output *out, char c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(out, c);
    }
}

static void put_text(struct output *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(out, text[i]);
    }
}

/* `prefix` and `text` in a field, with `zeros` between them. */
static void put_field(struct output *out, const struct conversion *c, const char *prefix,
                      size_t zeros, const char *text, size_t n)
{
    size_t prefix_len = strlen(prefix);
    size_t length = prefix_len + zeros + n;
    size_t fill = c->width > length ? c->width - length : 0;

    if (!c->left) {
        put_many(out, ' ', fill);
    }
    put_text(out, prefix, prefix_len);
    put_many(out, '0', zeros);
    put_text(out, text, n);
    if (c->left) {
        put_many(out, ' ', fill);
    }
}

/* A number in base 8, 10 or 16, with what stands before it. */
static void put_number(struct output *out, const struct conversion *c, const char *prefix,
                       uint64_t value, unsigned base, const char *digits)
{
    char text[DIGITS_MAX];
    size_t at = sizeof(text);
    size_t n;
    size_t zeros = 0;

    for (; value != 0; value /= base) {
        text[--at] = digits[value % base];
    }
    if (at == sizeof(text) && !(c->has_precision && c->precision == 0)) {
        text[--at] = '0';
    }
    n = sizeof(text) - at;
    if (c->has_precision) {
        zeros = c->precision > n ? c->precision - n : 0;
    } else if (c->zero && !c->left && c->width > strlen(prefix) + n) {
        zeros = c->width - strlen(prefix) - n;
    }
    put_field(out, c, prefix, zeros, text + at, n);
}

/* Read a number at *format, or take it from the arguments if a * stands there. */
static int read_count(const char **format, va_list *args)
{
    unsigned n = 0;

    if (**format == '*') {
        int value = va_arg(*args, int);

        (*format)++;
        if (value < 0) {
            return value < -(int)FIELD_MAX ? -(int)FIELD_MAX : value;
        }
        return value > (int)FIELD_MAX ? (int)FIELD_MAX : value;
    }
    for (; lk_is_digit(**format); (*format)++) {
        n = n * 10 + (unsigned)(**format - '0');
        if (n > FIELD_MAX) {
            n = FIELD_MAX;
        }
    }
    return (int)n;
}

static bool read_flag(struct conversion *c, char letter)
{
    switch (letter) {
    case '-':
        c->left = true;
        return true;
    case '0':
        c->zero = true;
        return true;
    case '+':
        c->plus = true;
        return true;
    case ' ':
        c->space = true;
        return true;
    case '#':
        c->alternate = true;
        return true;
    default:
        return false;
    }
}

/* Read flags, width, precision and length; leaves *format at the letter. */
static struct conversion read_conversion(const char **format, va_list *args)
{
    struct conversion c = { .bytes = sizeof(int) };
    int n;

    while (read_flag(&c, **format)) {
        (*format)++;
    }
    n = read_count(format, args);
    if (n < 0) {
        c.left = true;
        n = -n;
    }
    c.width = (unsigned)n;
    if (**format == '.') {
        (*format)++;
        n = read_count(format, args);
        c.has_precision = n >= 0;
        c.precision = n >= 0 ? (unsigned)n : 0;
    }
    for (;; (*format)++) {
        switch (**format) {
        case 'h':
            c.bytes = c.bytes == sizeof(short) ? sizeof(char) : sizeof(short);
            break;
        case 'l':
        case 'z':
        case 't':
        case 'j':
            c.bytes = sizeof(long);
            break;
        default:
            return c;
        }
    }
}

static int64_t signed_argument(const struct conversion *c, va_list *args)
{
    switch (c->bytes) {
    case sizeof(char):
        return (signed char)va_arg(*args, int);
    case sizeof(short):
        return (short)va_arg(*args, int);
    case sizeof(int):
        return va_arg(*args, int);
    default:
        return va_arg(*args, long);
    }
}

static uint64_t unsigned_argument(const struct conversion *c, va_list *args)
{
    switch (c->bytes) {
    case sizeof(char):
        return (unsigned char)va_arg(*args, unsigned);
    case sizeof(short):
        return (unsigned short)va_arg(*args, unsigned);
    case sizeof(int):
        return va_arg(*args, unsigned);
    default:
        return va_arg(*args, unsigned long);
    }
}

static void put_signed(struct output *out, const struct conversion *c, int64_t value)
{
    const char *sign = c->plus ? "+" : c->space ? " " : "";
    uint64_t magnitude = (uint64_t)value;

    if (value < 0) {
        sign = "-";
        magnitude = -magnitude;
    }
    put_number(out, c, sign, magnitude, 10, "0123456789");
}

static void put_hex(struct output *out, const struct conversion *c, uint64_t value, bool upper)
{
    const char *prefix = !c->alternate || value == 0 ? "" : upper ? "0X" : "0x";

    put_number(out, c, prefix, value, 16, upper ? "0123456789ABCDEF" : "0123456789abcdef");
}

static void put_string(struct output *out, const struct conversion *c, const char *text)
{
    if (text == NULL) {
        text = "(null)";
    }
    put_field(out, c, "", 0, text, c->has_precision ? strnlen(text, c->precision) : strlen(text));
}

/* Carry out one conversion. False: the letter is none that is known. */
static bool put_conversion(struct output *out, const struct conversion *c, char letter,
                           va_list *args)
{
    char one;

    switch (letter) {
    case 'd':
    case 'i':
        put_signed(out, c, signed_argument(c, args));
        return true;
    case 'u':
        put_number(out, c, "", unsigned_argument(c, args), 10, "0123456789");
        return true;
    case 'x':
    case 'X':
        put_hex(out, c, unsigned_argument(c, args), letter == 'X');
        return true;
    case 'o':
        put_number(out, c, c->alternate ? "0" : "", unsigned_argument(c, args), 8, "01234567");
        return true;
    case 'p':
        put_number(out, c, "0x", (uintptr_t)va_arg(*args, void *), 16, "0123456789abcdef");
        return true;
    case 'c':
        one = (char)va_arg(*args, int);
        put_field(out, c, "", 0, &one, 1);
        return true;
    case 's':
        put_string(out, c, va_arg(*args, const char *));
        return true;
    case '%':
        put(out, '%');
        return true;
    default:
        return false;
    }
}

size_t lk_vformat(char *text, size_t size, const char *format, va_list args)
{
    struct output out = { .at = text, .size = size };
    va_list rest;

    va_copy(rest, args);
    while (*format != '\0') {
        const char *start = format;

        if (*format++ != '%') {
            put(&out, *start);
            continue;
        }
        struct conversion c = read_conversion(&format, &rest);

        if (*format == '\0' || !put_conversion(&out, &c, *format, &rest)) {
            put_text(&out, start,
                     (size_t)(format - start)); /* as it stands; the letter comes next */
            continue;
        }
        format++;
    }
    va_end(rest);
    if (size > 0) {
        text[out.length < size ? out.length : size - 1] = '\0';
    }
    return out.length;
}

size_t lk_format(char *out, size_t size, const char *format, ...)
{
    va_list args;
    size_t length;

    va_start(args, format);
    length = lk_vformat(out, size, format, args);
    va_end(args);
    return length;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One line of the system description; see description_line.h.
 */
#include "description_line.h"

/* ---- words and texts ------------------------------------------------------------------------- */

static size_t text_length(const char *s)
{
    size_t n = 0;

    while (s[n] != '\0') {
        n++;
    }
    return n;
}

bool text_same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

bool word_is(struct word w, const char *text)
{
    size_t n = text_length(text);

    if (w.len != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (w.at[i] != text[i]) {
            return false;
        }
    }
    return true;
}

bool word_number(struct word w, uint64_t *out)
{
    uint64_t base = 10;
    uint64_t value = 0;
    size_t i = 0;

    if (w.len > 2 && w.at[0] == '0' && (w.at[1] == 'x' || w.at[1] == 'X')) {
        base = 16;
        i = 2;
    }
    if (i == w.len) {
        return false;
    }
    for (; i < w.len; i++) {
        char c = w.at[i];
        uint64_t digit;

        if (c >= '0' && c <= '9') {
            digit = (uint64_t)(c - '0');
        } else if (base == 16 && c >= 'a' && c <= 'f') {
            digit = (uint64_t)(c - 'a') + 10;
        } else if (base == 16 && c >= 'A' && c <= 'F') {
            digit = (uint64_t)(c - 'A') + 10;
        } else {
            return false;
        }
        if (value > (UINT64_MAX - digit) / base) {
            return false;
        }
        value = value * base + digit;
    }
    *out = value;
    return true;
}

/* How many letters must be changed, added, dropped to get from one word to the other; 9 for "many".
 */
static unsigned word_distance(struct word w, const char *text)
{
    unsigned row[32];
    size_t n = text_length(text);

    if (n >= 31 || w.len >= 31) {
        return 9;
    }
    for (unsigned j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; i <= w.len; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned best = diagonal + (w.at[i - 1] == text[j - 1] ? 0u : 1u);

            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

bool word_near(struct word w, const char *text)
{
    return word_distance(w, text) <= 2;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

bool line_cut(struct reader *r, const char *at, size_t len)
{
    size_t i = 0;

    r->words = 0;
    r->rest_len = 0;
    while (i < len) {
        while (i < len && is_blank(at[i])) {
            i++;
        }
        if (i == len) {
            break;
        }
        if (r->words == 1) {
            r->rest = at + i;
            r->rest_len = len - i;
        }
        size_t start = i;

        while (i < len && !is_blank(at[i])) {
            i++;
        }
        if (r->words < WORDS_MAX) {
            r->word[r->words] = (struct word){ at + start, i - start };
        }
        r->words++;
    }
    while (r->rest_len > 0 && is_blank(r->rest[r->rest_len - 1])) {
        r->rest_len--;
    }
    return r->words <= WORDS_MAX;
}

/* ---- mistakes -------------------------------------------------------------------------------- */

struct shown show(struct word w)
{
    struct shown s;
    size_t n = w.len < sizeof(s.text) - 1 ? w.len : sizeof(s.text) - 1;

    for (size_t i = 0; i < n; i++) {
        s.text[i] = w.at[i] >= ' ' && w.at[i] <= '~' ? w.at[i] : '?';
    }
    s.text[n] = '\0';
    return s;
}

struct shown show_number(uint64_t value)
{
    struct shown s;
    char digits[24];
    size_t n = 0;
    size_t at = 0;

    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (n > 0) {
        s.text[at++] = digits[--n];
    }
    s.text[at] = '\0';
    return s;
}

void mistake_at(struct reader *r, struct program *p, unsigned line, const char *const pieces[])
{
    char message[200];
    size_t at = 0;

    for (size_t i = 0; pieces[i] != NULL; i++) {
        for (const char *s = pieces[i]; *s != '\0' && at < sizeof(message) - 1; s++) {
            message[at++] = *s;
        }
    }
    message[at] = '\0';
    r->d->mistakes++;
    if (p != NULL) {
        p->faulty = true;
    }
    r->report(r->context, line, message);
}

void mistake_unknown(struct reader *r, const char *what, struct word w, const char *nearest)
{
    MISTAKE(r, "unknown ", what, " '", show(w).text, "'", nearest != NULL ? "; did you mean '" : "",
            nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

/* ---- what stands on the line ----------------------------------------------------------------- */

/* Is this a name: letters, digits, '-' and '_', beginning with a letter? */
static bool is_name(struct word w)
{
    for (size_t i = 0; i < w.len; i++) {
        char c = w.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '-' || c == '_';

        if (!letter && (i == 0 || !other)) {
            return false;
        }
    }
    return w.len > 0;
}

bool take_name(struct reader *r, struct word w, char *out, size_t max, const char *what)
{
    if (!is_name(w)) {
        MISTAKE(r, "'", show(w).text, "' is no name for ", what,
                ": letters, digits, '-' and '_', beginning with a letter");
        return false;
    }
    if (w.len > max) {
        MISTAKE(r, "name '", show(w).text, "' is too long: ", what, " has at most ",
                show_number(max).text, " characters");
        return false;
    }
    for (size_t i = 0; i < w.len; i++) {
        out[i] = w.at[i];
    }
    out[w.len] = '\0';
    return true;
}

bool take_number(struct reader *r, unsigned i, const char *what, uint64_t low, uint64_t high,
                 uint64_t *out)
{
    if (i >= r->words) {
        MISTAKE(r, "a number is missing: ", what);
        return false;
    }
    if (!word_number(r->word[i], out)) {
        MISTAKE(r, "'", show(r->word[i]).text, "' is no number: ", what);
        return false;
    }
    if (*out < low || *out > high) {
        MISTAKE(r, what, " is ", show(r->word[i]).text, ", but must lie in ", show_number(low).text,
                "..", show_number(high).text);
        return false;
    }
    return true;
}

bool words_end(struct reader *r, unsigned n)
{
    if (r->words > n) {
        MISTAKE(r, "too much on the line: '", show(r->word[n]).text, "'");
        return false;
    }
    return true;
}

bool pages_end(struct reader *r, unsigned i)
{
    if (r->words > i && (word_is(r->word[i], "pages") || word_is(r->word[i], "page"))) {
        i++;
    }
    return words_end(r, i);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One line of the system description: its words, what they can be read as, and how a mistake in it
 * is told. For the files description*.c alone.
 *
 * What reads a word, or a number, says itself what is wrong with it, and returns false: who calls
 * has only to stop.
 */
#pragma once

#include "description.h"

#define WORDS_MAX 16 /* words on one line */

/* A word of the text, which has no NUL behind it. */
struct word {
    const char *at;
    size_t len;
};

/* All that reading needs. */
struct reader {
    struct description *d;
    struct program *program; /* the one whose properties are being read; NULL before the first */
    bool lost;               /* the `program` line was unusable: its properties are passed over */
    unsigned line;
    const char *rest; /* the line behind its first word, for `args` */
    size_t rest_len;
    struct word word[WORDS_MAX];
    unsigned words;
    bool format_seen;
    desc_report_fn report;
    void *context;
};

/* Cut a line, without its comment, into r->word, and set r->rest. False: it has more words than
 * WORDS_MAX; r->words says how many, and the first WORDS_MAX of them are there. */
bool line_cut(struct reader *r, const char *at, size_t len);

/* ---- words and texts ---- */

/* Are these two C strings the same? */
bool text_same(const char *a, const char *b);

/* Is the word this text? */
bool word_is(struct word w, const char *text);

/* Is the word so near to this text, two letters changed, added or dropped at most, that it may have
 * been meant? */
bool word_near(struct word w, const char *text);

/* A number, decimal, or hexadecimal behind 0x. False: it is none, or has more than 64 bits. */
bool word_number(struct word w, uint64_t *out);

/* ---- mistakes ---- */

/* A word or number as a C string for messages, cut to fit. */
struct shown {
    char text[40];
};
struct shown show(struct word w);
struct shown show_number(uint64_t value);

/* Tell a mistake at a line, made of the given pieces, the last of which is NULL, and mark the
 * program it stands in, if any. */
void mistake_at(struct reader *r, struct program *p, unsigned line, const char *const pieces[]);

/* The same about the line being read; the pieces are arguments. */
#define MISTAKE(r, ...)                                                                            \
    mistake_at((r), (r)->program, (r)->line, (const char *const[]){ __VA_ARGS__, NULL })

/* Tell that this word is unknown; `what` it was to be ("word"), and what may have been meant, or
 * NULL. */
void mistake_unknown(struct reader *r, const char *what, struct word w, const char *nearest);

/* ---- what stands on the line: word `i`, or from there to its end ---- */

/* Copy a name into `out`, which holds `max` characters and the NUL. */
bool take_name(struct reader *r, struct word w, char *out, size_t max, const char *what);

/* Read word `i` as a number from low to high. */
bool take_number(struct reader *r, unsigned i, const char *what, uint64_t low, uint64_t high,
                 uint64_t *out);

/* The line ends here: it has no more than `n` words. */
bool words_end(struct reader *r, unsigned n);

/* The word `pages` or `page`, which may be left out, and the end of the line. */
bool pages_end(struct reader *r, unsigned i);

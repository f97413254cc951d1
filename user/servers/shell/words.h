/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the shell says of a program, in words: its state, its holds, what it waits for, what became
 * of a notification. Pure: what is known of the program goes in, text comes out, terminated and cut
 * to fit.
 */
#pragma once

#include <lykos/programs.h>

#include <stdbool.h>
#include <stddef.h>

/* Nanoseconds as seconds with three digits behind the point. */
struct seconds {
    char text[32];
};
struct seconds show_seconds(uint64_t nsec);

/* "receiving" */
const char *state_words(const struct program_info *p);

/* What it waits for: "the answer of pong". Empty: for nothing. */
void wait_words(const struct program_info *p, char *text, size_t size);

/* Its holds in a column of seven: "-", "suspend", "2 holds". */
void holds_word(const struct program_info *p, char *text, size_t size);

/* Its holds, each with the time since when, `between` them: "proxy since 12.345 s (0.500 ms ago)".
 * `now`: nanoseconds since boot. "none". */
void holds_words(const struct program_info *p, uint64_t now, const char *between, char *text,
                 size_t size);

/* Its handler, by label: "ear". */
void handler_name(const struct program_info *p, char *text, size_t size);

/* The same, and how it is, if it cannot be told: "ear, which has faulted: ...". "none". */
void handler_words(const struct program_info *p, char *text, size_t size);

/* What waits to be told to it: "bits 0x1 for its handler". "nothing". */
void pending_words(const struct program_info *p, char *text, size_t size);

/* Its right to defer: "it may defer, for at most 10.000 ms". Whether it does now is known only
 * while something waits for that. */
void deferral_words(const struct program_info *p, uint64_t now, char *text, size_t size);

/* Why its bits wait, seen at the moment they were posted: "ear does not wait for messages now". */
void why_pending(const struct program_info *p, char *text, size_t size);

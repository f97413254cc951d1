/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The boot command line: words with blanks between. docs/boot.md lists them.
 */
#pragma once

#include <kernel/boot_info.h>
#include <kernel/types.h>

#define CMDLINE_PATTERN 64

/* What the command line said. Constant after boot. */
struct cmdline {
    bool selftest;                      /* run the self-tests instead of init */
    char pattern[CMDLINE_PATTERN];      /* those that match this; "*" unless given */
    bool trace;                         /* record every event from the start */
    bool nofast;                        /* no fast path for messages */
    uint64_t seed;                      /* of the random preemption; 0: none */
    char init_words[BOOT_COMMAND_LINE]; /* what is for init, with one blank between */
};
extern struct cmdline cmdline;

/* Read the command line into `cmdline` and log_level. A value that makes no sense is named in the
 * log. `text` is printable and terminated within BOOT_COMMAND_LINE bytes; of a line that fills them
 * all the last word counts as cut off. */
void cmdline_parse(const char *text);

/* Read a number: decimal, or hexadecimal after "0x"; false if `text` is not one, whole, that fits.
 */
bool number_parse(const char *text, uint64_t *value) WARN_UNUSED;

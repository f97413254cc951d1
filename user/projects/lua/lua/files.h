/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The files that there are: scripts of the folder scripts, which are in the program. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* One of them; `end` is behind its last byte. */
struct script {
    const char *name;
    const char *text;
    const char *end;
};

/* All, in the order of their names. (build/scripts.c, which the Makefile makes) */
extern const struct script scripts[];
extern const unsigned script_count;

/* Of the terminal, if the program holds it (terminal.c). Read: bytes of a line that was typed, 0 at
 * its end; -1: the program does not hold it. Write: false, if the program does not hold it. */
int terminal_read(char *to, size_t most);
_Bool terminal_write(const char *from, size_t n);

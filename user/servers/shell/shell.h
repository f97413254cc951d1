/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the parts of the shell share: printing, waiting, the commands.
 */
#pragma once

#include "line.h"

#include <abi/gen.h>
#include <lykos/programs.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Notice bits posted to the shell. */
#define NOTICE_INPUT 0x1u /* something was typed */
#define NOTICE_CTRL_C 0x2u
#define NOTICE_ENDED 0x4u /* the program that was started has ended */
#define NOTICE_TIMER 0x8u
#define NOTICE_CONSOLE 0x10u /* the console was begun again */
#define NOTICE_KILL 0x20u    /* a program is to be ended now */

/* Registers. */
#define REG_NOTICE 28 /* AppNotice to the shell, with all of these bits */

extern struct line_editor editor;

/* ---- main.c: the terminal -------------------------------------------------------------------- */

/* Raw text; it is sent when much has gathered, and before the shell waits. */
void put(const char *text, size_t len);
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void flush(void);

/* The same, and let it reach the terminal. */
void flush_all(void);

/* The console was begun again and knows nothing of the shell: take its terminal. If it has ended
 * for good, the shell is not seen nor heard any more. */
void console_again(void);

/* Wait until one of the bits is posted; returns those of them that were. NOTICE_INPUT is kept for
 * later meanwhile. A console that was begun again is told whose the terminal is. */
uint64_t wait_for(uint64_t bits);

/* ---- commands.c ------------------------------------------------------------------------------ */

/* Carry out a line. */
void command_run(const char *line);

/* The first word of a text into `word`; returns the rest, without the blanks before it. */
const char *first_word(const char *text, char *word, size_t size);

/* Carry out the words of the boot command line that are commands, `bench` and `run=NAME,ARGUMENTS`,
 * and then end the machine, with status 1 if one of them ended badly; the word `shell` keeps it on.
 * `limit=SECONDS` is how long each `run` behind it may take. False: there was no such command. */
bool commands_boot(const char *words);

/* ---- memory.c -------------------------------------------------------------------------------- */

/* These commands. */
void command_mem(const char *args);
void command_spaces(const char *args);
void command_locks(const char *args);

/* ---- ps.c ------------------------------------------------------------------------------------ */

/* These commands. */
void command_ps(const char *args);
void command_suspend(const char *args);
void command_resume(const char *args);
void command_notify(const char *args);

/* ---- top.c ----------------------------------------------------------------------------------- */

/* This command. */
void command_top(const char *args);

/* ---- programs.c: init.programs as functions -------------------------------------------------- */

/* Number of a program by name. False, and says so: there is none. */
bool program_find(const char *name, uint64_t *number);

/* The first program whose number is *number or more: sets *number. False: there are no more. */
bool program_next(uint64_t *number, struct program_info *out);

/* State of a program. False: there is none of this number. */
bool program_info(uint64_t number, struct program_info *out);

/* State and number (NULL: unwanted) of a program by name, init among them. False: there is none. */
bool program_named(const char *name, struct program_info *out, uint64_t *number);

/* The same. False, and says so: there is none, or it does not run. */
bool program_running(const char *name, struct program_info *out, uint64_t *number);

/* A process by label that a program has made, and that program's name. False: init knows none. */
bool program_inside(const char *label, struct program_info *out, char owner[PROGRAM_NAME_MAX]);

/* Set or clear the suspend hold of a program; its holds as they were. False, and says why: it could
 * not be done. */
bool program_hold(uint64_t number, const char *name, bool set, uint64_t *before);

/* Post the bits to the handler of a program: was it told at once? `p` is its state, as it was, and
 * then as it is right behind the post. False, and says why: it could not be done. */
bool program_notify(uint64_t number, uint64_t bits, struct program_info *p, bool *told);

/* Start a program in the foreground and wait for its end, or end it at Ctrl-C, with all that it has
 * started; or, unless `limit` is 0, after so many seconds, having said what all programs wait for.
 * Says how it ended, unless it ended well. */
bool program_run(const char *name, const char *args, uint64_t limit);

/* Start one in the background; end one. */
void program_start(const char *name, const char *args);
void program_destroy(const char *name);

/* End one as if it had failed; end one and have it begun again. Says what became of it. */
void program_kill(const char *name);
void program_restart(const char *name);

/* End one as if it had failed, when some seconds have passed, whatever the shell does then; nothing
 * is said of it. One at a time, for there is one timer: is there one? */
void program_kill_in(const char *name, uint64_t seconds);
void program_kill_due(void);
bool program_kill_waits(void);

/* The n-th bank in the tree of banks. False: there are no more. */
struct bank_info;
bool program_bank(uint64_t n, struct bank_info *out);

/* Some lines of the picture of a program's address space, terminated; *position: 0 at first, 0 at
 * the end. False, and says why: there is none. */
bool program_space(const char *name, uint64_t number, uint64_t *position, char *out, size_t size);

/* The same of its locks. */
bool program_locks(const char *name, uint64_t number, uint64_t *position, char *out, size_t size);

/* Line `n` about what a program holds. False: there are no more. */
bool program_cap(uint64_t number, uint64_t n, char *out, size_t size);

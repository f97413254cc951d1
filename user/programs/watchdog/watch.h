/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the watchdog and those whom it watches have to know of each other (README.md).
 */
#pragma once

/* The clients: the number of each is the payload of its Entry to the watchdog and the bit that it
 * posts as a sign of life. user/system.lyk gives both. */
enum { CALM, LOOPER, WAITER, HOLDER, CLIENTS };

/* At watchdog.main. A client asks to be watched, and gives itself into the watchdog's hands.
 * word 1: offset of its preemption control word in its page; capability 1: its Process; 2: the page
 * of its control word, Null: it does not defer; 3: for the story, a notice that makes its server
 * answer its first call, Null: it has no server. REQUEST_ERROR: capability 1 is no Process. */
#define WATCH_ME 1u

/* At silent.main. Answer to the first call, when the notice has come: word 1. A second call is
 * never answered: the server has lost its caller. */
#define SILENT_ASK 1u
#define SILENT_ANSWER 4711u
#define SILENT_NOTICE 1u

/* The looper counts in r15, and has this in all other registers that are not used for the stack. */
#define LOOPER_CANARY 0xca9a51a5ca9a51a5ul

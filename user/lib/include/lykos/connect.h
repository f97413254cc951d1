/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Servers that end and are begun again. The endpoint of the old one is gone, and with it every
 * Entry to it: a call answers INVALID_CAP, or INVOKEE_GONE if it was under way. init makes the
 * capability of the same name anew.
 *
 *      do {
 *          s = counter_add(reg, 1);
 *      } while (lk_came_back(reg, s, &tries));
 *
 * A call that was under way may have been carried out or not: only what may be done twice should be
 * asked again.
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stdint.h>

/* Have init make the capability named so in the start block anew, into its register. Waits while
 * the server is about to be begun again. NOT_FOUND: there is no such name, or the server does not
 * run and is not begun again. REQUEST_ERROR: a bank or a Range, which stays good. IN_USE: another
 * thread of the program waits for a server that is about to be begun again. */
enum status lk_connect(const char *name);

/* Have init post `bits` through the AppNotice in register `notice` each time that the server behind
 * the capability of this name was begun again, or has ended for good; register 0: no more. For who
 * waits for something that a server does by itself, and would not notice that it died. One server
 * at a time. NOT_FOUND: there is no Entry of that name. */
enum status lk_watch(const char *name, uint64_t bits, uint32_t notice);

/* A server answered `s` through register `reg`. True: it had died, the register holds an Entry to
 * the new one, and the call may be made again. *tries is 0 at first; after three times it is false.
 */
bool lk_came_back(uint32_t reg, enum status s, unsigned *tries);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs whose server ended and is begun again: they ask for their capability anew, by its name,
 * and wait for it; or want to be told.
 */
#pragma once

#include "instances.h"

/* The capability of this name that an instance was granted, made anew, into REG_WORK. WOULD_BLOCK:
 * whom it names is to be begun again; the instance's reply capability in register `caller` is kept
 * and answered then. NOT_FOUND: there is none of that name, or whom it names does not run.
 * REQUEST_ERROR: a bank or a Range, which stay good. IN_USE: another request of the instance waits
 * already. */
enum status connect_ask(uint32_t i, const char *name, uint32_t caller);

/* Post `bits` through the AppNotice in register `notice` each time that the server behind the
 * capability of this name was begun again or ended for good; register 0: no more. NOT_FOUND: no
 * such Entry. */
enum status connect_watch(uint32_t i, const char *name, uint32_t notice, uint64_t bits);

/* Answer and tell all who wait for instance `server`: it is there again, or it never will be. */
void connect_tell(uint32_t server);

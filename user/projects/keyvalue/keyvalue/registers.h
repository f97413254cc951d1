/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The capability registers of the server. 8 to 11 have names: session, bank, space, discrim.
 */
#pragma once

#include <lykos/start.h>

#define REG_NAMES 4 /* named capabilities from LK_REG_NAMED on, the endpoint included */

#define REG_WAITERS 12 /* 12..19: callers of `await` */
#define WAITERS 8u
#define REG_SHELF 20 /* CapPage: what is not in use at the moment */
#define REG_TOLD 21  /* AppNotice to this server itself */
#define REG_WORK 22  /* for a few lines */

/* Of the client that is at hand (window.c). */
#define REG_BANK 28
#define REG_TABLE 29 /* GPT of its 16 MiB */
#define REG_LEAF 30  /* GPT of the 64 KiB at hand */
#define REG_PAGE 31

/* The shelf: for each client its bank and GPT, for each session its AppNotice. */
#define SHELF_BANK(client) (2 * (client))
#define SHELF_TABLE(client) (2 * (client) + 1)
#define SHELF_NOTICE(session) (64 + (session))

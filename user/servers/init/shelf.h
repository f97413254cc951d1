/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shelf: where init keeps capabilities, in capability pages, since a process has just 32
 * registers: 16 places for each program that there is, and a page for init's own.
 *
 * One page holds the others. Pages are added as programs are, and never taken away.
 */
#pragma once

#include "source.h"

#define SHELF_ROWS 4080u    /* programs that can be kept: 255 pages */
#define SHELF_PAGE_ROWS 16u /* in a page */

enum shelf_place {
    SHELF_PROCESS,
    SHELF_SCHEDULE,
    SHELF_REPLY,    /* its reply Endpoint */
    SHELF_SPACE,    /* the GPT at the root of its space */
    SHELF_BANK,     /* the bank that pays for it, with the owner's right */
    SHELF_NOTICE,   /* AppNotice of whoever started it and wants to know its end */
    SHELF_WAITER,   /* reply capability of whoever waits for its end */
    SHELF_CALLER,   /* its own reply capability while it waits for a server to be there again */
    SHELF_START,    /* the Page of its start block */
    SHELF_WATCH,    /* AppNotice: it wants to know that a server came back */
    SHELF_ENDPOINT, /* and the following: its endpoints */
    SHELF_PLACES = 16,
    /* Of one that somebody else pays for, which has no SHELF_NOTICE: */
    SHELF_WITNESS =
        SHELF_NOTICE /* a Process that never runs, with the reply capability of who waits */
};

/* init's own. */
enum own_place {
    OWN_BANK_ENDPOINT, /* Endpoint of the bank, which outlives its process */
    OWN_PAGER_MAIN,    /* and the two behind it: endpoints of the pager, in their order */
    OWN_PAGER_MEMORY,
    OWN_PAGER_FAULTS,
    OWN_CONTROL, /* Endpoint of the Entries that control one instance each */
    OWN_PAGER,   /* Entry of the pager */
    OWN_WARDEN,  /* Process of the warden */
    OWN_WARDEN_ENDPOINT,
    OWN_DEVICES, /* Range of the device frames */
    OWN_ARCHIVE, /* GPTs: init's view of the archive, without the right to write */
    OWN_ARCHIVE_END = OWN_ARCHIVE + 2,
    OWN_KEPT = OWN_ARCHIVE_END /* and the following: the kept Range of each program */
};

/* Set it up, from a source. */
enum status shelf_init(const struct source *s);

/* See that there is room for row `row`; else make some, from a source. */
enum status shelf_grow(const struct source *s, unsigned row);

/* Put the capability in register `reg` into a place of a row; register 0 empties it. */
enum status shelf_put(unsigned row, unsigned place, uint32_t reg);

/* Copy the capability in a place of a row into register `reg`. */
enum status shelf_get(unsigned row, unsigned place, uint32_t reg);

/* Is there a valid capability in register `reg`? */
bool cap_there(uint32_t reg);

/* The same for init's own. */
enum status own_put(unsigned place, uint32_t reg);
enum status own_get(unsigned place, uint32_t reg);

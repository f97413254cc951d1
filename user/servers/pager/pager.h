/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parts of the pager, and what stands in which capability register.
 *
 *   regions.c   what belongs at an address; no capabilities
 *   paid.c      what it asks of banks
 *   own.c       the pager's own memory, and the archive as it sees it
 *   spaces.c    the table of spaces; the walk down a space to the GPT that holds a page
 *   fault.c     a fault, from the message to what the process is told
 *   serve.c     the methods, and the loop
 */
#pragma once

#include "regions.h"

#include <lykos/start.h>

/* Endpoint IDs. */
#define PAGER_MAIN LK_ENDPOINT_ID
#define PAGER_MEMORY (LK_ENDPOINT_ID + 1)
#define PAGER_FAULTS (LK_ENDPOINT_ID + 2)

/* Capability registers. Those below 16 are named in the start block; LK_REG_CALLER and the three
 * behind it are where requests come. */
enum {
    P_RANGE = 14,   /* Range: where the pager's own objects are made */
    P_SCRATCH = 15, /* Page: the scratch page */
    P_PAGE = 16,    /* page on its way */
    P_OLD = 17,     /* what a slot holds; work */
    P_BANK = 18,    /* of the space at hand */
    P_ROOT = 19,
    P_GPT = 20,            /* and the two behind it: its GPTs of l2v 24, 20, 16 */
    P_LEAF = 23,           /* its GPT of l2v 12 */
    P_GROUP = LK_REG_FREE, /* CapPage of the space at hand */
    P_TABLE = 29,          /* CapPage: the CapPages of all spaces, then GPTs of the archive */
    P_WORK = 30            /* and 31: of user/lib/room.c */
};

/* What the pager is given. */
struct pager_setup {
    uint32_t space;         /* register: GPT, the root of its own space */
    uint32_t bank;          /* register: the bank that pays for the pager itself */
    uint32_t discrim;       /* register: Discrim */
    uint64_t own_va;        /* PAGER_OWN_BYTES of address that it may use, nothing mapped there */
    uint64_t archive;       /* where the archive is mapped in its space */
    uint64_t archive_bytes; /* length of it */
};

#define PAGER_OWN_BYTES 0x400000ull

/* Begin anew, knowing no space, and serve for ever. */
_Noreturn void pager_run(const struct pager_setup *setup);

/* ---- paid.c ---- */

/* One object of the bank; frames in a row; an object back. As BANK_ALLOCATE, BANK_RANGE, BANK_FREE.
 * If the bank's server is gone they wait a little for the next. */
enum status paid_make(uint32_t bank, uint64_t type, uint32_t reg);
enum status paid_range(uint32_t bank, uint64_t frames, uint32_t reg);
enum status paid_free(uint32_t bank, uint32_t reg);

/* ---- own.c ---- */

/* Take the setup over and make the scratch page. */
enum status own_begin(const struct pager_setup *setup);
extern struct pager_setup pager;

/* A page that can be written, at PAGER_PAGE * n in the pager's part of its space; stays for ever. n
 * counts from 0; nothing is there yet. */
enum status own_page(unsigned n);
void *own_address(unsigned n);

/* A CapPage for the pager itself, into a register. */
enum status own_cappage(uint32_t reg);

/* The page of zeros and data that P_SCRATCH names. */
void *own_scratch(void);

/* The archive's page at this address, as it is mapped, into a register. */
enum status own_archive_page(uint64_t address, uint32_t reg);

/* Slots 0..127 of P_TABLE hold the CapPages of the spaces, these the archive's GPTs. */
#define TABLE_ARCHIVE 128u
#define TABLE_ARCHIVE_SLOTS 128u

/* What a capability register holds: type (0: Null or invalid) and restrictions. */
uint64_t cap_type(uint32_t reg, uint64_t *restr_out);

/* ---- spaces.c ---- */

#define SPACE_LEAVES 2u /* stack and heap, or heap and data, as programs begin */

/* A space, as far as it can be told again; its capabilities are in CapPages. */
struct space {
    uint64_t number; /* what it is known by: whole */
    struct pager_region region[PAGER_REGIONS];
    struct pager_info info;
    struct {
        uint64_t tag;  /* which GPT of l2v 12 is in slot CAP_LEAF and on; NO_LEAF: none */
        uint8_t restr; /* restrictions on the way to it */
    } leaf[SPACE_LEAVES];
    uint32_t in_vain; /* faults in a row for which the page was there */
    uint8_t turn;     /* the leaf to forget next */
    uint8_t regions;  /* how many */
    bool used;
};

#define NO_LEAF UINT64_MAX

/* Forget all. */
void spaces_begin(void);

/* The space of this number, or null: also where another has its place. */
struct space *space_of(uint64_t number);

/* The number means this from now on: root in register `root`, bank in register `bank`. */
enum status space_add(uint64_t number, uint32_t root, uint32_t bank,
                      const struct pager_region *region, unsigned count);

/* The number means nothing any more. */
enum status space_remove(uint64_t number);

/* Make it the space at hand: its bank is in P_BANK. */
enum status space_at_hand(uint64_t number);

/* The GPT of the space at hand that holds the page of this address, into P_LEAF, and the
 * restrictions on the way to it, itself included, to *restr_out. What is missing is made if `make`
 * says so, the leaf with the restrictions of `make`. *cached_out: nothing was looked at, it was the
 * last one. NOT_FOUND: it is not there. NO_MEMORY: the bank has nothing. Else: there is no way. */
enum status space_leaf(uint64_t number, uint64_t address, const struct pager_region *make,
                       unsigned *restr_out, bool *cached_out);

/* Look next time. */
void space_forget_leaf(uint64_t number);

/* ---- fault.c ---- */

/* Take a fault message with this payload, capability 0 of it in LK_REG_CALLER. True: the process is
 * to be told *how_out (LK_RESUME_OVER or LK_RESUME_PASS_ON); false: nobody is. */
bool fault_take(uint64_t payload, uint64_t *how_out);

/* Have a page of the space of this number, which is at hand, made if it is not there. NO_MEMORY: it
 * cannot be. */
enum status fault_provide(uint64_t number, uint64_t page);

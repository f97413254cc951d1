/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the cases of the pager have in common.
 */
#pragma once

#include "../lib/sys.h"

#include <lykos/bank.h>
#include <lykos/pager.h>

#define PRIO_PAGER 160
#define PRIO_BANK 170

/* ---- The bank: one frame for each object, one account for each payload. ---- */
#define BANK_FRAMES 2048u
#define BANK_ACCOUNTS 256u
#define ACCOUNT_PAGER 255u /* the pager's own; spaces have that of their number */

struct bank_state {
    uint64_t used[BANK_ACCOUNTS]; /* frames */
    uint64_t asked;               /* allocations since the start */
    unsigned next;                /* where to look for a free frame */
    uint64_t refuse;              /* the n-th from now on is refused; 0: none */
    uint16_t owner[BANK_FRAMES];  /* account + 1 of each frame */
};
extern struct bank_state bank;
extern struct worker bank_worker;
/* Give back all that the account has. */
void account_close(unsigned account);

/* ---- The archive that the pager sees: page i is full of words archive_word(address). ---- */
#define ARCHIVE_PAGES 24u
#define ARCHIVE_VA (WINDOW_VA + WINDOW_SIZE) /* in the case's space and in the pager's */
#define ARCHIVE_BYTES (ARCHIVE_PAGES * PAGE)
extern uint8_t *archive;
uint64_t archive_word(uint64_t offset);
#define ARCHIVE_CODE (4 * PAGE) /* here is a page of breakpoints */

/* ---- The pager. ---- */
struct pager_process {
    obj p;
    obj root;
};
/* Begin the world: bank, endpoints, archive. */
void world_begin(void);
/* A pager, known to nobody yet, that runs until it waits. */
struct pager_process pager_start(void);
/* Destroy it and all that it had. */
void pager_kill(struct pager_process pg);
extern obj pager_main, pager_memory, pager_faults; /* its endpoints */
/* A call to pager_main. */
enum status world_add(uint64_t number, unsigned root_reg, unsigned bank_reg, const void *regions,
                      size_t bytes);
enum status world_remove(uint64_t number);
enum status world_info(uint64_t number, struct pager_info *out);
/* A discard as the program of this number would ask for it. */
enum status world_discard(uint64_t number, uint64_t start, uint64_t bytes);
/* The same for pages that are to be made. */
enum status world_provide(uint64_t number, uint64_t start, uint64_t bytes);

/* ---- Spaces of programs. ---- */
struct program {
    unsigned number;
    obj root;
    const struct pager_region *regions;
    unsigned count;
};
/* A root with nothing in it but this program in slot 0 and the pager's Entry in slot 15. */
struct program program_new(unsigned number);
/* Tell the pager of it: all the usual regions, or these. */
void program_tell(struct program *p);
void program_tell_regions(struct program *p, const struct pager_region *regions, unsigned count);
/* Both. */
struct program program_usual(unsigned number);
/* A process of it that does nothing yet. */
obj program_process(const struct program *p);
/* A world with a pager, one usual program of this number and a process of it. */
struct pager_process world_usual(unsigned number, struct program *prog, obj *p);

/* The usual regions. */
#define TEXT_VA 0x20000000ull /* read and execute: pages of the archive from its start; */
#define TEXT_PAGES 6u         /* the last of them only TEXT_LAST bytes of file */
#define TEXT_LAST 0x320u
#define RODATA_VA 0x20006000ull /* read: two pages from the archive's page 6 */
#define DATA_VA 0x20010000ull   /* read and write: pages 8..12, DATA_LAST bytes of the last; */
#define DATA_PAGES 5u
#define DATA_LAST 0xffdu
#define DATA_END 0x20030000ull   /* zeros up to here */
#define ODD_VA 0x20040000ull     /* read and write: not aligned in the archive */
#define ODD_FROM (16 * PAGE + 8) /* where in the archive */
#define ODD_BYTES (2 * PAGE)
#define ODD_END 0x20044000ull
#define HEAP_VA LK_HEAP_VA
#define HEAP_END (LK_HEAP_VA + 0x10000000ull)
#define EDGE_VA 0x30001000ull /* read and write zeros: a region that fills no GPT */
#define EDGE_END 0x30004000ull
#define RO_VA 0x38000000ull /* zeros that are only read */
#define RO_END 0x38010000ull

/* ---- What a process does. ---- */
extern char touch_read[], touch_write[], touch_jump[], touch_loop[];
struct touched {
    uint64_t fault, info; /* FAULT_BREAKPOINT: it was done */
    uint64_t value;       /* what it read */
    uint64_t rip;
    bool waits; /* its fault waits at its own handler: it was passed on */
};
/* Let it begin; by the time that this returns everybody else waits. */
void touch_begin(obj p, const char *how, uint64_t address, uint64_t value);
struct touched touch_end(obj p);
struct touched touch(obj p, const char *how, uint64_t address, uint64_t value);
/* It is done, and read this. */
#define READS(p, address, want) reads(__FILE__, __LINE__, p, touch_read, address, 0, want)
#define WRITES(p, address, value) reads(__FILE__, __LINE__, p, touch_write, address, value, value)
void reads(const char *file, int line, obj p, const char *how, uint64_t address, uint64_t value,
           uint64_t want);
/* It is not done: the fault was passed on to the process's own handler. */
#define PASSED_ON(p, how, address, code) passed_on(__FILE__, __LINE__, p, how, address, code)
void passed_on(const char *file, int line, obj p, const char *how, uint64_t address, uint64_t code);

/* ---- What stands in a space. ---- */
struct audit {
    unsigned gpts, pages; /* the bank's */
    unsigned shared;      /* the archive's */
};
/* Look at all of it: each object is of the account of its number and stands there once; what is not
 * is the archive's, and read-only. `lost` objects of the account may stand nowhere. */
struct audit program_audit(const struct program *p, unsigned lost);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The programs that there are. Each is an *instance* of a program of the description: the first
 * one, which has the number of that program, and which is meant by whoever names the program; or a
 * further one, with a number behind those. The number is its row on the shelf, its number at the
 * pager, and what the payloads of its Entries say.
 *
 * A job is a program that was started and the programs that were started along with it, because it
 * is given entries to their endpoints. It ends as a whole.
 *
 * The table grows by pages from the bank and never shrinks. A number is used again as late as can
 * be, so how a program ended can be asked for a while.
 */
#pragma once

#include "archive.h"
#include "description.h"
#include "elf.h"
#include "shelf.h"

#include <lykos/programs.h>
#include <lykos/start.h>

#define NO_INSTANCE UINT32_MAX

struct instance {
    bool exists;           /* something of it was made: it has a bank, or a purse */
    bool running;          /* built and begun */
    bool has_notice;       /* somebody wants to know its end: SHELF_NOTICE */
    bool has_waiter;       /* somebody waits for its end: SHELF_WAITER */
    bool has_caller;       /* it waits for a server to be there again: SHELF_CALLER */
    bool paged;            /* the pager knows its space, or is to */
    bool untold;           /* .. but could not be told the last time */
    bool paid;             /* somebody else pays: PROGRAMS_NEW_PAID */
    bool watches;          /* it wants to know when a server comes back: SHELF_WATCH */
    bool waits_to_restart; /* it ended and is begun again at `due` */
    uint32_t program;      /* in the description */
    uint32_t generation;   /* how often it was begun again */
    uint32_t serial;       /* how often something was begun in this row before, modulo SERIALS */
    uint64_t life;         /* <lykos/programs.h>; 0: it has not begun */
    uint64_t needed;       /* brief.c: when who asked last needed it, */
    uint64_t carries;      /* and when one that was needed was in this job or one below it */
    uint32_t made_as;      /* the serial that it had at first: what its control Entry says */
    uint32_t root;         /* the instance whose start began its job */
    uint32_t next_in_job;  /* a ring */
    uint32_t parent;       /* root of the job that started this job (jobs.h); NO_INSTANCE: none */
    uint32_t child;        /* one of the jobs that this job, whose root it is, has started, ... */
    uint32_t sibling, sibling_before; /* ... in a list of all of them */
    uint32_t next_free;
    uint32_t named; /* capabilities in its start block that it was given beside the description's */
    struct purse *purse; /* its memory, if that is of the reserve */
    uint64_t flags;      /* PROGRAM_FOREGROUND */
    uint64_t notice_bits;
    uint64_t irq_lines; /* mask of the interrupt lines it was given */
    uint64_t stack_low; /* lowest address of its main stack */
    uint64_t due;
    uint64_t restarted_since; /* begin of the time in which restarts are counted */
    uint32_t restarts;        /* since then */
    uint32_t failures;        /* in a row to begin it again, or to live for longer than a moment */
    uint64_t begun;           /* when it was begun again last */
    const struct grant *awaited; /* what the caller waits for */
    uint32_t watched;            /* the program whose coming back it wants to know */
    uint64_t watch_bits;
    unsigned ended; /* PROGRAM_ENDED_..: how it ended last */
    uint64_t ended_value;
    char ended_words[112];
    char args[DESC_ARGS + 1]; /* that it was started with */
    bool own_args;            /* else those of the description */
};

/* A set of programs of the description: bit i is program i. */
__extension__ typedef unsigned __int128 program_set;
_Static_assert(DESC_PROGRAMS <= 128, "each has a bit");

static inline program_set set_of(uint32_t program)
{
    return (program_set)1 << program;
}

/* The first program of a set that is not empty. */
static inline uint32_t set_first(program_set set)
{
    uint64_t low = (uint64_t)set;

    return low != 0 ? (uint32_t)__builtin_ctzll(low)
                    : 64 + (uint32_t)__builtin_ctzll((uint64_t)(set >> 64));
}

/* What is known of each program of the description. */
struct kind {
    bool checked;      /* `wrong`, `file` and `elf` say something */
    const char *wrong; /* why its file is refused; NULL: it is good */
    struct archive_file file;
    struct elf_program elf;
    program_set needs; /* that its grants name */
};

extern struct description description;
extern struct kind kinds[DESC_PROGRAMS];
extern struct archive archive;
extern const char *boot_words; /* the words of the boot command line that the kernel left for us */

/* A sentence on its way to whoever asked, for what could not be done. */
struct trouble {
    char words[160];
};
void trouble_say(struct trouble *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Instance `i`, 0 <= i < instance_count(). */
struct instance *instance(uint32_t i);
uint32_t instance_count(void);

/* The description of instance `i`; what is known of it. */
const struct program *instance_program(uint32_t i);
struct kind *instance_kind(uint32_t i);

/* Pages, of the table and of the shelf, for the first instances of all programs. */
uint64_t instances_frames(void);

/* Make rows for them. False: there is no memory. */
bool instances_init(void);

/* The first instance of a program, which does not exist; how it ended is forgotten. */
void instance_first(uint32_t program);

/* A further instance of a program: its number. NO_INSTANCE: there is no memory for one, or there
 * are as many as can be; `why` says which. */
uint32_t instance_further(uint32_t program, struct trouble *why);

/* It does not exist any more. How it ended can still be asked. */
void instance_free(uint32_t i);

/* Its name: that of the program, and the number behind it if it is a further one. */
struct instance_name {
    char text[PROGRAM_NAME_MAX];
};
struct instance_name instance_name(uint32_t i);

/* The protected payload that means this instance, since it was begun last, and no other that had or
 * will have its number; and back: NO_INSTANCE, if that is no more. (The first instance of a program
 * that is begun a million times has the payload of the first time again; rows of others are not
 * used so often.) */
uint32_t instance_payload(uint32_t i);
uint32_t instance_of_payload(uint64_t payload);

/* The same for whoever controls it: it is the same one when it was begun again, or is about to be.
 */
uint32_t instance_control(uint32_t i);
uint32_t instance_of_control(uint64_t payload);

/* It is begun again: what its payload meant is no more. */
void instance_begin_again(uint32_t i);

/* The instance of that name: a first one, whether it exists or not, or a further one that does.
 * Else NO_INSTANCE. */
uint32_t instance_find(const char *name);

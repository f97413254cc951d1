/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The system description: what `system.lyk` says, after it was read. README.md documents the
 * format.
 *
 * Reading it is pure: text in, tables out, and every mistake told through a callback with its line
 * number. So the same code runs in init and, under sanitizers, on the build machine.
 */
#pragma once

#include <abi/invoke.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESC_PROGRAMS 64 /* most programs in a description */
#define DESC_ENDPOINTS 6 /* most endpoints of a program */
#define DESC_CAPS 18     /* most capabilities granted to a program */
/* Of these and its endpoints but the first, most that have no register of their own. */
#define DESC_NAMED 15
#define DESC_PARAMS 8 /* most parameters of a program */
#define DESC_NAME 16  /* characters of a program's name: as many as a process label has */
#define DESC_WORD 23  /* characters of the name of an endpoint, capability or file */
#define DESC_ARGS 192 /* characters of arguments */
#define DESC_FORMAT 1 /* version that the line `system N` names */

/* Limits that are not array sizes. */
#define DESC_STACK 8u              /* pages of a program that does not say */
#define DESC_STACK_MAX 256u        /* pages */
#define DESC_RANGE_MAX LK_LENT_MAX /* frames of one `range` capability: as many as can be lent */
#define DESC_MEMORY 4096u          /* frames that a program may take up that does not say */
#define DESC_MEMORY_MAX 1048576u
#define DESC_PRIORITY_MAX 199u /* init runs at 200 and must be able to stop any program */

enum grant_kind {
    GRANT_ENTRY,    /* entry PROGRAM.ENDPOINT [payload N] */
    GRANT_NOTICE,   /* notice PROGRAM.ENDPOINT bits N */
    GRANT_PROCESS,  /* process PROGRAM | self */
    GRANT_SPACE,    /* space: the GPT at the root of its own address space */
    GRANT_SCHEDULE, /* schedule: its own */
    GRANT_IOPORTS,  /* ioports FIRST-LAST */
    GRANT_IRQ,      /* irq LINE */
    GRANT_RANGE,    /* range N pages [kept] */
    GRANT_BANK,     /* bank [N pages]: a bank below the one that pays for it */
    GRANT_FRAMES,   /* frames: the Range of all memory; for the bank alone */
    GRANT_TOPBANK,  /* topbank: the topmost bank, with the owner's right; for tests */
    GRANT_SLEEP,
    GRANT_KERNLOG,
    GRANT_SYSCTL,
    GRANT_DISCRIM,
    GRANT_DEVICES,
    GRANT_CAPBITS,
    GRANT_SCHEDCTL,
    GRANT_IRQCTL,
    GRANT_KINDS
};

/* The word that the description and the listings use for a kind. */
const char *grant_kind_word(enum grant_kind kind);

/* Programs by number; init itself has one so that `init.programs` is an endpoint like any other. */
#define DESC_INIT (-1)

/* One `cap NAME = ...` line. */
struct grant {
    char name[DESC_WORD + 1];
    enum grant_kind kind;
    unsigned line;
    char target[DESC_NAME + 1];   /* program named, as written */
    char endpoint[DESC_WORD + 1]; /* endpoint named, as written */
    int program;                  /* its number, or DESC_INIT; set once all is read */
    unsigned endpoint_index;      /* likewise */
    bool has_payload;
    bool kept;     /* of a range: it outlives the program */
    uint64_t a, b; /* payload or bits; first, last; line; frames */
};

struct program {
    char name[DESC_NAME + 1];
    char file[DESC_WORD + 1];
    unsigned line;
    bool faulty; /* a mistake was told; the program is not built */
    bool at_boot;
    char start_word[DESC_WORD + 1]; /* or if this stands on the boot command line; "": it is not */
    unsigned seen;                  /* DESC_SEEN_..: which properties were given */
    unsigned priority;              /* 1..DESC_PRIORITY_MAX */
    unsigned priority_line;
    bool urgent;    /* it may stand above the bank and the pager */
    uint64_t slice; /* nanoseconds */
    unsigned stack_pages;
    uint64_t memory;             /* frames that it may take up in all */
    unsigned restarts;           /* how often it is begun again within `restart_within`; 0: never */
    uint64_t restart_within;     /* nanoseconds */
    uint64_t backoff;            /* nanoseconds before the first time; doubled each time */
    char part_of[DESC_NAME + 1]; /* the program that starts it, and without which it is nothing */
    unsigned part_line;
    char args[DESC_ARGS + 1];
    unsigned endpoints;
    char endpoint[DESC_ENDPOINTS][DESC_WORD + 1];
    unsigned grants;
    struct grant grant[DESC_CAPS];
    unsigned params;
    struct {
        char name[DESC_WORD + 1];
        uint64_t value;
    } param[DESC_PARAMS];
};

struct description {
    unsigned programs;
    struct program program[DESC_PROGRAMS];
    unsigned mistakes;
};

/* Told once for each mistake, in words, without line end. `line` 0: the description as a whole. */
typedef void (*desc_report_fn)(void *context, unsigned line, const char *message);

/* Endpoints of init. A description may name the first; the index is the endpoint_index of a grant.
 */
enum init_endpoint { INIT_EP_PROGRAMS, INIT_EP_EXIT, INIT_EP_FAULTS, INIT_EPS };
const char *init_endpoint_name(enum init_endpoint index);

/* Read `bytes` of text into `out`. Programs with mistakes are marked faulty and kept, so that what
 * names them is told the truth. Returns false if nothing of the description can be used. */
bool description_read(struct description *out, const char *text, size_t bytes,
                      desc_report_fn report, void *context);

/* Has this name of a capability a register of its own, whatever the order: "sleep", "kernlog",
 * "console"? */
bool description_fixed_name(const char *name);

/* Number of a program by name, or -1. */
int description_find(const struct description *d, const char *name);

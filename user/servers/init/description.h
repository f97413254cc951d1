/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The system description, as init uses it: programs, and what they are granted. It is read from the
 * table that tools/lykos-system made of the text and that lies in the archive (table.h). Texts stay
 * where they are in the archive.
 *
 * That the description means something sensible was checked when the table was made. What is
 * checked here is that nothing in it leads init outside of its own memory or makes it wait for
 * ever: a damaged table is refused as a whole, in words.
 */
#pragma once

#include "table.h"

#include <stdbool.h>
#include <stddef.h>

/* Programs by number; init itself has one so that `init.programs` is an endpoint like any other. */
#define DESC_INIT (-1)

/* One line `cap NAME = ...`. */
struct grant {
    const char *name;
    enum grant_kind kind;
    uint32_t line; /* in the text */
    int program;   /* that it names, or DESC_INIT */
    unsigned endpoint_index;
    bool has_payload;
    bool kept;     /* of a range: it outlives the program */
    uint64_t a, b; /* payload or bits; first, last; line; frames */
};

struct param {
    const char *name;
    uint64_t value;
};

struct program {
    const char *name;
    const char *file;
    const char *args;
    const char *start_word; /* it is started if this stands on the boot command line; "": no word */
    const char *part_of;    /* the program that starts it; "": it is a whole */
    bool at_boot;
    unsigned priority; /* 1..DESC_PRIORITY_MAX */
    uint64_t slice;    /* nanoseconds */
    unsigned stack_pages;
    uint64_t memory;         /* frames that it may take up in all */
    unsigned restarts;       /* how often it is begun again within `restart_within`; 0: never */
    uint64_t restart_within; /* nanoseconds */
    uint64_t backoff;        /* nanoseconds before the first time; doubled each time */
    unsigned endpoints;
    unsigned grants;
    unsigned params;
    const char *endpoint[DESC_ENDPOINTS];
    struct grant grant[DESC_CAPS];
    struct param param[DESC_PARAMS];
};

struct description {
    unsigned programs;
    struct program program[DESC_PROGRAMS];
};

/* Endpoints of init. A description may name the first; the index is the endpoint_index of a grant.
 */
enum init_endpoint { INIT_EP_PROGRAMS, INIT_EP_EXIT, INIT_EP_FAULTS, INIT_EPS };
const char *init_endpoint_name(enum init_endpoint index);

/* The word that the description and the listings use for a kind of capability; the type of it. */
const char *grant_kind_word(enum grant_kind kind);
uint64_t grant_kind_type(enum grant_kind kind);

/* A table that is refused: what is wrong with it, and with which program, record or byte. */
struct table_trouble {
    const char *what;
    unsigned program;
};

/* Read the table of `bytes` bytes at `at`, which is aligned to 8 bytes and stays there. False: it
 * is refused, *why says why, and *out is not to be used. */
bool description_read(struct description *out, const void *at, uint64_t bytes,
                      struct table_trouble *why);

/* Has this name of a capability a register of its own, whatever the order: "sleep", "kernlog",
 * "console"? */
bool description_fixed_name(const char *name);

/* Number of a program by name, or -1. */
int description_find(const struct description *d, const char *name);

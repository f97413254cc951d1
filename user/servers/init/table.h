/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of the system: what a description in text says, as numbers, as tools/lykos-system wrote
 * it into the archive (tools/system/table.py). description.c reads it.
 *
 * A header, then the programs, grants, parameters and endpoints of all programs, one array each,
 * and then the texts; endpoints and texts are padded to a multiple of 8 bytes. A text is named by
 * the number of its first byte among the texts, and ends with NUL; number 0 is the empty one. All
 * numbers are little-endian. The archive, in which the table lies, has a checksum.
 */
#pragma once

#include <stdint.h>

/* DESC_PROGRAMS, DESC_NAME, ...: what table.def says. */
enum table_limit {
#define LIMIT(name, value) DESC_##name = value,
#include "table.def"
};

/* GRANT_ENTRY, GRANT_NOTICE, ...: kinds of capabilities. */
enum grant_kind {
#define KIND(name, word, type) GRANT_##name,
#include "table.def"
    GRANT_KINDS
};

#define TABLE_NONE UINT32_MAX /* no program; as what a grant names: init */

#define TABLE_AT_BOOT 1u /* flags of a program */
#define TABLE_PAYLOAD 1u /* flags of a grant: `a` is the payload that it is to have */
#define TABLE_KEPT 2u    /* of a range: it outlives the program */

struct table_header { /* 40 bytes */
    uint32_t magic;   /* DESC_MAGIC */
    uint32_t version; /* DESC_VERSION */
    uint32_t bytes;   /* of all of the table */
    uint32_t programs;
    uint32_t grants;
    uint32_t params;
    uint32_t endpoints;
    uint32_t text_bytes;
    uint32_t reserved[2]; /* 0 */
};

struct table_program {   /* 96 bytes */
    uint32_t name;       /* a text, as are the next three */
    uint32_t file;       /* in the archive */
    uint32_t args;       /* what it is started with */
    uint32_t start_word; /* on the boot command line, with which it is started; "": there is none */
    uint32_t part_of;    /* the program that it is a part of, or TABLE_NONE */
    uint32_t flags;      /* TABLE_AT_BOOT */
    uint32_t priority;   /* 1..DESC_PRIORITY_MAX */
    uint32_t stack_pages; /* 1..DESC_STACK_MAX */
    uint64_t slice;       /* nanoseconds */
    uint64_t memory;      /* pages that it may take up in all */
    uint64_t within;      /* nanoseconds in which it is begun again at most `restarts` times */
    uint64_t after;       /* nanoseconds before the first time */
    uint32_t restarts;    /* 0: it is not begun again */
    uint32_t endpoint, endpoints; /* the first of its endpoints, and how many there are */
    uint32_t grant, grants;
    uint32_t param, params;
    uint32_t reserved; /* 0 */
};

struct table_grant { /* 40 bytes */
    uint32_t name;   /* a text: that of the capability */
    uint32_t kind;   /* enum grant_kind */
    uint32_t program;
    uint32_t endpoint; /* of that program: its number there */
    uint32_t flags;    /* TABLE_PAYLOAD, TABLE_KEPT */
    uint32_t line;     /* of the description in text, for messages */
    uint64_t a, b;     /* payload or bits; first, last; line; frames */
};

struct table_param { /* 16 bytes */
    uint32_t name;   /* a text */
    uint32_t reserved;
    uint64_t value;
};

struct table_endpoint { /* 4 bytes */
    uint32_t name;      /* a text */
};

_Static_assert(sizeof(struct table_header) == 40 && sizeof(struct table_program) == 96 &&
                   sizeof(struct table_grant) == 40 && sizeof(struct table_param) == 16 &&
                   sizeof(struct table_endpoint) == 4,
               "as tools/system/table.py packs them");

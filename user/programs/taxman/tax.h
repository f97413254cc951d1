/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What taxman, taxoffice and assessor have in common. README.md tells the story.
 */
#pragma once

#include <lykos/gen/office.h>
#include <stdint.h>

/* ---- Pages. ---- */

/* The office's table, confidential: of what lies between two limits so many percent are to be
 * paid. */
struct tax_table {
    uint64_t brackets;
    struct {
        uint64_t upto;
        uint64_t percent;
    } bracket[8];
};

/* The customer's figures, confidential. */
struct tax_figures {
    uint64_t count;
    uint64_t income[16];
};

/* What the assessor found: the customer's. */
struct tax_result {
    uint64_t tax;
    uint64_t tries; /* how often it tried to tell somebody, before it wrote this */
};

/* Slots of the root of a space in which nothing else is (<lykos/pager.h>): pages that a program
 * maps itself. */
#define TAX_SLOT_TABLE 1u
#define TAX_SLOT_FIGURES 2u
#define TAX_SLOT_RESULT 3u
#define TAX_SLOT_SHELF 12u
#define TAX_AT(slot) ((uint64_t)(slot) << 28)

/* What the assessor would like the office to know. As a label it is "SECRET". */
#define TAX_SECRET 0x544552434553ull
#define TAX_SECRET_TEXT "SECRET"

/* Slots of the shelf, a GPT of the office. */
#define SHELF_NOTES 0u   /* a page of the office, which the office may write */
#define SHELF_EAR 1u     /* an Entry to the office */
#define SHELF_WINDOW 2u  /* a Window to the background, another such page */
#define SHELF_LOCAL 3u   /* a LocalWindow to slot 0 */
#define SHELF_NOTHING 5u /* nothing: who touches it faults, and slot 15 names a handler */
#define SHELF_BACKGROUND 14u
#define SHELF_HANDLER 15u

/* Slots of the drawer, a CapPage of the office. */
enum {
    DRAWER_EAR,
    DRAWER_NOTICE,
    DRAWER_NOTES,
    DRAWER_PROCESS,
    DRAWER_SHELF,
    DRAWER_ITSELF,
    DRAWERS
};

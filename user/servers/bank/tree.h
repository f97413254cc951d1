/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The tree of banks: who is below whom, who may pay how much, which capability means which bank.
 */
#pragma once

#include <lykos/bank.h>
#include <stdbool.h>
#include <stdint.h>

/* The payload of a bank's Entry: its index, its serial number, the owner's right. */
#define PAYLOAD_OWNER 0x80000000u
uint32_t tree_payload(unsigned bank);

/* The bank that a payload means. False: it was closed, or one above it. */
bool tree_find(uint64_t payload, unsigned *bank);

/* Can the bank pay `n` more frames, as far as limits go? Let it; let it no longer. As many steps as
 * it is deep. */
bool tree_can_pay(unsigned bank, uint64_t n);
void tree_pay(unsigned bank, uint32_t n);
void tree_unpay(unsigned bank, uint32_t n);

/* Is the bank `top`, or below it? */
bool tree_is_below(unsigned bank, unsigned top);

/* Is what the bank gave to be found through `top`: is it that, or below it and not hidden from
 * it? */
bool tree_shows(unsigned bank, unsigned top);

/* From now on nobody finds through a bank above what this one and those below it gave. */
void tree_hide(unsigned bank);

/* The bank behind this one in the order of a listing of `top`, which shows each before those below
 * it; NO_BANK: it is the last. */
unsigned tree_next(unsigned bank, unsigned top);

/* A bank below another. NO_MEMORY, OUT_OF_RANGE: as BANK_OPEN. */
enum status tree_open(unsigned above, const char *name, size_t len, uint64_t limit, unsigned *bank);
void tree_set_limit(unsigned bank, uint64_t limit);

/* From now on it is being closed: no capability to it or to a bank below is of use. */
void tree_begin_close(unsigned bank);

/* A bank that is being closed, pays nothing, and has none below it: it is gone. */
void tree_remove(unsigned bank);

/* What there is to say of a bank, `top` being 0 deep. */
void tree_info(unsigned bank, unsigned top, struct bank_info *info);

/* Rebuild: all of it from the words of the records, nobody paying anything yet. */
void tree_begin(void);

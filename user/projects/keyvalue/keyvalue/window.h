/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Windows: the pages of a client in the address space of this server.
 *
 * Each client has 16 MiB of addresses between the heap and the stacks, where the pager makes
 * nothing. The pages there, and the GPTs that map them, are made by the client's own bank: so it
 * pays for them, and when it is closed all of them are gone from here, too. What the server itself
 * pays for is one GPT above all windows, and a bit for each page.
 *
 * A page that is free goes to the *spare* ones first, and from there back to the bank, a few at a
 * time: so no request takes long, whatever it sets free.
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stdint.h>

#define WINDOWS 16u
#define WINDOW_PAGES 4096u
#define NO_PAGE 0xffffu
#define WINDOW_SPARES 2u /* that a window keeps for what comes next */

/* A window. */
struct window {
    unsigned number;
    uint16_t spare;                   /* the first spare page; each names the next */
    uint32_t spares;                  /* how many there are */
    uint32_t pages;                   /* made by the bank, the spare ones included */
    uint32_t tables;                  /* GPTs */
    uint64_t used[WINDOW_PAGES / 64]; /* bit n: page n was made */
};

/* Once, before all else. */
enum status windows_begin(void);

/* Open a bank below the server's, with a limit, and a window paid by it. NO_MEMORY: it has too
 * little. */
enum status window_open(struct window *w, unsigned number, uint64_t limit);

/* Close the bank: all is gone. */
void window_close(struct window *w);

/* See to it that there are so many spare pages. NO_MEMORY: over the limit. */
enum status window_reserve(struct window *w, unsigned pages);

/* Take a page that was reserved. What is in it is old. */
uint16_t window_take(struct window *w);

/* A page is not needed any more. */
void window_drop(struct window *w, uint16_t page);

/* Give spare pages back to the bank until `keep` are left, `most` at most. True: there are more. */
bool window_trim(struct window *w, unsigned keep, unsigned most);

/* How much the bank of the window pays. */
uint64_t window_paid(const struct window *w);

/* Where a page is. */
void *window_page(const struct window *w, uint16_t page);

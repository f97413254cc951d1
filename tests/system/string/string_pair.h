/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A sender and a receiver of strings in two address spaces, with windows of pages of their own.
 */
#pragma once

#include "../lib/sys.h"

#define REG_TARGET 5
#define ID 30
#define BUFFER_PAGES 18         /* of each side's window */
#define SENDER_VA 0x80010000ull /* where the windows begin, in each one's own space and in ours */
#define RECEIVER_VA 0x90023000ull
#define GUARD 0xa5 /* fills what is not to be written */

struct string_pair {
    obj a, b; /* sender, receiver */
    obj a_space, b_space;
    obj a_page[BUFFER_PAGES], b_page[BUFFER_PAGES];
    obj endpoint, entry;
};

struct string_pair string_pair_new(void);
/* Send `n` bytes from SENDER_VA + from to a receiver of `limit` bytes at RECEIVER_VA + to. */
void string_receive(struct string_pair *p, uint64_t to, uint64_t limit);
void string_send(struct string_pair *p, uint64_t shape, uint64_t from, uint64_t n);
/* Both pages of bytes as we see them. */
uint8_t *sender_bytes(void);
uint8_t *receiver_bytes(void);
void fill_sender(uint64_t seed);
void fill_receiver(void);
/* The receiver has `n` bytes at `to`, equal to the sender's at `from`, and nothing else changed. */
void string_moved(uint64_t from, uint64_t to, uint64_t n);
/* Its delivery word says this length, and truncated or not. */
void string_delivered(struct string_pair *p, uint64_t n, bool truncated);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk: sessions: a client's rings and buffer, and its requests that are under way.
 */
#pragma once

#include "part.h"
#include <lykos/server.h>

/* Notice bits: session i has bit i. */
#define BIT_CLOCK (1u << 30)
#define BIT_MORE (1u << 31)

/* Once. */
enum status session_begin(void);

/* Begin one, with the arguments of Ramdisk.open, capabilities in LK_REG_ARG and behind. *post: the
 * bits by which the client tells the server. The notice for the client comes to REG_PAGE. */
enum status session_open(struct part *part, bool read_only, uint32_t depth, uint32_t buffer,
                         uint32_t bits, uint32_t *post);

/* A turn of each session that has something to do. */
void session_notice(uint64_t bits);

/* End those with this partition. */
void session_end_of(const struct part *part);

/* Requests that were refused, and rings that were broken, so far. */
uint64_t session_mistakes(void);

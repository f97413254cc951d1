/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which frames are free: a map of one bit for each, and above it maps of which words have any bit,
 * so that a free frame is found in as many steps as there are levels, four. All of it is rebuilt.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Nothing is free. */
void frees_clear(void);

/* A frame becomes free, or is taken. */
void frees_put(uint32_t f);
void frees_take(uint32_t f);

/* The lowest free frame; NO_FRAME: there is none. */
uint32_t frees_lowest(void);

/* `n` free frames in a row, the highest there are: the first of them, or NO_FRAME. Single frames
 * are taken from below, so that as a rule the first try succeeds; at worst every run is looked at.
 */
uint32_t frees_run(uint32_t n);

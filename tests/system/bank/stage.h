/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A bank with a Range of the case's own, and its server as a process that can be killed.
 */
#pragma once

#include "../lib/sys.h"

#include <lykos/bank.h>

#define R_TOP R_A        /* the topmost bank */
#define R_BANK R_B       /* another one */
#define STAGE_MOST 4096u /* frames */

/* The server (server.c). */
void bank_server(void *pages);

/* A bank of so many frames, its server at a priority, the topmost bank in R_TOP. */
void stage_begin(unsigned frames, unsigned priority);

/* The frames, to be used before the bank begins: stage_frames(), then server_start(). */
void stage_frames(unsigned frames, unsigned priority);

/* Destroy the server's process; make another. */
void server_kill(void);
void server_start(void);

/* What the bank says of itself. */
struct bank_info info_of(unsigned bank);

/* All frames of the stage but `lost` are free, in the books and in memory. */
void all_back(unsigned lost);

/* A worker that has what is in a register as its R_TOP. */
struct worker client_new(unsigned bank, unsigned priority, void (*fn)(void *), void *arg);

/* A process that the bank in a register pays for, with the bank as its R_TOP; it runs. */
void inmate_start(unsigned bank, void (*fn)(void *), void *arg);

/* The time-stamp counter: instructions. */
static inline uint64_t instructions(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

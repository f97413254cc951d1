/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What tests on the build machine may ask of the pretended machine: memory, the ways out of the
 * kernel, the clock, and user accesses through an MMU that remembers as much as a real one may.
 */
#pragma once

#include <kernel/boot_info.h>
#include <kernel/types.h>

/* A machine with so much memory, cleared; CPU 0 reset, MMU empty, clock at 0. `boot` describes it:
 * memory from 0 to 640 KiB and from 1 MiB on, the kernel from 1 MiB to 2 MiB, no archive. Any
 * machine from before is gone. */
void host_machine(size_t bytes, struct boot_info *boot);

/* How the kernel was left. */
enum host_exit {
    HOST_RETURNED, /* the function came back */
    HOST_RESUMED,  /* arch_resume(): host_resumed says whom */
    HOST_IDLE,     /* arch_idle() */
    HOST_ENDED,    /* arch_exit(): host_status */
};
extern struct process *host_resumed;
extern unsigned host_status;

/* Call into the kernel; says how it came back. Not nested. Outside of this, arch_exit() ends the
 * program. */
enum host_exit host_enter(void (*fn)(void *arg), void *arg);

/* Text that went to the console goes to stderr, unless quiet; the last of it is kept, for tests to
 * look at. */
extern bool host_quiet;
extern char host_console[4096];

/* What the timer was set to; UINT64_MAX: off. Which interrupt lines are masked. */
extern nsec_t host_timer;
extern uint32_t host_irq_masked;

/* A user access with the loaded root: what the TLB remembers counts, and what is found is
 * remembered. Returns whether it is granted, and then the page in *page. One that is not granted
 * makes the TLB forget that page, as a fault does. */
bool host_mmu_access(uva_t address, unsigned access, kpa_t *page);

/* All pages that the TLB remembers, one at a time, with the tag of the root below which each was
 * found: *at is 0 at first; returns false at the end. */
bool host_mmu_remembered(unsigned *at, unsigned *below, uva_t *address, unsigned *access,
                         kpa_t *page);

/* For breaking things on purpose: ignore what the kernel says about forgetting. */
extern bool host_mmu_deaf;

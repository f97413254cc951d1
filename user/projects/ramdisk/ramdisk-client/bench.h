/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk-client: what reading and writing takes.
 */
#pragma once

#include <libramdisk/disk.h>

/* Measure, and say it. The numbers are instructions where the time-stamp counter counts them
 * (run-qemu --icount). What stands in the first 512 blocks is lost. */
int bench(struct disk *disk);

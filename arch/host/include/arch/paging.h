/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Of the port's memory layout, what the readers of the boot protocols (boot/loaders.c) ask for. The
 * address of what is in the kernel's own image is here as it is.
 */
#pragma once

#define KERNEL_IMAGE_BASE 0
#define EARLY_MAPPED (4ull << 30)

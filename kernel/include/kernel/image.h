/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The first process: "init" from the archive, with every initial capability. <abi/init.h> says what
 * it finds.
 */
#pragma once

#include <kernel/boot_info.h>

/* Load init and make its process ready to run. What cannot be loaded ends the machine with a line
 * that says why. */
void image_load_init(const struct boot_info *boot);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of mirror.
 */
#pragma once

#include <lykos/gen/port.h>
#include <lykos/lykos.h>

#define REG_NOTICE LK_REG_FREE     /* AppNotice to itself */
#define REG_WORK (LK_REG_FREE + 1) /* two */

/* Ask `serial` and `pci` for what they must refuse; how many answers were wrong, each of which is
 * said. */
unsigned wrong_requests(void);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk: the capability registers that it uses beside those of the library. The description gives
 * it four named capabilities that have no register of their own; main() looks that they end before
 * REG_NOTICES.
 */
#pragma once

#include <lykos/start.h>

#define REG_NOTICES (LK_REG_NAMED + 4) /* AppNotices to clients, one for each session */
#define REG_LEAF (REG_NOTICES + 8)     /* store.c: a GPT */
#define REG_PAGE (REG_LEAF + 1)        /* and a page, or an answer's capability */
#define REG_BRANCHES (REG_PAGE + 1)    /* and a CapPage */
#define REG_WORK LK_REG_FREE           /* and two more: <lykos/ring.h>, <lykos/room.h> */
#define REG_MORE (LK_REG_FREE + 3)     /* AppNotice to itself */

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What init answers to after boot (<lykos/programs.h>), on its three endpoints.
 */
#pragma once

/* Endpoint IDs of init's endpoints. */
#define INIT_ID_PROGRAMS 1 /* as the kernel made it */
#define INIT_ID_EXIT 2
#define INIT_ID_FAULTS 3
#define INIT_ID_CONTROL 4

/* Serve for ever. */
_Noreturn void service_run(void);

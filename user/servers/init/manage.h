/* SPDX-License-Identifier: BSD-2-Clause
 *
 * init.programs: the shell, and whoever else manages programs, lists them, starts and ends them
 * (<lykos/programs.h>). What makes further instances is in spawn.c.
 */
#pragma once

#include <lykos/server.h>

extern const struct lk_server manage_server;

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What init answers to after boot: a program's own Entry, the list of programs, and Entries that
 * control one (user/idl/programs.idl describes the interfaces).
 */
#pragma once

#include <abi/invoke.h>
#include <lykos/gen/control.h>
#include <lykos/gen/program.h>
#include <lykos/gen/programs.h>

_Static_assert(sizeof(struct program_preemption) == sizeof(struct lk_preemption),
               "what the kernel says of a process");

/* The hold by which a program stops those of its own processes that are a team (<lykos/team.h>). */
#define LK_HOLD_TEAM 4u

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: locks and conditions of <lykos/lock.h>. It is compiled as a checked
 * program; what is unchecked calls the functions behind the macros.
 */
#include "team.h"

const char sys_scenario[] = "locks";

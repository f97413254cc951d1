/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Everything that the library has.
 */
#pragma once

#include <lykos/by_hand.h>
#include <lykos/console.h>
#include <lykos/deadline.h>
#include <lykos/invoke.h>
#include <lykos/names.h>
#include <lykos/preempt.h>
#include <lykos/programs.h>
#include <lykos/room.h>
#include <lykos/say.h>
#include <lykos/server.h>
#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/stubs.h>
#include <lykos/thread.h>
#include <lykos/time.h>

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The console (user/servers/console; user/idl/console.idl describes its interface). A console that
 * died and was begun again is asked once more by the functions here: a line may come out twice, but
 * none is lost.
 */
#pragma once

#include <lykos/gen/console.h>
#include <stddef.h>
#include <stdint.h>

/* `console` is the register of the console's Entry. They return the console's answer, or
 * INVALID_CAP or INVOKEE_GONE if there is none. */
enum status lk_console_write(uint32_t console, const char *text, size_t len);
enum status lk_console_write_raw(uint32_t console, const char *text, size_t len);

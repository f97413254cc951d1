/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writing to a console that may be begun again meanwhile; see console.h.
 */
#include <lykos/connect.h>
#include <lykos/console.h>

enum status lk_console_write(uint32_t console, const char *text, size_t len)
{
    unsigned tries = 0;
    enum status s;

    do {
        s = console_write(console, text, len);
    } while (lk_came_back(console, s, &tries));
    return s;
}

enum status lk_console_write_raw(uint32_t console, const char *text, size_t len)
{
    unsigned tries = 0;
    enum status s;

    do {
        s = console_write_raw(console, text, len);
    } while (lk_came_back(console, s, &tries));
    return s;
}

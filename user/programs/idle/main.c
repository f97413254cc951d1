/* SPDX-License-Identifier: BSD-2-Clause
 *
 * idle: waits for ever, and does nothing. To try on what can be done to a program.
 */
#include <lykos/lykos.h>

int main(void)
{
    for (;;) {
        lk_park();
    }
}

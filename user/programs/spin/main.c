/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spin: uses all the CPU time it is given, for ever. To watch preemption, Ctrl-C and CPU times.
 */
#include <lykos/lykos.h>

int main(void)
{
    for (;;) {
        __asm__ volatile("pause");
    }
}

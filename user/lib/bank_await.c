/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How a program waits for the bank to be begun again. init does it otherwise and links its own.
 */
#include <lykos/bank.h>
#include <lykos/time.h>

#define TRIES 11u /* waiting 0, 1, 2, 4, ... ms in between: a second in all */

bool lk_bank_await(unsigned tries)
{
    if (tries > 0 && tries < TRIES) {
        lk_sleep_ms((1ul << tries) / 2);
    }
    return tries < TRIES;
}

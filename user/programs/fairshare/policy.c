/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The policy: the one place that decides who runs. Change it and see what main() measures; the
 * README has another one.
 */
#include "fairshare.h"

/* Whoever has had least CPU time for its weight. */
unsigned choose(const struct share share[SHARES])
{
    unsigned best = NOBODY;

    for (unsigned i = 0; i < SHARES; i++) {
        if (share[i].ready && (best == NOBODY || share[i].had < share[best].had)) {
            best = i;
        }
    }
    return best;
}

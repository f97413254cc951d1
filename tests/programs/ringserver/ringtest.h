/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What ringserver and ringclient agree on.
 */
#pragma once

#include <lykos/bank.h>
#include <lykos/lykos.h>
#include <lykos/ring.h>

#define TEST_RING                                                                                  \
    1u /* an offer (<lykos/ring.h>): the client produces words of 8 bytes, 0, 1, 2.. */
#define TEST_LOOK 2u /* Answer: word 1, records that were right; word 2, how the last ring ended */
#define TEST_DIE 3u  /* the server ends, with its end of the ring as it is */

#define TEST_COUNT 1024u /* records of a ring, at most */

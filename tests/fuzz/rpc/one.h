/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One run over the framing and the message layer of user/rpc with foreign bytes, for the fuzzer and
 * for random unit tests. Dies if something does not hold.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The first bytes say how: see one.c. */
void rpc_one(const uint8_t *data, size_t n);

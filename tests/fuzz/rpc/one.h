/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One run over the framing and the message layer of user/rpc with foreign bytes, for the fuzzer and
 * for random unit tests. Dies if something does not hold.
 */
#pragma once

#include <lykos/rpc.h>
#include <stddef.h>
#include <stdint.h>

/* A service with a handler for every procedure, which does nothing. Unit tests use it, too. */
extern const struct rpc_service rpc_one_service;

/* The first bytes say how: see one.c. */
void rpc_one(const uint8_t *data, size_t n);

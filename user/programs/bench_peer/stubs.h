/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A server in the library's loop, as one of bench_peer's loops.
 */
#pragma once

#include <stdbool.h>

/* Answer OK, then serve BenchStub until another message comes, which is not answered: its sender
 * waits for LK_REG_CALLER. */
void stubs_serve(bool by_generated_dispatch);

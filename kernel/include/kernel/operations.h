/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What every file of operations (kernel/cap/) needs: the invocation, the commit point, and the
 * declarations of the operations. One that is void is an EFFECT: the table says all that may keep
 * it from being done, so the dispatcher has committed when it begins (<kernel/invoke.h>).
 */
#pragma once

#include <kernel/invoke.h>
#include <kernel/txn.h>
#include <ops.h>

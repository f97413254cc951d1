/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What every file of operations (kernel/cap/) needs: the invocation, the commit point, and the
 * declarations of the operations.
 */
#pragma once

#include <kernel/invoke.h>
#include <kernel/txn.h>
#include <ops.h>

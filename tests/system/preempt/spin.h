/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs for raw processes that run on: no register changes.
 */
#pragma once

extern char spin_on[]; /* a jump to itself */

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Nothing but the limits, without which XDR would take int and long to be the same.
 */
#pragma once

#include <limits.h>

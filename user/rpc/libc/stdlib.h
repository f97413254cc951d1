/* SPDX-License-Identifier: BSD-2-Clause
 *
 * XDR takes memory from an arena (user/rpc/xdr_port.h): malloc() is not here.
 */
#pragma once

#include <stddef.h>

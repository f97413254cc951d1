/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The one error of XDR. Where it is stored: user/rpc/xdr_port.h.
 */
#pragma once

#define ENOMEM 12

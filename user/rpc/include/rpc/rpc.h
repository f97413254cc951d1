/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What rpcgen's output includes: newlib's XDR, and the one name of a function that rpcgen and
 * newlib do not share.
 */
#pragma once

/* newlib's headers ask for this before they declare 64-bit types. */
#ifndef ___int64_t_defined
#define ___int64_t_defined 1
#endif

#include <rpc/types.h>
#include <rpc/xdr.h>

#define xdr_u_quad_t xdr_u_hyper

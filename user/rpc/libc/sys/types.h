/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The old short names that XDR and what rpcgen makes are written with.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;
typedef uint8_t u_int8_t;
typedef uint16_t u_int16_t;
typedef uint32_t u_int32_t;
typedef uint64_t u_int64_t;
typedef char *caddr_t;

#define ___int64_t_defined 1

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Byte order of x86-64.
 */
#pragma once

#define LITTLE_ENDIAN 1234
#define BIG_ENDIAN 4321
#define BYTE_ORDER LITTLE_ENDIAN

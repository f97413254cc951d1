/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Words that newlib's headers use.
 */
#pragma once

#define _ATTRIBUTE(list) __attribute__(list)
#define _ELIDABLE_INLINE static inline

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Scalar types with a meaning, and the compiler words that every file uses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t kpa_t;  /* physical address */
typedef uint64_t uva_t;  /* user virtual address: an allegation until it was walked */
typedef uint32_t oid_t;  /* object identity: physical address of the object's header, in units of 64
                            bytes; 0: none */
typedef uint64_t pfn_t;  /* physical frame number */
typedef uint64_t nsec_t; /* time since boot, or a duration, in nanoseconds */

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096u
#define PAGE_MASK 0xfffu
#define DEVICE_FRAMES 1024u /* frame numbers for memory of devices, behind those of memory */

#define WARN_UNUSED __attribute__((warn_unused_result))
#define NORETURN _Noreturn
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define PACKED __attribute__((packed))
#define ALIGNED(n) __attribute__((aligned(n)))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define UNUSED __attribute__((unused))
#define likely(e) __builtin_expect(!!(e), 1)
#define unlikely(e) __builtin_expect(!!(e), 0)
#define STATIC_ASSERT(e, text) _Static_assert(e, text)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* What a function may do to the transaction (txn.h); words for readers and for tools/check-commit.
 */
#define MAY_RESTART
#define NO_FAIL

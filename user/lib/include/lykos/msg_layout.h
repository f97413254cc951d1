/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Offsets in struct lk_msg, for lk_invoke.S. names.c checks them against the struct.
 */
#pragma once

#define MSG_CONTROL 0
#define MSG_WORD(n) (8 + 8 * (n))
#define MSG_ID 72
#define MSG_STRING 80
#define MSG_BUFFER 88
#define MSG_LENGTHS 96 /* string_len, then buffer_size: register r9 as it is */
#define MSG_DELIVERY 104
#define MSG_PAYLOAD 112

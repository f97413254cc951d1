/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Codes in words, from the lists in <abi/gen.h>; and a check that lk_invoke.S knows struct lk_msg.
 */
#include <lykos/invoke.h>
#include <lykos/msg_layout.h>
#include <lykos/names.h>

_Static_assert(offsetof(struct lk_msg, control) == MSG_CONTROL, "msg_layout.h");
_Static_assert(offsetof(struct lk_msg, w[1]) == MSG_WORD(1), "msg_layout.h");
_Static_assert(offsetof(struct lk_msg, id) == MSG_ID, "msg_layout.h");
_Static_assert(offsetof(struct lk_msg, string) == MSG_STRING, "msg_layout.h");
_Static_assert(offsetof(struct lk_msg, buffer) == MSG_BUFFER, "msg_layout.h");
_Static_assert(offsetof(struct lk_msg, string_len) == MSG_LENGTHS, "msg_layout.h");
_Static_assert(offsetof(struct lk_msg, buffer_size) == MSG_LENGTHS + 4, "msg_layout.h");
_Static_assert(offsetof(struct lk_msg, delivery) == MSG_DELIVERY, "msg_layout.h");
_Static_assert(offsetof(struct lk_msg, payload) == MSG_PAYLOAD, "msg_layout.h");

static const char *const status_names[LK_STATUS_COUNT] = LK_STATUS_NAMES;
static const char *const fault_names[LK_FAULT_COUNT] = LK_FAULT_NAMES;
static const char *const type_names[LK_TYPES] = LK_TYPE_NAMES;
static const char *const slot_names[LK_SLOT_COUNT] = LK_SLOT_NAMES;
static const char *const op_names[LK_TYPES][LK_OPS] = LK_OP_NAMES;

const char *lk_status_text(uint64_t status)
{
    return status < LK_STATUS_COUNT ? status_names[status] : "unknown result code";
}

const char *lk_fault_text(uint64_t code)
{
    return code < LK_FAULT_COUNT ? fault_names[code] : "unknown fault";
}

const char *lk_type_name(uint64_t type)
{
    return type < LK_TYPES ? type_names[type] : "?";
}

const char *lk_slot_name(uint64_t slot)
{
    return slot < LK_SLOT_COUNT ? slot_names[slot] : "?";
}

const char *lk_op_name(uint64_t type, uint64_t op)
{
    return type < LK_TYPES && op < LK_OPS ? op_names[type][op] : NULL;
}

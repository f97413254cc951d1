/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which endpoint an Entry names; see genuine.h. The bits are those of struct cap: in the low word
 * the type in bits 0..7 and the payload in bits 32..63; in the high word the object and its
 * allocation count, which no other object has had or will have at the same time.
 */
#include <lykos/genuine.h>
#include <lykos/stubs.h>

#define TYPE_MASK 0xffu
#define PAYLOAD_SHIFT 16

bool lk_entry_look(uint32_t capbits, uint32_t reg, struct lk_entry_id *out)
{
    uint64_t low = 0;
    uint64_t high = 0;

    if (lk_capbits_get(capbits, reg, &low, &high) != STATUS_OK ||
        (low & TYPE_MASK) != LK_TYPE_ENTRY) {
        return false;
    }
    if (out != NULL) {
        *out =
            (struct lk_entry_id){ .endpoint = high, .payload = (uint32_t)(low >> PAYLOAD_SHIFT) };
    }
    return true;
}

bool lk_same_server(uint32_t capbits, uint32_t a, uint32_t b)
{
    struct lk_entry_id first;
    struct lk_entry_id second;

    return lk_entry_look(capbits, a, &first) && lk_entry_look(capbits, b, &second) &&
           first.endpoint == second.endpoint;
}

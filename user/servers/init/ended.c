/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See ended.h.
 */
#include "ended.h"

#include "registers.h"
#include "shelf.h"

#include <lykos/invoke.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

void ended_note(struct instance *in, unsigned how, uint64_t value, const char *words)
{
    in->ended = how;
    in->ended_value = value;
    lk_copy_text(in->ended_words, sizeof(in->ended_words), words);
}

void ended_note_along(uint32_t i, uint32_t with, const char *words)
{
    char along[sizeof(instance(i)->ended_words)];

    if (instance(i)->ended == PROGRAM_ENDED_NOT) {
        lk_format(along, sizeof(along), "ended along with %s: %s", instance_name(with).text, words);
        ended_note(instance(i), PROGRAM_ENDED_DESTROYED, 0, along);
    }
}

void ended_tell(uint32_t i)
{
    struct instance *in = instance(i);

    if (in->has_notice && shelf_get(i, SHELF_NOTICE, REG_WORK) == STATUS_OK &&
        cap_there(REG_WORK)) {
        lk_appnotice_post(REG_WORK, in->notice_bits);
    }
    if (in->has_waiter && shelf_get(i, SHELF_WAITER, REG_WORK) == STATUS_OK &&
        cap_there(REG_WORK)) {
        struct lk_msg msg = {
            .control = LK_CTL(LK_SEND | LK_SSTR, REG_WORK, 3),
            .w = { STATUS_OK, in->ended, in->ended_value },
            .string = in->ended_words,
            .string_len = (uint32_t)strlen(in->ended_words),
        };

        lk_invoke(&msg);
    }
    in->has_notice = false;
    in->has_waiter = false;
    shelf_put(i, SHELF_NOTICE, 0);
    shelf_put(i, SHELF_WAITER, 0);
}

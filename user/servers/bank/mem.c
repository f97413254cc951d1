/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the books ask of the kernel, by invocation.
 */
#include "mem.h"
#include "service.h"

#include <lykos/stubs.h>

uint64_t mem_free_mask(uint64_t first)
{
    uint64_t free = 0;

    return lk_range_get_info(service.memory, first, NULL, &free) == STATUS_OK ? free : 0;
}

struct mem_frame mem_look(uint64_t frame)
{
    struct mem_frame at;

    if (lk_range_get_frame(service.memory, frame, &at.type, &at.objects) != STATUS_OK) {
        return (struct mem_frame){ .type = 0, .objects = UINT64_MAX };
    }
    return at;
}

unsigned mem_per_frame(uint64_t type)
{
    uint64_t count = 0;

    return lk_range_objects_per_frame(service.memory, type, &count) == STATUS_OK ? (unsigned)count
                                                                                 : 0;
}

enum status mem_make(uint64_t type, uint64_t frame, uint64_t index, uint32_t reg)
{
    return lk_range_fabricate(service.memory, type, frame, index, reg);
}

void mem_destroy(uint64_t frame, uint64_t index)
{
    lk_range_rescind_at(service.memory, frame, index);
}

enum status mem_cap(uint64_t frame, uint64_t index, uint32_t reg)
{
    return lk_range_get_cap(service.memory, frame, index, reg);
}

bool mem_identify(uint32_t reg, struct mem_object *out)
{
    out->restrictions = 0;
    if (lk_range_identify(service.memory, reg, &out->type, &out->frame, &out->index) != STATUS_OK) {
        return false;
    }
    if (out->type != LK_TYPE_GPT && out->type != LK_TYPE_PAGE && out->type != LK_TYPE_CAPPAGE) {
        return true; /* all others have none */
    }
    return lk_discrim_classify(service.discrim, reg, NULL, &out->restrictions) == STATUS_OK;
}

enum status mem_lend(uint64_t first, uint64_t frames, uint32_t reg)
{
    return lk_range_lend(service.memory, first, frames, reg);
}

void mem_take_back(uint64_t first)
{
    lk_range_lend(service.memory, first, 0, 0);
}

bool mem_range(uint32_t reg, uint64_t *first, uint64_t *frames)
{
    uint64_t type = 0;

    return lk_range_identify(service.memory, reg, &type, first, frames) == STATUS_OK &&
           type == LK_TYPE_RANGE;
}

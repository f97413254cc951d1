/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk: partitions; see part.h. Numbers are not used again, so an Entry to a partition that was
 * unmade never leads to another one.
 */
#include "part.h"

#include "store.h"
#include <lykos/gen/ramdisk.h>
#include <lykos/lykos.h>

#define PER_PAGE (RAMDISK_PAGE / RAMDISK_BLOCK)

static struct part parts[RAMDISK_PARTS];
static uint64_t described; /* those with smaller numbers are of the description */
static uint64_t next_number;

enum status part_make(uint64_t first, uint64_t blocks, struct part **out)
{
    for (unsigned i = 0; i < RAMDISK_PARTS; i++) {
        if (!parts[i].there) {
            parts[i] = (struct part){ true, next_number++, first, blocks };
            *out = &parts[i];
            return STATUS_OK;
        }
    }
    return STATUS_EXHAUSTED;
}

/* param part1 = 1000 and so on: one behind the other, each of so many blocks. */
enum status part_begin(void)
{
    char name[16];
    struct part *part;
    uint64_t at = 0;
    enum status s = part_make(0, store_blocks(), &part);

    for (unsigned i = 1; s == STATUS_OK && i < RAMDISK_PARTS; i++) {
        uint64_t blocks;

        lk_format(name, sizeof(name), "part%u", i);
        blocks = lk_param(name, 0);
        if (blocks == 0) {
            break;
        }
        if (blocks % PER_PAGE != 0 || blocks > store_blocks() - at) {
            return STATUS_OUT_OF_RANGE;
        }
        s = part_make(at, blocks, &part);
        at += blocks;
    }
    described = next_number;
    return s;
}

static struct part *find(uint64_t number)
{
    for (unsigned i = 0; i < RAMDISK_PARTS; i++) {
        if (parts[i].there && parts[i].number == number) {
            return &parts[i];
        }
    }
    return NULL;
}

struct part *part_of(uint64_t payload)
{
    return payload < RAMDISK_FIRST ? NULL : find((payload - RAMDISK_FIRST) / 2);
}

bool part_read_only(uint64_t payload)
{
    return payload % 2 != 0;
}

bool part_is_whole(uint64_t payload)
{
    return payload == RAMDISK_FIRST;
}

uint64_t part_payload(const struct part *part, bool read_only)
{
    return RAMDISK_FIRST + 2 * part->number + read_only;
}

struct part *part_made(uint64_t number)
{
    return number < described ? NULL : find(number);
}

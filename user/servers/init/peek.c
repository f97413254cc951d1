/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking into the memory of a program; see peek.h. One page of it is copied at a time.
 */
#include "peek.h"

#include "registers.h"
#include "space.h"

#include <lykos/room.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

static uint64_t page_address; /* of what is in `page`; 0: nothing */
static uint64_t no_page;      /* where nothing is mapped, as was found last; 0: unknown */
static uint8_t page[SPACE_PAGE];

void peek_forget(void)
{
    page_address = 0;
    no_page = 0;
}

/* Have the page at a page address in `page`. */
static bool have_page(uint32_t process, uint64_t at)
{
    if (at == 0 || at == no_page) {
        return false;
    }
    if (at == page_address) {
        return true;
    }
    page_address = 0;
    if (lk_process_get_slot(process, SLOT_ADDR_SPACE, REG_CHILD) != STATUS_OK ||
        lk_space_find_page(REG_CHILD, LK_INIT_DISCRIM, at, REG_CHILD) != STATUS_OK ||
        lk_memory_set_guard(REG_CHILD, 0, 12, REG_CHILD) != STATUS_OK ||
        space_show(REG_CHILD) != STATUS_OK) {
        no_page = at;
        return false;
    }
    memcpy(page, (const void *)LK_INIT_SCRATCH_VA, sizeof(page));
    space_show(0);
    lk_drop_cap(REG_CHILD);
    page_address = at;
    return true;
}

bool peek_page(uint32_t process, uint64_t address, void *out, size_t bytes)
{
    uint64_t in = address % SPACE_PAGE;

    if (bytes > SPACE_PAGE - in || !have_page(process, address - in)) {
        return false;
    }
    memcpy(out, &page[in], bytes);
    return true;
}

static bool peek_byte(uint32_t i, uint32_t process, uint64_t address, uint8_t *out)
{
    const struct kind *k = instance_kind(i);

    return peek_page(process, address, out, 1) || elf_byte(&k->elf, k->file.at, address, out);
}

bool peek(uint32_t i, uint32_t process, uint64_t address, void *out, size_t bytes)
{
    if (peek_page(process, address, out, bytes)) {
        return true;
    }
    for (size_t n = 0; n < bytes; n++) {
        if (!peek_byte(i, process, address + n, (uint8_t *)out + n)) {
            return false;
        }
    }
    return true;
}

bool peek_text(uint32_t i, uint32_t process, uint64_t address, char *out, size_t size)
{
    size_t n = 0;
    uint8_t c = 0;

    while (n + 1 < size && peek_byte(i, process, address + n, &c) && c >= ' ' && c <= '~') {
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return n > 0 && (c == '\0' || n + 1 == size);
}

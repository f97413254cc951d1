/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Values outside of the tree; see tree.h.
 */
#include "tree.h"

#include <lykos/string.h>

/* A page of a chain. */
struct link {
    uint16_t next;
    uint16_t unused[3];
    uint8_t bytes[CHAIN_BYTES];
};
_Static_assert(sizeof(struct link) == PAGE_BYTES, "it is a page");

static struct link *link_at(const struct window *w, uint16_t page)
{
    return window_page(w, page);
}

void chain_begin(struct chain *c)
{
    *c = (struct chain){ .first = NO_PAGE, .last = NO_PAGE };
}

/* An empty page to the end. */
static void lengthen(struct chain *c, struct window *w)
{
    uint16_t page = window_take(w);

    link_at(w, page)->next = NO_PAGE;
    if (c->first == NO_PAGE) {
        c->first = page;
    } else {
        link_at(w, c->last)->next = page;
    }
    c->last = page;
}

enum status chain_add(struct chain *c, struct window *w, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    size_t pages = (c->size + CHAIN_BYTES - 1) / CHAIN_BYTES;
    enum status s =
        window_reserve(w, (unsigned)((c->size + size + CHAIN_BYTES - 1) / CHAIN_BYTES - pages));

    if (s != STATUS_OK) {
        return s;
    }
    while (size > 0) {
        size_t at = c->size % CHAIN_BYTES;
        size_t piece = size < CHAIN_BYTES - at ? size : CHAIN_BYTES - at;

        if (at == 0) {
            lengthen(c, w);
        }
        memcpy(link_at(w, c->last)->bytes + at, from, piece);
        c->size += (uint32_t)piece;
        from += piece;
        size -= piece;
    }
    return STATUS_OK;
}

void chain_drop(struct chain *c, struct window *w)
{
    for (uint16_t page = c->first; page != NO_PAGE;) {
        uint16_t next = link_at(w, page)->next;

        window_drop(w, page);
        page = next;
    }
    chain_begin(c);
}

size_t tree_read(const struct tree *t, const struct item *i, size_t offset, void *out, size_t most)
{
    uint8_t *to = out;
    uint16_t page = i->head.page;
    size_t rest = i->size - offset < most ? i->size - offset : most;
    size_t all = rest;

    if (!i->head.outside) {
        memcpy(out, item_value(i) + offset, rest);
        return rest;
    }
    for (; offset >= CHAIN_BYTES && rest > 0; offset -= CHAIN_BYTES) {
        page = link_at(t->window, page)->next;
    }
    while (rest > 0) {
        const struct link *link = link_at(t->window, page);
        size_t piece = rest < CHAIN_BYTES - offset ? rest : CHAIN_BYTES - offset;

        memcpy(to, link->bytes + offset, piece);
        page = link->next;
        offset = 0;
        to += piece;
        rest -= piece;
    }
    return all;
}

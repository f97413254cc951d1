/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Watches: who is told of which changes; see clients.h.
 *
 * That a watch has fired is written down first, then the session's AppNotice is posted, which never
 * waits: so a client that is slow, or gone, costs the others nothing. A client may also wait for
 * the answer to a call, whose reply capability stands in a register then: if this server ends, the
 * kernel answers it.
 */
#include "clients.h"
#include "registers.h"

#include <lykos/string.h>
#include <lykos/stubs.h>

#define WAITERS_EACH 2u /* of one client */

_Static_assert(STORE_WATCHES * sizeof(struct watch) <= PAGE_BYTES, "they stand in a page");
_Static_assert(STORE_WATCHES <= 32, "a word says which have fired");

static struct watch *watches_of(const struct session *s)
{
    return window_page(&s->client->window, s->watches);
}

enum status watch_add(struct session *s, uint32_t bits, bool prefix, struct key key,
                      uint32_t *number)
{
    struct window *w = &s->client->window;
    uint32_t i = 0;

    if (s->watches == NO_PAGE) {
        if (window_reserve(w, 1) != STATUS_OK) {
            return STATUS_NO_MEMORY;
        }
        s->watches = window_take(w);
        memset(watches_of(s), 0, PAGE_BYTES);
    }
    while (i < STORE_WATCHES && watches_of(s)[i].there) {
        i++;
    }
    if (i == STORE_WATCHES) {
        return STATUS_EXHAUSTED;
    }
    watches_of(s)[i] = (struct watch){
        .bits = bits, .there = true, .prefix = prefix, .length = (uint8_t)key.length
    };
    memcpy(watches_of(s)[i].key, key.bytes, key.length);
    s->watching++;
    *number = i;
    return STATUS_OK;
}

enum status watch_remove(struct session *s, uint32_t number)
{
    if (number >= STORE_WATCHES || s->watches == NO_PAGE || !watches_of(s)[number].there) {
        return STATUS_NOT_FOUND;
    }
    watches_of(s)[number].there = false;
    s->fired &= ~(1u << number);
    s->watching--;
    if (s->watching == 0) {
        window_drop(&s->client->window, s->watches);
        s->watches = NO_PAGE;
    }
    return STATUS_OK;
}

static bool is_watched(const struct watch *w, struct key key)
{
    return w->there && (w->prefix ? w->length <= key.length : w->length == key.length) &&
           memcmp(w->key, key.bytes, w->length) == 0;
}

/* Those of a session that the key fires, and the bits to post. */
static uint32_t fired_by(const struct session *s, struct key key, uint32_t *bits)
{
    uint32_t fired = 0;

    for (unsigned i = 0; i < STORE_WATCHES; i++) {
        if (is_watched(&watches_of(s)[i], key)) {
            fired |= 1u << i;
            *bits |= watches_of(s)[i].bits;
        }
    }
    return fired;
}

static void tell(struct session *s, unsigned place, uint32_t bits)
{
    if (bits != 0) {
        lk_cappage_get_slot(REG_SHELF, SHELF_NOTICE(place), REG_WORK);
        lk_appnotice_post(REG_WORK, bits);
        s->client->counts.told++;
    }
    if (s->waiter != 0) {
        waiter_answer(s, STATUS_OK);
        s->client->counts.told++;
    }
}

void watches_fire(struct client *c, struct key key)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = session_at(i);
        uint32_t bits = 0;
        uint32_t fired;

        if (s->client != c || s->watching == 0) {
            continue;
        }
        fired = fired_by(s, key, &bits);
        if (fired != 0) {
            s->fired |= fired;
            s->fired_version = c->tree.version;
            tell(s, i, bits);
        }
    }
}

uint32_t waiter_register(const struct session *s)
{
    bool taken[WAITERS] = { false };
    unsigned own = 0;

    for (unsigned i = 0; i < SESSIONS; i++) {
        const struct session *other = session_at(i);

        if (other->client != NULL && other->waiter != 0) {
            taken[other->waiter - REG_WAITERS] = true;
            own += other->client == s->client ? 1 : 0;
        }
    }
    for (unsigned i = 0; i < WAITERS && own < WAITERS_EACH; i++) {
        if (!taken[i]) {
            return REG_WAITERS + i;
        }
    }
    return 0;
}

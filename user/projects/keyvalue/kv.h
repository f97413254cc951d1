/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For programs that use the store: calls with a key and a value, where the stubs have one string
 * (a message carries one), and a walk through a listing.
 */
#pragma once

#include <lykos/gen/keyvalue.h>
#include <lykos/gen/store.h>
#include <lykos/lykos.h>
#include <lykos/stubs.h>

/* Open a session: its Entry comes to register `store`, its AppNotice, by which this program is told
 * of `bits`, to `notice`, where it may be dropped: the server has its own. As Keyvalue.open. */
static inline enum status kv_open(uint64_t quota, bool temporary, uint32_t bits, bool *fresh,
                                  uint32_t notice, uint32_t store)
{
    enum status s = lk_endpoint_make_app_notice(LK_REG_ENDPOINT, bits, notice);

    return s == STATUS_OK
               ? keyvalue_open(lk_cap("keyvalue"), quota, temporary, notice, fresh, store)
               : s;
}

/* Store.put with key and value apart. REQUEST_ERROR: they are too long for one message. */
static inline enum status kv_put(uint32_t store, const void *key, size_t key_length,
                                 const void *value, size_t size, uint64_t expected,
                                 uint64_t *version)
{
    static char both[STORE_PIECE_MAX];

    if (key_length > STORE_KEY_MAX || size > sizeof(both) - key_length) {
        return STATUS_REQUEST_ERROR;
    }
    memcpy(both, key, key_length);
    memcpy(both + key_length, value, size);
    return store_put(store, expected, (uint32_t)key_length, both, key_length + size, version);
}

/* A walk through the keys with a prefix. */
struct kv_walk {
    uint32_t store;
    size_t prefix, after;          /* lengths */
    uint32_t most;                 /* keys by one message */
    uint32_t left;                 /* entries that were not shown yet */
    bool more;                     /* there are more to ask for */
    size_t at;                     /* of the next entry */
    char words[2 * STORE_KEY_MAX]; /* prefix, and the key that was shown last */
    _Alignas(8) char entries[STORE_LIST_BYTES];
};

static inline void kv_walk_begin(struct kv_walk *w, uint32_t store, const void *prefix,
                                 size_t length, uint32_t most)
{
    w->store = store;
    w->prefix = length;
    w->after = 0;
    w->most = most;
    w->left = 0;
    w->more = true;
    memcpy(w->words, prefix, length);
}

/* The next entry, null at the end; its key stands behind it. *status: how the server was. */
static inline const struct store_entry *kv_walk_next(struct kv_walk *w, enum status *status)
{
    const struct store_entry *e;

    *status = STATUS_OK;
    if (w->left == 0) {
        if (!w->more) {
            return NULL;
        }
        w->at = 0;
        *status = store_list(w->store, (uint32_t)w->prefix, w->most, w->words, w->prefix + w->after,
                             &w->left, &w->more, w->entries, sizeof(w->entries), NULL);
        if (*status != STATUS_OK || w->left == 0) {
            w->more = false;
            return NULL;
        }
    }
    e = (const struct store_entry *)(w->entries + w->at);
    w->left--;
    w->at += sizeof(*e) + ((e->key_length + 7u) & ~7u);
    w->after = e->key_length;
    memcpy(w->words + w->prefix, e + 1, e->key_length);
    return e;
}

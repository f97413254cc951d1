/* SPDX-License-Identifier: BSD-2-Clause
 *
 * keyvalue-test: each method of the store, its quota, and what it costs.
 */
#include "testing.h"

#include <x86intrin.h>

static uint8_t buffer[STORE_PIECE_MAX];

static bool keeps_values(uint32_t store)
{
    static const size_t sizes[] = { 0, 1, 7, 999, 1000, 1001, 4087, 4088, 4089, 20000, 65533 };
    static const uint8_t binary[][3] = { { 0, 0, 0 }, { 0, 255, 0 }, { 255, 255, 255 } };
    uint64_t before = 0;
    bool good = true;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const uint8_t *key = binary[i % 3];
        uint64_t version = 0;

        good = good && holds(put(store, key, 3, sizes[i], i, STORE_ANY, &version) == STATUS_OK) &&
               holds(version > before) && has(store, key, 3, sizes[i], i, version);
        before = version;
    }
    good = good && holds(keys(store) == 3);
    for (size_t i = 0; i < 3; i++) {
        good = good && holds(store_remove(store, STORE_ANY, binary[i], 3, NULL) == STATUS_OK);
    }
    return good && holds(store_remove(store, STORE_ANY, binary[0], 3, NULL) == STATUS_NOT_FOUND) &&
           holds(keys(store) == 0);
}

static bool compares_versions(uint32_t store)
{
    uint64_t first = 0;
    uint64_t second = 0;
    uint64_t third = 0;

    return holds(put(store, "k", 1, 5, 1, 77, NULL) == STORE_OTHER_VERSION) &&
           holds(put(store, "k", 1, 5, 1, STORE_ABSENT, &first) == STATUS_OK) &&
           holds(put(store, "k", 1, 5, 2, STORE_ABSENT, NULL) == STORE_OTHER_VERSION) &&
           holds(put(store, "k", 1, 5, 3, first, &second) == STATUS_OK) &&
           holds(put(store, "k", 1, 5, 4, first, NULL) == STORE_OTHER_VERSION) &&
           has(store, "k", 1, 5, 3, second) &&
           holds(store_remove(store, first, "k", 1, NULL) == STORE_OTHER_VERSION) &&
           holds(store_remove(store, second, "k", 1, NULL) == STATUS_OK) &&
           /* the same value once more has another version */
           holds(put(store, "k", 1, 5, 3, STORE_ABSENT, &third) == STATUS_OK) &&
           holds(third > second) &&
           holds(put(store, "k", 1, 5, 5, second, NULL) == STORE_OTHER_VERSION) &&
           holds(store_remove(store, third, "k", 1, NULL) == STATUS_OK);
}

/* A large value comes in pieces, and is there all at once. */
static bool stages(uint32_t store)
{
    const size_t all = 300000;
    uint64_t size = 0;
    uint64_t version = 0;
    uint64_t is = 0;
    bool good = true;

    for (size_t at = 0; good && at < all; at += 30000) {
        fill(buffer, 30000, at);
        good = holds(store_stage(store, at == 0, buffer, 30000, &size) == STATUS_OK) &&
               holds(size == at + 30000);
    }
    good = good && holds(keys(store) == 0) &&
           holds(store_put_staged(store, STORE_ABSENT, "large", 5, &version) == STATUS_OK) &&
           holds(store_put_staged(store, STORE_ABSENT, "large", 5, NULL) == STORE_OTHER_VERSION);
    for (size_t at = 0; good && at < all; at += 30000) {
        static uint8_t wanted[30000];
        size_t piece = 0;

        fill(wanted, sizeof(wanted), at);
        good = holds(store_get(store, at, "large", 5, &is, &size, buffer, sizeof(wanted), &piece) ==
                     STATUS_OK) &&
               holds(is == version && size == all && piece == sizeof(wanted)) &&
               holds(memcmp(buffer, wanted, sizeof(wanted)) == 0);
    }
    return good &&
           holds(store_get(store, all + 1, "large", 5, NULL, NULL, buffer, 1, NULL) ==
                 STATUS_OUT_OF_RANGE) &&
           holds(store_remove(store, version, "large", 5, NULL) == STATUS_OK);
}

static size_t name(char *out, unsigned i)
{
    return lk_format(out, 16, "n/%05u", i);
}

/* A walk shows each key once, in order, whatever the size of its steps, also when keys that it was
 * at go, and others come. */
static bool lists_under_change(uint32_t store, uint32_t most)
{
    static struct kv_walk w;
    const struct store_entry *e;
    enum status s = STATUS_OK;
    unsigned next = 0;
    char key[16];
    bool good = true;

    for (unsigned i = 0; i < 200; i++) {
        good = good && put(store, key, name(key, i), i, i, STORE_ANY, NULL) == STATUS_OK;
    }
    good = good && put(store, "m", 1, 1, 1, STORE_ANY, NULL) == STATUS_OK &&
           put(store, "n0", 2, 1, 1, STORE_ANY, NULL) == STATUS_OK;
    for (kv_walk_begin(&w, store, "n/", 2, most); good && (e = kv_walk_next(&w, &s)) != NULL;) {
        good = holds(e->key_length == name(key, next)) &&
               holds(memcmp(e + 1, key, e->key_length) == 0) && holds(e->size == next);
        if (next % 3 == 0) { /* the one that the cursor stands at */
            good = good &&
                   holds(store_remove(store, STORE_ANY, key, e->key_length, NULL) == STATUS_OK);
        }
        if (next % 7 == 0 && next > 0) { /* one that it is past */
            good = good &&
                   put(store, key, name(key, next - 1), next - 1, 0, STORE_ANY, NULL) == STATUS_OK;
        }
        next++;
    }
    good = good && holds(s == STATUS_OK) && holds(next == 200);
    kv_walk_begin(&w, store, "", 0, STORE_LIST_MAX);
    while (good && (e = kv_walk_next(&w, &s)) != NULL) {
        good = store_remove(store, STORE_ANY, e + 1, e->key_length, NULL) == STATUS_OK;
    }
    return good && holds(keys(store) == 0);
}

/* A key as long as can be, which differs from others at its end only: so few fit into a node. */
#define DEEP 800u
static void deep_key(uint8_t *out, uint64_t i)
{
    uint64_t end = (i + 1) * 0x9e3779b97f4a7c15ull;

    memset(out, 'x', STORE_KEY_MAX);
    memcpy(out + STORE_KEY_MAX - sizeof(end), &end, sizeof(end));
}

/* Are there so many keys, in their order? */
static bool in_order(uint32_t store, unsigned count)
{
    static struct kv_walk w;
    uint8_t before[STORE_KEY_MAX] = { 0 };
    const struct store_entry *e;
    enum status s = STATUS_OK;
    unsigned found = 0;

    for (kv_walk_begin(&w, store, "", 0, STORE_LIST_MAX); (e = kv_walk_next(&w, &s)) != NULL;) {
        if (!holds(memcmp(before, e + 1, STORE_KEY_MAX) < 0)) {
            return false;
        }
        memcpy(before, e + 1, STORE_KEY_MAX);
        found++;
    }
    return holds(s == STATUS_OK) && holds(found == count);
}

/* A tree of several levels grows and goes. */
static bool keeps_a_deep_tree(uint32_t store)
{
    uint8_t key[STORE_KEY_MAX];
    bool good = true;

    for (unsigned i = 0; good && i < DEEP; i++) {
        deep_key(key, i);
        good = holds(put(store, key, sizeof(key), i % 8, i, STORE_ABSENT, NULL) == STATUS_OK);
    }
    good = good && in_order(store, DEEP);
    for (unsigned n = 0; good && n < DEEP; n++) {
        unsigned i = n * 7 % DEEP;

        deep_key(key, i);
        good = has(store, key, sizeof(key), i % 8, i, 0) &&
               holds(store_remove(store, STORE_ANY, key, sizeof(key), NULL) == STATUS_OK) &&
               (n % 100 != 0 || in_order(store, DEEP - n - 1));
    }
    return good && holds(keys(store) == 0);
}

/* The first leaves go, and what was in them comes back. */
static bool first_keys_come_back(uint32_t store)
{
    const unsigned count = 300;
    char key[16];
    bool good = true;

    for (unsigned i = 0; good && i < count; i++) {
        good = holds(put(store, key, name(key, i), 200, i, STORE_ANY, NULL) == STATUS_OK);
    }
    for (unsigned i = 0; good && i < count / 3; i++) {
        good = holds(store_remove(store, STORE_ANY, key, name(key, i), NULL) == STATUS_OK);
    }
    for (unsigned i = 0; good && i < count / 3; i++) {
        good = holds(put(store, key, name(key, i), 200, i, STORE_ABSENT, NULL) == STATUS_OK);
    }
    for (unsigned i = 0; good && i < count; i++) {
        good = has(store, key, name(key, i), 200, i, 0) &&
               holds(store_remove(store, STORE_ANY, key, name(key, i), NULL) == STATUS_OK);
    }
    return good && holds(keys(store) == 0);
}

/* Pages that are almost empty become fewer: when most keys go, and when values become short. */
static bool joins_what_is_left(uint32_t store, uint64_t empty)
{
    const unsigned count = 800;
    uint64_t full;
    uint64_t fewer;
    bool good = true;

    for (uint64_t i = 0; good && i < count; i++) {
        good = holds(put(store, &i, sizeof(i), 200, i, STORE_ANY, NULL) == STATUS_OK);
    }
    full = pages(store) - empty;
    for (uint64_t i = 0; good && i < count; i++) {
        good =
            holds(i % 4 == 0 || store_remove(store, STORE_ANY, &i, sizeof(i), NULL) == STATUS_OK);
    }
    fewer = pages(store) - empty;
    good = good && holds(fewer <= full * 5 / 8);
    for (uint64_t i = 0; good && i < count; i += 4) {
        good = has(store, &i, sizeof(i), 200, i, 0) &&
               holds(put(store, &i, sizeof(i), 1, i, STORE_ANY, NULL) == STATUS_OK);
    }
    good = good && holds(pages(store) - empty <= fewer * 5 / 8);
    for (uint64_t i = 0; good && i < count; i += 4) {
        good = has(store, &i, sizeof(i), 1, i, 0) &&
               holds(store_remove(store, STORE_ANY, &i, sizeof(i), NULL) == STATUS_OK);
    }
    return good && holds(keys(store) == 0);
}

/* Full to the last page: what is there stays, and what is removed can be used again. */
static bool keeps_to_its_quota(uint32_t store)
{
    struct store_statistics st = { 0 };
    unsigned count = 0;
    enum status s = STATUS_OK;
    char key[16];
    bool good = true;

    for (; (s = put(store, key, name(key, count), 900, count, STORE_ABSENT, NULL)) == STATUS_OK;) {
        count++;
    }
    good = holds(s == STATUS_NO_MEMORY) && holds(store_statistics(store, &st) == STATUS_OK) &&
           holds(st.pages <= st.quota && st.pages + 2 >= st.quota) && holds(st.refused == 1) &&
           holds(st.keys == count) && holds(count > 4 * (st.quota - 8));
    good = good && holds(put(store, "n/00000", 7, 60000, 0, STORE_ANY, NULL) == STATUS_NO_MEMORY) &&
           holds(store_stage(store, true, buffer, 60000, NULL) == STATUS_NO_MEMORY);
    for (unsigned i = 0; good && i < count; i++) {
        good = has(store, key, name(key, i), 900, i, 0);
    }
    for (unsigned i = 0; good && i < count; i++) { /* every second first */
        unsigned n = i < count / 2 ? 2 * i + 1 : 2 * (i - count / 2);

        good = holds(n >= count ||
                     store_remove(store, STORE_ANY, key, name(key, n), NULL) == STATUS_OK);
    }
    return good &&
           holds(store_remove(store, STORE_ANY, key, name(key, count - 1), NULL) ==
                 (count % 2 == 1 ? STATUS_OK : STATUS_NOT_FOUND)) &&
           holds(keys(store) == 0);
}

/* All pages go back: those of a large value a few at a time, by the server itself. */
static bool gives_pages_back(uint32_t store, uint64_t empty)
{
    return holds(put(store, "a", 1, 65000, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(pages(store) >= empty + 16) &&
           holds(store_remove(store, STORE_ANY, "a", 1, NULL) == STATUS_OK) &&
           holds(pages(store) == empty);
}

static bool tells_by_notice(uint32_t store)
{
    uint32_t a = 9;
    uint32_t b = 9;
    uint32_t fired = 0;
    uint64_t version = 0;
    uint64_t last = 0;
    bool good;

    good = holds(store_watch(store, 4, false, "a", 1, &a) == STATUS_OK && a == 0) &&
           holds(store_watch(store, 8, true, "b/", 2, &b) == STATUS_OK && b == 1) &&
           holds(put(store, "b", 1, 1, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(put(store, "aa", 2, 1, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(store_changes(store, &fired, NULL) == STATUS_OK && fired == 0) &&
           holds(put(store, "b/1", 3, 1, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(lk_park() == 8) && holds(put(store, "a", 1, 1, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(store_remove(store, STORE_ANY, "b/1", 3, &version) == STATUS_OK) &&
           holds(lk_park() == (4 | 8)) &&
           holds(store_await(store, &fired, &last) == STATUS_OK && fired == 3) &&
           holds(last == version) && holds(store_unwatch(store, a) == STATUS_OK) &&
           holds(store_unwatch(store, a) == STATUS_NOT_FOUND) &&
           holds(store_remove(store, STORE_ANY, "a", 1, NULL) == STATUS_OK) &&
           holds(store_changes(store, &fired, NULL) == STATUS_OK && fired == 0) &&
           holds(store_unwatch(store, b) == STATUS_OK);
    for (unsigned i = 0; good && i < STORE_WATCHES; i++) {
        good = holds(store_watch(store, 4, true, "x", 1, NULL) == STATUS_OK);
    }
    good = good && holds(store_watch(store, 4, true, "x", 1, NULL) == STATUS_EXHAUSTED);
    for (unsigned i = 0; good && i < STORE_WATCHES; i++) {
        good = holds(store_unwatch(store, i) == STATUS_OK);
    }
    return good && holds(store_remove(store, STORE_ANY, "aa", 2, NULL) == STATUS_OK) &&
           holds(store_remove(store, STORE_ANY, "b", 1, NULL) == STATUS_OK);
}

/* Wait in a session for an answer that goes nowhere. */
static bool waits(uint32_t store)
{
    return lk_call_ctl0(LK_CTL(LK_SEND | LK_BLOCK, store, 1), STORE_AWAIT).w[0] == STATUS_OK;
}

static bool fired_in(uint32_t store, uint32_t wanted)
{
    uint32_t fired = ~wanted;

    return holds(store_changes(store, &fired, NULL) == STATUS_OK) && holds(fired == wanted);
}

/* Of one client two may wait, in two sessions; who was answered has not to be told again. */
static bool few_may_wait(uint32_t store)
{
    const uint32_t sessions[] = { store, REG_OTHER, REG_MORE };
    bool fresh = true;
    bool good;

    good = holds(kv_open(0, true, 1, &fresh, REG_NOTICE, REG_OTHER) == STATUS_OK) &&
           holds(kv_open(0, true, 1, &fresh, REG_NOTICE, REG_MORE) == STATUS_OK);
    for (unsigned i = 0; good && i < 3; i++) {
        good = holds(store_watch(sessions[i], 0, true, "w", 1, NULL) == STATUS_OK);
    }
    return good && holds(waits(store)) && holds(waits(REG_OTHER)) &&
           holds(store_await(REG_MORE, NULL, NULL) == STATUS_IN_USE) &&
           holds(put(store, "w", 1, 1, 1, STORE_ANY, NULL) == STATUS_OK) && fired_in(store, 0) &&
           fired_in(REG_OTHER, 0) && fired_in(REG_MORE, 1) && holds(waits(REG_MORE)) &&
           holds(store_remove(store, STORE_ANY, "w", 1, NULL) == STATUS_OK) &&
           fired_in(REG_MORE, 0) && fired_in(store, 1) &&
           holds(store_close(REG_OTHER) == STATUS_OK) &&
           holds(store_close(REG_MORE) == STATUS_OK) && holds(store_unwatch(store, 0) == STATUS_OK);
}

/* An Entry that only reads. */
static bool reader_only_reads(uint32_t store)
{
    uint32_t r = REG_OTHER;

    return holds(put(store, "k", 1, 5, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(store_reader(store, r) == STATUS_OK) && has(r, "k", 1, 5, 1, 0) &&
           holds(keys(r) == 1) &&
           holds(put(r, "k", 1, 5, 1, STORE_ANY, NULL) == STATUS_NO_ACCESS) &&
           holds(store_remove(r, STORE_ANY, "k", 1, NULL) == STATUS_NO_ACCESS) &&
           holds(store_stage(r, true, "x", 1, NULL) == STATUS_NO_ACCESS) &&
           holds(store_put_staged(r, STORE_ANY, "k", 1, NULL) == STATUS_NO_ACCESS) &&
           holds(store_watch(r, 1, true, "", 0, NULL) == STATUS_NO_ACCESS) &&
           holds(store_unwatch(r, 0) == STATUS_NO_ACCESS) &&
           holds(store_changes(r, NULL, NULL) == STATUS_NO_ACCESS) &&
           holds(store_await(r, NULL, NULL) == STATUS_NO_ACCESS) &&
           holds(store_close(r) == STATUS_NO_ACCESS) &&
           holds(store_destroy(r) == STATUS_NO_ACCESS) &&
           holds(store_remove(store, STORE_ANY, "k", 1, NULL) == STATUS_OK);
}

static bool refuses_bad_requests(uint32_t store)
{
    uint32_t n = 0;

    return holds(store_put(store, STORE_ANY, 0, "abc", 3, NULL) == STATUS_REQUEST_ERROR) &&
           holds(store_put(store, STORE_ANY, 4, "abc", 3, NULL) == STATUS_REQUEST_ERROR) &&
           holds(store_put(store, STORE_ANY, 256, buffer, 300, NULL) == STATUS_REQUEST_ERROR) &&
           holds(store_list(store, 4, 1, "abc", 3, &n, NULL, buffer, 8192, NULL) ==
                 STATUS_REQUEST_ERROR) &&
           holds(store_list(store, 0, 0, "", 0, &n, NULL, buffer, 8192, NULL) ==
                 STATUS_REQUEST_ERROR) &&
           holds(store_list(store, 0, 65, "", 0, &n, NULL, buffer, 8192, NULL) ==
                 STATUS_REQUEST_ERROR) &&
           holds(store_list(store, 256, 1, buffer, 256, &n, NULL, buffer, 8192, NULL) ==
                 STATUS_REQUEST_ERROR) &&
           holds(store_watch(store, 1, false, "", 0, NULL) == STATUS_REQUEST_ERROR) &&
           holds(store_unwatch(store, 99) == STATUS_NOT_FOUND) &&
           holds(lk_call1(store, STORE_METHODS, 0).w[0] == STATUS_UNKNOWN_REQUEST) &&
           holds(lk_call1(lk_cap("keyvalue"), STORE_CLOSE, 0).w[0] == STATUS_UNKNOWN_REQUEST) &&
           holds(keyvalue_open(lk_cap("keyvalue"), 0, true, LK_REG_SELF, NULL, REG_OTHER) ==
                 STATUS_REQUEST_ERROR);
}

/* Quotas that are no quotas, more sessions than there can be, Entries of sessions that have ended.
 */
static bool ends_sessions(uint32_t store)
{
    bool fresh = true;
    uint64_t used;

    for (unsigned i = 1; i < KEYVALUE_SESSIONS; i++) {
        if (!holds(kv_open(0, true, 1, &fresh, REG_NOTICE, i == 1 ? REG_OTHER : REG_MORE) ==
                       STATUS_OK &&
                   !fresh)) {
            return false;
        }
    }
    return holds(kv_open(0, true, 1, &fresh, REG_NOTICE, REG_NOTICE) == STATUS_EXHAUSTED) &&
           holds(put(REG_OTHER, "k", 1, 5, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(store_close(REG_OTHER) == STATUS_OK) &&
           holds(store_close(REG_OTHER) == STATUS_INVALID_CAP) && has(store, "k", 1, 5, 1, 0) &&
           holds(client_banks(&used) == 1) && holds(used == pages(store)) &&
           holds(store_destroy(REG_MORE) == STATUS_OK) && holds(keys(store) == UINT64_MAX) &&
           holds(client_banks(&used) == 0) &&
           holds(kv_open(3, true, 1, &fresh, REG_NOTICE, REG_STORE) == STATUS_OUT_OF_RANGE) &&
           holds(kv_open(1000, true, 1, &fresh, REG_NOTICE, REG_STORE) == STATUS_OUT_OF_RANGE);
}

/* A temporary store ends with its session, and one that is not does not. */
static bool closes_banks(void)
{
    bool fresh = false;
    uint64_t used;

    return holds(kv_open(64, true, 1, &fresh, REG_NOTICE, REG_STORE) == STATUS_OK && fresh) &&
           holds(put(REG_STORE, "k", 1, 50000, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(client_banks(&used) == 1 && used >= 13) &&
           holds(store_close(REG_STORE) == STATUS_OK) && holds(client_banks(&used) == 0) &&
           holds(kv_open(64, false, 1, &fresh, REG_NOTICE, REG_STORE) == STATUS_OK && fresh) &&
           holds(put(REG_STORE, "k", 1, 5, 1, STORE_ANY, NULL) == STATUS_OK) &&
           holds(store_close(REG_STORE) == STATUS_OK) && holds(client_banks(&used) == 1) &&
           holds(kv_open(64, true, 1, &fresh, REG_NOTICE, REG_STORE) == STATUS_OK && !fresh) &&
           has(REG_STORE, "k", 1, 5, 1, 0) && holds(store_destroy(REG_STORE) == STATUS_OK) &&
           holds(client_banks(&used) == 0);
}

/* ---- figures: on the virtual clock of `make test` the time-stamp counter counts instructions - */

/* Put and get so many keys of 8 bytes, in no order, with values of `size` bytes; says what each
 * took, and removes them. */
static void measure(uint32_t store, unsigned count, size_t size)
{
    uint64_t before = pages(store);
    uint64_t times[4];

    times[0] = __rdtsc();
    for (uint64_t i = 0; i < count; i++) {
        uint64_t key = (i + 1) * 0x9e3779b97f4a7c15ull;

        kv_put(store, &key, sizeof(key), buffer, size, STORE_ANY, NULL);
    }
    times[1] = __rdtsc();
    before = pages(store) - before;
    times[2] = __rdtsc();
    for (uint64_t i = 0; i < count; i++) {
        uint64_t key = (i + 1) * 0x9e3779b97f4a7c15ull;

        store_get(store, 0, &key, sizeof(key), NULL, NULL, buffer, size, NULL);
    }
    times[3] = __rdtsc();
    say("figures: %u keys, values of %lu bytes: a put %lu, a get %lu instructions; %lu bytes a key",
        count, size, (times[1] - times[0]) / count, (times[3] - times[2]) / count,
        before * 4096 / count);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t key = (i + 1) * 0x9e3779b97f4a7c15ull;

        store_remove(store, STORE_ANY, &key, sizeof(key), NULL);
    }
}

static void figures(uint32_t store)
{
    measure(store, 100, 16);
    measure(store, 1000, 16);
    measure(store, 4000, 16);
    measure(store, 400, 1000);
    measure(store, 100, 4096);
    measure(store, 12, 65000);
}

int main(void)
{
    bool fresh = false;
    uint64_t empty;

    check("is_a_keyvalue", keyvalue_is(lk_cap("keyvalue")));
    check("opens", kv_open(250, true, 0xf, &fresh, REG_NOTICE, REG_STORE) == STATUS_OK && fresh &&
                       store_is(REG_STORE));
    empty = pages(REG_STORE);
    check("keeps_values", keeps_values(REG_STORE));
    check("compares_versions", compares_versions(REG_STORE));
    check("stages", stages(REG_STORE));
    check("lists_under_change", lists_under_change(REG_STORE, 1) &&
                                    lists_under_change(REG_STORE, 7) &&
                                    lists_under_change(REG_STORE, STORE_LIST_MAX));
    check("keeps_a_deep_tree", keeps_a_deep_tree(REG_STORE));
    check("first_keys_come_back", first_keys_come_back(REG_STORE));
    check("joins_what_is_left", joins_what_is_left(REG_STORE, empty));
    check("keeps_to_its_quota", keeps_to_its_quota(REG_STORE));
    check("gives_pages_back", gives_pages_back(REG_STORE, empty));
    check("tells_by_notice", tells_by_notice(REG_STORE));
    check("few_may_wait", few_may_wait(REG_STORE));
    check("reader_only_reads", reader_only_reads(REG_STORE));
    check("refuses_bad_requests", refuses_bad_requests(REG_STORE));
    figures(REG_STORE);
    check("all_pages_are_back", keys(REG_STORE) == 0 && pages(REG_STORE) == empty);
    check("ends_sessions", ends_sessions(REG_STORE));
    check("closes_banks", closes_banks());
    return failed ? 1 : 0;
}

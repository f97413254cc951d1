/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kvmodel-test: random operations, each beside a model: an array of keys in their order, with what
 * should be under each. Its argument is how many, and the seed: `run kvmodel-test 4000 7`.
 */
#include "testing.h"

#define KEYS 160u
#define QUOTA 60u /* so few pages that it is full again and again */

/* A key, and what should be under it. */
struct entry {
    uint8_t key[STORE_KEY_MAX];
    size_t length;
    bool there;
    size_t size;
    uint64_t seed;
    uint64_t version;
};

static struct entry model[KEYS];
static uint64_t state, rounds, refused, last_version;

static uint64_t random_below(uint64_t n)
{
    return next_random(&state) % n;
}

static int order(const struct entry *e, const void *key, size_t length)
{
    int by_bytes = memcmp(e->key, key, e->length < length ? e->length : length);

    return by_bytes != 0 ? by_bytes : (e->length > length) - (e->length < length);
}

/* Keys of few different bytes, so that many begin alike; some are as long as they can be. */
static void make_key(struct entry *e)
{
    static const uint8_t bytes[] = { 0, 'a', 'a', 'b', 255 };

    e->length = random_below(8) == 0 ? STORE_KEY_MAX - random_below(20) : 1 + random_below(12);
    for (size_t i = 0; i < e->length; i++) {
        e->key[i] = bytes[random_below(sizeof(bytes))];
    }
}

/* The model in the order of its keys, all different. */
static void make_model(void)
{
    for (unsigned n = 0; n < KEYS;) {
        struct entry e = { .length = 0 };
        unsigned i = n;

        make_key(&e);
        while (i > 0 && order(&model[i - 1], e.key, e.length) > 0) {
            i--;
        }
        if (i == 0 || order(&model[i - 1], e.key, e.length) != 0) {
            memmove(&model[i + 1], &model[i], (n - i) * sizeof(e));
            model[i] = e;
            n++;
        }
    }
}

static size_t random_size(void)
{
    switch (random_below(8)) {
    case 0:
        return random_below(30000);
    case 1:
    case 2:
        return 900 + random_below(200);
    default:
        return random_below(120);
    }
}

static uint64_t random_expected(const struct entry *e)
{
    switch (random_below(4)) {
    case 0:
        return e->version; /* also if it is gone */
    case 1:
        return STORE_ABSENT;
    default:
        return STORE_ANY;
    }
}

static bool is_expected(const struct entry *e, uint64_t expected)
{
    return expected == STORE_ANY || (e->there ? expected == e->version : expected == STORE_ABSENT);
}

static bool changed(struct entry *e, uint64_t version)
{
    bool good = holds(version > last_version);

    last_version = e->version = version;
    return good;
}

/* The value by way of the stage. */
static enum status put_in_pieces(const struct entry *e, size_t size, uint64_t seed,
                                 uint64_t expected, uint64_t *version)
{
    static uint8_t value[STORE_PIECE_MAX];
    enum status s;
    bool first = true;
    size_t at = 0;

    fill(value, size, seed);
    do {
        size_t piece = size - at < 7000 ? size - at : 7000;

        s = store_stage(REG_STORE, first, value + at, piece, NULL);
        first = false;
        at += piece;
    } while (s == STATUS_OK && at < size);
    return s == STATUS_OK ? store_put_staged(REG_STORE, expected, e->key, e->length, version) : s;
}

static bool puts(struct entry *e)
{
    size_t size = random_size();
    uint64_t seed = next_random(&state);
    uint64_t expected = random_expected(e);
    uint64_t version = 0;
    bool fits = is_expected(e, expected);
    enum status s = random_below(5) == 0
                        ? put_in_pieces(e, size, seed, expected, &version)
                        : put(REG_STORE, e->key, e->length, size, seed, expected, &version);

    if (s == STATUS_NO_MEMORY) {
        refused++;
        /* what was staged of it goes */
        return holds(store_stage(REG_STORE, true, "", 0, NULL) == STATUS_OK);
    }
    if (!fits) {
        return holds(s == STORE_OTHER_VERSION);
    }
    e->there = true;
    e->size = size;
    e->seed = seed;
    return holds(s == STATUS_OK) && changed(e, version);
}

static bool removes(struct entry *e)
{
    uint64_t expected = random_below(2) == 0 ? STORE_ANY : random_expected(e);
    uint64_t version = 0;
    enum status s = store_remove(REG_STORE, expected, e->key, e->length, &version);

    if (!e->there) {
        return holds(s == STATUS_NOT_FOUND);
    }
    if (!is_expected(e, expected)) {
        return holds(s == STORE_OTHER_VERSION);
    }
    e->there = false;
    return holds(s == STATUS_OK) && changed(e, version);
}

static bool gets(const struct entry *e)
{
    if (!e->there) {
        return holds(store_get(REG_STORE, 0, e->key, e->length, NULL, NULL, NULL, 0, NULL) ==
                     STATUS_NOT_FOUND);
    }
    return has(REG_STORE, e->key, e->length, e->size, e->seed, e->version);
}

/* All that begin as a random key does, in steps of random size. */
static bool lists(void)
{
    static struct kv_walk w;
    const struct entry *like = &model[random_below(KEYS)];
    size_t prefix = random_below(3);
    const struct store_entry *found;
    enum status s = STATUS_OK;

    prefix = prefix < like->length ? prefix : like->length;
    kv_walk_begin(&w, REG_STORE, like->key, prefix, 1 + (uint32_t)random_below(STORE_LIST_MAX));
    for (unsigned i = 0; i < KEYS; i++) {
        const struct entry *e = &model[i];

        if (!e->there || e->length < prefix || memcmp(e->key, like->key, prefix) != 0) {
            continue;
        }
        found = kv_walk_next(&w, &s);
        if (!holds(found != NULL) || !holds(found->version == e->version) ||
            !holds(found->size == e->size) || !holds(order(e, found + 1, found->key_length) == 0)) {
            return false;
        }
    }
    return holds(kv_walk_next(&w, &s) == NULL) && holds(s == STATUS_OK);
}

static bool step(void)
{
    struct entry *e = &model[random_below(KEYS)];

    switch (random_below(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
        return puts(e);
    case 4:
    case 5:
    case 6:
        return removes(e);
    case 7:
        return random_below(8) != 0 || lists();
    default:
        return gets(e);
    }
}

static bool agrees(void)
{
    uint64_t there = 0;

    for (unsigned i = 0; i < KEYS; i++) {
        if (!gets(&model[i])) {
            return false;
        }
        there += model[i].there ? 1 : 0;
    }
    return holds(keys(REG_STORE) == there) && lists();
}

static bool removes_all(uint64_t empty)
{
    for (unsigned i = 0; i < KEYS; i++) {
        store_remove(REG_STORE, STORE_ANY, model[i].key, model[i].length, NULL);
    }
    return holds(keys(REG_STORE) == 0) && holds(pages(REG_STORE) == empty);
}

int main(void)
{
    const char *rest = lk_start->argument;
    uint64_t seed = 1;
    bool good = true;
    bool fresh = false;
    uint64_t empty;

    rounds = 2000;
    if (lk_parse_number(rest, &rounds, &rest) && *rest == ' ') {
        lk_parse_number(rest + 1, &seed, &rest);
    }
    state = seed;
    make_model();
    lk_must(kv_open(QUOTA, true, 1, &fresh, REG_NOTICE, REG_STORE), "opening a store");
    empty = pages(REG_STORE);
    for (uint64_t i = 0; good && i < rounds; i++) {
        good = step();
        if (!good) {
            say("operation %lu; again: make run APPEND=run=kvmodel-test,%lu,%lu", i, rounds, seed);
        }
    }
    check("as_the_model_says", good);
    check("all_keys_agree", good && agrees());
    check("was_full_at_times", refused > rounds / 100 && refused < rounds / 4);
    check("all_pages_go_back", removes_all(empty));
    say("%lu operations from seed %lu, %lu over the quota", rounds, seed, refused);
    return failed ? 1 : 0;
}

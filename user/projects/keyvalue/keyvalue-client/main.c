/* SPDX-License-Identifier: BSD-2-Clause
 *
 * keyvalue-client: the store at the prompt. What it stores stays there when it has ended, until
 * `clear`.
 */
#include "kv.h"

#define REG_NOTICE 28
#define REG_STORE 29
#define SHOWN 160u /* bytes of a value that are shown */

static char line[LK_START_ARGUMENT];
static char *rest = line;

/* The next word of the argument; empty: there is none. */
static char *word(void)
{
    char *begin = rest;
    char *end = strchr(begin, ' ');

    rest = end != NULL ? end + 1 : begin + strlen(begin);
    if (end != NULL) {
        *end = '\0';
    }
    return begin;
}

static int usage(void)
{
    say("put KEY VALUE, replace KEY VERSION VALUE, get KEY, delete KEY, list [PREFIX], watch KEY, "
        "stat, clear");
    return 2;
}

static int refused(enum status s)
{
    say("%s", s == STORE_OTHER_VERSION ? "not done: the key has another version"
              : s == STATUS_NO_MEMORY  ? "not done: that would be over the quota"
              : s == STATUS_NOT_FOUND  ? "there is no such key"
                                       : lk_status_text(s));
    return 1;
}

/* Text for the terminal: what is not printed is shown as a dot. */
static const char *shown(const void *bytes, size_t length)
{
    static char text[SHOWN + 4];
    size_t n = length < SHOWN ? length : SHOWN;

    for (size_t i = 0; i < n; i++) {
        text[i] = lk_is_print(((const char *)bytes)[i]) ? ((const char *)bytes)[i] : '.';
    }
    lk_copy_text(text + n, sizeof(text) - n, length > n ? "..." : "");
    return text;
}

static int put(const char *key, uint64_t expected)
{
    uint64_t version = 0;
    enum status s = kv_put(REG_STORE, key, strlen(key), rest, strlen(rest), expected, &version);

    if (s != STATUS_OK) {
        return refused(s);
    }
    say("version %lu", version);
    return 0;
}

static int replace(const char *key)
{
    uint64_t version = 0;
    const char *end = NULL;

    return lk_parse_number(word(), &version, &end) && *end == '\0' ? put(key, version) : usage();
}

static int get(const char *key)
{
    char value[SHOWN];
    uint64_t version = 0;
    uint64_t size = 0;
    size_t piece = 0;
    enum status s =
        store_get(REG_STORE, 0, key, strlen(key), &version, &size, value, sizeof(value), &piece);

    if (s != STATUS_OK) {
        return refused(s);
    }
    say("%s", shown(value, size < sizeof(value) ? size : sizeof(value)));
    say("version %lu, %lu bytes", version, size);
    return 0;
}

static int delete (const char *key)
{
    enum status s = store_remove(REG_STORE, STORE_ANY, key, strlen(key), NULL);

    return s == STATUS_OK ? 0 : refused(s);
}

static int list(const char *prefix)
{
    static struct kv_walk w;
    const struct store_entry *e;
    enum status s = STATUS_OK;
    uint64_t count = 0;

    kv_walk_begin(&w, REG_STORE, prefix, strlen(prefix), STORE_LIST_MAX);
    while ((e = kv_walk_next(&w, &s)) != NULL) {
        say("%s: version %lu, %u bytes", shown(e + 1, e->key_length), e->version, e->size);
        count++;
    }
    if (s != STATUS_OK) {
        return refused(s);
    }
    say("%lu key%s", count, count == 1 ? "" : "s");
    return 0;
}

static int watch(const char *key)
{
    enum status s = store_watch(REG_STORE, 0, false, key, strlen(key), NULL);

    if (s == STATUS_OK) {
        s = store_await(REG_STORE, NULL, NULL);
    }
    if (s != STATUS_OK) {
        return refused(s);
    }
    say("%s has changed", key);
    return 0;
}

static int statistics(void)
{
    struct store_statistics st;
    enum status s = store_statistics(REG_STORE, &st);

    if (s != STATUS_OK) {
        return refused(s);
    }
    say("%lu keys, %lu bytes in %lu of %lu pages; version %lu", st.keys, st.bytes, st.pages,
        st.quota, st.version);
    say("%lu puts, %lu gets, %lu removes, %lu lists; %lu refused, %lu told; %lu sessions", st.puts,
        st.gets, st.removes, st.lists, st.refused, st.told, st.sessions);
    return 0;
}

static int clear(void)
{
    enum status s = store_destroy(REG_STORE);

    return s == STATUS_OK ? 0 : refused(s);
}

static int with_key(const char *what, const char *key)
{
    if (strlen(key) == 0 || strlen(key) > STORE_KEY_MAX) {
        return usage();
    }
    return strcmp(what, "put") == 0       ? put(key, STORE_ANY)
           : strcmp(what, "replace") == 0 ? replace(key)
           : strcmp(what, "get") == 0     ? get(key)
           : strcmp(what, "delete") == 0  ? delete (key)
           : strcmp(what, "watch") == 0   ? watch(key)
                                          : usage();
}

int main(void)
{
    const char *what;
    enum status s = kv_open(0, false, 1, NULL, REG_NOTICE, REG_STORE);

    if (s != STATUS_OK) {
        return refused(s);
    }
    lk_copy_text(line, sizeof(line), lk_start->argument);
    what = word();
    return strcmp(what, "list") == 0    ? list(word())
           : strcmp(what, "stat") == 0  ? statistics()
           : strcmp(what, "clear") == 0 ? clear()
                                        : with_key(what, word());
}

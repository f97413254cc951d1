/* SPDX-License-Identifier: BSD-2-Clause
 *
 * keyvalue: a key-value store whose clients pay for what they store; see README.md.
 *
 * One loop and two interfaces. The endpoint says which: the first is the server's own, where
 * clients open sessions; the second is that of the sessions, whose payload says which it is.
 */
#include "clients.h"
#include "registers.h"

#include <lykos/gen/keyvalue_server.h>
#include <lykos/gen/store_server.h>
#include <lykos/lykos.h>
#include <lykos/stubs.h>

#define SWEEP_MS 500
#define SWEEP_BIT 2u
#define SESSION_ID (LK_ENDPOINT_ID + 1) /* endpoint ID of the sessions */

static struct session *at_hand; /* the session of the request */

/* ---- opening -------------------------------------------------------------------------------- */

static bool sweeping; /* a notice will come */

static void sweep_later(void)
{
    if (!sweeping) {
        sweeping = lk_notice_in(SWEEP_MS, SWEEP_BIT) == STATUS_OK;
    }
}

enum status keyvalue_op_open(struct lk_request *rq, uint64_t quota, bool temporary,
                             uint32_t notice_cap, bool *fresh, uint32_t *store_reg)
{
    enum status s;

    sessions_sweep(); /* who was begun again finds the places of the one before free */
    s = session_open(rq->payload, quota, temporary, notice_cap, fresh, REG_WORK);
    *store_reg = REG_WORK;
    if (s == STATUS_OK) {
        sweep_later();
    }
    return s;
}

/* Notices come from this server itself and from its timer. */
static void told(void *context, uint64_t bits)
{
    (void)context;
    if ((bits & SWEEP_BIT) != 0) {
        sweeping = false;
        if (sessions_sweep()) {
            sweep_later();
        }
    }
    if ((bits & TOLD_TRIM) != 0 && clients_trim()) {
        lk_appnotice_post(REG_TOLD, TOLD_TRIM);
    }
}

/* ---- keys and values ------------------------------------------------------------------------ */

static char received[STORE_STRING_MAX];
static char answer[STORE_PIECE_MAX];

_Static_assert(STORE_KEY_MAX == KEY_MAX, "keys are as described");
_Static_assert(STORE_OTHER_VERSION == TREE_OTHER_VERSION, "errors are as described");
_Static_assert(STORE_ANY == TREE_ANY && STORE_ABSENT == TREE_ABSENT, "versions are as described");

static bool writes(const struct lk_request *rq)
{
    return (rq->payload & SESSION_WRITES) != 0;
}

static struct key key_from(const void *bytes, size_t length)
{
    return (struct key){ bytes, length };
}

/* The end of a request that puts. */
static enum status put_done(enum status s, struct key key, uint64_t *version)
{
    struct client *c = at_hand->client;

    if (s == STATUS_OK) {
        *version = c->tree.version;
        c->counts.puts++;
        watches_fire(c, key);
    } else if (s == STATUS_NO_MEMORY) {
        c->counts.refused++;
    }
    client_trim(c);
    return s;
}

enum status store_op_put(struct lk_request *rq, uint64_t expected, uint32_t key_length,
                         const void *key_and_value, size_t key_and_value_len, uint64_t *version)
{
    struct key key = key_from(key_and_value, key_length);

    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    if (key_length == 0 || key_length > KEY_MAX || key_length > key_and_value_len) {
        return STATUS_REQUEST_ERROR;
    }
    return put_done(tree_put(&at_hand->client->tree, key, key.bytes + key_length,
                             key_and_value_len - key_length, NULL, expected),
                    key, version);
}

enum status store_op_put_staged(struct lk_request *rq, uint64_t expected, const void *key,
                                size_t key_len, uint64_t *version)
{
    enum status s;

    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    s = tree_put(&at_hand->client->tree, key_from(key, key_len), NULL, 0, &at_hand->staged,
                 expected);
    if (s == STATUS_OK) {
        chain_begin(&at_hand->staged);
    }
    return put_done(s, key_from(key, key_len), version);
}

enum status store_op_stage(struct lk_request *rq, bool first, const void *piece, size_t piece_len,
                           uint64_t *size)
{
    struct client *c = at_hand->client;
    enum status s;

    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    if (first) {
        chain_drop(&at_hand->staged, &c->window);
    }
    if (at_hand->staged.size + piece_len > STORE_VALUE_MAX) {
        client_trim(c);
        return STATUS_OUT_OF_RANGE;
    }
    s = chain_add(&at_hand->staged, &c->window, piece, piece_len);
    c->counts.refused += s == STATUS_NO_MEMORY ? 1 : 0;
    *size = at_hand->staged.size;
    client_trim(c);
    return s;
}

enum status store_op_get(struct lk_request *rq, uint64_t offset, const void *key, size_t key_len,
                         uint64_t *version, uint64_t *size, const void **piece, size_t *piece_len)
{
    struct client *c = at_hand->client;
    const struct item *i = tree_get(&c->tree, key_from(key, key_len));

    (void)rq;
    c->counts.gets++;
    if (i == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (offset > i->size) {
        return STATUS_OUT_OF_RANGE;
    }
    *version = i->version;
    *size = i->size;
    *piece = answer;
    *piece_len = tree_read(&c->tree, i, offset, answer, sizeof(answer));
    return STATUS_OK;
}

enum status store_op_remove(struct lk_request *rq, uint64_t expected, const void *key,
                            size_t key_len, uint64_t *version)
{
    struct client *c = at_hand->client;
    enum status s;

    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    s = tree_remove(&c->tree, key_from(key, key_len), expected);
    if (s == STATUS_OK) {
        *version = c->tree.version;
        c->counts.removes++;
        watches_fire(c, key_from(key, key_len));
    }
    client_trim(c);
    return s;
}

/* ---- listing -------------------------------------------------------------------------------- */

static bool begins_with(const struct item *i, struct key prefix)
{
    return i->head.key_length >= prefix.length && memcmp(i + 1, prefix.bytes, prefix.length) == 0;
}

/* An item at `used` of the answer; where it ends. 0: there is no room. */
static size_t list_item(const struct item *i, size_t used)
{
    struct store_entry entry = { i->version, i->size, i->head.key_length };
    size_t bytes = sizeof(entry) + ((i->head.key_length + 7u) & ~7u);

    if (used + bytes > STORE_LIST_BYTES) {
        return 0;
    }
    memset(answer + used, 0, bytes);
    memcpy(answer + used, &entry, sizeof(entry));
    memcpy(answer + used + sizeof(entry), i + 1, i->head.key_length);
    return used + bytes;
}

enum status store_op_list(struct lk_request *rq, uint32_t prefix_length, uint32_t most,
                          const void *prefix_and_after, size_t prefix_and_after_len,
                          uint32_t *count, bool *more, const void **entries, size_t *entries_len)
{
    const struct tree *t = &at_hand->client->tree;
    struct key prefix = key_from(prefix_and_after, prefix_length);
    struct key from = prefix;
    bool behind = false; /* the cursor, which was listed already */
    const struct item *i;
    struct place at;
    size_t used = 0;

    (void)rq;
    if (prefix_length > KEY_MAX || prefix_length > prefix_and_after_len ||
        prefix_and_after_len - prefix_length > KEY_MAX || most == 0 || most > STORE_LIST_MAX) {
        return STATUS_REQUEST_ERROR;
    }
    if (prefix_and_after_len > prefix_length) {
        struct key after =
            key_from(prefix.bytes + prefix_length, prefix_and_after_len - prefix_length);

        behind = key_compare(after, prefix) >= 0;
        from = behind ? after : prefix;
    }
    at_hand->client->counts.lists++;
    i = tree_seek(t, from, behind, &at);
    for (; i != NULL && begins_with(i, prefix); i = tree_next(t, &at)) {
        size_t end = *count < most ? list_item(i, used) : 0;

        if (end == 0) {
            *more = true;
            break;
        }
        used = end;
        ++*count;
    }
    *entries = answer;
    *entries_len = used;
    return STATUS_OK;
}

/* ---- watches -------------------------------------------------------------------------------- */

enum status store_op_watch(struct lk_request *rq, uint32_t bits, bool prefix, const void *key,
                           size_t key_len, uint32_t *number)
{
    enum status s;

    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    if (key_len > KEY_MAX || (key_len == 0 && !prefix)) {
        return STATUS_REQUEST_ERROR;
    }
    s = watch_add(at_hand, bits, prefix, key_from(key, key_len), number);
    at_hand->client->counts.refused += s == STATUS_NO_MEMORY ? 1 : 0;
    client_trim(at_hand->client);
    return s;
}

enum status store_op_unwatch(struct lk_request *rq, uint32_t number)
{
    enum status s;

    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    s = watch_remove(at_hand, number);
    client_trim(at_hand->client);
    return s;
}

enum status store_op_changes(struct lk_request *rq, uint32_t *fired, uint64_t *version)
{
    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    *fired = at_hand->fired;
    *version = at_hand->fired_version;
    at_hand->fired = 0;
    return STATUS_OK;
}

enum status store_op_await(struct lk_request *rq, uint32_t *fired, uint64_t *version)
{
    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    if (at_hand->fired != 0) {
        return store_op_changes(rq, fired, version);
    }
    waiter_answer(at_hand, STATUS_CANCELLED); /* perhaps he has given up */
    at_hand->waiter = waiter_register(at_hand);
    if (at_hand->waiter == 0) {
        return STATUS_IN_USE;
    }
    lk_keep_caller(rq, at_hand->waiter);
    return STATUS_OK; /* is not sent: the caller was kept */
}

/* Here, since what answers a caller later is made along with the dispatch. */
void waiter_answer(struct session *s, enum status result)
{
    if (s->waiter != 0) {
        uint32_t fired = result == STATUS_OK ? s->fired : 0;

        store_await_answer(s->waiter, result, fired, s->fired_version);
        s->waiter = 0;
        s->fired &= ~fired;
    }
}

/* ---- the session ---------------------------------------------------------------------------- */

enum status store_op_statistics(struct lk_request *rq, const struct store_statistics **statistics)
{
    static struct store_statistics now;
    const struct client *c = at_hand->client;

    (void)rq;
    now = c->counts;
    now.keys = c->tree.keys;
    now.bytes = c->tree.bytes;
    now.pages = window_paid(&c->window);
    now.quota = c->quota;
    now.version = c->tree.version;
    now.sessions = c->sessions;
    *statistics = &now;
    return STATUS_OK;
}

enum status store_op_reader(struct lk_request *rq, uint32_t *reader_reg)
{
    (void)rq;
    *reader_reg = REG_WORK;
    return session_entry(at_hand, 0, REG_WORK);
}

enum status store_op_close(struct lk_request *rq)
{
    struct client *c = at_hand->client;

    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    session_end(at_hand);
    client_trim(c);
    return STATUS_OK;
}

enum status store_op_destroy(struct lk_request *rq)
{
    if (!writes(rq)) {
        return STATUS_NO_ACCESS;
    }
    client_end(at_hand->client);
    return STATUS_OK;
}

/* ---- the loop ------------------------------------------------------------------------------- */

/* A session that has ended answers as Null would. */
static enum status gone(struct lk_request *rq)
{
    (void)rq;
    return STATUS_INVALID_CAP;
}

#define BUFFER .buffer = received, .buffer_size = sizeof(received), .notice = told

static const struct lk_server own_server = { KEYVALUE_DISPATCH("discrim"), BUFFER };
static const struct lk_server session_server = { STORE_DISPATCH, BUFFER };
static const struct lk_server gone_server = { .other = gone, BUFFER };

static const struct lk_server *server_of(const struct lk_msg *msg)
{
    if (msg->id != SESSION_ID) {
        return &own_server; /* notices, too */
    }
    at_hand = session_of(msg->payload);
    return at_hand != NULL ? &session_server : &gone_server;
}

int main(void)
{
    struct lk_msg msg;

    lk_must(clients_begin(), "its shelf");
    lk_touch_all(received, sizeof(received));
    lk_touch_all(answer, sizeof(answer));
    lk_serve_begin(&own_server, &msg);
    for (;;) {
        lk_invoke(&msg);
        lk_serve_step(server_of(&msg), &msg);
    }
}

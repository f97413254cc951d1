/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The server of the interface Every, a plain reading of its description, and the comparison of the
 * two. The reading knows nothing of tables, masks and generated code: it says for each method in a
 * few lines which requests are good, from the text of tests/idl/every.idl.
 */
#include "one.h"

#include <lykos/gen/every_server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/server.c"

#define MUST(e)                                                                                    \
    do {                                                                                           \
        if (!(e)) {                                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #e);                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct dispatch_seen dispatch_seen;
enum status dispatch_result;

static uint32_t types[3];
static bool no_discrim;

/* ---- What the library has for programs of Lykos ---- */

bool lk_request_cap_is(const struct lk_request *rq, unsigned n, uint32_t mask)
{
    MUST(n < 3 && strcmp(rq->server->discrim, "discrim") == 0);
    return !no_discrim && types[n] < LK_TYPES && (mask >> types[n] & 1) != 0;
}

enum status lk_invoke(struct lk_msg *msg)
{
    (void)msg;
    abort(); /* nobody here receives */
}

/* ---- The server ---- */

static void seen(uint64_t method)
{
    dispatch_seen.calls++;
    dispatch_seen.method = method;
}

static void seen_string(const void *string, size_t len)
{
    MUST(len <= sizeof(dispatch_seen.string));
    memcpy(dispatch_seen.string, string, len);
    dispatch_seen.string_len = len;
}

enum status every_op_rename(struct lk_request *rq, const char *name, size_t name_len,
                            const char **old, size_t *old_len)
{
    (void)rq;
    seen(NAMED_RENAME);
    seen_string(name, name_len);
    *old = DISPATCH_GIVES;
    *old_len = strlen(DISPATCH_GIVES);
    return dispatch_result;
}

enum status every_op_add(struct lk_request *rq, uint64_t a, uint64_t b, uint64_t *sum)
{
    (void)rq;
    seen(EVERY_ADD);
    dispatch_seen.word[0] = a;
    dispatch_seen.word[1] = b;
    *sum = a + b;
    return dispatch_result;
}

enum status every_op_sizes(struct lk_request *rq, uint8_t a, uint16_t b, uint32_t c, int8_t d,
                           int16_t e, int32_t f, int64_t g, int64_t *sum)
{
    (void)rq;
    seen(EVERY_SIZES);
    dispatch_seen.word[0] = a;
    dispatch_seen.word[1] = b;
    dispatch_seen.word[2] = c;
    dispatch_seen.word[3] = (uint64_t)(int64_t)d;
    dispatch_seen.word[4] = (uint64_t)(int64_t)e;
    dispatch_seen.word[5] = (uint64_t)(int64_t)f;
    dispatch_seen.word[6] = (uint64_t)g;
    *sum = (int64_t)d;
    return dispatch_result;
}

enum status every_op_values(struct lk_request *rq, bool truth, enum matter matter, enum gap gap,
                            uint16_t manner, bool *lie, enum matter *same, enum gap *wide,
                            uint16_t *ways)
{
    (void)rq;
    seen(EVERY_VALUES);
    dispatch_seen.word[0] = truth;
    dispatch_seen.word[1] = (uint64_t)matter;
    dispatch_seen.word[2] = (uint64_t)gap;
    dispatch_seen.word[3] = manner;
    *lie = !truth;
    *same = matter;
    *wide = gap;
    *ways = manner;
    return dispatch_result;
}

enum status every_op_move(struct lk_request *rq, int32_t by, const struct thing *thing,
                          const struct thing **moved)
{
    static struct thing there;

    (void)rq;
    seen(EVERY_MOVE);
    dispatch_seen.word[0] = (uint64_t)(int64_t)by;
    seen_string(thing, sizeof(*thing));
    there = *thing;
    *moved = &there;
    return dispatch_result;
}

enum status every_op_total(struct lk_request *rq, const struct place *places, size_t places_count,
                           const int64_t **sums, size_t *sums_count)
{
    static int64_t sum[2];

    (void)rq;
    seen(EVERY_TOTAL);
    seen_string(places, places_count * sizeof(*places));
    memset(sum, 0, sizeof(sum));
    for (size_t i = 0; i < places_count; i++) {
        sum[0] += places[i].x;
        sum[1] += places[i].y;
    }
    *sums = sum;
    *sums_count = 2;
    return dispatch_result;
}

enum status every_op_attach(struct lk_request *rq, uint32_t limit, uint32_t page_cap,
                            uint32_t notice_cap, uint32_t other_cap, uint32_t *mine_reg,
                            uint32_t *also_reg)
{
    (void)rq;
    seen(EVERY_ATTACH);
    dispatch_seen.word[0] = limit;
    dispatch_seen.cap[0] = page_cap;
    dispatch_seen.cap[1] = notice_cap;
    dispatch_seen.cap[2] = other_cap;
    *mine_reg = 28;
    *also_reg = 29;
    return dispatch_result;
}

enum status every_op_keep(struct lk_request *rq, const void *data, size_t data_len,
                          uint32_t thing_cap)
{
    (void)rq;
    seen(EVERY_KEEP);
    seen_string(data, data_len);
    dispatch_seen.cap[0] = thing_cap;
    return dispatch_result;
}

/* Keeps every caller, as lk_keep_caller() would. */
enum status every_op_await(struct lk_request *rq, uint8_t number, uint16_t *place,
                           const char **note, size_t *note_len, uint32_t *from_reg)
{
    (void)place;
    (void)note;
    (void)note_len;
    (void)from_reg;
    seen(EVERY_AWAIT);
    dispatch_seen.word[0] = number;
    rq->no_answer = true;
    return dispatch_result;
}

void every_op_hint(struct lk_request *rq, uint16_t bits, const char *text, size_t text_len,
                   uint32_t page_cap)
{
    (void)rq;
    seen(EVERY_HINT);
    dispatch_seen.word[0] = bits;
    seen_string(text, text_len);
    dispatch_seen.cap[0] = page_cap;
}

enum status every_op_nothing(struct lk_request *rq)
{
    (void)rq;
    seen(EVERY_NOTHING);
    return dispatch_result;
}

enum status every_op_fill(struct lk_request *rq, uint16_t count, const void **data,
                          size_t *data_len)
{
    static uint8_t bytes[512];

    (void)rq;
    seen(EVERY_FILL);
    dispatch_seen.word[0] = count;
    *data = bytes;
    *data_len = count < sizeof(bytes) ? count : sizeof(bytes);
    return dispatch_result;
}

static const struct lk_server server = { EVERY_SERVER("discrim") };

const struct lk_server dispatch_shared = { EVERY_DISPATCH("discrim") };
const unsigned dispatch_longest = EVERY_STRING_MAX;

void dispatch_without_discrim(bool without)
{
    no_discrim = without;
}

struct dispatch_answer dispatch_send(const struct dispatch_request *request)
{
    struct dispatch_answer answer = { .answered = false };
    size_t fits = request->string_len;
    struct lk_msg msg;

    memset(&dispatch_seen, 0, sizeof(dispatch_seen));
    memcpy(types, request->type, sizeof(types));
    lk_serve_begin(&server, &msg);
    MUST(msg.buffer == every_buffer && msg.buffer_size == sizeof(every_buffer));
    memcpy(msg.w, request->w, sizeof(msg.w));
    fits = fits < sizeof(every_buffer) ? fits : sizeof(every_buffer);
    memset(every_buffer, 0xee, sizeof(every_buffer)); /* of the request before */
    memcpy(every_buffer, request->string, fits);
    msg.delivery = (uint64_t)LK_KIND_MESSAGE << LK_DLV_KIND_SHIFT |
                   (uint64_t)request->caps << LK_DLV_NCAPS_SHIFT |
                   (uint64_t)(request->words - 1) << LK_DLV_NWORDS_SHIFT |
                   (uint64_t)fits << LK_DLV_STRLEN_SHIFT;
    if (fits < request->string_len) {
        msg.delivery |= LK_DLV_TRUNCATED;
    }
    lk_serve_step(&server, &msg);

    MUST((msg.control & LK_RECV) != 0); /* whatever it was, it goes on */
    answer.answered = (msg.control & LK_SEND) != 0;
    memcpy(answer.w, msg.w, sizeof(answer.w));
    answer.words = (unsigned)(msg.control >> LK_NWORDS_SHIFT & 7) + 1;
    answer.caps = (unsigned)(msg.control >> LK_NSEND_SHIFT & 7);
    answer.string = (msg.control & LK_SSTR) != 0 ? msg.string : NULL;
    answer.string_len = (msg.control & LK_SSTR) != 0 ? msg.string_len : 0;
    return answer;
}

/* ---- A plain reading ---- */

static bool between(uint64_t w, int64_t low, int64_t high)
{
    return (int64_t)w >= low && (int64_t)w <= high;
}

static bool is_memory(uint32_t type)
{
    return type == LK_TYPE_GPT || type == LK_TYPE_PAGE || type == LK_TYPE_CAPPAGE ||
           type == LK_TYPE_WINDOW || type == LK_TYPE_LOCALWINDOW || type == LK_TYPE_DEVICEPAGE;
}

/* Has it so many words behind the method, and capabilities behind the one for the answer? */
static bool has(const struct dispatch_request *r, unsigned words, unsigned caps)
{
    return r->words >= words + 1 && (caps == 0 || r->caps >= caps + 1);
}

static bool has_string(const struct dispatch_request *r, size_t low, size_t high)
{
    return r->string_len >= low && r->string_len <= high;
}

/* Is it good, as a request of this method? */
static bool is_good(const struct dispatch_request *r)
{
    const uint64_t *w = r->w;
    bool classified = !no_discrim;

    switch (w[0]) {
    case 0:
    case 13:
        return true;
    case 1:
        return has_string(r, 1, 16);
    case 4:
        return has(r, 2, 0);
    case 5:
        return has(r, 7, 0) && between(w[1], 0, 255) && between(w[2], 0, 65535) &&
               between(w[3], 0, 4294967295) && between(w[4], -128, 127) &&
               between(w[5], -32768, 32767) && between(w[6], -2147483648ll, 2147483647);
    case 6:
        return has(r, 4, 0) && between(w[1], 0, 1) && between(w[2], 0, 2) &&
               (w[3] == 1 || w[3] == 0x100000000) && (between(w[4], 0, 3) || between(w[4], 8, 11));
    case 7:
        return has(r, 1, 0) && between(w[1], -2147483648ll, 2147483647) && r->string_len == 24;
    case 8:
        return has_string(r, 0, 64) && r->string_len % 8 == 0;
    case 9:
        return has(r, 1, 3) && between(w[1], 0, 4294967295) && classified &&
               is_memory(r->type[0]) &&
               (r->type[1] == LK_TYPE_APPNOTICE || r->type[1] == LK_TYPE_NULL) &&
               r->type[2] == LK_TYPE_ENTRY;
    case 10:
        return has(r, 0, 1) && has_string(r, 4, 64);
    case 11:
        return has(r, 1, 0) && between(w[1], 0, 255);
    case 12:
        return has(r, 1, 1) && (between(w[1], 0, 3) || between(w[1], 8, 11)) &&
               has_string(r, 0, 8) && classified && r->type[0] == LK_TYPE_PAGE;
    default: /* 255 */
        return has(r, 1, 0) && between(w[1], 0, 65535);
    }
}

enum status dispatch_expected(const struct dispatch_request *request)
{
    static const uint64_t methods[] = { 0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 255 };

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (request->w[0] == methods[i]) {
            return is_good(request) ? STATUS_OK : STATUS_REQUEST_ERROR;
        }
    }
    return STATUS_UNKNOWN_REQUEST;
}

/* ---- Foreign bytes ---- */

/* Reads bytes, zero behind the last. */
struct bytes {
    const uint8_t *at;
    size_t left;
};

static uint8_t next(struct bytes *b)
{
    if (b->left == 0) {
        return 0;
    }
    b->left--;
    return *b->at++;
}

/* A word: most often near a limit that some type has. */
static uint64_t next_word(struct bytes *b)
{
    static const uint64_t near[] = { 0,
                                     1,
                                     2,
                                     4,
                                     8,
                                     0x80,
                                     0x100,
                                     0x8000,
                                     0x10000,
                                     0x80000000,
                                     1ull << 32,
                                     1ull << 63,
                                     0 - 0x80ull,
                                     0 - 0x8000ull,
                                     0 - 0x80000000ull };
    uint8_t how = next(b);
    uint64_t w = 0;

    if (how < 0xf0) {
        return near[how >> 4] + (uint64_t)(how & 15) - 8;
    }
    for (unsigned i = 0; i < 8; i++) {
        w = w << 8 | next(b);
    }
    return w;
}

static struct dispatch_request next_request(struct bytes *b)
{
    static const uint8_t methods[16] = { 0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 255, 2, 14, 254 };
    struct dispatch_request r = { .words = 1 };
    uint8_t method = next(b);
    uint8_t counts = next(b);

    r.w[0] = method < 0xf0 ? methods[method & 15] : next_word(b);
    r.words = (counts & 7u) + 1;
    r.caps = (counts >> 3 & 7u) % 5;
    for (unsigned i = 1; i < LK_MAX_WORDS; i++) {
        r.w[i] = next_word(b);
    }
    for (unsigned i = 0; i < 3; i++) {
        r.type[i] = next(b) % (LK_TYPES + 2);
    }
    r.string_len = next(b) % (DISPATCH_STRING + 1);
    for (size_t i = 0; i < r.string_len; i++) {
        r.string[i] = next(b);
    }
    return r;
}

/* What the function saw is what was sent. */
static void must_be_seen(const struct dispatch_request *r)
{
    static const uint8_t words[14] = {
        [4] = 2, [5] = 7, [6] = 4, [7] = 1, [9] = 1, [11] = 1, [12] = 1
    };
    static const uint8_t caps[14] = { [9] = 3, [10] = 1, [12] = 1 };
    unsigned n = r->w[0] == 255 ? 1 : words[r->w[0]];
    bool string = r->w[0] == 1 || r->w[0] == 7 || r->w[0] == 8 || r->w[0] == 10 || r->w[0] == 12;

    MUST(dispatch_seen.method == r->w[0]);
    MUST(memcmp(dispatch_seen.word, r->w + 1, n * sizeof(r->w[0])) == 0);
    for (unsigned i = 0; i < 3; i++) {
        bool has_it = r->w[0] < 14 && i < caps[r->w[0]];

        MUST(dispatch_seen.cap[i] == (has_it ? LK_REG_ARG + i : 0));
    }
    if (string) {
        MUST(dispatch_seen.string_len == r->string_len);
        MUST(memcmp(dispatch_seen.string, r->string, r->string_len) == 0);
    }
}

void dispatch_one(const uint8_t *data, size_t n)
{
    struct bytes b = { data, n };

    do {
        struct dispatch_request r = next_request(&b);
        enum status expected = dispatch_expected(&r);
        struct dispatch_answer a;

        dispatch_result = next(&b) % 2 == 0 ? STATUS_OK : EVERY_UNWILLING;
        a = dispatch_send(&r);
        if (expected == STATUS_OK && r.w[0] != 0) {
            MUST(dispatch_seen.calls == 1);
            must_be_seen(&r);
            MUST(a.answered == (r.caps > 0 && r.w[0] != 11 && r.w[0] != 12));
            MUST(!a.answered || a.w[0] == dispatch_result);
        } else {
            MUST(dispatch_seen.calls == 0);
            MUST(a.answered == (r.caps > 0));
            MUST(!a.answered || a.w[0] == expected);
            MUST(!a.answered || r.w[0] != 0 || a.w[1] == EVERY_INTERFACE);
            MUST(a.string_len == 0 && a.caps == 0);
        }
    } while (b.left > 0);
}

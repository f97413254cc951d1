/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: what tools/lykos-idl makes of the interface Every (tests/idl/every.idl),
 * client stubs on one side and dispatch on the other, with the kernel between them. That the
 * dispatch refuses what is not as described is tested with more cases on the build machine
 * (tests/unit/idl.c); here it is what only the kernel can show: registers, strings and types of
 * capabilities.
 */
#include "../lib/sys.h"

#include <lykos/gen/every_server.h>
#include <lykos/gen/pair.h>

const char sys_scenario[] = "stubs";

#define REG_WAITER LK_REG_FREE /* of the server: who waits in await */
#define PAYLOAD 77u

/* ---- The server ---- */

static struct {
    unsigned calls; /* of any method */
    char name[16];
    size_t name_len;
    uint64_t payload;
    uint16_t hint;
    char hint_text[8];
    size_t hint_len;
    uint64_t hint_type; /* of the capability that came with it */
} at_server;

enum status every_op_rename(struct lk_request *rq, const char *name, size_t name_len,
                            const char **old, size_t *old_len)
{
    static char before[16];

    at_server.calls++;
    at_server.payload = rq->payload;
    if (name_len == 6 && memcmp(name, "secret", 6) == 0) {
        return NAMED_SECRET;
    }
    memcpy(before, at_server.name, at_server.name_len);
    *old = before;
    *old_len = at_server.name_len;
    memcpy(at_server.name, name, name_len);
    at_server.name_len = name_len;
    return STATUS_OK;
}

enum status every_op_add(struct lk_request *rq, uint64_t a, uint64_t b, uint64_t *sum)
{
    (void)rq;
    at_server.calls++;
    *sum = a + b;
    return a + b == 13 ? EVERY_UNWILLING : STATUS_OK;
}

enum status every_op_sizes(struct lk_request *rq, uint8_t a, uint16_t b, uint32_t c, int8_t d,
                           int16_t e, int32_t f, int64_t g, int64_t *sum)
{
    (void)rq;
    at_server.calls++;
    *sum = a + b + (int64_t)c + d + e + f + g;
    return STATUS_OK;
}

enum status every_op_values(struct lk_request *rq, bool truth, enum matter matter, enum gap gap,
                            uint16_t manner, bool *lie, enum matter *same, enum gap *wide,
                            uint16_t *ways)
{
    (void)rq;
    at_server.calls++;
    *lie = !truth;
    *same = matter;
    *wide = gap;
    *ways = manner;
    return STATUS_OK;
}

enum status every_op_move(struct lk_request *rq, int32_t by, const struct thing *thing,
                          const struct thing **moved)
{
    static struct thing there;

    (void)rq;
    at_server.calls++;
    there = *thing;
    there.at.x += by;
    there.at.y -= by;
    *moved = &there;
    return STATUS_OK;
}

enum status every_op_total(struct lk_request *rq, const struct place *places, size_t places_count,
                           const int64_t **sums, size_t *sums_count)
{
    static int64_t sum[2];

    (void)rq;
    at_server.calls++;
    sum[0] = sum[1] = 0;
    for (size_t i = 0; i < places_count; i++) {
        sum[0] += places[i].x;
        sum[1] += places[i].y;
    }
    *sums = sum;
    *sums_count = 2;
    return STATUS_OK;
}

/* Gives the Entry and the memory back. */
enum status every_op_attach(struct lk_request *rq, uint32_t limit, uint32_t page_cap,
                            uint32_t notice_cap, uint32_t other_cap, uint32_t *mine_reg,
                            uint32_t *also_reg)
{
    (void)rq;
    at_server.calls++;
    lk_appnotice_post(notice_cap, limit); /* Null: nobody is told */
    *mine_reg = other_cap;
    *also_reg = page_cap;
    return STATUS_OK;
}

enum status every_op_keep(struct lk_request *rq, const void *data, size_t data_len,
                          uint32_t thing_cap)
{
    (void)rq;
    at_server.calls++;
    return reg_type(thing_cap) == LK_TYPE_PAGE && memcmp(data, "0123456789", data_len) == 0
               ? STATUS_OK
               : STATUS_NOT_FOUND;
}

enum status every_op_await(struct lk_request *rq, uint8_t number, uint16_t *place,
                           const char **note, size_t *note_len, uint32_t *from_reg)
{
    (void)number;
    (void)place;
    (void)note;
    (void)note_len;
    (void)from_reg;
    at_server.calls++;
    lk_keep_caller(rq, REG_WAITER);
    return STATUS_OK;
}

/* Whoever waits gets all of it. */
void every_op_hint(struct lk_request *rq, uint16_t bits, const char *text, size_t text_len,
                   uint32_t page_cap)
{
    (void)rq;
    at_server.calls++;
    at_server.hint = bits;
    memcpy(at_server.hint_text, text, text_len);
    at_server.hint_len = text_len;
    at_server.hint_type = reg_type(page_cap);
    every_await_answer(REG_WAITER, STATUS_OK, bits, text, text_len, page_cap);
}

enum status every_op_nothing(struct lk_request *rq)
{
    (void)rq;
    at_server.calls++;
    return STATUS_OK;
}

enum status every_op_fill(struct lk_request *rq, uint16_t count, const void **data,
                          size_t *data_len)
{
    static uint8_t bytes[512];

    (void)rq;
    at_server.calls++;
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    *data = bytes;
    *data_len = count < sizeof(bytes) ? count : sizeof(bytes);
    return STATUS_OK;
}

static const struct lk_server server = { EVERY_SERVER("discrim") };

static void serve(void *arg)
{
    (void)arg;
    lk_serve(&server);
}

/* A server, which is started unless said otherwise; its Entry is in R_A. */
static struct worker server_new(void)
{
    static const struct lk_start start = {
        .magic = LK_START_MAGIC,
        .cap_count = 1,
        .cap = { { .name = "discrim", .reg = R_DISCRIM } },
    };
    struct worker w = worker_new(PRIO_HIGH, serve, NULL);

    lk_start = &start;
    memset(&at_server, 0, sizeof(at_server));
    obj_get(entry_new(w.endpoint, PAYLOAD), R_A);
    return w;
}

static void begin(void)
{
    worker_start(server_new());
}

/* ---- Cases ---- */

CASE(words, .text = "words of every type arrive and come back")
{
    uint64_t sum = 0;
    int64_t total = 0;
    bool lie = true;
    enum matter same = MATTER_WOOD;
    enum gap wide = GAP_ONE;
    uint16_t ways = 0;

    begin();
    OK(every_add(R_A, 1ull << 63, 5, &sum));
    EQ(sum, (1ull << 63) + 5);
    STATUS(every_add(R_A, 6, 7, NULL), EVERY_UNWILLING);
    OK(every_sizes(R_A, UINT8_MAX, UINT16_MAX, UINT32_MAX, INT8_MIN, INT16_MIN, INT32_MIN,
                   INT64_MIN / 2, &total));
    EQ(total, UINT8_MAX + UINT16_MAX + (int64_t)UINT32_MAX + INT8_MIN + INT16_MIN + INT32_MIN +
                  INT64_MIN / 2);
    OK(every_values(R_A, true, MATTER_GOLD, GAP_MANY, MANNER_WELL | MANNER_CHEAP, &lie, &same,
                    &wide, &ways));
    EQ(lie, false);
    EQ(same, MATTER_GOLD);
    EQ(wide, GAP_MANY);
    EQ(ways, MANNER_WELL | MANNER_CHEAP);
    OK(every_nothing(R_A));
    EQ(at_server.calls, 5);
}

CASE(strings, .text = "strings, structures and runs of them arrive and come back whole")
{
    static const struct thing stone = {
        .at = { 5, -5 }, .name = "stone", .manner = MANNER_FAST, .matter = MATTER_IRON
    };
    static const struct place places[] = { { 1, 2 }, { 30, -40 }, { INT32_MAX, INT32_MIN } };
    struct thing moved;
    int64_t sums[2] = { 0, 0 };
    uint8_t bytes[512] = { 0 };
    char old[16];
    size_t n = 99;

    begin();
    OK(named_rename(R_A, "wolf", 4, old, sizeof(old), &n));
    EQ(n, 0);
    EQ(at_server.payload, PAYLOAD);
    OK(named_rename(R_A, "lykos", 5, old, sizeof(old), &n));
    CHECK(n == 4 && memcmp(old, "wolf", 4) == 0);
    STATUS(named_rename(R_A, "secret", 6, NULL, 0, NULL), NAMED_SECRET);

    OK(every_move(R_A, -7, &stone, &moved));
    CHECK(moved.at.x == -2 && moved.at.y == 2 && memcmp(moved.name, "stone", 6) == 0);
    EQ(moved.matter, MATTER_IRON);

    OK(every_total(R_A, places, 3, sums, 2, &n));
    EQ(n, 2);
    EQ(sums[0], 31ll + INT32_MAX);
    EQ(sums[1], -38ll + INT32_MIN);
    OK(every_total(R_A, NULL, 0, sums, 1, &n));
    CHECK(n == 1 && sums[0] == 0);

    OK(every_fill(R_A, 512, bytes, sizeof(bytes), &n));
    EQ(n, 512);
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        EQ(bytes[i], (uint8_t)(i * 7));
    }
    OK(every_fill(R_A, 512, bytes, 10, &n));
    EQ(n, 10);
}

CASE(capabilities, .text = "capabilities arrive and come back; those of another type do not arrive")
{
    begin();
    obj_get(page_new(), R_B);
    obj_get(notice_new(endpoint_new(SELF, 5, false), 0xff), R_C);
    OK(every_attach(R_A, 6, R_B, R_C, R_A, R_D, R_E));
    CHECK(reg_same(R_D, R_A) && reg_same(R_E, R_B));
    EQ(lk_park(), 6);
    OK(every_attach(R_A, 1, R_SPACE, 0, R_A, 0,
                    R_E)); /* a GPT is memory, too; and nobody is told */
    CHECK(reg_same(R_E, R_SPACE));
    EQ(at_server.calls, 2);

    STATUS(every_attach(R_A, 1, 0, R_C, R_A, R_D, R_E), STATUS_REQUEST_ERROR);
    STATUS(every_attach(R_A, 1, R_C, R_C, R_A, R_D, R_E), STATUS_REQUEST_ERROR);
    STATUS(every_attach(R_A, 1, R_B, R_B, R_A, R_D, R_E), STATUS_REQUEST_ERROR);
    STATUS(every_attach(R_A, 1, R_B, R_C, R_C, R_D, R_E), STATUS_REQUEST_ERROR);
    STATUS(every_attach(R_A, 1, R_B, R_C, 0, R_D, R_E), STATUS_REQUEST_ERROR);
    STATUS(lk_call1(R_A, EVERY_ATTACH, 1).w[0], STATUS_REQUEST_ERROR);
    EQ(at_server.calls, 2);

    OK(every_keep(R_A, "01234567", 8, R_B));
    STATUS(every_keep(R_A, "01234567", 8, 0), STATUS_NOT_FOUND); /* any type, also none */
    STATUS(every_keep(R_A, "012", 3, R_B), STATUS_REQUEST_ERROR);
    EQ(at_server.calls, 4);
}

CASE(refused, .text = "what is not as described does not reach the server")
{
    static char text[100];

    begin();
    STATUS(lk_call1(R_A, EVERY_ADD, 1).w[0], STATUS_REQUEST_ERROR);
    STATUS(lk_call1(R_A, EVERY_FILL, 1ull << 32).w[0], STATUS_REQUEST_ERROR);
    STATUS(lk_call0(R_A, EVERY_METHODS).w[0], STATUS_UNKNOWN_REQUEST);
    STATUS(lk_call0(R_A, 2).w[0], STATUS_UNKNOWN_REQUEST);
    STATUS(named_rename(R_A, text, 0, NULL, 0, NULL), STATUS_REQUEST_ERROR);
    STATUS(named_rename(R_A, text, 17, NULL, 0, NULL), STATUS_REQUEST_ERROR);
    STATUS(named_rename(R_A, text, 65, NULL, 0, NULL), STATUS_REQUEST_ERROR); /* is cut off */
    STATUS(every_values(R_A, true, (enum matter)3, GAP_ONE, 0, NULL, NULL, NULL, NULL),
           STATUS_REQUEST_ERROR);
    STATUS(every_values(R_A, true, MATTER_WOOD, (enum gap)2, 0, NULL, NULL, NULL, NULL),
           STATUS_REQUEST_ERROR);
    STATUS(every_values(R_A, true, MATTER_WOOD, GAP_ONE, 4, NULL, NULL, NULL, NULL),
           STATUS_REQUEST_ERROR);
    EQ(at_server.calls, 0);
}

CASE(one_way, .text = "a one-way method comes whole; without waiting it does if the server waits")
{
    struct worker w = server_new();

    obj_get(page_new(), R_B);
    STATUS(every_hint_try(R_A, MANNER_FAST, "now", 3, R_B), STATUS_WOULD_BLOCK);
    worker_start(w);
    sleep_ns(NSEC_PER_MSEC);
    EQ(at_server.calls, 0);
    OK(every_hint_try(R_A, MANNER_FAST, "now", 3, R_B));
    OK(every_nothing(R_A)); /* so it is done with that */
    EQ(at_server.calls, 2);
    EQ(at_server.hint, MANNER_FAST);
    EQ(at_server.hint_type, LK_TYPE_PAGE);
    CHECK(at_server.hint_len == 3 && memcmp(at_server.hint_text, "now", 3) == 0);
    OK(every_hint(R_A, MANNER_WELL, NULL, 0, R_B));
    OK(every_nothing(R_A));
    EQ(at_server.hint, MANNER_WELL);
    EQ(at_server.hint_len, 0);
    OK(every_hint(R_A, MANNER_WELL, "no", 2, R_A)); /* sent, but the server does not see it */
    OK(every_nothing(R_A));
    EQ(at_server.hint_len, 0);
}

static struct {
    enum status status;
    uint16_t place;
    char note[32];
    size_t note_len;
    bool is_page, done;
} waited;

static void await(void *arg)
{
    (void)arg;
    waited.status =
        every_await(R_A, 5, &waited.place, waited.note, sizeof(waited.note), &waited.note_len, R_B);
    waited.is_page = reg_type(R_B) == LK_TYPE_PAGE;
    waited.done = true;
}

CASE(later, .text = "a caller that is kept is answered later, with all that its method gives")
{
    struct worker w;

    begin();
    memset(&waited, 0, sizeof(waited));
    w = worker_new(PRIO_HIGH, await, NULL);
    proc_cap(w.p, R_A, obj_keep(R_A));
    worker_start(w);
    sleep_ns(NSEC_PER_MSEC);
    CHECK(!waited.done && at_server.calls == 1);
    obj_get(page_new(), R_B);
    OK(every_hint(R_A, MANNER_CHEAP, "it is so", 8, R_B));
    EVENTUALLY(waited.done);
    EQ(waited.status, STATUS_OK);
    EQ(waited.place, MANNER_CHEAP);
    CHECK(waited.note_len == 8 && memcmp(waited.note, "it is so", 8) == 0);
    CHECK(waited.is_page);
}

CASE(which, .text = "a capability can be asked which interface it leads to")
{
    uint64_t type = 0;

    begin();
    CHECK(every_is(R_A));
    CHECK(named_is(R_A)); /* it inherits from that */
    CHECK(!pair_is(R_A));
    CHECK(!every_is(R_SPACE) && !every_is(0));
    OK(lk_get_type(R_A, &type));
    EQ(type, EVERY_INTERFACE);
    EQ(at_server.calls, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One who takes up memory, in the way that its argument says, for user/programs/refuse. It ends
 * with 0 if all of it went well, and with the status that it was given if it was refused something.
 * Where the pager has nothing for it, it faults.
 */
#include <lykos/bank.h>
#include <lykos/connect.h>
#include <lykos/gen/twice_server.h>
#include <lykos/heap.h>
#include <lykos/lykos.h>
#include <lykos/stack.h>

#define PAGE 4096ul
#define HEAP_PAGES 20u
#define THREADS 2u
#define RANGE_FRAMES 3u /* Processes and Endpoints of the threads */
#define BACK 1u         /* notice bits: the server is there again; threads from bit 4 on */
#define THREAD_BIT 4u
#define READY 2u /* .. that whoever made this one waits for */
#define TIMER 0x80000000u
#define PATIENCE_MS 500u /* a thread that found no memory for its stack stays stopped */

enum {
    REG_A = LK_REG_FREE,
    REG_B,
    REG_WORK, /* and the next */
    REG_THREAD = LK_REG_SCRATCH
};

/* ---- a server ---- */

enum status twice_op_twice(struct lk_request *rq, uint64_t n, uint64_t *twofold)
{
    (void)rq;
    *twofold = 2 * n;
    return STATUS_OK;
}

static const struct lk_server server = { TWICE_SERVER };

static enum status serve(void)
{
    lk_serve(&server);
}

/* ---- its clients ---- */

static enum status call(void)
{
    uint64_t twofold = 0;
    enum status s = twice_twice(lk_cap("server"), 21, &twofold);

    if (s == STATUS_OK && twofold != 42) {
        lk_die("twice 21 is %lu", twofold);
    }
    return s;
}

/* Ask, and once more if the server was begun again meanwhile. */
static enum status call_patiently(void)
{
    unsigned tries = 0;
    enum status s;

    do {
        s = call();
    } while (lk_came_back(lk_cap("server"), s, &tries));
    return s;
}

/* Ask a server before and after it was begun again. Whoever made this one kills the server once it
 * has been told. */
static enum status watch(void)
{
    enum status s = lk_endpoint_make_app_notice(LK_REG_ENDPOINT, BACK, REG_A);

    if (s == STATUS_OK) {
        s = lk_watch("server", BACK, REG_A);
    }
    if (s == STATUS_OK) {
        s = call_patiently();
    }
    if (s == STATUS_OK) {
        s = lk_appnotice_post(lk_cap("ready"), READY);
    }
    while (s == STATUS_OK && (lk_park() & BACK) == 0) {
    }
    return s == STATUS_OK ? call_patiently() : s;
}

/* ---- memory ---- */

static enum status leave(void)
{
    return STATUS_OK;
}

static enum status heap(void)
{
    uint8_t *piece[HEAP_PAGES];

    for (unsigned i = 0; i < HEAP_PAGES; i++) {
        piece[i] = lk_alloc(PAGE - 64);
        if (piece[i] == NULL) {
            return STATUS_NO_MEMORY;
        }
        memset(piece[i], (int)i + 1, PAGE - 64);
    }
    for (unsigned i = 0; i < HEAP_PAGES; i++) {
        if (piece[i][i] != i + 1) {
            lk_die("piece %u holds %u", i, piece[i][i]);
        }
        lk_free(piece[i]);
    }
    return STATUS_OK;
}

/* All that it can get. */
static enum status eat(void)
{
    for (;;) {
        uint8_t *piece = lk_alloc(PAGE);

        if (piece == NULL) {
            return STATUS_NO_MEMORY;
        }
        memset(piece, 1, PAGE);
    }
}

/* As many pages of stack, each with a number in it. */
__attribute__((noinline)) static uint64_t descend(uint64_t pages)
{
    volatile uint64_t room[PAGE / sizeof(uint64_t)];

    room[0] = pages;
    return room[0] + (pages > 1 ? descend(pages - 1) : 0);
}

static enum status stack(void)
{
    return descend(5) == 15 ? STATUS_OK : STATUS_REQUEST_ERROR;
}

static volatile uint64_t data[3 * PAGE / sizeof(uint64_t)] = { 7 };
static volatile uint64_t zeros[2 * PAGE / sizeof(uint64_t)];

static enum status write_data(void)
{
    const size_t step = PAGE / sizeof(uint64_t);

    for (size_t i = 0; i < 3; i++) {
        data[i * step] += i;
    }
    for (size_t i = 0; i < 2; i++) {
        zeros[i * step] = i;
    }
    return data[0] == 7 && data[step] == 1 ? STATUS_OK : STATUS_REQUEST_ERROR;
}

/* ---- threads ---- */

static struct lk_thread thread[THREADS];
static struct lk_room room;
static uint64_t sum[THREADS];

static void work(void *number)
{
    uint64_t i = (uint64_t)number;

    sum[i] = descend(3);
    lk_appnotice_post(REG_A, 1u << (THREAD_BIT + i));
}

static enum status make_thread(unsigned i, unsigned *number)
{
    struct lk_thread_plan plan = {
        .label = "helper",
        .fn = work,
        .arg = (void *)(uint64_t)i,
        .stack = lk_stack_take(number),
        .stack_size = LK_STACK_SIZE,
        .space = lk_cap("space"),
        .schedule = lk_cap("schedule"),
        .handler = REG_B,
        .process = REG_THREAD + i,
    };
    enum status s = plan.stack != NULL ? STATUS_OK : STATUS_EXHAUSTED;

    if (s == STATUS_OK) {
        s = lk_thread_make(&thread[i], &room, &plan);
    }
    if (s == STATUS_OK) {
        s = lk_thread_give(&thread[i], REG_A, REG_A);
    }
    return s == STATUS_OK ? lk_thread_start(&thread[i]) : s;
}

static enum status threads(void)
{
    const uint64_t all = (1u << THREADS) - 1;
    uint64_t seen = 0;
    unsigned number[THREADS] = { 0 };
    enum status s = lk_bank_range(lk_cap("bank"), RANGE_FRAMES, REG_WORK - 4);

    if (s == STATUS_OK) {
        lk_room_open(&room, REG_WORK - 4, 0, RANGE_FRAMES, REG_WORK);
        s = lk_endpoint_make_app_notice(LK_REG_ENDPOINT, all << THREAD_BIT, REG_A);
    }
    if (s == STATUS_OK) {
        s = lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_B);
    }
    for (unsigned i = 0; s == STATUS_OK && i < THREADS; i++) {
        s = make_thread(i, &number[i]);
    }
    lk_notice_in(PATIENCE_MS, TIMER);
    while (s == STATUS_OK && seen != all) {
        uint64_t bits = lk_park();

        seen |= bits >> THREAD_BIT & all;
        s = (bits & TIMER) != 0 ? STATUS_TIMED_OUT : STATUS_OK;
    }
    for (unsigned i = 0; s == STATUS_OK && i < THREADS; i++) {
        s = sum[i] == 6 ? lk_thread_destroy(&thread[i]) : STATUS_REQUEST_ERROR;
        lk_stack_give(number[i]);
    }
    return s == STATUS_OK ? lk_bank_free_range(lk_cap("bank"), REG_WORK - 4) : s;
}

/* ---- banks ---- */

static enum status banks(void)
{
    static const uint64_t types[] = { LK_TYPE_PAGE,    LK_TYPE_GPT,     LK_TYPE_ENDPOINT,
                                      LK_TYPE_CAPPAGE, LK_TYPE_PROCESS, LK_TYPE_SCHEDULE };
    enum status s = lk_bank_open(lk_cap("bank"), "outer", 0, REG_A);

    if (s == STATUS_OK) {
        s = lk_bank_open(REG_A, "inner", 10, REG_B);
    }
    for (unsigned i = 0; s == STATUS_OK && i < sizeof(types) / sizeof(types[0]); i++) {
        s = lk_bank_make(REG_B, types[i], REG_WORK);
    }
    if (s == STATUS_OK) {
        s = lk_bank_range(REG_A, 4, REG_WORK);
    }
    return s == STATUS_OK ? lk_bank_close(REG_A) : s;
}

/* ---- what it was given ---- */

static enum status given(void)
{
    enum status s = lk_appnotice_post(lk_cap("one"), 1);

    return s == STATUS_OK ? lk_appnotice_post(lk_cap("other"), 1) : s;
}

static const struct {
    const char *name;
    enum status (*run)(void);
} kinds[] = {
    { "serve", serve },     { "call", call },   { "watch", watch }, { "leave", leave },
    { "heap", heap },       { "stack", stack }, { "banks", banks }, { "data", write_data },
    { "threads", threads }, { "given", given }, { "eat", eat },
};

int main(void)
{
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, lk_start->argument) == 0) {
            return (int)kinds[i].run();
        }
    }
    say("there is no '%s'", lk_start->argument);
    return 1;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The hand of a worker; see hand.h. What the worker sends it goes to pages that it gives back to
 * the pager after each string, so that every string makes it fault while it receives: the worker's
 * call waits meanwhile. Then it touches pages of its own, which makes it fault as it runs.
 */
#include "hand.h"

#include <lykos/bank.h>
#include <lykos/gen/hand_server.h>
#include <lykos/lykos.h>
#include <lykos/pager.h>
#include <lykos/stack.h>
#include <lykos/thread.h>

#define REG_RANGE LK_REG_SCRATCH
#define REG_WORK (LK_REG_SCRATCH + 1) /* .. and the one behind it */
#define REG_PROCESS (LK_REG_SCRATCH + 3)
#define REG_BANK (LK_REG_FREE + 1)
#define REG_HAND (LK_REG_FREE + 2) /* its Endpoint, then an Entry to it */

#define FRAMES 2ul /* of its Process, of its Endpoints */
#define PAGE 4096ul
#define TEXT HAND_STRING_MAX              /* three pages less 100 bytes */
#define TEXT_AT (LK_HEAP_VA + 0x800000ul) /* where it receives */
#define OWN_AT (LK_HEAP_VA + 0x900000ul)  /* pages that it touches */
#define OWN_PAGES 8ul

static struct lk_room room;
static struct lk_thread thread;
static unsigned stack_number;

static uint64_t sum_of(const uint8_t *text, size_t bytes)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < bytes; i++) {
        sum = sum * 31 + text[i];
    }
    return sum;
}

static void give_back(uint64_t at, uint64_t bytes)
{
    lk_must(lk_pager_discard(LK_REG_PAGER, at, bytes), "giving pages back");
}

/* Write to all pages, look whether it is there, give them back. */
static bool use_own(uint64_t n)
{
    bool good = true;

    for (uint64_t i = 0; i < OWN_PAGES; i++) {
        *(volatile uint64_t *)(OWN_AT + i * PAGE) = n + i;
    }
    for (uint64_t i = 0; i < OWN_PAGES; i++) {
        good &= *(volatile uint64_t *)(OWN_AT + i * PAGE) == n + i;
    }
    give_back(OWN_AT, OWN_PAGES * PAGE);
    return good;
}

enum status hand_op_take(struct lk_request *rq, uint64_t n, const void *text, size_t text_len,
                         uint64_t *sum, bool *good)
{
    (void)rq;
    *sum = sum_of(text, text_len);
    *good = use_own(n);
    give_back(TEXT_AT, 3 * PAGE);
    return STATUS_OK;
}

static void serve(void *unused)
{
    static const struct lk_server server = {
        HAND_DISPATCH,
        .buffer = (void *)TEXT_AT,
        .buffer_size = TEXT,
    };

    (void)unused;
    lk_serve(&server);
}

void hand_begin(uint64_t seed)
{
    struct lk_thread_plan plan = {
        .label = "hand",
        .fn = serve,
        .stack = lk_stack_take(&stack_number),
        .stack_size = LK_STACK_SIZE,
        .space = lk_cap("space"),
        .schedule = lk_cap("schedule"),
        .process = REG_PROCESS,
        .endpoint = REG_HAND,
    };

    lk_must(lk_bank_open(lk_cap("bank"), "hand", 0, REG_BANK), "a bank");
    if (seed % 2 != 0) {
        lk_must(lk_bank_hide(REG_BANK), "hiding it");
    }
    lk_must(lk_bank_range(REG_BANK, FRAMES, REG_RANGE), "a Range");
    lk_room_open(&room, REG_RANGE, 0, FRAMES, REG_WORK);
    lk_must(lk_thread_make(&thread, &room, &plan), "the hand");
    lk_must(lk_endpoint_make_entry(REG_HAND, 0, REG_HAND), "an Entry to it");
    lk_must(lk_thread_give(&thread, LK_REG_PAGER, lk_cap("pager")), "the pager");
    lk_must(lk_thread_give(&thread, LK_REG_SLEEP, LK_REG_SLEEP), "Sleep");
    lk_must(lk_thread_start(&thread), "its begin");
}

void hand_use(uint64_t n)
{
    static uint8_t text[TEXT];
    uint64_t sum = 0;
    bool good = false;

    for (size_t i = 0; i < TEXT; i += 64) {
        text[i] = (uint8_t)(n + i / 64);
    }
    lk_must(hand_take(REG_HAND, n, text, TEXT, &sum, &good), "the hand");
    if (sum != sum_of(text, TEXT) || !good) {
        lk_die("the hand was given a string of sum %lu and found %lu; its own pages: %s",
               sum_of(text, TEXT), sum, good ? "good" : "wrong");
    }
}

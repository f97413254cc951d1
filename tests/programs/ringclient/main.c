/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ringclient: offers rings to ringserver, right and wrong ones, fills them, takes its pages away,
 * and sees its server die. Ends with status 0 if all was as it should be.
 */
#include "../ringserver/ringtest.h"

#define RING_BIT 1u
#define RECORDS 100000u
#define BATCH 48u
#define PERIOD (10 * LK_NSEC_PER_MSEC)
#define REG_SHELF LK_REG_FREE
#define REG_SERVER (LK_REG_FREE + 1)
#define REG_WORK LK_REG_SCRATCH /* and two more */
#define REG_OTHER (LK_REG_SCRATCH + 3)

static struct lk_ring_tools tools;
static struct lk_ring ring;
static struct lk_ring_share share;
static uint32_t server, bank;

#define MUST(e) ((e) ? (void)0 : lk_die("not so: %s", #e))

static enum status offer(uint32_t count, uint32_t size, bool produces)
{
    const struct lk_ring_plan plan = { .tools = &tools,
                                       .size = size,
                                       .count = count,
                                       .produces = produces,
                                       .bits = RING_BIT,
                                       .notice = REG_SERVER,
                                       .shelf = REG_SHELF,
                                       .period = PERIOD };

    return lk_ring_offer(&ring, &share, &plan, server, TEST_RING);
}

static void send(uint64_t records)
{
    uint64_t batch[BATCH];

    for (uint64_t done = 0; done < records;) {
        uint32_t n = 0;

        while (n < BATCH && done < records) {
            batch[n++] = done++;
        }
        MUST(lk_ring_send(&ring, batch, n) == LK_RING_OK);
    }
}

/* Until the server has seen the end. How many records were right. */
static uint64_t await_end(enum lk_ring_result how)
{
    for (;;) {
        struct lk_in in = lk_call0(server, TEST_LOOK);

        MUST(in.w[0] == STATUS_OK);
        if (in.w[2] != LK_RING_OK) {
            MUST(in.w[2] == how);
            return in.w[1];
        }
        lk_sleep_ms(1);
    }
}

static uint64_t bank_used(void)
{
    struct bank_info info;

    MUST(lk_bank_info(bank, &info) == STATUS_OK);
    return info.used;
}

/* By hand, with a CapPage in REG_SHELF and something as its first page, or as the notice. */
static enum status offer_by_hand(uint32_t shelf, uint32_t notice)
{
    uint64_t control = LK_CTL_CALL_CAPS(server, 4, 2, shelf, notice, 0, 0, 0, 0, 0);

    return (enum status)lk_call_ctl3(control, TEST_RING, 64ull << 32 | 8, RING_BIT,
                                     LK_RING_LAYOUT | 1ull << 32)
        .w[0];
}

static void shelf_has(uint32_t reg)
{
    MUST(lk_cappage_swap_slot(REG_SHELF, 0, reg, 0) == STATUS_OK);
}

static void tell_lies(void)
{
    uint64_t used = bank_used();

    MUST(offer(64, 16, true) == STATUS_REQUEST_ERROR);
    MUST(offer(64, 8, false) == STATUS_REQUEST_ERROR);
    MUST(offer(2 * TEST_COUNT, 8, true) == STATUS_REQUEST_ERROR);
    MUST(offer(100, 8, true) == STATUS_REQUEST_ERROR);
    MUST(bank_used() == used); /* nothing of them is left */

    MUST(lk_bank_make(bank, LK_TYPE_CAPPAGE, REG_SHELF) == STATUS_OK);
    MUST(lk_bank_make(bank, LK_TYPE_PAGE, REG_OTHER) == STATUS_OK);
    MUST(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, RING_BIT, REG_SERVER) == STATUS_OK);
    MUST(offer_by_hand(REG_SHELF, REG_SERVER) == STATUS_REQUEST_ERROR); /* no page */
    shelf_has(LK_REG_ENDPOINT);
    MUST(offer_by_hand(REG_SHELF, REG_SERVER) == STATUS_REQUEST_ERROR);
    MUST(lk_memory_reduce(REG_OTHER, LK_RO, REG_WORK) == STATUS_OK);
    shelf_has(REG_WORK);
    MUST(offer_by_hand(REG_SHELF, REG_SERVER) == STATUS_REQUEST_ERROR);
    shelf_has(REG_OTHER);
    MUST(offer_by_hand(REG_OTHER, REG_SERVER) == STATUS_REQUEST_ERROR); /* no CapPage */
    MUST(offer_by_hand(REG_SHELF, server) == STATUS_REQUEST_ERROR);     /* no AppNotice */
    MUST(offer_by_hand(REG_SHELF, 0) == STATUS_REQUEST_ERROR);
    /* A page that goes elsewhere, by its guard, is put in its place. It holds no ring. */
    MUST(lk_memory_set_guard(REG_OTHER, 5, 16, REG_WORK) == STATUS_OK);
    shelf_has(REG_WORK);
    MUST(offer_by_hand(REG_SHELF, REG_SERVER) == STATUS_OK);
    MUST(await_end(LK_RING_GONE) == 0); /* no side of it is open */
    MUST(lk_bank_free(bank, REG_OTHER) == STATUS_OK && lk_bank_free(bank, REG_SHELF) == STATUS_OK);
    MUST(bank_used() == used);
    say("lies were not believed");
}

int main(void)
{
    uint64_t used;
    uint64_t n;

    server = lk_cap("server");
    bank = lk_cap("bank");
    tools = (struct lk_ring_tools){ .bank = bank,
                                    .space = lk_cap("space"),
                                    .discrim = lk_cap("discrim"),
                                    .endpoint = LK_REG_ENDPOINT,
                                    .work = REG_WORK };
    used = bank_used();
    tell_lies();

    MUST(offer(TEST_COUNT, 8, true) == STATUS_OK);
    send(RECORDS);
    lk_ring_close(&ring);
    MUST(await_end(LK_RING_CLOSED) == RECORDS);
    lk_ring_release(&share);
    MUST(bank_used() == used);
    say("all records have arrived");

    MUST(offer(256, 8, true) == STATUS_OK);
    send(1000);
    lk_ring_release(&share); /* the pages are gone, and nobody has said so */
    n = await_end(LK_RING_GONE);
    MUST(n >= 1000 - 256 && n <= 1001); /* a zero more, perhaps: of a page that is gone */
    MUST(bank_used() == used);
    say("the server has survived the end of its client's pages");

    MUST(offer(4, 8, true) == STATUS_OK);
    MUST(lk_call0(server, TEST_DIE).w[0] == STATUS_INVOKEE_GONE);
    MUST(lk_ring_put(&ring, &n, 1) == 1);
    MUST(lk_ring_await(&ring, 2) == LK_RING_GONE); /* the notice says so */
    lk_ring_release(&share);
    MUST(bank_used() == used);
    say("the end of the server was found");
    return 0;
}

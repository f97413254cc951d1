/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A client of everything, while servers are killed (user/programs/mayhem): it makes and gives back
 * objects, touches memory that is made when it is touched, calls a server, prints, and has a thread
 * of its own making do such things (hand.c). Whatever a server answers that did not live to the end
 * of it must be a result that is meant for that, and what it wrote must be there when it looks
 * again.
 *
 * Its arguments: a number that its random choices come from. With "serve" it is the server.
 */
#include "hand.h"

#include <lykos/bank.h>
#include <lykos/connect.h>
#include <lykos/gen/twice_server.h>
#include <lykos/lykos.h>
#include <lykos/pager.h>

#define KEPT 8u /* objects */
#define REG_KEPT LK_REG_FREE
#define PAGES 64ul
#define PAGE 4096ul
#define FIRST (LK_HEAP_VA + 0x100000ul)

static uint64_t state;
static uint64_t asked_again; /* how often a server had died */
static volatile uint64_t data[PAGE] = {
    1
}; /* of the program's file: copied when first written to */

static uint64_t random_below(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

static volatile uint64_t *word_of(unsigned page)
{
    uintptr_t at = FIRST + page * PAGE;

    __asm__("" : "+r"(at));
    return (volatile uint64_t *)at;
}

/* What was written to pages before must stand there. */
static void use_memory(void)
{
    static uint64_t written[PAGES];
    unsigned page = (unsigned)random_below(PAGES);

    if (*word_of(page) != written[page]) {
        lk_die("page %u holds %lu, not %lu", page, *word_of(page), written[page]);
    }
    written[page] = random_below(1000000);
    *word_of(page) = written[page];
    if (random_below(8) == 0) {
        lk_must(lk_pager_discard(lk_cap("pager"), FIRST + page * PAGE, PAGE), "giving a page back");
        written[page] = 0;
    }
    data[random_below(PAGE)]++;
}

/* An object of the bank and back. A bank that died is asked again by the library. */
static void use_bank(void)
{
    static const uint64_t types[] = { LK_TYPE_PAGE, LK_TYPE_GPT, LK_TYPE_ENDPOINT,
                                      LK_TYPE_CAPPAGE };
    uint64_t type = LK_TYPE_NULL;
    uint64_t wanted = types[random_below(4)];

    lk_must(lk_bank_make(lk_cap("bank"), wanted, REG_KEPT), "an object");
    lk_must(lk_get_type(REG_KEPT, &type), "looking at it");
    if (type != wanted) {
        lk_die("an object of type %lu, not %lu", type, wanted);
    }
    lk_must(lk_bank_free(lk_cap("bank"), REG_KEPT), "giving it back");
}

/* A server that is begun again has forgotten everything: it answers what it is sent. */
static void use_server(void)
{
    uint64_t n = random_below(1000);
    uint64_t twofold = 0;
    unsigned tries = 0;
    enum status s;

    do {
        s = twice_twice(lk_cap("teller"), n, &twofold);
    } while (lk_came_back(lk_cap("teller"), s, &tries));
    asked_again += tries;
    if (s == STATUS_OK ? twofold != 2 * n : s != STATUS_INVALID_CAP && s != STATUS_INVOKEE_GONE) {
        lk_die("the server answers %u, %lu", (unsigned)s, twofold);
    }
}

enum status twice_op_twice(struct lk_request *rq, uint64_t n, uint64_t *twofold)
{
    (void)rq;
    *twofold = 2 * n;
    return STATUS_OK;
}

static const struct lk_server server = { TWICE_SERVER };

int main(void)
{
    uint64_t seed = 0;
    uint64_t rounds = 0;

    if (strcmp(lk_start->argument, "serve") == 0) {
        lk_serve(&server);
    }
    if (!lk_parse_number(lk_start->argument, &seed, NULL)) {
        say("'worker N'");
        return 1;
    }
    state = (seed + 1) * 0x9e3779b97f4a7c15ull;
    hand_begin(seed);
    for (;;) {
        use_memory();
        if (random_below(4) == 0) {
            hand_use(random_below(1000000));
        }
        if (random_below(4) == 0) {
            use_bank();
        }
        if (random_below(4) == 0) {
            use_server();
        }
        if (++rounds % 16 == 0) {
            lk_appnotice_post(lk_cap("beat"), 1u << (seed % 8));
        }
        if (rounds % 1000 == 0) {
            say("%lu rounds; a server had died under me %lu times", rounds, asked_again);
        }
        if (random_below(16) == 0) {
            lk_sleep_ms(1);
        }
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Many programs: as many as are asked for alive at once, each in a space of its own, or one after
 * the other. When they are gone, every frame must be back.
 *
 *      run crowd alive 1000
 *      run crowd row 10000
 */
#include <lykos/bank.h>
#include <lykos/gen/citizen.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

#define PAGE_SLOTS 256u
#define MOST 4000u
#define REG_CONTROL LK_REG_FREE /* of the one at hand */
#define REG_ENTRY (LK_REG_FREE + 1)
#define REG_OWN (LK_REG_FREE + 2)
#define REG_PAGE (LK_REG_FREE + 3)
#define REG_SHELF LK_REG_SCRATCH /* CapPage of CapPages: two capabilities of each citizen */

static uint64_t free_frames(void)
{
    uint64_t frames = 0;

    lk_must(lk_sysctl_get_memory(lk_cap("sysctl"), NULL, &frames, NULL, NULL, NULL, NULL, NULL),
            "looking at memory");
    return frames;
}

/* ---- A place for each capability. ---- */

static void shelf_page(uint64_t place)
{
    lk_must(lk_cappage_get_slot(REG_SHELF, place / PAGE_SLOTS, REG_PAGE), "the shelf");
}

static void keep(uint64_t place, uint32_t reg)
{
    if (place % PAGE_SLOTS == 0) {
        lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_CAPPAGE, REG_PAGE), "a capability page");
        lk_must(lk_cappage_swap_slot(REG_SHELF, place / PAGE_SLOTS, REG_PAGE, 0), "the shelf");
    }
    shelf_page(place);
    lk_must(lk_cappage_swap_slot(REG_PAGE, place % PAGE_SLOTS, reg, 0), "the shelf");
}

static void fetch(uint64_t place, uint32_t reg)
{
    shelf_page(place);
    lk_must(lk_cappage_get_slot(REG_PAGE, place % PAGE_SLOTS, reg), "the shelf");
}

static void empty_shelf(uint64_t places)
{
    for (uint64_t p = 0; p * PAGE_SLOTS < places; p++) {
        lk_must(lk_cappage_get_slot(REG_SHELF, p, REG_PAGE), "the shelf");
        lk_must(lk_bank_free(lk_cap("bank"), REG_PAGE), "giving back");
    }
}

/* ---- Alive at once. ---- */

/* Make one, and wait until it says where it is. */
static void make_one(uint64_t i)
{
    lk_must(lk_program_new(lk_cap("programs"), "citizen", REG_CONTROL, NULL), "a citizen");
    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, i, REG_OWN), "an Entry to this program");
    lk_must(lk_program_give(REG_CONTROL, "crowd", REG_OWN), "what it is given");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");

    struct lk_in in = lk_call_ctl0(LK_CTL_WAIT(REG_OWN, REG_ENTRY, 0, 0), 0);

    if (lk_kind(in.delivery) != LK_KIND_MESSAGE || in.payload != i) {
        lk_die("somebody else came: payload %lu, not %lu", in.payload, i);
    }
    lk_post2(REG_OWN, STATUS_OK, 0, 0);
    keep(2 * i, REG_CONTROL);
    keep(2 * i + 1, REG_ENTRY);
}

static void ask_one(uint64_t i, uint64_t round)
{
    fetch(2 * i + 1, REG_ENTRY);
    uint64_t next = 0;
    uint64_t asked = 0;
    enum status s = citizen_ask(REG_ENTRY, 1000 * i, &next, &asked);

    if (s != STATUS_OK || next != 1000 * i + 1 || asked != round) {
        lk_die("citizen %lu answers %u: %lu, %lu", i, (unsigned)s, next, asked);
    }
}

static bool is_valid(uint32_t reg)
{
    uint64_t type = LK_TYPE_NULL;

    lk_must(lk_discrim_classify(lk_cap("discrim"), reg, &type, NULL), "looking at a capability");
    return type != LK_TYPE_NULL;
}

static void alive(uint64_t n)
{
    uint64_t before = free_frames();

    for (uint64_t i = 0; i < n; i++) {
        make_one(i);
    }
    say("%lu are alive, with %lu frames each", n, n == 0 ? 0 : (before - free_frames()) / n);
    for (uint64_t round = 1; round <= 2; round++) {
        for (uint64_t i = 0; i < n; i++) {
            ask_one(i, round);
        }
    }
    before = free_frames();
    for (uint64_t i = 0; i < n; i++) {
        fetch(2 * i, REG_CONTROL);
        lk_must(control_kill(REG_CONTROL), "its end");
        fetch(2 * i + 1, REG_ENTRY);
        if (is_valid(REG_ENTRY)) {
            lk_die("citizen %lu is gone, and the Entry to it is still good", i);
        }
    }
    say("all of them have answered, twice, and are gone; %lu frames came back",
        free_frames() - before);
    empty_shelf(2 * n);
}

/* ---- One after the other. ---- */

static void row(uint64_t n)
{
    struct lk_program_end end;

    for (uint64_t i = 0; i < n; i++) {
        lk_must(lk_program_new(lk_cap("programs"), "citizen leave", REG_CONTROL, NULL),
                "a citizen");
        lk_must(lk_program_run(REG_CONTROL, &end), "its end");
        if (end.how != PROGRAM_ENDED_EXIT || end.value != 7) {
            lk_die("number %lu: %s", i, end.words);
        }
    }
}

/* ---- */

/* Is none lost? */
static bool measured(void (*what)(uint64_t), uint64_t n)
{
    uint64_t before;
    uint64_t after;

    what(what == alive || n < 20 ? n : 20); /* tables that grow have grown */
    row(20); /* also for the last numbers that there are, which are used before any is used again */
    before = free_frames();
    what(n);
    after = free_frames();
    say("%lu frames are free, %lu were: %s", after, before,
        after == before ? "none is lost" : "SOME ARE LOST");
    return after == before;
}

int main(void)
{
    const char *args = lk_start->argument;
    uint64_t n = 0;

    lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_CAPPAGE, REG_SHELF), "a capability page");
    if (strncmp(args, "alive ", 6) == 0 && lk_parse_number(args + 6, &n, NULL) && n >= 1 &&
        n <= MOST) {
        return measured(alive, n) ? 0 : 2;
    }
    if (strncmp(args, "row ", 4) == 0 && lk_parse_number(args + 4, &n, NULL)) {
        return measured(row, n) ? 0 : 2;
    }
    say("'crowd alive N', at most %u, or 'crowd row N'", MOST);
    return 1;
}

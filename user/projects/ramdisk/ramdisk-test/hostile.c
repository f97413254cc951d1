/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk-test: clients that mean no good. Each time the server must go on, and partition one be as
 * it was.
 */
#include "cases.h"

#include <lykos/bank.h>
#include <lykos/programs.h>

#define GARBAGE 600u
#define SLACK 8u /* pages */

/* Put a record into the ring as it is, and see the answer to it. */
static enum status raw(const struct ramdisk_request *rq)
{
    struct ramdisk_answer answer = { 0 };
    uint32_t got = 0;

    if (lk_ring_send(&disk.requests, rq, 1) != LK_RING_OK ||
        lk_ring_receive(&disk.answers, &answer, 1, &got) != LK_RING_OK || answer.tag != rq->tag) {
        return STATUS_INVOKEE_GONE;
    }
    return (enum status)answer.status;
}

/* Each is right but for one thing. */
static bool requests_are_checked(void)
{
    static const struct {
        struct ramdisk_request rq;
        enum status status;
    } cases[] = {
        { { .count = 1, .what = 0 }, STATUS_OK },
        { { .count = 64, .block = 1984 }, STATUS_OK },
        { { .count = 65, .block = 1984 }, STATUS_OUT_OF_RANGE },
        { { .count = 1, .block = 2048 }, STATUS_OUT_OF_RANGE },
        { { .count = 1, .block = UINT64_MAX }, STATUS_OUT_OF_RANGE },
        { { .count = 8, .block = UINT64_MAX - 3 }, STATUS_OUT_OF_RANGE },
        { { .count = 0 }, STATUS_OUT_OF_RANGE },
        { { .count = UINT32_MAX }, STATUS_OUT_OF_RANGE },
        { { .count = UINT32_MAX, .what = RAMDISK_WHAT_DISCARD }, STATUS_OUT_OF_RANGE },
        { { .count = 65 }, STATUS_OUT_OF_RANGE }, /* the buffer has 8 pages */
        { { .count = 1, .buffer = 8 * 4096 }, STATUS_OUT_OF_RANGE },
        { { .count = 2, .buffer = 8 * 4096 - 512 }, STATUS_OUT_OF_RANGE },
        { { .count = 1, .buffer = UINT32_MAX - 511 }, STATUS_OUT_OF_RANGE },
        { { .count = 1, .buffer = 8 * 4096 - 512 }, STATUS_OK },
        { { .count = 1, .buffer = 8 }, RAMDISK_NOT_ALIGNED },
        { { .count = 1, .what = 4 }, STATUS_REQUEST_ERROR },
        { { .count = 1, .what = 0xffff }, STATUS_REQUEST_ERROR },
        { { .count = 1, .flags = 2 }, STATUS_REQUEST_ERROR },
        { { .count = 1, .reserved = 1 }, STATUS_REQUEST_ERROR },
        { { .count = 1, .what = RAMDISK_WHAT_DISCARD, .buffer = 512 }, STATUS_REQUEST_ERROR },
        { { .count = 1, .what = RAMDISK_WHAT_FLUSH }, STATUS_REQUEST_ERROR },
        { { .block = 1, .what = RAMDISK_WHAT_FLUSH }, STATUS_REQUEST_ERROR },
        { { .what = RAMDISK_WHAT_FLUSH }, STATUS_OK },
    };
    bool right = true;

    session("two", 8, 8);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ramdisk_request rq = cases[i].rq;
        enum status s;

        rq.tag = number(&numbers);
        s = raw(&rq);
        if (s != cases[i].status) {
            say("request %u is answered: %s", i, lk_status_text(s));
            right = false;
        }
    }
    disk_close(&disk);
    return right;
}

/* Any bytes at all, as many as go in at once: each is answered, and nothing else happens. */
static bool garbage_is_answered(void)
{
    struct ramdisk_request rq[16];
    struct ramdisk_answer answer[16];
    bool right = true;

    session("two", 16, 8);
    for (unsigned done = 0; right && done < GARBAGE; done += 16) {
        uint64_t tags = 0;
        unsigned came = 0;

        for (unsigned i = 0; i < 16; i++) {
            rq[i] = (struct ramdisk_request){
                .block = number(&numbers) >> number_below(&numbers, 64),
                .tag = number(&numbers),
                .count = (uint32_t)(number(&numbers) >> (32 + number_below(&numbers, 32))),
                .buffer = (uint32_t)(number(&numbers) >> 32) & ~511u,
                .what = (uint16_t)number_below(&numbers, 6),
                .flags = (uint16_t)number_below(&numbers, 3),
                .reserved = number_below(&numbers, 2),
            };
            rq[i].buffer %= number_below(&numbers, 2) == 0 ? 9 * 4096 : UINT32_MAX;
            tags += rq[i].tag;
        }
        right = lk_ring_send(&disk.requests, rq, 16) == LK_RING_OK;
        while (right && came < 16) {
            uint32_t got = 0;

            right = lk_ring_receive(&disk.answers, answer, 16, &got) == LK_RING_OK;
            for (unsigned i = 0; i < got; i++) {
                tags -= answer[i].tag;
            }
            came += got;
        }
        right = right && tags == 0 && came == 16;
    }
    disk_close(&disk);
    return right;
}

/* An index that cannot be ends the session, and no other. */
static bool wrong_indices_end_the_session(void)
{
    uint64_t before = 0;
    uint64_t after = 0;
    struct ramdisk_request rq[8] = { 0 };
    struct ramdisk_answer answer;
    uint32_t got;
    bool right;

    for (unsigned i = 0; i < 8; i++) {
        rq[i].count = 1;
    }
    ramdisk_usage(lk_cap("whole"), NULL, NULL, &before);
    session("two", 8, 8);
    disk.requests.mine->index += 1000;
    lk_appnotice_post(disk.requests.notice, disk.requests.post);
    right = lk_ring_receive(&disk.answers, &answer, 1, &got) == LK_RING_CLOSED;
    disk_close(&disk);
    session("two", 8, 8);
    disk.answers.mine->index = 77; /* answers that were never given are taken */
    for (unsigned i = 0; i < 2; i++) {
        right = right && lk_ring_send(&disk.requests, rq, 8) == LK_RING_OK;
    }
    while (lk_ring_receive(&disk.answers, &answer, 1, &got) == LK_RING_OK) {
    }
    right = right && lk_ring_look(&disk.answers, 1) == LK_RING_CLOSED;
    disk_close(&disk);
    ramdisk_usage(lk_cap("whole"), NULL, NULL, &after);
    return right && after >= before + 2;
}

/* Who takes no answers stops itself alone; then all of them are there. */
static bool answers_wait(void)
{
    struct ramdisk_request rq[8];
    struct ramdisk_answer answer[8];
    uint32_t came = 0;
    bool right = true;

    session("two", 8, 8);
    for (unsigned i = 0; i < 8; i++) {
        rq[i] = (struct ramdisk_request){ .tag = i, .count = 1 };
    }
    right = lk_ring_send(&disk.requests, rq, 8) == LK_RING_OK &&
            lk_ring_send(&disk.requests, rq, 8) == LK_RING_OK &&
            ramdisk_geometry(lk_cap("one"), NULL, NULL) == STATUS_OK;
    lk_ring_put(&disk.requests, rq, 8);
    lk_ring_flush(&disk.requests);
    while (right && came < 24) {
        uint32_t got = 0;

        right = lk_ring_receive(&disk.answers, answer, 3, &got) == LK_RING_OK;
        came += got;
    }
    disk_close(&disk);
    return right && came == 24;
}

/* What `open` must not take on. */
static bool sessions_are_checked(void)
{
    uint32_t two = lk_cap("two");
    uint32_t bank = lk_cap("bank");
    bool right;

    right = lk_bank_make(bank, LK_TYPE_CAPPAGE, REG_DISK) == STATUS_OK &&
            lk_endpoint_make_app_notice(LK_REG_ENDPOINT, BIT_DISK, REG_DISK + 1) == STATUS_OK;
    right = right && /* the page is empty */
            ramdisk_open(two, 8, 4, 1, REG_DISK, REG_DISK + 1, NULL, 0) == STATUS_REQUEST_ERROR &&
            ramdisk_open(two, 7, 4, 1, REG_DISK, REG_DISK + 1, NULL, 0) == STATUS_REQUEST_ERROR &&
            ramdisk_open(two, 128, 4, 1, REG_DISK, REG_DISK + 1, NULL, 0) == STATUS_REQUEST_ERROR &&
            ramdisk_open(two, 8, 61, 1, REG_DISK, REG_DISK + 1, NULL, 0) == STATUS_REQUEST_ERROR &&
            ramdisk_open(two, 8, 0, 1, REG_DISK, REG_DISK + 1, NULL, 0) == STATUS_REQUEST_ERROR &&
            ramdisk_open(two, 8, 4, 1, two, REG_DISK + 1, NULL, 0) == STATUS_REQUEST_ERROR &&
            ramdisk_open(two, 8, 4, 1, REG_DISK, bank, NULL, 0) == STATUS_REQUEST_ERROR &&
            ramdisk_open(lk_cap("stray"), 8, 4, 1, REG_DISK, REG_DISK + 1, NULL, 0) ==
                RAMDISK_NO_PARTITION;
    return lk_bank_free(bank, REG_DISK) == STATUS_OK && right;
}

/* More than there can be sessions, one after the other. They are found to be gone by the clock. */
static bool the_dead_are_buried(void)
{
    bool right = true;

    for (unsigned i = 0; right && i < RAMDISK_SESSIONS + 2; i++) {
        start_mate("ramdisk-mate die", i + 1);
        right = mate_is_well(i + 1);
    }
    return right;
}

/* Pages that the server takes up, with those of the disk. */
static uint64_t server_pages(void)
{
    static struct program_info info;
    uint64_t found = 0;

    if (programs_find(lk_cap("programs"), "ramdisk", 7, &found) != STATUS_OK ||
        programs_info(lk_cap("programs"), found, &found, &info) != STATUS_OK) {
        return 0;
    }
    return info.frames;
}

static bool goes_wrong(const char *what)
{
    uint64_t seed = number(&numbers);

    start_mate(what, seed);
    return mate_is_well(seed);
}

/* The server has zeros in place of pages that are gone, and has them no more when it has found that
 * out. A few pages more are for addresses that it had not used before. */
static bool takes_pages_away(void)
{
    uint64_t before = discard_two() == STATUS_OK ? server_pages() : 0;
    bool right = goes_wrong("ramdisk-rogue revoke") && discard_two() == STATUS_OK;

    lk_sleep_ms(250);
    if (server_pages() > before + SLACK) {
        say("the server had %lu pages, and has %lu", before, server_pages());
        right = false;
    }
    return right && before > 0;
}

/* Partition one is as it was. */
static bool is_as_it_was(const struct model *model)
{
    bool right;

    session("one", 16, 16);
    right = model_holds(model, &disk);
    disk_close(&disk);
    return right;
}

void hostile_cases(const struct model *model)
{
    check("requests_are_checked", requests_are_checked() && is_as_it_was(model));
    check("garbage_is_answered", garbage_is_answered() && is_as_it_was(model));
    check("wrong_indices_end_the_session", wrong_indices_end_the_session());
    check("answers_wait", answers_wait());
    check("sessions_are_checked", sessions_are_checked());
    check("the_dead_are_buried", the_dead_are_buried() && is_as_it_was(model));
    check("pages_taken_away", takes_pages_away() && is_as_it_was(model));
    check("changed_under_its_eyes", goes_wrong("ramdisk-rogue flip") && is_as_it_was(model));
}

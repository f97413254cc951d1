/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every method, every error, limits, what is refused.
 */
#include "stage.h"

static const uint8_t types[] = { LK_TYPE_ENDPOINT, LK_TYPE_PROCESS, LK_TYPE_GPT,
                                 LK_TYPE_PAGE,     LK_TYPE_CAPPAGE, LK_TYPE_SCHEDULE };
#define TYPES (sizeof(types) / sizeof(types[0]))
static const uint32_t four[] = { R_C, R_D, R_E, R_F };

/* A request that no lk_bank_...() would make: words and capabilities as they come. */
static enum status raw_request(unsigned bank, unsigned words, unsigned caps, uint64_t method,
                               uint64_t w1, uint64_t w2, unsigned cap)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(bank, words, caps, cap, 0, 0, 0, 0, 0, 0),
        .w = { method, w1, w2 },
    };

    return lk_invoke(&msg);
}

/* A bank below the topmost one, its name sent as it is. */
static enum status raw_open(const char *name)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(R_TOP, 2, 0, 0, 0, 0, R_B, 0, 0, 0) | LK_SSTR,
        .w = { BANK_OPEN, 0 },
        .string = name,
        .string_len = (uint32_t)strlen(name),
    };

    return lk_invoke(&msg);
}

CASE(objects,
     .text = "objects of every type are made, one or several, and freed; frames are shared "
             "and come back")
{
    stage_begin(64, PRIO_HIGH);
    for (unsigned t = 0; t < TYPES; t++) {
        uint64_t per_frame = 0;

        OK(lk_range_objects_per_frame(R_RANGE, types[t], &per_frame));
        sys_at("type %u", types[t]);
        for (unsigned n = 1; n <= 4; n++) {
            OK(lk_bank_make_some(R_TOP, types[t], n, four));
            EQ(info_of(R_TOP).own, (n + per_frame - 1) / per_frame);
            EQ(info_of(R_TOP).objects[types[t]], n);
            for (unsigned i = 0; i < n; i++) {
                EQ(reg_type(four[i]), types[t]);
                OK(lk_bank_free(R_TOP, four[i]));
                EQ(reg_type(four[i]), LK_TYPE_NULL);
            }
            all_back(0);
        }
    }
}

CASE(ranges,
     .text = "a Range of frames in a row is given, is the client's to make things in, and goes "
             "back with all that stands in it")
{
    uint64_t frames = 0;

    stage_begin(256, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "ranges", 100, R_BANK));
    OK(lk_bank_range(R_BANK, 80, R_C));
    OK(lk_range_get_info(R_C, 0, &frames, NULL));
    EQ(frames, 80);
    EQ(info_of(R_BANK).used, 80);
    EQ(info_of(R_BANK).ranges, 1);
    STATUS(lk_bank_range(R_BANK, 21, R_D), STATUS_NO_MEMORY);
    STATUS(lk_bank_range(R_BANK, 0, R_D), STATUS_REQUEST_ERROR);
    STATUS(lk_bank_range(R_BANK, LK_LENT_MAX, R_D), STATUS_NO_MEMORY);
    STATUS(lk_bank_range(R_BANK, LK_LENT_MAX + 1, R_D), STATUS_OUT_OF_RANGE);
    STATUS(lk_bank_range(R_BANK, UINT64_MAX, R_D), STATUS_OUT_OF_RANGE);
    OK(lk_bank_range(R_BANK, 20, R_D));
    OK(lk_bank_free_range(R_BANK, R_D));
    OK(lk_range_fabricate(R_C, LK_TYPE_PAGE, 0, 0, R_D));
    OK(lk_range_fabricate(R_C, LK_TYPE_PROCESS, 79, 1, R_E));
    OK(lk_range_fabricate(R_C, LK_TYPE_SCHEDULE, 40, 63, R_F));
    STATUS(lk_bank_free(R_BANK, R_D), STATUS_REQUEST_ERROR);
    STATUS(lk_bank_free_range(R_TOP, R_C), STATUS_REQUEST_ERROR); /* another bank's */
    OK(lk_range_split(R_C, 0, 79, R_G));
    STATUS(lk_bank_free_range(R_BANK, R_G), STATUS_REQUEST_ERROR);
    OK(lk_range_split(R_C, 1, 79, R_G));
    STATUS(lk_bank_free_range(R_BANK, R_G), STATUS_REQUEST_ERROR);
    STATUS(lk_bank_free_range(R_BANK, R_RANGE), STATUS_REQUEST_ERROR);
    STATUS(lk_bank_free_range(R_BANK, R_D), STATUS_REQUEST_ERROR);
    OK(lk_bank_free_range(R_BANK, R_C));
    for (unsigned r = R_C; r <= R_G; r++) {
        EQ(reg_type(r), LK_TYPE_NULL);
    }
    STATUS(lk_bank_free_range(R_BANK, R_C), STATUS_REQUEST_ERROR);
    OK(lk_bank_range(R_TOP, 256, R_C));
    STATUS(lk_bank_make(R_TOP, LK_TYPE_PAGE, R_D), STATUS_NO_MEMORY);
    OK(lk_bank_free_range(R_TOP, R_C));
    OK(lk_bank_close(R_BANK));
    all_back(0);
}

CASE(limits, .text = "limits hold at every level of a tree of banks, and can be changed")
{
    stage_begin(64, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "a", 20, R_B));
    OK(lk_bank_open(R_B, "b", 0, R_C));
    OK(lk_bank_open(R_C, "c", 8, R_D));
    EQ(info_of(R_D).available, 8);
    EQ(info_of(R_C).available, 20);
    for (unsigned i = 0; i < 8; i++) {
        OK(lk_bank_make(R_D, LK_TYPE_PAGE, R_E));
    }
    STATUS(lk_bank_make(R_D, LK_TYPE_PAGE, R_E), STATUS_NO_MEMORY);
    for (unsigned i = 0; i < 12; i++) {
        OK(lk_bank_make(R_C, LK_TYPE_CAPPAGE, R_F));
    }
    STATUS(lk_bank_make(R_C, LK_TYPE_PAGE, R_F), STATUS_NO_MEMORY);
    STATUS(lk_bank_make(R_B, LK_TYPE_GPT, R_F), STATUS_NO_MEMORY);
    OK(lk_bank_set_limit(R_D, 0));
    STATUS(lk_bank_make(R_D, LK_TYPE_PAGE, R_F), STATUS_NO_MEMORY);
    OK(lk_bank_set_limit(R_B, 21));
    OK(lk_bank_make(R_D, LK_TYPE_GPT, R_F));
    for (unsigned i = 1; i < 12; i++) {
        OK(lk_bank_make(R_D, LK_TYPE_GPT, R_G)); /* they share its frame */
    }
    STATUS(lk_bank_make(R_D, LK_TYPE_GPT, R_G), STATUS_NO_MEMORY);
    OK(lk_bank_set_limit(R_B, 5));
    EQ(info_of(R_B).available, 0);
    EQ(info_of(R_B).used, 21);
    EQ(info_of(R_B).own, 0);
    EQ(info_of(R_B).banks, 2);
    OK(lk_bank_make(R_TOP, LK_TYPE_PAGE, R_G));
    EQ(info_of(R_TOP).used, 22);
    OK(lk_bank_free(R_TOP, R_G));
    OK(lk_bank_close(R_B));
    STATUS(raw_request(R_D, 1, 0, BANK_INFO, 0, 0, 0), STATUS_INVALID_CAP);
    all_back(0);
}

CASE(rights, .text = "without the owner's right nothing can be closed, limited, looked through or "
                     "refused")
{
    struct bank_info info;
    uint64_t n = 0;

    stage_begin(64, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "owned", 0, R_B));
    OK(lk_bank_reduce(R_B, R_C));
    OK(lk_bank_reduce(R_C, R_D));
    CHECK(reg_same(R_C, R_D));
    CHECK(!reg_same(R_B, R_C));
    OK(lk_bank_make(R_C, LK_TYPE_PAGE, R_E));
    STATUS(lk_bank_close(R_C), STATUS_NO_ACCESS);
    STATUS(lk_bank_set_limit(R_C, 1), STATUS_NO_ACCESS);
    STATUS(lk_bank_object(R_C, LK_TYPE_PAGE, &n, R_F), STATUS_NO_ACCESS);
    STATUS(lk_bank_list(R_C, 0, &info), STATUS_NO_ACCESS);
    STATUS(raw_request(R_C, 2, 0, BANK_REFUSE, 0, 0, 0), STATUS_NO_ACCESS);
    STATUS(raw_request(R_B, 2, 0, BANK_REFUSE, 0, 0, 0), STATUS_NO_ACCESS);
    STATUS(lk_bank_close(R_TOP), STATUS_NO_ACCESS);
    OK(lk_bank_free(R_C, R_E));
    OK(lk_bank_open(R_C, "below", 0, R_F));
    OK(lk_bank_close(R_F));
    OK(lk_bank_close(R_B));
    all_back(0);
}

CASE(names, .text = "a name that is too long is cut: a program's is longer than a bank's can be")
{
    stage_begin(64, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "sixteen letters.", 0, R_B));
    CHECK(strcmp(info_of(R_B).name, "sixteen letters") == 0);
    OK(lk_bank_close(R_B));
    all_back(0);
}

CASE(shares,
     .text = "below a bank there are so many banks at most, and half of all are for those directly "
             "below the topmost one, also for a server that begins again")
{
    unsigned banks = (unsigned)bank_state_banks(2048);
    unsigned full = banks / 2 / BANK_DEPTH; /* banks, with as many below as may be */

    stage_begin(2048, PRIO_HIGH);
    for (unsigned i = 0; i < full; i++) {
        OK(lk_bank_open(R_TOP, "hoarder", 0, R_B));
        OK(lk_bank_open(R_B, "deeper", 0, R_C));
        for (unsigned n = 1; n < BANK_DEPTH; n++) {
            OK(lk_bank_open(n % 2 == 0 ? R_B : R_C, "", 0, R_D));
        }
        STATUS(lk_bank_open(R_B, "", 0, R_D), STATUS_NO_MEMORY);
        STATUS(lk_bank_open(R_C, "", 0, R_D), STATUS_NO_MEMORY);
    }
    for (unsigned i = full; i < banks - 1 - full * BANK_DEPTH; i++) {
        OK(lk_bank_open(R_TOP, "", 0, R_E));
        STATUS(lk_bank_open(R_E, "", 0, R_D), STATUS_NO_MEMORY);
        if (i % 8 == 0) {
            server_kill();
            server_start();
        }
    }
    STATUS(lk_bank_open(R_TOP, "", 0, R_E), STATUS_NO_MEMORY);
    OK(lk_bank_close(R_B));
    OK(lk_bank_open(R_TOP, "", 0, R_E));
    OK(lk_bank_open(R_E, "", 0, R_D));
}

CASE(malformed, .text = "requests that make no sense are refused and change nothing; a closed bank "
                        "answers all of them as if it were Null")
{
    uint64_t n = 0;

    stage_begin(64, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "closed", 0, R_B));
    OK(lk_bank_close(R_B));
    for (uint64_t method = 0; method < BANK_METHODS + 3; method++) {
        sys_at("method %lu", method);
        STATUS(raw_request(R_B, 1, 0, method, 0, 0, 0), STATUS_INVALID_CAP);
        STATUS(raw_request(R_B, 3, 1, method, 1, 1, R_SPACE), STATUS_INVALID_CAP);
    }
    STATUS(raw_request(R_TOP, 1, 0, 0, 0, 0, 0), STATUS_OK); /* getType */
    STATUS(raw_request(R_TOP, 1, 0, BANK_METHODS, 0, 0, 0), STATUS_UNKNOWN_REQUEST);
    STATUS(raw_request(R_TOP, 2, 0, BANK_ALLOCATE, LK_TYPE_PAGE, 1, 0), STATUS_REQUEST_ERROR);
    STATUS(raw_request(R_TOP, 1, 0, BANK_FREE, 0, 0, 0), STATUS_REQUEST_ERROR);
    STATUS(raw_request(R_TOP, 1, 0, BANK_FREE_RANGE, 0, 0, 0), STATUS_REQUEST_ERROR);
    STATUS(raw_request(R_TOP, 1, 0, BANK_OPEN, 0, 0, 0), STATUS_REQUEST_ERROR);
    STATUS(raw_request(R_TOP, 1, 0, BANK_SET_LIMIT, 0, 0, 0), STATUS_REQUEST_ERROR);
    STATUS(raw_open("sixteen letters."), STATUS_REQUEST_ERROR);
    for (uint64_t type = 0; type < 40; type++) {
        bool good = false;

        for (unsigned t = 0; t < TYPES; t++) {
            good = good || types[t] == type;
        }
        sys_at("type %lu", type);
        STATUS(raw_request(R_TOP, 3, 0, BANK_ALLOCATE, type, 0, 0), STATUS_REQUEST_ERROR);
        STATUS(raw_request(R_TOP, 3, 0, BANK_ALLOCATE, type, 5, 0), STATUS_REQUEST_ERROR);
        STATUS(raw_request(R_TOP, 3, 0, BANK_ALLOCATE, type, UINT64_MAX, 0), STATUS_REQUEST_ERROR);
        if (!good) {
            STATUS(raw_request(R_TOP, 3, 0, BANK_ALLOCATE, type, 1, 0), STATUS_REQUEST_ERROR);
        }
    }
    STATUS(lk_bank_object(R_TOP, LK_TYPE_ENTRY, &n, R_B), STATUS_REQUEST_ERROR);
    all_back(0);
}

CASE(free_refused,
     .text = "what another bank gave, what is restricted, what names an object without all "
             "authority to it, and Null are not freed")
{
    stage_begin(64, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "a", 0, R_B));
    OK(lk_bank_make(R_B, LK_TYPE_PAGE, R_C));
    OK(lk_bank_make(R_B, LK_TYPE_ENDPOINT, R_D));
    STATUS(lk_bank_free(R_TOP, R_C), STATUS_REQUEST_ERROR); /* above, and yet another */
    for (uint64_t r = 1; r < 16; r++) {
        OK(lk_memory_reduce(R_C, r, R_E));
        sys_at("restrictions %lu", r);
        STATUS(lk_bank_free(R_B, R_E), STATUS_REQUEST_ERROR);
    }
    OK(lk_endpoint_make_entry(R_D, 5, R_E));
    STATUS(lk_bank_free(R_B, R_E), STATUS_REQUEST_ERROR);
    OK(lk_endpoint_make_proxy_entry(R_D, 5, R_E));
    STATUS(lk_bank_free(R_B, R_E), STATUS_REQUEST_ERROR);
    OK(lk_endpoint_make_app_notice(R_D, 5, R_E));
    STATUS(lk_bank_free(R_B, R_E), STATUS_REQUEST_ERROR);
    for (unsigned r = 0; r <= LK_INIT_DEVICES; r++) {
        sys_at("register %u", r);
        STATUS(lk_bank_free(R_B, r), STATUS_REQUEST_ERROR);
        STATUS(lk_bank_free_range(R_B, r), STATUS_REQUEST_ERROR);
    }
    STATUS(lk_bank_free(R_B, R_B), STATUS_REQUEST_ERROR); /* its own Entry */
    OK(lk_memory_set_guard(R_C, 3, 13, R_C));             /* takes nothing away */
    OK(lk_bank_free(R_B, R_C));
    OK(lk_bank_free(R_B, R_D));
    STATUS(lk_bank_free(R_B, R_D), STATUS_REQUEST_ERROR);
    OK(lk_bank_close(R_B));
    all_back(0);
}

/* How many objects of a type are found through a bank. */
static unsigned found_of(uint32_t bank, uint64_t type)
{
    unsigned found = 0;

    for (uint64_t n = 0; lk_bank_object(bank, type, &n, R_G) == STATUS_OK;) {
        EQ(reg_type(R_G), type);
        found++;
    }
    return found;
}

static unsigned found_through(uint32_t bank)
{
    return found_of(bank, LK_TYPE_GPT);
}

CASE(found_in_ranges,
     .text =
         "what stands in Ranges that were given is found, a bounded part of them in each request")
{
    struct lk_in in;
    unsigned requests = 0;

    stage_begin(3000, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "above", 0, R_B));
    OK(lk_bank_open(R_B, "below", 0, R_C));
    OK(lk_bank_make(R_B, LK_TYPE_PROCESS, R_D));
    OK(lk_bank_range(R_C, 200, R_D));
    OK(lk_range_fabricate(R_D, LK_TYPE_PROCESS, 0, 1, R_E));
    OK(lk_range_fabricate(R_D, LK_TYPE_PROCESS, 3, 0, R_E));
    OK(lk_range_fabricate(R_D, LK_TYPE_GPT, 4, 0, R_E));
    OK(lk_range_fabricate(R_D, LK_TYPE_PROCESS, 199, 1, R_E));
    OK(lk_bank_range(R_TOP, 10, R_F));
    OK(lk_range_fabricate(R_F, LK_TYPE_PROCESS, 9, 0, R_F));
    for (unsigned round = 0; round < 2; round++) {
        EQ(found_of(R_C, LK_TYPE_PROCESS), 3);
        EQ(found_of(R_B, LK_TYPE_PROCESS), 4);
        EQ(found_of(R_TOP, LK_TYPE_PROCESS), 5);
        EQ(found_of(R_C, LK_TYPE_GPT), 1);
        EQ(found_of(R_C, LK_TYPE_PAGE), 0);
        server_kill();
        server_start();
    }
    in.w[1] = 0;
    do { /* 200 frames to look at, and 2,800 to pass */
        in = lk_call2(R_C, BANK_OBJECT, LK_TYPE_PAGE, in.w[1]);
        requests++;
    } while (in.w[0] == STATUS_WOULD_BLOCK);
    EQ(in.w[0], STATUS_NOT_FOUND);
    EQ(requests, 6);
    OK(lk_bank_free_range(R_C, R_D));
    EQ(found_of(R_B, LK_TYPE_PROCESS), 1);
    EQ(found_of(R_C, LK_TYPE_GPT), 0);
    OK(lk_bank_close(R_B));
}

CASE(hidden,
     .text = "what a hidden bank and those below it gave is found through it, and the topmost bank")
{
    stage_begin(300, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "above", 0, R_B));
    OK(lk_bank_open(R_B, "hidden", 0, R_C));
    OK(lk_bank_open(R_C, "below", 0, R_D));
    for (unsigned i = 0; i < 6; i++) { /* 1, 2, 3 of them */
        OK(lk_bank_make(i == 0 ? R_B : i < 3 ? R_C : R_D, LK_TYPE_GPT, R_G));
    }
    EQ(found_through(R_B), 6);
    OK(lk_bank_reduce(R_C, R_E));
    STATUS(lk_bank_hide(R_E), STATUS_NO_ACCESS);
    OK(lk_bank_hide(R_C));
    OK(lk_bank_make(R_D, LK_TYPE_GPT, R_G));
    for (unsigned round = 0; round < 2; round++) {
        EQ(found_through(R_TOP), 7);
        EQ(found_through(R_B), 1);
        EQ(found_through(R_C), 6);
        EQ(found_through(R_D), 4);
        EQ(info_of(R_B).used, 3); /* it is paid all the same: three frames of GPTs */
        server_kill();
        server_start();
    }
    OK(lk_bank_close(R_C));
    OK(lk_bank_open(R_B, "another", 0, R_C)); /* nothing of it clings to the record */
    OK(lk_bank_make(R_C, LK_TYPE_GPT, R_G));
    EQ(found_through(R_B), 2);
    OK(lk_bank_close(R_B));
    all_back(0);
}

CASE(listing,
     .text = "the banks below one are listed in order, and the objects that they gave are found")
{
    static const struct {
        const char *name;
        uint32_t depth;
    } want[] = { { "all", 0 }, { "a", 1 }, { "aa", 2 }, { "ab", 2 }, { "b?", 1 }, { "ba", 2 } };
    struct bank_info info;
    uint64_t n = 0;
    unsigned found = 0;

    stage_begin(512, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "a", 0, R_B));
    OK(lk_bank_open(R_TOP, "b\n", 0, R_C));
    OK(lk_bank_open(R_B, "aa", 7, R_D));
    OK(lk_bank_open(R_C, "ba", 0, R_E));
    OK(lk_bank_open(R_B, "ab", 0, R_F));
    for (unsigned i = 0; i < 6; i++) {
        OK(lk_bank_list(R_TOP, i, &info));
        sys_at("%u", i);
        EQ(strcmp(info.name, want[i].name), 0);
        EQ(info.depth, want[i].depth);
    }
    STATUS(lk_bank_list(R_TOP, 6, &info), STATUS_NOT_FOUND);
    OK(lk_bank_list(R_B, 1, &info));
    EQ(info.depth, 1);
    EQ(info.limit, 7);
    STATUS(lk_bank_list(R_B, 3, &info), STATUS_NOT_FOUND);
    for (unsigned i = 0; i < 50; i++) {
        OK(lk_bank_make(i % 2 == 0 ? R_D : R_E, LK_TYPE_GPT, R_G));
        OK(lk_bank_make(i % 2 == 0 ? R_B : R_C, LK_TYPE_PAGE, R_G));
    }
    OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, frames_new(1), 0, R_H));
    while (lk_bank_object(R_B, LK_TYPE_GPT, &n, R_G) == STATUS_OK) {
        EQ(reg_type(R_G), LK_TYPE_GPT);
        found++;
        if (found % 2 == 0) {
            OK(lk_bank_free(R_D, R_G)); /* while it is looked through */
        }
    }
    EQ(found, 25);
    EQ(info_of(R_D).objects[LK_TYPE_GPT], 13);
    STATUS(lk_bank_object(R_F, LK_TYPE_GPT, &n, R_G), STATUS_NOT_FOUND);
    n = UINT64_MAX;
    STATUS(lk_bank_object(R_B, LK_TYPE_GPT, &n, R_G), STATUS_NOT_FOUND);
    OK(lk_bank_close(R_B));
    OK(lk_bank_close(R_C));
    all_back(0);
}

CASE(many_banks,
     .text = "as many banks as can be are opened, as deep as can be; serial numbers tell old "
             "capabilities from new ones")
{
    unsigned most;

    stage_begin(1024, PRIO_HIGH);
    most = (unsigned)bank_state_banks(1024);
    lk_copy_cap(R_TOP, R_C);
    for (unsigned i = 0; i < BANK_DEPTH; i++) {
        OK(lk_bank_open(R_C, "deep", 0, R_C));
        if (i == 0) {
            lk_copy_cap(R_C, R_D);
        }
    }
    STATUS(lk_bank_open(R_C, "deeper", 0, R_E), STATUS_OUT_OF_RANGE);
    for (unsigned i = BANK_DEPTH + 1; i < most; i++) {
        OK(lk_bank_open(R_TOP, "wide", 0, R_F));
    }
    STATUS(lk_bank_open(R_TOP, "wider", 0, R_E), STATUS_NO_MEMORY);
    OK(lk_bank_make(R_C, LK_TYPE_PAGE, R_E));
    OK(lk_bank_close(R_D));
    EQ(reg_type(R_E), LK_TYPE_NULL);
    for (unsigned i = 0; i < 3 * most; i++) {
        OK(lk_bank_open(R_TOP, "again", 0, R_E));
        OK(lk_bank_close(R_E));
    }
    STATUS(raw_request(R_D, 1, 0, BANK_INFO, 0, 0, 0), STATUS_INVALID_CAP);
    STATUS(raw_request(R_C, 1, 0, BANK_INFO, 0, 0, 0), STATUS_INVALID_CAP);
    EQ(info_of(R_TOP).banks, most - 1 - BANK_DEPTH);
}

CASE(not_ours,
     .text = "frames that were in use when the bank first began are not its own, and all others "
             "are: to the last of the machine")
{
    unsigned n = 0;

    stage_frames(200, PRIO_HIGH);
    lk_copy_cap(R_TOP, R_C);
    for (unsigned i = 0; i < 50; i++) {
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_GPT,
                              arena_use().first + arena_use().used - 200 + 2 * i, i % 12, R_D));
    }
    server_start();
    EQ(info_of(R_TOP).available, 150);
    STATUS(lk_bank_free(R_TOP, R_D), STATUS_REQUEST_ERROR);
    STATUS(lk_bank_range(R_TOP, 151, R_E), STATUS_NO_MEMORY);
    while (lk_bank_make(R_TOP, LK_TYPE_PAGE, R_E) == STATUS_OK) {
        n++;
    }
    EQ(n, 150);
    STATUS(lk_bank_make(R_TOP, LK_TYPE_PAGE, R_E), STATUS_NO_MEMORY);
    STATUS(lk_bank_range(R_TOP, 1, R_E), STATUS_NO_MEMORY);
    EQ(info_of(R_TOP).available, 0);
    server_kill();
    server_start();
    EQ(info_of(R_TOP).own, 150);
    for (uint64_t at = 0; lk_bank_object(R_TOP, LK_TYPE_PAGE, &at, R_E) == STATUS_OK;) {
        OK(lk_bank_free(R_TOP, R_E));
    }
    all_back(50);
    EQ(reg_type(R_D), LK_TYPE_GPT);
}

/* What a program does that makes things. How many allocations went well, the bank among them. */
static unsigned script(void)
{
    unsigned made = 1;

    if (lk_bank_open(R_TOP, "script", 40, R_B) != STATUS_OK) {
        return 0;
    }
    made += lk_bank_make(R_B, LK_TYPE_PROCESS, R_C) == STATUS_OK;
    made += lk_bank_make_some(R_B, LK_TYPE_GPT, 4, four) == STATUS_OK;
    made += lk_bank_range(R_B, 5, R_G) == STATUS_OK;
    made += lk_bank_make_some(R_B, LK_TYPE_PAGE, 3, four) == STATUS_OK;
    made += lk_bank_make(R_B, LK_TYPE_SCHEDULE, R_H) == STATUS_OK;
    OK(lk_bank_close(R_B));
    return made;
}

CASE(refuse, .text = "each allocation in turn is refused, once, and nothing is lost")
{
    stage_begin(64, PRIO_HIGH);
    for (uint64_t n = 1;; n++) {
        struct lk_in in = lk_call1(R_TOP, BANK_REFUSE, n);
        unsigned made;

        EQ(in.w[0], STATUS_OK);
        sys_at("refused: %lu", n);
        made = script();
        all_back(0);
        in = lk_call1(R_TOP, BANK_REFUSE, 0);
        EQ(in.w[0], STATUS_OK);
        if (in.w[2] == 0) {
            EQ(in.w[1], 11);
            EQ(made, 6);
            EQ(n, 12);
            break;
        }
        EQ(made, n == 1 ? 0 : 5);
    }
}

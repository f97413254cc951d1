/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of objects and frames: what may be made where, what is counted, and a frame whose
 * counts are used up.
 */
#include "helpers.h"
#include "selftest.h"

#include <kernel/string.h>

SELFTEST(object_fabricate, "small objects share a frame with their own kind alone")
{
    struct frame_totals before = frame_totals;
    pfn_t pfn = test_free_frame();
    unsigned n = frame_objects(FRAME_ENDPOINT);
    struct objhdr *hdr[64];

    CHECK(n > 1 && n <= ARRAY_LEN(hdr));
    for (unsigned i = 0; i < n; i++) {
        txn_begin();
        CHECK_EQUAL(object_can_fabricate(FRAME_ENDPOINT, pfn, i), STATUS_OK);
        txn_commit();
        hdr[i] = object_fabricate(FRAME_ENDPOINT, pfn, i);
        CHECK(object_at(pfn, i) == hdr[i] && object_pfn(hdr[i]) == pfn);
    }
    txn_begin();
    CHECK_EQUAL(object_can_fabricate(FRAME_ENDPOINT, pfn, 0), STATUS_IN_USE);
    CHECK_EQUAL(object_can_fabricate(FRAME_GPT, pfn, 0), STATUS_IN_USE);
    CHECK_EQUAL(object_can_fabricate(FRAME_ENDPOINT, pfn, n), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(object_can_fabricate(FRAME_ENDPOINT, frame_count, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(object_can_fabricate(FRAME_KERNEL, pfn, 0), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(frame_totals.objects, before.objects + n);
    CHECK_EQUAL(frame_totals.free, before.free - 1);
    for (unsigned i = 0; i < n; i++) {
        test_rescind(hdr[i]);
        CHECK(object_at(pfn, i) == NULL);
    }
    CHECK_EQUAL(frame_totals.objects, before.objects);
    CHECK_EQUAL(frame_totals.free, before.free);
    CHECK_EQUAL(frame_table[pfn].kind, FRAME_FREE);
}

SELFTEST(object_kernel_frames, "no object can be made in memory that is the kernel's, or not there")
{
    bool refused = true;

    txn_begin();
    for (pfn_t i = 0; i < frame_count; i++) {
        uint8_t kind = frame_table[i].kind;

        if (kind == FRAME_NONE || kind == FRAME_KERNEL || kind == FRAME_DESCRIPTORS) {
            refused = refused && object_can_fabricate(FRAME_PAGE, i, 0) == STATUS_IN_USE;
        }
    }
    CHECK(refused);
}

SELFTEST(object_clear, "a new object holds nothing of what its frame held before")
{
    struct objhdr *hdr = test_make(FRAME_PAGE);
    pfn_t pfn = object_pfn(hdr);
    uint8_t *data = arch_kva(pfn << PAGE_SHIFT);
    bool clear = true;

    memset(data, 0xa5, PAGE_SIZE);
    test_rescind(hdr);
    test_commit();
    hdr = object_fabricate(FRAME_CAPPAGE, pfn, 0);
    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        clear = clear && data[i] == 0;
    }
    CHECK(clear);
    test_rescind(hdr);
}

SELFTEST(object_count_wrap,
         "a frame whose counts are used up is retired, and nothing stands there again")
{
    struct frame_totals before = frame_totals;
    pfn_t pfn = test_free_frame();
    struct objhdr *a;
    struct objhdr *b;
    struct cap old;

    frame_table[pfn].next_count = UINT32_MAX - 2;
    test_commit();
    a = object_fabricate(FRAME_ENDPOINT, pfn, 0);
    CHECK_EQUAL(a->count, UINT32_MAX - 1);
    test_commit();
    b = object_fabricate(FRAME_ENDPOINT, pfn, 1);
    CHECK_EQUAL(b->count, UINT32_MAX);
    old = object_cap(a);
    txn_begin();
    CHECK_EQUAL(object_can_fabricate(FRAME_ENDPOINT, pfn, 2), STATUS_EXHAUSTED);
    test_rescind(a);
    txn_begin();
    CHECK_EQUAL(object_can_fabricate(FRAME_ENDPOINT, pfn, 0), STATUS_EXHAUSTED);
    CHECK(!cap_live(&old));
    test_rescind(b);
    CHECK_EQUAL(frame_table[pfn].kind, FRAME_RETIRED);
    txn_begin();
    CHECK_EQUAL(object_can_fabricate(FRAME_PAGE, pfn, 0), STATUS_EXHAUSTED);
    CHECK_EQUAL(frame_totals.free, before.free - 1);
    CHECK_EQUAL(frame_totals.objects, before.objects);

    frame_table[pfn].kind = FRAME_FREE; /* give the frame back to the tests that follow */
    frame_table[pfn].next_count = 1u << 31;
    frame_totals.free++;
}

SELFTEST(object_hash, "the hash of stored state sees every byte of a page and every slot")
{
    struct objhdr *page = test_make(FRAME_PAGE);
    struct objhdr *caps = test_make(FRAME_CAPPAGE);
    uint8_t *data = arch_kva(object_pfn(page) << PAGE_SHIFT);
    struct cap *slot = arch_kva(object_pfn(caps) << PAGE_SHIFT);
    uint64_t before = object_state_hash();

    data[PAGE_SIZE - 1] ^= 1;
    CHECK(object_state_hash() != before);
    data[PAGE_SIZE - 1] ^= 1;
    CHECK_EQUAL(object_state_hash(), before);
    slot[255] = object_cap(page);
    CHECK(object_state_hash() != before);
    test_rescind(page);
    test_rescind(caps);
}

SELFTEST(object_invariants, "no invariant of any object is broken")
{
    CHECK_EQUAL(object_check_all(), 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of capability words: what is live, what weakening leaves, and that no capability
 * outlives its object, whatever stands in the object's place later.
 */
#include "helpers.h"
#include "selftest.h"

#include <kernel/endpoint.h>
#include <kernel/gpt.h>
#include <kernel/process.h>
#include <kernel/string.h>

static const enum frame_kind object_kinds[] = {
    FRAME_PAGE, FRAME_CAPPAGE, FRAME_PROCESS, FRAME_ENDPOINT, FRAME_GPT, FRAME_SCHEDULE,
};

SELFTEST(cap_rescind, "a capability is live until its object is destroyed, and never again")
{
    for (unsigned i = 0; i < ARRAY_LEN(object_kinds); i++) {
        struct objhdr *hdr = test_make(object_kinds[i]);
        struct cap c = object_cap(hdr);
        pfn_t pfn = object_pfn(hdr);

        CHECK(cap_live(&c) && cap_is_object(&c));
        test_rescind(hdr);
        CHECK(!cap_live(&c));
        /* The same place, any kind of object: still not. */
        for (unsigned k = 0; k < ARRAY_LEN(object_kinds); k++) {
            struct cap now;

            test_commit();
            hdr = object_fabricate(object_kinds[k], pfn, 0);
            now = object_cap(hdr);
            CHECK(!cap_live(&c) && cap_live(&now) && !cap_same(&c, &now));
            test_rescind(hdr);
        }
        txn_begin();
        CHECK(!cap_prepare(&c) && c.type == CAP_NULL);
    }
}

SELFTEST(cap_lent, "a lent Range lives for as long as its first frame is lent with its count")
{
    pfn_t pfn = test_free_frame();
    struct cap range = { .type = CAP_RANGE, .aux = 5, .oid = 1 };
    struct cap permanent = { .type = CAP_RANGE, .payload = (uint32_t)pfn, .oid = 1 };
    uint32_t count = frame_table[pfn].next_count;

    range.payload = (uint32_t)pfn + 5;
    test_commit();
    range.count = frame_lend(pfn, true);
    CHECK_EQUAL(range.count, count + 1);
    CHECK(cap_live(&range) && cap_live(&permanent) && !cap_is_object(&range));
    test_commit();
    CHECK_EQUAL(frame_lend(pfn, true), count + 2);
    CHECK(!cap_live(&range));
    range.count = count + 2;
    CHECK(cap_live(&range));
    test_commit();
    CHECK_EQUAL(frame_lend(pfn, false), 0);
    CHECK(!cap_live(&range) && cap_live(&permanent));
    CHECK_EQUAL(frame_table[pfn].kind, FRAME_FREE);
}

SELFTEST(cap_forged_header, "a user's page that looks like an object is not taken for one")
{
    struct objhdr *hdr = test_make(FRAME_GPT);
    pfn_t pfn = object_pfn(hdr);
    struct objhdr copy = *hdr;
    struct cap c = object_cap(hdr);
    struct objhdr *page;

    test_rescind(hdr);
    test_commit();
    page = object_fabricate(FRAME_PAGE, pfn, 0);
    memcpy(arch_kva(pfn << PAGE_SHIFT), &copy, sizeof(copy)); /* as a user could write it */
    CHECK(oid_header(c.oid)->count == c.count);
    CHECK(!cap_live(&c));
    test_rescind(page);
}

SELFTEST(cap_weaken, "through a weak capability there is memory to read, and nothing else")
{
    static const uint8_t memory[] = { CAP_GPT, CAP_CAPPAGE };
    struct cap page = { .type = CAP_PAGE, .restr = LK_NX, .oid = 7, .count = 3 };
    struct cap weak = cap_weaken(page);

    CHECK_EQUAL(weak.restr, LK_NX | LK_RO);
    CHECK(weak.type == CAP_PAGE && weak.oid == 7 && weak.count == 3);
    for (unsigned i = 0; i < ARRAY_LEN(memory); i++) {
        struct cap c = { .type = memory[i], .restr = LK_OP, .aux = 20, .payload = 5 };

        weak = cap_weaken(c);
        CHECK_EQUAL(weak.restr, LK_OP | LK_RO | LK_WK);
        CHECK(weak.type == c.type && weak.aux == 20 && weak.payload == 5);
    }
    for (unsigned type = 0; type < LK_TYPES; type++) {
        struct cap c = { .type = (uint8_t)type };

        weak = cap_weaken(c);
        CHECK_EQUAL(weak.type, cap_is_memory(&c) ? type : (unsigned)CAP_NULL);
    }
}

SELFTEST(cap_same, "capabilities are the same if they give the same authority")
{
    struct objhdr *hdr = test_make(FRAME_PAGE);
    struct cap a = object_cap(hdr);
    struct cap b = a;
    struct cap null = { 0 };

    CHECK(cap_same(&a, &b));
    b.restr = LK_RO;
    CHECK(!cap_same(&a, &b));
    CHECK(!cap_same(&a, &null) && cap_same(&null, &null));
    test_rescind(hdr);
    CHECK(cap_same(&a, &null)); /* not live is Null in every way */
}

SELFTEST(cap_entry_valid, "an Entry is valid while its endpoint has a recipient")
{
    struct process *p = test_make_process(1);
    struct endpoint *ep = (struct endpoint *)(void *)test_make(FRAME_ENDPOINT);
    struct cap entry = { .type = CAP_ENTRY, .oid = object_oid(ep), .count = ep->hdr.count };
    struct cap notice = entry;

    notice.type = CAP_APPNOTICE;
    CHECK(cap_live(&entry) && !cap_valid(&entry) && !cap_valid(&notice));
    ep->state.recipient = object_cap(&p->hdr);
    CHECK(cap_valid(&entry) && cap_valid(&notice));
    test_rescind_process(p);
    CHECK(cap_live(&entry) && !cap_valid(&entry) && !cap_valid(&notice));
    test_rescind(&ep->hdr);
    CHECK(!cap_live(&entry) && !cap_live(&notice));
}

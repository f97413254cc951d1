/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of notices: bits add up, reach the waits that want them and no others, and bring
 * nothing along.
 */
#include "helpers.h"
#include "selftest.h"

#include <kernel/ipc.h>
#include <kernel/notice.h>
#include <kernel/process.h>
#include <kernel/string.h>

#define OLD 0xdead0000dead0000ull

/* `p` waits; its registers hold something from before. */
static void wait_for(struct process *p, unsigned kind)
{
    test_commit();
    process_end_wait(p);
    memset(&p->regs, 0xde, sizeof(p->regs));
    p->regs.rbp = p->regs.r10 = p->regs.rsp = OLD;
    p->regs.rax = LK_RECV | (kind == LK_WAIT_OPEN ? 0 : LK_CLOSED);
    p->regs.r8 = kind == LK_WAIT_NOTICE ? LK_NOTICE_ID : 5;
    p->s.run_state = LK_STATE_RECEIVING;
    p->s.wait = (uint8_t)kind;
}

static void check_delivered(const struct process *p, uint32_t bits)
{
    const struct lk_regs *r = &p->regs;

    CHECK_EQUAL(p->s.run_state, LK_STATE_READY);
    CHECK_EQUAL(r->rax, (uint64_t)LK_KIND_NOTICE << LK_DLV_KIND_SHIFT);
    CHECK_EQUAL(r->rdi, bits);
    CHECK_EQUAL(r->rsi | r->rdx | r->rbx | r->r12 | r->r13 | r->r14 | r->r15 | r->r9, 0);
    CHECK_EQUAL(r->r8, LK_NOTICE_ID);
    CHECK(r->rbp == OLD && r->r10 == OLD && r->rsp == OLD);
    CHECK_EQUAL(p->notices, 0);
}

SELFTEST(notice_deliver,
         "a notice reaches an open wait and a wait for notices, and clears every word")
{
    struct process *p = test_make_process(1);

    wait_for(p, LK_WAIT_OPEN);
    notice_post(p, 0x80000001u);
    check_delivered(p, 0x80000001u);
    CHECK_EQUAL(p->fast.caller_epoch, FAST_AFTER_NOTICE);
    wait_for(p, LK_WAIT_NOTICE);
    notice_post(p, 4);
    check_delivered(p, 4);
    test_rescind_process(p);
}

SELFTEST(notice_pending, "notices that nobody waits for add up and stay")
{
    struct process *p = test_make_process(1);
    struct lk_regs before;

    test_commit();
    notice_post(p, 1);
    notice_post(p, 8);
    notice_post(p, 8);
    CHECK_EQUAL(p->notices, 9);
    CHECK(p->attention & ATTN_NOTICE);
    wait_for(p, LK_WAIT_CLOSED);
    before = p->regs;
    notice_post(p, 2);
    CHECK_EQUAL(p->notices, 11);
    CHECK(p->s.run_state == LK_STATE_RECEIVING && memcmp(&before, &p->regs, sizeof(before)) == 0);
    CHECK_EQUAL(process_check(p), 0);
    test_rescind_process(p);
}

SELFTEST(notice_nothing, "posting no bits wakes nobody")
{
    struct process *p = test_make_process(1);

    wait_for(p, LK_WAIT_OPEN);
    notice_post(p, 0);
    CHECK(p->s.run_state == LK_STATE_RECEIVING && p->attention == 0);
    test_rescind_process(p);
}

SELFTEST(notice_caps_dropped, "a notice makes the capability registers of the wait Null")
{
    struct process *p = test_make_process(1);

    wait_for(p, LK_WAIT_OPEN);
    p->regs.rax |= LK_CAPS | 9ull << LK_RECV_CAP_SHIFT | 10ull << (LK_RECV_CAP_SHIFT + LK_CAP_BITS);
    p->capreg[9] = p->capreg[10] = p->capreg[11] = object_cap(&p->hdr);
    notice_post(p, 1);
    check_delivered(p, 1);
    CHECK(p->capreg[9].type == CAP_NULL && p->capreg[10].type == CAP_NULL);
    CHECK(p->capreg[11].type == CAP_PROCESS && p->capreg[0].type == CAP_NULL);
    test_rescind_process(p);
}

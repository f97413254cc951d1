/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An operation on a slot through a capability whose object is gone, while another stands in its
 * place: it is refused, and the other one is left alone.
 */
#include "../lib/sys.h"
#include "acts.h"

#define TARGET 5 /* capability registers of who asks; */
#define GIFT 6
#define SLOT 3

static struct lk_regs asks(obj p, uint64_t op, bool sends)
{
    struct lk_regs r = raw_regs(sends ? LK_CTL_CALL_CAPS(TARGET, 2, 1, GIFT, 0, 0, 0, 0, 0, 0)
                                      : LK_CTL_CALL(TARGET, 2));

    r.rdi = op;
    r.rsi = SLOT;
    raw_go(p, &r);
    return raw_result(p);
}

/* An object at the beginning of a frame. */
static obj made(unsigned type, uint64_t frame)
{
    OK(lk_range_fabricate(R_RANGE, type, frame, 0, R_A));
    return obj_keep(R_A);
}

static const struct {
    unsigned type;
    uint64_t get, swap;
} kinds[] = {
    { LK_TYPE_GPT, OP_GPT_GET_SLOT, OP_GPT_SWAP_SLOT },
    { LK_TYPE_CAPPAGE, OP_CAPPAGE_GET_SLOT, OP_CAPPAGE_SWAP_SLOT },
    { LK_TYPE_PROCESS, OP_PROCESS_GET_SLOT, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_GET_CAP_REG, OP_PROCESS_SWAP_CAP_REG },
};

CASE(stale_slots,
     .text = "an operation on a slot of what is gone is refused, whatever stands in its place",
     .steady = true)
{
    for (unsigned i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
        unsigned type = kinds[i / 2].type;
        obj p = proc_new(PRIO_HIGH);
        uint64_t frame = frames_new(1);
        obj target = made(type, frame);

        sys_at("kind %u, fast path %u", i / 2, i % 2);
        OK(lk_sysctl_set_fast_path(R_SYSCTL, i % 2));
        proc_reply_endpoint(p, 3);
        proc_cap(p, TARGET, target);
        proc_cap(p, GIFT, page_new());
        for (unsigned round = 0; round < 3; round++) {
            EQ(asks(p, kinds[i / 2].get, false).rdi, STATUS_OK);
            if (kinds[i / 2].swap != 0) {
                EQ(asks(p, kinds[i / 2].swap, true).rdi, STATUS_OK);
            }
        }
        obj_rescind(target);
        target = made(type, frame);
        EQ(asks(p, kinds[i / 2].get, false).rdi, STATUS_INVALID_CAP);
        proc_cap(p, TARGET, target);
        obj_rescind(target);
        target = made(type, frame);
        if (kinds[i / 2].swap != 0) {
            EQ(asks(p, kinds[i / 2].swap, true).rdi, STATUS_INVALID_CAP);
            proc_cap(p, TARGET, target);
            EQ(asks(p, kinds[i / 2].get, false).rdi, STATUS_OK);
            proc_get_cap(p, TARGET, R_A);
            if (type == LK_TYPE_GPT) {
                OK(lk_gpt_get_slot(R_A, SLOT, R_B));
                EQ(reg_type(R_B), LK_TYPE_NULL);
            }
        }
        obj_rescind(target);
    }
}

#define GONE 7

/* What a handler has if it resumes the process of register `target`, and waits. */
static struct lk_regs resumes(obj handler, unsigned target)
{
    struct lk_regs r = raw_regs(LK_CTL_REPLY_WAIT(target, 2));

    r.rdi = OP_PROCESS_RESUME;
    r.rsi = LK_RESUME_OVER;
    raw_go(handler, &r);
    return raw_result(handler);
}

CASE(stale_resume,
     .text = "a handler that resumes who is gone does not resume who stands in its place",
     .steady = true)
{
    for (unsigned fast = 0; fast < 2; fast++) {
        obj handler = proc_new(PRIO_HIGH);
        uint64_t frame = frames_new(1);
        obj gone = made(LK_TYPE_PROCESS, frame), faulted;
        struct lk_regs r = raw_regs(0);

        sys_at("fast path %u", fast);
        OK(lk_sysctl_set_fast_path(R_SYSCTL, fast));
        proc_cap(handler, GONE, gone);
        obj_rescind(gone);
        faulted = made(LK_TYPE_PROCESS, frame);
        proc_slot(faulted, SLOT_ADDR_SPACE, own_space());
        proc_slot(faulted, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
        proc_slot(faulted, SLOT_HANDLER, entry_new(endpoint_new(handler, 1, false), 0));
        proc_cap(handler, TARGET, faulted);
        raw_do(handler, LK_CTL_WAIT(GIFT, 0, 0, 0));
        r.rip = (uint64_t)act_invalid;
        raw_go(faulted, &r);
        raw_result(handler);
        for (unsigned round = 0; round < 3; round++) { /* it faults again */
            EQ(lk_kind(resumes(handler, TARGET).rax), LK_KIND_MESSAGE);
        }
        r = resumes(handler, GONE);
        EQ(lk_kind(r.rax), LK_KIND_RESULT);
        EQ(r.rdi, STATUS_INVALID_CAP);
        EQ(proc_state(faulted).run_state, LK_STATE_FAULTED);
        raw_do(handler, LK_CTL_WAIT(GIFT, 0, 0, 0)); /* and it can be resumed as before */
        EQ(raw_done(handler), false);
        obj_rescind(faulted);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Result codes, type by type: what type it is, methods that are not there, too few arguments,
 * arguments out of their limits, and objects that are gone.
 */
#include "../lib/sys.h"

/* One capability of every type that there is, in registers R_A.. and the initial ones. */
struct specimen {
    unsigned type, reg;
};
#define REG_PROCESS R_A
#define REG_GPT R_B
#define REG_PAGE R_C
#define REG_CAPPAGE R_D
#define REG_SCHEDULE R_E
#define REG_ENDPOINT R_F
#define REG_NOTICE R_G
#define REG_IRQ R_H
#define REG_OUT R_I
#define IRQ_LINE 8

static const struct specimen specimens[] = {
    { LK_TYPE_ENDPOINT, REG_ENDPOINT }, { LK_TYPE_APPNOTICE, REG_NOTICE },
    { LK_TYPE_PROCESS, REG_PROCESS },   { LK_TYPE_GPT, REG_GPT },
    { LK_TYPE_PAGE, REG_PAGE },         { LK_TYPE_CAPPAGE, REG_CAPPAGE },
    { LK_TYPE_RANGE, R_RANGE },         { LK_TYPE_SCHEDULE, REG_SCHEDULE },
    { LK_TYPE_SCHEDCTL, R_SCHEDCTL },   { LK_TYPE_SLEEP, R_SLEEP },
    { LK_TYPE_IRQCTL, R_IRQCTL },       { LK_TYPE_IRQWAIT, REG_IRQ },
    { LK_TYPE_IOPRIV, R_IOPRIV },       { LK_TYPE_KERNLOG, R_KERNLOG },
    { LK_TYPE_DISCRIM, R_DISCRIM },     { LK_TYPE_CAPBITS, R_CAPBITS },
    { LK_TYPE_SYSCTL, R_SYSCTL },
};
#define SPECIMENS (sizeof(specimens) / sizeof(specimens[0]))

static void make_specimens(void)
{
    obj p = proc_new(PRIO_LOW);
    obj e = endpoint_new(p, 5, false);

    obj_get(p, REG_PROCESS);
    obj_get(e, REG_ENDPOINT);
    obj_get(notice_new(e, 0xff), REG_NOTICE);
    obj_get(obj_new(LK_TYPE_GPT), REG_GPT);
    obj_get(obj_new(LK_TYPE_PAGE), REG_PAGE);
    obj_get(obj_new(LK_TYPE_CAPPAGE), REG_CAPPAGE);
    obj_get(obj_new(LK_TYPE_SCHEDULE), REG_SCHEDULE);
    OK(lk_irqctl_allocate(R_IRQCTL, IRQ_LINE, REG_IRQ));
}

CASE(types, .text = "every kernel capability answers getType, and Discrim agrees")
{
    make_specimens();
    for (unsigned i = 0; i < SPECIMENS; i++) {
        uint64_t type = 0;

        sys_at("%s", lk_type_name(specimens[i].type));
        OK(lk_get_type(specimens[i].reg, &type));
        EQ(type, specimens[i].type);
        EQ(reg_type(specimens[i].reg), specimens[i].type);
    }
    EQ(reg_type(0), LK_TYPE_NULL);
    STATUS(lk_get_type(0, NULL), STATUS_INVALID_CAP);
    EQ(reg_type(R_SUPER), LK_TYPE_ENTRY);
}

CASE(unknown_requests,
     .text = "every method that a type does not have is an unknown request, whatever comes with it")
{
    static const uint64_t far[] = { 24,  31,     32,         64,         255,
                                    256, 0xffff, 1ull << 32, 1ull << 63, UINT64_MAX };

    make_specimens();
    for (unsigned i = 0; i < SPECIMENS; i++) {
        for (uint64_t m = 1; m < 24; m++) {
            sys_at("%s, method %lu", lk_type_name(specimens[i].type), m);
            if (lk_op_name(specimens[i].type, m) == NULL) {
                EQ(lk_call0(specimens[i].reg, m).w[0], STATUS_UNKNOWN_REQUEST);
            }
        }
        for (unsigned j = 0; j < sizeof(far) / sizeof(far[0]); j++) {
            sys_at("%s, method %lx", lk_type_name(specimens[i].type), far[j]);
            EQ(lk_call7(specimens[i].reg, far[j], 1, 2, 3, 4, 5, 6, 7).w[0],
               STATUS_UNKNOWN_REQUEST);
        }
    }
}

/* What each operation takes, once more by hand: words behind the method, capabilities. */
static const struct takes {
    uint8_t type, op, words, caps;
} takes[] = {
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_SET_RECIPIENT, 0, 1 },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_SET_ENDPOINT_ID, 1, 0 },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_SET_PAYLOAD_MATCH, 1, 0 },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_MAKE_ENTRY, 1, 0 },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_MAKE_APP_NOTICE, 1, 0 },
    { LK_TYPE_APPNOTICE, OP_APPNOTICE_POST, 1, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_GET_SLOT, 1, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, 1, 1 },
    { LK_TYPE_PROCESS, OP_PROCESS_GET_CAP_REG, 1, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_CAP_REG, 1, 1 },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_REGS, 1, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_RESUME, 1, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_NOT_SCHEDULABLE, 1, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_CLEAR_NOT_SCHEDULABLE, 1, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_FS_BASE, 1, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_LABEL, 2, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_FLAGS, 1, 0 },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_MAKE_PROXY_ENTRY, 1, 0 },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_MAKE_PROXY_NOTICE, 1, 0 },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_CONTROL_WORD, 2, 1 },
    { LK_TYPE_GPT, OP_MEMORY_REDUCE, 1, 0 },
    { LK_TYPE_GPT, OP_MEMORY_SET_GUARD, 2, 0 },
    { LK_TYPE_PAGE, OP_MEMORY_REDUCE, 1, 0 },
    { LK_TYPE_PAGE, OP_MEMORY_SET_GUARD, 2, 0 },
    { LK_TYPE_CAPPAGE, OP_MEMORY_SET_GUARD, 2, 0 },
    { LK_TYPE_GPT, OP_GPT_GET_SLOT, 1, 0 },
    { LK_TYPE_GPT, OP_GPT_SWAP_SLOT, 1, 1 },
    { LK_TYPE_GPT, OP_GPT_SET_L2V, 1, 0 },
    { LK_TYPE_GPT, OP_GPT_SET_FLAGS, 1, 0 },
    { LK_TYPE_GPT, OP_GPT_SET_WINDOW, 5, 0 },
    { LK_TYPE_GPT, OP_GPT_SET_LOCAL_WINDOW, 6, 0 },
    { LK_TYPE_PAGE, OP_PAGE_COPY_FROM, 0, 1 },
    { LK_TYPE_CAPPAGE, OP_CAPPAGE_GET_SLOT, 1, 0 },
    { LK_TYPE_CAPPAGE, OP_CAPPAGE_SWAP_SLOT, 1, 1 },
    { LK_TYPE_RANGE, OP_RANGE_GET_INFO, 1, 0 },
    { LK_TYPE_RANGE, OP_RANGE_FABRICATE, 3, 0 },
    { LK_TYPE_RANGE, OP_RANGE_RESCIND, 0, 1 },
    { LK_TYPE_RANGE, OP_RANGE_IDENTIFY, 0, 1 },
    { LK_TYPE_RANGE, OP_RANGE_SPLIT, 2, 0 },
    { LK_TYPE_RANGE, OP_RANGE_LEND, 2, 0 },
    { LK_TYPE_RANGE, OP_RANGE_RESCIND_AT, 2, 0 },
    { LK_TYPE_RANGE, OP_RANGE_OBJECTS_PER_FRAME, 1, 0 },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_UP, 3, 1 },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_SLICE_NOTICE, 1, 2 },
    { LK_TYPE_SLEEP, OP_SLEEP_SLEEP_UNTIL, 1, 0 },
    { LK_TYPE_SLEEP, OP_SLEEP_NOTICE_AT, 2, 0 },
    { LK_TYPE_IRQCTL, OP_IRQCTL_ALLOCATE, 1, 0 },
    { LK_TYPE_IRQCTL, OP_IRQCTL_RELEASE, 1, 0 },
    { LK_TYPE_IRQWAIT, OP_IRQWAIT_BIND, 1, 1 },
    { LK_TYPE_IOPRIV, OP_IOPRIV_INPUT, 2, 0 },
    { LK_TYPE_IOPRIV, OP_IOPRIV_OUTPUT, 3, 0 },
    { LK_TYPE_IOPRIV, OP_IOPRIV_NARROW, 2, 0 },
    { LK_TYPE_KERNLOG, OP_KERNLOG_READ, 1, 0 },
    { LK_TYPE_KERNLOG, OP_KERNLOG_BIND, 1, 1 },
    { LK_TYPE_DISCRIM, OP_DISCRIM_CLASSIFY, 0, 1 },
    { LK_TYPE_DISCRIM, OP_DISCRIM_COMPARE, 0, 2 },
    { LK_TYPE_CAPBITS, OP_CAPBITS_GET, 0, 1 },
    { LK_TYPE_SYSCTL, OP_SYSCTL_HALT, 1, 0 },
    { LK_TYPE_SYSCTL, OP_SYSCTL_INJECT_RESTART, 1, 0 },
    { LK_TYPE_SYSCTL, OP_SYSCTL_SET_TRACE, 1, 0 },
    { LK_TYPE_SYSCTL, OP_SYSCTL_READ_TRACE, 1, 0 },
    { LK_TYPE_SYSCTL, OP_SYSCTL_SET_PREEMPT, 1, 0 },
};

static unsigned register_of(unsigned type)
{
    for (unsigned i = 0; i < SPECIMENS; i++) {
        if (specimens[i].type == type) {
            return specimens[i].reg;
        }
    }
    FAIL("no specimen of type %u", type);
}

CASE(too_few_arguments,
     .text = "an operation with a word or a capability too few is a request error and does nothing")
{
    make_specimens();
    for (unsigned i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
        const struct takes *t = &takes[i];
        unsigned reg = register_of(t->type);

        sys_at("%s", lk_op_name(t->type, t->op));
        for (unsigned words = 1; words < 1u + t->words; words++) {
            uint64_t control =
                LK_CTL_CALL_CAPS(reg, words, 3, REG_PAGE, REG_PAGE, REG_PAGE, REG_OUT, 0, 0, 0);

            EQ(lk_call_ctl0(control, t->op).w[0], STATUS_REQUEST_ERROR);
        }
        for (unsigned caps = 0; caps < t->caps; caps++) {
            uint64_t control =
                LK_CTL_CALL_CAPS(reg, 8, caps, REG_PAGE, REG_PAGE, REG_PAGE, REG_OUT, 0, 0, 0);

            EQ(lk_call_ctl0(control, t->op).w[0], STATUS_REQUEST_ERROR);
        }
    }
}

/* Calls that are refused for what a word holds. */
static const struct refused {
    uint8_t type, op;
    uint64_t w1, w2, w3;
    uint8_t cap; /* register sent as capability 1 */
    uint8_t status;
} refused[] = {
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_SET_RECIPIENT, 0, 0, 0, REG_PAGE, STATUS_REQUEST_ERROR },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_SET_RECIPIENT, 0, 0, 0, REG_ENDPOINT, STATUS_REQUEST_ERROR },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_SET_ENDPOINT_ID, LK_NOTICE_ID, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_SET_PAYLOAD_MATCH, 2, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_SET_PAYLOAD_MATCH, 1ull << 32, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_MAKE_ENTRY, 1ull << 32, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_MAKE_APP_NOTICE, 1ull << 32, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_GET_SLOT, LK_SLOT_COUNT, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_GET_SLOT, 1ull << 32, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, LK_SLOT_COUNT, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, UINT64_MAX, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_PROXY_REPLY, 0, 0, 0, STATUS_NO_ACCESS },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_ADDR_SPACE, 0, 0, REG_ENDPOINT,
      STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_ADDR_SPACE, 0, 0, REG_CAPPAGE,
      STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_SCHEDULE, 0, 0, REG_PAGE, STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_HANDLER, 0, 0, REG_ENDPOINT,
      STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_REPLY_ENDPOINT, 0, 0, R_SUPER,
      STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_PROXY_RECEIVER, 0, 0, REG_NOTICE,
      STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_CONTROL_PAGE, 0, 0, REG_CAPPAGE,
      STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_GET_CAP_REG, 32, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_CAP_REG, 32, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SWAP_CAP_REG, 0, 0, 0, REG_PAGE, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_REGS, LK_STATE_RECEIVING, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_REGS, 9, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_REGS, LK_STATE_FAULTED, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_RESUME, 3, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_NOT_SCHEDULABLE, 0, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_NOT_SCHEDULABLE, 8, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_CLEAR_NOT_SCHEDULABLE, 8, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_FS_BASE, LK_USER_END, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_FLAGS, 8, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_FPU, 0, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_MAKE_PROXY_ENTRY, 1ull << 32, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_ENDPOINT, OP_ENDPOINT_MAKE_PROXY_NOTICE, 1ull << 32, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_CONTROL_WORD, 1, 0, 0, REG_PAGE, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_CONTROL_WORD, 4096, 0, 0, REG_PAGE, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_CONTROL_WORD, 0, LK_DEFER_MAX + 1, 0, REG_PAGE,
      STATUS_OUT_OF_RANGE },
    { LK_TYPE_PROCESS, OP_PROCESS_SET_CONTROL_WORD, 0, 0, 0, REG_GPT, STATUS_REQUEST_ERROR },
    { LK_TYPE_GPT, OP_MEMORY_REDUCE, 16, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_PAGE, OP_MEMORY_REDUCE, 1ull << 32, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_GPT, OP_MEMORY_SET_GUARD, 0, 11, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_GPT, OP_MEMORY_SET_GUARD, 0, 48, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_PAGE, OP_MEMORY_SET_GUARD, 1ull << 32, 12, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_GPT, OP_GPT_GET_SLOT, 16, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_GPT, OP_GPT_SWAP_SLOT, 16, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_GPT, OP_GPT_SET_L2V, 11, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_GPT, OP_GPT_SET_L2V, 47, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_GPT, OP_GPT_SET_FLAGS, 4, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_PAGE, OP_PAGE_COPY_FROM, 0, 0, 0, REG_GPT, STATUS_REQUEST_ERROR },
    { LK_TYPE_PAGE, OP_PAGE_COPY_FROM, 0, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_CAPPAGE, OP_CAPPAGE_GET_SLOT, 256, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_CAPPAGE, OP_CAPPAGE_SWAP_SLOT, 256, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_RANGE, OP_RANGE_FABRICATE, LK_TYPE_ENTRY, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_RANGE, OP_RANGE_FABRICATE, UINT64_MAX, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_RANGE, OP_RANGE_FABRICATE, LK_TYPE_PAGE, UINT64_MAX, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_RANGE, OP_RANGE_FABRICATE, LK_TYPE_PAGE, 0, 1, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_RANGE, OP_RANGE_RESCIND, 0, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_RANGE, OP_RANGE_RESCIND, 0, 0, 0, R_SLEEP, STATUS_REQUEST_ERROR },
    { LK_TYPE_RANGE, OP_RANGE_IDENTIFY, 0, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_RANGE, OP_RANGE_IDENTIFY, 0, 0, 0, R_SLEEP, STATUS_REQUEST_ERROR },
    { LK_TYPE_RANGE, OP_RANGE_LEND, UINT64_MAX, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_RANGE, OP_RANGE_LEND, 1, UINT64_MAX, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_RANGE, OP_RANGE_SPLIT, 0, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_RANGE, OP_RANGE_SPLIT, 1, UINT64_MAX, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_RANGE, OP_RANGE_SPLIT, UINT64_MAX, 1, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_RANGE, OP_RANGE_RESCIND_AT, UINT64_MAX, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_RANGE, OP_RANGE_RESCIND_AT, 0, 64, 0, 0, STATUS_IN_USE }, /* frame 0 is no memory */
    { LK_TYPE_RANGE, OP_RANGE_OBJECTS_PER_FRAME, LK_TYPE_RANGE, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_UP, 100, 1000000, 1, REG_PAGE, STATUS_REQUEST_ERROR },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_UP, 256, 1000000, 1, REG_SCHEDULE, STATUS_OUT_OF_RANGE },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_UP, 100, 9999, 1, REG_SCHEDULE, STATUS_OUT_OF_RANGE },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_UP, 100, 10000000001, 1, REG_SCHEDULE,
      STATUS_OUT_OF_RANGE },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_UP, 100, 1000000, 0, REG_SCHEDULE, STATUS_OUT_OF_RANGE },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_UP, 100, 1000000, 2, REG_SCHEDULE, STATUS_OUT_OF_RANGE },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_UP, 100, 1000000, 1, R_SCHEDULE, STATUS_IN_USE },
    { LK_TYPE_SCHEDCTL, OP_SCHEDCTL_SET_SLICE_NOTICE, 1, 0, 0, REG_PAGE, STATUS_REQUEST_ERROR },
    { LK_TYPE_IRQCTL, OP_IRQCTL_ALLOCATE, 24, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_IRQCTL, OP_IRQCTL_ALLOCATE, UINT64_MAX, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_IRQCTL, OP_IRQCTL_ALLOCATE, IRQ_LINE, 0, 0, 0, STATUS_IN_USE },
    { LK_TYPE_IRQCTL, OP_IRQCTL_RELEASE, 24, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_IRQWAIT, OP_IRQWAIT_BIND, 1, 0, 0, REG_PAGE, STATUS_REQUEST_ERROR },
    { LK_TYPE_IRQWAIT, OP_IRQWAIT_ACKNOWLEDGE, 0, 0, 0, 0, STATUS_REQUEST_ERROR },
    { LK_TYPE_IOPRIV, OP_IOPRIV_INPUT, 0x10000, 1, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_IOPRIV, OP_IOPRIV_INPUT, 0xffff, 2, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_IOPRIV, OP_IOPRIV_INPUT, 0x80, 3, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_IOPRIV, OP_IOPRIV_OUTPUT, 0x80, 8, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_IOPRIV, OP_IOPRIV_NARROW, 5, 4, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_IOPRIV, OP_IOPRIV_NARROW, 5, 0x10000, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_KERNLOG, OP_KERNLOG_BIND, 1, 0, 0, REG_PAGE, STATUS_REQUEST_ERROR },
    { LK_TYPE_SYSCTL, OP_SYSCTL_HALT, 64, 0, 0, 0, STATUS_OUT_OF_RANGE },
    { LK_TYPE_SYSCTL, OP_SYSCTL_SET_TRACE, 2, 0, 0, 0, STATUS_REQUEST_ERROR },
};

CASE(
    refused_arguments,
    .text =
        "arguments of the wrong type, number or value are refused with the code that the ABI names")
{
    make_specimens();
    for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct refused *r = &refused[i];
        uint64_t control =
            LK_CTL_CALL_CAPS(register_of(r->type), 8, 2, r->cap, r->cap, 0, REG_OUT, 0, 0, 0);

        sys_at("%s(%lx, %lx, %lx) capability %u", lk_op_name(r->type, r->op), r->w1, r->w2, r->w3,
               r->cap);
        EQ(lk_call_ctl3(control, r->op, r->w1, r->w2, r->w3).w[0], r->status);
    }
}

CASE(wrong_lengths,
     .text = "a string of the wrong length is a request error, too long or too short")
{
    static uint8_t image[600];
    static const size_t lengths[] = { 0, 1, 151, 153, 200, 600 };
    obj p = proc_new(PRIO_LOW);

    obj_get(p, R_A);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        sys_at("setRegs, %lu bytes", lengths[i]);
        STATUS(lk_process_set_regs(R_A, LK_STATE_FAULTED, image, lengths[i]), STATUS_REQUEST_ERROR);
    }
    STATUS(lk_process_set_regs(R_A, LK_STATE_RECEIVING, image, 152), STATUS_STATE_CHANGED);
    STATUS(lk_process_set_regs(R_A, 9, image, 152), STATUS_STATE_CHANGED);
    for (size_t n = 511; n <= 513; n += 2) {
        sys_at("setFPU, %lu bytes", n);
        STATUS(lk_process_set_fpu(R_A, image, n), STATUS_REQUEST_ERROR);
    }
    OK(lk_process_set_fpu(R_A, image, 512));
}

CASE(restricted,
     .text = "read-only, weak and opaque capabilities refuse what they must, and nothing else")
{
    static const uint64_t mutate[] = { LK_RO, LK_WK, LK_OP, LK_RO | LK_WK | LK_OP };

    make_specimens();
    for (unsigned i = 0; i < sizeof(mutate) / sizeof(mutate[0]); i++) {
        sys_at("restrictions %lx", mutate[i]);
        OK(lk_memory_reduce(REG_GPT, mutate[i], R_T0));
        STATUS(lk_gpt_swap_slot(R_T0, 0, 0, 0), STATUS_NO_ACCESS);
        STATUS(lk_gpt_set_l2v(R_T0, 20), STATUS_NO_ACCESS);
        STATUS(lk_gpt_set_flags(R_T0, 0), STATUS_NO_ACCESS);
        STATUS(lk_gpt_set_window(R_T0, 0, 0, 0, 12, 0), STATUS_NO_ACCESS);
        STATUS(lk_gpt_set_local_window(R_T0, 0, 1, 0, 0, 12, 0), STATUS_NO_ACCESS);
        STATUS(lk_gpt_get_slot(R_T0, 0, R_T1), mutate[i] & LK_OP ? STATUS_NO_ACCESS : STATUS_OK);
        OK(lk_gpt_get_state(R_T0, NULL, NULL));
        OK(lk_memory_reduce(REG_CAPPAGE, mutate[i], R_T0));
        STATUS(lk_cappage_swap_slot(R_T0, 0, 0, 0), STATUS_NO_ACCESS);
        STATUS(lk_cappage_get_slot(R_T0, 0, R_T1),
               mutate[i] & LK_OP ? STATUS_NO_ACCESS : STATUS_OK);
    }
    OK(lk_memory_reduce(REG_GPT, LK_NX, R_T0));
    OK(lk_gpt_swap_slot(R_T0, 0, 0, 0));
    OK(lk_memory_reduce(REG_PAGE, LK_RO, R_T0));
    STATUS(lk_page_clear(R_T0), STATUS_NO_ACCESS);
    STATUS(lk_page_copy_from(R_T0, REG_PAGE), STATUS_NO_ACCESS);
    OK(lk_memory_reduce(REG_PAGE, LK_WK, R_T0));
    STATUS(lk_page_clear(R_T0), STATUS_NO_ACCESS);
    OK(lk_memory_reduce(REG_PAGE, LK_NX, R_T0));
    OK(lk_page_clear(R_T0));
}

CASE(gone, .text = "a capability to an object that is gone is Null in every way, also when the "
                   "place is used again")
{
    static const unsigned types[] = {
        LK_TYPE_ENDPOINT, LK_TYPE_PROCESS, LK_TYPE_GPT,
        LK_TYPE_PAGE,     LK_TYPE_CAPPAGE, LK_TYPE_SCHEDULE,
    };

    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        uint64_t frame = frames_new(1);

        for (unsigned again = 0; again < 3; again++) {
            sys_at("%s, round %u", lk_type_name(types[i]), again);
            OK(lk_range_fabricate(R_RANGE, types[i], frame, 0, R_A));
            lk_copy_cap(R_A, R_B);
            EQ(reg_type(R_B), types[i]);
            OK(lk_range_rescind(R_RANGE, R_A));
            EQ(lk_call0(R_A, 0).w[0], STATUS_INVALID_CAP);
            OK(lk_range_fabricate(R_RANGE, types[(i + again) % 6], frame, 0, R_C));
            EQ(reg_type(R_B), LK_TYPE_NULL);
            EQ(lk_call0(R_B, 1).w[0], STATUS_INVALID_CAP);
            STATUS(lk_range_rescind(R_RANGE, R_B), STATUS_REQUEST_ERROR);
            EQ(reg_type(R_C), types[(i + again) % 6]);
            OK(lk_range_rescind_at(R_RANGE, frame, 0));
            EQ(reg_type(R_C), LK_TYPE_NULL);
        }
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of kernel capabilities under restart injection.
 */
#include "inject.h"

/* Capability registers of the subject. */
#define C_SELF 1
#define C_ENDPOINT 2
#define C_RANGE 3
#define C_PROCESS 4
#define C_GPT 5
#define C_PAGE 6
#define C_CAPPAGE 7
#define C_SCHEDULE 9
#define C_SCHEDCTL 10
#define C_SLEEP 11
#define C_IOPRIV 12
#define C_KERNLOG 13
#define C_DISCRIM 14
#define C_CAPBITS 15
#define C_NOTICE 16
#define C_IRQCTL 17
#define C_STALE 18
#define C_ENTRY 19
#define C_INERT 24
#define C_VICTIM 25
#define C_REPLY 26
#define C_LENT 27
#define C_DEVICES 28
#define DEVICE 0xfed00000                  /* the high precision event timer */
#define STRING_VA (WINDOW_VA + PAGE - 100) /* across two pages */
#define ANSWER_VA (WINDOW_VA + 3 * PAGE - 50)

struct operation {
    const char *name;
    uint8_t target, op;
    uint64_t w1, w2, w3;
    uint8_t caps[3]; /* registers sent */
    uint32_t string; /* bytes sent */
    uint32_t room;   /* bytes received */
    unsigned ignore; /* words of the answer that may differ */
};

static const struct operation operations[] = {
    { "getType", C_ENDPOINT, OP_GET_TYPE, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "getType of a stale one", C_STALE, OP_GET_TYPE, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "unknown request", C_PAGE, 99, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "stale argument", C_DISCRIM, OP_DISCRIM_CLASSIFY, 0, 0, 0, { C_STALE }, 0, 0, 0 },
    { "setRecipient", C_ENDPOINT, OP_ENDPOINT_SET_RECIPIENT, 0, 0, 0, { C_PROCESS }, 0, 0, 0 },
    { "setRecipient stale", C_ENDPOINT, OP_ENDPOINT_SET_RECIPIENT, 0, 0, 0, { C_STALE }, 0, 0, 0 },
    { "setEndpointID", C_ENDPOINT, OP_ENDPOINT_SET_ENDPOINT_ID, 77, 0, 0, { 0 }, 0, 0, 0 },
    { "setPayloadMatch", C_ENDPOINT, OP_ENDPOINT_SET_PAYLOAD_MATCH, 1, 0, 0, { 0 }, 0, 0, 0 },
    { "makeEntry", C_ENDPOINT, OP_ENDPOINT_MAKE_ENTRY, 5, 0, 0, { 0 }, 0, 0, 0 },
    { "makeAppNotice", C_ENDPOINT, OP_ENDPOINT_MAKE_APP_NOTICE, 5, 0, 0, { 0 }, 0, 0, 0 },
    { "makeProxyEntry", C_ENDPOINT, OP_ENDPOINT_MAKE_PROXY_ENTRY, 5, 0, 0, { 0 }, 0, 0, 0 },
    { "makeProxyEntry wide",
      C_ENDPOINT,
      OP_ENDPOINT_MAKE_PROXY_ENTRY,
      1ull << 32,
      0,
      0,
      { 0 },
      0,
      0,
      0 },
    { "makeProxyNotice", C_ENDPOINT, OP_ENDPOINT_MAKE_PROXY_NOTICE, 5, 0, 0, { 0 }, 0, 0, 0 },
    { "Endpoint.getState", C_ENDPOINT, OP_ENDPOINT_GET_STATE, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "post", C_NOTICE, OP_APPNOTICE_POST, 6, 0, 0, { 0 }, 0, 0, 0 },
    { "getSlot", C_PROCESS, OP_PROCESS_GET_SLOT, SLOT_SCHEDULE, 0, 0, { 0 }, 0, 0, 0 },
    { "swapSlot brand", C_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_BRAND, 0, 0, { C_PAGE }, 0, 0, 0 },
    { "swapSlot addrSpace",
      C_PROCESS,
      OP_PROCESS_SWAP_SLOT,
      SLOT_ADDR_SPACE,
      0,
      0,
      { C_GPT },
      0,
      0,
      0 },
    { "swapSlot schedule",
      C_PROCESS,
      OP_PROCESS_SWAP_SLOT,
      SLOT_SCHEDULE,
      0,
      0,
      { C_SCHEDULE },
      0,
      0,
      0 },
    { "swapSlot handler",
      C_PROCESS,
      OP_PROCESS_SWAP_SLOT,
      SLOT_HANDLER,
      0,
      0,
      { C_ENTRY },
      0,
      0,
      0 },
    { "swapSlot stale", C_PROCESS, OP_PROCESS_SWAP_SLOT, SLOT_COHORT, 0, 0, { C_STALE }, 0, 0, 0 },
    { "getCapReg", C_PROCESS, OP_PROCESS_GET_CAP_REG, 3, 0, 0, { 0 }, 0, 0, 0 },
    { "swapCapReg", C_PROCESS, OP_PROCESS_SWAP_CAP_REG, 3, 0, 0, { C_GPT }, 0, 0, 0 },
    { "Process.getState", C_PROCESS, OP_PROCESS_GET_STATE, 0, 0, 0, { 0 }, 0, 152, 32 },
    { "Process.getState of itself", C_SELF, OP_PROCESS_GET_STATE, 0, 0, 0, { 0 }, 0, 152, 32 },
    { "setRegs", C_PROCESS, OP_PROCESS_SET_REGS, LK_STATE_FAULTED, 0, 0, { 0 }, 152, 0, 0 },
    { "resume", C_PROCESS, OP_PROCESS_RESUME, 1, 0, 0, { 0 }, 0, 0, 0 },
    { "setNotSchedulable", C_PROCESS, OP_PROCESS_SET_NOT_SCHEDULABLE, 3, 0, 0, { 0 }, 0, 0, 0 },
    { "clearNotSchedulable", C_PROCESS, OP_PROCESS_CLEAR_NOT_SCHEDULABLE, 3, 0, 0, { 0 }, 0, 0, 0 },
    { "setFSBase", C_SELF, OP_PROCESS_SET_FS_BASE, 0x5000, 0, 0, { 0 }, 0, 0, 0 },
    { "setLabel", C_PROCESS, OP_PROCESS_SET_LABEL, 1, 2, 0, { 0 }, 0, 0, 0 },
    { "getLabel", C_PROCESS, OP_PROCESS_GET_LABEL, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "getWait", C_PROCESS, OP_PROCESS_GET_WAIT, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "setFlags", C_PROCESS, OP_PROCESS_SET_FLAGS, 1, 0, 0, { 0 }, 0, 0, 0 },
    { "getFPU", C_PROCESS, OP_PROCESS_GET_FPU, 0, 0, 0, { 0 }, 0, 512, 0 },
    { "setFPU", C_PROCESS, OP_PROCESS_SET_FPU, 0, 0, 0, { 0 }, 512, 0, 0 },
    { "fetchProxyReply", C_PROCESS, OP_PROCESS_FETCH_PROXY_REPLY, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "setControlWord", C_PROCESS, OP_PROCESS_SET_CONTROL_WORD, 8, 1000, 0, { C_PAGE }, 0, 0, 0 },
    { "setControlWord stale",
      C_PROCESS,
      OP_PROCESS_SET_CONTROL_WORD,
      8,
      1000,
      0,
      { C_STALE },
      0,
      0,
      0 },
    { "setControlWord refused",
      C_PROCESS,
      OP_PROCESS_SET_CONTROL_WORD,
      9,
      1000,
      0,
      { C_PAGE },
      0,
      0,
      0 },
    { "getPreemption", C_PROCESS, OP_PROCESS_GET_PREEMPTION, 0, 0, 0, { 0 }, 0, 128, 0 },
    { "swapSlot proxyReceiver",
      C_PROCESS,
      OP_PROCESS_SWAP_SLOT,
      SLOT_PROXY_RECEIVER,
      0,
      0,
      { C_ENTRY },
      0,
      0,
      0 },
    { "swapSlot controlPage",
      C_PROCESS,
      OP_PROCESS_SWAP_SLOT,
      SLOT_CONTROL_PAGE,
      0,
      0,
      { C_PAGE },
      0,
      0,
      0 },
    { "swapSlot proxyReply refused",
      C_PROCESS,
      OP_PROCESS_SWAP_SLOT,
      SLOT_PROXY_REPLY,
      0,
      0,
      { C_ENTRY },
      0,
      0,
      0 },
    { "reduce", C_GPT, OP_MEMORY_REDUCE, LK_RO, 0, 0, { 0 }, 0, 0, 0 },
    { "setGuard", C_PAGE, OP_MEMORY_SET_GUARD, 3, 12, 0, { 0 }, 0, 0, 0 },
    { "getGuard", C_CAPPAGE, OP_MEMORY_GET_GUARD, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "GPT.getSlot", C_GPT, OP_GPT_GET_SLOT, 1, 0, 0, { 0 }, 0, 0, 0 },
    { "GPT.getSlot stale", C_GPT, OP_GPT_GET_SLOT, 2, 0, 0, { 0 }, 0, 0, 0 },
    { "GPT.swapSlot", C_GPT, OP_GPT_SWAP_SLOT, 1, 0, 0, { C_PAGE }, 0, 0, 0 },
    { "GPT.swapSlot mapped", C_VICTIM, OP_GPT_SWAP_SLOT, 0, 0, 0, { C_PAGE }, 0, 0, 0 },
    { "setL2v", C_VICTIM, OP_GPT_SET_L2V, 16, 0, 0, { 0 }, 0, 0, 0 },
    { "GPT.setFlags", C_VICTIM, OP_GPT_SET_FLAGS, 1, 0, 0, { 0 }, 0, 0, 0 },
    { "GPT.getState", C_GPT, OP_GPT_GET_STATE, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "clear", C_PAGE, OP_PAGE_CLEAR, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "copyFrom", C_PAGE, OP_PAGE_COPY_FROM, 0, 0, 0, { C_PAGE }, 0, 0, 0 },
    { "getAddress", C_PAGE, OP_PAGE_GET_ADDRESS, 0, 0, 0, { 0 }, 0, 0, 2 },
    { "CapPage.getSlot", C_CAPPAGE, OP_CAPPAGE_GET_SLOT, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "CapPage.swapSlot", C_CAPPAGE, OP_CAPPAGE_SWAP_SLOT, 0, 0, 0, { C_PAGE }, 0, 0, 0 },
    { "Range.getInfo", C_RANGE, OP_RANGE_GET_INFO, 0, 0, 0, { 0 }, 0, 0, 4 },
    { "fabricate", C_RANGE, OP_RANGE_FABRICATE, LK_TYPE_PAGE, UINT64_MAX, 0, { 0 }, 0, 0, 0 },
    { "fabricate in use", C_RANGE, OP_RANGE_FABRICATE, LK_TYPE_PAGE, 0, 0, { 0 }, 0, 0, 0 },
    { "fabricateDevice", C_DEVICES, OP_RANGE_FABRICATE_DEVICE, 0, DEVICE, 0, { 0 }, 0, 0, 0 },
    { "fabricateDevice refused", C_RANGE, OP_RANGE_FABRICATE_DEVICE, 0, DEVICE, 0, { 0 }, 0, 0, 0 },
    { "rescind Page", C_RANGE, OP_RANGE_RESCIND, 0, 0, 0, { C_PAGE }, 0, 0, 0 },
    { "rescind GPT mapped", C_RANGE, OP_RANGE_RESCIND, 0, 0, 0, { C_VICTIM }, 0, 0, 0 },
    { "rescind Process", C_RANGE, OP_RANGE_RESCIND, 0, 0, 0, { C_PROCESS }, 0, 0, 0 },
    { "rescind Endpoint", C_RANGE, OP_RANGE_RESCIND, 0, 0, 0, { C_ENDPOINT }, 0, 0, 0 },
    { "rescind CapPage", C_RANGE, OP_RANGE_RESCIND, 0, 0, 0, { C_CAPPAGE }, 0, 0, 0 },
    { "rescind Schedule", C_RANGE, OP_RANGE_RESCIND, 0, 0, 0, { C_SCHEDULE }, 0, 0, 0 },
    { "rescind its reply endpoint", C_RANGE, OP_RANGE_RESCIND, 0, 0, 0, { C_REPLY }, 0, 0, 0 },
    { "rescind stale", C_RANGE, OP_RANGE_RESCIND, 0, 0, 0, { C_STALE }, 0, 0, 0 },
    { "identify", C_RANGE, OP_RANGE_IDENTIFY, 0, 0, 0, { C_PAGE }, 0, 0, 4 },
    { "getFrame", C_RANGE, OP_RANGE_GET_FRAME, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "getCap", C_RANGE, OP_RANGE_GET_CAP, 0, 0, 0, { 0 }, 0, 0, 4 },
    { "identify Range", C_RANGE, OP_RANGE_IDENTIFY, 0, 0, 0, { C_LENT }, 0, 0, 4 },
    { "lend", C_RANGE, OP_RANGE_LEND, UINT64_MAX, 1, 0, { 0 }, 0, 0, 0 },
    { "lend nothing", C_RANGE, OP_RANGE_LEND, UINT64_MAX, 0, 0, { 0 }, 0, 0, 0 },
    { "lend refused", C_LENT, OP_RANGE_LEND, 0, 1, 0, { 0 }, 0, 0, 0 },
    { "split lent", C_LENT, OP_RANGE_SPLIT, 0, 1, 0, { 0 }, 0, 0, 0 },
    { "split", C_RANGE, OP_RANGE_SPLIT, 5, 6, 0, { 0 }, 0, 0, 0 },
    { "rescindAt nothing", C_RANGE, OP_RANGE_RESCIND_AT, UINT64_MAX, 0, 0, { 0 }, 0, 0, 0 },
    { "objectsPerFrame", C_RANGE, OP_RANGE_OBJECTS_PER_FRAME, LK_TYPE_GPT, 0, 0, { 0 }, 0, 0, 0 },
    { "Schedule.getInfo", C_SCHEDULE, OP_SCHEDULE_GET_INFO, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "setUp", C_SCHEDCTL, OP_SCHEDCTL_SET_UP, 10, 100000, 1, { C_INERT }, 0, 0, 0 },
    { "setUp again", C_SCHEDCTL, OP_SCHEDCTL_SET_UP, 10, 100000, 1, { C_SCHEDULE }, 0, 0, 0 },
    { "setSliceNotice",
      C_SCHEDCTL,
      OP_SCHEDCTL_SET_SLICE_NOTICE,
      3,
      0,
      0,
      { C_INERT, C_NOTICE },
      0,
      0,
      0 },
    { "setSliceNotice in use",
      C_SCHEDCTL,
      OP_SCHEDCTL_SET_SLICE_NOTICE,
      3,
      0,
      0,
      { C_SCHEDULE, C_NOTICE },
      0,
      0,
      0 },
    { "setSliceNotice stale",
      C_SCHEDCTL,
      OP_SCHEDCTL_SET_SLICE_NOTICE,
      3,
      0,
      0,
      { C_INERT, C_STALE },
      0,
      0,
      0 },
    { "now", C_SLEEP, OP_SLEEP_NOW, 0, 0, 0, { 0 }, 0, 0, 2 },
    { "sleepUntil past", C_SLEEP, OP_SLEEP_SLEEP_UNTIL, 1, 0, 0, { 0 }, 0, 0, 2 },
    { "noticeAt", C_SLEEP, OP_SLEEP_NOTICE_AT, UINT64_MAX - 1, 4, 0, { 0 }, 0, 0, 0 },
    { "IrqCtl.allocate refused", C_IRQCTL, OP_IRQCTL_ALLOCATE, 24, 0, 0, { 0 }, 0, 0, 0 },
    { "IrqCtl.release", C_IRQCTL, OP_IRQCTL_RELEASE, 8, 0, 0, { 0 }, 0, 0, 0 },
    { "IrqCtl.allocate", C_IRQCTL, OP_IRQCTL_ALLOCATE, 8, 0, 0, { 0 }, 0, 0, 0 },
    { "input", C_IOPRIV, OP_IOPRIV_INPUT, 0x3ff, 1, 0, { 0 }, 0, 0, 0 },
    { "output", C_IOPRIV, OP_IOPRIV_OUTPUT, 0x3ff, 1, 7, { 0 }, 0, 0, 0 },
    { "narrow", C_IOPRIV, OP_IOPRIV_NARROW, 4, 5, 0, { 0 }, 0, 0, 0 },
    { "IOPriv.getInfo", C_IOPRIV, OP_IOPRIV_GET_INFO, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "append", C_KERNLOG, OP_KERNLOG_APPEND, 0, 0, 0, { 0 }, 120, 0, 0 },
    { "KernLog.read", C_KERNLOG, OP_KERNLOG_READ, 0, 0, 0, { 0 }, 0, 100, 6 },
    { "KernLog.bind", C_KERNLOG, OP_KERNLOG_BIND, 1, 0, 0, { C_STALE }, 0, 0, 0 },
    { "classify", C_DISCRIM, OP_DISCRIM_CLASSIFY, 0, 0, 0, { C_ENTRY }, 0, 0, 0 },
    { "compare", C_DISCRIM, OP_DISCRIM_COMPARE, 0, 0, 0, { C_PAGE, C_STALE }, 0, 0, 0 },
    { "CapBits.get", C_CAPBITS, OP_CAPBITS_GET, 0, 0, 0, { C_STALE }, 0, 0, 0 },
    { "readTrace", SUBJECT_SYSCTL, OP_SYSCTL_READ_TRACE, 0, 0, 0, { 0 }, 0, 100, 62 },
    { "getStats", SUBJECT_SYSCTL, OP_SYSCTL_SET_TRACE, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "check", SUBJECT_SYSCTL, OP_SYSCTL_CHECK, 0, 0, 0, { 0 }, 0, 0, 0 },
    { "setPreempt", SUBJECT_SYSCTL, OP_SYSCTL_SET_PREEMPT, 0, 0, 0, { 0 }, 0, 0, 0 },
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static uint64_t free_frame; /* C_LENT is lent from there */

/* A GPT that is mapped in our own window, with a page that was touched: there is something to
 * flush. */
static obj mapped_gpt(void)
{
    uintptr_t at = WINDOW_VA + 0x30000000ull;
    obj g = gpt_new(12);

    obj_get(g, R_A);
    obj_get(page_new(), R_B);
    OK(lk_gpt_swap_slot(R_A, 0, R_B, 0));
    OK(lk_memory_set_guard(R_A, 0, 28, R_C));
    OK(lk_gpt_get_slot(R_SPACE, 0, R_D));
    OK(lk_gpt_swap_slot(R_D, 11, R_C, 0));
    __asm__ volatile("movb (%0), %%al" : : "r"(at) : "rax", "memory");
    return g;
}

static void give_caps(struct run *r, obj q)
{
    static const uint8_t initial[][2] = {
        { C_RANGE, R_RANGE },     { C_SCHEDCTL, R_SCHEDCTL }, { C_SLEEP, R_SLEEP },
        { C_IOPRIV, R_IOPRIV },   { C_KERNLOG, R_KERNLOG },   { C_DISCRIM, R_DISCRIM },
        { C_CAPBITS, R_CAPBITS }, { C_IRQCTL, R_IRQCTL },     { C_DEVICES, R_DEVICES },
    };
    obj e = endpoint_new(r->subject, 40, false);
    obj qe = endpoint_new(q, 41, false);
    obj stale = page_new();
    obj stale2 = page_new();
    obj g = gpt_new(12);
    obj caps = obj_new(LK_TYPE_CAPPAGE);

    obj_get(r->subject, R_A);
    for (unsigned i = 0; i < sizeof(initial) / sizeof(initial[0]); i++) {
        OK(lk_process_swap_cap_reg(R_A, initial[i][0], initial[i][1], 0));
    }
    obj_get(g, R_A);
    obj_get(stale2, R_B);
    OK(lk_gpt_swap_slot(R_A, 2, R_B, 0));
    obj_get(caps, R_A);
    OK(lk_cappage_swap_slot(R_A, 0, R_B, 0));
    OK(lk_range_lend(R_RANGE, free_frame, 1, R_B));
    proc_cap(r->subject, C_LENT, obj_keep(R_B));
    proc_cap(r->subject, C_SELF, r->subject);
    proc_cap(r->subject, C_ENDPOINT, e);
    proc_cap(r->subject, C_PROCESS, q);
    proc_cap(r->subject, C_GPT, g);
    proc_cap(r->subject, C_PAGE, page_new());
    proc_cap(r->subject, C_CAPPAGE, caps);
    proc_cap(r->subject, C_SCHEDULE, schedule_new(70, 1000000));
    proc_cap(r->subject, C_NOTICE, notice_new(qe, 0xff));
    proc_cap(r->subject, C_STALE, stale);
    proc_cap(r->subject, C_ENTRY, entry_new(qe, 3));
    proc_cap(r->subject, C_INERT, obj_new(LK_TYPE_SCHEDULE));
    proc_cap(r->subject, C_VICTIM, mapped_gpt());
    proc_cap(q, 3, stale);
    obj_rescind(stale);
    obj_rescind(stale2);
}

static void make_operation(struct run *r, const void *arg)
{
    const struct operation *o = arg;
    unsigned caps = o->caps[1] != 0 ? 2 : o->caps[0] != 0;
    obj q = proc_new(PRIO_LOW);

    r->subject = proc_new(PRIO_HIGH);
    r->other[0] = q;
    give_caps(r, q);
    obj_get(q, R_A);
    OK(lk_process_set_label(R_A, 0x4c4142454c, 7)); /* the same in each run */
    proc_cap(r->subject, C_REPLY, proc_reply_endpoint(r->subject, 9));
    r->regs = canary_regs(LK_CTL_CALL_CAPS(o->target, 4, caps, o->caps[0], o->caps[1], 0, RECEIVED,
                                           RECEIVED + 1, RECEIVED + 2, RECEIVED + 3) |
                              (o->string != 0 ? LK_SSTR : 0) | (o->room != 0 ? LK_RSTR : 0),
                          1);
    r->regs.rdi = o->op;
    r->regs.rsi = o->w1;
    r->regs.rdx = o->op == OP_RANGE_FABRICATE && o->w2 == UINT64_MAX ? frames_new(1) : o->w2;
    if ((o->op == OP_RANGE_RESCIND_AT || o->op == OP_RANGE_LEND) && o->w1 == UINT64_MAX) {
        r->regs.rsi = free_frame;
    }
    r->regs.rbx = o->w3;
    r->regs.r10 = STRING_VA;
    r->regs.rbp = ANSWER_VA;
    r->regs.r9 = o->string | (uint64_t)o->room << 32;
    r->ignore = o->ignore;
    lk_irqctl_release(R_IRQCTL, 8);
    OK(lk_range_rescind_at(R_DEVICES, 0, 0));
}

CASE(operations,
     .text = "every operation of every type comes to the same end with a restart at each of its "
             "acquire points",
     .ms = 600000)
{
    unsigned points = 0;

    free_frame = frames_new(1);
    for (unsigned i = 0; i < 4; i++) {
        map_page(own_space(), WINDOW_VA + i * PAGE, page_new(), 0);
    }
    {
        struct lk_regs r = raw_regs(LK_RECV); /* what setRegs sets */
        uintptr_t at = STRING_VA;

        __asm__("" : "+r"(at));
        memcpy((void *)at, &r, sizeof(r));
    }
    for (unsigned i = 0; i < OPERATIONS; i++) {
        points += inject_all(operations[i].name, make_operation, &operations[i]);
    }
    OK(lk_range_rescind_at(R_DEVICES, 0, 0));
    sys_say("# %lu operations, %u acquire points", OPERATIONS, points);
    CHECK(points > 2 * OPERATIONS);
}

CASE(injection_works,
     .text =
         "the injection itself works: it counts the points, and says whether the restart was made")
{
    static const struct operation o = {
        "classify", C_DISCRIM, OP_DISCRIM_CLASSIFY, 0, 0, 0, { C_PAGE }, 0, 0, 0,
    };
    uint64_t restarts = 0, after = 0;

    free_frame = frames_new(1);
    OK(lk_sysctl_get_stats(R_SYSCTL, NULL, NULL, NULL, &restarts, NULL, NULL, NULL));
    CHECK(inject_all(o.name, make_operation, &o) >= 2);
    OK(lk_sysctl_get_stats(R_SYSCTL, NULL, NULL, NULL, &after, NULL, NULL, NULL));
    CHECK(after >= restarts + 2);
}

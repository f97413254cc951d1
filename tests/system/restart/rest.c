/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations on what is in use under restart injection: somebody waits there, is mapped through it,
 * or is to be told. And at the end, that nothing was left out.
 */
#include "inject.h"

#define TARGET 1
#define ARG 2
#define OTHERS 5 /* register in which another process has what it sends to */
#define GPT_VA (WINDOW_VA + 6 * WINDOW_SIZE)
#define FREE_LINE 11

/* One of these: how it is set up, and what is invoked. */
struct use {
    const char *name;
    void (*set)(struct run *r); /* may set words */
    unsigned op;
    uint64_t w[6];
    unsigned caps;
    uint32_t string, room;
    unsigned ignore;
    void (*then)(struct run *r);
};

static uint8_t out[512], in[1024];

static void target_reg(const struct run *r, unsigned reg)
{
    obj_get(r->subject, R_A);
    OK(lk_process_swap_cap_reg(R_A, TARGET, reg, 0));
}

/* ---- Endpoints: other[0] is the recipient, other[1] waits to send, other[2] receives later ----
 */

static obj endpoint;

static void sender_waits(struct run *r)
{
    r->other[0] = proc_new(PRIO_HIGH);
    r->other[1] = proc_new(PRIO_HIGH);
    r->other[2] = proc_new(PRIO_HIGH);
    obj_get(r->other[0], R_A);
    OK(lk_process_set_label(R_A, 0x5151, 0)); /* the same in each run */
    endpoint = endpoint_new(r->other[0], 7, false);
    proc_cap(r->other[1], OTHERS, entry_new(endpoint, 3));
    raw_do_word(r->other[1], LK_CTL(LK_SEND | LK_BLOCK, OTHERS, 1), 99);
    EQ(proc_wait_kind(r->other[1]), LK_WAIT_SENDING);
    proc_cap(r->subject, TARGET, endpoint);
    proc_cap(r->subject, ARG, r->other[2]);
}

static void next_recipient_waits(struct run *r)
{
    sender_waits(r);
    raw_do(r->other[2], LK_RECV);
}

static void no_next_recipient(struct run *r)
{
    sender_waits(r);
    proc_cap(r->subject, ARG, NO_OBJ);
}

static void recipient_waits_for_77(struct run *r)
{
    struct lk_regs regs = raw_regs(LK_RECV | LK_CLOSED);

    sender_waits(r);
    regs.r8 = 77;
    raw_go(r->other[0], &regs);
}

static void recipient_waits(struct run *r)
{
    r->other[0] = proc_new(PRIO_HIGH);
    endpoint = endpoint_new(r->other[0], 7, false);
    raw_do(r->other[0], LK_RECV);
    proc_cap(r->subject, TARGET, notice_new(endpoint, 0xff));
}

/* ---- Processes ---- */

static void process_waits(struct run *r)
{
    struct lk_regs regs = canary_regs(0x55, 6);

    r->other[0] = proc_new(PRIO_HIGH);
    raw_do(r->other[0], LK_RECV);
    proc_cap(r->subject, TARGET, r->other[0]);
    proc_cap(r->subject, ARG, schedule_of(PRIO_LOW));
    memcpy(out, &regs, sizeof(regs));
}

static void process_sends(struct run *r)
{
    sender_waits(r);
    proc_cap(r->subject, TARGET, r->other[1]);
    proc_cap(r->subject, ARG, schedule_of(PRIO_LOW));
}

static void process_is_itself(struct run *r)
{
    struct lk_regs regs = r->regs;

    regs.rip = (uint64_t)raw_after;
    regs.rdi = 4711;
    memcpy(out, &regs, sizeof(regs));
    proc_cap(r->subject, TARGET, r->subject);
}

static void process_held(struct run *r)
{
    process_waits(r);
    proc_hold(r->other[0], 3);
}

/* ---- Memory: a page in eight slots of a GPT that is in use ---- */

static obj gpt, page;

static void mapped(struct run *r)
{
    OK(lk_gpt_get_slot(R_SPACE, 0, R_A)); /* the GPT of the last time may be of another form */
    OK(lk_gpt_swap_slot(R_A, GPT_VA / WINDOW_SIZE, 0, 0));
    page = page_new();
    map_page(own_space(), GPT_VA, page, 0);
    gpt_of(own_space(), GPT_VA, R_A);
    gpt = obj_keep(R_A);
    for (unsigned i = 0; i < 8; i++) {
        uintptr_t at = GPT_VA + i * PAGE;

        obj_get(page, R_T0);
        OK(lk_gpt_swap_slot(R_A, i, R_T0, 0));
        __asm__ volatile("movq %0, (%0)" : : "r"(at) : "memory");
    }
    proc_cap(r->subject, TARGET, gpt);
    proc_cap(r->subject, ARG, page);
}

static void mapped_weak(struct run *r)
{
    mapped(r);
    obj_get(gpt, R_B);
    OK(lk_memory_reduce(R_B, LK_WK, R_B));
    target_reg(r, R_B);
}

/* ---- Ranges ---- */

static void range_of_frame(struct run *r)
{
    target_reg(r, R_RANGE);
    r->regs.rdx = frames_new(1);
}

static void range_of_mapped_page(struct run *r)
{
    mapped(r);
    target_reg(r, R_RANGE);
}

static void range_of_mapped_gpt(struct run *r)
{
    uint64_t frame = 0;
    uint64_t index = 0;

    mapped(r);
    target_reg(r, R_RANGE);
    obj_get(gpt, R_B);
    OK(lk_range_identify(R_RANGE, R_B, NULL, &frame, &index));
    r->regs.rsi = frame;
    r->regs.rdx = index;
}

/* Its caller is to be answered. */
static void range_of_called_process(struct run *r)
{
    r->other[0] = proc_new(PRIO_HIGH);
    r->other[1] = proc_new(PRIO_HIGH);
    endpoint = endpoint_new(r->other[0], 7, false);
    raw_do(r->other[0], LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    proc_reply_endpoint(r->other[1], 8);
    proc_cap(r->other[1], OTHERS, entry_new(endpoint, 1));
    raw_do(r->other[1], LK_CTL_CALL(OTHERS, 1));
    EQ(proc_wait_kind(r->other[1]), LK_WAIT_CLOSED);
    proc_cap(r->subject, ARG, r->other[0]);
    target_reg(r, R_RANGE);
}

static void range_of_endpoint(struct run *r)
{
    sender_waits(r);
    proc_cap(r->subject, ARG, endpoint);
    target_reg(r, R_RANGE);
}

/* ---- The others ---- */

static void sleep_a_while(struct run *r)
{
    target_reg(r, R_SLEEP);
    r->regs.rsi = now() + NSEC_PER_MSEC;
}

static void wait_for_it(struct run *r)
{
    (void)r;
    sleep_ns(2 * NSEC_PER_MSEC);
}

static void line(struct run *r)
{
    lk_irqctl_release(R_IRQCTL, FREE_LINE);
    OK(lk_irqctl_allocate(R_IRQCTL, FREE_LINE, R_B));
    r->other[0] = proc_new(PRIO_HIGH);
    proc_cap(r->subject, ARG, notice_new(endpoint_new(r->other[0], 7, false), 1));
    target_reg(r, R_B);
}

static void bound_line(struct run *r)
{
    line(r);
    proc_get_cap(r->subject, ARG, R_C);
    OK(lk_irqwait_bind(R_B, 1, R_C));
}

static void sysctl(struct run *r)
{
    target_reg(r, R_SYSCTL);
}

/* ---- What all types have: the register says which ---- */

static const unsigned everything[] = {
    R_SELF,   R_SPACE,   R_RANGE,   R_SCHEDULE, R_SCHEDCTL, R_SLEEP, R_IRQCTL,
    R_IOPRIV, R_KERNLOG, R_DISCRIM, R_CAPBITS,  R_REPLY,    R_SHELF,
};
#define EVERYTHING (sizeof(everything) / sizeof(everything[0]))

static void make_get_type(struct run *r, const void *arg)
{
    const unsigned *reg = arg;

    r->subject = proc_new(PRIO_HIGH);
    proc_reply_endpoint(r->subject, 9);
    target_reg(r, *reg);
    r->regs = canary_regs(LK_CTL_CALL(TARGET, 1), 1);
    r->regs.rdi = OP_GET_TYPE;
}

/* Operations of all memory capabilities. */
struct memory_use {
    unsigned type, op;
};

static void make_memory_use(struct run *r, const void *arg)
{
    const struct memory_use *u = arg;

    r->subject = proc_new(PRIO_HIGH);
    proc_reply_endpoint(r->subject, 9);
    proc_cap(r->subject, TARGET, obj_new(u->type));
    r->regs = canary_regs(LK_CTL_CALL_CAPS(TARGET, 3, 0, 0, 0, 0, RECEIVED, 0, 0, 0), 1);
    r->regs.rdi = u->op;
    r->regs.rsi = LK_RO;
    r->regs.rdx = 20;
}

CASE(common, .text = "so do the operations that all types have, and all memory capabilities")
{
    static const unsigned types[] = { LK_TYPE_GPT, LK_TYPE_PAGE, LK_TYPE_CAPPAGE };

    for (unsigned i = 0; i < EVERYTHING; i++) {
        inject_all("getType", make_get_type, &everything[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned op = 0; op <= OP_MEMORY_GET_GUARD; op++) {
            struct memory_use u = { types[i], op };

            inject_all("a memory operation", make_memory_use, &u);
        }
    }
}

/* ---- The list of those in use ---- */

#define ANY (~0u)

static const struct use uses[] = {
    { .name = "setRecipient, a sender waits",
      .set = sender_waits,
      .op = OP_ENDPOINT_SET_RECIPIENT,
      .caps = 1 },
    { .name = "setRecipient, both wait",
      .set = next_recipient_waits,
      .op = OP_ENDPOINT_SET_RECIPIENT,
      .caps = 1 },
    { .name = "setRecipient to Null",
      .set = no_next_recipient,
      .op = OP_ENDPOINT_SET_RECIPIENT,
      .caps = 1 },
    { .name = "setEndpointID, waited for",
      .set = recipient_waits_for_77,
      .op = OP_ENDPOINT_SET_ENDPOINT_ID,
      .w = { 77 } },
    { .name = "setPayloadMatch, a sender waits",
      .set = sender_waits,
      .op = OP_ENDPOINT_SET_PAYLOAD_MATCH,
      .w = { 1 } },
    { .name = "getType of AppNotice", .set = recipient_waits, .op = OP_GET_TYPE },
    { .name = "post to one that waits",
      .set = recipient_waits,
      .op = OP_APPNOTICE_POST,
      .w = { 6 } },
    { .name = "swapSlot schedule, waits",
      .set = process_waits,
      .op = OP_PROCESS_SWAP_SLOT,
      .w = { SLOT_SCHEDULE },
      .caps = 1 },
    { .name = "swapSlot schedule, sends",
      .set = process_sends,
      .op = OP_PROCESS_SWAP_SLOT,
      .w = { SLOT_SCHEDULE },
      .caps = 1 },
    { .name = "swapCapReg, sends through it",
      .set = process_sends,
      .op = OP_PROCESS_SWAP_CAP_REG,
      .w = { OTHERS },
      .caps = 1 },
    { .name = "setRegs, waits",
      .set = process_waits,
      .op = OP_PROCESS_SET_REGS,
      .w = { LK_STATE_RECEIVING },
      .string = 152 },
    { .name = "setRegs, sends",
      .set = process_sends,
      .op = OP_PROCESS_SET_REGS,
      .w = { LK_STATE_BLOCKED },
      .string = 152 },
    { .name = "setRegs of itself",
      .set = process_is_itself,
      .op = OP_PROCESS_SET_REGS,
      .w = { LK_STATE_READY },
      .string = 152 },
    { .name = "clearNotSchedulable, waits",
      .set = process_held,
      .op = OP_PROCESS_CLEAR_NOT_SCHEDULABLE,
      .w = { 3 } },
    { .name = "getWait, sends", .set = process_sends, .op = OP_PROCESS_GET_WAIT },
    { .name = "getSlot through a weak one", .set = mapped_weak, .op = OP_GPT_GET_SLOT, .w = { 3 } },
    { .name = "swapSlot, mapped", .set = mapped, .op = OP_GPT_SWAP_SLOT, .w = { 3 }, .caps = 1 },
    { .name = "setL2v, mapped", .set = mapped, .op = OP_GPT_SET_L2V, .w = { 16 } },
    { .name = "setFlags, mapped", .set = mapped, .op = OP_GPT_SET_FLAGS, .w = { 3 } },
    { .name = "setWindow, mapped",
      .set = mapped,
      .op = OP_GPT_SET_WINDOW,
      .w = { 3, 0x1000, 0, 12, LK_RO } },
    { .name = "setLocalWindow, mapped",
      .set = mapped,
      .op = OP_GPT_SET_LOCAL_WINDOW,
      .w = { 3, 5, 0x2000, 0, 12, LK_NX } },
    { .name = "fabricate Process",
      .set = range_of_frame,
      .op = OP_RANGE_FABRICATE,
      .w = { LK_TYPE_PROCESS, 0, 1 } },
    { .name = "fabricate Endpoint",
      .set = range_of_frame,
      .op = OP_RANGE_FABRICATE,
      .w = { LK_TYPE_ENDPOINT, 0, 20 } },
    { .name = "fabricate GPT",
      .set = range_of_frame,
      .op = OP_RANGE_FABRICATE,
      .w = { LK_TYPE_GPT, 0, 11 } },
    { .name = "fabricate CapPage",
      .set = range_of_frame,
      .op = OP_RANGE_FABRICATE,
      .w = { LK_TYPE_CAPPAGE } },
    { .name = "fabricate Schedule",
      .set = range_of_frame,
      .op = OP_RANGE_FABRICATE,
      .w = { LK_TYPE_SCHEDULE } },
    { .name = "rescind Page, mapped",
      .set = range_of_mapped_page,
      .op = OP_RANGE_RESCIND,
      .caps = 1 },
    { .name = "rescindAt, mapped GPT", .set = range_of_mapped_gpt, .op = OP_RANGE_RESCIND_AT },
    { .name = "rescind Process that was called",
      .set = range_of_called_process,
      .op = OP_RANGE_RESCIND,
      .caps = 1 },
    { .name = "rescind Endpoint, a sender waits",
      .set = range_of_endpoint,
      .op = OP_RANGE_RESCIND,
      .caps = 1 },
    { .name = "sleepUntil",
      .set = sleep_a_while,
      .op = OP_SLEEP_SLEEP_UNTIL,
      .ignore = 2,
      .then = wait_for_it },
    { .name = "noticeAt",
      .set = sleep_a_while,
      .op = OP_SLEEP_NOTICE_AT,
      .w = { 0, 6 },
      .then = wait_for_it },
    { .name = "getType of IrqWait", .set = line, .op = OP_GET_TYPE },
    { .name = "bind", .set = line, .op = OP_IRQWAIT_BIND, .w = { 1 }, .caps = 1 },
    { .name = "acknowledge", .set = bound_line, .op = OP_IRQWAIT_ACKNOWLEDGE },
    { .name = "getType of SysCtl", .set = sysctl, .op = OP_GET_TYPE },
    { .name = "getStats", .set = sysctl, .op = OP_SYSCTL_GET_STATS, .ignore = ANY },
    { .name = "getMemory", .set = sysctl, .op = OP_SYSCTL_GET_MEMORY, .ignore = ANY },
    { .name = "setTrace", .set = sysctl, .op = OP_SYSCTL_SET_TRACE },
    { .name = "setFastPath", .set = sysctl, .op = OP_SYSCTL_SET_FAST_PATH, .w = { 1 } },
};
#define USES (sizeof(uses) / sizeof(uses[0]))

static void make_use(struct run *r, const void *arg)
{
    const struct use *u = arg;

    r->subject = proc_new(PRIO_HIGH);
    proc_reply_endpoint(r->subject, 9);
    r->regs = canary_regs(LK_CTL_CALL_CAPS(TARGET, 4, u->caps, u->caps != 0 ? ARG : 0, 0, 0,
                                           RECEIVED, RECEIVED + 1, RECEIVED + 2, RECEIVED + 3) |
                              (u->string != 0 ? LK_SSTR : 0) | (u->room != 0 ? LK_RSTR : 0),
                          1);
    r->regs.rdi = u->op;
    r->regs.rsi = u->w[0];
    r->regs.rdx = u->w[1];
    r->regs.rbx = u->w[2];
    r->regs.r12 = u->w[3];
    r->regs.r13 = u->w[4];
    r->regs.r14 = u->w[5];
    r->regs.r10 = (uint64_t)out;
    r->regs.rbp = (uint64_t)in;
    r->regs.r9 = u->string | (uint64_t)u->room << 32;
    r->ignore = u->ignore;
    r->then = u->then;
    u->set(r);
}

CASE(in_use,
     .text = "so do operations on endpoints, processes and memory that are in use, and the rest",
     .ms = 600000)
{
    unsigned points = 0;

    for (unsigned i = 0; i < USES; i++) {
        points += inject_all(uses[i].name, make_use, &uses[i]);
    }
    sys_say("# %lu operations, %u acquire points", USES, points);
    CHECK(points > 2 * USES);
}

/* Left out: what ends the machine, what this is done with, what there is no capability to yet, and
 * windows and pages of devices, which have no operations but those of all memory. */
static bool left_out(unsigned type, unsigned op)
{
    if (type == LK_TYPE_SYSCTL) {
        return op == OP_SYSCTL_HALT || op == OP_SYSCTL_REBOOT || op == OP_SYSCTL_INJECT_RESTART;
    }
    return type == LK_TYPE_PROXYENTRY || type == LK_TYPE_WINDOW || type == LK_TYPE_LOCALWINDOW ||
           type >= LK_TYPE_RCVQUEUE;
}

CASE(all, .text = "the cases above try every operation of every type that there is")
{
    static const char *const name[LK_TYPES][LK_OPS] = LK_OP_NAMES;

    unsigned missing = 0;

    if (strcmp(sys_options.pattern, "*") != 0) {
        sys_skip("only behind all the others");
    }
    for (unsigned type = 0; type < LK_TYPES; type++) {
        for (unsigned op = 0; op < LK_OPS; op++) {
            if (name[type][op] != NULL && !left_out(type, op) && !inject_tried[type][op]) {
                sys_say("# %s was not tried", name[type][op]);
                missing++;
            }
        }
    }
    EQ(missing, 0);
}

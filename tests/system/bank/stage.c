/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The stage: a Range, state pages, a server. See stage.h.
 */
#include "stage.h"

#define REG_MEMORY 8u
#define STACK_BYTES 16384u

extern char worker_entry[]; /* raw.S */

static uint64_t pages[(STAGE_MOST * 12 + 8192) / 8] __attribute__((aligned(4096)));
static uint8_t server_stack[STACK_BYTES] __attribute__((aligned(64)));
static uint8_t inmate_stack[STACK_BYTES] __attribute__((aligned(64)));

static struct {
    uint64_t first, frames;
    uint64_t server_frame; /* where its process stands */
    obj range, endpoint, reply, schedule;
} stage;

/* What the server's lk_cap() finds; the rest is as in the start block of the supervisor. */
static struct lk_start start = {
    .magic = LK_START_MAGIC,
    .name = "bank",
    .self = LK_REG_SELF,
    .sleep = R_SLEEP,
    .kernlog = R_KERNLOG,
    .cap_count = 2,
    .cap = { { "memory", REG_MEMORY }, { "discrim", R_DISCRIM } },
};

/* A process in R_T0 runs a function: its reply endpoint and own endpoint are kept objects. */
static void run_process(obj endpoint, obj reply, obj schedule, void *stack_top, void (*fn)(void *),
                        void *arg)
{
    struct lk_regs r = {
        .rip = (uint64_t)worker_entry,
        .rflags = 0x202,
        .rdi = (uint64_t)fn,
        .rsi = (uint64_t)arg,
        .rsp = (uint64_t)stack_top,
    };

    obj_get(endpoint, R_T1);
    OK(lk_endpoint_set_recipient(R_T1, R_T0));
    OK(lk_process_swap_cap_reg(R_T0, LK_REG_ENDPOINT, R_T1, 0));
    obj_get(reply, R_T1);
    OK(lk_endpoint_set_recipient(R_T1, R_T0));
    OK(lk_process_swap_cap_reg(R_T0, LK_REG_REPLY, R_T1, 0));
    OK(lk_process_swap_slot(R_T0, SLOT_REPLY_ENDPOINT, R_T1, 0));
    obj_get(schedule, R_T1);
    OK(lk_process_swap_slot(R_T0, SLOT_SCHEDULE, R_T1, 0));
    OK(lk_process_swap_slot(R_T0, SLOT_ADDR_SPACE, R_SPACE, 0));
    OK(lk_process_swap_slot(R_T0, SLOT_HANDLER, R_SUPER, 0));
    OK(lk_process_swap_cap_reg(R_T0, LK_REG_SELF, R_T0, 0));
    OK(lk_process_swap_cap_reg(R_T0, R_SLEEP, R_SLEEP, 0));
    OK(lk_process_swap_cap_reg(R_T0, R_KERNLOG, R_KERNLOG, 0));
    OK(lk_process_swap_cap_reg(R_T0, R_DISCRIM, R_DISCRIM, 0));
    OK(lk_process_set_regs(R_T0, LK_STATE_FAULTED, &r, sizeof(r)));
}

void server_start(void)
{
    uint64_t low, high;

    OK(lk_range_fabricate(R_RANGE, LK_TYPE_PROCESS, stage.server_frame, 0, R_T0));
    lk_label_pack("bank", &low, &high);
    OK(lk_process_set_label(R_T0, low, high));
    obj_get(stage.range, R_T1);
    OK(lk_process_swap_cap_reg(R_T0, REG_MEMORY, R_T1, 0));
    run_process(stage.endpoint, stage.reply, stage.schedule, server_stack + STACK_BYTES,
                bank_server, pages);
    OK(lk_process_resume(R_T0, 1));
}

void server_kill(void)
{
    OK(lk_range_rescind_at(R_RANGE, stage.server_frame, 0));
}

void stage_frames(unsigned frames, unsigned priority)
{
    CHECK(bank_state_bytes(frames) <= sizeof(pages));
    memset(pages, 0, sizeof(pages));
    lk_start = &start;
    stage.server_frame = frames_new(1);
    stage.frames = frames;
    stage.first = frames_new(frames);
    OK(lk_range_split(R_RANGE, stage.first, frames, R_T0));
    stage.range = obj_keep(R_T0);
    stage.endpoint = endpoint_new(NO_OBJ, LK_ENDPOINT_ID, false);
    stage.reply = endpoint_new(NO_OBJ, LK_REPLY_ID, true);
    stage.schedule = schedule_of(priority);
    obj_get(stage.endpoint, R_T0);
    OK(lk_endpoint_make_entry(R_T0, BANK_TOP, R_TOP));
}

void stage_begin(unsigned frames, unsigned priority)
{
    stage_frames(frames, priority);
    server_start();
}

struct bank_info info_of(unsigned bank)
{
    struct bank_info info = { 0 };

    OK(lk_bank_info(bank, &info));
    return info;
}

void all_back(unsigned lost)
{
    struct bank_info top = info_of(R_TOP);
    uint64_t free = 0;

    EQ(top.used, 0);
    EQ(top.own, 0);
    EQ(top.banks, 0);
    EQ(top.ranges, 0);
    EQ(top.available, stage.frames - lost);
    obj_get(stage.range, R_T0);
    for (uint64_t f = 0; f < stage.frames; f += 64) {
        uint64_t mask = 0;

        OK(lk_range_get_info(R_T0, f, NULL, &mask));
        for (; mask != 0; mask &= mask - 1) {
            free++;
        }
    }
    EQ(free, stage.frames - lost);
}

struct worker client_new(unsigned bank, unsigned priority, void (*fn)(void *), void *arg)
{
    struct worker w;
    obj cap = obj_keep(bank);

    w = worker_new(priority, fn, arg);
    proc_cap(w.p, R_TOP, cap);
    return w;
}

void inmate_start(unsigned bank, void (*fn)(void *), void *arg)
{
    unsigned mark = shelf_mark();
    obj p, endpoint, reply;

    OK(lk_bank_make(bank, LK_TYPE_PROCESS, R_T0));
    p = obj_keep(R_T0);
    OK(lk_bank_make(bank, LK_TYPE_ENDPOINT, R_T0));
    endpoint = obj_keep(R_T0);
    OK(lk_bank_make(bank, LK_TYPE_ENDPOINT, R_T0));
    OK(lk_endpoint_set_payload_match(R_T0, 1));
    reply = obj_keep(R_T0);
    OK(lk_bank_make(bank, LK_TYPE_SCHEDULE, R_T0));
    OK(lk_schedctl_set_up(R_SCHEDCTL, PRIO_LOW, 10000 * NSEC_PER_MSEC, 1, R_T0));
    obj schedule = obj_keep(R_T0);

    obj_get(p, R_T0);
    run_process(endpoint, reply, schedule, inmate_stack + STACK_BYTES, fn, arg);
    OK(lk_process_swap_cap_reg(R_T0, R_TOP, bank, 0));
    OK(lk_process_resume(R_T0, 1));
    shelf_back(mark);
}

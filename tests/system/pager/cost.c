/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a fault costs, in ticks of the time-stamp counter: under the emulator's icount those are
 * guest instructions. Of each number what the process and the case need themselves is taken off,
 * which is measured with a page that is there. The bank is the small one of world.c.
 */
#include "world.h"

#include "../../../user/servers/pager/pager.h"

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static uint64_t touch_ticks(obj p, const char *how, uint64_t address)
{
    struct lk_regs r = { .rip = (uint64_t)how, .rsp = 0x10, .rflags = 0x202, .rdi = address };
    uint64_t before;

    obj_get(p, R_T0);
    OK(lk_process_set_regs(R_T0, LK_STATE_FAULTED, &r, sizeof(r)));
    before = ticks();
    lk_process_resume(R_T0, 1);
    before = ticks() - before;
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
    return before;
}

static void say_cost(const char *what, obj p, const char *how, uint64_t address)
{
    uint64_t with = touch_ticks(p, how, address);
    uint64_t without = touch_ticks(p, how, address);

    sys_say("# %s: %lu", what, with - without);
}

/* What the parts cost, done by the case itself. */
static void say_parts(void)
{
    uint64_t t[12];
    uint64_t type;

    obj_get(bank_worker.endpoint, R_A);
    OK(lk_endpoint_make_entry(R_A, 9, R_A));
    obj_get(gpt_new(12), R_D);
    t[0] = ticks();
    lk_discrim_classify(R_DISCRIM, R_A, &type, NULL);
    t[1] = ticks();
    paid_make(R_A, LK_TYPE_PAGE, R_B);
    t[2] = ticks();
    paid_make(R_A, LK_TYPE_GPT, R_C);
    t[3] = ticks();
    lk_gpt_swap_slot(R_D, 3, R_B, 0);
    t[4] = ticks();
    lk_gpt_get_slot(R_D, 3, R_E);
    t[5] = ticks();
    lk_page_copy_from(R_B, R_E);
    t[6] = ticks();
    lk_memory_reduce(R_B, LK_NX, R_E);
    t[7] = ticks();
    lk_call0(R_SELF, OP_PROCESS_GET_STATE);
    t[8] = ticks();
    lk_page_clear(R_B);
    t[9] = ticks();
    sys_say("# classify %lu, page of the bank %lu, GPT of the bank %lu, swapSlot %lu, getSlot %lu, "
            "copyFrom %lu, reduce %lu, getState %lu, clear %lu, a look at the clock %lu",
            t[1] - t[0], t[2] - t[1], t[3] - t[2], t[4] - t[3], t[5] - t[4], t[6] - t[5],
            t[7] - t[6], t[8] - t[7], t[9] - t[8], ticks() - ticks());
    account_close(9);
}

static void say_costs(const char *who, obj p, uint64_t heap)
{
    sys_say("# %s", who);
    say_cost("first page: zeros, with four GPTs", p, touch_write, heap);
    say_cost("page of zeros, same GPT", p, touch_write, heap + PAGE);
    say_cost("page of zeros, same GPT", p, touch_write, heap + 2 * PAGE);
    say_cost("page of zeros, a new GPT", p, touch_write, heap + 16 * PAGE);
    say_cost("archive's page, four GPTs, not at hand", p, touch_read, DATA_VA);
    say_cost("archive's page, same GPT", p, touch_read, DATA_VA + PAGE);
    say_cost("copy on write", p, touch_write, DATA_VA);
    say_cost("copy on write, same GPT", p, touch_write, DATA_VA + PAGE);
    say_cost("page that is in part the file's", p, touch_read, DATA_VA + (DATA_PAGES - 1) * PAGE);
    say_cost("page of zeros, a GPT from longer ago", p, touch_write, heap + 3 * PAGE);
    say_cost("archive's page, the GPT before last", p, touch_read, DATA_VA + 2 * PAGE);
    say_cost("page of zeros, the GPT before last", p, touch_write, heap + 4 * PAGE);
}

CASE(cost, .text = "what a fault costs does not depend on how many spaces there are",
     .steady = true)
{
    struct program prog[64];
    obj p[64];
    uint64_t few, many;

    world_begin();
    pager_start();
    for (unsigned i = 0; i < 2; i++) {
        prog[i] = program_usual(i);
        p[i] = program_process(&prog[i]);
    }
    say_parts();
    say_costs("one space", p[0], HEAP_VA);
    say_cost("by turns: zeros in another space", p[1], touch_write, HEAP_VA);
    touch_ticks(p[0], touch_write, HEAP_VA + 5 * PAGE);
    touch_ticks(p[1], touch_write, HEAP_VA + 5 * PAGE);
    few = touch_ticks(p[0], touch_write, HEAP_VA + 6 * PAGE);
    touch_ticks(p[1], touch_write, HEAP_VA + 6 * PAGE);
    sys_say("# by turns, same GPT as last time: %lu with the process's own", few);
    for (unsigned i = 2; i < 64; i++) {
        prog[i] = program_usual(i);
        p[i] = program_process(&prog[i]);
        WRITES(p[i], HEAP_VA, 1);
    }
    for (unsigned i = 2; i < 64; i++) {
        WRITES(p[i], HEAP_VA + PAGE, 1);
    }
    many = touch_ticks(p[0], touch_write, HEAP_VA + 7 * PAGE);
    sys_say("# with 64 spaces: %lu", many);
    CHECK(many <= few + few / 20 && few <= many + many / 20);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Yield and the FS base. Copy capability is in caps.c.
 */
#include "../lib/sys.h"

#define ROUNDS 5
#define MEMBERS 3

static char order[ROUNDS * MEMBERS + 1];
static unsigned steps;

static void member(void *arg)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        order[steps++] = *(const char *)arg;
        lk_yield();
    }
}

CASE(yield_order,
     .text = "yield goes round those of equal priority, in order, and passes over the lower ones",
     .steady = true)
{
    static const char names[] = "abcd";
    struct worker w[MEMBERS];
    struct worker low = worker_new(PRIO_LOW - 1, member, (void *)(uintptr_t)&names[3]);

    memset(order, 0, sizeof(order));
    steps = 0;
    for (unsigned i = 0; i < MEMBERS; i++) {
        w[i] = worker_new_in(i == 1 ? space_new() : own_space(), PRIO_LOW, member,
                             (void *)(uintptr_t)&names[i]);
    }
    (void)low;
    for (unsigned i = 0; i < MEMBERS; i++) {
        worker_start(w[i]);
    }
    EVENTUALLY(steps == ROUNDS * MEMBERS);
    if (strcmp(order, "abcabcabcabcabc") != 0) {
        FAIL("order %s", order);
    }
}

CASE(yield_registers, .text = "yield leaves all registers but the result as they were")
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs s = canary_regs(LK_YIELD, 1);
    struct lk_regs after;

    raw_go(p, &s);
    after = raw_result(p);
    canary_kept(&s, &after, STATUS_OK);
}

CASE(fs_base_set, .text = "the FS base is set by one cheap call, to user addresses only")
{
    static const uint64_t good[] = { 0, 1, 0x1000, LK_USER_END - 1 };
    static const uint64_t bad[] = { LK_USER_END, 0x800000000000, 0xffff800000000000, UINT64_MAX };
    obj p = proc_new(PRIO_HIGH);

    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct lk_regs s = canary_regs(LK_SET_FS_BASE, 1);
        struct lk_regs after;

        s.rdi = good[i];
        raw_go(p, &s);
        after = raw_result(p);
        EQ(after.fs_base, good[i]);
        s.fs_base = good[i];
        canary_kept(&s, &after, STATUS_OK);
        obj_get(p, R_A);
        OK(lk_process_set_fs_base(R_A, good[i] ^ 1));
        EQ(proc_state(p).r.fs_base, good[i] ^ 1);
    }
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        raw_do_word(p, LK_SET_FS_BASE, bad[i]);
        raw_faulted(p, FAULT_MALFORMED_SYSCALL, LK_SET_FS_BASE);
        obj_get(p, R_A);
        STATUS(lk_process_set_fs_base(R_A, bad[i]), STATUS_OUT_OF_RANGE);
    }
}

static uint64_t fs_word(void)
{
    uint64_t v;

    __asm__ volatile("movq %%fs:0, %0" : "=r"(v) : : "memory");
    return v;
}

/* Its FS base points to a word of its own; after each switch it must still be there. */
static void fs_user(void *arg)
{
    uint64_t *mine = arg;
    uint64_t want = *mine;

    lk_set_fs_base((uint64_t)mine);
    for (unsigned i = 0; i < 200; i++) {
        EQ(fs_word(), want);
        if (i % 3 == 0) {
            __asm__ volatile("mov %0, %%fs" : : "r"(0)); /* a user can clear it unseen */
            lk_set_fs_base((uint64_t)mine);
        }
        lk_yield();
    }
    *mine = 0;
}

CASE(fs_base_own, .text = "each process has its own FS base, whatever runs in between")
{
    static uint64_t word[4];

    for (unsigned i = 0; i < 4; i++) {
        word[i] = 0x1111 * (i + 1);
        worker_start(
            worker_new_in(i % 2 == 0 ? own_space() : space_new(), PRIO_LOW, fs_user, &word[i]));
    }
    EVENTUALLY(word[0] == 0 && word[1] == 0 && word[2] == 0 && word[3] == 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A system call that is tried again and again, with a restart at each of its acquire points.
 */
#include "inject.h"

#define MOST 200

bool inject_tried[LK_TYPES][LK_OPS];

struct result {
    struct look subject, other[WATCHED];
};

/* What may differ: payloads of replies, and words that the run does not answer for. */
static void forget(struct look *l, unsigned ignore)
{
    l->s.r.r9 = 0;
    l->s.r.rsi = ignore & 2 ? 0 : l->s.r.rsi;
    l->s.r.rdx = ignore & 4 ? 0 : l->s.r.rdx;
    l->s.r.rbx = ignore & 8 ? 0 : l->s.r.rbx;
    l->s.r.r12 = ignore & 16 ? 0 : l->s.r.r12;
    l->s.r.r13 = ignore & 32 ? 0 : l->s.r.r13;
    l->s.r.r14 = ignore & 64 ? 0 : l->s.r.r14;
    l->s.r.r15 = ignore & 128 ? 0 : l->s.r.r15;
}

static void note_operation(const struct run *r)
{
    if ((r->regs.rax & LK_SEND) != 0 && r->regs.rdi < LK_OPS) {
        proc_get_cap(r->subject, (unsigned)(r->regs.rax >> LK_TARGET_SHIFT) % LK_CAP_REGS, R_B);
        inject_tried[reg_type(R_B)][r->regs.rdi] = true;
    }
}

/* Run it, with a restart at point n (0: without); points passed, and whether the restart was made.
 */
static void run(void (*make)(struct run *r, const void *arg), const void *arg, uint64_t n,
                struct result *result, uint64_t *passed, uint64_t *hit)
{
    struct run r = { .other = { NO_OBJ, NO_OBJ, NO_OBJ } };
    struct lk_regs inject = raw_regs(LK_CTL(LK_SEND, SUBJECT_SYSCTL, 2));

    memset(result, 0, sizeof(*result));
    make(&r, arg);
    obj_get(r.subject, R_A);
    OK(lk_process_swap_cap_reg(R_A, SUBJECT_SYSCTL, R_SYSCTL, 0));
    if (n != 0) {
        inject.rdi = OP_SYSCTL_INJECT_RESTART;
        inject.rsi = n;
        raw_go(r.subject, &inject);
        raw_result(r.subject);
    }
    note_operation(&r);
    raw_go(r.subject, &r.regs);
    if (r.then != NULL) {
        r.then(&r);
    }
    if (n != 0) {
        OK(lk_sysctl_inject_restart(R_SYSCTL, 0, passed, hit));
    }
    look_at(r.subject, &result->subject);
    forget(&result->subject, r.ignore);
    for (unsigned i = 0; i < WATCHED; i++) {
        look_at(r.other[i], &result->other[i]);
        forget(&result->other[i], r.ignore);
    }
}

static unsigned all_points(const char *name, void (*make)(struct run *r, const void *arg),
                           const void *arg, uint64_t flag)
{
    static struct result plain, with;
    uint64_t passed = 0, hit = 0;
    uint64_t n;
    unsigned mark;
    uint64_t frames;

    parking_entry();
    own_space();
    schedule_of(PRIO_HIGH);
    schedule_of(PRIO_LOW);
    mark = shelf_mark();
    frames = frames_mark();
    run(make, arg, 0, &plain, &passed, &hit);
    shelf_back(mark);
    frames_back(frames);
    for (n = 1; n < MOST; n++) {
        sys_at("%s, restart at point %lu", name, n);
        run(make, arg, n | flag, &with, &passed, &hit);
        shelf_back(mark);
        frames_back(frames);
        look_same(&plain.subject, &with.subject, "the subject");
        for (unsigned i = 0; i < WATCHED; i++) {
            look_same(&plain.other[i], &with.other[i], "another");
        }
        if (hit == 0) {
            CHECK(passed < n);
            break;
        }
        CHECK(passed >= n);
    }
    EQ(kernel_check(), 0);
    return (unsigned)n - 1;
}

unsigned inject_all(const char *name, void (*make)(struct run *r, const void *arg), const void *arg)
{
    return all_points(name, make, arg, 0);
}

unsigned inject_work_all(const char *name, void (*make)(struct run *r, const void *arg),
                         const void *arg)
{
    return all_points(name, make, arg, LK_INJECT_WORK);
}

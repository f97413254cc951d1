/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Registers full of canaries: what a system call leaves in every single one of them.
 */
#include "sys.h"

#define REGISTERS 15
#define FS_CANARY 0x12345000ull

struct lk_regs canary_regs(uint64_t control, unsigned who)
{
    struct lk_regs r;
    uint64_t *at = (uint64_t *)&r;

    for (unsigned i = 0; i < REGISTERS; i++) {
        at[i] = 0xca9a000000000000ull | (uint64_t)who << 32 | (uint64_t)i << 8 | 0x5a;
    }
    r.rax = control;
    r.rip = (uint64_t)raw_syscall;
    r.rsp = 0x7a0000000000ull + who;
    r.rflags = 0x202;
    r.fs_base = FS_CANARY + who;
    return r;
}

void canary_words(struct lk_regs *r, const uint64_t w[LK_MAX_WORDS])
{
    r->rdi = w[0];
    r->rsi = w[1];
    r->rdx = w[2];
    r->rbx = w[3];
    r->r12 = w[4];
    r->r13 = w[5];
    r->r14 = w[6];
    r->r15 = w[7];
}

void regs_words(const struct lk_regs *r, uint64_t w[LK_MAX_WORDS])
{
    w[0] = r->rdi;
    w[1] = r->rsi;
    w[2] = r->rdx;
    w[3] = r->rbx;
    w[4] = r->r12;
    w[5] = r->r13;
    w[6] = r->r14;
    w[7] = r->r15;
}

/* What every system call keeps; rcx and r11 are what the instruction itself makes of them. */
static void kept_always(const struct lk_regs *before, const struct lk_regs *after)
{
    EQ(after->r10, before->r10);
    EQ(after->rbp, before->rbp);
    EQ(after->rsp, before->rsp);
    EQ(after->fs_base, before->fs_base);
    EQ(after->rflags, before->rflags);
    EQ(after->rcx, (uint64_t)raw_after);
    EQ(after->r11, before->rflags);
}

void canary_kept(const struct lk_regs *before, const struct lk_regs *after, uint64_t result)
{
    kept_always(before, after);
    EQ(after->rax, (uint64_t)LK_KIND_RESULT << LK_DLV_KIND_SHIFT);
    EQ(after->rdi, result);
    EQ(after->rsi, before->rsi);
    EQ(after->rdx, before->rdx);
    EQ(after->rbx, before->rbx);
    EQ(after->r8, before->r8);
    EQ(after->r9, before->r9);
    EQ(after->r12, before->r12);
    EQ(after->r13, before->r13);
    EQ(after->r14, before->r14);
    EQ(after->r15, before->r15);
}

void canary_delivered(const struct lk_regs *before, const struct lk_regs *after,
                      const struct delivery *d)
{
    kept_always(before, after);
    EQ(after->rax, d->kind << LK_DLV_KIND_SHIFT | (d->words - 1) << LK_DLV_NWORDS_SHIFT |
                       d->caps << LK_DLV_NCAPS_SHIFT | d->string);
    EQ(after->rdi, d->w[0]);
    EQ(after->rsi, d->w[1]);
    EQ(after->rdx, d->w[2]);
    EQ(after->rbx, d->w[3]);
    EQ(after->r12, d->w[4]);
    EQ(after->r13, d->w[5]);
    EQ(after->r14, d->w[6]);
    EQ(after->r15, d->w[7]);
    EQ(after->r8, d->id);
    EQ(after->r9, d->payload);
}

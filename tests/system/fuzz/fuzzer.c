/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A fuzzer: makes up invocations and carries them out, for ever. Most are nearly right, since those
 * get further; some are nothing but random bits.
 *
 * It runs where there is no data of the program, only text: no variables here but on the stack.
 */
#include "fuzz.h"

#define PAGES 16
#define METHODS 20

static bool one_in(struct rng *rng, unsigned n)
{
    return rng_below(rng, n) == 0;
}

/* An address for a string: in an area, at the edges of pages and of what is mapped, or anywhere. */
static uint64_t some_address(struct rng *rng)
{
    uint64_t page =
        area_va((unsigned)rng_below(rng, FUZZERS_MOST / 2)) + rng_below(rng, PAGES) * PAGE;

    switch (rng_below(rng, 40)) {
    case 0:
        return one_in(rng, 2) ? rng_next(rng) : UINT64_MAX - rng_below(rng, LK_MAX_STRING);
    case 1:
        return rng_below(rng, 2 * PAGE);
    case 2:
        return LK_USER_END - rng_below(rng, 2 * PAGE);
    case 3:
        return LK_USER_END + rng_below(rng, PAGE);
    case 4:
        return 0xffff800000000000ull + rng_below(rng, 1ull << 32);
    case 5:
        return 0xffffffff80000000ull + rng_below(rng, 1ull << 24);
    case 6:
        return 0x400000 + rng_below(rng, 1ull << 16);
    case 7:
    case 8:
        return page + PAGE - rng_below(rng, 600);
    case 9:
    case 10:
        return page + rng_below(rng, PAGE);
    default: /* in pages that are there, where others find what was put there */
        page = page / AREA_BYTES * AREA_BYTES + (one_in(rng, 2) ? AREA_RW : AREA_RW_2) * PAGE;
        return page + 64 * rng_below(rng, 4) + (one_in(rng, 4) ? 2048 : 0);
    }
}

static uint64_t some_word(struct rng *rng)
{
    switch (rng_below(rng, 16)) {
    case 10: /* at a limit, or just over it */
        return (1ull << rng_below(rng, 18)) + rng_below(rng, 3) - 1;
    case 11:
        return PORT_FIRST + rng_below(rng, 2 * (PORT_LAST - PORT_FIRST));
    case 0:
        return rng_next(rng);
    case 1:
        return rng_next(rng) >> 32;
    case 2:
        return 1ull << rng_below(rng, 64);
    case 3:
        return (1ull << rng_below(rng, 64)) - 1;
    case 4:
        return UINT64_MAX - rng_below(rng, 4);
    case 5:
        return some_address(rng);
    case 6:
        return rng_below(rng, 256);
    case 7:
        return 12 + rng_below(rng, 36);
    case 8:
        return rng_below(rng, 2000000000);
    case 9:
        return rng_below(rng, 2);
    default:
        return rng_below(rng, 32);
    }
}

/* Lengths that operations want, and others. */
static uint32_t some_length(struct rng *rng)
{
    switch (rng_below(rng, 16)) {
    default:
        return sizeof(struct lk_regs);
    case 3:
        return 512;
    case 4:
        return (uint32_t)rng_below(rng, 300);
    case 5:
        return (uint32_t)rng_below(rng, LK_MAX_STRING + 2);
    case 6:
        return LK_MAX_STRING - (uint32_t)rng_below(rng, 2);
    case 7:
        return (uint32_t)rng_next(rng);
    }
}

static uint64_t four_regs(struct rng *rng, unsigned shift)
{
    return (rng_next(rng) & 0xfffff) << shift;
}

/* Registers to receive into: few, and mostly of the lower half, or soon they were all Null. */
static uint64_t recv_regs(struct rng *rng)
{
    uint64_t regs = 0;

    if (one_in(rng, 20)) {
        return four_regs(rng, LK_RECV_CAP_SHIFT);
    }
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        if (one_in(rng, 3)) {
            regs |= rng_below(rng, LK_CAP_REGS / 2) << (LK_RECV_CAP_SHIFT + LK_CAP_BITS * i);
        }
    }
    return regs;
}

static uint64_t target(struct rng *rng)
{
    return (one_in(rng, 50) ? 0 : 1 + rng_below(rng, LK_CAP_REGS - 1)) << LK_TARGET_SHIFT;
}

/* A call of some operation of some capability. */
static uint64_t operation(struct rng *rng)
{
    uint64_t control =
        LK_SHAPE_CALL | target(rng) | rng_below(rng, LK_MAX_WORDS) << LK_NWORDS_SHIFT;

    if (!one_in(rng, 4)) { /* the reply capability comes first, in register 0 */
        control |= LK_CAPS | (1 + rng_below(rng, LK_MAX_CAPS)) << LK_NSEND_SHIFT |
                   (four_regs(rng, LK_SEND_CAP_SHIFT) & ~(31ull << LK_SEND_CAP_SHIFT)) |
                   recv_regs(rng);
    }
    control |= one_in(rng, 3) ? LK_SSTR : 0;
    control |= one_in(rng, 3) ? LK_RSTR : 0;
    return control;
}

/* Any shape, with fields that suit it. */
static uint64_t message(struct rng *rng)
{
    uint64_t control =
        rng_below(rng, 256) | target(rng) | rng_below(rng, LK_MAX_WORDS) << LK_NWORDS_SHIFT;

    if (!(control & LK_SEND)) {
        control &= ~(uint64_t)(LK_BLOCK | LK_SSTR | LK_CALLBIT);
        control |= LK_RECV;
    }
    if (!(control & LK_RECV)) {
        control &= ~(uint64_t)(LK_CLOSED | LK_RSTR | LK_CALLBIT);
    }
    if (control & LK_CALLBIT) {
        control |= LK_SHAPE_CALL;
    }
    if (control & LK_CAPS) {
        control |= rng_below(rng, LK_MAX_CAPS + 1) << LK_NSEND_SHIFT |
                   four_regs(rng, LK_SEND_CAP_SHIFT) | recv_regs(rng);
        if (control & LK_CALLBIT) {
            control &= ~(31ull << LK_SEND_CAP_SHIFT);
        }
    }
    return control;
}

/* Arguments that some operation takes; which it is depends on what is invoked. */
struct recipe {
    uint8_t method, caps;
    uint16_t string, buffer;
    uint16_t first[2], n[2]; /* words 1 and 2: the first value of n */
};

static const struct recipe recipes[] = {
    { .method = 1, .n = { 16, 1 } },                                       /* reduce; getSlot */
    { .method = 1, .caps = 1, .n = { 32, 256 } },                          /* setRecipient; bind */
    { .method = 2, .n = { 4, 40 }, .first = { 0, 10 } },                   /* setGuard; fabricate */
    { .method = 2, .n = { 8, 130 } },                                      /* fabricate */
    { .method = 2, .caps = 1, .n = { 10, 1 } },                            /* Process.swapSlot */
    { .method = 3, .n = { 32, 32 }, .first = { PORT_FIRST, PORT_FIRST } }, /* narrow */
    { .method = 3, .caps = 1, .n = { 2, 1 } },       /* rescind; setPayloadMatch */
    { .method = 4, .caps = 1, .n = { 32, 1 } },      /* swapCapReg; getSlot */
    { .method = 5, .buffer = 152, .n = { 16, 34 } }, /* getState; split */
    { .method = 5, .caps = 1, .n = { 17, 1 } },      /* swapSlot */
    { .method = 6, .string = 152, .n = { 4, 1 } },   /* setRegs */
    { .method = 6, .string = 152, .n = { 4, 1 } },
    { .method = 6, .n = { 130, 22 } }, /* rescindAt; setL2v */
    { .method = 7, .n = { 3, 1 } },    /* resume; setFlags */
    { .method = 7, .n = { 100, 1 } },  /* makeProxyEntry */
    { .method = 8, .n = { 256, 1 } },  /* makeProxyNotice */
    { .method = 8, .n = { 9, 1 } },    /* setNotSchedulable */
    { .method = 9, .n = { 9, 1 } },
    { .method = 9, .n = { 1, 1 } }, /* the proxy hold */
    { .method = 9, .n = { 1, 1 } },
    { .method = 2, .caps = 1, .n = { 1, 1 }, .first = { SLOT_PROXY_RECEIVER, 0 } },
    { .method = 1, .n = { 65535, 1 } },             /* post */
    { .method = 14, .n = { 5, 1 } },                /* Process.setFlags */
    { .method = 15, .buffer = 512, .n = { 1, 1 } }, /* getFPU */
    { .method = 16, .string = 512, .n = { 1, 1 } },
    { .method = 17, .n = { 1, 1 } },                   /* fetchProxyReply */
    { .method = 18, .caps = 1, .n = { 4098, 60000 } }, /* setControlWord */
    { .method = 18, .caps = 1, .n = { 1, 60000 } },    /* where others write */
    { .method = 19, .buffer = 128, .n = { 1, 1 } },    /* getPreemption */
};

static void cook(struct rng *rng, struct lk_msg *m)
{
    const struct recipe *r = &recipes[rng_below(rng, sizeof(recipes) / sizeof(recipes[0]))];

    m->control = LK_SHAPE_CALL | target(rng) | (LK_MAX_WORDS - 1ull) << LK_NWORDS_SHIFT | LK_CAPS |
                 (1ull + r->caps) << LK_NSEND_SHIFT | recv_regs(rng);
    if (r->caps != 0) {
        m->control |= rng_below(rng, LK_CAP_REGS) << (LK_SEND_CAP_SHIFT + LK_CAP_BITS);
    }
    m->control |= (r->string != 0 ? LK_SSTR : 0) | (r->buffer != 0 ? LK_RSTR : 0);
    m->w[0] = r->method;
    m->w[1] = r->first[0] + rng_below(rng, r->n[0]);
    m->w[2] = r->first[1] + rng_below(rng, r->n[1]);
    m->w[3] = rng_below(rng, 4);
    m->string_len = r->string;
    m->buffer_size = r->buffer;
    if (one_in(rng, 2)) { /* what was made to be sent by setRegs and setFPU */
        uint64_t va = area_va((unsigned)rng_below(rng, FUZZERS_MOST / 2)) + AREA_RW_3 * PAGE;

        va +=
            r->string == 512 ? PAGE - 512 : rng_below(rng, REGISTERS_MOST) * sizeof(struct lk_regs);
        m->string = (const void *)va; /* NOLINT */
    }
}

static uint64_t some_control(struct rng *rng)
{
    switch (rng_below(rng, 40)) {
    case 0:
        return one_in(rng, 2) ? rng_next(rng) : message(rng) ^ 1ull << rng_below(rng, 64);
    case 1: /* nearly right */
        return operation(rng) ^ 1ull << rng_below(rng, 64);
    case 2:
    case 3:
        return LK_COPY_CAP | rng_below(rng, 32) << 8 |
               rng_below(rng, one_in(rng, 8) ? 32 : 16) << 16;
    case 4:
        return one_in(rng, 8) ? LK_SET_FS_BASE : LK_YIELD;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
        return message(rng);
    case 10: /* as the fast path likes them */
    case 11:
        return LK_CTL_CALL(1 + rng_below(rng, LK_CAP_REGS - 1), rng_below(rng, LK_MAX_WORDS + 1));
    case 12:
    case 13:
        return LK_CTL_REPLY_WAIT(1 + rng_below(rng, LK_CAP_REGS - 1),
                                 rng_below(rng, LK_MAX_WORDS + 1));
    default:
        return operation(rng);
    }
}

void compose(struct rng *rng, struct lk_msg *m)
{
    m->control = some_control(rng);
    m->w[0] = one_in(rng, 16) ? some_word(rng) : rng_below(rng, 1 + rng_below(rng, METHODS));
    for (unsigned i = 1; i < LK_MAX_WORDS; i++) {
        m->w[i] = some_word(rng);
    }
    m->id = one_in(rng, 6) ? LK_NOTICE_ID : some_word(rng);
    m->string = (const void *)some_address(rng); /* NOLINT: this is what it is about */
    m->buffer = (void *)some_address(rng);       /* NOLINT */
    m->string_len = some_length(rng);
    m->buffer_size = some_length(rng);
    if (one_in(rng, 3)) {
        cook(rng, m);
    }
}

/* An instruction that user level has no business with, or one that leaves something behind for the
 * kernel to stumble over. */
static void odd_instruction(struct rng *rng)
{
    uint64_t word = rng_next(rng);
    uint16_t selector = (uint16_t)rng_below(rng, 64);

    switch (rng_below(rng, 16)) {
    case 0:
        __asm__ volatile("hlt");
        break;
    case 1:
        __asm__ volatile("int3");
        break;
    case 2:
        __asm__ volatile("int $0x80");
        break;
    case 3: /* a vector of an interrupt line */
        __asm__ volatile("int $0x31");
        break;
    case 4:
        __asm__ volatile("outb %%al, $0x80" : : "a"(0));
        break;
    case 5:
        __asm__ volatile("cli");
        break;
    case 6:
        __asm__ volatile("sysenter");
        break;
    case 7:
        __asm__ volatile("rdmsr" : : "c"(0xc0000080) : "rax", "rdx");
        break;
    case 8:
        __asm__ volatile("pushq %0; popq %%rsp; iretq" : : "r"(word));
        break;
    case 9:
        __asm__ volatile("movw %0, %%ds" : : "r"(selector));
        break;
    case 10:
        __asm__ volatile("movw %0, %%fs" : : "r"(selector));
        break;
    case 11:
        __asm__ volatile("movw %0, %%gs" : : "r"(selector));
        break;
    default: /* arithmetic, trap, nested task, resume, alignment, identification; the direction is
                C's */
        word &= rng_below(rng, 4) == 0 ? 0x2549d5 : 0x2548d5;
        __asm__ volatile("pushq %0; popfq" : : "r"(word) : "cc", "memory");
        break;
    }
}

/* Something that is not a system call: touch a page of an area, use the FPU, fault. What is written
 * may become registers of somebody. */
static void touch_something(struct rng *rng, bool fpu)
{
    uint64_t page = rng_below(rng, AREA_WEAK + 1);
    uint64_t va = area_va((unsigned)rng_below(rng, FUZZERS_MOST / 2)) + page * PAGE;
    uint64_t word = some_word(rng);

    va += 8 * rng_below(rng, 64) + (one_in(rng, 4) ? 2048 : 0);
    switch (rng_below(rng, 32)) {
    case 0:
    case 1:
        odd_instruction(rng);
        break;
    case 2:
    case 3:
    case 4:
        if (fpu) {
            __asm__ volatile("movq %0, %%xmm5" : : "r"(va));
        }
        break;
    case 5:
        __asm__ volatile("movq %0, (%1)" : : "r"(word), "r"(va) : "memory");
        break;
    default: /* where it is allowed, if all is as it was made */
        if (page == AREA_RW || page == AREA_RW_2 || page == AREA_RW_3) {
            __asm__ volatile("movq %0, (%1)" : : "r"(word), "r"(va) : "memory");
        } else if (page == AREA_RO || page == AREA_WEAK) {
            __asm__ volatile("movq (%1), %0" : "+r"(word) : "r"(va) : "memory");
        }
        break;
    }
}

void fuzzer_main(uint64_t seed, struct context *context)
{
    struct rng rng = rng_new(seed);

    for (;;) {
        struct lk_msg m;
        unsigned kind;

        if (one_in(&rng, 4)) {
            touch_something(&rng, (seed & FUZZER_FPU) != 0);
        }
        compose(&rng, &m);
        lk_invoke(&m);
        kind = lk_kind(m.delivery);
        context->calls++;
        context->status[m.w[0] < STATUSES - 1 ? m.w[0] : STATUSES - 1]++;
        context->messages += kind == LK_KIND_MESSAGE;
        context->notices += kind == LK_KIND_NOTICE;
        context->proxied += kind >= LK_KIND_PROXIED;
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Control words that make no sense: a fault, not a result, with the word as information, and the
 * process exactly where it was.
 */
#include "../lib/sys.h"

static obj prober; /* a process that may fault as it likes */

static void expect_malformed(uint64_t control, uint64_t lengths)
{
    struct lk_regs s = canary_regs(control, 1);
    struct pstate after;

    s.r9 = lengths;
    sys_at("control word %lx, r9 %lx", control, lengths);
    raw_go(prober, &s);
    raw_faulted(prober, FAULT_MALFORMED_SYSCALL, control);
    after = proc_state(prober);
    s.rcx = (uint64_t)raw_after;
    s.r11 = s.rflags;
    EQ(memcmp(&after.r, &s, sizeof(s)), 0);
}

/* Anything but malformed: a result, or a wait. */
static void expect_sense(uint64_t control)
{
    struct lk_regs s = canary_regs(control, 1);
    struct pstate after;

    s.r9 = 0;
    sys_at("control word %lx", control);
    raw_go(prober, &s);
    after = proc_state(prober);
    if (after.run_state == LK_STATE_FAULTED) {
        EQ(after.fault, FAULT_BREAKPOINT);
    } else {
        EQ(after.run_state, LK_STATE_RECEIVING);
    }
}

CASE(malformed_reserved, .text = "every reserved bit of the control word is refused")
{
    prober = proc_new(PRIO_HIGH);
    static const uint8_t reserved[] = { 8, 14, 15, 19, 20 };

    for (unsigned i = 0; i < sizeof(reserved); i++) {
        unsigned bit = reserved[i];

        expect_malformed(LK_SEND | 1ull << bit, 0);
        expect_malformed(LK_RECV | 1ull << bit, 0);
        expect_malformed(LK_CTL_CALL(0, 1) | 1ull << bit, 0);
    }
}

/* Does this shape make sense, by the words of <abi/invoke.h>? */
static bool shape_makes_sense(uint64_t shape)
{
    bool sends = (shape & LK_SEND) != 0;
    bool receives = (shape & LK_RECV) != 0;

    if (!sends && !receives) {
        return shape == LK_YIELD || shape == LK_COPY_CAP || shape == LK_SET_FS_BASE;
    }
    if (!sends && (shape & (LK_BLOCK | LK_SSTR | LK_CALLBIT)) != 0) {
        return false;
    }
    if (!receives && (shape & (LK_CLOSED | LK_RSTR | LK_CALLBIT)) != 0) {
        return false;
    }
    return (shape & LK_CALLBIT) == 0 || (shape & LK_SHAPE_CALL) == LK_SHAPE_CALL;
}

CASE(malformed_shapes, .text = "of the 256 shapes those that make no sense fault, and no others")
{
    prober = proc_new(PRIO_HIGH);
    for (uint64_t shape = 0; shape < 256; shape++) {
        if (shape == LK_SET_FS_BASE) {
            continue; /* see scenario invoke, pseudo.c */
        }
        if (shape_makes_sense(shape)) {
            expect_sense(shape);
        } else {
            expect_malformed(shape, 0);
        }
    }
}

CASE(malformed_counts,
     .text = "counts beyond 4 capabilities, and strings beyond 64 KiB, are refused")
{
    prober = proc_new(PRIO_HIGH);
    for (uint64_t n = 5; n < 8; n++) {
        expect_malformed(LK_SEND | LK_CAPS | n << LK_NSEND_SHIFT, 0);
    }
    expect_malformed(LK_SEND | LK_SSTR, 65537);
    expect_malformed(LK_SEND | LK_SSTR, 0xffffffff);
    expect_malformed(LK_RECV | LK_RSTR, 65537ull << 32);
    expect_malformed(LK_RECV | LK_RSTR, 0xffffffffull << 32);
    expect_malformed(LK_SHAPE_CALL | LK_SSTR | LK_RSTR, 65537ull << 32 | 5);
}

CASE(malformed_caps, .text = "capability fields without the bit that announces them are refused; "
                             "so is a call's own first field")
{
    prober = proc_new(PRIO_HIGH);
    for (unsigned bit = LK_SEND_CAP_SHIFT; bit < 64; bit++) {
        expect_malformed(LK_SEND | LK_RECV | 1ull << bit, 0);
    }
    for (unsigned bit = 0; bit < LK_CAP_BITS; bit++) {
        expect_malformed(LK_SHAPE_CALL | LK_CAPS | 1ull << LK_NSEND_SHIFT |
                             1ull << (LK_SEND_CAP_SHIFT + bit),
                         0);
    }
}

CASE(malformed_pseudo, .text = "a pseudo-instruction with any other bit set is refused")
{
    prober = proc_new(PRIO_HIGH);
    for (unsigned bit = 8; bit < 64; bit++) {
        expect_malformed(LK_YIELD | 1ull << bit, 0);
        expect_malformed(LK_SET_FS_BASE | 1ull << bit, 0);
        if (bit >= 21 || (bit >= 13 && bit < 16)) {
            expect_malformed(LK_COPY_CAP | 1ull << bit, 0);
        }
    }
}

CASE(malformed_case, .text = "the fault of a whole case is seen too",
     .fault = FAULT_MALFORMED_SYSCALL, .has_info = true, .info = 0xf000000000000001)
{
    static const uint64_t w[LK_MAX_WORDS];

    invoke(0xf000000000000001, 0, w);
}

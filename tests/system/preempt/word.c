/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P6: control words that are wrong, that go away in the middle, or that are scribbled over. Without
 * a valid writable page there is no deferral, and nothing is ever lost.
 */
#include "trio.h"

#define BOUND (3 * NSEC_PER_MSEC)

CASE(refused, .text = "P6: setControlWord refuses an offset past the page or odd, a bound over the "
                      "limit, what is no Page, and a Page that is read-only; nothing is changed")
{
    static const uint64_t offsets[] = { 1,    3,          4095,       4096,      4097,
                                        4098, 1ull << 31, 1ull << 32, UINT64_MAX };
    struct trio x = trio_new();
    struct control c = control_new(x.t, 8, LONG_BOUND);

    obj_get(x.t, R_A);
    obj_get(c.page, R_B);
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        sys_at("offset %lx", offsets[i]);
        STATUS(lk_process_set_control_word(R_A, offsets[i], 1000, R_B), STATUS_OUT_OF_RANGE);
        STATUS(lk_process_set_control_word(R_A, offsets[i], 1000, 0), STATUS_OUT_OF_RANGE);
    }
    STATUS(lk_process_set_control_word(R_A, 0, LK_DEFER_MAX + 1, R_B), STATUS_OUT_OF_RANGE);
    STATUS(lk_process_set_control_word(R_A, 0, UINT64_MAX, R_B), STATUS_OUT_OF_RANGE);
    obj_get(x.e, R_C);
    STATUS(lk_process_set_control_word(R_A, 0, 1000, R_C), STATUS_REQUEST_ERROR);
    obj_new_in(LK_TYPE_CAPPAGE, R_C);
    STATUS(lk_process_set_control_word(R_A, 0, 1000, R_C), STATUS_REQUEST_ERROR);
    obj_new_in(LK_TYPE_GPT, R_C);
    STATUS(lk_process_set_control_word(R_A, 0, 1000, R_C), STATUS_REQUEST_ERROR);
    OK(lk_memory_reduce(R_B, LK_RO, R_C));
    STATUS(lk_process_set_control_word(R_A, 0, 1000, R_C), STATUS_NO_ACCESS);

    r_waits(&x); /* the old one still holds */
    DEFER(c) = 1;
    post(&x, 1);
    EQ(PENDING(c), 1);
    EQ(preemption(x.t).bound, LONG_BOUND);
}

CASE(limits, .text = "P6: the first and the last offset and the longest bound are taken")
{
    static const uint64_t offsets[] = { 0, 2, 4092, 4094 };
    struct trio x = trio_new();

    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct control c = control_new(x.t, offsets[i], LK_DEFER_MAX);
        volatile uint8_t *page = c.word - offsets[i];

        EQ(preemption(x.t).bound, LK_DEFER_MAX);
        DEFER(c) = 1;
        r_waits(&x);
        post(&x, 1);
        EQ(PENDING(c), 1);
        r_still_waits(&x);
        for (unsigned j = 0; j < PAGE; j++) { /* the kernel writes one byte */
            EQ(page[j], j == offsets[i] || j == offsets[i] + 1);
        }
        DEFER(c) = 0;
        t_yields(x.t);
        r_has_bits(&x, 1);
        let_go(x.t);
    }
}

/* With defer set there is no deferral: the sender is taken at once, and not as forced. */
static void no_deferral(const struct trio *x)
{
    obj s;

    r_waits(x);
    s = sender(x, 4);
    r_has(x, 4);
    s_result(s, STATUS_OK);
    let_go(x->t);
    EQ(kernel_check(), 0);
}

CASE(missing, .text = "P6: without a page there is no deferral: never registered, registered as "
                      "Null, taken out of its slot")
{
    struct trio x = trio_new();
    struct control c;

    no_deferral(&x);
    c = control_new(x.t, 0, LONG_BOUND);
    DEFER(c) = 1;
    control_set(x.t, NO_OBJ, 0, LONG_BOUND);
    no_deferral(&x);
    control_set(x.t, c.page, 0, LONG_BOUND);
    proc_slot(x.t, SLOT_CONTROL_PAGE, NO_OBJ);
    no_deferral(&x);
    EQ(DEFER(c), 1);
    EQ(PENDING(c), 0);
}

CASE(by_slot,
     .text = "P6: the page is what the slot controlPage holds: set there, it works with the "
             "offset and bound that were registered; read-only, it does not")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 32, LONG_BOUND);
    struct control d = control_new(x.t, 32, LONG_BOUND);

    obj_get(x.t, R_A);
    OK(lk_process_get_slot(R_A, SLOT_CONTROL_PAGE, R_B));
    obj_get(d.page, R_C);
    CHECK(reg_same(R_B, R_C));
    DEFER(c) = 1;
    no_deferral(&x); /* c is not it any more */
    EQ(PENDING(c), 0);
    proc_slot(x.t, SLOT_CONTROL_PAGE, c.page);
    r_waits(&x);
    post(&x, 1);
    EQ(PENDING(c), 1);
    EQ(PENDING(d), 0);
    r_still_waits(&x);
    DEFER(c) = 0;
    t_yields(x.t);
    r_has_bits(&x, 1);
    let_go(x.t);

    DEFER(c) = 1;
    obj_get(c.page, R_A);
    OK(lk_memory_reduce(R_A, LK_RO, R_B));
    proc_slot(x.t, SLOT_CONTROL_PAGE, obj_keep(R_B));
    no_deferral(&x);
    EQ(PENDING(c), 0);
}

CASE(taken_in_use,
     .text = "P6: the page taken out of its slot, or exchanged, while something waits "
             "for the deferral: there is none any more")
{
    for (unsigned how = 0; how < 4; how++) {
        struct trio x = trio_new();
        struct control c = control_new(x.t, 6, LONG_BOUND);
        obj s;

        sys_at("way %u", how);
        DEFER(c) = 1;
        r_waits(&x);
        s = sender(&x, 4);
        s_waits(s);
        EQ(PENDING(c), 1);
        switch (how) {
        case 0:
            proc_slot(x.t, SLOT_CONTROL_PAGE, NO_OBJ);
            break;
        case 1:
            control_set(x.t, NO_OBJ, 0, LONG_BOUND);
            break;
        case 2: /* one whose word is zero */
            control_set(x.t, page_new(), 6, LONG_BOUND);
            break;
        default: /* the same page, another offset */
            control_set(x.t, c.page, 600, LONG_BOUND);
            break;
        }
        EVENTUALLY(held(x.t));
        r_has(&x, 4);
        s_result(s, STATUS_OK);
        EQ(kernel_check(), 0);
    }
}

CASE(rescinded_in_use,
     .text = "P6: the page rescinded while something waits for the deferral: the "
             "delivery comes with T's next yield, or at the end of the bound, and "
             "is not forced; the frame may be another's by then and is not touched")
{
    for (unsigned yields = 0; yields < 2; yields++) {
        struct trio x = trio_new();
        struct control c = control_new(x.t, 0, yields ? LONG_BOUND : BOUND);
        uint64_t frame = 0;
        volatile uint8_t *other = (volatile uint8_t *)(WINDOW_VA); /* NOLINT */

        DEFER(c) = 1;
        r_waits(&x);
        sender(&x, 4);
        EQ(PENDING(c), 1);
        obj_get(c.page, R_A);
        OK(lk_range_identify(R_RANGE, R_A, NULL, &frame, NULL));
        OK(lk_range_rescind(R_RANGE, R_A));
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, frame, 0, R_B));
        map_page(own_space(), WINDOW_VA, obj_keep(R_B), 0);
        other[0] = 7;
        other[1] = 9;
        EQ(kernel_check(), 0);
        if (yields) {
            t_yields(x.t);
        }
        EVENTUALLY(held(x.t));
        r_has(&x, 4);
        EQ(other[0], 7);
        EQ(other[1], 9);
        unmap(own_space(), WINDOW_VA);
    }
}

CASE(rescinded_before, .text = "P6: the page rescinded before anything waits: no deferral")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);

    DEFER(c) = 1;
    obj_rescind(c.page);
    no_deferral(&x);
}

CASE(shared_word,
     .text = "P6: two targets with one control word: both defer by it, and each has its "
             "own delivery in the end")
{
    struct trio x = trio_new();
    struct trio y = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);

    control_set(y.t, c.page, 0, LONG_BOUND);
    DEFER(c) = 1;
    r_waits(&x);
    waits_open(y.r);
    sender(&x, 1);
    sender(&y, 2);
    EQ(PENDING(c), 1);
    DEFER(c) = 0;
    t_yields(x.t);
    r_has(&x, 1);
    t_yields(y.t);
    has_message(y.r, y.t, 2, 0);
}

CASE(page_is_kernels,
     .text = "P6: the word in the page that the kernel also reads T's strings from "
             "and writes them to: what it says then holds")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);
    struct lk_regs wait = raw_regs(LK_RECV | LK_RSTR);
    struct lk_regs send = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_PROXY, 1));
    static const uint8_t text[2] = { 0, 0 };
    obj s = s_new(entry_new(x.e, 0), PRIO_HIGH);

    DEFER(c) = 1;
    r_waits(&x);
    post(&x, 1);
    EQ(PENDING(c), 1);
    wait.rbp = (uint64_t)c.word;
    wait.r9 = 2ull << 32;
    raw_go(x.t, &wait);
    send.r10 = (uint64_t)text;
    send.r9 = 2;
    raw_go(s, &send); /* a stranger's message ends the deferral: T asked for it */
    EQ(DEFER(c), 0);
    raw_result(x.t);
    t_yields(x.t);
    r_has_bits(&x, 1);
}

CASE(pending_scribbled, .text = "P6: pending set or cleared by its owner, who has only itself to "
                                "blame: a needless yield, or a wait for the bound")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, BOUND);

    PENDING(c) = 99; /* nothing waits */
    t_yields(x.t);
    raw_result(x.t);
    DEFER(c) = 1;
    r_waits(&x);
    sender(&x, 1);
    PENDING(c) = 0;
    post(&x, 2);
    EVENTUALLY(held(x.t));
    EQ(raw_result(x.r).rax & LK_DLV_FORCED, LK_DLV_FORCED);
}

static volatile bool scribbling;
static volatile uint8_t *scribbled;

/* Garbage into all the page, as fast as it can. */
static void scribbles(void *arg)
{
    struct rng rng = rng_new((uint64_t)arg);

    while (scribbling) {
        scribbled[rng_below(&rng, 64)] = (uint8_t)rng_below(&rng, 3);
        scribbled[20 + rng_below(&rng, 2)] = (uint8_t)rng_next(&rng);
    }
}

CASE(scribbled_always,
     .text = "P6: garbage in the control word at any time: every sender is served "
             "within the bound, in order, all bits arrive, nothing hangs",
     .ms = 60000)
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 20, BOUND);
    struct worker w = worker_new(PRIO_LOW, scribbles, (void *)(uintptr_t)sys_options.seed);
    struct rng rng = rng_new(sys_options.seed);
    uint64_t forced = 0;

    scribbled = c.word - 20;
    scribbling = true;
    worker_start(w);
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed));
    for (unsigned i = 0; i < 150; i++) {
        uint64_t began;
        obj s = NO_OBJ;

        sys_at("round %u, seed %lu", i, sys_options.seed);
        sleep_ns(rng_below(&rng, 100000));
        if (i % 16 == 0) {
            r_waits(&x);
        } else {
            r_waits_closed(&x, Q_ID);
        }
        began = now();
        if (i % 2 == 0) {
            s = s_new(x.proxy, PRIO_HIGH);
            s_calls(s, i);
        } else {
            post(&x, i);
        }
        while (!held(x.t)) {
            CHECK(now() < began + 2 * BOUND);
            if (rng_below(&rng, 4) == 0) {
                t_yields(x.t);
            }
            sleep_ns(rng_below(&rng, BOUND / 4));
        }
        EQ(raw_result(x.r).rdi, i);
        forced += (raw_result(x.r).rax & LK_DLV_FORCED) != 0;
        if (s != NO_OBJ) {
            answer_and_let_go(x.t, i + 1);
            s_answered(s, i + 1);
            obj_rescind(s);
        } else {
            let_go(x.t);
        }
    }
    EQ(preemption(x.t).forced, forced);
    EQ(kernel_check(), 0);
    scribbling = false;
}

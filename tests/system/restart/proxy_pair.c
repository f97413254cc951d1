/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See proxy_pair.h.
 */
#include "proxy_pair.h"

#define REG_PROXY 5
#define CAP_A 10
#define Q_ID 5
#define CONTROL_VA (WINDOW_VA + 7 * WINDOW_SIZE)
#define STRING_VA (WINDOW_VA + PAGE - 700)
#define STRING_BYTES 9000
#define BOUND LK_DEFER_MAX

struct proxy_pair pair;

static obj proxy_entry(obj endpoint)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_proxy_entry(R_T0, 7, R_T1));
    return obj_keep(R_T1);
}

static obj proxy_notice(obj endpoint)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_proxy_notice(R_T0, 0xff, R_T1));
    return obj_keep(R_T1);
}

void r_waits(void)
{
    struct lk_regs regs = canary_regs(
        LK_RECV | LK_RSTR | LK_CTL_RECVS(REG_GOT, REG_GOT + 1, REG_GOT + 2, REG_GOT + 3), 7);

    regs.rbp = BUFFER_VA;
    regs.r9 = (uint64_t)LK_MAX_STRING << 32;
    raw_go(pair.r, &regs);
}

void t_waits(void)
{
    struct lk_regs regs = canary_regs(LK_RECV | LK_CLOSED, 8);

    regs.r8 = 99;
    raw_go(pair.t, &regs);
}

void make_pair(struct run *r)
{
    pair.t = proc_new(PRIO_LOW);
    pair.r = proc_new(PRIO_HIGH);
    pair.e = endpoint_new(pair.t, 3, false);
    pair.q = endpoint_new(pair.r, Q_ID, false);
    pair.entry = entry_new(pair.q, 1);
    pair.proxy = proxy_entry(pair.e);
    pair.notice = proxy_notice(pair.e);
    proc_slot(pair.t, SLOT_PROXY_RECEIVER, pair.entry);
    obj_get(pair.t, R_A);
    OK(lk_process_set_label(R_A, 0x54, 0)); /* the same in each run */
    obj_get(pair.r, R_A);
    OK(lk_process_set_label(R_A, 0x52, 0));
    r->other[0] = pair.t;
    r->other[1] = pair.r;
}

/* T defers, or does so no more. */
static void t_defers(bool defers)
{
    uintptr_t at = CONTROL_VA;

    __asm__ volatile("movw %w0, (%1)" : : "r"((unsigned)defers), "r"(at) : "memory");
}

static void give_control_word(void)
{
    obj page = page_new();

    map_page(own_space(), CONTROL_VA, page, 0);
    t_defers(false);
    obj_get(pair.t, R_A);
    obj_get(page, R_B);
    OK(lk_process_set_control_word(R_A, 0, BOUND, R_B));
}

const struct form forms[FORMS] = {
    { "proxied send", LK_SEND | LK_BLOCK, false, false, false, false },
    { "proxied send with capabilities", LK_SEND | LK_BLOCK, false, true, false, false },
    { "proxied send with stale capabilities", LK_SEND | LK_BLOCK, false, true, true, false },
    { "proxied send with a string", LK_SEND | LK_BLOCK, true, false, false, false },
    { "proxied send with a page missing", LK_SEND | LK_BLOCK, true, true, false, true },
    { "non-blocking proxied send", LK_SEND, false, true, false, false },
    { "non-blocking proxied send with a string", LK_SEND, true, true, false, false },
    { "proxied call", LK_SHAPE_CALL, false, false, false, false },
    { "proxied call with everything", LK_SHAPE_CALL, true, true, true, false },
    { "proxied send and wait", LK_SEND | LK_RECV | LK_BLOCK, false, true, false, false },
};

obj sender(const struct form *f, struct lk_regs *regs)
{
    bool call = (f->shape & LK_CALLBIT) != 0;
    obj s = proc_new(PRIO_HIGH);
    obj stale = page_new();

    proc_reply_endpoint(s, 6);
    proc_cap(s, REG_PROXY, pair.proxy);
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        proc_cap(s, CAP_A + i, i % 2 != 0 && f->stale ? stale : pair.q);
    }
    obj_rescind(stale);
    *regs = canary_regs(LK_CTL(f->shape, REG_PROXY, 3), 1);
    if (f->caps) {
        regs->rax |= LK_CTL_SENDS(4, call ? 0 : CAP_A, CAP_A + 1, CAP_A + 2, CAP_A + 3);
    }
    if (f->string) {
        regs->rax |= LK_SSTR;
        regs->r10 = STRING_VA;
        regs->r9 = STRING_BYTES;
    }
    if (f->no_page) {
        unmap(own_space(), WINDOW_VA + PAGE);
    } else {
        obj_new_in(LK_TYPE_PAGE, R_A);
        map_reg(own_space(), WINDOW_VA + PAGE, R_A);
    }
    return s;
}

void obstruct(enum obstacle o)
{
    give_control_word();
    t_waits();
    if (o != R_DOES_NOT_WAIT) {
        r_waits();
    }
    if (o == T_HELD) {
        obj_get(pair.notice, R_A);
        OK(lk_appnotice_post(R_A, 2));
        r_waits();
    } else if (o == R_HELD) {
        proc_hold(pair.r, 3);
    } else if (o == T_DEFERS) {
        t_defers(true);
    } else if (o == NO_RECEIVER) {
        proc_slot(pair.t, SLOT_PROXY_RECEIVER, NO_OBJ);
    }
}

void clear_the_way(enum obstacle o)
{
    struct lk_regs yield = raw_regs(LK_YIELD);

    switch (o) {
    case R_DOES_NOT_WAIT:
        r_waits();
        break;
    case R_HELD:
        proc_release(pair.r, 3);
        break;
    case T_HELD:
        proc_release(pair.t, LK_HOLD_PROXY);
        break;
    case T_DEFERS:
        t_defers(false);
        raw_go(pair.t, &yield);
        sleep_ns(NSEC_PER_MSEC); /* its priority is low */
        break;
    case NOTHING:
    case NO_RECEIVER:
        break;
    }
}

void map_windows(void)
{
    for (unsigned i = 0; i < 12; i++) {
        map_page(own_space(), WINDOW_VA + i * PAGE, page_new(), 0);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * T, R and the senders.
 */
#include "trio.h"

struct trio trio_new_at(unsigned priority_t, unsigned priority_r)
{
    struct trio x;

    x.t = proc_new(priority_t);
    x.r = proc_new(priority_r);
    x.e = endpoint_new(x.t, E_ID, false);
    x.q = endpoint_new(x.r, Q_ID, false);
    x.proxy = proxy_new(x.e, PROXY_PAYLOAD);
    x.notice = proxy_notice_new(x.e, UINT32_MAX);
    x.entry = entry_new(x.q, ENTRY_PAYLOAD);
    set_receiver(x.t, x.entry);
    return x;
}

struct trio trio_new(void)
{
    return trio_new_at(PRIO_HIGH, PRIO_HIGH);
}

void set_receiver(obj t, obj entry)
{
    proc_slot(t, SLOT_PROXY_RECEIVER, entry);
}

obj proxy_new(obj endpoint, uint64_t payload)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_proxy_entry(R_T0, payload, R_T1));
    return obj_keep(R_T1);
}

obj proxy_notice_new(obj endpoint, uint32_t mask)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_proxy_notice(R_T0, mask, R_T1));
    return obj_keep(R_T1);
}

/* ---- R ---- */

#define RECV_REGS LK_CTL_RECVS(REG_GOT, REG_GOT + 1, REG_GOT + 2, REG_GOT + 3)

void waits_open(obj p)
{
    raw_do(p, LK_RECV | RECV_REGS);
}

void r_waits(const struct trio *x)
{
    waits_open(x->r);
}

void r_waits_closed(const struct trio *x, uint64_t id)
{
    struct lk_regs r = raw_regs(LK_RECV | LK_CLOSED | RECV_REGS);

    r.r8 = id;
    raw_go(x->r, &r);
}

void r_still_waits(const struct trio *x)
{
    EQ(proc_state(x->r).run_state, LK_STATE_RECEIVING);
}

void has_process(obj r, obj t)
{
    proc_get_cap(r, REG_GOT, R_A);
    obj_get(t, R_B);
    EQ(reg_type(R_A), LK_TYPE_PROCESS);
    CHECK(reg_same(R_A, R_B));
}

struct lk_regs has_message(obj r, obj t, uint64_t word, uint64_t more)
{
    struct lk_regs got = raw_result(r);

    EQ(lk_kind(got.rax), LK_KIND_PROXIED);
    EQ(got.rdi, word);
    EQ(got.rax & (LK_DLV_FORCED | LK_DLV_TRUNCATED), more);
    CHECK(lk_caps(got.rax) >= 1);
    has_process(r, t);
    CHECK(held(t));
    return got;
}

struct lk_regs r_has(const struct trio *x, uint64_t word)
{
    struct lk_regs got = has_message(x->r, x->t, word, 0);

    EQ(got.r8, Q_ID);
    EQ(got.r9, PROXY_PAYLOAD);
    return got;
}

struct lk_regs r_has_forced(const struct trio *x, uint64_t word)
{
    return has_message(x->r, x->t, word, LK_DLV_FORCED);
}

void has_bits(obj r, obj t, uint64_t bits, uint64_t more)
{
    struct lk_regs got = raw_result(r);

    EQ(got.rax,
       (uint64_t)LK_KIND_PROXIED_NOTICE << LK_DLV_KIND_SHIFT | 1ull << LK_DLV_NCAPS_SHIFT | more);
    EQ(got.rdi, bits);
    EQ(got.rsi | got.rdx | got.rbx | got.r12 | got.r13 | got.r14 | got.r15, 0);
    EQ(got.r9, 0);
    has_process(r, t);
    CHECK(held(t));
    EQ(proxy_reply_type(t), LK_TYPE_NULL);
}

void r_has_bits(const struct trio *x, uint64_t bits)
{
    has_bits(x->r, x->t, bits, 0);
    EQ(raw_result(x->r).r8, Q_ID);
}

/* ---- Senders ---- */

obj s_new(obj proxy, unsigned priority)
{
    obj s = proc_new(priority);

    proc_cap(s, REG_PROXY, proxy);
    proc_reply_endpoint(s, S_ID);
    return s;
}

void s_sends(obj s, uint64_t word)
{
    raw_do_word(s, LK_CTL(LK_SEND | LK_BLOCK, REG_PROXY, 1), word);
}

void s_posts(obj s, uint64_t word)
{
    raw_do_word(s, LK_CTL(LK_SEND, REG_PROXY, 1), word);
}

void s_calls(obj s, uint64_t word)
{
    raw_do_word(s, LK_CTL_CALL(REG_PROXY, 1), word);
}

void s_waits(obj s)
{
    EQ(proc_state(s).run_state, LK_STATE_BLOCKED);
    EQ(proc_wait_kind(s), LK_WAIT_SENDING);
}

void s_in_call(obj s)
{
    EQ(proc_state(s).run_state, LK_STATE_RECEIVING);
    EQ(proc_wait_kind(s), LK_WAIT_CLOSED);
}

void s_result(obj s, uint64_t result)
{
    EQ(lk_kind(raw_result(s).rax), LK_KIND_RESULT);
    EQ(raw_result(s).rdi, result);
}

void s_answered(obj s, uint64_t word)
{
    EQ(lk_kind(raw_result(s).rax), LK_KIND_MESSAGE);
    EQ(raw_result(s).rdi, word);
    EQ(raw_result(s).r8, S_ID);
}

obj sender(const struct trio *x, uint64_t word)
{
    obj s = s_new(x->proxy, PRIO_HIGH);

    s_sends(s, word);
    return s;
}

obj caller(const struct trio *x, uint64_t word)
{
    obj s = s_new(x->proxy, PRIO_HIGH);

    s_calls(s, word);
    return s;
}

/* ---- T ---- */

uint64_t type_of(obj o)
{
    obj_get(o, R_A);
    return reg_type(R_A);
}

void post(const struct trio *x, uint64_t bits)
{
    obj_get(x->notice, R_T0);
    OK(lk_appnotice_post(R_T0, bits));
}

void let_go(obj t)
{
    proc_release(t, LK_HOLD_PROXY);
}

void answer_and_let_go(obj t, uint64_t word)
{
    obj_get(t, R_T0);
    OK(lk_process_fetch_proxy_reply(R_T0, R_T1));
    EQ(reg_type(R_T1), LK_TYPE_ENTRY);
    EQ(lk_post2(R_T1, word, 0, 0), STATUS_OK);
    let_go(t);
}

bool held(obj t)
{
    return (proc_state(t).holds & HOLD_0) != 0;
}

uint64_t proxy_reply_type(obj t)
{
    obj_get(t, R_T0);
    OK(lk_process_get_slot(R_T0, SLOT_PROXY_REPLY, R_T1));
    return reg_type(R_T1);
}

uint64_t preempting(obj t)
{
    return proc_state(t).notices >> 32;
}

uint64_t plain(obj t)
{
    return (uint32_t)proc_state(t).notices;
}

struct lk_preemption preemption(obj p)
{
    struct lk_preemption got;
    size_t n = 0;

    memset(&got, 0xaa, sizeof(got));
    obj_get(p, R_T0);
    OK(lk_process_get_preemption(R_T0, &got, sizeof(got), &n));
    EQ(n, sizeof(got));
    return got;
}

void control_set(obj t, obj page, uint64_t offset, uint64_t bound)
{
    obj_get(t, R_T0);
    obj_get(page, R_T1);
    OK(lk_process_set_control_word(R_T0, offset, bound, R_T1));
}

struct control control_new(obj t, uint64_t offset, uint64_t bound)
{
    static unsigned used; /* each has an address of its own */
    uint64_t va = CONTROL_VA + used++ % 256 * PAGE;
    struct control c = { .page = page_new() };

    map_page(own_space(), va, c.page, 0);
    c.word = (volatile uint8_t *)(va + offset); /* NOLINT */
    control_set(t, c.page, offset, bound);
    return c;
}

void t_yields(obj t)
{
    raw_do(t, LK_YIELD);
}

/* ---- All of T ---- */

void shape_of(obj t, struct shape *s)
{
    look_at(t, &s->look);
    s->look.s.holds &= ~(uint64_t)HOLD_0;
    s->look.s.notices = (uint32_t)s->look.s.notices;
    obj_get(t, R_T0);
    OK(lk_process_get_fpu(R_T0, s->fpu, sizeof(s->fpu), NULL));
}

void shape_same(const struct shape *a, const struct shape *b, const char *what)
{
    look_same(&a->look, &b->look, what);
    for (unsigned i = 0; i < sizeof(a->fpu); i++) {
        if (a->fpu[i] != b->fpu[i]) {
            FAIL("%s: byte %u of its FPU state is %x in one run and %x in the other", what, i,
                 a->fpu[i], b->fpu[i]);
        }
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P1: only the holder of an endpoint makes a ProxyEntry or a proxy notice, and neither can be
 * turned into its plain kin, nor the other way round.
 */
#include "trio.h"

static void classified(obj o, uint64_t type, uint64_t restrictions)
{
    uint64_t got_type = 0;
    uint64_t got_restr = 99;

    obj_get(o, R_A);
    OK(lk_discrim_classify(R_DISCRIM, R_A, &got_type, &got_restr));
    EQ(got_type, type);
    EQ(got_restr, restrictions);
}

CASE(made, .text = "P1: a ProxyEntry and a proxy notice are of types that Discrim tells from "
                   "their plain kin")
{
    struct trio x = trio_new();
    obj plain_notice = notice_new(x.e, UINT32_MAX);
    obj plain_entry = entry_new(x.e, PROXY_PAYLOAD);

    classified(x.proxy, LK_TYPE_PROXYENTRY, 0);
    classified(x.notice, LK_TYPE_APPNOTICE, LK_PROXY);
    classified(plain_notice, LK_TYPE_APPNOTICE, 0);
    classified(plain_entry, LK_TYPE_ENTRY, 0);
    obj_get(x.proxy, R_A);
    obj_get(plain_entry, R_B);
    CHECK(!reg_same(R_A, R_B));
    obj_get(proxy_new(x.e, PROXY_PAYLOAD), R_B);
    CHECK(reg_same(R_A, R_B));
    obj_get(proxy_new(x.e, PROXY_PAYLOAD + 1), R_B);
    CHECK(!reg_same(R_A, R_B));
    obj_get(x.notice, R_A);
    obj_get(plain_notice, R_B);
    CHECK(!reg_same(R_A, R_B));
}

CASE(made_wide, .text = "P1: payload and mask have 32 bits")
{
    struct trio x = trio_new();

    obj_get(x.e, R_A);
    STATUS(lk_endpoint_make_proxy_entry(R_A, 1ull << 32, R_B), STATUS_OUT_OF_RANGE);
    STATUS(lk_endpoint_make_proxy_notice(R_A, 1ull << 32, R_B), STATUS_OUT_OF_RANGE);
    OK(lk_endpoint_make_proxy_entry(R_A, UINT32_MAX, R_B));
    OK(lk_endpoint_make_proxy_notice(R_A, UINT32_MAX, R_B));
    OK(lk_endpoint_set_payload_match(R_A, 1)); /* which these do not care for */
    STATUS(lk_endpoint_make_proxy_entry(R_A, 1ull << 32, R_B), STATUS_OUT_OF_RANGE);
}

CASE(no_methods, .text = "P1: a ProxyEntry has no kernel operations: every method goes to R")
{
    struct trio x = trio_new();

    for (unsigned method = 0; method < 12; method++) {
        obj s;

        r_waits(&x);
        s = sender(&x, method);
        r_has(&x, method);
        s_result(s, STATUS_OK);
        let_go(x.t);
    }
}

CASE(entry_is_plain, .text = "P1: an Entry of the same endpoint goes to T, and T is not stopped")
{
    struct trio x = trio_new();
    obj s = s_new(entry_new(x.e, 3), PRIO_HIGH);

    r_waits(&x);
    waits_open(x.t);
    s_sends(s, 8);
    EQ(lk_kind(raw_result(x.t).rax), LK_KIND_MESSAGE);
    EQ(raw_result(x.t).rdi, 8);
    EQ(raw_result(x.t).r8, E_ID);
    r_still_waits(&x);
    CHECK(!held(x.t));
}

CASE(as_reply,
     .text = "P1: a ProxyEntry sent to a kernel capability in the place of a reply capability is "
             "not answered through, and stops nobody")
{
    struct trio x = trio_new();
    obj s = s_new(NO_OBJ, PRIO_HIGH);

    r_waits(&x);
    obj_get(s, R_A);
    OK(lk_process_swap_cap_reg(R_A, REG_PROXY, R_DISCRIM, 0));
    proc_cap(s, REG_GIFT, x.proxy);
    raw_do(s, LK_CTL(LK_SEND, REG_PROXY, 1) | LK_CTL_SENDS(1, REG_GIFT, 0, 0, 0)); /* getType */
    s_result(s, STATUS_OK);
    r_still_waits(&x);
    CHECK(!held(x.t));
    proc_cap(s, REG_GIFT, x.entry); /* as it is through an Entry */
    raw_do(s, LK_CTL(LK_SEND, REG_PROXY, 1) | LK_CTL_SENDS(1, REG_GIFT, 0, 0, 0));
    EQ(lk_kind(raw_result(x.r).rax), LK_KIND_MESSAGE);
}

CASE(weakened, .text = "P1: through a weak CapPage neither is fetched")
{
    struct trio x = trio_new();

    obj_new_in(LK_TYPE_CAPPAGE, R_A);
    obj_get(x.proxy, R_B);
    OK(lk_cappage_swap_slot(R_A, 1, R_B, 0));
    obj_get(x.notice, R_B);
    OK(lk_cappage_swap_slot(R_A, 2, R_B, 0));
    OK(lk_memory_reduce(R_A, LK_WK, R_A));
    for (unsigned i = 1; i <= 2; i++) {
        OK(lk_cappage_get_slot(R_A, i, R_B));
        EQ(reg_type(R_B), LK_TYPE_NULL);
    }
}

CASE(copied, .text = "P1: copies, and what travelled in a message, do the same")
{
    struct trio x = trio_new();
    obj s = s_new(x.proxy, PRIO_HIGH);
    obj other = proc_new(PRIO_HIGH);

    proc_cap(s, REG_PROXY, entry_new(endpoint_new(other, 1, false), 0));
    proc_cap(s, REG_GIFT, x.proxy);
    raw_do(other, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    raw_do(s, LK_CTL(LK_SEND, REG_PROXY, 1) | LK_CTL_SENDS(1, REG_GIFT, 0, 0, 0));
    raw_do(other, LK_COPY_CAP | 20 << 8 | 21 << 16);
    r_waits(&x);
    raw_do_word(other, LK_CTL(LK_SEND | LK_BLOCK, 21, 1), 77);
    r_has(&x, 77);
}

CASE(slots_refuse, .text = "P1, P4: a ProxyEntry fits neither the slot handler nor proxyReceiver, "
                           "and proxyReply is the kernel's alone")
{
    struct trio x = trio_new();
    obj other = proc_new(PRIO_HIGH);

    obj_get(other, R_A);
    obj_get(x.proxy, R_B);
    STATUS(lk_process_swap_slot(R_A, SLOT_HANDLER, R_B, 0), STATUS_REQUEST_ERROR);
    STATUS(lk_process_swap_slot(R_A, SLOT_PROXY_RECEIVER, R_B, 0), STATUS_REQUEST_ERROR);
    STATUS(lk_process_swap_slot(R_A, SLOT_PROXY_REPLY, R_B, 0), STATUS_NO_ACCESS);
    STATUS(lk_process_swap_slot(R_A, SLOT_PROXY_REPLY, 0, 0), STATUS_NO_ACCESS);
    obj_get(x.entry, R_B);
    OK(lk_process_swap_slot(R_A, SLOT_PROXY_RECEIVER, R_B, 0));
    OK(lk_process_get_slot(R_A, SLOT_PROXY_RECEIVER, R_C));
    CHECK(reg_same(R_B, R_C));
    OK(lk_process_swap_slot(R_A, SLOT_PROXY_RECEIVER, 0, R_C));
    CHECK(reg_same(R_B, R_C));
    obj_get(x.e, R_B); /* of other types */
    STATUS(lk_process_swap_slot(R_A, SLOT_PROXY_RECEIVER, R_B, 0), STATUS_REQUEST_ERROR);
    obj_get(x.t, R_B);
    STATUS(lk_process_swap_slot(R_A, SLOT_PROXY_RECEIVER, R_B, 0), STATUS_REQUEST_ERROR);
}

CASE(memory_handler, .text = "P4: a ProxyEntry as the fault handler of a GPT is none: the next "
                             "handler is told, and nobody is stopped")
{
    struct trio x = trio_new();
    obj handler = proc_new(PRIO_HIGH);
    obj victim;
    struct lk_regs regs;
    obj space = space_new();

    r_waits(&x);
    victim = proc_new_in(space, PRIO_HIGH);
    map_page(space, WINDOW_VA, page_new(), 0);
    gpt_of(space, WINDOW_VA, R_A);
    obj_get(x.proxy, R_B);
    OK(lk_gpt_swap_slot(R_A, 15, R_B, 0));
    OK(lk_gpt_set_flags(R_A, 1));
    proc_slot(victim, SLOT_HANDLER, entry_new(endpoint_new(handler, 9, false), 0));
    raw_do(handler, LK_RECV);
    regs = raw_regs(0);
    regs.rip = WINDOW_VA + 4 * PAGE; /* nothing is mapped there */
    raw_go(victim, &regs);
    EQ(raw_result(handler).rdi, LK_FAULT_MESSAGE);
    EQ(proc_state(victim).fault, FAULT_INVALID_ADDR);
    r_still_waits(&x);
    CHECK(!held(x.t));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Pages that are not there. A sender's is the sender's fault; a receiver's is the receiver's on a
 * blocking send, which begins again when the fault is over, and cuts a string that is sent without
 * blocking.
 */
#include "string_pair.h"

#define LAST_PAGE (LK_USER_END - 0x1000)

/* The sender's string at an address, with a receiver that waits. */
static void sender_faults_at(struct string_pair *p, uint64_t address, uint64_t n, uint64_t fault,
                             uint64_t info)
{
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND | LK_SSTR, REG_TARGET, 1));

    for (unsigned block = 0; block < 2; block++) {
        sys_at("address %lx, %lu bytes", address, n);
        string_receive(p, 0, LK_MAX_STRING);
        r.rax = LK_CTL(LK_SEND | LK_SSTR | (block ? LK_BLOCK : 0), REG_TARGET, 1);
        r.r10 = address;
        r.r9 = n;
        raw_go(p->a, &r);
        raw_faulted(p->a, fault, info);
        EQ(proc_state(p->b).run_state, LK_STATE_RECEIVING);
    }
}

CASE(sender_bad_address,
     .text = "a sender's bad address is its own fault, with the address of the first byte missing")
{
    struct string_pair p = string_pair_new();
    obj caps = obj_new(LK_TYPE_CAPPAGE);

    fill_receiver();
    unmap(p.a_space, SENDER_VA + 2 * PAGE);
    sender_faults_at(&p, 0x70000000, 1, FAULT_INVALID_ADDR, 0x70000000);
    sender_faults_at(&p, 0x123, 1, FAULT_INVALID_ADDR, 0x123);
    sender_faults_at(&p, SENDER_VA + 2 * PAGE - 10, 11, FAULT_INVALID_ADDR, SENDER_VA + 2 * PAGE);
    sender_faults_at(&p, SENDER_VA + 2 * PAGE + 5, 1, FAULT_INVALID_ADDR, SENDER_VA + 2 * PAGE + 5);
    sender_faults_at(&p, LK_USER_END, 1, FAULT_INVALID_ADDR, LK_USER_END);
    sender_faults_at(&p, 0xffff800000000000, 8, FAULT_INVALID_ADDR, 0xffff800000000000);
    sender_faults_at(&p, 0x8000000000000000, 8, FAULT_INVALID_ADDR, 0x8000000000000000);
    sender_faults_at(&p, UINT64_MAX, 8, FAULT_INVALID_ADDR, UINT64_MAX);
    sender_faults_at(&p, UINT64_MAX - 100, 65536, FAULT_INVALID_ADDR, UINT64_MAX - 100);
    obj_get(caps, R_A);
    map_reg(p.a_space, SENDER_VA + 2 * PAGE, R_A);
    sender_faults_at(&p, SENDER_VA + 2 * PAGE, 8, FAULT_DATA_TYPE, SENDER_VA + 2 * PAGE);
    string_moved(0, 0, 0);
}

CASE(end_of_user_memory,
     .text = "a string may end with the last byte of user memory and not go beyond it")
{
    struct string_pair p = string_pair_new();
    obj top = gpt_new(43);
    struct lk_regs r;
    obj last = page_new();

    obj_get(p.a_space, R_A); /* slot 15 of the root: the last pages alone, by their guard */
    obj_get(last, R_B);
    obj_get(top, R_C);
    OK(lk_gpt_set_l2v(R_C, 12));
    OK(lk_memory_set_guard(R_C, (1ull << (43 - 16)) - 1, 16, R_C));
    OK(lk_gpt_swap_slot(R_C, 14, R_B, 0));
    OK(lk_gpt_swap_slot(R_C, 15, R_B, 0)); /* where nothing is mapped */
    OK(lk_gpt_swap_slot(R_A, 15, R_C, 0));
    map_page(own_space(), SENDER_VA, last, 0);
    fill_sender(8);
    fill_receiver();
    string_receive(&p, 0, LK_MAX_STRING);
    r = raw_regs(LK_CTL(LK_SEND | LK_SSTR, REG_TARGET, 1));
    r.r10 = LAST_PAGE + 6;
    r.r9 = PAGE - 6;
    raw_go(p.a, &r);
    EQ(raw_result(p.a).rdi, STATUS_OK);
    string_delivered(&p, PAGE - 6, false);
    string_moved(6, 0, PAGE - 6);
    string_receive(&p, 0, LK_MAX_STRING);
    r.r9++;
    raw_go(p.a, &r);
    EQ(proc_state(p.a).fault, FAULT_INVALID_ADDR);
    EQ(proc_state(p.b).run_state, LK_STATE_RECEIVING);
}

CASE(sender_fault_repaired,
     .text = "once the page is there and the fault over, the send is made, once")
{
    struct string_pair p = string_pair_new();

    fill_sender(9);
    fill_receiver();
    unmap(p.a_space, SENDER_VA + PAGE);
    string_receive(&p, 0, LK_MAX_STRING);
    string_send(&p, LK_SEND | LK_BLOCK, 100, 6000);
    raw_faulted(p.a, FAULT_INVALID_ADDR, SENDER_VA + PAGE);
    map_page(p.a_space, SENDER_VA + PAGE, p.a_page[1], 0);
    proc_resume(p.a);
    EQ(raw_result(p.a).rdi, STATUS_OK);
    string_delivered(&p, 6000, false);
    string_moved(100, 0, 6000);
    string_receive(&p, 0, LK_MAX_STRING);
    EQ(proc_state(p.b).run_state, LK_STATE_RECEIVING);
}

CASE(sender_fault_when_served,
     .text = "a blocked sender takes its fault when it is served, and the receiver takes the next")
{
    struct string_pair p = string_pair_new();
    obj other = proc_new_in(p.a_space, PRIO_HIGH);

    proc_cap(other, REG_TARGET, p.entry);
    fill_sender(9);
    fill_receiver();
    string_send(&p, LK_SEND | LK_BLOCK, 100, 6000);
    raw_do_word(other, LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1), 5);
    unmap(p.a_space, SENDER_VA + PAGE);
    string_receive(&p, 0, LK_MAX_STRING);
    raw_faulted(p.a, FAULT_INVALID_ADDR, SENDER_VA + PAGE);
    EQ(raw_result(p.b).rdi, 5);
    EQ(raw_result(other).rdi, STATUS_OK);
    map_page(p.a_space, SENDER_VA + PAGE, p.a_page[1], 0);
    proc_resume(p.a);
    EQ(proc_wait_kind(p.a), LK_WAIT_SENDING);
    string_receive(&p, 0, LK_MAX_STRING);
    string_delivered(&p, 6000, false);
    string_moved(100, 0, 6000);
}

/* The receiver waits with a page missing in its buffer, and a blocking send finds that. */
static void receiver_fault(struct string_pair *p, uint64_t fault)
{
    struct pstate s;

    string_receive(p, 10, LK_MAX_STRING);
    string_send(p, LK_SEND | LK_BLOCK, 100, 6000);
    s = proc_state(p->b);
    EQ(s.run_state, LK_STATE_RECEIVING);
    EQ(s.fault, fault);
    EQ(s.info, RECEIVER_VA + PAGE);
    EQ(proc_wait_kind(p->b), LK_WAIT_OPEN);
    EQ(proc_wait_kind(p->a), LK_WAIT_SENDING);
}

CASE(receiver_fault, .text = "a receiver's missing page is told to its handler, its wait stays "
                             "armed, and the send is made again")
{
    struct string_pair p = string_pair_new();
    obj handler = proc_new(PRIO_HIGH);
    obj e = endpoint_new(handler, 70, false);

    proc_slot(p.b, SLOT_HANDLER, entry_new(e, 3));
    fill_sender(9);
    fill_receiver();
    unmap(p.b_space, RECEIVER_VA + PAGE);
    raw_do(handler, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    receiver_fault(&p, FAULT_INVALID_ADDR);
    EQ(raw_result(handler).rdi, LK_FAULT_MESSAGE);
    EQ(raw_result(handler).rsi, FAULT_INVALID_ADDR);
    EQ(raw_result(handler).rdx, RECEIVER_VA + PAGE);
    map_page(p.b_space, RECEIVER_VA + PAGE, p.b_page[1], 0);
    proc_resume(p.b);
    EQ(raw_result(p.a).rdi, STATUS_OK);
    string_delivered(&p, 6000, false);
    string_moved(100, 10, 6000);
}

CASE(receiver_fault_told_late, .text = "so it is when the handler does not wait yet")
{
    struct string_pair p = string_pair_new();
    obj handler = proc_new(PRIO_HIGH);
    obj e = endpoint_new(handler, 70, false);

    proc_slot(p.b, SLOT_HANDLER, entry_new(e, 3));
    fill_sender(9);
    fill_receiver();
    unmap(p.b_space, RECEIVER_VA + PAGE);
    receiver_fault(&p, FAULT_INVALID_ADDR);
    raw_do(handler, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    EQ(raw_result(handler).rdi, LK_FAULT_MESSAGE);
    EQ(raw_result(handler).rdx, RECEIVER_VA + PAGE);
    map_page(p.b_space, RECEIVER_VA + PAGE, p.b_page[1], 0);
    proc_resume(p.b);
    string_delivered(&p, 6000, false);
    string_moved(100, 10, 6000);
}

CASE(receiver_fault_again,
     .text = "a second missing page is told in its turn; a fault that is kept is told again")
{
    struct string_pair p = string_pair_new();
    obj handler = proc_new(PRIO_HIGH);
    obj e = endpoint_new(handler, 70, false);

    proc_slot(p.b, SLOT_HANDLER, entry_new(e, 3));
    fill_sender(9);
    fill_receiver();
    unmap(p.b_space, RECEIVER_VA);
    raw_do(handler, LK_RECV);
    string_receive(&p, 10, LK_MAX_STRING);
    string_send(&p, LK_SEND | LK_BLOCK, 100, 6000);
    EQ(raw_result(handler).rdx, RECEIVER_VA + 10);
    unmap(p.b_space, RECEIVER_VA + PAGE);
    map_page(p.b_space, RECEIVER_VA, p.b_page[0], 0);
    raw_do(handler, LK_RECV);
    proc_resume(p.b);
    EQ(raw_result(handler).rdx, RECEIVER_VA + PAGE);
    raw_do(handler, LK_RECV);
    obj_get(p.b, R_A);
    OK(lk_process_resume(R_A, 0));
    EQ(raw_result(handler).rdx, RECEIVER_VA + PAGE);
    map_page(p.b_space, RECEIVER_VA + PAGE, p.b_page[1], 0);
    proc_resume(p.b);
    string_delivered(&p, 6000, false);
    string_moved(100, 10, 6000);
}

CASE(receiver_read_only,
     .text = "a read-only page of the receiver is its access violation, and is not written")
{
    struct string_pair p = string_pair_new();

    fill_sender(9);
    fill_receiver();
    map_page(p.b_space, RECEIVER_VA + PAGE, p.b_page[1], LK_RO);
    receiver_fault(&p, FAULT_ACCESS_VIOLATION);
    string_moved(0, 0, 0);
    map_page(p.b_space, RECEIVER_VA + PAGE, p.b_page[1], LK_WK);
    proc_resume(p.b);
    EQ(proc_state(p.b).fault, FAULT_ACCESS_VIOLATION);
    string_moved(0, 0, 0);
}

CASE(reply_during_receiver_fault,
     .text =
         "a non-blocking message is not missed while the receiver's fault is handled, and ends it")
{
    struct string_pair p = string_pair_new();
    obj other = proc_new(PRIO_HIGH);

    proc_cap(other, REG_TARGET, p.entry);
    fill_sender(9);
    fill_receiver();
    unmap(p.b_space, RECEIVER_VA + PAGE);
    receiver_fault(&p, FAULT_INVALID_ADDR);
    raw_do_word(other, LK_CTL(LK_SEND, REG_TARGET, 1), 17);
    EQ(raw_result(other).rdi, STATUS_OK);
    EQ(raw_result(p.b).rdi, 17);
    EQ(proc_wait_kind(p.a), LK_WAIT_SENDING); /* the string still waits */
    map_page(p.b_space, RECEIVER_VA + PAGE, p.b_page[1], 0);
    string_receive(&p, 10, LK_MAX_STRING);
    string_delivered(&p, 6000, false);
    string_moved(100, 10, 6000);
    EQ(kernel_check(), 0);
}

CASE(notice_during_receiver_fault, .text = "nor is a notice")
{
    struct string_pair p = string_pair_new();

    unmap(p.b_space, RECEIVER_VA + PAGE);
    receiver_fault(&p, FAULT_INVALID_ADDR);
    obj_get(notice_new(p.endpoint, 4), R_A);
    OK(lk_appnotice_post(R_A, 4));
    EQ(lk_kind(raw_result(p.b).rax), LK_KIND_NOTICE);
    EQ(proc_wait_kind(p.a), LK_WAIT_SENDING);
    EQ(kernel_check(), 0);
}

CASE(blocked_behind_receiver_fault,
     .text = "blocking senders of strings stay in their order behind a receiver's fault")
{
    struct string_pair p = string_pair_new();
    obj other = proc_new_in(p.a_space, PRIO_HIGH);
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_TARGET, 1));

    proc_cap(other, REG_TARGET, p.entry);
    fill_sender(9);
    unmap(p.b_space, RECEIVER_VA + PAGE);
    receiver_fault(&p, FAULT_INVALID_ADDR);
    r.r10 = SENDER_VA;
    r.r9 = 20;
    raw_go(other, &r);
    EQ(proc_wait_kind(other), LK_WAIT_SENDING);
    map_page(p.b_space, RECEIVER_VA + PAGE, p.b_page[1], 0);
    proc_resume(p.b);
    EQ(raw_result(p.a).rdi, STATUS_OK);
    string_delivered(&p, 6000, false);
    EQ(proc_wait_kind(other), LK_WAIT_SENDING);
    string_receive(&p, 0, 100);
    string_delivered(&p, 20, false);
}

CASE(sender_leaves_receiver_fault,
     .text = "a receiver's fault whose sender has gone is over when it is resumed, and it waits on")
{
    struct string_pair p = string_pair_new();

    unmap(p.b_space, RECEIVER_VA + PAGE);
    receiver_fault(&p, FAULT_INVALID_ADDR);
    obj_rescind(p.a);
    proc_resume(p.b);
    EQ(proc_state(p.b).run_state, LK_STATE_RECEIVING);
    EQ(proc_state(p.b).fault, 0);
    EQ(kernel_check(), 0);
    obj_get(p.entry, R_A);
    EQ(lk_post2(R_A, 3, 0, 0), STATUS_OK);
    EQ(raw_result(p.b).rdi, 3);
}

CASE(receiver_destroyed_in_fault,
     .text =
         "a receiver that is destroyed in its fault tells those who wait, and its handler nothing")
{
    struct string_pair p = string_pair_new();
    obj handler = proc_new(PRIO_HIGH);
    obj e = endpoint_new(handler, 70, false);

    proc_slot(p.b, SLOT_HANDLER, entry_new(e, 3));
    unmap(p.b_space, RECEIVER_VA + PAGE);
    receiver_fault(&p, FAULT_INVALID_ADDR);
    obj_rescind(p.b);
    EQ(raw_result(p.a).rdi, STATUS_INVALID_CAP);
    raw_do(handler, LK_RECV);
    EQ(proc_state(handler).run_state, LK_STATE_RECEIVING);
    EQ(kernel_check(), 0);
}

CASE(nonblocking_cut,
     .text = "a non-blocking string is cut where the receiver's memory ends, and the receiver told")
{
    struct string_pair p = string_pair_new();

    fill_sender(9);
    fill_receiver();
    unmap(p.b_space, RECEIVER_VA + PAGE);
    for (uint64_t to = 10; to < PAGE; to += 1021) {
        string_receive(&p, to, LK_MAX_STRING);
        string_send(&p, LK_SEND, 100, 6000);
        EQ(raw_result(p.a).rdi, STATUS_OK);
        string_delivered(&p, PAGE - to, true);
        CHECK(memcmp(receiver_bytes() + to, sender_bytes() + 100, PAGE - to) == 0);
        CHECK(receiver_bytes()[PAGE] == GUARD);
    }
    EQ(proc_state(p.b).fault, FAULT_BREAKPOINT);
    fill_receiver();
    string_receive(&p, PAGE + 100, LK_MAX_STRING); /* nothing at all is there */
    string_send(&p, LK_SEND, 100, 6000);
    EQ(raw_result(p.a).rdi, STATUS_OK);
    string_delivered(&p, 0, true);
    string_moved(0, 0, 0);
}

CASE(receiver_strange_addresses,
     .text = "a receiver's address beyond user memory is its fault, or cuts the string to nothing")
{
    static const uint64_t addresses[] = { 0, LK_USER_END - 8, LK_USER_END, 0xffff800000001000,
                                          UINT64_MAX };
    struct string_pair p = string_pair_new();

    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        for (unsigned block = 0; block < 2; block++) {
            struct lk_regs r = raw_regs(LK_RECV | LK_RSTR);

            sys_at("address %lx, blocking %u", addresses[i], block);
            r.rbp = addresses[i];
            r.r9 = (uint64_t)LK_MAX_STRING << 32;
            raw_go(p.b, &r);
            string_send(&p, LK_SEND | (block ? LK_BLOCK : 0), 0, 500);
            if (block) {
                EQ(proc_state(p.b).run_state, LK_STATE_RECEIVING);
                EQ(proc_state(p.b).fault, FAULT_INVALID_ADDR);
                EQ(proc_wait_kind(p.a), LK_WAIT_SENDING);
                raw_do(p.a, LK_YIELD);
            } else {
                EQ(raw_result(p.a).rdi, STATUS_OK);
                string_delivered(&p, 0, true);
            }
            raw_do(p.b, LK_YIELD);
        }
    }
    EQ(kernel_check(), 0);
}

CASE(call_blocked_string_reply,
     .text = "a caller whose answer does not fit its memory gets it cut, not nothing")
{
    struct string_pair p = string_pair_new();
    struct lk_regs r = raw_regs(LK_CTL_CALL(REG_TARGET, 1) | LK_RSTR);

    proc_reply_endpoint(p.a, 9);
    raw_do(p.b, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    r.rbp = SENDER_VA + 50; /* read-only for the sender */
    r.r9 = 1000ull << 32;
    raw_go(p.a, &r);
    r = raw_regs(LK_CTL(LK_SEND | LK_SSTR, 9, 1));
    r.rdi = 8;
    r.r10 = RECEIVER_VA;
    r.r9 = 100;
    raw_go(p.b, &r);
    EQ(raw_result(p.b).rdi, STATUS_OK);
    EQ(raw_result(p.a).rdi, 8);
    EQ(lk_string_length(raw_result(p.a).rax), 0);
    EQ(raw_result(p.a).rax & LK_DLV_TRUNCATED, LK_DLV_TRUNCATED);
}

CASE(device_memory,
     .text = "a string, or a buffer for one, in the memory of a device is as where no Page is")
{
    const uint64_t hpet = 0xfed00000;
    struct string_pair p = string_pair_new();

    fill_sender(9);
    fill_receiver();
    OK(lk_range_fabricate_device(R_DEVICES, 0, hpet, R_A));
    map_reg(p.a_space, SENDER_VA + 2 * PAGE, R_A);
    map_reg(p.b_space, RECEIVER_VA + PAGE, R_A);
    sender_faults_at(&p, SENDER_VA + 2 * PAGE, 8, FAULT_DATA_TYPE, SENDER_VA + 2 * PAGE);
    sender_faults_at(&p, SENDER_VA + PAGE, 6000, FAULT_DATA_TYPE, SENDER_VA + 2 * PAGE);
    for (unsigned round = 0; round < 2; round++) { /* the second finds it mapped */
        string_receive(&p, 10, LK_MAX_STRING);
        string_send(&p, LK_SEND | LK_BLOCK, 100, 6000);
        EQ(proc_state(p.b).fault, FAULT_DATA_TYPE);
        EQ(proc_state(p.b).info, RECEIVER_VA + PAGE);
        EQ(proc_wait_kind(p.a), LK_WAIT_SENDING);
        raw_do(p.a, LK_YIELD);
        string_receive(&p, 10, LK_MAX_STRING);
        string_send(&p, LK_SEND, 100, 6000);
        EQ(raw_result(p.a).rdi, STATUS_OK);
        string_delivered(&p, PAGE - 10, true);
    }
    OK(lk_range_rescind_at(R_DEVICES, 0, 0));
}

CASE(device_memory_told,
     .text = "that is told to the handler of the space there, not of the process")
{
    const uint64_t hpet = 0xfed00000;
    struct string_pair p = string_pair_new();
    obj handler = proc_new(PRIO_HIGH);
    obj e = endpoint_new(handler, 70, false);

    fill_receiver();
    OK(lk_range_fabricate_device(R_DEVICES, 0, hpet, R_A));
    map_reg(p.b_space, RECEIVER_VA + PAGE, R_A);
    gpt_of(p.b_space, RECEIVER_VA + PAGE, R_B);
    obj_get(entry_new(e, 3), R_A);
    OK(lk_gpt_swap_slot(R_B, 15, R_A, 0));
    OK(lk_gpt_set_flags(R_B, 1));
    raw_do(handler, LK_RECV);
    receiver_fault(&p, FAULT_DATA_TYPE);
    EQ(raw_result(handler).rdi, LK_FAULT_MESSAGE);
    EQ(raw_result(handler).rsi, FAULT_DATA_TYPE);
    EQ(raw_result(handler).rdx, RECEIVER_VA + PAGE);
    OK(lk_range_rescind_at(R_DEVICES, 0, 0));
}

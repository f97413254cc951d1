/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who is told of a fault, and what becomes of it.
 */
#include "../lib/sys.h"
#include "snippets.h"

#define GOT 9

/* A handler: a raw process that waits on an endpoint of its own. */
struct handler {
    obj p, endpoint, entry;
};

static struct handler handler_new(uint64_t id)
{
    struct handler h;

    h.p = proc_new(PRIO_HIGH);
    h.endpoint = endpoint_new(h.p, id, false);
    h.entry = entry_new(h.endpoint, id + 1);
    return h;
}

static void handler_waits(struct handler h)
{
    raw_do(h.p, LK_RECV | LK_CTL_RECVS(GOT, 0, 0, 0));
}

/* The handler was told this about `p`. */
static void handler_told(struct handler h, obj p, uint64_t fault, uint64_t info)
{
    struct lk_regs r = raw_result(h.p);

    EQ(r.rdi, LK_FAULT_MESSAGE);
    EQ(r.rsi, fault);
    EQ(r.rdx, info);
    EQ(r.rbx, proc_state(p).r.rip);
    proc_get_cap(h.p, GOT, R_A);
    obj_get(p, R_B);
    CHECK(reg_same(R_A, R_B));
}

static void handler_not_told(struct handler h)
{
    EQ(proc_state(h.p).run_state, LK_STATE_RECEIVING);
}

static void fault_at(obj p, uint64_t address)
{
    struct lk_regs r = raw_regs(0);

    r.rip = (uint64_t)do_read;
    r.rdi = address;
    raw_go(p, &r);
}

CASE(told_at_once, .text = "a handler that waits is told at once")
{
    struct handler h = handler_new(20);
    obj p = proc_new(PRIO_HIGH);

    proc_slot(p, SLOT_HANDLER, h.entry);
    handler_waits(h);
    fault_at(p, WINDOW_VA);
    handler_told(h, p, FAULT_INVALID_ADDR, WINDOW_VA);
    EQ(proc_wait_kind(p), LK_WAIT_NONE);
}

CASE(told_later, .text = "a handler that does not wait is told when it does, in order of priority")
{
    struct handler h = handler_new(20);
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH + 1);

    proc_slot(p, SLOT_HANDLER, h.entry);
    proc_slot(q, SLOT_HANDLER, h.entry);
    fault_at(p, WINDOW_VA);
    EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND);
    fault_at(q, WINDOW_VA + 1);
    handler_waits(h);
    handler_told(h, q, FAULT_INVALID_ADDR, WINDOW_VA + 1);
    EQ(proc_wait_kind(q), LK_WAIT_NONE);
    handler_waits(h);
    handler_told(h, p, FAULT_INVALID_ADDR, WINDOW_VA);
    EQ(proc_wait_kind(p), LK_WAIT_NONE);
    EQ(proc_state(p).fault, FAULT_INVALID_ADDR);
    handler_waits(h);
    handler_not_told(h);
}

CASE(repaired,
     .text = "a handler maps the page and resumes: the access is made as if nothing had been")
{
    struct handler h = handler_new(20);
    obj p = proc_new(PRIO_HIGH);

    proc_slot(p, SLOT_HANDLER, h.entry);
    handler_waits(h);
    fault_at(p, WINDOW_VA + 9);
    map_page(own_space(), WINDOW_VA, page_new(), 0);
    proc_slot(p, SLOT_HANDLER, parking_entry());
    proc_resume(p);
    EQ(proc_state(p).fault, FAULT_BREAKPOINT);
    EQ(proc_state(p).r.rax & 0xff, 0);
}

CASE(kept, .text = "a fault that is kept is told again, also to a handler set in between")
{
    struct handler h = handler_new(20);
    struct handler g = handler_new(30);
    obj p = proc_new(PRIO_HIGH);

    proc_slot(p, SLOT_HANDLER, h.entry);
    handler_waits(h);
    fault_at(p, WINDOW_VA);
    handler_told(h, p, FAULT_INVALID_ADDR, WINDOW_VA);
    handler_waits(h);
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, 0));
    handler_told(h, p, FAULT_INVALID_ADDR, WINDOW_VA);
    proc_slot(p, SLOT_HANDLER, g.entry);
    handler_waits(h);
    handler_waits(g);
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, 0));
    handler_told(g, p, FAULT_INVALID_ADDR, WINDOW_VA);
    handler_not_told(h);
}

CASE(resume_states, .text = "only a process that stands in a fault can be resumed")
{
    obj p = proc_new(PRIO_HIGH);

    raw_do(p, LK_RECV);
    obj_get(p, R_A);
    STATUS(lk_process_resume(R_A, 1), STATUS_STATE_CHANGED);
    STATUS(lk_process_resume(R_A, 0), STATUS_STATE_CHANGED);
    STATUS(lk_process_resume(R_SELF, 1), STATUS_STATE_CHANGED);
    EQ(proc_state(p).run_state, LK_STATE_RECEIVING);
}

CASE(handler_changed_while_waiting,
     .text = "a message about a fault that waits goes to the new handler when the slot changes")
{
    struct handler h = handler_new(20);
    struct handler g = handler_new(30);
    obj p = proc_new(PRIO_HIGH);

    proc_slot(p, SLOT_HANDLER, h.entry);
    fault_at(p, WINDOW_VA);
    EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND);
    handler_waits(g);
    proc_slot(p, SLOT_HANDLER, g.entry);
    handler_told(g, p, FAULT_INVALID_ADDR, WINDOW_VA);
    handler_waits(h);
    handler_not_told(h);
}

CASE(nobody,
     .text = "without a handler the process stays stopped and the log has one line about it")
{
    obj p = proc_new(PRIO_HIGH);
    uint64_t mark = log_mark();

    proc_slot(p, SLOT_HANDLER, NO_OBJ);
    obj_get(p, R_A);
    OK(lk_process_set_label(R_A, 0x79746c756166, 0)); /* "faulty" */
    log_rest();
    fault_at(p, WINDOW_VA);
    EQ(proc_state(p).run_state, LK_STATE_FAULTED);
    EQ(proc_state(p).fault, FAULT_INVALID_ADDR);
    EQ(proc_wait_kind(p), LK_WAIT_NONE);
    CHECK(log_has(mark, "faulty: access to memory that is not mapped"));
}

CASE(handler_given_later,
     .text = "a fault that was told to nobody is told to the handler that the process gets")
{
    struct handler h = handler_new(20);
    obj p = proc_new(PRIO_HIGH);

    proc_slot(p, SLOT_HANDLER, NO_OBJ);
    fault_at(p, WINDOW_VA);
    EQ(proc_wait_kind(p), LK_WAIT_NONE);
    handler_waits(h);
    proc_slot(p, SLOT_HANDLER, h.entry);
    handler_told(h, p, FAULT_INVALID_ADDR, WINDOW_VA);
    handler_waits(h);
    proc_slot(p, SLOT_HANDLER, h.entry); /* told once */
    handler_not_told(h);
    p = proc_new(PRIO_HIGH);
    proc_slot(p, SLOT_HANDLER, h.entry); /* one that never ran has nothing to tell */
    handler_not_told(h);
}

CASE(handler_gone, .text = "if the handler goes while the message waits, the process stays "
                           "stopped, and the log says so")
{
    log_rest();
    for (unsigned how = 0; how < 3; how++) {
        struct handler h = handler_new(20);
        obj p = proc_new(PRIO_HIGH);
        uint64_t mark = log_mark();

        sys_at("way %u", how);
        proc_slot(p, SLOT_HANDLER, h.entry);
        fault_at(p, WINDOW_VA);
        EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND);
        if (how == 0) {
            obj_rescind(h.p);
        } else if (how == 1) {
            obj_rescind(h.endpoint);
        } else {
            obj_get(h.endpoint, R_A);
            OK(lk_endpoint_set_recipient(R_A, 0));
        }
        EQ(proc_state(p).run_state, LK_STATE_FAULTED);
        EQ(proc_state(p).fault, FAULT_INVALID_ADDR);
        CHECK(log_has(mark, "nobody handles it"));
        EQ(proc_wait_kind(p), LK_WAIT_NONE);
        EQ(kernel_check(), 0);
        h = handler_new(40);
        handler_waits(h);
        proc_slot(p, SLOT_HANDLER, h.entry); /* another can be told */
        obj_get(p, R_A);
        OK(lk_process_resume(R_A, 0));
        handler_told(h, p, FAULT_INVALID_ADDR, WINDOW_VA);
    }
}

CASE(own_handler, .text = "a process that is its own handler counts as one without")
{
    obj p = proc_new(PRIO_HIGH);
    uint64_t mark = log_mark();

    proc_slot(p, SLOT_HANDLER, entry_new(endpoint_new(p, 1, false), 0));
    log_rest();
    fault_at(p, WINDOW_VA);
    EQ(proc_state(p).run_state, LK_STATE_FAULTED);
    CHECK(log_has(mark, ": access to memory that is not mapped, at address 0x"));
    CHECK(log_has(mark, ", at instruction 0x"));
    CHECK(log_has(mark, ": nobody handles it, it stays stopped"));
}

CASE(space_handler,
     .text = "a memory fault goes to the handler of the innermost GPT that names one")
{
    struct handler h = handler_new(20); /* of the process */
    struct handler outer = handler_new(30);
    struct handler inner = handler_new(40);
    obj p = proc_new(PRIO_HIGH);
    obj big = gpt_new(16);
    obj small = gpt_new(12);

    proc_slot(p, SLOT_HANDLER, h.entry);
    obj_get(small, R_A);
    obj_get(inner.entry, R_B);
    OK(lk_gpt_swap_slot(R_A, 15, R_B, 0));
    OK(lk_gpt_set_flags(R_A, 1));
    obj_get(big, R_C);
    obj_get(outer.entry, R_B);
    OK(lk_gpt_swap_slot(R_C, 15, R_B, 0));
    OK(lk_gpt_swap_slot(R_C, 0, R_A, 0));
    OK(lk_gpt_set_flags(R_C, 1));
    gpt_of(own_space(), WINDOW_VA, R_D); /* makes the way there */
    OK(lk_gpt_get_slot(R_SPACE, 0, R_D));
    OK(lk_memory_set_guard(R_C, 0, 28, R_E));
    OK(lk_gpt_swap_slot(R_D, 9, R_E, 0));
    handler_waits(h);
    handler_waits(outer);
    handler_waits(inner);
    fault_at(p, 0x90000010);
    handler_told(inner, p, FAULT_INVALID_ADDR, 0x90000010);
    fault_at(p, 0x90010010);
    handler_told(outer, p, FAULT_INVALID_ADDR, 0x90010010);
    handler_not_told(h);
    handler_waits(outer);
    fault_at(p, 0x900f0010); /* slot 15 itself is not memory any more */
    handler_told(outer, p, FAULT_INVALID_ADDR, 0x900f0010);
    fault_at(p, 0xa0000000);
    handler_told(h, p, FAULT_INVALID_ADDR, 0xa0000000);
    handler_waits(h); /* a fault that is not of memory goes to the process's */
    {
        struct lk_regs r = raw_regs(0);

        r.rip = (uint64_t)do_invalid;
        raw_go(p, &r);
    }
    handler_told(h, p, FAULT_INVALID_OPCODE, 0);
    obj_get(inner.endpoint, R_A); /* if the innermost is Null the process's own is told */
    OK(lk_endpoint_set_recipient(R_A, 0));
    handler_waits(h);
    fault_at(p, 0x90000010);
    handler_told(h, p, FAULT_INVALID_ADDR, 0x90000010);
}

/* A GPT of 16 pages with this handler, at WINDOW_VA + 256 MiB of the case's own space. */
static void space_with_handler(struct handler h)
{
    obj_get(gpt_new(12), R_A);
    obj_get(h.entry, R_B);
    OK(lk_gpt_swap_slot(R_A, 15, R_B, 0));
    OK(lk_gpt_set_flags(R_A, 1));
    OK(lk_memory_set_guard(R_A, 0, 28, R_A));
    OK(lk_gpt_get_slot(R_SPACE, 0, R_D));
    OK(lk_gpt_swap_slot(R_D, 9, R_A, 0));
}

CASE(space_handler_later,
     .text =
         "the handler of the memory is the one told also when it waits later, and when told again")
{
    struct handler h = handler_new(20); /* of the process */
    struct handler inner = handler_new(40);
    obj p = proc_new(PRIO_HIGH);

    proc_slot(p, SLOT_HANDLER, h.entry);
    space_with_handler(inner);
    handler_waits(h);
    fault_at(p, 0x90000010);
    EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND);
    handler_waits(inner);
    handler_told(inner, p, FAULT_INVALID_ADDR, 0x90000010);
    handler_waits(inner);
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, 0));
    handler_told(inner, p, FAULT_INVALID_ADDR, 0x90000010);
    handler_not_told(h);
    obj_get(
        p,
        R_A); /* its message waits there again; that handler goes, and the process's own is told */
    OK(lk_process_resume(R_A, 0));
    EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND);
    obj_rescind(inner.endpoint);
    handler_told(h, p, FAULT_INVALID_ADDR, 0x90000010);
    EQ(kernel_check(), 0);
}

CASE(passed_on,
     .text = "the handler of the memory can pass a fault on to the process's own, who may send it "
             "back, and the next fault comes to the memory's again")
{
    struct handler h = handler_new(20); /* of the process */
    struct handler inner = handler_new(40);
    obj p = proc_new(PRIO_HIGH);

    proc_slot(p, SLOT_HANDLER, h.entry);
    space_with_handler(inner);
    handler_waits(inner);
    fault_at(p, 0x90000010);
    handler_told(inner, p, FAULT_INVALID_ADDR, 0x90000010);
    handler_waits(inner);
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, LK_RESUME_PASS_ON)); /* h does not wait yet */
    EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND);
    proc_slot(p, SLOT_SCHEDULE, schedule_of(PRIO_HIGH - 1)); /* its message is placed anew */
    handler_waits(h);
    handler_told(h, p, FAULT_INVALID_ADDR, 0x90000010);
    handler_not_told(inner);
    handler_waits(h);
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, LK_RESUME_TELL));
    handler_told(inner, p, FAULT_INVALID_ADDR, 0x90000010);
    handler_not_told(h);
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, LK_RESUME_PASS_ON));
    handler_told(h, p, FAULT_INVALID_ADDR, 0x90000010);
    handler_waits(inner);
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, LK_RESUME_OVER)); /* it faults again */
    handler_told(inner, p, FAULT_INVALID_ADDR, 0x90000010);
    obj_get(p, R_A);
    STATUS(lk_process_resume(R_A, 3), STATUS_REQUEST_ERROR);
    EQ(kernel_check(), 0);
}

CASE(same_space_handler,
     .text = "a handler in the same address space repairs a fault in the middle of a loop")
{
    struct handler h = handler_new(20);
    obj p = proc_new(PRIO_HIGH);

    proc_slot(p, SLOT_HANDLER, h.entry);
    for (unsigned i = 0; i < 20; i++) {
        handler_waits(h);
        fault_at(p, WINDOW_VA + i * PAGE);
        handler_told(h, p, FAULT_INVALID_ADDR, WINDOW_VA + i * PAGE);
        map_page(own_space(), WINDOW_VA + i * PAGE, page_new(), 0);
        handler_waits(h);
        proc_resume(p);
        handler_told(h, p, FAULT_BREAKPOINT, 0);
    }
}

CASE(faulting_many,
     .text =
         "a process that is destroyed while its fault waits to be told leaves the handler's queue")
{
    struct handler h = handler_new(20);
    obj p[6];

    for (unsigned i = 0; i < 6; i++) {
        p[i] = proc_new(PRIO_HIGH);
        proc_slot(p[i], SLOT_HANDLER, h.entry);
        fault_at(p[i], WINDOW_VA + i);
    }
    obj_rescind(p[0]);
    obj_rescind(p[3]);
    proc_resume(p[1]); /* resumed by somebody else: it faults again, behind the others */
    EQ(kernel_check(), 0);
    handler_waits(h);
    handler_told(h, p[2], FAULT_INVALID_ADDR, WINDOW_VA + 2);
    handler_waits(h);
    handler_told(h, p[4], FAULT_INVALID_ADDR, WINDOW_VA + 4);
    handler_waits(h);
    handler_told(h, p[5], FAULT_INVALID_ADDR, WINDOW_VA + 5);
    handler_waits(h);
    handler_told(h, p[1], FAULT_INVALID_ADDR, WINDOW_VA + 1);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Pagers that are slow, wrong, or gone: what the kernel makes of it. Here the case itself is the
 * pager: its Entry stands in slot 15, and it does what a bad one might. Whatever that is, the
 * process that faulted stands in its fault, goes on, or faults again, and nobody else notices.
 */
#include "world.h"

#define PAGE_VA HEAP_VA
#define NUMBER 3u

/* A space whose pager is the case. */
static struct program space_of_case(void)
{
    struct program prog;

    pager_faults = endpoint_new(SELF, 7, false);
    prog = program_new(NUMBER);
    return prog;
}

/* The next fault message: its Process into R_A. */
static void take_fault(uint64_t code, uint64_t address)
{
    struct lk_in in = lk_wait(R_A);

    EQ(lk_kind(in.delivery), LK_KIND_MESSAGE);
    EQ(in.w[0], LK_FAULT_MESSAGE);
    EQ(in.w[1], code);
    EQ(in.w[2], address);
    EQ(in.payload, NUMBER);
    EQ(lk_caps(in.delivery), 1);
}

/* Put what is in a register at a page address of a space whose tree this makes. */
static void put(const struct program *prog, uint64_t va, unsigned reg)
{
    lk_copy_cap(reg, R_J);
    obj_get(prog->root, R_I);
    for (unsigned v = PAGER_ROOT_L2V; v > 12; v -= 4) {
        OK(lk_gpt_get_slot(R_I, va >> v & 15, R_H));
        if (reg_type(R_H) != LK_TYPE_GPT) {
            obj_new_in(LK_TYPE_GPT, R_H);
            OK(lk_gpt_set_l2v(R_H, v - 4));
            OK(lk_memory_set_guard(R_H, 0, v, R_H));
            OK(lk_gpt_swap_slot(R_I, va >> v & 15, R_H, 0));
        }
        lk_copy_cap(R_H, R_I);
    }
    OK(lk_gpt_swap_slot(R_I, va >> 12 & 15, R_J, 0));
}

static void put_new_page(const struct program *prog, uint64_t va, unsigned restr)
{
    obj_new_in(LK_TYPE_PAGE, R_G);
    OK(lk_memory_reduce(R_G, restr, R_G));
    put(prog, va, R_G);
}

/* The page that the process in R_A stands in a fault for is put there, and it goes on to the end.
 */
static void mend(const struct program *prog, obj p)
{
    put_new_page(prog, PAGE_VA, 0);
    OK(lk_process_resume(R_A, LK_RESUME_OVER));
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
}

CASE(late,
     .text = "a pager that answers late: the process stands in its fault until then, and others "
             "of the space go on")
{
    struct program prog = space_of_case();
    obj p = program_process(&prog);
    obj q = program_process(&prog);
    struct pstate s;

    put_new_page(&prog, PAGE_VA + PAGE, 0);
    touch_begin(p, touch_read, PAGE_VA, 0);
    for (unsigned i = 0; i < 5; i++) {
        sleep_ns(20 * NSEC_PER_MSEC);
        EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND); /* not even taken */
        WRITES(q, PAGE_VA + PAGE, i);
    }
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
    s = proc_state(p);
    for (unsigned i = 0; i < 5; i++) {
        sleep_ns(20 * NSEC_PER_MSEC);
        WRITES(q, PAGE_VA + PAGE, i);
        EQ(proc_state(p).cpu, s.cpu);
        EQ(proc_state(p).run_state, LK_STATE_FAULTED);
    }
    put_new_page(&prog, PAGE_VA, 0);
    EQ(proc_state(p).run_state, LK_STATE_FAULTED); /* the page alone lets nobody go on */
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, LK_RESUME_OVER));
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
}

CASE(too_late, .text = "an answer about a process that is gone, or that somebody else resumed, is "
                       "refused and changes nothing")
{
    struct program prog = space_of_case();
    obj p = program_process(&prog);
    obj q = program_process(&prog);
    static volatile uint8_t go_on;
    struct lk_regs r = { .rip = (uint64_t)touch_loop, .rsp = 0x10, .rflags = 0x202 };

    touch_begin(p, touch_read, PAGE_VA, 0);
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
    obj_rescind(p);
    STATUS(lk_process_resume(R_A, LK_RESUME_OVER), STATUS_INVALID_CAP);
    STATUS(lk_process_resume(R_A, LK_RESUME_PASS_ON), STATUS_INVALID_CAP);
    touch_begin(q, touch_read, PAGE_VA, 0);
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
    proc_slot(q, SLOT_SCHEDULE, schedule_of(PRIO_LOW)); /* let it run, somewhere else */
    r.rdx = (uint64_t)&go_on;
    r.rdi = (uint64_t)&go_on & ~7ull;
    go_on = 0;
    proc_set_regs(q, &r);
    obj_get(q, R_B);
    OK(lk_process_resume(R_B, LK_RESUME_OVER));
    sleep_ns(NSEC_PER_MSEC);
    for (unsigned how = LK_RESUME_TELL; how <= LK_RESUME_PASS_ON; how++) {
        STATUS(lk_process_resume(R_A, how), STATUS_STATE_CHANGED);
    }
    go_on = 1;
    EVENTUALLY(touch_end(q).fault == FAULT_BREAKPOINT);
}

CASE(twice,
     .text = "a pager that answers twice: the second answer is refused, or, if the process stands "
             "in another fault by then, it is that which is answered")
{
    struct program prog = space_of_case();
    obj p = program_process(&prog);

    touch_begin(p, touch_read, PAGE_VA, 0);
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
    put_new_page(&prog, PAGE_VA, 0);
    proc_slot(p, SLOT_SCHEDULE, schedule_of(PRIO_LOW)); /* it does not run between the two */
    OK(lk_process_resume(R_A, LK_RESUME_OVER));
    STATUS(lk_process_resume(R_A, LK_RESUME_OVER), STATUS_STATE_CHANGED);
    STATUS(lk_process_resume(R_A, LK_RESUME_PASS_ON), STATUS_STATE_CHANGED);
    EVENTUALLY(touch_end(p).fault == FAULT_BREAKPOINT);
    proc_slot(p, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
    touch_begin(p, touch_read, PAGE_VA + PAGE, 0);
    take_fault(FAULT_INVALID_ADDR, PAGE_VA + PAGE);
    put_new_page(&prog, PAGE_VA + PAGE, 0);
    OK(lk_process_resume(R_A, LK_RESUME_OVER)); /* it runs at once, to its breakpoint */
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
    EQ(touch_end(p).rip, (uint64_t)touch_read + 4);
    OK(lk_process_resume(R_A, LK_RESUME_TELL)); /* of the breakpoint: its own handler's */
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
    EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND);
}

CASE(nothing_done,
     .text = "a pager that answers without a page: the process faults again, as often as "
             "it does that")
{
    struct program prog = space_of_case();
    obj p = program_process(&prog);

    touch_begin(p, touch_write, PAGE_VA + 5, 0x1234);
    for (unsigned i = 0; i < 100; i++) {
        take_fault(FAULT_INVALID_ADDR, PAGE_VA + 5);
        EQ(proc_state(p).r.rip, (uint64_t)touch_write);
        OK(lk_process_resume(R_A, i % 2 != 0 ? LK_RESUME_OVER : LK_RESUME_TELL));
    }
    take_fault(FAULT_INVALID_ADDR, PAGE_VA + 5);
    mend(&prog, p);
    EQ(touch_end(p).value, 0x1234);
}

/* What is at the address, and with which fault the write to it comes back. */
static void wrong_page(const struct program *prog, obj p, unsigned reg, uint64_t code)
{
    put(prog, PAGE_VA, reg);
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, LK_RESUME_OVER));
    take_fault(code, PAGE_VA);
}

CASE(wrong,
     .text = "a pager that puts the wrong thing there: another fault, with the code of what is "
             "there; the right page in the end, and the instruction is done")
{
    struct program prog = space_of_case();
    obj p = program_process(&prog);
    obj page = page_new();

    touch_begin(p, touch_write, PAGE_VA, 7);
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
    put_new_page(&prog, PAGE_VA + PAGE, 0); /* at another address */
    wrong_page(&prog, p, 0, FAULT_INVALID_ADDR);
    obj_new_in(LK_TYPE_CAPPAGE, R_B);
    wrong_page(&prog, p, R_B, FAULT_DATA_TYPE);
    obj_get(page, R_B);
    OK(lk_memory_reduce(R_B, LK_RO, R_B));
    wrong_page(&prog, p, R_B, FAULT_ACCESS_VIOLATION);
    obj_get(page, R_B);
    OK(lk_memory_reduce(R_B, LK_WK, R_B));
    wrong_page(&prog, p, R_B, FAULT_ACCESS_VIOLATION);
    obj_get(page, R_B);
    OK(lk_memory_set_guard(R_B, 1, 12, R_B));
    wrong_page(&prog, p, R_B, FAULT_INVALID_ADDR);
    OK(lk_memory_set_guard(R_B, 0, 16, R_B));
    wrong_page(&prog, p, R_B, FAULT_MALFORMED_SPACE);
    wrong_page(&prog, p, R_SELF, FAULT_INVALID_ADDR);
    wrong_page(&prog, p, R_ENDPOINT, FAULT_INVALID_ADDR);
    obj_get(prog.root, R_B); /* a ring */
    OK(lk_memory_set_guard(R_B, 0, 12, R_B));
    wrong_page(&prog, p, R_B, FAULT_MALFORMED_SPACE);
    obj_get(page, R_B);
    put(&prog, PAGE_VA, R_B);
    obj_rescind(page); /* gone before the process runs */
    wrong_page(&prog, p, R_B, FAULT_INVALID_ADDR);
    mend(&prog, p);
    EQ(touch_end(p).value, 7);
    EQ(kernel_check(), 0);
}

CASE(takes_away,
     .text = "a pager that takes the page away again while the process uses it: it faults "
             "where it stands")
{
    struct program prog = space_of_case();
    obj p = program_process(&prog);

    touch_begin(p, touch_write, PAGE_VA, 7);
    for (unsigned i = 0; i < 20; i++) {
        take_fault(FAULT_INVALID_ADDR, PAGE_VA);
        mend(&prog, p);
        put(&prog, PAGE_VA, 0);
        touch_begin(p, touch_read, PAGE_VA, 0);
    }
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
}

CASE(dies_before,
     .text = "a pager that dies before it takes the message: the process's own handler is "
             "told, and a new pager if it is told again")
{
    struct program prog = space_of_case();
    obj p = program_process(&prog);

    touch_begin(p, touch_read, PAGE_VA, 0);
    EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND);
    proc_slot(p, SLOT_HANDLER, entry_new(endpoint_new(SELF, 8, false), NUMBER));
    obj_get(pager_faults, R_B);
    OK(lk_endpoint_set_recipient(R_B, 0));
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);    /* at the other endpoint */
    OK(lk_process_resume(R_A, LK_RESUME_TELL)); /* still nobody in slot 15 */
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
    obj_get(pager_faults, R_B);
    OK(lk_endpoint_set_recipient(R_B, R_SELF));
    proc_slot(p, SLOT_HANDLER, parking_entry());
    obj_get(p, R_A);
    OK(lk_process_resume(R_A, LK_RESUME_TELL));
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
    mend(&prog, p);
}

/* A pager that takes one message and never does anything again. */
static void take_one(void *unused)
{
    (void)unused;
    lk_wait(R_A);
    lk_park();
}

CASE(dies_after,
     .text = "a pager that dies with the message in its hand: the process stands in its "
             "fault until somebody resumes it, and then is told to whom there is")
{
    struct worker w = worker_new(PRIO_PAGER, take_one, NULL);
    struct program prog;
    obj p;

    pager_faults = w.endpoint;
    worker_start(w);
    prog = program_new(NUMBER);
    p = program_process(&prog);
    touch_begin(p, touch_read, PAGE_VA, 0);
    EQ(proc_wait_kind(p), LK_WAIT_NONE);
    obj_rescind(w.p);
    sleep_ns(10 * NSEC_PER_MSEC);
    EQ(proc_state(p).run_state, LK_STATE_FAULTED);
    EQ(proc_wait_kind(p), LK_WAIT_NONE);
    proc_resume(p); /* the instruction again */
    EQ(touch_end(p).fault, FAULT_INVALID_ADDR);
    CHECK(touch_end(p).waits); /* at its own handler: there is no pager */
    obj_rescind(w.endpoint);
    proc_resume(p);
    CHECK(touch_end(p).waits);
    put_new_page(&prog, PAGE_VA, 0);
    proc_resume(p);
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
    EQ(kernel_check(), 0);
}

CASE(passes_to_nobody,
     .text = "a fault that is passed on to nobody leaves the process stopped, and the "
             "log says so; the pager can still let it go on")
{
    struct program prog = space_of_case();
    obj p = program_process(&prog);
    uint64_t mark;

    proc_slot(p, SLOT_HANDLER, NO_OBJ);
    touch_begin(p, touch_read, PAGE_VA, 0);
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
    log_rest();
    mark = log_mark();
    OK(lk_process_resume(R_A, LK_RESUME_PASS_ON));
    EQ(proc_state(p).run_state, LK_STATE_FAULTED);
    EQ(proc_wait_kind(p), LK_WAIT_NONE);
    CHECK(log_has(mark, "nobody handles it"));
    mend(&prog, p);
}

CASE(pages_itself,
     .text = "a pager whose own memory it would have to page is told by its own handler, "
             "and two that page each other both stop and can be looked at")
{
    struct program a, b;
    obj p, q, to_p, to_q;

    pager_faults = endpoint_new(NO_OBJ, 7, false);
    a = program_new(NUMBER);
    p = program_process(&a);
    obj_get(pager_faults, R_A);
    obj_get(p, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    touch_begin(p, touch_read, PAGE_VA, 0);
    CHECK(touch_end(p).waits); /* slot 15 leads to itself: passed over */
    to_q = pager_faults;
    pager_faults = endpoint_new(p, 7, false);
    b = program_new(NUMBER);
    to_p = pager_faults;
    q = program_process(&b);
    obj_get(to_q, R_A);
    obj_get(q, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    touch_begin(p, touch_read, PAGE_VA, 0);
    touch_begin(q, touch_read, PAGE_VA, 0);
    EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND);
    EQ(proc_wait_kind(q), LK_WAIT_FAULT_SEND);
    EQ(kernel_check(), 0);
    obj_rescind(to_p);
    obj_rescind(q);
    EQ(proc_wait_kind(p), LK_WAIT_FAULT_SEND); /* at its own handler */
    EQ(touch_end(p).fault, FAULT_INVALID_ADDR);
    put_new_page(&a, PAGE_VA, 0);
    proc_resume(p);
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
}

CASE(wrong_process, .text = "a pager that answers to a process that did not fault is refused")
{
    struct program prog = space_of_case();
    obj p = program_process(&prog);
    obj q = proc_new(PRIO_HIGH);

    touch_begin(p, touch_read, PAGE_VA, 0);
    take_fault(FAULT_INVALID_ADDR, PAGE_VA);
    raw_do(q, LK_RECV);
    obj_get(q, R_B);
    for (unsigned how = LK_RESUME_TELL; how <= LK_RESUME_PASS_ON; how++) {
        STATUS(lk_process_resume(R_B, how), STATUS_STATE_CHANGED);
        STATUS(lk_process_resume(R_SELF, how), STATUS_STATE_CHANGED);
    }
    EQ(proc_state(q).run_state, LK_STATE_RECEIVING);
    EQ(proc_state(p).run_state, LK_STATE_FAULTED);
}

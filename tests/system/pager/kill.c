/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager is destroyed, and another one is told of the same spaces. Programs go on once somebody
 * has resumed them, with the data that they had. An object that the bank gave and that stands
 * nowhere yet is lost to its account, one for each death; no page is twice there, and none that was
 * there goes.
 */
#include "world.h"

#define FLAG_TRAP_SYSCALL 2u
#define CALLS_MOST 100u

/* Something that a program does, and what is there before. */
struct act {
    const char *how;
    uint64_t before[2]; /* touched before; 0: nothing */
    uint64_t address;
    uint64_t want;    /* what it reads then */
    uint64_t discard; /* pages given back at `address` in place of a touch */
};

/* After it, the memory is as if the pager had lived: 17 was written at each address of before[]. */
static void check_before(const struct act *act, obj p)
{
    for (unsigned i = 0; i < 2; i++) {
        if (act->before[i] != 0 && (act->before[i] & ~(PAGE - 1)) != act->address) {
            READS(p, act->before[i], 17);
        }
    }
}

/* One system call of the pager, which stands before it. False: it waits for a message. */
static bool step(struct pager_process pg)
{
    struct pstate s = proc_state(pg.p);

    if (s.run_state != LK_STATE_FAULTED) {
        return false;
    }
    EQ(s.fault, FAULT_SYSCALL_TRAP);
    proc_resume(pg.p);
    return true;
}

/* The discard, asked for by a raw process of the program. */
static void begin(const struct act *act, obj p)
{
    struct lk_regs r;

    if (act->discard == 0) {
        touch_begin(p, act->how, act->address, 5);
        return;
    }
    proc_cap(p, 8, entry_new(pager_memory, 1));
    proc_reply_endpoint(p, 0);
    r = raw_regs(LK_CTL_CALL(8, 3));
    r.rdi = PAGER_DISCARD;
    r.rsi = act->address;
    r.rdx = act->discard * PAGE;
    raw_go(p, &r);
}

/* The new pager is there: the process is let go on, and ends as it should. A call in flight ended
 * with the old pager. */
static void finish(const struct act *act, obj p, bool killed)
{
    if (act->discard == 0) {
        if (touch_end(p).fault != FAULT_BREAKPOINT) {
            proc_resume(p);
        }
        EQ(touch_end(p).fault, FAULT_BREAKPOINT);
        EQ(touch_end(p).value, act->want);
        return;
    }
    if (raw_result(p).rdi != STATUS_OK) {
        CHECK(killed);
        STATUS(raw_result(p).rdi, STATUS_INVOKEE_GONE);
        begin(act, p);
        EQ(raw_result(p).rdi, STATUS_OK);
    }
    for (uint64_t i = 0; i < act->discard; i++) {
        READS(p, act->address + i * PAGE, 0);
    }
}

/* Destroy the pager before its n-th system call of this act. False: it needs fewer. */
static bool kill_at(const struct act *act, unsigned nth)
{
    struct pager_process pg = pager_start();
    struct program prog = program_usual(1);
    obj p = program_process(&prog);
    bool killed;

    for (unsigned i = 0; i < 2; i++) {
        if (act->before[i] != 0 && act->how == touch_write && act->discard == 0 &&
            act->before[i] == act->address) {
            CHECK(touch(p, touch_read, act->before[i], 0).fault == FAULT_BREAKPOINT);
        } else if (act->before[i] != 0) {
            WRITES(p, act->before[i], 17);
        }
    }
    obj_get(pg.p, R_A);
    OK(lk_process_set_flags(R_A, FLAG_TRAP_SYSCALL));
    begin(act, p);
    for (unsigned i = 0; i < nth && step(pg); i++) {
    }
    killed = proc_state(pg.p).run_state == LK_STATE_FAULTED;
    pager_kill(pg);
    pager_start();
    program_tell(&prog);
    finish(act, p, killed);
    check_before(act, p);
    program_audit(&prog, killed ? 1 : 0);
    account_close(1);
    return killed;
}

static void kill_everywhere(const struct act *act)
{
    unsigned nth = 0;
    bool more = true;

    world_begin();
    while (more) {
        unsigned shelf = shelf_mark();
        uint64_t frames = frames_mark();

        sys_at("before system call %u", nth);
        more = kill_at(act, nth++);
        CHECK(nth < CALLS_MOST);
        frames_back(frames);
        shelf_back(shelf);
    }
    sys_say("# %u system calls", nth - 1);
    CHECK(nth > 3);
}

CASE(kill_zero,
     .text = "destroyed before any of its system calls for a page of zeros and its GPTs, "
             "the pager leaves nothing that its successor cannot go on from")
{
    kill_everywhere(
        &(struct act){ .how = touch_write, .before = { DATA_VA }, .address = HEAP_VA, .want = 5 });
}

CASE(kill_next, .text = "the same for the next page below the same GPT")
{
    kill_everywhere(&(struct act){
        .how = touch_write, .before = { HEAP_VA }, .address = HEAP_VA + PAGE, .want = 5 });
}

CASE(kill_shared, .text = "the same for a page of the archive")
{
    kill_everywhere(&(struct act){
        .how = touch_read, .before = { HEAP_VA }, .address = TEXT_VA, .want = archive_word(0) });
}

CASE(kill_copy, .text = "the same for a copy on the first write")
{
    kill_everywhere(&(struct act){
        .how = touch_write, .before = { DATA_VA, HEAP_VA }, .address = DATA_VA, .want = 5 });
}

CASE(kill_straddle, .text = "the same for a page that is in part the file's")
{
    uint64_t page = (TEXT_PAGES - 1) * PAGE;

    kill_everywhere(&(struct act){ .how = touch_read,
                                   .before = { HEAP_VA },
                                   .address = TEXT_VA + page,
                                   .want = archive_word(page) });
}

CASE(kill_discard, .text = "the same for pages that are given back")
{
    kill_everywhere(&(struct act){ .how = touch_read,
                                   .before = { HEAP_VA, HEAP_VA + 2 * PAGE },
                                   .address = HEAP_VA,
                                   .discard = 2 });
}

CASE(kill_asking,
     .text = "destroyed while it waits for the bank, the pager loses what the bank was about "
             "to give, and no more")
{
    struct pager_process pg;
    struct program prog;
    obj p;

    pg = world_usual(1, &prog, &p);
    WRITES(p, HEAP_VA, 17);
    proc_hold(bank_worker.p, LK_HOLD_SUSPEND);
    touch_begin(p, touch_write, HEAP_VA + PAGE, 5);
    EQ(proc_state(pg.p).run_state, LK_STATE_RECEIVING);
    obj_rescind(pg.p);
    proc_release(bank_worker.p, LK_HOLD_SUSPEND);
    account_close(ACCOUNT_PAGER);
    EQ(program_audit(&prog, 1).pages, 1);
    EQ(bank.used[1], 6);
    pager_start();
    program_tell(&prog);
    proc_resume(p);
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
    READS(p, HEAP_VA, 17);
    program_audit(&prog, 1);
    account_close(1);
}

CASE(kill_queue,
     .text = "those whose faults waited are told to their own handlers when the pager goes, "
             "and to the new one when they are told again")
{
    struct pager_process pg;
    struct program prog;
    obj p[4];

    world_begin();
    pg = pager_start();
    prog = program_usual(1);
    proc_hold(pg.p, LK_HOLD_SUSPEND);
    for (unsigned i = 0; i < 4; i++) {
        p[i] = program_process(&prog);
        touch_begin(p[i], touch_write, HEAP_VA + i * PAGE, i);
    }
    pager_kill(pg);
    EQ(proc_wait_kind(p[0]), LK_WAIT_NONE); /* it was told: nobody will say so */
    for (unsigned i = 1; i < 4; i++) {
        EQ(proc_wait_kind(p[i]), LK_WAIT_FAULT_SEND);
    }
    pager_start();
    program_tell(&prog);
    for (unsigned i = 0; i < 4; i++) {
        obj_get(p[i], R_A);
        OK(lk_process_resume(R_A, LK_RESUME_TELL));
        EQ(touch_end(p[i]).fault, FAULT_BREAKPOINT);
        READS(p[i], HEAP_VA + i * PAGE, i);
    }
    EQ(program_audit(&prog, 0).pages, 4);
}

/* ---- At random ---- */

#define PROGRAMS 3u
#define PAGES 60u
#define REG_MEMORY 9u

static volatile unsigned rounds_done[PROGRAMS];
static volatile bool enough;

static volatile uint64_t *heap_word(unsigned page)
{
    return (volatile uint64_t *)(HEAP_VA + page * 3 * PAGE);
}

/* Write all pages, read them, copy the data pages, give some back, over and over. */
static void work(void *arg)
{
    unsigned me = *(unsigned *)arg;
    volatile uint64_t *data = (volatile uint64_t *)DATA_VA;

    for (unsigned round = 1; !enough; round++) {
        for (unsigned i = 0; i < PAGES; i++) {
            *heap_word(i) = (uint64_t)me << 32 | round << 8 | i;
        }
        for (unsigned i = 0; i < PAGES; i++) {
            EQ(*heap_word(i), (uint64_t)me << 32 | round << 8 | i);
        }
        for (unsigned i = 0; i < DATA_PAGES - 1; i++) {
            EQ(data[i * PAGE / 8 + 1], archive_word((8 + i) * PAGE + 8));
            data[i * PAGE / 8] = round;
        }
        while (lk_pager_discard(REG_MEMORY, HEAP_VA, 30 * 3 * PAGE) != STATUS_OK) {
        }
        EQ(*heap_word(7), 0);
        EQ(*heap_word(30), (uint64_t)me << 32 | round << 8 | 30);
        rounds_done[me] = round;
    }
    lk_park();
}

/* Whoever stands in a fault of memory is let go on. */
static void resume_all(const struct worker *w)
{
    for (unsigned i = 0; i < PROGRAMS; i++) {
        struct pstate s = proc_state(w[i].p);

        if (s.fault != FAULT_NONE) {
            CHECK(s.fault == FAULT_INVALID_ADDR || s.fault == FAULT_ACCESS_VIOLATION);
            proc_resume(w[i].p);
        }
    }
}

CASE(kill_random,
     .text = "the pager is destroyed again and again while programs fault: they go on, and "
             "find what they wrote",
     .ms = 600000)
{
    static unsigned number[PROGRAMS];
    struct program prog[PROGRAMS];
    struct worker w[PROGRAMS];
    struct rng rng = rng_new(sys_options.seed);
    unsigned kills = (unsigned)(sys_options.rounds != 0 ? sys_options.rounds
                                : sys_options.soak      ? 1000
                                                        : 60);
    struct pager_process pg;
    unsigned round_before;

    world_begin();
    proc_slot(SELF, SLOT_SCHEDULE, schedule_of(PRIO_BANK + 10));
    enough = false;
    for (unsigned i = 0; i < PROGRAMS; i++) {
        number[i] = i;
        prog[i] = program_new(i);
        w[i] = worker_new_in(prog[i].root, PRIO_LOW + i, work, &number[i]);
        proc_cap(w[i].p, REG_MEMORY, entry_new(pager_memory, i));
        proc_slot(w[i].p, SLOT_HANDLER, parking_entry());
        proc_slot(w[i].p, SLOT_SCHEDULE, schedule_new(PRIO_LOW, 300000));
        rounds_done[i] = 0;
        worker_start(w[i]);
    }
    for (unsigned k = 0; k < kills; k++) {
        unsigned shelf = shelf_mark();
        uint64_t frames = frames_mark();

        sys_at("death %u", k);
        pg = pager_start();
        sleep_ns(100000); /* it waits now */
        for (unsigned i = 0; i < PROGRAMS; i++) {
            program_tell(&prog[i]);
        }
        resume_all(w);
        sleep_ns(rng_below(&rng, 400000));
        pager_kill(pg);
        frames_back(frames);
        shelf_back(shelf);
    }
    pager_start();
    sleep_ns(100000);
    for (unsigned i = 0; i < PROGRAMS; i++) {
        program_tell(&prog[i]);
    }
    resume_all(w);
    for (unsigned i = 0; i < PROGRAMS; i++) {
        round_before = rounds_done[i];
        EVENTUALLY(rounds_done[i] > round_before + 1);
    }
    enough = true;
    for (unsigned i = 0; i < PROGRAMS; i++) {
        EVENTUALLY(proc_state(w[i].p).run_state == LK_STATE_RECEIVING &&
                   proc_wait_kind(w[i].p) == LK_WAIT_NOTICE);
        program_audit(&prog[i], kills);
        sys_say("# program %u: %u rounds, %lu frames lost until its bank is closed", i,
                rounds_done[i],
                bank.used[i] - program_audit(&prog[i], kills).gpts -
                    program_audit(&prog[i], kills).pages);
        account_close(i);
    }
}

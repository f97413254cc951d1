/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fairshare: five threads get CPU time by weight from a scheduler that is a thread itself. This is
 * the third party: it makes them all, sleeps, and reads off what CPU time each has had, which the
 * kernel counts exactly.
 *
 * What may be expected is not a matter of taste: the policy never lets a thread run that is ahead
 * of another that is ready. So, if they begin even, no two of them are ever further apart, weight
 * for weight, than the longest that one of them ran between two decisions, and the difference
 * between two readings is off by twice that at most. This is the tolerance, and it is printed.
 */
#include "fairshare.h"

/* Capability registers. */
enum {
    REG_THREAD = 11,          /* and so on: the Process of each thread that shares */
    REG_SCHEDULER = 16,       /* Process of the scheduler */
    REG_IDLE,                 /* Process of the idle thread */
    REG_FAULTS,               /* Entry: who is told of faults, as for this thread itself */
    REG_EP,                   /* the endpoint of the thread being made */
    REG_SCHEDULE,             /* a Schedule */
    REG_NOTICE,               /* a notice */
    REG_WORK,                 /* anything, for a moment */
    REG_SCHEDULER_EP = 24,    /* Endpoint of the scheduler, for the idle thread's notice */
    REG_ROOM = LK_REG_END - 2 /* and one more: the library's work */
};

/* This program itself runs at 150 (system.lyk), so that nothing moves while it reads. */
#define PRIORITY_SCHEDULER 110u
#define PRIORITY_THREAD 100u
#define PRIORITY_IDLE 99u
#define SLICE (LK_NSEC_PER_MSEC / 2)
#define SLICE_BIT 1u

#define MEASURE_MS 500u
#define MEASURES 20u     /* most of them, if the machine stalls */
#define PRECISION 10u    /* the tolerance is to be less than this part of a share */
#define BUSY_PERCENT 85u /* least CPU time of threads and scheduler in all */

#define WORK_MS 1ul /* what a thread that rests does in between */
#define REST_MS 9ul

#define THREADS (SHARES + 2) /* with scheduler and idle thread */

static uint8_t stacks[THREADS][LK_THREAD_STACK] __attribute__((aligned(16)));
static struct lk_thread threads[THREADS];
static struct lk_room room;

/* ---- the threads ----------------------------------------------------------------------------- */

static void work(void *arg)
{
    struct share *me = arg;

    for (;;) {
        uint64_t until = lk_now() + WORK_MS * LK_NSEC_PER_MSEC;

        while (!me->rests || lk_now() < until) {
            for (unsigned i = 0; i < 1000; i++) {
                __asm__ volatile("");
            }
        }
        lk_sleep_ms(REST_MS);
        me->rested++;
    }
}

/* ---- making all of it ------------------------------------------------------------------------ */

/* A thread that does not run yet; its Endpoint is in REG_EP. */
static void make(unsigned i, const char *label, void (*fn)(void *), void *arg,
                 uint32_t schedule_reg, uint32_t process)
{
    const struct lk_thread_plan plan = {
        .label = label,
        .fn = fn,
        .arg = arg,
        .stack = stacks[i],
        .stack_size = sizeof(stacks[i]),
        .space = lk_cap("space"),
        .schedule = schedule_reg,
        .handler = REG_FAULTS,
        .process = process,
        .endpoint = REG_EP,
    };

    lk_must(lk_thread_make(&threads[i], &room, &plan), label);
}

static void make_scheduler(uint32_t schedctl)
{
    lk_must(lk_schedule_make(&room, schedctl, PRIORITY_SCHEDULER, SLICE, REG_SCHEDULE),
            "a schedule");
    make(SHARES, "scheduler", schedule, NULL, REG_SCHEDULE, REG_SCHEDULER);
    lk_copy_cap(REG_EP, REG_SCHEDULER_EP);
}

/* The idle thread tells the scheduler, and the scheduler can hold it. */
static void make_idle(uint32_t schedctl)
{
    lk_must(lk_schedule_make(&room, schedctl, PRIORITY_IDLE, SLICE, REG_SCHEDULE), "a schedule");
    make(SHARES + 1, "idle", idle, NULL, REG_SCHEDULE, REG_IDLE);
    lk_must(lk_endpoint_make_app_notice(REG_SCHEDULER_EP, IDLE_BIT, REG_NOTICE), "a notice");
    lk_must(lk_thread_give(&threads[SHARES + 1], IDLE_NOTICE, REG_NOTICE), "the idle thread");
    lk_must(lk_thread_give(&threads[SHARES], SCHEDULER_IDLE, REG_IDLE), "the scheduler");
}

/* An endpoint on which the scheduler is told of thread i, and that only: its ID says which. */
static void make_receiver(unsigned i)
{
    lk_must(lk_room_make(&room, LK_TYPE_ENDPOINT, REG_WORK), "an endpoint");
    lk_must(lk_endpoint_set_endpoint_id(REG_WORK, SCHEDULER_FIRST_ID + i), "its ID");
    lk_must(lk_endpoint_set_recipient(REG_WORK, REG_SCHEDULER), "its recipient");
    lk_must(lk_endpoint_make_entry(REG_WORK, 0, REG_WORK), "an entry");
    lk_must(lk_preempt_register(REG_THREAD + i, REG_WORK), "registering the scheduler");
}

/* The schedule of thread i: at the end of each slice it posts a proxy notice on the thread's own
 * endpoint, so that the thread is stopped and the scheduler told. */
static void make_schedule(unsigned i, uint32_t schedctl)
{
    lk_must(lk_endpoint_make_proxy_notice(REG_EP, SLICE_BIT, REG_NOTICE), "a proxy notice");
    lk_must(lk_room_make(&room, LK_TYPE_SCHEDULE, REG_SCHEDULE), "a schedule");
    lk_must(lk_schedctl_set_slice_notice(schedctl, SLICE_BIT, REG_SCHEDULE, REG_NOTICE),
            "slice notices");
    lk_must(lk_schedctl_set_up(schedctl, PRIORITY_THREAD, SLICE, 1, REG_SCHEDULE), "a schedule");
    lk_must(lk_process_swap_slot(REG_THREAD + i, SLOT_SCHEDULE, REG_SCHEDULE, 0), "a schedule");
}

static void make_all(void)
{
    uint32_t memory = lk_cap("memory");
    uint32_t schedctl = lk_cap("schedctl");
    uint64_t frames = 0;

    lk_must(lk_range_get_info(memory, 0, &frames, NULL), "the range");
    lk_room_open(&room, memory, 0, frames, REG_ROOM);
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
    make_scheduler(schedctl);
    make_idle(schedctl);
    for (unsigned i = 0; i < SHARES; i++) {
        make(i, shares[i].name, work, &shares[i], 0, REG_THREAD + i);
        make_receiver(i);
        make_schedule(i, schedctl);
        lk_must(lk_appnotice_post(REG_NOTICE, SLICE_BIT), "the first notice"); /* see scheduler.c */
    }
    lk_must(lk_thread_start(&threads[SHARES]), "the scheduler");
    for (unsigned i = 0; i < SHARES; i++) {
        lk_must(lk_thread_start(&threads[i]), "a thread");
    }
    lk_must(lk_thread_start(&threads[SHARES + 1]), "the idle thread");
}

/* ---- measuring ------------------------------------------------------------------------------- */

struct reading {
    uint64_t at;
    uint64_t cpu[THREADS]; /* as the stacks: those that share, the scheduler, the idle thread */
};

static uint64_t cpu_time(uint32_t process)
{
    uint64_t cpu = 0;

    lk_must(lk_process_get_state(process, NULL, NULL, NULL, NULL, &cpu, NULL, NULL, NULL, 0, NULL),
            "reading a CPU time");
    return cpu;
}

static struct reading read_all(void)
{
    struct reading r = { .at = lk_now() };

    for (unsigned i = 0; i < SHARES; i++) {
        r.cpu[i] = cpu_time(REG_THREAD + i);
    }
    r.cpu[SHARES] = cpu_time(REG_SCHEDULER);
    r.cpu[SHARES + 1] = cpu_time(REG_IDLE);
    return r;
}

/* What was measured between two readings. */
struct measure {
    uint64_t time;
    uint64_t cpu[THREADS];
    uint64_t sum;     /* CPU time of the threads that use all they are given */
    uint64_t weights; /* and their weights */
    uint64_t decisions;
    uint64_t longest;
    uint64_t off; /* tolerance, for weight 1 */
};

/* Let it run for a while. If the machine stalls, one turn of a thread may seem to last very long,
 * and the tolerance says little: then it is let run for longer. */
static struct measure measure(void)
{
    struct reading before;
    struct measure m = { 0 };
    uint64_t decisions;
    unsigned tries = 0;

    scheduler.level = true;
    while (scheduler.level) {
        lk_sleep_ms(1);
    }
    before = read_all();
    decisions = scheduler.decisions;
    do {
        lk_sleep_ms(MEASURE_MS);
        struct reading after = read_all();

        m.time = after.at - before.at;
        m.decisions = scheduler.decisions - decisions;
        m.sum = 0;
        m.weights = 0;
        for (unsigned i = 0; i < THREADS; i++) {
            m.cpu[i] = after.cpu[i] - before.cpu[i];
            if (i < SHARES && !shares[i].rests) {
                m.sum += m.cpu[i];
                m.weights += shares[i].weight;
            }
        }
        lk_sleep_ms(2); /* so that the scheduler has seen the turn that was in progress */
        m.longest = scheduler.longest;
        m.off = 2 * scheduler.longest_per_weight;
    } while (m.off * m.weights * PRECISION > m.sum && ++tries < MEASURES);
    return m;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* Tenths of a percent. */
static uint64_t permille(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (part * 1000 + whole / 2) / whole;
}

/* One line of the table. True: within the tolerance. */
static bool tell_share(const struct measure *m, unsigned i)
{
    const struct share *s = &shares[i];
    uint64_t all = 0;

    for (unsigned k = 0; k < SHARES; k++) {
        all += m->cpu[k];
    }
    uint64_t got = permille(m->cpu[i], all);

    if (s->rests) {
        say("  %s        %lu  as it likes  %3lu.%lu %%  %7lu us", s->name, s->weight, got / 10,
            got % 10, m->cpu[i] / 1000);
        return true;
    }
    uint64_t wanted = m->sum * s->weight / m->weights;
    uint64_t off = m->cpu[i] > wanted ? m->cpu[i] - wanted : wanted - m->cpu[i];
    uint64_t share = permille(wanted, all);

    say("  %s        %lu      %3lu.%lu %%  %3lu.%lu %%  %7lu us   off by %lu us of %lu", s->name,
        s->weight, share / 10, share % 10, got / 10, got % 10, m->cpu[i] / 1000, off / 1000,
        m->off * s->weight / 1000);
    return off <= m->off * s->weight;
}

/* The table, and whether all is as it should be. */
static bool tell(const struct measure *m)
{
    uint64_t overhead = permille(m->cpu[SHARES], m->time);
    uint64_t busy = m->cpu[SHARES];
    bool fair = true;

    say("  thread  weight   wanted      got   CPU time");
    for (unsigned i = 0; i < SHARES; i++) {
        fair &= tell_share(m, i);
        busy += m->cpu[i];
    }
    say("  scheduler: %lu decisions in %lu ms, %lu.%lu %% of the time; longest turn %lu us; nobody "
        "ran for %lu us",
        m->decisions, m->time / LK_NSEC_PER_MSEC, overhead / 10, overhead % 10, m->longest / 1000,
        m->cpu[SHARES + 1] / 1000);
    if (!fair) {
        say("NOT AS IT SHOULD BE: a share is off by more than the tolerance");
    }
    if (busy * 100 < m->time * BUSY_PERCENT) {
        say("NOT AS IT SHOULD BE: the CPU stood still for %lu of %lu us", (m->time - busy) / 1000,
            m->time / 1000);
        fair = false;
    }
    return fair;
}

int main(void)
{
    struct share *last = &shares[SHARES - 1];
    struct measure m;
    uint64_t rested;
    bool fair;

    make_all();
    say("five threads that never wait:");
    m = measure();
    fair = tell(&m);

    last->rests = true;
    lk_sleep_ms(4 * (WORK_MS + REST_MS)); /* it has come to rest */
    rested = last->rested;
    say("thread %s waits most of the time now, the others share what it leaves:", last->name);
    m = measure();
    fair &= tell(&m);
    rested = last->rested - rested;
    say("  thread %s worked and rested %lu times, %lu in 100 of what would be without the others",
        last->name, rested, rested * (WORK_MS + REST_MS) * LK_NSEC_PER_MSEC * 100 / m.time);
    if (rested == 0) {
        say("NOT AS IT SHOULD BE: it never ran");
        fair = false;
    }
    say(fair ? "that is the whole story, and all of it is right" : "something was wrong");
    return fair ? 0 : 1;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The team: fuzzers of low priority, the spaces they run in, and a pool of all that they hold, in a
 * run of frames of their own. Now and then the case looks after them: those that faulted or wait go
 * on, what they destroyed is made again. It trusts nothing of theirs and waits for none of them.
 */
#include "team.h"

#define CHECK_TICKS 100
#define TICK_LEAST 20000
#define TICK_VARIES 150000
#define DESTROY_ONE_IN 300
#define STEP_NS 20000
#define LINE_BYTES 1024
#define IRQ_LINES 24
#define FLAG_IF 0x200ull
/* I/O privilege, virtual-8086 mode, virtual interrupts, reserved. */
#define FLAG_NEVER 0x1ab000ull

struct team team;
struct counts counts;

uint64_t team_first_frame;
obj team_context_page[FUZZERS_MOST];
obj team_schedule[PRIORITIES];
static struct context *team_context[FUZZERS_MOST]; /* seen from here */
static obj log_notice;

static void memory_now(uint64_t *frames, uint64_t *objects)
{
    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, frames, objects, NULL, NULL, NULL, NULL));
}

void team_init(void)
{
    find_text();
    team_first_frame = frames_new(FUZZERS_MOST + TEAM_FRAMES);
    for (unsigned i = 0; i < FUZZERS_MOST; i++) {
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, team_first_frame + i, 0, R_T0));
        team_context_page[i] = obj_keep(R_T0);
        map_page(own_space(), WINDOW_VA + i * PAGE, team_context_page[i], 0);
        team_context[i] = (struct context *)(WINDOW_VA + i * PAGE); /* NOLINT */
    }
    make_treasure();
    for (unsigned i = 0; i < PRIORITIES; i++) {
        team_schedule[i] = schedule_new(PRIO_LOW - i / 2, 50000 * (i + 1));
    }
    OK(lk_endpoint_make_app_notice(R_ENDPOINT, 1, R_T0));
    log_notice = obj_keep(R_T0);
    team.shelf = shelf_mark();
    team.pool = team.pool_end = 0;
}

/* What the kernel says of the fuzzers' mistakes is not to be printed: whoever binds to the log is
 * the one who prints, and what was read counts as printed. */
static void quiet(void)
{
    static char text[LINE_BYTES];
    static uint64_t from;
    size_t n;

    do {
        OK(lk_kernlog_read(R_KERNLOG, from, &from, NULL, text, sizeof(text), &n));
    } while (n != 0);
    obj_get(log_notice, R_T0);
    OK(lk_kernlog_bind(R_KERNLOG, 1, R_T0));
}

void team_make(uint64_t seed)
{
    team.seed = seed;
    team.rng = rng_new(seed);
    memset(team.made_in, 0, sizeof(team.made_in));
    team.text_sum = text_sum();
    shelf_back(team.shelf);
    quiet();
    memory_now(&team.frames, &team.objects);
    team.fuzzers = 4 + (unsigned)rng_below(&team.rng, FUZZERS_MOST - 4 + 1);
    team.spaces = 1 + (unsigned)rng_below(&team.rng, team.fuzzers);
    team.pool = shelf_mark();
    make_processes();
    for (unsigned i = 0; i < team.spaces; i++) {
        space_choose(&team.s[i]);
        space_make(&team.s[i]);
    }
    pool_loose();
    make_schedules();
    team.treasure = shelf_mark();
    pool_treasure();
    team.treasure_end = shelf_mark();
    pool_kernel(rng_below(&team.rng, 2) == 0);
    team.pool_end = shelf_mark();
    sort_pool();
    check_graves();
    for (unsigned i = 0; i < team.fuzzers; i++) {
        memset(team_context[i], 0, PAGE);
        give_caps(&team.f[i], 1);
        set_up(&team.f[i]);
    }
}

/* What a fuzzer counted. It may have been overwritten with anything. */
static void gather(struct fuzzer *f, unsigned i)
{
    const struct context *c = team_context[i];

    if (c->calls > f->calls && c->calls - f->calls < 1000000) {
        counts.calls += c->calls - f->calls;
    }
    f->calls = c->calls;
}

/* At the end of a team, where the numbers make sense. */
static void gather_results(void)
{
    for (unsigned i = 0; i < team.fuzzers; i++) {
        const struct context *c = team_context[i];
        uint64_t sum = 0;

        for (unsigned j = 0; j < STATUSES; j++) {
            sum += c->status[j];
        }
        if (sum == c->calls && c->messages + c->notices + c->proxied <= sum) {
            for (unsigned j = 0; j < STATUSES; j++) {
                counts.status[j] += c->status[j];
            }
            counts.messages += c->messages;
            counts.notices += c->notices;
            counts.proxied += c->proxied;
        }
    }
}

/* Registers are such as user level may have, whoever set them. */
static void check_registers(const struct lk_regs *r)
{
    CHECK(r->fs_base < LK_USER_END); /* rip may be where a wild jump went */
    EQ(r->rflags & (FLAG_IF | FLAG_NEVER), FLAG_IF);
}

/* The lines of the log about broken invariants. */
static void say_log(uint64_t from)
{
    char text[LINE_BYTES];
    uint64_t end = log_mark();

    while (from < end) {
        size_t n = 0;

        OK(lk_kernlog_read(R_KERNLOG, from, &from, NULL, text, sizeof(text) - 1, &n));
        if (n == 0) {
            break;
        }
        text[n] = '\0';
        sys_say("%s", text);
    }
}

static void check(void)
{
    uint64_t mark = log_mark();
    unsigned failed = kernel_check();

    counts.checks++;
    if (failed != 0) {
        say_log(mark);
        FAIL("%u invariants of the kernel are broken", failed);
    }
}

/* In the middle of whatever goes on there. */
static void destroy(obj o)
{
    if (kept_type(o) != LK_TYPE_NULL) {
        OK(lk_range_rescind(R_RANGE, R_T0));
        check();
    }
}

/* Those that stopped or wait go on; those that run are left alone, mostly. */
static void look_after(struct fuzzer *f, unsigned i)
{
    uint64_t state = 0;
    uint64_t holds = 0;
    struct lk_regs r;
    size_t n = 0;

    gather(f, i);
    obj_get(f->p, R_T0);
    if (lk_process_get_state(R_T0, &state, &holds, NULL, NULL, NULL, NULL, NULL, &r, sizeof(r),
                             &n) != STATUS_OK) {
        state = LK_STATE_FAULTED;
    } else {
        check_registers(&r);
    }
    if (rng_below(&team.rng, DESTROY_ONE_IN) == 0) {
        destroy(rng_below(&team.rng, 2) == 0 ? f->p : f->endpoint);
    }
    if (state == LK_STATE_READY && holds == 0 && rng_below(&team.rng, 16) != 0) {
        return;
    }
    if (holds != 0 && rng_below(&team.rng, 4) != 0) { /* its handler does not, most of the time */
        release(f);
    }
    if (state == LK_STATE_FAULTED) {
        counts.faults++;
        f->stuck = f->calls == f->calls_at_fault ? f->stuck + 1 : 0;
        f->calls_at_fault = f->calls;
    } else if (rng_below(&team.rng, 3) == 0) {
        return; /* let others end its wait */
    }
    if (f->stuck > 1 || rng_below(&team.rng, 8) == 0) {
        rebuild_if_gone(f);
        set_up(f);
        give_caps(f, 2);
    } else if (kept_type(f->p) == LK_TYPE_PROCESS) {
        give_caps(f, 12);
    }
    begin_fuzzing(f, i);
}

void team_run(unsigned ticks)
{
    OK(lk_sysctl_set_preempt(R_SYSCTL, rng_next(&team.rng) | 1));
    for (unsigned i = 0; i < team.fuzzers; i++) {
        begin_fuzzing(&team.f[i], i);
    }
    for (unsigned tick = 0; tick < ticks; tick++) {
        sleep_ns(TICK_LEAST + rng_below(&team.rng, TICK_VARIES));
        counts.ticks++;
        if (tick % CHECK_TICKS == CHECK_TICKS / 2) {
            check();
            check_all_authority();
        }
        for (unsigned i = 0; i < team.fuzzers; i++) {
            look_after(&team.f[i], i);
        }
        quiet();
    }
    OK(lk_sysctl_set_preempt(R_SYSCTL, 0));
    check();
    gather_results();
}

/* What came of one invocation, if it is over. */
static void count_step(const struct fuzzer *f)
{
    uint64_t state = 0;
    uint64_t fault = 0;
    struct lk_regs r;
    size_t n = 0;

    counts.calls++;
    obj_get(f->p, R_T0);
    if (lk_process_get_state(R_T0, &state, NULL, &fault, NULL, NULL, NULL, NULL, &r, sizeof(r),
                             &n) == STATUS_OK &&
        state == LK_STATE_FAULTED) {
        if (fault == FAULT_BREAKPOINT) {
            counts.status[r.rdi < STATUSES - 1 ? r.rdi : STATUSES - 1]++;
            counts.messages += lk_kind(r.rax) == LK_KIND_MESSAGE;
            counts.proxied += lk_kind(r.rax) >= LK_KIND_PROXIED;
        } else {
            counts.faults++;
        }
    }
}

void team_step(unsigned steps)
{
    for (unsigned step = 0; step < steps; step++) {
        unsigned i = (unsigned)rng_below(&team.rng, team.fuzzers);
        struct fuzzer *f = &team.f[i];
        struct lk_msg m;
        struct lk_regs r;

        rebuild_if_gone(f);
        set_up(f);
        compose(&team.rng, &m);
        r = (struct lk_regs){
            .rax = m.control,
            .rdi = m.w[0],
            .rsi = m.w[1],
            .rdx = m.w[2],
            .rbx = m.w[3],
            .r12 = m.w[4],
            .r13 = m.w[5],
            .r14 = m.w[6],
            .r15 = m.w[7],
            .r8 = m.id,
            .r9 = m.string_len | (uint64_t)m.buffer_size << 32,
            .r10 = (uint64_t)m.string,
            .rbp = (uint64_t)m.buffer,
            .rip = (uint64_t)raw_syscall,
            .rsp = area_va(i) + PAGE - 8,
            .rflags = 0x202,
        };
        sys_at("seed %lu, step %u: fuzzer %u, control %lx, method %lx", team.seed, step, i,
               m.control, m.w[0]);
        CHECK(begin_again(f, &r));
        sleep_ns(STEP_NS);
        check();
        count_step(f);
        if (step % 8 == 0) {
            give_caps(f, 6);
            quiet();
        }
    }
}

void team_end(void)
{
    uint64_t frames, objects;
    uint64_t at = rng_below(&team.rng, TEAM_FRAMES);

    check_all_authority();
    check_treasure();
    bury();
    for (unsigned i = 0; i < TEAM_FRAMES; i++) {
        empty_frame(team_frame() + (at + i) % TEAM_FRAMES);
        if (i == TEAM_FRAMES / 2) {
            check();
        }
    }
    for (unsigned line = 0; line < IRQ_LINES; line++) {
        lk_irqctl_release(R_IRQCTL, line);
    }
    check();
    memory_now(&frames, &objects);
    EQ(frames, team.frames);
    EQ(objects, team.objects);
    EQ(text_sum(), team.text_sum);
    shelf_back(team.shelf);
    quiet();
}

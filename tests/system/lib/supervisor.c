/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The supervisor: runs the cases of the scenario and says how they end. See sys.h.
 *
 * It runs at a higher priority than any process of a case and waits for one of: a word from the
 * case, the fault of one of its processes, or the notice of the clock that time is up.
 */
#include "sys.h"

#define STACK_BYTES 65536
#define LIMIT_MS 20000
#define IRQ_LINES 24
#define CASES_MOST 256
#define SUPER_ID 1

/* How a case ended. */
enum end_kind {
    END_PASS,
    END_FAIL,
    END_SKIP,
    END_FAULT,
    END_WORKER_FAULT,
    END_HANG,
    END_LEAK,
    END_CHECK
};
struct end {
    enum end_kind kind;
    uint64_t fault, info, rip;
    char label[17];
    int64_t frames, objects; /* leaked */
    unsigned broken;         /* invariants */
};

extern const struct sys_case *const __start_sys_cases[], *const __stop_sys_cases[];

const struct sys_case *sys_running;
struct sys_options sys_options;

static struct lk_start start_block = {
    .magic = LK_START_MAGIC,
    .name = "test",
    .self = LK_INIT_SELF,
    .sleep = LK_INIT_SLEEP,
    .kernlog = LK_INIT_KERNLOG,
};
static uint8_t case_stack[STACK_BYTES] __attribute__((aligned(64)));
static uint64_t generation; /* of cases: payload of the supervisor's Entry */

const struct lk_start *lk_start_block(void)
{
    return &start_block;
}

/* ---- The command line ---- */

static const struct lk_boot_info *boot_info(void)
{
    uintptr_t address = LK_INIT_INFO_VA;

    __asm__("" : "+r"(address));
    return (const struct lk_boot_info *)address;
}

/* The value of a word `name=value` ("" for the name alone), or null. Cut at its end. */
static const char *word_value(const char *name)
{
    static char copy[8][sizeof(boot_info()->command_line)];
    static unsigned used;
    const char *at = boot_info()->command_line;
    size_t n = strlen(name);

    while (*at != '\0') {
        const char *end = at;

        while (*end != '\0' && *end != ' ') {
            end++;
        }
        if (strncmp(at, "init.", 5) == 0) {
            at += 5;
        }
        if (strncmp(at, name, n) == 0 && (at[n] == '=' || at + n == end) && used < 8) {
            const char *value = at[n] == '=' ? at + n + 1 : end;

            memcpy(copy[used], value, (size_t)(end - value));
            return copy[used++];
        }
        at = *end == ' ' ? end + 1 : end;
    }
    return NULL;
}

static uint64_t word_number(const char *name, uint64_t otherwise)
{
    const char *value = word_value(name);
    uint64_t n;

    return value != NULL && lk_parse_number(value, &n, NULL) ? n : otherwise;
}

static void read_options(void)
{
    sys_options.pattern = word_value("test");
    sys_options.seed = word_number("seed", 1);
    sys_options.preempt = word_number("seed", 0);
    sys_options.rounds = word_number("rounds", 0);
    sys_options.soak = word_value("soak") != NULL;
    sys_options.nofast = word_value("nofast") != NULL;
    if (sys_options.pattern == NULL || sys_options.pattern[0] == '\0') {
        sys_options.pattern = "*";
    }
}

/* Does the text match a pattern in which * stands for anything? */
static bool matches(const char *pattern, const char *text)
{
    for (; *pattern != '*'; pattern++, text++) {
        if (*pattern != *text) {
            return false;
        }
        if (*pattern == '\0') {
            return true;
        }
    }
    for (;; text++) {
        if (matches(pattern + 1, text)) {
            return true;
        }
        if (*text == '\0') {
            return false;
        }
    }
}

/* A pattern is for the case, or for scenario/case. */
static bool chosen(const struct sys_case *c)
{
    char full[100];

    lk_format(full, sizeof(full), "%s/%s", sys_scenario, c->name);
    if (!matches(sys_options.pattern, c->name) && !matches(sys_options.pattern, full)) {
        return false;
    }
    return !c->slow || sys_options.soak || strcmp(sys_options.pattern, c->name) == 0 ||
           strcmp(sys_options.pattern, full) == 0;
}

/* ---- One case ---- */

_Noreturn void case_begin(void)
{
    sys_running->run();
    case_end(ENDED_PASS);
}

/* The process of the case, in R_A, ready to be resumed. */
static void make_case_process(const struct sys_case *c)
{
    struct lk_regs r = { .rip = (uint64_t)case_begin, .rflags = 0x202 };
    uint64_t low, high;
    obj p, endpoint, reply;

    r.rsp = (uint64_t)(case_stack + sizeof(case_stack)) - 8; /* as if called */
    p = obj_new(LK_TYPE_PROCESS);
    endpoint = endpoint_new(p, 1, false);
    reply = endpoint_new(p, 0, true);
    OK(lk_endpoint_make_entry(R_ENDPOINT, ++generation, R_B));
    obj_get(p, R_A);
    lk_label_pack("case", &low, &high);
    OK(lk_process_set_label(R_A, low, high));
    for (unsigned i = R_SPACE; i <= R_DEVICES; i++) {
        OK(lk_process_swap_cap_reg(R_A, i, i, 0));
    }
    OK(lk_process_swap_cap_reg(R_A, R_SHELF, R_SHELF, 0));
    OK(lk_process_swap_cap_reg(R_A, R_SHELF + 1, R_SHELF + 1, 0));
    OK(lk_process_swap_cap_reg(R_A, R_SELF, R_A, 0));
    OK(lk_process_swap_cap_reg(R_A, R_SUPER, R_B, 0));
    OK(lk_process_swap_slot(R_A, SLOT_HANDLER, R_B, 0));
    proc_cap(p, R_ENDPOINT, endpoint);
    proc_cap(p, R_REPLY, reply);
    proc_slot(p, SLOT_REPLY_ENDPOINT, reply);
    proc_slot(p, SLOT_SCHEDULE, schedule_of(PRIO_CASE));
    if (c->own_space) {
        obj space = space_new();

        proc_slot(p, SLOT_ADDR_SPACE, space);
        proc_cap(p, R_SPACE, space);
    } else {
        proc_slot(p, SLOT_ADDR_SPACE, own_space());
    }
    proc_set_regs(p, &r);
    obj_get(p, R_A);
}

/* What a message or notice means for the case that runs. False: nothing, wait on. */
static bool judge_message(const struct lk_in *in, uint64_t deadline, struct end *end)
{
    if (lk_kind(in->delivery) == LK_KIND_NOTICE) {
        end->kind = END_HANG;
        return now() >= deadline;
    }
    if (lk_kind(in->delivery) != LK_KIND_MESSAGE || in->payload != generation) {
        return false;
    }
    if (in->w[0] == LK_FAULT_MESSAGE) {
        end->kind = reg_same(R_A, R_C) ? END_FAULT : END_WORKER_FAULT;
        end->fault = in->w[1];
        end->info = in->w[2];
        end->rip = in->w[3];
        lk_label_unpack(in->w[6], in->w[7], end->label);
        return true;
    }
    end->kind = in->w[0] == ENDED_PASS ? END_PASS : in->w[0] == ENDED_SKIP ? END_SKIP : END_FAIL;
    return true;
}

static struct end wait_for_end(const struct sys_case *c)
{
    uint64_t deadline = now() + (c->ms != 0 ? c->ms : LIMIT_MS) * NSEC_PER_MSEC;
    struct end end = { 0 };
    struct lk_in in;

    OK(lk_sleep_notice_at(R_SLEEP, deadline, 1));
    do {
        in = lk_wait(R_C);
    } while (!judge_message(&in, deadline, &end));
    OK(lk_sleep_notice_at(R_SLEEP, UINT64_MAX, 0));
    return end;
}

/* Nothing of the case is left: not its objects, nor what it did to the machine. */
static void clean_up(void)
{
    arena_empty();
    OK(lk_sysctl_set_preempt(R_SYSCTL, 0));
    OK(lk_kernlog_bind(R_KERNLOG, 0, 0));
    for (unsigned i = 0; i < IRQ_LINES; i++) {
        lk_irqctl_release(R_IRQCTL, i);
    }
}

static struct end run_case(const struct sys_case *c)
{
    uint64_t free_before, objects_before, free_after, objects_after;
    struct end end;

    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, &free_before, &objects_before, NULL, NULL, NULL, NULL));
    arena_reset();
    process_reset();
    space_reset();
    memset(&sys_report, 0, sizeof(sys_report));
    shelf_new();
    sys_running = c;
    make_case_process(c);
    OK(lk_sysctl_set_preempt(R_SYSCTL, c->steady ? 0 : sys_options.preempt));
    OK(lk_sysctl_set_fast_path(R_SYSCTL, !sys_options.nofast)); /* a case may have left it off */
    OK(lk_process_resume(R_A, 1));
    end = wait_for_end(c);
    clean_up();
    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, &free_after, &objects_after, NULL, NULL, NULL, NULL));
    end.frames = (int64_t)(free_before - free_after);
    end.objects = (int64_t)(objects_after - objects_before);
    end.broken = kernel_check();
    if (end.broken != 0) {
        end.kind = END_CHECK;
    } else if (end.frames != 0 || end.objects != 0) {
        end.kind = END_LEAK;
    }
    return end;
}

/* ---- Saying how it went ---- */

/* Is this end the one that the case declares? */
static bool as_declared(const struct sys_case *c, const struct end *end)
{
    if (c->fault == FAULT_NONE) {
        return end->kind == END_PASS;
    }
    return end->kind == END_FAULT && end->fault == c->fault &&
           (!c->has_info || end->info == c->info);
}

static void say_how_to_repeat(const struct sys_case *c)
{
    const char *run = sys_options.soak ? "soak" : "test";
    char rounds[32] = "";

    if (sys_options.rounds != 0) {
        lk_format(rounds, sizeof(rounds), " --rounds=%lu", sys_options.rounds);
    }
    if (sys_options.preempt != 0) {
        sys_say("# to repeat: make %s T='%s/%s --seed=%lu%s'", run, sys_scenario, c->name,
                sys_options.seed, rounds);
    } else {
        sys_say("# to repeat: make %s T='%s/%s%s'", run, sys_scenario, c->name, rounds);
    }
}

static void say_end(const struct sys_case *c, const struct end *end)
{
    switch (end->kind) {
    case END_PASS:
        sys_say("# it returned, and was to end with fault %lu (%s)", c->fault,
                lk_fault_text(c->fault));
        break;
    case END_FAIL:
        sys_say("# %s:%d: %s", sys_report.file, sys_report.line, sys_report.text);
        break;
    case END_FAULT:
    case END_WORKER_FAULT:
        sys_say("# '%s' took fault %lu (%s), info %lx, at instruction %lx", end->label, end->fault,
                lk_fault_text(end->fault), end->info, end->rip);
        break;
    case END_HANG:
        sys_say("# hang: not over within %u ms", c->ms != 0 ? c->ms : LIMIT_MS);
        break;
    case END_LEAK:
        sys_say("# leak: %ld frames, %ld objects", end->frames, end->objects);
        break;
    case END_CHECK:
        sys_say("# %u invariants of the kernel are broken, see above", end->broken);
        break;
    case END_SKIP:
        break;
    }
    if (sys_report.at[0] != '\0') {
        sys_say("# it was at: %s", sys_report.at);
    }
    say_how_to_repeat(c);
}

/* Run it and print its line, and before it why, if it failed; whether it passed. */
static bool run_and_say(const struct sys_case *c, unsigned number)
{
    struct end end = run_case(c);
    bool good = as_declared(c, &end) || end.kind == END_SKIP;

    if (!good) {
        say_end(c, &end);
    }
    sys_say("%s %u - %s/%s: %s%s%s", good ? "ok" : "not ok", number, sys_scenario, c->name, c->text,
            end.kind == END_SKIP ? " # SKIP " : "", end.kind == END_SKIP ? sys_report.text : "");
    return good;
}

/* ---- The framework's own case ---- */

static void returns(void)
{
}

static void checks_wrongly(void)
{
    EQ(1, 2);
}

static void stops_with_fault(void)
{
    __asm__ volatile("ud2");
}

static void hangs(void)
{
    lk_park();
}

static uint64_t leaked_frame;

/* Makes a page where nobody will look for it. */
static void leaks(void)
{
    struct arena_use a = arena_use();
    uint64_t frames = 0;

    OK(lk_range_get_info(R_RANGE, 0, &frames, NULL));
    for (uint64_t f = frames; f-- > 0;) {
        if (f - a.first >= a.frames &&
            lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, f, 0, R_A) == STATUS_OK) {
            leaked_frame = f;
            return;
        }
    }
    FAIL("no free frame outside of the arena");
}

static void worker_fails(void *arg)
{
    (void)arg;
    EQ(3, 4);
}

static void has_failing_worker(void)
{
    worker_start(worker_new(PRIO_LOW, worker_fails, NULL));
    lk_park();
}

static void worker_faults(void *arg)
{
    (void)arg;
    __asm__ volatile("int3");
}

static void has_faulting_worker(void)
{
    worker_start(worker_new(PRIO_HIGH, worker_faults, NULL));
    lk_park();
}

static bool framework_sees(void (*run)(void), enum end_kind kind, uint64_t fault)
{
    struct sys_case c = { .name = "framework", .text = "", .run = run, .ms = 200 };
    struct end end = run_case(&c);

    if (end.kind != kind || end.fault != fault) {
        sys_say("# framework: end %d, fault %lu, not %d, %lu", (int)end.kind, end.fault, (int)kind,
                fault);
        say_end(&c, &end);
        return false;
    }
    return true;
}

/* A pass, and every kind of failure, are seen for what they are. */
static bool framework_works(void)
{
    bool works = framework_sees(returns, END_PASS, 0);

    works &= framework_sees(checks_wrongly, END_FAIL, 0);
    works &= framework_sees(stops_with_fault, END_FAULT, FAULT_INVALID_OPCODE);
    works &= framework_sees(hangs, END_HANG, 0);
    works &= framework_sees(has_failing_worker, END_FAIL, 0);
    works &= framework_sees(has_faulting_worker, END_WORKER_FAULT, FAULT_BREAKPOINT);
    works &= framework_sees(leaks, END_LEAK, 0);
    OK(lk_range_rescind_at(R_RANGE, leaked_frame, 0));
    works &= framework_sees(returns, END_PASS, 0);
    sys_say("%s 1 - %s/framework: every kind of end is seen for what it is",
            works ? "ok" : "not ok", sys_scenario);
    return works;
}

/* ---- All of them ---- */

/* The cases in the order of the source; the linker keeps none. */
static unsigned gather(const struct sys_case *list[CASES_MOST])
{
    unsigned n = 0;

    for (const struct sys_case *const *c = __start_sys_cases; c < __stop_sys_cases; c++) {
        unsigned at = n;

        CHECK(n < CASES_MOST);
        for (; at > 0; at--) {
            int order = strcmp(list[at - 1]->file, (*c)->file);

            if (order < 0 || (order == 0 && list[at - 1]->line < (*c)->line)) {
                break;
            }
            list[at] = list[at - 1];
        }
        list[at] = *c;
        n++;
    }
    return n;
}

int main(void)
{
    static const struct sys_case *list[CASES_MOST];
    unsigned run = 1;
    unsigned failed;
    unsigned n;

    read_options();
    arena_find();
    n = gather(list);
    failed = framework_works() ? 0 : 1;
    for (unsigned i = 0; i < n; i++) {
        if (chosen(list[i])) {
            failed += run_and_say(list[i], ++run) ? 0 : 1;
        }
    }
    sys_say("1..%u", run);
    sys_say("# %s: %u passed, %u failed", sys_scenario, run - failed, failed);
    lk_sysctl_halt(R_SYSCTL, failed == 0 ? 0 : 1);
    return 1;
}

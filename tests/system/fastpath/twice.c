/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is noted the first time is kept, and compared with the second time as it comes.
 */
#include "twice.h"

#define NOTES 65536u
#define GPT_SLOTS 16

/* Of the first run, and how many; of the one under way. */
static uint64_t kept[NOTES];
static unsigned kept_notes, notes, step;
static bool compares;
static const char *of_whom, *does;

obj actor_new_in(obj space, unsigned priority, const char *label)
{
    obj p = proc_new_in(space, priority);
    uint64_t low, high;

    lk_label_pack(label, &low, &high);
    obj_get(p, R_T0);
    OK(lk_process_set_label(R_T0, low, high));
    return p;
}

obj actor_new(unsigned priority, const char *label)
{
    return actor_new_in(own_space(), priority, label);
}

static void note_of(const char *who, const char *what, unsigned i, uint64_t value)
{
    if (notes == NOTES) {
        FAIL("more is noted than there is room for");
    }
    if (!compares) {
        kept[notes] = value;
    } else if (notes >= kept_notes || kept[notes] != value) {
        FAIL("step %u, %s: %s, %s %u is %lx with the fast path and %lx without", step, does, who,
             what, i, kept[notes], value);
    }
    notes++;
}

void note_step(const char *what)
{
    step++;
    does = what;
}

void note(const char *what, unsigned i, uint64_t value)
{
    note_of("the play", what, i, value);
}

/* What is in a register of the case. The count of its object differs between two runs. */
static void note_cap(unsigned reg, const char *what, unsigned i)
{
    uint64_t low = 0;
    uint64_t high = 0;

    OK(lk_capbits_get(R_CAPBITS, reg, &low, &high));
    note_of(of_whom, what, i, low);
    note_of(of_whom, what, i, high & UINT32_MAX);
}

static bool is_gone(obj o, unsigned type)
{
    obj_get(o, R_T0);
    if (reg_type(R_T0) == type) {
        return false;
    }
    note_of(of_whom, "gone", 0, 1);
    return true;
}

static void note_words(const char *what, const void *at, size_t bytes)
{
    const uint64_t *word = at;

    for (unsigned i = 0; i < bytes / sizeof(*word); i++) {
        note_of(of_whom, what, i, word[i]);
    }
}

static void note_wait(void)
{
    uint64_t w[6] = { 0 };

    OK(lk_process_get_wait(R_T0, &w[0], &w[1], &w[2], &w[3], NULL, &w[5]));
    note_words("wait", w, sizeof(w));
}

/* All that is counted of notices and proxied messages. */
static void note_preemption(void)
{
    struct lk_preemption n;

    OK(lk_process_get_preemption(R_T0, &n, sizeof(n), NULL));
    for (unsigned i = 0; i < LK_HOLDS; i++) {
        n.hold_since[i] = n.hold_since[i] != 0;
    }
    n.deferred_since = n.deferred_since != 0;
    note_words("preemption", &n, sizeof(n));
}

static void note_state(obj p)
{
    struct pstate s = proc_state(p);

    s.cpu = 0;
    note_words("state", &s, sizeof(s));
}

void note_registers(obj p, const char *who)
{
    of_whom = who;
    if (!is_gone(p, LK_TYPE_PROCESS)) {
        note_state(p);
    }
}

void note_process(obj p, const char *who)
{
    of_whom = who;
    if (is_gone(p, LK_TYPE_PROCESS)) {
        return;
    }
    note_state(p);
    note_wait();
    note_preemption();
    for (unsigned i = 0; i < LK_CAP_REGS; i++) {
        OK(lk_process_get_cap_reg(R_T0, i, R_T1));
        note_cap(R_T1, "capability register", i);
    }
    for (unsigned i = SLOT_ADDR_SPACE; i <= SLOT_CONTROL_PAGE; i++) {
        OK(lk_process_get_slot(R_T0, i, R_T1));
        note_cap(R_T1, "slot", i);
    }
}

void note_fpu(obj p, const char *who)
{
    static uint64_t image[512 / sizeof(uint64_t)];

    of_whom = who;
    if (is_gone(p, LK_TYPE_PROCESS)) {
        return;
    }
    OK(lk_process_get_fpu(R_T0, image, sizeof(image), NULL));
    note_words("FPU", image, sizeof(image));
}

void note_endpoint(obj e, const char *who)
{
    uint64_t s[3] = { 0 };

    of_whom = who;
    if (is_gone(e, LK_TYPE_ENDPOINT)) {
        return;
    }
    OK(lk_endpoint_get_state(R_T0, &s[0], &s[1], &s[2]));
    note_words("endpoint", s, sizeof(s));
}

void note_gpt(obj g, const char *who)
{
    uint64_t s[2] = { 0 };

    of_whom = who;
    if (is_gone(g, LK_TYPE_GPT)) {
        return;
    }
    OK(lk_gpt_get_state(R_T0, &s[0], &s[1]));
    note_words("GPT", s, sizeof(s));
    for (unsigned i = 0; i < GPT_SLOTS; i++) {
        OK(lk_gpt_get_slot(R_T0, i, R_T1));
        note_cap(R_T1, "slot", i);
    }
}

void note_memory(const void *at, size_t bytes, const char *who)
{
    const uint8_t *byte = at;
    uint64_t sum = 0;

    for (size_t i = 0; i < bytes; i++) {
        sum = sum * 31 + byte[i];
    }
    note_of(who, "sum of memory", 0, sum);
}

static uint64_t faults_so_far(void)
{
    uint64_t faults = 0;

    OK(lk_sysctl_get_stats(R_SYSCTL, NULL, NULL, NULL, NULL, NULL, NULL, &faults));
    return faults;
}

void play_twice(void (*play)(const void *arg), const void *arg)
{
    unsigned mark;
    uint64_t frames, faults;

    if (!sys_turn()) {
        return;
    }
    parking_entry();
    own_space();
    for (unsigned i = PRIO_HIGH - 2; i <= PRIO_HIGH + 2; i++) {
        schedule_of(i);
    }
    mark = shelf_mark();
    frames = frames_mark();
    kept_notes = 0;
    for (unsigned i = 0; i < 2; i++) {
        OK(lk_sysctl_set_fast_path(R_SYSCTL, i == 0));
        notes = step = 0;
        compares = i != 0;
        does = "the beginning";
        faults = faults_so_far();
        play(arg);
        note("faults", 0, faults_so_far() - faults);
        if (!compares) {
            kept_notes = notes;
        }
        EQ(notes, kept_notes);
        EQ(kernel_check(), 0);
        shelf_back(mark);
        frames_back(frames);
    }
}

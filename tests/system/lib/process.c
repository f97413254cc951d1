/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Raw processes and workers.
 */
#include "sys.h"

#define WORKERS 24
#define STACK_BYTES 16384

extern char worker_entry[]; /* raw.S */
_Noreturn void worker_over(void);

static uint8_t stacks[WORKERS][STACK_BYTES] __attribute__((aligned(64)));
static unsigned workers;
static unsigned processes;
static obj parking; /* Entry + 1 */

void process_reset(void)
{
    workers = 0;
    processes = 0;
    parking = 0;
}

void process_forget(obj from)
{
    parking = parking > from ? 0 : parking;
}

/* The endpoint where faults of raw processes wait. Its recipient exists, and never runs. */
obj parking_entry(void)
{
    if (parking == 0) {
        obj nobody, endpoint;

        /* In a frame of its own, which is emptied last: no fault is told twice at the end. */
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_PROCESS, frames_new(1), 0, R_T0));
        nobody = obj_keep(R_T0);
        endpoint = endpoint_new(nobody, 1, false);
        obj_get(nobody, R_T0);
        OK(lk_process_set_label(R_T0, 0x676e696b726170ull, 0)); /* "parking" */
        parking = entry_new(endpoint, 0) + 1;
    }
    return parking - 1;
}

/* A process in the space whose capability is in R_T2: label "pN". */
static obj process_in_reg_space(unsigned priority)
{
    obj p = obj_new(LK_TYPE_PROCESS);
    char label[17];
    uint64_t low, high;

    obj_get(p, R_T0);
    OK(lk_process_swap_slot(R_T0, SLOT_ADDR_SPACE, R_T2, 0));
    lk_format(label, sizeof(label), "p%u", processes++);
    lk_label_pack(label, &low, &high);
    OK(lk_process_set_label(R_T0, low, high));
    proc_slot(p, SLOT_SCHEDULE, schedule_of(priority));
    return p;
}

obj proc_new_in(obj space, unsigned priority)
{
    obj p;

    obj_get(space, R_T2);
    p = process_in_reg_space(priority);
    proc_slot(p, SLOT_HANDLER, parking_entry());
    return p;
}

obj proc_new(unsigned priority)
{
    return proc_new_in(own_space(), priority);
}

void proc_cap(obj p, unsigned reg, obj cap)
{
    obj_get(p, R_T0);
    obj_get(cap, R_T1);
    OK(lk_process_swap_cap_reg(R_T0, reg, R_T1, 0));
}

void proc_slot(obj p, unsigned slot, obj cap)
{
    obj_get(p, R_T0);
    obj_get(cap, R_T1);
    OK(lk_process_swap_slot(R_T0, slot, R_T1, 0));
}

void proc_get_cap(obj p, unsigned reg, unsigned to)
{
    obj_get(p, R_T0);
    OK(lk_process_get_cap_reg(R_T0, reg, to));
}

struct pstate proc_state(obj p)
{
    struct pstate s = { 0 };
    size_t length = 0;

    obj_get(p, R_T0);
    OK(lk_process_get_state(R_T0, &s.run_state, &s.holds, &s.fault, &s.info, &s.cpu, &s.notices,
                            &s.flags, &s.r, sizeof(s.r), &length));
    EQ(length, sizeof(s.r));
    return s;
}

uint64_t proc_wait_kind(obj p)
{
    uint64_t kind = 0;

    obj_get(p, R_T0);
    OK(lk_process_get_wait(R_T0, &kind, NULL, NULL, NULL, NULL, NULL));
    return kind;
}

void proc_set_regs(obj p, const struct lk_regs *r)
{
    struct pstate s = proc_state(p);

    OK(lk_process_set_regs(R_T0, s.run_state, r, sizeof(*r)));
}

void proc_resume(obj p)
{
    obj_get(p, R_T0);
    OK(lk_process_resume(R_T0, 1));
}

uint64_t proc_hold(obj p, unsigned hold)
{
    uint64_t old = UINT64_MAX;

    obj_get(p, R_T0);
    OK(lk_process_set_not_schedulable(R_T0, hold, &old));
    return old;
}

uint64_t proc_release(obj p, unsigned hold)
{
    uint64_t old = UINT64_MAX;

    obj_get(p, R_T0);
    OK(lk_process_clear_not_schedulable(R_T0, hold, &old));
    return old;
}

obj proc_reply_endpoint(obj p, uint64_t id)
{
    obj e = endpoint_new(p, id, true);

    proc_slot(p, SLOT_REPLY_ENDPOINT, e);
    return e;
}

/* ---- Raw processes ---- */

struct lk_regs raw_regs(uint64_t control)
{
    return (struct lk_regs){
        .rax = control,
        .rip = (uint64_t)raw_syscall,
        .rsp = 0x10,
        .rflags = 0x202,
    };
}

void raw_go(obj p, const struct lk_regs *r)
{
    struct pstate s;
    enum status status;

    do { /* a timer may have ended its wait in between */
        s = proc_state(p);
        status = lk_process_set_regs(R_T0, s.run_state, r, sizeof(*r));
    } while (status == STATUS_STATE_CHANGED);
    OK(status);
    if (s.run_state == LK_STATE_FAULTED) {
        proc_resume(p);
    }
}

void raw_do(obj p, uint64_t control)
{
    struct lk_regs r = raw_regs(control);

    raw_go(p, &r);
}

void raw_do_word(obj p, uint64_t control, uint64_t w0)
{
    struct lk_regs r = raw_regs(control);

    r.rdi = w0;
    raw_go(p, &r);
}

bool raw_done(obj p)
{
    struct pstate s = proc_state(p);

    return s.run_state == LK_STATE_FAULTED && s.fault == FAULT_BREAKPOINT &&
           s.r.rip == (uint64_t)raw_after + 1;
}

struct lk_regs raw_result(obj p)
{
    struct pstate s = proc_state(p);

    if (s.run_state != LK_STATE_FAULTED || s.fault != FAULT_BREAKPOINT) {
        FAIL(
            "process on shelf %d is not behind its system call: run state %lu, fault %lu (%s) info "
            "%lx, rip %lx",
            p, s.run_state, s.fault, lk_fault_text(s.fault), s.info, s.r.rip);
    }
    EQ(s.r.rip, (uint64_t)raw_after + 1);
    return s.r;
}

void raw_faulted(obj p, uint64_t fault, uint64_t info)
{
    struct pstate s = proc_state(p);

    if (s.run_state != LK_STATE_FAULTED || s.fault != fault || s.info != info) {
        FAIL("process on shelf %d: run state %lu, fault %lu (%s) info %lx, not fault %lu info %lx",
             p, s.run_state, s.fault, lk_fault_text(s.fault), s.info, fault, info);
    }
    EQ(s.r.rip, (uint64_t)raw_syscall);
}

/* ---- Workers ---- */

struct worker worker_new_in(obj space, unsigned priority, void (*fn)(void *), void *arg)
{
    static const unsigned shared[] = { R_SLEEP, R_SYSCTL, R_DISCRIM, R_IOPRIV, R_KERNLOG };
    struct lk_regs r = { .rip = (uint64_t)worker_entry, .rflags = 0x202 };
    struct worker w;

    if (workers == WORKERS) {
        FAIL("too many workers");
    }
    r.rdi = (uint64_t)fn;
    r.rsi = (uint64_t)arg;
    r.rsp = (uint64_t)(stacks[workers++] + STACK_BYTES);
    obj_get(space, R_T2);
    w.p = process_in_reg_space(priority);
    w.endpoint = endpoint_new(w.p, 1, false);
    w.reply = proc_reply_endpoint(w.p, 0);
    proc_cap(w.p, R_SELF, w.p);
    proc_cap(w.p, R_ENDPOINT, w.endpoint);
    proc_cap(w.p, R_REPLY, w.reply);
    obj_get(w.p, R_T0);
    for (unsigned i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
        OK(lk_process_swap_cap_reg(R_T0, shared[i], shared[i], 0));
    }
    OK(lk_process_swap_cap_reg(R_T0, R_SUPER, R_SUPER, 0));
    OK(lk_process_swap_slot(R_T0, SLOT_HANDLER, R_SUPER, 0));
    proc_set_regs(w.p, &r);
    return w;
}

struct worker worker_new(unsigned priority, void (*fn)(void *), void *arg)
{
    return worker_new_in(own_space(), priority, fn, arg);
}

void worker_start(struct worker w)
{
    proc_resume(w.p);
}

_Noreturn void worker_over(void)
{
    for (;;) {
        lk_park();
    }
}

/* ---- Time ---- */

uint64_t now(void)
{
    uint64_t t = 0;

    OK(lk_sleep_now(R_SLEEP, &t));
    return t;
}

void sleep_ns(uint64_t ns)
{
    OK(lk_sleep_sleep_until(R_SLEEP, now() + ns, NULL));
}

struct lk_in invoke(uint64_t control, uint64_t id, const uint64_t w[LK_MAX_WORDS])
{
    struct lk_msg m = { .control = control, .id = id };
    struct lk_in in;

    memcpy(m.w, w, sizeof(m.w));
    lk_invoke(&m);
    in.delivery = m.delivery;
    in.id = m.id;
    in.payload = m.payload;
    memcpy(in.w, m.w, sizeof(in.w));
    return in;
}

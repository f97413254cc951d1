/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a system test scenario is made of.
 *
 * A scenario is a program that the kernel starts as `init`, so that it holds every initial
 * capability. Its main() (supervisor.c) runs one case after the other, each in a process of its own
 * that shares the address space and has copies of all those capabilities. A fault of a case is its
 * end like any other: a case says how it is to end, by default by returning. After each case the
 * supervisor destroys every object that it made, counts free frames and live objects (a difference
 * is a leak), and has the kernel check its invariants.
 *
 * A case makes further processes, of two kinds. A *raw* process executes a single `syscall` with
 * registers that the case chose, then a breakpoint; what the kernel left in its registers is read
 * from outside. A *worker* runs a C function. Raw processes run at a higher priority than the case,
 * so that whatever they can do is done when raw_go() returns.
 *
 * Output is TAP on the first serial port.
 */
#pragma once

#include <abi/init.h>
#include <lykos/lykos.h>
#include <stdbool.h>

/* ---- Capability registers of a case. 1..12 and 15 are as in <abi/init.h>. ---- */
#define R_SELF LK_INIT_SELF
#define R_SPACE LK_INIT_SPACE
#define R_RANGE LK_INIT_RANGE
#define R_SCHEDULE LK_INIT_SCHEDULE
#define R_SCHEDCTL LK_INIT_SCHEDCTL
#define R_SLEEP LK_INIT_SLEEP
#define R_IRQCTL LK_INIT_IRQCTL
#define R_IOPRIV LK_INIT_IOPRIV
#define R_KERNLOG LK_INIT_KERNLOG
#define R_DISCRIM LK_INIT_DISCRIM
#define R_CAPBITS LK_INIT_CAPBITS
#define R_SYSCTL LK_INIT_SYSCTL
#define R_REPLY LK_INIT_REPLY       /* its own reply endpoint, ID 0 */
#define R_ENDPOINT LK_INIT_ENDPOINT /* its own endpoint, ID 1 */
#define R_DEVICES LK_INIT_DEVICES   /* the Range of device frames */
#define R_A 16                      /* 16..25: free, for the case */
#define R_B 17
#define R_C 18
#define R_D 19
#define R_E 20
#define R_F 21
#define R_G 22
#define R_H 23
#define R_I 24
#define R_J 25
#define R_T0 26 /* 26..28: used by the functions below */
#define R_T1 27
#define R_T2 28
#define R_SUPER 29 /* Entry of the supervisor */
#define R_SHELF 30 /* 30, 31: the shelf, two CapPages */
#define R_SHELVES 2

/* ---- Priorities. ---- */
#define PRIO_SUPER 200
#define PRIO_HIGH 140 /* raw processes, unless said otherwise */
#define PRIO_CASE 100
#define PRIO_LOW 60

#define NSEC_PER_MSEC 1000000ull
#define PAGE 4096ull

/* ---- Cases. ---- */
struct sys_case {
    const char *name;
    const char *text; /* what holds if it passes */
    const char *file;
    int line;
    void (*run)(void);
    uint64_t fault; /* the case ends with this fault; FAULT_NONE: it returns */
    bool has_info;  /* and with this information word */
    uint64_t info;
    unsigned ms;    /* of the guest's clock after which it hangs; 0: 20 s */
    bool own_space; /* runs in a root of its own over the same program */
    bool slow;      /* only if the command line names it, or with `soak` */
    bool steady;    /* not to be run with random preemption: it is about who runs when */
};

/* CASE(name, .text = "...", ...) { body } */
#define CASE(id, ...)                                                                              \
    static void id##_run(void);                                                                    \
    static const struct sys_case id##_case = {                                                     \
        .name = #id, .file = __FILE__, .line = __LINE__, .run = id##_run, __VA_ARGS__              \
    };                                                                                             \
    static const struct sys_case *const id##_record __attribute__((used, section("sys_cases"))) =  \
        &id##_case;                                                                                \
    static void id##_run(void)

/* Each scenario defines its name. */
extern const char sys_scenario[];

/* From the command line. */
struct sys_options {
    const char *pattern; /* which cases */
    uint64_t seed;       /* of random cases */
    uint64_t rounds;     /* of random cases: 0: as many as suit `make test` */
    uint64_t preempt;    /* seed of random preemption, 0: none. Whoever gives a seed gets it */
    bool soak;
    bool nofast; /* the fast path is off, but where a case switches it on */
};
extern struct sys_options sys_options;

/* ---- Judging. A failure ends the case, whichever of its processes finds it. ---- */
#define CHECK(e) ((e) ? (void)0 : sys_fail(__FILE__, __LINE__, "%s", #e))
#define EQ(a, b) sys_equal(__FILE__, __LINE__, #a " == " #b, (uint64_t)(a), (uint64_t)(b))
#define OK(e) sys_status(__FILE__, __LINE__, #e, (e), STATUS_OK)
#define STATUS(e, want) sys_status(__FILE__, __LINE__, #e, (e), (want))
#define FAIL(...) sys_fail(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void sys_fail(const char *file, int line, const char *format, ...) LK_PRINTF_LIKE(3, 4);
void sys_equal(const char *file, int line, const char *text, uint64_t a, uint64_t b);
void sys_status(const char *file, int line, const char *text, uint64_t got, uint64_t want);
/* What a loop is at: shown with a failure. */
void sys_at(const char *format, ...) LK_PRINTF_LIKE(1, 2);
/* Is this one to be done, of the many that a case goes through? All are in the soak; else one of
 * two, and with a seed one of three, by the seed: the same ones for a seed, and those of three
 * seeds in a row are all. */
bool sys_turn(void);
/* The case does not apply on this machine. */
_Noreturn void sys_skip(const char *why);
/* A line of comment in the output. Any process of the case that has R_IOPRIV. */
void sys_say(const char *format, ...) LK_PRINTF_LIKE(1, 2);

/* ---- Objects. Only the process of the case makes them. All are kept on the shelf. ---- */
typedef int obj;
#define NO_OBJ (-1)

obj obj_new(unsigned type);
/* A new object that is not kept: its capability comes to a register. */
void obj_new_in(unsigned type, unsigned reg);
/* A whole frame for the use of the case: its offset in R_RANGE. `n` frames in a row. */
uint64_t frames_new(unsigned n);
/* Keep what is in a register; the other way; replace what is kept. */
obj obj_keep(unsigned reg);
void obj_get(obj o, unsigned reg);
void obj_put(obj o, unsigned reg);
/* Destroy the object. */
void obj_rescind(obj o);
/* Forget what was kept since the mark, so that its places on the shelf can be used again. */
unsigned shelf_mark(void);
void shelf_back(unsigned mark);
/* Destroy what stands in frames that were taken since the mark, and use those frames again. */
uint64_t frames_mark(void);
void frames_back(uint64_t mark);
/* Type code of what is in a register, by Discrim: 0 if Null or invalid. Are two the same? */
uint64_t reg_type(unsigned reg);
bool reg_same(unsigned a, unsigned b);
/* Any invocation, from parts; without strings. */
struct lk_in invoke(uint64_t control, uint64_t id, const uint64_t w[LK_MAX_WORDS]);

obj page_new(void);
obj schedule_of(unsigned priority); /* slice 10 s: no round robin */
obj schedule_new(unsigned priority, uint64_t slice);
obj endpoint_new(obj recipient, uint64_t id, bool match); /* NO_OBJ: no recipient */
obj entry_new(obj endpoint, uint64_t payload);
obj notice_new(obj endpoint, uint32_t mask);
#define SELF (-2) /* as recipient: the case itself */

/* ---- Processes. ---- */
struct pstate {
    uint64_t run_state, holds, fault, info, cpu, notices, flags;
    struct lk_regs r;
};

/* A process that was never started: space and handler as below, no reply endpoint. Its faults go to
 * an endpoint where nobody ever receives, so it stays stopped and can be looked at. */
obj proc_new(unsigned priority);
obj proc_new_in(obj space, unsigned priority);
void proc_cap(obj p, unsigned reg, obj cap);   /* NO_OBJ: Null */
void proc_slot(obj p, unsigned slot, obj cap); /* NO_OBJ: Null */
void proc_get_cap(obj p, unsigned reg, unsigned to);
struct pstate proc_state(obj p);
uint64_t proc_wait_kind(obj p);
void proc_set_regs(obj p, const struct lk_regs *r); /* in whatever state it is */
void proc_resume(obj p);
/* Both return the byte of holds as it was before. */
uint64_t proc_hold(obj p, unsigned hold);
uint64_t proc_release(obj p, unsigned hold);
/* Gives it a reply endpoint with this ID. */
obj proc_reply_endpoint(obj p, uint64_t id);

/* What a process looks like from outside, but for its CPU time: all zero if it is gone. */
struct look {
    struct pstate s;
    uint64_t wait;
    uint64_t types[LK_CAP_REGS]; /* of what its capability registers hold */
};
void look_at(obj p, struct look *l);
void look_same(const struct look *a, const struct look *b, const char *who);

/* Raw processes. */
extern char raw_syscall[], raw_after[];      /* raw.S */
struct lk_regs raw_regs(uint64_t control);   /* all else 0, rip at the `syscall` */
void raw_go(obj p, const struct lk_regs *r); /* set the registers and let it run */
void raw_do(obj p, uint64_t control);        /* the same with raw_regs(control) */
void raw_do_word(obj p, uint64_t control, uint64_t w0);
bool raw_done(obj p);             /* behind its system call */
struct lk_regs raw_result(obj p); /* its registers then; fails if it is not there */
void raw_faulted(obj p, uint64_t fault,
                 uint64_t info); /* fails unless it stopped so, at its `syscall` */
/* Entry that names the endpoint where nobody receives. */
obj parking_entry(void);

/* Registers full of canaries: each register of each `who` has a value of its own. Only what the
 * system call needs is to be set afterwards. */
struct lk_regs canary_regs(uint64_t control, unsigned who);
void canary_words(struct lk_regs *r, const uint64_t w[LK_MAX_WORDS]);
void regs_words(const struct lk_regs *r, uint64_t w[LK_MAX_WORDS]);
/* `after` is what an invocation that receives nothing leaves of `before`: the result, and nothing
 * else changed. */
void canary_kept(const struct lk_regs *before, const struct lk_regs *after, uint64_t result);
/* `after` is what a delivery leaves of `before`. */
struct delivery {
    uint64_t kind, words, caps, string; /* string: its length, with LK_DLV_TRUNCATED */
    uint64_t w[LK_MAX_WORDS];
    uint64_t id, payload;
};
void canary_delivered(const struct lk_regs *before, const struct lk_regs *after,
                      const struct delivery *d);

/* Workers: own endpoint (ID 1) in R_ENDPOINT, own reply endpoint (ID 0) in R_REPLY and in the slot,
 * R_SELF, R_SUPER, R_SLEEP, R_SYSCTL, R_DISCRIM. An unexpected fault fails the case. A worker that
 * returns parks. */
struct worker {
    obj p, endpoint, reply;
};
struct worker worker_new(unsigned priority, void (*fn)(void *), void *arg); /* not started */
struct worker worker_new_in(obj space, unsigned priority, void (*fn)(void *), void *arg);
void worker_start(struct worker w);

/* ---- Time. ---- */
uint64_t now(void);
void sleep_ns(uint64_t ns); /* lets all of lower priority run */
/* Wait until the condition holds; after a second of the guest's clock it never will. */
#define EVENTUALLY(e)                                                                              \
    do {                                                                                           \
        uint64_t until_ = now() + 1000 * NSEC_PER_MSEC;                                            \
        while (!(e)) {                                                                             \
            if (now() > until_) {                                                                  \
                sys_fail(__FILE__, __LINE__, "never: %s", #e);                                     \
            }                                                                                      \
            sleep_ns(200000);                                                                      \
        }                                                                                          \
    } while (0)

/* ---- Address spaces. ---- */
#define WINDOW_VA 0x80000000ull   /* from here to 4 GiB nothing is mapped at the start of a case */
#define WINDOW_SIZE 0x10000000ull /* of each of eight such windows */

obj gpt_new(unsigned l2v);
/* The space of the case itself. */
obj own_space(void);
/* A new root over the same program, with windows of its own. */
obj space_new(void);
/* Put what is in a register into the space at an address above WINDOW_VA; `l2v` 12: a page; makes
 * the GPTs on the way. */
void map_reg(obj space, uint64_t va, unsigned reg);
void map_page(obj space, uint64_t va, obj page, unsigned restr);
void unmap(obj space, uint64_t va);
/* The GPT (l2v 12) that has the page of this address: into a register; and its slot. */
unsigned gpt_of(obj space, uint64_t va, unsigned reg);

/* ---- The kernel's log, its counters, its checks. ---- */
uint64_t log_mark(void);                       /* position of its end */
bool log_has(uint64_t from, const char *text); /* does the text occur behind the mark? */
void log_rest(
    void); /* lets a second pass: the kernel says each thing a few times a second at most */
unsigned kernel_check(void); /* SysCtl.check; number of failures */

/* ---- Random numbers, from a seed. ---- */
struct rng {
    uint64_t s;
};
struct rng rng_new(uint64_t seed);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);

/* ---- Between the files of this folder. ---- */
struct arena_use {
    uint64_t first, frames, used;
};
void arena_find(void);  /* supervisor, once */
void arena_reset(void); /* supervisor: nothing is made */
void arena_empty(void); /* supervisor: destroy all that was */
struct arena_use arena_use(void);
void shelf_new(void); /* supervisor: two new CapPages in 30, 31 */
void process_reset(void);
void space_reset(void);
void process_forget(obj from); /* shelf_back(): what is kept at `from` and behind is no more */
void space_forget(obj from);
_Noreturn void case_begin(void);
_Noreturn void case_end(unsigned outcome);
enum { ENDED_PASS = 1, ENDED_FAIL, ENDED_SKIP };
struct sys_report {
    char text[400];
    char at[120];
    const char *file;
    int line;
    uint64_t turns; /* asked of sys_turn() */
};
extern struct sys_report sys_report;
extern const struct sys_case *sys_running;

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interrupts told to a driver, played twice. The line is that of the keyboard controller, which one
 * of the processes makes raise it by two writes: so the interrupt comes behind the second one.
 */
#include "acts.h"
#include "twice.h"

#define LINE 1
#define KEYBOARD_DATA 0x60
#define KEYBOARD 0x64 /* status, command */
#define KEYBOARD_HAS_OUTPUT 1u
#define KEYBOARD_READ_MODE 0x20
#define KEYBOARD_WRITE_MODE 0x60
#define KEYBOARD_MODE_IRQ 1u
#define KEYBOARD_PRETEND 0xd2 /* the next byte written is as if it came from the keyboard */

#define TIMES 4
#define C_PORTS 20 /* capability registers of the actors */
#define C_LINE 21
#define C_ACTOR 22 /* 22..24, of the conductor */
#define BITS 0x15u

enum { INTERRUPTED, DRIVER, EQUAL, ACTORS };

struct interrupts {
    unsigned driver;     /* its priority */
    uint64_t wait;       /* its control word */
    uint64_t id;         /* of a closed wait */
    uint32_t mask;       /* of its notice; BITS are posted */
    bool preempts;       /* by a preempting notice to the one that is interrupted */
    bool held;           /* the driver */
    bool equal;          /* another one is ready beside the one that is interrupted */
    bool no_acknowledge; /* the line stays masked */
    bool fpu, fs;        /* the driver has floating-point state, an FS base */
    bool gone;           /* the driver's endpoint is, in the middle */
    bool releases;       /* the driver lets the equal go, which was held */
};

static struct act_call calls[ACTORS + 1][3 * TIMES + 1];

static uint64_t keyboard_in(uint64_t port)
{
    uint64_t value = 0;

    OK(lk_iopriv_input(R_IOPRIV, port, 1, &value));
    return value;
}

static void keyboard_drain(void)
{
    while (keyboard_in(KEYBOARD) & KEYBOARD_HAS_OUTPUT) {
        keyboard_in(KEYBOARD_DATA);
    }
}

static void keyboard_enable(void)
{
    uint64_t mode;

    keyboard_drain();
    OK(lk_iopriv_output(R_IOPRIV, KEYBOARD, 1, KEYBOARD_READ_MODE));
    mode = keyboard_in(KEYBOARD_DATA);
    OK(lk_iopriv_output(R_IOPRIV, KEYBOARD, 1, KEYBOARD_WRITE_MODE));
    OK(lk_iopriv_output(R_IOPRIV, KEYBOARD_DATA, 1, mode | KEYBOARD_MODE_IRQ));
    keyboard_drain();
}

static struct act_call writes(uint64_t port, uint64_t value)
{
    return (struct act_call){ .control = LK_CTL_CALL(C_PORTS, 4),
                              .w = { OP_IOPRIV_OUTPUT, port, 1, value } };
}

static void programs_made(const struct interrupts *s)
{
    unsigned n[ACTORS] = { 0 };

    memset(calls, 0, sizeof(calls));
    for (unsigned i = 0; i < TIMES; i++) {
        calls[INTERRUPTED][n[INTERRUPTED]++] = writes(KEYBOARD, KEYBOARD_PRETEND);
        calls[INTERRUPTED][n[INTERRUPTED]++] = writes(KEYBOARD_DATA, i);
        calls[DRIVER][n[DRIVER]++] = (struct act_call){ .control = s->wait, .id = s->id };
        calls[DRIVER][n[DRIVER]++] =
            (struct act_call){ .control = LK_CTL_CALL(C_PORTS, 3),
                               .w = { OP_IOPRIV_INPUT, KEYBOARD_DATA, 1 } };
        if (!s->no_acknowledge) {
            calls[DRIVER][n[DRIVER]++] = (struct act_call){ .control = LK_CTL_CALL(C_LINE, 1),
                                                            .w = { OP_IRQWAIT_ACKNOWLEDGE } };
        }
        calls[EQUAL][n[EQUAL]++] = (struct act_call){ .control = LK_YIELD };
    }
    if (s->releases) { /* instead of the first acknowledgement */
        calls[DRIVER][2] =
            (struct act_call){ .control = LK_CTL_CALL(C_ACTOR, 2),
                               .w = { OP_PROCESS_CLEAR_NOT_SCHEDULABLE, LK_HOLD_BY_HAND } };
    }
    calls[DRIVER][n[DRIVER]] = (struct act_call){ .control = s->wait, .id = s->id };
}

static void begins(obj p, unsigned who, unsigned times, bool fs)
{
    struct lk_regs r = canary_regs(0, who);

    r.rip = (uint64_t)act_calls;
    r.rsp = (uint64_t)calls[who];
    r.rbp = times;
    r.fs_base = fs ? 0x7000 : 0;
    raw_go(p, &r);
}

/* Both are ready before either runs: a conductor of higher priority lets them go. */
static void begin_together(obj conductor, const obj *actor)
{
    static const unsigned who[] = { INTERRUPTED, EQUAL };

    for (unsigned i = 0; i < 2; i++) {
        proc_cap(conductor, C_ACTOR + i, actor[who[i]]);
        proc_hold(actor[who[i]], LK_HOLD_BY_HAND);
        calls[ACTORS][i] = (struct act_call){
            .control = LK_CTL_CALL(C_ACTOR + i, 2),
            .w = { OP_PROCESS_CLEAR_NOT_SCHEDULABLE, LK_HOLD_BY_HAND },
        };
        begins(actor[who[i]], who[i], i == 0 ? 2 * TIMES : TIMES, false);
    }
    begins(conductor, ACTORS, 2, false);
}

static void all_noted(const obj *actor, obj endpoint)
{
    static const char *const names[ACTORS] = { "the interrupted", "the driver", "the equal" };

    for (unsigned i = 0; i < ACTORS; i++) {
        const uint64_t *word = (const uint64_t *)(const void *)calls[i];

        note_process(actor[i], names[i]);
        note_fpu(actor[i], names[i]);
        for (unsigned k = 0; k < sizeof(calls[i]) / 8; k++) {
            note(names[i], k, word[k]);
        }
    }
    note_endpoint(endpoint, "the driver's");
    EQ(kernel_check(), 0);
}

static void interrupts_play(const void *arg)
{
    const struct interrupts *s = arg;
    obj ports = obj_keep(R_IOPRIV);
    obj actor[ACTORS];
    obj conductor = actor_new(PRIO_HIGH + 3, "conductor");
    obj line, endpoint, known, notice;

    act_tickets = 0;
    keyboard_enable();
    actor[INTERRUPTED] = actor_new(PRIO_HIGH, "interrupted");
    actor[DRIVER] = actor_new(s->driver, "driver");
    actor[EQUAL] = actor_new(PRIO_HIGH, "equal");
    lk_irqctl_release(R_IRQCTL, LINE);
    OK(lk_irqctl_allocate(R_IRQCTL, LINE, R_A));
    line = obj_keep(R_A);
    endpoint = endpoint_new(actor[DRIVER], 40, false);
    proc_reply_endpoint(actor[INTERRUPTED], 41);
    proc_reply_endpoint(actor[DRIVER], 42);
    proc_reply_endpoint(conductor, 43);
    if (s->preempts) {
        proc_slot(actor[INTERRUPTED], SLOT_PROXY_RECEIVER, entry_new(endpoint, 0));
        obj_get(endpoint_new(actor[INTERRUPTED], 44, false), R_A);
        OK(lk_endpoint_make_proxy_notice(R_A, s->mask, R_B));
    } else {
        obj_get(notice_new(endpoint, s->mask), R_B);
    }
    notice = obj_keep(R_B);
    obj_get(line, R_A);
    OK(lk_irqwait_bind(R_A, BITS, R_B));
    known = notice_new(endpoint, UINT32_MAX);
    for (unsigned i = 0; i < ACTORS; i++) {
        proc_cap(actor[i], C_PORTS, ports);
        proc_cap(actor[i], C_LINE, line);
        proc_cap(actor[DRIVER], 9 + i, known); /* which a notice takes away */
    }
    proc_cap(actor[DRIVER], C_ACTOR, actor[EQUAL]);
    if (s->fpu) {
        static uint8_t image[512];

        image[200] = 9;
        obj_get(actor[DRIVER], R_A);
        OK(lk_process_set_fpu(R_A, image, sizeof(image)));
    }
    programs_made(s);
    note_step("the driver waits");
    begins(actor[DRIVER], DRIVER, (s->no_acknowledge ? 2 : 3) * TIMES + 1, s->fs);
    if (s->held) {
        proc_hold(actor[DRIVER], LK_HOLD_SUSPEND);
    }
    if (s->releases) {
        proc_hold(actor[EQUAL], LK_HOLD_BY_HAND);
        begins(actor[EQUAL], EQUAL, TIMES, false);
    }
    obj_get(known, R_A);
    OK(lk_appnotice_post(R_A, 0)); /* so that the first interrupt may go fast */
    obj_get(notice, R_A);
    OK(lk_appnotice_post(R_A, 0));
    note_step("interrupts");
    if (s->equal) {
        begin_together(conductor, actor);
    } else {
        begins(actor[INTERRUPTED], INTERRUPTED, s->gone ? TIMES : 2 * TIMES, false);
    }
    sleep_ns(NSEC_PER_MSEC); /* for who is of lower priority */
    all_noted(actor, endpoint);
    if (s->gone) {
        note_step("the endpoint is gone");
        obj_rescind(endpoint);
        programs_made(s); /* what was done is written over */
        begins(actor[INTERRUPTED], INTERRUPTED, TIMES, false);
        sleep_ns(NSEC_PER_MSEC);
        note_process(actor[INTERRUPTED], "the interrupted");
        note_process(actor[DRIVER], "the driver");
    }
    if (s->held || s->preempts) {
        note_step("what was held goes on");
        for (unsigned i = 0; i < ACTORS; i++) {
            proc_release(actor[i], LK_HOLD_SUSPEND);
            proc_release(actor[i], LK_HOLD_PROXY);
        }
        sleep_ns(NSEC_PER_MSEC);
        all_noted(actor, endpoint);
    }
    OK(lk_irqctl_release(R_IRQCTL, LINE));
}

#define GETS LK_CTL_RECVS(9, 0, 0, 0)

CASE(interrupts, .text = "an interrupt told fast is told as otherwise, to whoever waits however",
     .steady = true)
{
    static const struct interrupts scenes[] = {
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | GETS },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | LK_CAPS | LK_CTL_RECVS(9, 10, 11, 12) },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | LK_CLOSED, .id = LK_NOTICE_ID },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | LK_CLOSED, .id = 40 },
        { .driver = PRIO_HIGH, .wait = LK_RECV | GETS },
        { .driver = PRIO_LOW, .wait = LK_RECV | GETS },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | GETS, .equal = true },
        { .driver = PRIO_HIGH, .wait = LK_RECV | GETS, .equal = true },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | GETS, .held = true },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | GETS, .no_acknowledge = true },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | GETS, .fpu = true, .fs = true },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | GETS, .releases = true },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | GETS, .gone = true },
        { .driver = PRIO_HIGH + 1, .wait = LK_RECV | GETS, .preempts = true },
        { .driver = PRIO_LOW, .wait = LK_RECV | GETS, .preempts = true, .equal = true },
    };
    static const uint32_t masks[] = { UINT32_MAX, 0x4, 0x8, 0 };

    for (unsigned i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        for (unsigned k = 0; k < sizeof(masks) / sizeof(masks[0]); k++) {
            struct interrupts s = scenes[i];

            s.mask = masks[k];
            sys_at("scene %u, mask %x", i, masks[k]);
            play_twice(interrupts_play, &s);
        }
    }
}

static void they_come(const void *arg)
{
    interrupts_play(arg);
    for (unsigned i = 0; i < TIMES; i++) {
        sys_at("interrupt %u", i);
        EQ(calls[DRIVER][3 * i].w[0], BITS);
        EQ(calls[DRIVER][3 * i + 1].w[1], i); /* the byte */
        CHECK(calls[DRIVER][3 * i + 2].ticket < calls[INTERRUPTED][2 * i + 1].ticket);
    }
}

CASE(interrupts_come,
     .text = "and in the play they come: the driver runs before who was interrupted",
     .steady = true)
{
    static const struct interrupts s = { .driver = PRIO_HIGH + 1,
                                         .wait = LK_RECV | GETS,
                                         .mask = UINT32_MAX };

    play_twice(they_come, &s);
}

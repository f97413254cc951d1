/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fixer: a fault handler in the same address space (README.md).
 *
 * Three processes share this program's memory. The *worker* computes, and runs into faults. The
 * *fixer* has the worker's faults told to it and repairs them, as an in-process handler does that
 * grows a heap or brings objects in when they are touched; it is the worker's notice handler too.
 * The program's first process, the *outer* handler, made both, checks what comes of it, and has the
 * fixer's own faults told to it.
 *
 * The worker knows nothing of all this. It reads and writes memory.
 */
#include <lykos/lykos.h>

#define RANGE_FRAMES 32ull
#define OUTER_FRAMES 8ull /* of these, for what the outer handler makes; the rest is the fixer's */
#define FIXER_PRIORITY 110u /* not below the worker's */
#define SLICE (10 * LK_NSEC_PER_MSEC)

/* Capability registers of the outer handler, behind those that the description names. */
enum {
    REG_ENTRY = 16, /* on its way into a slot */
    REG_WORKER,
    REG_FIXER,
    REG_FIXER_ENDPOINT,
    REG_SCHEDULE, /* the fixer's */
    REG_PROXY,    /* ProxyEntry: stops the worker and asks its handler about it */
    REG_WORK = 22 /* and 23 */
};

/* Of the worker: */
#define W_OUTER LK_REG_NAMED /* Entry of the outer handler */

/* Of the fixer: */
enum {
    F_SPACE = LK_REG_NAMED,
    F_RANGE,
    F_DISCRIM,
    F_PAGE,
    F_WORK = 12,              /* and 13 */
    F_TARGET = LK_REG_CALLER, /* and the three behind it */
    F_REPLY = LK_REG_FREE
};

/* Payloads at the outer handler's endpoint. */
#define FROM_WORKER 1u
#define FROM_FIXER 2u

/* What the worker tells the outer handler. Word 1: the result. */
#define DONE_ARRAY 1u
#define DONE_OBJECTS 2u

/* What the outer handler asks the fixer through the worker's ProxyEntry. Answer: word 1, the kind
 * of the worker's wait. */
#define ASK_WAIT 1u

/* The array: at its place nothing is mapped. */
#define ARRAY_VA 0x10000000ul
#define ARRAY_PAGES 8ul
#define ARRAY_WORDS (ARRAY_PAGES * 4096 / sizeof(uint64_t))
#define ARRAY_SUM ((ARRAY_WORDS - 1) * ARRAY_WORDS / 2)

/* Objects: a reference to number n is OBJECT_VA + n, where nothing is ever mapped, until the first
 * use replaces it by the object's address. */
#define OBJECT_VA 0x20000000ul
#define OBJECTS 4ul
#define LOST 3ul /* the table's entry of this one is damaged */
struct object {
    uint64_t value;
};
static const struct object objects[OBJECTS] = { { 1000 }, { 200 }, { 30 }, { 4 } };
#define OBJECT_SUM 1230ul /* of the first three */

static uint8_t worker_stack[LK_THREAD_STACK] __attribute__((aligned(16)));
static uint8_t fixer_stack[LK_THREAD_STACK] __attribute__((aligned(16)));
static struct lk_thread worker, fixer;

/* What both sides count; the outer handler reads it when neither runs. */
static uint64_t pages_mapped, pointers_fixed;

/* ---- The worker ---- */

/* Read the value of an object. The reference is in rbx, so that whoever repairs it knows where it
 * is; behind the load it is the object's address. */
static uint64_t object_value(uint64_t *reference)
{
    uint64_t value;

    __asm__ volatile("movq (%%rbx), %0" : "=r"(value), "+b"(*reference) : : "memory");
    return value;
}

static uint64_t use_array(void)
{
    volatile uint64_t *array = (volatile uint64_t *)ARRAY_VA;
    uint64_t sum = 0;

    for (uint64_t i = 0; i < ARRAY_WORDS; i++) {
        array[i] = i;
    }
    for (uint64_t i = 0; i < ARRAY_WORDS; i++) {
        sum += array[i];
    }
    return sum;
}

static uint64_t use_objects(void)
{
    uint64_t reference[OBJECTS];
    uint64_t sum = 0;

    for (uint64_t i = 0; i < OBJECTS; i++) {
        reference[i] = OBJECT_VA + i;
    }
    for (uint64_t twice = 0; twice < 2; twice++) {
        sum = 0;
        for (uint64_t i = 0; i < LOST; i++) {
            sum += object_value(&reference[i]);
        }
    }
    return sum;
}

static void work(void *unused)
{
    uint64_t lost = OBJECT_VA + LOST;

    (void)unused;
    lk_call1(W_OUTER, DONE_ARRAY, use_array());
    lk_call1(W_OUTER, DONE_OBJECTS, use_objects());
    object_value(&lost); /* there is no way out of this one */
}

/* ---- The fixer ---- */

static struct lk_room pages; /* its part of the Range */

/* The worker touched a page of the array that is not there. */
static void map_page(uint64_t address)
{
    uint64_t page = address & ~4095ul;

    lk_must(lk_room_make(&pages, LK_TYPE_PAGE, F_PAGE), "a page");
    lk_must(lk_space_put_page(&pages, F_SPACE, page, F_PAGE), "mapping it");
    say("the worker faulted at 0x%lx: page %lu of its array is mapped now", address,
        (page - ARRAY_VA) / 4096);
    pages_mapped++;
}

/* Where object `n` is. One entry of the table is damaged, and nobody checks for that: this is the
 * fault in the handler. */
static uint64_t object_address(uint64_t n)
{
    static const struct object *const at[OBJECTS] = { &objects[0], &objects[1], &objects[2], NULL };
    const volatile struct object *object = *(const struct object *const volatile *)&at[n];

    if (object->value == 0) {
        lk_die("object %lu has no value", n);
    }
    return (uint64_t)object;
}

/* The worker used a reference: the register that holds it gets the address instead. */
static void fix_pointer(uint32_t process, uint64_t reference)
{
    struct lk_look look;

    lk_must(lk_target_look(process, &look), "looking at the worker");
    struct lk_regs regs = look.regs;

    regs.rbx = object_address(reference - OBJECT_VA);
    lk_must(lk_target_set_regs(process, &look, &regs), "setting its register");
    say("the worker used reference 0x%lx: its register rbx is 0x%lx now", reference, regs.rbx);
    pointers_fixed++;
}

static enum lk_after repair(struct lk_event *event)
{
    uint64_t code = event->w[1];
    uint64_t address = event->w[2];

    if (code == FAULT_INVALID_ADDR && address - ARRAY_VA < ARRAY_PAGES * 4096) {
        map_page(address);
    } else if (code == FAULT_INVALID_ADDR && address - OBJECT_VA < OBJECTS) {
        fix_pointer(event->target, address);
    } else {
        lk_die("the worker faulted beyond repair: %s, 0x%lx", lk_fault_text(code), address);
    }
    return LK_GO_ON;
}

/* Somebody wants to know what the worker does, and had it stopped to ask. */
static enum lk_after report(struct lk_event *event)
{
    struct lk_look look;
    char words[96];

    lk_must(lk_target_look(event->target, &look), "looking at the worker");
    say("asked about the worker: it %s", lk_target_words(&look, words, sizeof(words)));
    event->answer = true;
    event->out[1] = look.wait;
    event->out_words = 2;
    return LK_GO_ON;
}

static enum lk_after fixer_take(struct lk_event *event)
{
    switch (event->kind) {
    case LK_EVENT_FAULT:
        return repair(event);
    case LK_EVENT_PROXIED:
        return report(event);
    case LK_EVENT_PROXIED_NOTICE:
    case LK_EVENT_MESSAGE:
    case LK_EVENT_NOTICE:
        break;
    }
    return LK_GO_ON;
}

static void fix(void *unused)
{
    static const struct lk_handler handler = {
        .take = fixer_take,
        .target = F_TARGET,
        .reply = F_REPLY,
    };

    (void)unused;
    lk_room_open(&pages, F_RANGE, OUTER_FRAMES, RANGE_FRAMES - OUTER_FRAMES, F_WORK);
    pages.discrim = F_DISCRIM;
    lk_handler_run(&handler);
}

/* ---- The outer handler ---- */

static struct lk_room room;
static bool over, wrong;

/* One point of the story. */
static void point(bool good, const char *what)
{
    say("%s: %s", good ? "as it should be" : "NOT AS IT SHOULD BE", what);
    wrong |= !good;
}

/* The worker has done a part of its work. */
static void take_result(struct lk_event *event)
{
    if (event->w[0] == DONE_ARRAY) {
        point(event->w[1] == ARRAY_SUM && pages_mapped == ARRAY_PAGES,
              "the worker's sum over its array, of which no page was there");
    } else {
        /* The worker waits for our answer. Its handler is told, looks, and lets it wait on. */
        struct lk_in in = lk_call0(REG_PROXY, ASK_WAIT);

        point(in.w[0] == STATUS_OK && in.w[1] == LK_WAIT_CLOSED,
              "the worker was stopped in its closed wait, and waits on");
        point(event->w[1] == OBJECT_SUM && pointers_fixed == LOST,
              "the worker's sum over its objects, of which no reference was an address");
    }
    event->answer = true;
    event->out_words = 1;
}

/* The fixer itself has faulted. The worker's fault is kept: nobody has said that it is over. */
static void take_fault_of_fixer(const struct lk_event *event)
{
    struct lk_look of_fixer, of_worker;
    char words[96];

    lk_must(lk_target_look(event->target, &of_fixer), "looking at the fixer");
    lk_must(lk_target_look(REG_WORKER, &of_worker), "looking at the worker");
    say("the handler itself: it %s", lk_target_words(&of_fixer, words, sizeof(words)));
    say("its worker: it %s", lk_target_words(&of_worker, words, sizeof(words)));
    point(event->w[1] == FAULT_INVALID_ADDR && event->w[2] == 0,
          "a fault in the handler came to the outer handler");
    point(of_worker.run_state == LK_STATE_FAULTED && of_worker.fault_info == OBJECT_VA + LOST,
          "the worker's fault is kept, for whoever could repair it");
    over = true;
}

static enum lk_after outer_take(struct lk_event *event)
{
    if (event->payload == FROM_FIXER && event->kind == LK_EVENT_FAULT) {
        take_fault_of_fixer(event);
    } else if (event->payload == FROM_WORKER && event->kind == LK_EVENT_MESSAGE) {
        take_result(event);
    }
    return LK_STAY;
}

/* The fixer: above the worker, its faults told to us. */
static void make_fixer(void)
{
    struct lk_thread_plan plan = {
        .label = "fixer.handler",
        .fn = fix,
        .stack = fixer_stack,
        .stack_size = sizeof(fixer_stack),
        .space = lk_cap("space"),
        .schedule = REG_SCHEDULE,
        .handler = REG_ENTRY,
        .process = REG_FIXER,
        .endpoint = REG_FIXER_ENDPOINT,
    };

    lk_must(lk_schedule_make(&room, lk_cap("schedctl"), FIXER_PRIORITY, SLICE, REG_SCHEDULE),
            "the fixer's schedule");
    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, FROM_FIXER, REG_ENTRY), "an entry");
    lk_must(lk_thread_make(&fixer, &room, &plan), "the fixer");
    lk_must(lk_thread_give(&fixer, F_SPACE, lk_cap("space")), "its space");
    lk_must(lk_thread_give(&fixer, F_RANGE, lk_cap("memory")), "its memory");
    lk_must(lk_thread_give(&fixer, F_DISCRIM, lk_cap("discrim")), "Discrim");
}

/* The worker: its faults and notices told to the fixer. */
static void make_worker(void)
{
    struct lk_thread_plan plan = {
        .label = "fixer.worker",
        .fn = work,
        .stack = worker_stack,
        .stack_size = sizeof(worker_stack),
        .space = lk_cap("space"),
        .schedule = lk_cap("schedule"),
        .handler = REG_ENTRY,
        .process = REG_WORKER,
    };

    lk_must(lk_endpoint_make_entry(REG_FIXER_ENDPOINT, 0, REG_ENTRY), "an entry");
    lk_must(lk_thread_make(&worker, &room, &plan), "the worker");
    lk_must(lk_preempt_register(REG_WORKER, REG_ENTRY), "registering its handler");
    lk_must(lk_preempt_make_entry(REG_WORKER, 0, REG_PROXY), "an entry that stops it");
    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, FROM_WORKER, REG_ENTRY), "an entry");
    lk_must(lk_thread_give(&worker, W_OUTER, REG_ENTRY), "its way to us");
}

int main(void)
{
    static const struct lk_handler outer = {
        .take = outer_take,
        .target = LK_REG_CALLER,
        .reply = LK_REG_FREE,
    };

    lk_room_open(&room, lk_cap("memory"), 0, OUTER_FRAMES, REG_WORK);
    make_fixer();
    make_worker();
    lk_must(lk_thread_start(&fixer), "starting the fixer");
    lk_must(lk_thread_start(&worker), "starting the worker");
    while (!over) {
        lk_handler_once(&outer);
    }
    lk_must(lk_thread_destroy(&worker), "destroying the worker");
    lk_must(lk_thread_destroy(&fixer), "destroying the fixer");
    say(wrong ? "something was wrong" : "that is the whole story, and all of it is right");
    return wrong ? 1 : 0;
}

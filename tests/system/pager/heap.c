/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The heap and the stacks of a program that has a pager. The programs are workers: C functions in a
 * space of their own, but with the memory of this program.
 */
#include "world.h"

#include <lykos/heap.h>
#include <lykos/stack.h>

#define REG_PAGER 9u
#define PIECES 200u
#define STEPS 3000u

/* The start block of a program that has a pager: what lk_cap() looks at. */
static struct lk_start with_pager;
static const struct lk_start *usual_start;
static volatile bool over;

static void start_with_pager(bool on)
{
    if (on) {
        usual_start = lk_start;
        with_pager = *lk_start;
        with_pager.cap[with_pager.cap_count++] =
            (struct lk_start_cap){ .name = "pager", .reg = REG_PAGER };
        lk_start = &with_pager;
    } else {
        lk_start = usual_start;
    }
}

/* Run the function as a program, until it is over. Its faults fail the case. */
static void run_program(const struct program *prog, void (*fn)(void *))
{
    struct worker w = worker_new_in(prog->root, PRIO_LOW, fn, NULL);

    proc_cap(w.p, REG_PAGER, entry_new(pager_memory, prog->number));
    start_with_pager(true);
    over = false;
    worker_start(w);
    EVENTUALLY(over);
    start_with_pager(false);
}

static void use_heap(void *unused)
{
    static uint8_t *piece[PIECES];
    static size_t size[PIECES];
    struct rng rng = rng_new(sys_options.seed);

    (void)unused;
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned k = (unsigned)rng_below(&rng, PIECES);

        if (piece[k] != NULL) {
            CHECK(piece[k][0] == (uint8_t)k && piece[k][size[k] - 1] == (uint8_t)k);
            lk_free(piece[k]);
            piece[k] = NULL;
        } else {
            size[k] = 1 + rng_below(&rng, i % 50 == 0 ? 100000 : 3000);
            piece[k] = lk_alloc(size[k]);
            CHECK(piece[k] != NULL);
            piece[k][0] = (uint8_t)k;
            piece[k][size[k] - 1] = (uint8_t)k;
        }
    }
    lk_heap_check(lk_heap_own());
    for (unsigned k = 0; k < PIECES; k++) {
        lk_free(piece[k]);
    }
    lk_heap_check(lk_heap_own());
    CHECK(lk_alloc(LK_HEAP_END - LK_HEAP_VA) == NULL);
    over = true;
}

CASE(heap, .text = "a heap grows as it is used, and gives back what it does not need")
{
    struct program prog;
    struct pager_info info;
    struct pager_region r = { LK_HEAP_VA, LK_HEAP_END, PAGER_ZERO, LK_NX, 0, 0, 0 };

    world_begin();
    pager_start();
    prog = program_new(1);
    program_tell_regions(&prog, &r, 1);
    CHECK(lk_alloc(1) == NULL); /* the case has no pager */
    CHECK(lk_heap_own() == NULL);
    run_program(&prog, use_heap);
    OK(world_info(1, &info));
    CHECK(info.zeroed > 40);
    EQ(info.passed, 0);
    CHECK(program_audit(&prog, 0).pages <= LK_HEAP_KEEP / PAGE + 1);
}

static uint64_t depth(uint64_t n)
{
    volatile uint64_t frame[64];

    frame[0] = n;
    return n == 0 ? 0 : depth(n - 1) + (frame[0] == n ? 1 : 0);
}

/* Call with the stack pointer at `top`. */
static uint64_t on_stack(uint64_t top, uint64_t (*fn)(uint64_t), uint64_t arg)
{
    uint64_t result;

    __asm__ volatile("movq %%rsp, %%r12\n\tmovq %2, %%rsp\n\tcallq *%3\n\tmovq %%r12, %%rsp"
                     : "=a"(result), "+D"(arg)
                     : "r"(top), "r"(fn)
                     : "rbx", "r12", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "cc", "memory");
    return result;
}

static void use_stacks(void *unused)
{
    unsigned number[LK_STACKS];
    unsigned n = 0;

    (void)unused;
    while (n < LK_STACKS) {
        uint8_t *low = lk_stack_take(&number[n]);

        if (low == NULL) {
            break;
        }
        EQ((uint64_t)low + LK_STACK_SIZE, LK_STACK_TOP_OF(number[n]));
        CHECK(number[n] != 0 && (n == 0 || number[n] != number[n - 1]));
        n++;
    }
    EQ(n, LK_STACKS - 1); /* one is that of the program itself */
    EQ(on_stack(LK_STACK_TOP_OF(number[3]), depth, 100), 100);
    EQ(on_stack(LK_STACK_TOP_OF(number[200]), depth, 10), 10);
    for (unsigned i = 0; i < n; i++) {
        if (i != 200) {
            lk_stack_give(number[i]);
        }
    }
    CHECK(lk_stack_take(&number[0]) != NULL);
    EQ(number[0], 1);
    EQ(*(volatile uint64_t *)(LK_STACK_TOP_OF(number[3]) - 8), 0);
    lk_stack_give(number[0]);
    lk_stack_give(number[200]);
    lk_stack_give(number[3]);
    over = true;
}

CASE(thread_stacks, .text = "stacks are taken and given back, with their pages")
{
    struct program prog;
    struct pager_region r = {
        LK_STACKS_VA, LK_STACKS_END, PAGER_STACKS, LK_NX, 0, 0, LK_STACK_EACH
    };
    unsigned number;
    bool guard;

    world_begin();
    pager_start();
    prog = program_new(1);
    program_tell_regions(&prog, &r, 1);
    CHECK(lk_stack_take(&number) == NULL);
    run_program(&prog, use_stacks);
    EQ(program_audit(&prog, 0).pages, 0);
    CHECK(lk_stack_find(LK_STACKS_VA + 3 * LK_STACK_EACH + 17, &number, &guard));
    CHECK(number == 3 && guard);
    CHECK(lk_stack_find(LK_STACK_TOP_OF(5) - 1, &number, &guard));
    CHECK(number == 5 && !guard);
    CHECK(!lk_stack_find(LK_STACKS_VA - 1, &number, &guard));
    CHECK(!lk_stack_find(LK_STACKS_END, &number, &guard));
}

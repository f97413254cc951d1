/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fault: faults on purpose, in the way that its argument names, so that one can see what is said of
 * it.
 */
#include <lykos/lykos.h>
#include <lykos/stack.h>

#define RANGE_FRAMES 2u /* a Process, Endpoints */
#define THREAD_MS 1000u /* a thread gets to its fault within */
enum {
    REG_THREAD = LK_REG_SCRATCH,
    REG_HANDLER,
    REG_ENDPOINT,
    REG_WORK = LK_REG_FREE /* and the next */
};

static const char constant[] = "this text is read-only";
static uint8_t code_in_data[] = { 0xc3 }; /* ret */

/* An address that the compiler knows nothing about. */
static uint64_t hidden(uint64_t value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

__attribute__((noinline)) static void fault_null(void)
{
    *(volatile uint32_t *)hidden(8) = 1;
}

__attribute__((noinline)) static void fault_unmapped(void)
{
    *(volatile uint32_t *)hidden(0x7000000000) = 1;
}

__attribute__((noinline)) static void fault_write(void)
{
    *(volatile char *)hidden((uint64_t)constant) = 'x';
}

__attribute__((noinline)) static void fault_exec(void)
{
    __asm__ volatile("call *%0" : : "r"(hidden((uint64_t)code_in_data)) : "memory");
}

__attribute__((noinline)) static void fault_jump(void)
{
    __asm__ volatile("call *%0" : : "r"(hidden(0)) : "memory");
}

__attribute__((noinline)) static void fault_divide(void)
{
    uint32_t low = 1;
    uint32_t high = 0;

    __asm__ volatile("divl %2" : "+a"(low), "+d"(high) : "r"((uint32_t)hidden(0)) : "cc");
}

__attribute__((noinline)) static void fault_breakpoint(void)
{
    __asm__ volatile("int3");
}

__attribute__((noinline)) static void fault_opcode(void)
{
    __asm__ volatile("ud2");
}

__attribute__((noinline)) static void fault_privileged(void)
{
    __asm__ volatile("cli");
}

__attribute__((noinline)) static void fault_port(void)
{
    __asm__ volatile("outb %%al, $0x80" : : "a"(0));
}

__attribute__((noinline)) static void fault_address(void)
{
    *(volatile uint32_t *)hidden(0x1234567812345678) = 1;
}

__attribute__((noinline)) static uint64_t fault_recursion(uint64_t depth)
{
    volatile uint64_t room[64];

    if (depth == hidden(UINT64_MAX)) {
        return 0; /* never; but the compiler is not to know */
    }
    room[depth % 64] = depth;
    return fault_recursion(depth + 1) + room[depth % 32];
}

__attribute__((noinline)) static void fault_stack(void)
{
    fault_recursion(hidden(0));
}

__attribute__((noinline)) static void thread_recursion(void *unused)
{
    (void)unused;
    hidden(fault_recursion(hidden(0)));
}

static struct lk_thread helper;
static struct lk_room helper_room;

/* A thread beside this one, which does not run yet. `handler`: the register of who is told of its
 * faults, or 0. */
static void make_helper(void (*fn)(void *unused), void *stack, size_t size, uint32_t handler)
{
    const struct lk_thread_plan plan = {
        .label = "helper",
        .fn = fn,
        .stack = stack,
        .stack_size = size,
        .space = lk_cap("space"),
        .schedule = lk_cap("schedule"),
        .handler = handler,
        .process = REG_THREAD,
    };

    lk_room_open(&helper_room, lk_cap("memory"), 0, RANGE_FRAMES, REG_WORK);
    lk_must(lk_thread_make(&helper, &helper_room, &plan), "a thread");
}

/* A thread that does so on its own stack. It stays stopped; this process goes on. */
static void fault_in_thread(void *stack, size_t size)
{
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_HANDLER), "the fault handler");
    make_helper(thread_recursion, stack, size, REG_HANDLER);
    lk_must(lk_thread_start(&helper), "its start");
    lk_sleep_ms(THREAD_MS);
    lk_exit(3);
}

__attribute__((noinline)) static void fault_thread(void)
{
    unsigned number;

    fault_in_thread(lk_stack_take(&number), LK_STACK_SIZE);
}

/* Below this stack lie the program's data, which are destroyed, and then what cannot be written. */
__attribute__((noinline)) static void fault_array(void)
{
    static uint8_t stack[LK_THREAD_STACK] __attribute__((aligned(16)));

    fault_in_thread(stack, sizeof(stack));
}

/* The first page of the heap: below it nothing is mapped. */
__attribute__((noinline)) static void fault_heap(void)
{
    fault_in_thread((void *)hidden(LK_HEAP_VA), LK_THREAD_STACK);
}

static void send_text(void *unused)
{
    (void)unused;
    lk_call_send0(LK_CTL_CALL(LK_REG_NAMED, 1) | LK_SSTR, 1, constant, sizeof(constant));
}

/* A thread sends a string, and it is to be received where nothing is. Who sends waits. */
__attribute__((noinline)) static void fault_string(void)
{
    static uint8_t stack[LK_THREAD_STACK] __attribute__((aligned(16)));
    struct lk_msg msg = {
        .control = LK_RECV | LK_RSTR,
        .buffer = (void *)hidden(8),
        .buffer_size = sizeof(constant),
    };

    make_helper(send_text, stack, sizeof(stack), 0);
    lk_must(lk_room_make(&helper_room, LK_TYPE_ENDPOINT, REG_ENDPOINT), "an Endpoint");
    lk_must(lk_endpoint_set_endpoint_id(REG_ENDPOINT, LK_ENDPOINT_ID), "its ID");
    lk_must(lk_endpoint_set_recipient(REG_ENDPOINT, LK_REG_SELF), "its recipient");
    lk_must(lk_endpoint_make_entry(REG_ENDPOINT, 0, REG_ENDPOINT), "an Entry to it");
    lk_must(lk_thread_give(&helper, LK_REG_NAMED, REG_ENDPOINT), "the Entry");
    lk_must(lk_thread_start(&helper), "its start");
    lk_invoke(&msg);
}

__attribute__((noinline)) static void fault_syscall(void)
{
    lk_pseudo(LK_RESERVED_MASK, 0);
}

__attribute__((noinline)) static void fault_interrupt(void)
{
    __asm__ volatile("int $0x80");
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *what;
} kinds[] = {
    { "null", fault_null, "write through a null pointer" },
    { "unmapped", fault_unmapped, "write where nothing is mapped" },
    { "write", fault_write, "write to read-only memory" },
    { "exec", fault_exec, "execute data" },
    { "jump", fault_jump, "call a null function pointer" },
    { "divide", fault_divide, "divide by zero" },
    { "breakpoint", fault_breakpoint, "breakpoint instruction" },
    { "opcode", fault_opcode, "invalid instruction" },
    { "privileged", fault_privileged, "privileged instruction" },
    { "port", fault_port, "port output without a capability" },
    { "address", fault_address, "non-canonical address" },
    { "stack", fault_stack, "endless recursion" },
    { "thread", fault_thread, "endless recursion in a thread" },
    { "array", fault_array, "endless recursion in a thread whose stack is an array" },
    { "heap", fault_heap, "endless recursion in a thread whose stack is in the heap" },
    { "string", fault_string, "receive a string where nothing is mapped" },
    { "syscall", fault_syscall, "malformed system call" },
    { "interrupt", fault_interrupt, "software interrupt that is not offered" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

int main(void)
{
    const char *kind = lk_start->argument[0] != '\0' ? lk_start->argument : "null";

    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].name, kind) == 0) {
            say("now: %s", kinds[i].what);
            kinds[i].run();
            say("that did not fault");
            return 1;
        }
    }
    say("fault [KIND], where KIND is one of");
    for (size_t i = 0; i < KINDS; i++) {
        say("  %-11s %s", kinds[i].name, kinds[i].what);
    }
    return strcmp(kind, "help") == 0 ? 0 : 2;
}

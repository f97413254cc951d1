/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench: measures the kernel from user level. README.md says what each number means.
 *
 * Each measurement is 1,000 rounds to warm up and 10,000 that count; the value is their time
 * divided by their number, this program's own loop included, in ticks of the time-stamp counter.
 * Beside it stand the events of a round that ticks do not price, from the kernel's own counters.
 * Everything is printed when all is measured, so that no character leaves the machine in between.
 */
#include "measure.h"

#define SETTLE_MS 200u /* so that everybody else has come to rest */

uint32_t sysctl;
static uint32_t high, high_notice, keyboard;

/* ---- measuring ------------------------------------------------------------------------------- */

/* Register 0 is Null by definition. */
static void null_syscall(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (lk_call0(0, 0).w[0] != STATUS_INVALID_CAP) {
            lk_die("register 0 is not Null");
        }
    }
}

/* Of each round, one yield by this program and one by bench_peer. */
static void yield(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        lk_yield();
    }
}

static void measure_yield(void)
{
    peer_begin(LOOP_YIELD, WARM_UP + ROUNDS + 100);
    measure("yield", yield);
    enter_rounds(2ull * ROUNDS);
    peer_end();
}

/* A breakpoint: the handler lets the process go on behind it. */
static void fault(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        __asm__ volatile("int3" : : : "memory");
    }
}

static void measure_fault(void)
{
    check(lk_process_swap_slot(LK_REG_SELF, SLOT_HANDLER, lk_cap("peer"), REG_OLD),
          "setting the handler");
    peer_begin(LOOP_FAULT, 0);
    measure("fault_round_trip", fault);
    peer_end();
    peer_begin(LOOP_FAULT_CALL, 0);
    measure("fault_round_trip_call", fault);
    peer_end();
    check(lk_process_swap_slot(LK_REG_SELF, SLOT_HANDLER, REG_OLD, 0), "setting the handler back");
}

uint64_t take_sum(uint32_t who, unsigned rounds)
{
    struct lk_in in = lk_call0(who, BENCH_TAKE);

    check((enum status)in.w[0], "who notes the times does not answer");
    if (in.w[2] != rounds) {
        lk_die("what is measured happened %lu times, not %u", in.w[2], rounds);
    }
    return in.w[1];
}

/* One notice after the other; the sum of the times before them. */
static uint64_t post_high(unsigned n)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < n; i++) {
        mark_begin(n == ROUNDS); /* bench_high has the mark that ends it */
        sum += bench_ticks();
        check(lk_appnotice_post(high_notice, BENCH_BIT_NOTICE), "post");
    }
    return sum;
}

static void measure_switch(void)
{
    struct events before;
    struct events after;
    uint64_t sum;

    post_high(WARM_UP);
    take_sum(high, WARM_UP);
    before = events_now(sysctl);
    sum = post_high(ROUNDS);
    after = events_now(sysctl);
    enter("notice_switch", take_sum(high, ROUNDS) - sum, ROUNDS, &before, &after);
}

/* ---- the interrupt --------------------------------------------------------------------------- */

static uint64_t keyboard_in(uint64_t port)
{
    uint64_t value = 0;

    check(lk_iopriv_input(keyboard, port, 1, &value), "reading the keyboard controller");
    return value;
}

static void keyboard_wait(void)
{
    while ((keyboard_in(KEYBOARD_STATUS) & KEYBOARD_BUSY) != 0) {
    }
}

static void keyboard_drain(void)
{
    while ((keyboard_in(KEYBOARD_STATUS) & KEYBOARD_HAS_OUTPUT) != 0) {
        keyboard_in(KEYBOARD_DATA);
    }
}

static void keyboard_command(uint64_t command)
{
    keyboard_wait();
    check(lk_iopriv_output(keyboard, KEYBOARD_COMMAND, 1, command), "the keyboard controller");
    keyboard_wait();
}

/* Have the controller raise its interrupt for each byte. */
static void keyboard_enable(void)
{
    uint64_t mode;

    keyboard_drain();
    keyboard_command(KEYBOARD_READ_MODE);
    mode = keyboard_in(KEYBOARD_DATA);
    keyboard_command(KEYBOARD_WRITE_MODE);
    check(lk_iopriv_output(keyboard, KEYBOARD_DATA, 1, mode | KEYBOARD_MODE_IRQ), "the mode");
    keyboard_wait();
    keyboard_drain();
}

/* Raise the interrupt n times, by the system call that writes the byte. The sum of the times
 * before, and of those behind. */
static uint64_t raise(unsigned n, uint64_t *behind)
{
    uint64_t sum = 0;

    *behind = 0;
    for (unsigned i = 0; i < n; i++) {
        enum status s;

        keyboard_command(KEYBOARD_PRETEND);
        mark_begin(n == ROUNDS);
        sum += bench_ticks();
        s = lk_iopriv_output(keyboard, KEYBOARD_DATA, 1, 0);
        *behind += bench_ticks();
        MARK_END();
        check(s, "writing the byte");
        keyboard_drain();
    }
    return sum;
}

/* The interrupt comes behind the `sysret` of the call that raises it. What that call itself takes
 * is measured with the line unbound, and subtracted. */
static void measure_irq(void)
{
    struct events before;
    struct events after;
    uint64_t behind;
    uint64_t call;
    uint64_t sum;

    keyboard_enable();
    check((enum status)lk_call1(high, BENCH_LISTEN, 0).w[0], "unbinding the interrupt");
    raise(WARM_UP, &behind);
    sum = raise(ROUNDS, &behind);
    call = behind - sum;
    MARK_NEXT(); /* tools/bench takes this one away from the next */
    check((enum status)lk_call1(high, BENCH_LISTEN, 1).w[0], "binding the interrupt");
    raise(WARM_UP, &behind);
    take_sum(high, WARM_UP);
    before = events_now(sysctl);
    sum = raise(ROUNDS, &behind);
    after = events_now(sysctl);
    enter("irq_to_user", take_sum(high, ROUNDS) - sum - call, ROUNDS, &before, &after);
    check((enum status)lk_call1(high, BENCH_LISTEN, 0).w[0], "unbinding the interrupt");
}

/* ---- */

/* Pages of the program come when they are touched. None is to come in between. */
static void touch_image(void)
{
    for (const volatile char *page = lk_text_start; page < lk_end; page += 4096) {
        (void)*page;
    }
}

static void measure_all(void)
{
    measure("null_syscall", null_syscall);
    measure_calls();
    measure_switch();
    measure_yield();
    measure_fault();
    measure_irq();
    map_begin();
    measure_map("map_page", WARM_UP, ROUNDS);
    map_end();
    measure_notify();
    measure_calls_last();
    measure_rings(); /* leaves this program as one that has taken a notice */
}

int main(void)
{
    static const char growth[] = "growth ";
    const char *args = lk_start->argument;
    uint64_t most = 0;
    bool grow = strncmp(args, growth, sizeof(growth) - 1) == 0 &&
                lk_parse_number(args + sizeof(growth) - 1, &most, NULL) && most > 0;

    if (!grow && *args != '\0') {
        say("'bench', or 'bench growth N': with 1, 10, .. up to N programs alive");
        return 1;
    }
    calls_init();
    high = lk_cap("high");
    high_notice = lk_cap("high_notice");
    sysctl = lk_cap("sysctl");
    keyboard = lk_cap("keyboard");

    touch_image();
    lk_sleep_ms(SETTLE_MS);
    console_drain(LK_REG_CONSOLE);
    lk_sleep_ms(SETTLE_MS);
    if (grow) {
        measure_growth(most);
    } else {
        measure_all();
    }
    print_results();
    return 0;
}

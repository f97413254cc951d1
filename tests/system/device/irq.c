/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interrupt lines: taken once, bound to a notice, quiet until acknowledged. The real-time clock
 * gives interrupts at a steady rate, the serial port gives one when it is asked to.
 */
#include "../lib/sys.h"

#define LINES 24
#define RTC_LINE 8
#define RTC_BITS 0x40
#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define RTC_A 0x0a
#define RTC_B 0x0b
#define RTC_C 0x0c
#define RTC_PERIODIC 0x40
#define RTC_RATE_1024 0x26
#define COM1_LINE 4
#define COM1_ENABLE 0x3f9
#define COM1_IDENT 0x3fa
#define COM1_WHEN_EMPTY 2

static uint8_t cmos_read(uint8_t index)
{
    uint64_t value = 0;

    OK(lk_iopriv_output(R_IOPRIV, CMOS_INDEX, 1, index));
    OK(lk_iopriv_input(R_IOPRIV, CMOS_DATA, 1, &value));
    return (uint8_t)value;
}

static void cmos_write(uint8_t index, uint8_t value)
{
    OK(lk_iopriv_output(R_IOPRIV, CMOS_INDEX, 1, index));
    OK(lk_iopriv_output(R_IOPRIV, CMOS_DATA, 1, value));
}

static void rtc_start(void)
{
    cmos_write(RTC_A, RTC_RATE_1024);
    cmos_write(RTC_B, (uint8_t)(cmos_read(RTC_B) | RTC_PERIODIC));
    cmos_read(RTC_C);
}

static void rtc_stop(void)
{
    cmos_write(RTC_B, (uint8_t)(cmos_read(RTC_B) & ~RTC_PERIODIC));
    cmos_read(RTC_C);
}

/* The line in R_A, bound to bits of the case itself. */
static void bind(unsigned line, uint64_t bits)
{
    OK(lk_irqctl_allocate(R_IRQCTL, line, R_A));
    OK(lk_endpoint_make_app_notice(R_ENDPOINT, UINT32_MAX, R_B));
    OK(lk_irqwait_bind(R_A, bits, R_B));
}

CASE(
    allocate,
    .text = "a line is taken once; given back, its capabilities are Null and it can be taken again")
{
    unsigned taken = 0;

    for (unsigned line = 0; line < LINES; line++) {
        enum status s = lk_irqctl_allocate(R_IRQCTL, line, R_A);

        sys_at("line %u", line);
        if (s == STATUS_IN_USE) { /* the kernel's, or not there */
            STATUS(lk_irqctl_release(R_IRQCTL, line), STATUS_IN_USE);
            continue;
        }
        OK(s);
        taken++;
        STATUS(lk_irqctl_allocate(R_IRQCTL, line, R_B), STATUS_IN_USE);
        lk_copy_cap(R_A, R_C);
        EQ(reg_type(R_C), LK_TYPE_IRQWAIT);
        OK(lk_irqctl_release(R_IRQCTL, line));
        EQ(reg_type(R_A), LK_TYPE_NULL);
        STATUS(lk_irqwait_acknowledge(R_C), STATUS_INVALID_CAP);
        OK(lk_irqctl_release(R_IRQCTL, line)); /* nobody's: nothing happens */
        OK(lk_irqctl_allocate(R_IRQCTL, line, R_A));
        EQ(reg_type(R_C), LK_TYPE_NULL);
        CHECK(!reg_same(R_A, R_C));
        OK(lk_irqctl_release(R_IRQCTL, line));
    }
    CHECK(taken >= 8);
    EQ(kernel_check(), 0);
}

CASE(clock_interrupts,
     .text = "interrupts of the real-time clock come as notices, one for each acknowledgement")
{
    unsigned real = 0;

    bind(RTC_LINE, RTC_BITS);
    rtc_start();
    for (unsigned i = 0; i < 30;
         i++) { /* one that was read before its notice came is spurious, and legal */
        EQ(lk_park(), RTC_BITS);
        real += (cmos_read(RTC_C) & RTC_PERIODIC) != 0;
        OK(lk_irqwait_acknowledge(R_A));
    }
    CHECK(real >= 20);
    rtc_stop();
}

CASE(not_acknowledged,
     .text = "without an acknowledgement there is no second interrupt; with one there is")
{
    bind(RTC_LINE, RTC_BITS);
    rtc_start();
    EQ(lk_park(), RTC_BITS);
    cmos_read(RTC_C);
    sleep_ns(10 * NSEC_PER_MSEC);
    EQ(proc_state(SELF).notices, 0);
    cmos_read(RTC_C);
    OK(lk_irqwait_acknowledge(R_A));
    EQ(lk_park(), RTC_BITS);
    rtc_stop();
}

CASE(unbound,
     .text = "an unbound line is quiet, and cannot be acknowledged; bound again it goes on")
{
    bind(RTC_LINE, RTC_BITS);
    rtc_start();
    EQ(lk_park(), RTC_BITS);
    OK(lk_irqwait_bind(R_A, 0, 0));
    STATUS(lk_irqwait_acknowledge(R_A), STATUS_REQUEST_ERROR);
    cmos_read(RTC_C);
    sleep_ns(5 * NSEC_PER_MSEC);
    EQ(proc_state(SELF).notices, 0);
    cmos_read(RTC_C);
    OK(lk_irqwait_bind(R_A, 2, R_B));
    EQ(lk_park(), 2);
    rtc_stop();
}

CASE(released_while_bound, .text = "a line given back while interrupts come is quiet at once")
{
    bind(RTC_LINE, RTC_BITS);
    rtc_start();
    EQ(lk_park(), RTC_BITS);
    OK(lk_irqwait_acknowledge(R_A));
    OK(lk_irqctl_release(R_IRQCTL, RTC_LINE));
    (void)proc_state(SELF);
    cmos_read(RTC_C);
    if (proc_state(SELF).notices != 0) { /* one that was on its way */
        EQ(lk_park(), RTC_BITS);
    }
    for (unsigned i = 0; i < 5; i++) {
        cmos_read(RTC_C);
        sleep_ns(2 * NSEC_PER_MSEC);
        EQ(proc_state(SELF).notices, 0);
    }
    rtc_stop();
    EQ(kernel_check(), 0);
}

CASE(mask, .text = "an interrupt posts the bits that its notice capability may post, no others")
{
    OK(lk_irqctl_allocate(R_IRQCTL, RTC_LINE, R_A));
    OK(lk_endpoint_make_app_notice(R_ENDPOINT, 0x0f, R_B));
    OK(lk_irqwait_bind(R_A, 0xf3, R_B));
    rtc_start();
    EQ(lk_park(), 3);
    rtc_stop();
}

CASE(receiver_gone, .text = "interrupts for a process that is gone harm nobody")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 1, false);

    obj_get(notice_new(e, 0xff), R_B);
    OK(lk_irqctl_allocate(R_IRQCTL, RTC_LINE, R_A));
    OK(lk_irqwait_bind(R_A, 1, R_B));
    rtc_start();
    EVENTUALLY(proc_state(p).notices == 1);
    obj_rescind(p);
    for (unsigned i = 0; i < 5; i++) {
        cmos_read(RTC_C);
        lk_irqwait_acknowledge(R_A);
        sleep_ns(2 * NSEC_PER_MSEC);
    }
    EQ(kernel_check(), 0);
    obj_rescind(e);
    cmos_read(RTC_C);
    lk_irqwait_acknowledge(R_A);
    sleep_ns(2 * NSEC_PER_MSEC);
    rtc_stop();
    EQ(kernel_check(), 0);
}

static volatile unsigned seen;

/* A driver of high priority: its interrupt takes the CPU from whoever runs. */
static void driver(void *arg)
{
    (void)arg;
    while (seen < 10) {
        lk_park();
        seen++;
        cmos_read(RTC_C);
        OK(lk_irqwait_acknowledge(R_A));
    }
}

CASE(preempts, .text = "an interrupt wakes its driver in the middle of another's work")
{
    struct worker w = worker_new(PRIO_HIGH, driver, NULL);

    seen = 0;
    OK(lk_irqctl_allocate(R_IRQCTL, RTC_LINE, R_A));
    obj_get(w.p, R_C);
    OK(lk_process_swap_cap_reg(R_C, R_A, R_A, 0));
    obj_get(notice_new(w.endpoint, 1), R_B);
    OK(lk_irqwait_bind(R_A, 1, R_B));
    worker_start(w);
    rtc_start();
    while (seen < 10) { /* of lower priority, and never in the kernel */
    }
    rtc_stop();
}

CASE(serial_interrupt,
     .text = "the serial port interrupts when it has nothing to send, and is quiet when told so")
{
    uint64_t ident = 0;

    bind(COM1_LINE, 8);
    OK(lk_iopriv_output(R_IOPRIV, COM1_ENABLE, 1, COM1_WHEN_EMPTY));
    EQ(lk_park(), 8);
    OK(lk_iopriv_input(R_IOPRIV, COM1_IDENT, 1, &ident));
    OK(lk_iopriv_output(R_IOPRIV, COM1_ENABLE, 1, 0));
    OK(lk_irqwait_acknowledge(R_A));
    sleep_ns(2 * NSEC_PER_MSEC);
    EQ(proc_state(SELF).notices, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory of devices: pages that can be mapped, and that the kernel does not touch. The devices are
 * the firmware's ROM below 1 MiB and the high precision event timer (IA-PC HPET specification
 * 1.0a), which the kernel does not use.
 */
#include "prober.h"

#define ROM 0xff000
#define ROM_DATE (0xff5 / 8) /* the date of the firmware, mm/dd/yy, begins in this word */
#define HPET 0xfed00000
#define HPET_CONFIG (0x10 / 8) /* registers of 8 bytes; the first has the vendor in bits 16..31 */
#define HPET_COUNTER (0xf0 / 8)
#define HPET_RUNS 1u
#define INTEL 0x8086
#define IO_APIC 0xfec00000
#define LOCAL_APIC 0xfee00000
#define DEVICE_FRAMES 1024u
#define FRAME 7 /* device frame that the cases use */
#define AT (WINDOW_VA + PAGE)

/* The page of device memory at an address, mapped for the case itself. */
static volatile uint64_t *device_mapped(uint64_t address)
{
    OK(lk_range_fabricate_device(R_DEVICES, FRAME, address, R_A));
    map_reg(own_space(), AT, R_A);
    return page_words(1);
}

/* Give the frame back, so that the next case finds it free. */
static void device_done(void)
{
    uint64_t free = 0;

    OK(lk_range_rescind_at(R_DEVICES, FRAME, 0));
    OK(lk_range_get_info(R_DEVICES, FRAME, NULL, &free));
    EQ(free & 1, 1);
    EQ(kernel_check(), 0);
}

CASE(device_read, .text = "what a device shows is read through its page")
{
    const volatile uint64_t *rom = device_mapped(ROM);

    EQ(reg_type(R_A), LK_TYPE_DEVICEPAGE);
    EQ(rom[ROM_DATE] >> 56, '/');
    EQ(rom[ROM_DATE + 1] >> 16 & 0xff, '/');
    device_done();
}

CASE(device_written, .text = "a device's registers are written, and what they do is seen at once")
{
    volatile uint64_t *hpet = device_mapped(HPET);
    uint64_t config = hpet[HPET_CONFIG];
    uint64_t before;

    EQ(hpet[0] >> 16 & 0xffff, INTEL);
    hpet[HPET_CONFIG] = config & ~(uint64_t)HPET_RUNS;
    before = hpet[HPET_COUNTER];
    EQ(hpet[HPET_COUNTER], before);
    hpet[HPET_CONFIG] = config | HPET_RUNS;
    before = hpet[HPET_COUNTER];
    sleep_ns(1000000);
    CHECK(hpet[HPET_COUNTER] > before);
    hpet[HPET_CONFIG] = config;
    device_done();
}

CASE(device_rights, .text = "a device's page has the restrictions of its capability, and its end")
{
    obj prober = proc_new(PRIO_HIGH);
    uint64_t first = device_mapped(HPET)[0];

    reads(prober, AT, first);
    faults(prober, WRITE, AT, FAULT_NONE);
    OK(lk_memory_reduce(R_A, LK_RO | LK_NX, R_B));
    map_reg(own_space(), AT, R_B);
    reads(prober, AT, first);
    EQ(kernel_check(), 0);
    faults(prober, WRITE, AT, FAULT_ACCESS_VIOLATION);
    faults(prober, EXEC, AT, FAULT_NO_EXEC);
    OK(lk_range_rescind(R_DEVICES, R_A));
    faults(prober, READ, AT, FAULT_INVALID_ADDR);
    EQ(reg_type(R_B), LK_TYPE_NULL);
    OK(lk_range_fabricate_device(R_DEVICES, FRAME, ROM, R_A)); /* the same frame, another page */
    EQ(reg_type(R_B), LK_TYPE_NULL);
    faults(prober, READ, AT, FAULT_INVALID_ADDR);
    device_done();
}

CASE(device_refused, .text = "no page is made of memory, of what is the kernel's, or of nothing")
{
    static const uint64_t bad[] = { HPET + 1,          HPET + PAGE / 2, 0x1000,     0x100000,
                                    0x200000,          IO_APIC,         LOCAL_APIC, 1ull << 52,
                                    1ull << 63 | HPET, UINT64_MAX };
    uint64_t frames = 0, at = 0, free = 0;
    uint64_t frame = frames_new(1);

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sys_at("address %lx", bad[i]);
        STATUS(lk_range_fabricate_device(R_DEVICES, FRAME, bad[i], R_A), STATUS_OUT_OF_RANGE);
    }
    obj_get(page_new(), R_A);
    OK(lk_page_get_address(R_A, &at));
    STATUS(lk_range_fabricate_device(R_DEVICES, FRAME, at, R_A), STATUS_OUT_OF_RANGE);
    OK(lk_range_get_info(R_DEVICES, 0, &frames, &free));
    EQ(frames, DEVICE_FRAMES);
    EQ(free, UINT64_MAX);
    STATUS(lk_range_fabricate_device(R_DEVICES, frames, HPET, R_A), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_fabricate_device(R_DEVICES, UINT64_MAX, HPET, R_A), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_fabricate_device(R_RANGE, frame, HPET, R_A), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_fabricate(R_DEVICES, LK_TYPE_PAGE, FRAME, 0, R_A), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_fabricate(R_DEVICES, LK_TYPE_PROCESS, FRAME, 0, R_A), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_fabricate(R_DEVICES, LK_TYPE_DEVICEPAGE, FRAME, 0, R_A), STATUS_REQUEST_ERROR);
    STATUS(lk_range_fabricate(R_RANGE, LK_TYPE_DEVICEPAGE, frame, 0, R_A), STATUS_REQUEST_ERROR);
    OK(lk_range_fabricate_device(R_DEVICES, FRAME, HPET, R_A));
    STATUS(lk_range_fabricate_device(R_DEVICES, FRAME, HPET, R_B), STATUS_IN_USE);
    device_done();
}

CASE(device_no_page, .text = "a device's page is none for what the kernel does with pages")
{
    OK(lk_range_fabricate_device(R_DEVICES, FRAME, HPET, R_A));
    obj_get(page_new(), R_B);
    STATUS(lk_page_clear(R_A), STATUS_UNKNOWN_REQUEST);
    STATUS(lk_page_copy_from(R_A, R_B), STATUS_UNKNOWN_REQUEST);
    STATUS(lk_page_copy_from(R_B, R_A), STATUS_REQUEST_ERROR);
    STATUS(lk_page_get_address(R_A, NULL), STATUS_UNKNOWN_REQUEST);
    STATUS(lk_process_set_control_word(R_SELF, 0, 1000, R_A), STATUS_REQUEST_ERROR);
    device_done();
}

CASE(page_address, .text = "pages of neighbouring frames stand next to each other in memory")
{
    uint64_t frame = frames_new(2);
    uint64_t at[2];

    for (unsigned i = 0; i < 2; i++) {
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, frame + i, 0, R_A));
        OK(lk_memory_reduce(R_A, LK_RO, R_B));
        OK(lk_page_get_address(R_B, &at[i]));
        EQ(at[i], (frame + i) * PAGE); /* R_RANGE begins with address 0 */
    }
}

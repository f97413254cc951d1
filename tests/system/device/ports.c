/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IOPriv: a driver reaches its own ports and no others.
 */
#include "../lib/sys.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define SCRATCH 0x3ff /* scratch register of the first serial port */

CASE(narrow, .text = "a narrowed capability reaches its ports only, and cannot be widened")
{
    uint64_t first = 0, last = 0, value = 0;

    OK(lk_iopriv_get_info(R_IOPRIV, &first, &last));
    EQ(first, 0);
    EQ(last, 0xffff);
    OK(lk_iopriv_narrow(R_IOPRIV, CMOS_INDEX, CMOS_DATA, R_A));
    OK(lk_iopriv_get_info(R_A, &first, &last));
    EQ(first, CMOS_INDEX);
    EQ(last, CMOS_DATA);
    OK(lk_iopriv_input(R_A, CMOS_DATA, 1, &value));
    STATUS(lk_iopriv_input(R_A, CMOS_INDEX - 1, 1, &value), STATUS_OUT_OF_RANGE);
    STATUS(lk_iopriv_input(R_A, CMOS_DATA + 1, 1, &value), STATUS_OUT_OF_RANGE);
    STATUS(lk_iopriv_input(R_A, CMOS_DATA, 2, &value), STATUS_OUT_OF_RANGE);
    STATUS(lk_iopriv_output(R_A, CMOS_INDEX - 1, 2, 0), STATUS_OUT_OF_RANGE);
    STATUS(lk_iopriv_output(R_A, CMOS_INDEX, 4, 0), STATUS_OUT_OF_RANGE);
    STATUS(lk_iopriv_output(R_A, 0x10000 + CMOS_INDEX, 1, 0), STATUS_OUT_OF_RANGE);
    STATUS(lk_iopriv_narrow(R_A, CMOS_INDEX - 1, CMOS_DATA, R_B), STATUS_OUT_OF_RANGE);
    STATUS(lk_iopriv_narrow(R_A, CMOS_INDEX, CMOS_DATA + 1, R_B), STATUS_OUT_OF_RANGE);
    STATUS(lk_iopriv_narrow(R_A, CMOS_DATA, CMOS_INDEX, R_B), STATUS_OUT_OF_RANGE);
    OK(lk_iopriv_narrow(R_A, CMOS_DATA, CMOS_DATA, R_B));
    STATUS(lk_iopriv_input(R_B, CMOS_INDEX, 1, &value), STATUS_OUT_OF_RANGE);
}

CASE(read_and_write,
     .text = "what is written to a port is what is read, in each width that the port has")
{
    for (uint64_t v = 0; v < 256; v += 51) {
        uint64_t value = 0;

        OK(lk_iopriv_output(R_IOPRIV, SCRATCH, 1, v | 0xffffff00));
        OK(lk_iopriv_input(R_IOPRIV, SCRATCH, 1, &value));
        EQ(value, v);
    }
}

CASE(no_ports, .text = "a process that was given no port capability cannot reach a port",
     .fault = FAULT_GENERAL_PROTECTION)
{
    __asm__ volatile("inb $0x71, %%al" : : : "rax");
}

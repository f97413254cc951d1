/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a program finds where, by reading, writing and executing.
 */
#include "world.h"

static uint64_t file_word(uint64_t offset)
{
    uint64_t word;

    memcpy(&word, archive + offset, sizeof(word));
    return word;
}

CASE(zeros,
     .text = "memory of zeros comes when it is touched, a page at a time, and is not executed")
{
    struct program prog;
    struct audit a;
    obj p;

    world_usual(1, &prog, &p);
    a = program_audit(&prog, 0);
    EQ(a.gpts + a.pages, 0);
    READS(p, HEAP_VA, 0);
    WRITES(p, HEAP_VA + 8, 77);
    READS(p, HEAP_VA + 8, 77);
    a = program_audit(&prog, 0);
    EQ(a.pages, 1);
    EQ(a.gpts, 4);
    WRITES(p, HEAP_VA + PAGE, 5);
    WRITES(p, HEAP_VA + 16 * PAGE, 6);
    WRITES(p, HEAP_END - 8, 7);
    WRITES(p, HEAP_VA + 2 * PAGE - 4, 0x1122334455667788); /* two pages at once */
    READS(p, HEAP_VA, 0);
    READS(p, HEAP_VA + PAGE, 5);
    READS(p, HEAP_VA + 16 * PAGE, 6);
    READS(p, HEAP_VA + 2 * PAGE, 0x11223344);
    a = program_audit(&prog, 0);
    EQ(a.pages, 5);
    EQ(a.gpts, 4 + 1 + 3);
    PASSED_ON(p, touch_jump, HEAP_VA, FAULT_NO_EXEC);
    WRITES(p, EDGE_VA, 9);
    WRITES(p, EDGE_END - 8, 10);
    READS(p, EDGE_VA + PAGE, 0);
    PASSED_ON(p, touch_jump, EDGE_VA, FAULT_NO_EXEC);
    PASSED_ON(p, touch_read, EDGE_VA - 8, FAULT_INVALID_ADDR);
    PASSED_ON(p, touch_write, EDGE_END, FAULT_INVALID_ADDR);
    READS(p, RO_VA, 0);
    PASSED_ON(p, touch_write, RO_VA, FAULT_ACCESS_VIOLATION);
    PASSED_ON(p, touch_write, RO_VA + PAGE, FAULT_ACCESS_VIOLATION);
    program_audit(&prog, 0);
}

CASE(image,
     .text = "a program's text and constants are the archive's own pages, its data too until "
             "it is written to")
{
    struct pager_info info;
    struct program prog;
    struct audit a;
    struct touched t;
    obj p;

    world_usual(2, &prog, &p);
    READS(p, TEXT_VA, file_word(0));
    READS(p, TEXT_VA + PAGE + 16, file_word(PAGE + 16));
    t = touch(p, touch_jump, TEXT_VA + ARCHIVE_CODE + 5, 0);
    EQ(t.fault, FAULT_BREAKPOINT);
    EQ(t.rip, TEXT_VA + ARCHIVE_CODE + 6);
    READS(p, RODATA_VA + 8, file_word(6 * PAGE + 8));
    READS(p, DATA_VA + 24, file_word(8 * PAGE + 24));
    a = program_audit(&prog, 0);
    EQ(a.pages, 0);
    EQ(a.shared, 5);
    WRITES(p, DATA_VA + 16, 1234);
    READS(p, DATA_VA + 24, file_word(8 * PAGE + 24));
    READS(p, DATA_VA + 16, 1234);
    EQ(file_word(8 * PAGE + 16), archive_word(8 * PAGE + 16));
    WRITES(p, DATA_VA + 2 * PAGE + 8, 4321); /* the first touch is a write */
    READS(p, DATA_VA + 2 * PAGE, file_word(10 * PAGE));
    a = program_audit(&prog, 0);
    EQ(a.pages, 2);
    EQ(a.shared, 4);
    PASSED_ON(p, touch_write, TEXT_VA, FAULT_ACCESS_VIOLATION);
    PASSED_ON(p, touch_write, TEXT_VA + 2 * PAGE, FAULT_ACCESS_VIOLATION); /* not there before */
    PASSED_ON(p, touch_write, RODATA_VA, FAULT_ACCESS_VIOLATION);
    PASSED_ON(p, touch_jump, RODATA_VA, FAULT_NO_EXEC);
    PASSED_ON(p, touch_jump, DATA_VA, FAULT_NO_EXEC);
    PASSED_ON(p, touch_jump, DATA_VA + PAGE, FAULT_NO_EXEC);
    READS(p, TEXT_VA, file_word(0));
    OK(world_info(2, &info));
    EQ(info.copied, 2);
    EQ(info.zeroed, 0);
    EQ(info.passed, 6);
    EQ(info.refused, 0);
    for (uint64_t at = 0; at < ARCHIVE_BYTES; at += 8) {
        CHECK(at - ARCHIVE_CODE < PAGE || file_word(at) == archive_word(at));
    }
}

CASE(straddle,
     .text = "a page at the end of the file's part has its bytes, then zeros, and nothing "
             "of what lies behind in the file")
{
    uint64_t last = TEXT_VA + (TEXT_PAGES - 1) * PAGE;
    uint64_t data = DATA_VA + (DATA_PAGES - 1) * PAGE;
    struct program prog;
    struct audit a;
    uint64_t word;
    obj p;

    world_usual(3, &prog, &p);
    READS(p, ODD_VA + PAGE, file_word(ODD_FROM + PAGE)); /* a full one before one that is not */
    READS(p, last, file_word((TEXT_PAGES - 1) * PAGE));
    READS(p, last + TEXT_LAST - 8, file_word((TEXT_PAGES - 1) * PAGE + TEXT_LAST - 8));
    READS(p, last + TEXT_LAST, 0);
    READS(p, last + PAGE - 8, 0);
    PASSED_ON(p, touch_write, last, FAULT_ACCESS_VIOLATION);
    word = file_word(12 * PAGE + 0xff8) & 0xffffffffff; /* 5 of 8 bytes */
    READS(p, data + 0xff8, word);
    WRITES(p, data + 0xff8, 99);
    READS(p, data + PAGE, 0);
    WRITES(p, DATA_END - 8, 98);
    READS(p, ODD_VA, file_word(ODD_FROM));
    READS(p, ODD_VA + PAGE, file_word(ODD_FROM + PAGE));
    WRITES(p, ODD_VA + PAGE, 97);
    READS(p, ODD_VA + 2 * PAGE, 0);
    READS(p, ODD_VA + 3 * PAGE, 0);
    a = program_audit(&prog, 0);
    EQ(a.shared, 0);
    EQ(a.pages, 1 + 3 + 4);
}

CASE(stacks, .text = "a stack has the pages that it touched, and below its lowest the guard page, "
                     "which faults where it was touched")
{
    struct program prog;
    struct audit a;
    obj p;

    world_usual(4, &prog, &p);
    for (unsigned i = 0; i < LK_STACKS; i += LK_STACKS / 2 - 1) {
        uint64_t top = LK_STACK_TOP_OF(i);
        uint64_t guard = top - LK_STACK_EACH;

        sys_at("stack %u", i);
        WRITES(p, top - 8, 1);
        WRITES(p, guard + PAGE, 2);
        PASSED_ON(p, touch_write, guard + PAGE - 8, FAULT_INVALID_ADDR);
        PASSED_ON(p, touch_read, guard, FAULT_INVALID_ADDR);
        PASSED_ON(p, touch_jump, guard + 7, FAULT_INVALID_ADDR);
        PASSED_ON(p, touch_jump, top - 8, FAULT_NO_EXEC);
    }
    a = program_audit(&prog, 0);
    EQ(a.pages, 6);
}

CASE(nowhere,
     .text = "what lies in no region is passed on with the code and the address of the fault")
{
    static const uint64_t at[] = { 0x10000000,         TEXT_VA - 8, DATA_END,   HEAP_END,
                                   LK_STACKS_VA - 8,   0xe0000000,  0xefffffff, 0xf0000000,
                                   LK_STACKS_VA + 123, 0xfffffff0,  RO_END };
    struct pager_info info;
    struct program prog;
    struct touched t;
    obj p;

    world_usual(5, &prog, &p);
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        PASSED_ON(p, touch_read, at[i], FAULT_INVALID_ADDR);
        PASSED_ON(p, touch_write, at[i], FAULT_INVALID_ADDR);
    }
    OK(world_info(5, &info));
    EQ(info.passed, 2 * sizeof(at) / sizeof(at[0]));
    t = touch(p, touch_read, 0x123456789000, 0); /* outside of the root: not the pager's */
    EQ(t.fault, FAULT_INVALID_ADDR);
    t = touch(p, touch_read, 0x10, 0);
    EQ(t.fault, FAULT_INVALID_ADDR);
    OK(world_info(5, &info));
    EQ(info.passed, 2 * sizeof(at) / sizeof(at[0]));
    program_audit(&prog, 0);
}

CASE(two_threads, .text = "two threads that fault on the same page get one page; each kind of page")
{
    static const uint64_t at[] = { HEAP_VA, DATA_VA, DATA_VA + 4 * PAGE, LK_STACK_TOP_OF(7) - 8 };
    struct pager_process pg;
    struct program prog;
    struct audit a;
    obj p, q;

    pg = world_usual(6, &prog, &p);
    q = program_process(&prog);
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        sys_at("address %lx", at[i]);
        proc_hold(pg.p, LK_HOLD_SUSPEND);
        touch_begin(p, touch_write, at[i], 1000 + i);
        touch_begin(q, touch_read, at[i], 0);
        /* The one is told, the other waits. */
        EQ(proc_wait_kind(p) + proc_wait_kind(q), LK_WAIT_FAULT_SEND + LK_WAIT_NONE);
        proc_release(pg.p, LK_HOLD_SUSPEND);
        EQ(touch_end(p).fault, FAULT_BREAKPOINT);
        EQ(touch_end(q).fault, FAULT_BREAKPOINT);
        READS(q, at[i], 1000 + i);
        READS(p, at[i], 1000 + i);
    }
    a = program_audit(&prog, 0);
    EQ(a.pages, 4);
}

CASE(system_call, .text = "a string of a system call is paged in like any other memory, on the "
                          "sender's and on the receiver's side")
{
    struct program prog;
    struct lk_regs r;
    obj p, q, endpoint;

    world_usual(7, &prog, &p);
    q = program_process(&prog);
    endpoint = endpoint_new(q, 5, false);
    proc_cap(p, 8, entry_new(endpoint, 1));
    r = raw_regs(LK_RECV | LK_RSTR);
    r.rbp = HEAP_VA + 0x800;
    r.r9 = 0x6000ull << 32;
    raw_go(q, &r);
    r = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, 8, 1));
    r.r10 = DATA_VA + 0x10;
    r.r9 = 0x5000;
    raw_go(p, &r);
    EQ(raw_result(p).rdi, STATUS_OK);
    EQ(lk_string_length(raw_result(q).rax), 0x5000);
    READS(q, HEAP_VA + 0x800, file_word(8 * PAGE + 0x10));
    READS(q, HEAP_VA + 0x800 + 0x4000, (file_word(12 * PAGE + 0x10)));
    EQ(program_audit(&prog, 0).pages, 6 + 2); /* the last of the data, and one of zeros behind it */
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A prober: a raw process that touches one address and stops.
 */
#include "prober.h"

extern char probe_read[], probe_write[], probe_exec[]; /* prober.S */

#define WORDS (PAGE / sizeof(uint64_t))

struct touch touch(obj p, unsigned access, uint64_t va, uint64_t value)
{
    struct lk_regs r = raw_regs(0);
    struct touch t = { 0 };
    struct pstate s;

    r.rip = (uint64_t)(access == READ ? probe_read : access == WRITE ? probe_write : probe_exec);
    r.rdi = va;
    r.rsi = value;
    raw_go(p, &r);
    s = proc_state(p);
    EQ(s.run_state, LK_STATE_FAULTED);
    if (s.fault == FAULT_BREAKPOINT) {
        if (access == EXEC) {
            EQ(s.r.rip, va + 1);
        }
        t.value = s.r.rax;
        return t;
    }
    if (access == EXEC) {
        EQ(s.r.rip, va);
    } else {
        EQ(s.r.rip, r.rip);
    }
    t.fault = s.fault;
    t.info = s.info;
    return t;
}

void reads(obj p, uint64_t va, uint64_t value)
{
    struct touch t = touch(p, READ, va, 0);

    if (t.fault != FAULT_NONE || t.value != value) {
        FAIL("reading %lx: fault %lu (%s) info %lx, value %lx, not %lx", va, t.fault,
             lk_fault_text(t.fault), t.info, t.value, value);
    }
}

void faults(obj p, unsigned access, uint64_t va, uint64_t fault)
{
    struct touch t = touch(p, access, va, 0);

    if (t.fault != fault || (fault != FAULT_NONE && t.info != va)) {
        FAIL("access %u of %lx: fault %lu (%s) info %lx, not fault %lu", access, va, t.fault,
             lk_fault_text(t.fault), t.info, fault);
    }
}

volatile uint64_t *page_words(unsigned id)
{
    uintptr_t at = WINDOW_VA + id * PAGE;

    __asm__("" : "+r"(at));
    return (volatile uint64_t *)at;
}

obj page_filled(unsigned id)
{
    obj page = page_new();

    map_page(own_space(), WINDOW_VA + id * PAGE, page, LK_NX);
    for (unsigned i = 0; i < WORDS; i++) {
        page_words(id)[i] = PAGE_VALUE(id);
    }
    return page;
}

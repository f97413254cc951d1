/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the self-tests share; see helpers.h.
 */
#include "helpers.h"

#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/schedule.h>
#include <kernel/space.h>

#define TEST_SLICE 1000000u

void test_commit(void)
{
    txn_begin();
    txn_commit();
}

pfn_t test_free_frame(void)
{
    for (pfn_t i = frame_count; i-- > 0;) {
        if (frame_table[i].kind == FRAME_FREE) {
            return i;
        }
    }
    BUG("no frame is free");
}

struct objhdr *test_make(enum frame_kind kind)
{
    pfn_t pfn = test_free_frame();

    test_commit();
    return object_fabricate(kind, pfn, 0);
}

struct process *test_make_process(uint8_t priority)
{
    struct schedule *s = (struct schedule *)(void *)test_make(FRAME_SCHEDULE);
    struct process *p = (struct process *)(void *)test_make(FRAME_PROCESS);

    s->state.priority = priority;
    s->state.slice = TEST_SLICE;
    s->state.cpus = 1;
    s->state.ready = 1;
    p->slot[SLOT_SCHEDULE] = object_cap(&s->hdr);
    process_schedule_changed(p);
    return p;
}

void test_rescind(struct objhdr *hdr)
{
    txn_begin();
    while (!space_flush_object(hdr)) {
        /* a bounded piece each time; object_rescind() would restart a system call, and there is
         * none */
    }
    object_rescind(hdr);
}

void test_rescind_process(struct process *p)
{
    struct cap schedule = p->slot[SLOT_SCHEDULE];

    test_rescind(&p->hdr);
    if (cap_live(&schedule)) {
        test_rescind(oid_header(schedule.oid));
    }
}

uint32_t test_random(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)((*state >> 33) % n);
}

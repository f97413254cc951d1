/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Senders that wait for a receiver.
 */
#include "queue.h"

obj sender_new(unsigned priority, obj entry, uint64_t word)
{
    obj p = proc_new(priority);

    proc_cap(p, REG_TARGET, entry);
    sender_again(p, word);
    return p;
}

void sender_again(obj p, uint64_t word)
{
    raw_do_word(p, LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1), word);
}

void sender_waits(obj p)
{
    EQ(proc_state(p).run_state, LK_STATE_BLOCKED);
    EQ(proc_wait_kind(p), LK_WAIT_SENDING);
}

void sender_served(obj p)
{
    EQ(raw_result(p).rdi, STATUS_OK);
}

void sender_refused(obj p, uint64_t result)
{
    EQ(raw_result(p).rax, 0);
    EQ(raw_result(p).rdi, result);
}

void waits_open(obj p)
{
    raw_do(p, LK_RECV);
    EQ(proc_wait_kind(p), LK_WAIT_OPEN);
}

void waits_closed(obj p, uint64_t id)
{
    struct lk_regs r = raw_regs(LK_RECV | LK_CLOSED);

    r.r8 = id;
    raw_go(p, &r);
    EQ(proc_wait_kind(p), LK_WAIT_CLOSED);
}

uint64_t take_open(obj p)
{
    raw_do(p, LK_RECV);
    EQ(lk_kind(raw_result(p).rax), LK_KIND_MESSAGE);
    return raw_result(p).rdi;
}

uint64_t take_closed(obj p, uint64_t id)
{
    struct lk_regs r = raw_regs(LK_RECV | LK_CLOSED);

    r.r8 = id;
    raw_go(p, &r);
    EQ(lk_kind(raw_result(p).rax), LK_KIND_MESSAGE);
    EQ(raw_result(p).r8, id);
    return raw_result(p).rdi;
}

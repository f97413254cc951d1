/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the log says of an invocation of Null: the same on the fast path as on the slow one.
 */
#include "../lib/sys.h"

#define REG_EMPTY 17
#define WORDS "Null through capability register"

CASE(null_said, .text = "the log names the register of a Null that was called, but not register 0")
{
    obj p = proc_new(PRIO_HIGH);
    uint64_t mark = log_mark();

    proc_reply_endpoint(p, 2);
    sleep_ns(1100 *
             NSEC_PER_MSEC); /* others said so a moment ago: it is said a few times a second */
    raw_do_word(p, LK_CTL_CALL(0, 1), 7);
    EQ(raw_result(p).rdi, STATUS_INVALID_CAP);
    CHECK(!log_has(mark, WORDS));
    raw_do_word(p, LK_CTL_CALL(REG_EMPTY, 1), 7);
    EQ(raw_result(p).rdi, STATUS_INVALID_CAP);
    CHECK(log_has(mark, WORDS " 17"));
}

CASE(null_dangling_said, .text = "so it does of a register whose object is gone")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 1, false);
    uint64_t mark = log_mark();

    proc_reply_endpoint(p, 2);
    proc_cap(p, REG_EMPTY, entry_new(e, 0));
    obj_rescind(e);
    sleep_ns(1100 * NSEC_PER_MSEC);
    raw_do_word(p, LK_CTL_CALL(REG_EMPTY, 1), 7);
    EQ(raw_result(p).rdi, STATUS_INVALID_CAP);
    CHECK(log_has(mark, "capability register 17"));
}

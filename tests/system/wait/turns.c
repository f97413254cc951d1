/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Several endpoints of one receiver, with senders of one priority: they are served in turn.
 */
#include "queue.h"

/* One message of an open wait: the ID of the endpoint on which it came, and who sent it. */
static uint64_t take_any(obj r, uint64_t *word)
{
    *word = take_open(r);
    return raw_result(r).r8;
}

CASE(endpoints_in_turn,
     .text = "endpoints whose senders come again and again are served in turn by an open wait")
{
    enum { ENDPOINTS = 3, SENDERS = 9, MESSAGES = 45 };
    obj r = proc_new(PRIO_HIGH);
    obj s[SENDERS];
    unsigned served[ENDPOINTS] = { 0 };

    for (unsigned i = 0; i < ENDPOINTS; i++) {
        obj entry = entry_new(endpoint_new(r, i, false), 0);

        for (unsigned j = 0; j < SENDERS; j++) { /* of the first one most, of the last one one */
            if (j / 5 + j / 8 == i) {
                s[j] = sender_new(120, entry, j);
            }
        }
    }
    for (unsigned i = 0; i < MESSAGES; i++) {
        uint64_t who = 0;
        uint64_t on = take_any(r, &who);

        sys_at("message %u", i);
        CHECK(on < ENDPOINTS && who < SENDERS);
        EQ(who / 5 + who / 8, on);
        sender_served(s[who]);
        sender_again(s[who], who);
        served[on]++;
    }
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        sys_at("endpoint %u was served %u times", i, served[i]);
        EQ(served[i], MESSAGES / ENDPOINTS);
    }
}

CASE(turns_within_priority, .text = "but a higher priority goes before, and turns go on behind it")
{
    obj r = proc_new(PRIO_HIGH);
    obj first = entry_new(endpoint_new(r, 1, false), 0);
    obj second = entry_new(endpoint_new(r, 2, false), 0);
    uint64_t on[2];
    uint64_t who = 0;

    sender_new(120, first, 1);
    sender_new(120, first, 2);
    sender_new(120, second, 3);
    sender_new(130, second, 10);
    sender_new(130, second, 11);
    sender_new(110, first, 12);
    EQ(take_open(r), 10);
    EQ(take_open(r), 11);
    for (unsigned i = 0; i < 2; i++) { /* which is first of these is not said */
        on[i] = take_any(r, &who);
    }
    EQ(on[0] + on[1], 3);
    EQ(take_open(r), 2);
    EQ(take_open(r), 12);
    waits_open(r);
}

CASE(no_ring, .text = "a closed wait for something else, behind a call that is over, is not taken "
                      "for a ring of waits")
{
    obj a = proc_new(PRIO_HIGH);
    obj b = proc_new(PRIO_HIGH);
    obj server = endpoint_new(b, 1, false);
    obj client = endpoint_new(a, 3, false);
    uint64_t mark;

    endpoint_new(a, 7, false);
    proc_reply_endpoint(a, 2);
    proc_cap(a, REG_TARGET, entry_new(server, 0));
    proc_cap(b, REG_TARGET, entry_new(client, 0));
    raw_do(b, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    raw_do(a, LK_CTL_CALL(REG_TARGET, 1));
    raw_do(b, LK_CTL(LK_SEND, 9, 1)); /* the call is over */
    raw_result(a);
    waits_closed(a, 7); /* anybody may send there */
    mark = log_mark();
    sender_again(b, 1);
    sender_waits(b);
    CHECK(!log_has(mark, "ring of waits"));
    raw_do_word(a, LK_CTL_CALL(REG_TARGET, 1), 1); /* this one is: `b` waits for `a` */
    CHECK(log_has(mark, "ring of waits"));
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of the checks: what is noted for the fast path, and what the attention word says, is
 * made untrue one by one, and must be found.
 */
#include "helpers.h"
#include "selftest.h"

#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/process.h>

/* A caller with its reply endpoint, and a server with its own; all that is noted after a call. */
struct pair {
    struct process *caller, *server, *third; /* the third is of another priority */
    struct endpoint *reply, *main;
};

static struct endpoint *make_endpoint(const struct process *recipient, bool match)
{
    struct endpoint *ep = (struct endpoint *)(void *)test_make(FRAME_ENDPOINT);

    ep->state.recipient = object_cap(&recipient->hdr);
    ep->state.match = match;
    return ep;
}

static void note_all(const struct pair *x)
{
    uint64_t epoch = cpu_self()->epoch;

    x->main->to = x->server;
    x->main->epoch = epoch;
    x->caller->fast.reply = x->reply;
    x->caller->fast.reply_epoch = epoch;
    x->caller->fast.to = x->server;
    x->caller->fast.to_id = x->main->state.id;
    x->caller->fast.to_epoch = epoch;
    x->caller->last_called = object_cap(&x->main->hdr);
    x->server->fast.caller = x->caller;
    x->server->fast.caller_epoch = epoch;
}

/* Two at once break in some cases, since the note of a call says that of its endpoint again. */
static unsigned check_pair(const struct pair *x)
{
    return process_check(x->caller) + process_check(x->server) + endpoint_check(x->main) +
           endpoint_check(x->reply);
}

static void make_pair(struct pair *x)
{
    x->caller = test_make_process(5);
    x->server = test_make_process(5);
    x->third = test_make_process(6);
    x->main = make_endpoint(x->server, false);
    x->reply = make_endpoint(x->caller, true);
    x->main->state.id = 77;
    x->caller->slot[SLOT_REPLY_ENDPOINT] = object_cap(&x->reply->hdr);
}

static void end_pair(const struct pair *x)
{
    test_rescind(&x->main->hdr);
    test_rescind(&x->reply->hdr);
    test_rescind_process(x->caller);
    test_rescind_process(x->server);
    test_rescind_process(x->third);
}

/* Make `place` say `value` for the time of a check, which is to find so much. */
#define BREAK(x, place, value, finds)                                                              \
    do {                                                                                           \
        __typeof__(place) kept_ = (place);                                                         \
        CHECK_EQUAL(check_pair(x), 0);                                                             \
        (place) = (value);                                                                         \
        CHECK_EQUAL(check_pair(x), finds);                                                         \
        (place) = kept_;                                                                           \
    } while (0)

SELFTEST(check_fast_notes, "a note for the fast path that is of this epoch and not true is found")
{
    struct pair x;
    uint64_t epoch;

    make_pair(&x);
    note_all(&x);
    epoch = cpu_self()->epoch;
    BREAK(&x, x.main->to, x.caller, 1);
    BREAK(&x, x.main->state.match, 1, 2); /* the note of a call says it again */
    BREAK(&x, x.main->state.recipient, object_cap(&x.caller->hdr), 2);
    BREAK(&x, x.main->state.id, 78, 1);
    BREAK(&x, x.server->slot[SLOT_SCHEDULE].type, CAP_NULL, 2);
    BREAK(&x, x.server->priority, 6, 2);
    BREAK(&x, x.caller->fast.reply, x.main, 1);
    BREAK(&x, x.caller->slot[SLOT_REPLY_ENDPOINT].count, 0, 1);
    BREAK(&x, x.reply->state.match, 0, 1);
    BREAK(&x, x.reply->state.recipient, object_cap(&x.server->hdr), 1);
    BREAK(&x, x.caller->fast.to, x.third, 1);
    BREAK(&x, x.caller->fast.to_id, 76, 1);
    BREAK(&x, x.caller->last_called.count, 0, 1);
    BREAK(&x, x.caller->fast.reply_epoch, epoch - 1, 2); /* a call and a reply rest on it */
    BREAK(&x, x.server->fast.caller, x.third, 1);
    BREAK(&x, x.server->fast.caller, (struct process *)(void *)x.main, 1);
    BREAK(&x, x.server->fast.caller_epoch, epoch ^ FAST_OTHER, 1);
    BREAK(&x, x.caller->slot[SLOT_SCHEDULE].type, CAP_NULL, 1);
    x.third->fast.caller = x.caller;
    x.third->fast.caller_epoch = epoch ^ FAST_OTHER;
    CHECK_EQUAL(process_check(x.third), 0);
    x.third->fast.caller_epoch = epoch;
    CHECK_EQUAL(process_check(x.third), 1);

    test_commit();
    x.server->fast.caller = x.third; /* whatever is noted, it is of an epoch that is over */
    x.main->to = x.third;
    x.caller->fast.to = x.caller;
    x.caller->fast.reply = x.main;
    fast_forget();
    CHECK_EQUAL(check_pair(&x) + process_check(x.third), 0);
    end_pair(&x);
}

SELFTEST(check_attention, "an attention word that says more or less than there is is found")
{
    struct pair x;
    struct process *p;

    make_pair(&x);
    p = x.server;
    BREAK(&x, p->attention, p->attention | ATTN_SENDERS, 1);
    BREAK(&x, p->attention, p->attention | ATTN_SLICE, 1);
    BREAK(&x, p->slice_left, 5, 1);
    BREAK(&x, p->attention, p->attention | ATTN_NOTICE, 1);
    BREAK(&x, p->notices, 4, 1);
    BREAK(&x, p->attention, p->attention | ATTN_PREEMPT, 1);

    test_commit();
    process_end_wait(x.caller);
    x.caller->s.run_state = LK_STATE_BLOCKED;
    x.caller->s.wait = LK_WAIT_SENDING;
    x.caller->sending_to = object_cap(&x.main->hdr);
    plist_insert(&x.main->senders, &x.caller->sender_node, x.caller->priority);
    endpoint_update(x.main);
    BREAK(&x, p->attention, p->attention & ~ATTN_SENDERS, 1);
    process_end_wait(x.caller);
    x.caller->s.run_state = LK_STATE_FAULTED; /* nobody queued it */
    CHECK_EQUAL(check_pair(&x), 0);
    end_pair(&x);
}

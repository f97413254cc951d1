/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A proxied message: a target, its proxy receiver, senders; and what the receiver then does, round
 * by round.
 */
#pragma once

#include "twice.h"

#define X_PROXY 5 /* capability registers of the senders: ProxyEntry of the target; 6: its Entry */
#define X_GIFT 20 /* 20..23: a page, a process, one that is gone, an Entry */
#define X_GOT 9   /* 9..12 of receiver and target: where they receive */
#define X_OTHER 5 /* of the receiver: an Entry of a bystander; 6: a Process */
#define TARGET_ID 40
#define RECEIVER_ID 41
#define OTHER_ID 42

/* What the target does meanwhile. */
enum target {
    T_OPEN,   /* an open wait */
    T_CLOSED, /* one for an answer */
    T_NOTICES,
    T_READY,  /* of so low a priority that it does not run */
    T_HELD,   /* in an open wait, and held */
    T_DEFERS, /* in an open wait; its control word says so */
    T_FAULT,
    T_SENDS,
    T_CALLS, /* the receiver, in vain */
    TARGETS
};

enum receiver { R_WAITS, R_LATE, R_IS_HELD, R_NEVER, R_GONE, RECEIVERS };

/* What the receiver does when it has the message. */
enum after {
    A_NOTHING,
    A_RELEASE_AND_WAIT, /* in one invocation */
    A_RELEASE_CALL,     /* by call; then it waits */
    A_FETCH, /* the answer's capability first, and answers through it; then as the first */
    A_ANSWER_AND_WAIT, /* fetches it, releases the target, answers and waits in one invocation */
    AFTERS
};

struct proxied {
    enum target target;
    enum receiver receiver;
    enum after after;
    uint64_t wait, wait_id, wait_limit; /* of the receiver */
    unsigned target_priority, receiver_priority, sender_priority;
    uint64_t send; /* control word of the sender, but for the target */
    uint64_t lengths;
    uint64_t release; /* of the receiver: all but shape, target and words */
    uint64_t hold;
    bool bits;          /* preempting bits are pending already */
    bool receiver_bits; /* notices for the receiver */
    bool target_bits;   /* and plain ones for the target */
    unsigned senders;   /* that come behind the first: 0 or 1 */
    bool sender_bits;   /* and plain ones for the first sender */
    unsigned flags;     /* a debugger's, of the first sender */
    bool calls_before;  /* the first sender calls the bystander, which answers */
    bool receiver_fpu;
    uint64_t receiver_fs;
    unsigned rounds;
};

struct proxied proxied_usual(void);
void proxied_both(const struct proxied *p);

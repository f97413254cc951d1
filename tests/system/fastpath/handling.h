/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process that faults, its handler, and what the handler does about it: one round of this after
 * the other, so that the long way has noted in the first what the fast path asks for in the next.
 */
#pragma once

#include "acts.h"
#include "twice.h"

#define H_FAULTER 5 /* capability registers of the handler: Process of who faults */
#define H_GOT 9     /* 9..12: where it receives */
#define H_ENTRY 14  /* an Entry of its other endpoint, or of the bystander's */
#define H_STALE 15
#define HANDLER_ID 90
#define OTHER_ID 91

/* What the slot for the handler holds. */
enum to_whom {
    TO_HANDLER,
    TO_NOBODY,    /* Null */
    TO_GONE,      /* the endpoint is destroyed */
    TO_NO_ONE,    /* it has no recipient */
    TO_DEAD,      /* the recipient is destroyed */
    TO_ITSELF,    /* who faults is the recipient */
    TO_MATCH,     /* an endpoint with payload match, which expects no reply */
    TO_MATCH_FIT, /* the reply capability of a call of the handler */
    TO_OF_MEMORY, /* slot 15 of the GPT of where it faults has the handler's Entry; the slot one of
                     its other endpoint */
    TO_WHOM
};

/* What the handler does in a round, after it was told. */
enum then {
    NOTHING,
    RESUME_AND_WAIT, /* in one invocation, and again with the fault that comes of it */
    RESUME,          /* one way */
    RESUME_CALL,     /* by call, then it waits */
    THENS
};

/* What is done to who faulted, before its handler does anything. */
enum meanwhile {
    LEFT_ALONE,
    HELD,
    GONE_ON, /* resumed by somebody else: waits for a message now */
    WAITS_TO_SEND,
    DESTROYED,
    UNSCHEDULED,
    LOWER, /* its schedule is another */
    HIGHER,
    HANDLER_SET, /* to what it was: not told again */
    MEANWHILES
};

struct handling {
    const char *act; /* what who faults executes, with this in rdi */
    uint64_t address;
    uint64_t wait, wait_id, wait_limit; /* the handler's; 0: it does not wait yet */
    unsigned priority;                  /* the handler's; who faults has PRIO_HIGH */
    enum to_whom to;
    bool held, unscheduled, told_late; /* the handler: held; without a schedule; waits afterwards */
    bool handler_notice, faulter_notice;
    unsigned handler_senders, faulter_senders, other_faults; /* that wait already */
    unsigned handler_flags, faulter_flags;                   /* a debugger's */
    bool handler_fpu, faulter_fpu;
    uint64_t handler_fs, faulter_fs;
    enum meanwhile meanwhile;
    enum then then;
    uint64_t control; /* of its resume: all but shape, target and number of words */
    unsigned target;  /* H_FAULTER, H_GOT.. */
    uint64_t words, op, how, how_next; /* the last one: of every other resume */
    unsigned times;                    /* how often it does that in a round */
    unsigned ready; /* others that are ready to run then, and when the fault comes, */
    unsigned ready_priority;
    bool ready_first; /* in front of its equals */
    unsigned rounds;
};

#define READY 2

/* The usual: an open wait for one capability, equal priorities, and three rounds. */
struct handling handling_usual(void);

/* Whatever can be drawn about a fault, but for what its handler then does. */
struct handling random_fault(struct rng *rng);

/* Play it with the fast path and without. */
void handling_both(const struct handling *h);

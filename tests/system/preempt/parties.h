/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Processes that are each other's targets and receivers, their senders, and what the laws say of
 * them at any moment: the model that random.c checks each of its steps against. The model is what
 * the test has done to them, and what it has seen arrive; look() brings it up to date.
 */
#pragma once

#include "trio.h"

#define PARTIES 5
#define SENDERS 7
#define SHORT_BOUND (400000ull)
#define NOBODY PARTIES
#define ANSWER 0x1000000ull /* and the number of the target */

/* A process that may be target and receiver, with one endpoint for both. */
struct party {
    obj p, x;           /* the process and its endpoint */
    obj proxy, notice;  /* made from it */
    obj entry;          /* of it, for the slots of others */
    unsigned receiver;  /* whose entry is in its slot; NOBODY: Null, or one that is gone */
    unsigned recipient; /* of its endpoint: mostly itself */
    uint64_t id;
    bool match;
    uint32_t bits; /* posted and not delivered */
    /* The control word. */
    struct control c;
    uint64_t bound;
    bool registered;
    bool lowered; /* *defer* was, and nobody has told the kernel */
};

/* A sender: idle, waiting, or in a call. */
struct from {
    obj p;
    bool sends, calls;
    bool taken;  /* its message arrived */
    unsigned by; /* and about whom; NOBODY: not looked at yet */
    unsigned to; /* whose ProxyEntry; NOBODY: one that is gone */
    uint64_t word;
};

extern struct party party[PARTIES];
extern struct from from[SENDERS];
extern struct rng rng;
extern uint64_t next_word; /* that a sender sends; each once */

/* What was seen so far. */
extern uint64_t delivered_bits, delivered_words, answered, refused, forced;

/* All anew, with random numbers from this seed: each party's receiver is the next one. */
void make_all(uint64_t seed);

/* Of a party: a process in the place of one that is gone; the ProxyEntry and AppNotice, and the
 * Entry, of an endpoint that is new. */
void make_process(struct party *a);
void make_caps(struct party *a);
void make_entry(struct party *a);

/* Changes: of its endpoint, the recipient (NOBODY: none) and the ID; its slot for a proxy receiver
 * (NOBODY: Null); its control word, at random. */
void set_recipient(struct party *a, unsigned who);
void set_id(struct party *a, uint64_t id);
void point_to(struct party *a, unsigned receiver);
void registers_word(struct party *a);

/* Look at everything that was received or answered, and check everything. */
void look(void);

/* Before something is done that would hide them: bits that party `i` had pending may be delivered.
 */
void look_at_bits(unsigned i);

/* The message `word` has arrived at the handler of party `t`, or of one that is gone (NOBODY). */
void arrived(unsigned t, uint64_t word);

/* Which party the Process capability in R_C is to; NOBODY: none. */
unsigned party_in_reg(void);

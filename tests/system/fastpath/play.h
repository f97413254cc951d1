/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A play: a client, a server and a bystander, what state they are in, and what the first two do.
 */
#pragma once

#include "../lib/sys.h"

#define SERVER 5 /* capability registers of the client: Entry of the server */
#define STALE 6  /* whose object is gone */
#define KERNEL 7 /* of the kernel */
#define EMPTY 8
#define NOTICE 10 /* AppNotice to the server, of NOTICE_BITS; 11: one that preempts */
#define NOTICE_BITS 0xf0ff
#define REPLY 9 /* of the server: where it receives the reply capability */
#define GOT 12  /* 12..15: where the client receives */
#define GIFT                                                                                       \
    20 /* 20..25 of both: a page, a process, a GPT, one without an object, a page that is gone,
                   a reply capability that is used up */
#define GIFTS 6
#define SERVER_ID 70
#define REPLY_ID 71

#define STRING_AT 8192

enum reply_endpoint { FIT, NONE, NO_MATCH, GONE, OTHERS };

/* What is changed when all has been noted for the fast path. */
enum change {
    NO_CHANGE,
    ENDPOINT_ID, /* of the endpoint that is called */
    ENDPOINT_RECIPIENT,
    ENDPOINT_MATCH,
    ENDPOINT_GONE,
    REPLY_ENDPOINT_ID, /* of the client's reply endpoint */
    REPLY_ENDPOINT_RECIPIENT,
    REPLY_ENDPOINT_MATCH, /* off, and on again: nothing is outstanding any more */
    REPLY_ENDPOINT_GONE,
    SERVER_LOWER, /* priorities */
    SERVER_HIGHER,
    CLIENT_LOWER,
    CLIENT_HIGHER,
    SERVER_SCHEDULE_GONE, /* the slots are as they were: the objects are destroyed */
    CLIENT_SCHEDULE_GONE,
    CHANGES
};

struct play {
    uint64_t server_wait; /* control word with which the server waits; 0: it does not */
    uint64_t server_id;   /* of a closed wait */
    unsigned server_priority;
    bool server_held, server_unscheduled, server_notice, client_notice, client_traced;
    bool server_fpu, client_fpu;
    uint64_t server_fs_base, client_fs_base;
    unsigned blocked_on_server, blocked_on_client; /* senders that wait */
    enum reply_endpoint reply;
    uint64_t call;         /* the client's control word */
    uint64_t call_lengths; /* its r9 */
    uint64_t post;         /* bits; not 0: the call is AppNotice.post, words 0 and 1 are made so */
    bool rehearse_wide;    /* rehearsed with these control words; else with plain ones */
    enum change change;
    bool late;       /* not before the call, but between it and the answer */
    unsigned times;  /* how often it does so, but for once */
    uint64_t answer; /* the server's next, if it received something; 0: nothing */
    uint64_t answer_lengths;
    uint64_t then;           /* and the client's next after that; 0: nothing */
    bool strings;            /* string registers name memory of the case, at these offsets */
    unsigned from_at, to_at; /* up to STRING_AT */
    uint64_t server_limit;   /* of the wait that the server begins with */
};

/* Play it with the fast path on, and off, and compare; if it is its turn (sys_turn()). */
void play_both(const struct play *play);

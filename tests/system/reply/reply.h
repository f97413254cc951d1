/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A client that calls a server, both raw processes.
 */
#pragma once

#include "../lib/sys.h"

#define REG_SERVER 5 /* of the client: Entry of the server */
#define REG_REPLY 9  /* of the server: reply capability */
#define SERVER_ID 40
#define CLIENT_ID 41

struct session {
    obj client, server;
    obj endpoint; /* the server's */
    obj entry;    /* of it */
    obj reply;    /* the client's reply endpoint */
};

struct session session_new(void);
/* The client calls with this method and the server, which waits, receives it into REG_REPLY. */
void session_call(struct session s, uint64_t method);
/* `p` answers through one of its registers, in this shape (LK_SEND, LK_SEND | LK_BLOCK ..). */
void answer(obj p, unsigned reg, uint64_t shape, uint64_t result);
/* The client has this answer. */
void client_has(struct session s, uint64_t result);
/* The client still waits for its answer. */
void client_waits(struct session s);
uint64_t endpoint_payload(obj endpoint);
uint64_t endpoint_flags(obj endpoint);

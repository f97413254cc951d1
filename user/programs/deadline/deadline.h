/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deadline: what its threads share. README.md says who they are.
 */
#pragma once

#include <lykos/deadline.h>
#include <lykos/lykos.h>

/* Request to the server: be at it until a time, then answer with the number. Words: the method, the
 * number, the absolute time. Answer: word 1, the number. */
#define SERVER_WORK 1u

/* Numbers of requests; the server notes what became of each of its answers. */
#define REQUESTS 2048u

/* What the server knows. The caller reads it when the server has answered a later request. */
struct server_notes {
    uint64_t received; /* requests received */
    uint8_t got[REQUESTS];
    enum status sent[REQUESTS]; /* result of sending the answer */
};
extern struct server_notes notes;

/* For the canceller: a message without an answer. Words: how; the number of the call; the absolute
 * time at which. */
#define CANCEL_BY_ENTRY 1u  /* through the ProxyEntry */
#define CANCEL_BY_NOTICE 2u /* through the proxy notice */

/* Capability registers of the canceller. */
#define CANCELLER_ENTRY LK_REG_NAMED
#define CANCELLER_NOTICE (LK_REG_NAMED + 1)

struct canceller_notes {
    volatile uint64_t done; /* orders carried out */
    volatile enum status result;
};
extern struct canceller_notes cancelled;

/* Of the caller; the handler and the canceller share it. */
extern struct lk_deadline own;

/* The other threads. */
void handle(void *unused);
void serve(void *unused);
void cancel(void *unused);

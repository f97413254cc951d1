/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Clients, who pay, and their sessions.
 *
 * A client is whoever has an Entry of this server with a certain payload. It has one store: a
 * window, paid by its own bank, with a tree in it. A session is an Entry that the server makes, to
 * its second endpoint; its payload is the session's place, a number that tells it from those that
 * had the place before, and the right to change something.
 */
#pragma once

#include "tree.h"

#include <lykos/gen/store.h>

#define CLIENTS WINDOWS
#define SESSIONS 64u

#define TOLD_TRIM 1u /* notice bit, to the server itself: pages are to be given back */

/* Payload of a session's Entry. */
#define SESSION_WRITES 1u
#define SESSION_PLACE_SHIFT 1
#define SESSION_NUMBER_SHIFT 7

/* Who pays. */
struct client {
    bool there;
    bool temporary; /* ends with its last session */
    uint64_t payload;
    uint64_t quota;
    unsigned sessions;
    struct window window;
    struct tree tree;
    struct store_statistics counts; /* gets, puts, removes, lists, refused, told */
};

/* What a session watches. They stand in a page of the client's. */
struct watch {
    uint32_t bits; /* to post */
    bool there, prefix;
    uint8_t length;
    uint8_t key[KEY_MAX];
};

/* A session. */
struct session {
    struct client *client; /* null: there is none */
    uint32_t number;       /* of the Entries that are good */
    uint16_t watches;      /* the page with its watches; NO_PAGE: it has none */
    unsigned watching;     /* how many */
    uint32_t fired;        /* since it was asked */
    uint64_t fired_version;
    uint32_t waiter; /* register of a caller who waits for one to fire; 0: nobody does */
    struct chain staged;
};

/* Once, before all else. */
enum status clients_begin(void);

/* Open a session for a client; its AppNotice is in register `notice`. The Entry comes to `reg`. */
enum status session_open(uint64_t payload, uint64_t quota, bool temporary, uint32_t notice,
                         bool *fresh, uint32_t reg);

/* The session of an Entry; null: it has ended. */
struct session *session_of(uint64_t payload);

/* Make an Entry of a session. */
enum status session_entry(const struct session *s, uint32_t rights, uint32_t reg);

/* End it; end all of a client, and close its bank. */
void session_end(struct session *s);
void client_end(struct client *c);

/* End the sessions of clients that are gone. True: there are others. */
bool sessions_sweep(void);

/* Give spare pages of all clients back, a few. True: there are more. */
bool clients_trim(void);

/* The same for one, at the end of a request. Tells the server itself if there are more. */
void client_trim(struct client *c);

/* ---- watches (watch.c) ---- */

enum status watch_add(struct session *s, uint32_t bits, bool prefix, struct key key,
                      uint32_t *number);
enum status watch_remove(struct session *s, uint32_t number);

/* A key of the client was put or removed: tell all sessions that watch it. */
void watches_fire(struct client *c, struct key key);

/* Somebody waits for a watch to fire: keep him in a register. 0: too many wait. */
uint32_t waiter_register(const struct session *s);

/* Answer who waits in this session, if somebody does. (main.c) */
void waiter_answer(struct session *s, enum status result);

/* All sessions. (clients.c) */
struct session *session_at(unsigned i);

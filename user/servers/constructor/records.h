/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The constructors that there are. What one holds stands in memory that its builder pays for: a
 * bank below his, hidden from him, gave its Endpoint and the CapPage for what it was given. So all
 * of it is gone when his bank is closed. The record here, with the names, is the server's.
 */
#pragma once

#include <lykos/constructor.h>
#include <lykos/start.h>

/* Capability registers of the server, beside those that have names. */
#define REG_SHELF LK_REG_FREE /* CapPage of the server: three capabilities for each constructor */
#define REG_HELD (LK_REG_FREE + 1)    /* work: the CapPage of the constructor at hand */
#define REG_WORK (LK_REG_FREE + 2)    /* work: a capability on its way */
#define REG_CONTROL (LK_REG_FREE + 3) /* work: Entry that controls the instance at hand */

#define RECORD_ID 0x1000u /* endpoint ID of the first constructor; each has another one */
#define PAYLOAD_BUILDER 0u
#define PAYLOAD_REQUESTOR 1u

/* One capability that it was given. */
struct held {
    char name[CONSTRUCTORS_NAME];
    const char *hole; /* why it is one; NULL: it is discreet */
};

struct record {
    bool used;
    bool sealed;
    uint64_t client;   /* payload of who made it, at constructor.main */
    uint64_t id;       /* endpoint ID, which no other has or will have */
    uint64_t program;  /* number in the description */
    char name[17];     /* of that */
    uint64_t endpoint; /* as lk_entry_look() says */
    unsigned count;
    struct held held[CONSTRUCTORS_CAPS];
};

/* Make the shelf, out of the bank that pays for the server. */
enum status records_begin(void);

/* A new one, paid by the bank in register `bank`, which is one. The results are those of
 * CONSTRUCTORS_NEW. */
enum status record_open(uint64_t client, const char *program, uint32_t bank, struct record **out);

/* It is gone, and its memory given back. */
void record_close(struct record *r);

/* The constructor whose Endpoint has this ID; NULL: it is no more. Its Endpoint may be there for a
 * while still, if its builder closes a bank that gave much. */
struct record *record_of_id(uint64_t id);

/* The constructor that an Entry to `endpoint` is of; NULL: none of this server's. */
struct record *record_of_endpoint(uint64_t endpoint);

/* An Entry to its Endpoint, with this payload, into register `reg`. INVALID_CAP: its bank was
 * closed. */
enum status record_entry(const struct record *r, uint32_t payload, uint32_t reg);

/* Put what is in register `reg` behind what it holds. `hole`: why it is one, or NULL. */
enum status record_put(struct record *r, const char *name, uint32_t reg, const char *hole);

/* Copy what it was given as the k-th into register `reg`. INVALID_CAP: its bank was closed. */
enum status record_get(const struct record *r, unsigned k, uint32_t reg);

/* How many holes it has, of what it holds and of what the description gives its program; and the
 * n-th in words, into `words`, or "". */
enum status record_holes(const struct record *r, uint64_t n, uint64_t *holes,
                         char words[CONSTRUCTORS_WORDS]);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A dispatcher for the cases of this scenario, with a transport in memory whose other side is the
 * case, and a service whose handlers do as they are told.
 *
 * The case runs at a lower priority than the initial thread and the keeper, and at a higher one
 * than the workers: whatever can be read or written is, when a function here that tells the
 * transport returns; handlers run while the case sleeps.
 */
#pragma once

#include "../lib/sys.h"
#include <lykos/dispatch.h>

#define PORTS 3u
#define WORKERS 5u
#define MSEC NSEC_PER_MSEC
#define DEADLINE (50 * MSEC)

#define PRIO_LOOP 120
#define PRIO_KEEPER 140
#define PRIO_WORKER 80
#define PRIO_SILENT 90

/* What a handler is told: the argument of DOMAIN_LOOKUP_BY_ID. From TOLD_SLEEP on: to sleep for so
 * many milliseconds more, and answer. */
enum {
    TOLD_ANSWER = 0, /* at once */
    TOLD_WAIT,       /* until kit_go */
    TOLD_LOOP,       /* for ever */
    TOLD_CALL,       /* a server that never answers */
    TOLD_SEND,       /* to one that never receives */
    TOLD_PARK,       /* waits for notices, for ever */
    TOLD_FAULT,      /* reads from address 0 */
    TOLD_BAD_RESULT, /* gives a result that cannot be read */
    TOLD_FAIL,
    TOLD_LONG,         /* an answer that is too long */
    TOLD_HOLD,         /* computes with a lock of its own until kit_go, then without it for ever */
    TOLD_ASK_AGAIN,    /* calls a server that answers */
    TOLD_LATE,         /* calls a server that answers after 30 ms */
    TOLD_DEEP,         /* uses half of its stack, and loops */
    TOLD_FAULT_LOCKED, /* faults with a lock */
    TOLD_SLEEP = 100
};
extern volatile bool kit_go;
extern volatile uint64_t kit_inside; /* handlers that are TOLD_WAIT, and wait */
extern volatile uint64_t kit_begun;  /* handlers that have begun, in all */

extern struct dispatch kit;
extern struct dispatch_port kit_ports[PORTS];
extern struct dispatch_worker kit_workers[WORKERS];
extern obj kit_thread; /* the initial thread */

/* A dispatcher with so many workers begins, and is primed. */
void kit_begin_with(unsigned workers, uint64_t deadline);
void kit_begin(void);
/* Begin so that the fault with which the program ends is told to nobody: to be called first. */
void kit_program_may_end(void);
/* Do the invariants of the dispatcher hold? */
bool kit_checks(void);
/* All workers wait for jobs, and the invariants hold. */
void kit_fine(void);
/* All that was given to workers is done, and they wait for jobs. */
void kit_idle(void);
/* Stop the last worker as the clock does at a deadline, whatever the time is. */
void kit_stop_worker(void);
/* Have the initial thread tell the event. */
void kit_event(const remote_lifecycle *event);

/* ---- The transport's other side. ---- */

/* Connect; what is sent back is taken. Hang up: what was not read is void. */
void wire_connect(unsigned port);
void wire_hang_up(unsigned port);
/* From now on so many bytes more are taken from the dispatcher. */
#define WIRE_ALL SIZE_MAX
void wire_room(unsigned port, size_t bytes);
/* Send bytes, as one receive buffer; or as the rest of one. */
void wire_send(unsigned port, const uint8_t *bytes, size_t n);
void wire_send_rest(unsigned port, const uint8_t *bytes, size_t n);
/* Pieces that the dispatcher has not read. */
unsigned wire_unread(unsigned port);
/* Were bytes written for a session that was over? Thrown away. */
extern uint64_t wire_late;

/* ---- Messages. ---- */

struct message {
    remote_header header;
    const uint8_t *payload;
    size_t bytes; /* of it */
};

/* Calls: each one receive buffer. */
void call(unsigned port, unsigned procedure, uint32_t serial, const void *arguments);
void call_told(unsigned port, uint32_t serial, int32_t told);
/* So many that are TOLD_WAIT, with serials from the first on. */
void call_waiting(unsigned port, uint32_t first, uint32_t count);
void say_auth(unsigned port);
/* AUTH_LIST (serial 0) and CONNECT_OPEN (serial 1), and their answers, which are forgotten. */
void say_hello(unsigned port);
/* Connect, and say hello. */
void open_client(unsigned port);
void ping(unsigned port);
/* Append an encoded call at `at`; returns its length. */
size_t encode_call(uint8_t *at, unsigned procedure, uint32_t serial, const void *arguments);

/* Whole messages that came and were not taken; message `i` of them; forget them. */
unsigned answers(unsigned port);
struct message answer_at(unsigned port, unsigned i);
void answers_forget(unsigned port);
/* Wait until there are so many; no more may be there. */
void await_answers(unsigned port, unsigned n);
/* Message `i` is the result of DOMAIN_LOOKUP_BY_ID with this serial; any result without a payload;
 * an error with this code, whose text has this in it. */
void is_told(unsigned port, unsigned i, uint32_t serial, int32_t told);
void is_empty(unsigned port, unsigned i, uint32_t serial);
void is_error(unsigned port, unsigned i, uint32_t serial, int32_t code, const char *text);
void is_pong(unsigned port, unsigned i);
/* Call with this serial: the result is message `i`, and the last one. */
void is_answered(unsigned port, unsigned i, uint32_t serial, int32_t told);

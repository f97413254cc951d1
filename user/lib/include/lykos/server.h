/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The server loop: an operation table by method number, like the kernel's own.
 *
 *      static enum status counter_add(struct lk_request *rq)
 *      {
 *          total += rq->w[1];
 *          lk_answer1(rq, total);
 *          return STATUS_OK;
 *      }
 *      static const struct lk_method methods[] = {
 *          [1] = { .fn = counter_add, .words = 1 },
 *      };
 *      static const struct lk_server server = { .methods = methods, .method_count = 2 };
 *      int main(void) { lk_serve(&server); }
 *
 * The loop checks each request against its table entry before it calls: a method that is not there
 * is answered UNKNOWN_REQUEST, too few words or capabilities or too long a string REQUEST_ERROR.
 * The answer goes to capability 0 of the request, the reply capability, without blocking: a client
 * that is gone costs the server nothing.
 *
 * A server whose interface is described (docs/idl.md) writes no table: it includes the dispatch
 * that was made for it, which checks more, and calls its functions with arguments by name.
 */
#pragma once

#include <lykos/invoke.h>
#include <lykos/start.h>
#include <stdbool.h>

/* One request while a method works on it. */
struct lk_request {
    uint64_t w[LK_MAX_WORDS]; /* as received: w[0] is the method, w[1].. its arguments */
    uint64_t delivery;        /* LK_DLV_... */
    uint64_t id;              /* endpoint ID it came to */
    uint64_t payload;         /* protected payload of the capability that the client invoked */
    const char *string;       /* as received, in the server's buffer; not terminated */
    size_t string_len;
    void *context; /* the server's */
    const struct lk_server *server;

    /* The answer. All zero when the method begins; its result code is the method's return value.
     * The string is sent after the method has returned: it must not stand on the method's stack.
     * no_answer: the loop does not answer; the method has kept the caller, or there is none. */
    uint64_t out[LK_MAX_WORDS]; /* out[1].. */
    unsigned out_words;         /* how many of them mean something */
    const void *out_string;
    size_t out_string_len;
    uint32_t out_cap[LK_MAX_CAPS]; /* registers of the capabilities to send */
    unsigned out_caps;
    bool no_answer;
};

/* One method: what it takes, and the function behind it (null: no such method). */
struct lk_method {
    enum status (*fn)(struct lk_request *rq);
    uint8_t words;       /* behind word 0 */
    uint8_t caps;        /* behind the reply capability; they are in LK_REG_ARG.. */
    uint32_t string_min; /* least and most bytes of string; most 0: it looks at none */
    uint32_t string_max;
    const char *name; /* for reports; may be null */
};

/* A server.
 *   methods: indexed by word 0 of the request
 *   notice: told of notices; null: they are dropped
 *   other: requests that are not in the table (fault messages, ranges of numbers); null:
 *       UNKNOWN_REQUEST
 *   buffer: for strings received, at most LK_MAX_STRING bytes; null: none are received */
struct lk_server {
    const struct lk_method *methods;
    unsigned method_count;
    void (*notice)(void *context, uint64_t bits);
    enum status (*other)(struct lk_request *rq);
    void *buffer;
    uint32_t buffer_size;
    void *context;
    uint64_t interface;   /* what getType answers, of a server whose methods are described */
    const char *discrim;  /* what the description of the system calls the capability of type Discrim
                            by which types are checked; null: none are */
    uint32_t discrim_reg; /* its register, of a program that knows it; 0: it goes by that name */
};

/* Receive and answer for ever. Messages come by open wait, their reply capability in LK_REG_CALLER,
 * their other capabilities in LK_REG_ARG... */
_Noreturn void lk_serve(const struct lk_server *server);

/* One step of it, for a program with a loop of its own: judge the message in `msg` as lk_serve()
 * would and make the answer in it, ready to be sent by lk_invoke(), which also waits for the next
 * message. `msg` starts out as lk_serve_begin() leaves it. */
void lk_serve_begin(const struct lk_server *server, struct lk_msg *msg);
void lk_serve_step(const struct lk_server *server, struct lk_msg *msg);

/* ---- For dispatch that tools/lykos-idl has made ---- */

/* Method 0, getType: the number of the interface. */
enum status lk_server_get_type(struct lk_request *rq);

/* Has capability 1 + n of the request one of these types, a mask of 1 << LK_TYPE_...? What cannot
 * be classified has none. */
bool lk_request_cap_is(const struct lk_request *rq, unsigned n, uint32_t types);

/* ---- Answers ---- */

/* Keep the caller for later: its reply capability goes to register `reg`, and the loop does not
 * answer. */
static inline void lk_keep_caller(struct lk_request *rq, uint32_t reg)
{
    lk_copy_cap(LK_REG_CALLER, reg);
    rq->no_answer = true;
}

/* Answer a kept caller, without blocking, with a result and a string (length 0: none). Its register
 * is Null afterwards. INVALID_CAP: the caller is gone; that does not matter to most servers. */
enum status lk_answer_later(uint32_t reg, enum status result, const void *string, size_t len);

/* Words of the answer, behind the result. */
static inline void lk_answer1(struct lk_request *rq, uint64_t w1)
{
    rq->out[1] = w1;
    rq->out_words = 1;
}
static inline void lk_answer2(struct lk_request *rq, uint64_t w1, uint64_t w2)
{
    rq->out[1] = w1;
    rq->out[2] = w2;
    rq->out_words = 2;
}
static inline void lk_answer3(struct lk_request *rq, uint64_t w1, uint64_t w2, uint64_t w3)
{
    rq->out[1] = w1;
    rq->out[2] = w2;
    rq->out[3] = w3;
    rq->out_words = 3;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the cases about preemption notification are played with: T, the target; R, who receives at
 * the endpoint Q that T's slot proxyReceiver names; senders. All are raw processes, so that what
 * they can do is done when the function that lets them returns.
 *
 * The page of T's preemption control word is mapped by the case, which writes *defer* in T's place:
 * T executes nothing while the case runs, and the kernel looks no sooner than it would.
 */
#pragma once

#include "../lib/sys.h"

#define E_ID 50 /* endpoint of T from which ProxyEntries are made */
#define Q_ID 51 /* where R receives */
#define S_ID 52 /* reply endpoints of senders */
#define PROXY_PAYLOAD 0x5eed0042ull
#define ENTRY_PAYLOAD 0x77 /* of the Entry in the slot: nobody sees it */
#define REG_PROXY 5        /* of a sender: what it invokes */
#define REG_GIFT 6         /* 6..8, of a sender: what it sends */
#define REG_GOT 9          /* 9..12, of R: what it received */
#define HOLD_0 (1u << LK_HOLD_PROXY)

struct trio {
    obj t, r;
    obj e, q;
    obj proxy;  /* ProxyEntry of `e` */
    obj entry;  /* Entry of `q`, which T's slot holds */
    obj notice; /* AppNotice of `e`, with the proxy bit, any bits */
};

/* T and R were never started. */
struct trio trio_new(void);
struct trio trio_new_at(unsigned priority_t, unsigned priority_r);
/* T, that another process is told of: the parts of a trio but for R and Q. */
void set_receiver(obj t, obj entry); /* NO_OBJ: Null */
obj proxy_new(obj endpoint, uint64_t payload);
obj proxy_notice_new(obj endpoint, uint32_t mask);

/* R waits: open, closed for Q, closed for another ID. The first may end at once. */
void r_waits(const struct trio *x);
void r_waits_closed(const struct trio *x, uint64_t id);
void waits_open(obj p);
/* It still waits; it has a proxied message with this word 0; it has these bits. `more`: further
 * bits of the delivery word. */
void r_still_waits(const struct trio *x);
struct lk_regs has_message(obj r, obj t, uint64_t word, uint64_t more);
struct lk_regs r_has(const struct trio *x, uint64_t word);
struct lk_regs r_has_forced(const struct trio *x, uint64_t word);
void has_bits(obj r, obj t, uint64_t bits, uint64_t more);
void r_has_bits(const struct trio *x, uint64_t bits);
/* In its register REG_GOT `r` has a Process capability to `t`. */
void has_process(obj r, obj t);

/* Senders through the ProxyEntry. */
obj s_new(obj proxy, unsigned priority); /* with a reply endpoint, not sending yet */
void s_sends(obj s, uint64_t word);      /* blocking, no capability, receives nothing */
void s_posts(obj s, uint64_t word);      /* non-blocking */
void s_calls(obj s, uint64_t word);
void s_waits(obj s);   /* it stands in a queue */
void s_in_call(obj s); /* it waits for its answer */
void s_result(obj s, uint64_t result);
void s_answered(obj s, uint64_t word);
obj sender(const struct trio *x, uint64_t word); /* a new one that sends, blocking */
obj caller(const struct trio *x, uint64_t word);

/* Of what is kept, by Discrim; it comes to R_A. */
uint64_t type_of(obj o);

void post(const struct trio *x, uint64_t bits);
/* The proxy hold of T ends; the second: whom the slot proxyReply leads to is answered first. */
void let_go(obj t);
void answer_and_let_go(obj t, uint64_t word);
bool held(obj t); /* by the proxy hold */
uint64_t proxy_reply_type(obj t);
uint64_t preempting(obj t); /* pending bits */
uint64_t plain(obj t);
struct lk_preemption preemption(obj p);

/* The control word: a page that is T's and is seen here. */
struct control {
    obj page;
    volatile uint8_t *word;
};
#define CONTROL_VA (WINDOW_VA + 7 * WINDOW_SIZE)
struct control control_new(obj t, uint64_t offset, uint64_t bound);
void control_set(obj t, obj page, uint64_t offset, uint64_t bound);
#define DEFER(c) ((c).word[LK_CONTROL_DEFER])
#define PENDING(c) ((c).word[LK_CONTROL_PENDING])
#define LONG_BOUND LK_DEFER_MAX
/* T yields, and stands at its breakpoint again. */
void t_yields(obj t);

/* Everything about T but its CPU time, its holds and its preempting bits. */
struct shape {
    struct look look;
    uint8_t fpu[512];
};
void shape_of(obj t, struct shape *s);
void shape_same(const struct shape *a, const struct shape *b, const char *what);

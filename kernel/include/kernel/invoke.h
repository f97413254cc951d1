/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An invocation of a kernel capability while it is carried out, as the operations of cap/ see it.
 *
 * An operation finds its arguments checked against its table entry, acquires what else it needs,
 * calls txn_commit(), and then fills in the answer and changes objects. If it returns anything but
 * OK it has not committed and has changed nothing; the dispatcher then commits an answer with that
 * result. An operation that needs nothing else is void, and only has effects: the dispatcher calls
 * txn_commit() before it. tools/check-commit looks at both kinds.
 */
#pragma once

#include <kernel/cap.h>
#include <kernel/object.h>

struct process;

/* Made by the dispatcher for each invocation; lives on its stack until the system call ends. */
struct invocation {
    struct process *invoker;
    struct cap cap;       /* the capability invoked: valid */
    const uint64_t *word; /* all eight, in the registers of the invoker */
    /* Capabilities sent: arg[1].. are the operation's, as many as its table entry says; prepared
     * (invalid ones read Null). arg[0] is Null if none was sent. */
    struct cap arg[LK_MAX_CAPS];
    enum {
        ANSWER_CALL,  /* the invoker waits for it */
        ANSWER_ENTRY, /* not a call: through the Entry in arg[0], if that is one */
        ANSWER_LATER, /* set by an operation of a call that is answered when its time has come */
        ANSWER_NONE   /* set by an operation that wrote the invoker's registers itself */
    } answer;
    size_t string_len; /* of `string`, as sent (cut to the operation's most) */

    /* The answer. Words and capabilities that the table has are zero when the operation begins. */
    uint64_t out[LK_MAX_WORDS]; /* out[1].. */
    struct cap out_cap[1];      /* no operation answers with more */
    size_t out_len;             /* what is beyond out_room is cut */
    size_t out_room;            /* that the invoker has for the string of the answer */
    char
        string[LK_KERNEL_STRING_MAX] ALIGNED(8); /* sent, or of the answer: no operation has both */
};

/* One operation: the function, and what the dispatcher checks before it calls. The numbers do not
 * count word 0 and capability 0. */
struct operation {
    union {
        enum status (*fn)(struct invocation *inv); /* acquires, commits, and has effects */
        void (*effect)(struct invocation *inv);    /* EFFECT */
    };
    union {
        struct {
            uint8_t words_out, caps_out;
            uint16_t string_in, string_out;
        };
        uint64_t more; /* 0: arguments in registers and a result, no more */
    };
    bool is_effect;
    uint8_t words_in, caps_in;
    uint8_t forbid; /* LK_RO | LK_WK | LK_OP: restrictions through which it answers noAccess */
    uint8_t over;   /* enum status: the answer if word 1 is larger than `most` */
    uint64_t most;
    bool checks;                     /* what is below is to be looked at */
    bool exact;                      /* no string but one of string_in bytes will do */
    uint32_t takes[LK_MAX_CAPS - 1]; /* masks of the types that the capabilities may have */
};
STATIC_ASSERT(LK_TYPES <= 32, "a mask of types");

/* Tables by type, made from kernel/abi/lykos.toml. NULL: no operations but getType. */
struct operation_table {
    const struct operation *op; /* indexed by code; fn NULL: no such operation */
    unsigned ops;
};
extern const struct operation_table operation_tables[];

/* EFFECT. The time has come that `p` waits for in Sleep.sleepUntil: answer it. NO_FAIL. */
void sleep_over(struct process *p);

/* The operation that answers with a copy of slots[word 1], which the dispatcher has checked;
 * weakened if the capability invoked is weak (cap/memory.c). */
enum status invoke_get_slot(struct invocation *inv, struct cap *slots);

/* Typed access to the object invoked. */
#define inv_object(inv, type) ((struct type *)(void *)oid_header((inv)->cap.oid))

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
        ANSWER_GO_ON, /* set by one that answers a process, while the invoker waits: as a reply */
        ANSWER_NONE   /* set by an operation that wrote the invoker's registers itself */
    } answer;
    size_t string_len; /* of `string`, as sent (cut to the operation's most) */

    /* The answer. Words and capabilities that the table has are zero when the operation begins. */
    uint64_t out[LK_MAX_WORDS]; /* out[1].. */
    struct cap out_cap[1];      /* no operation answers with more */
    size_t out_len;             /* what is beyond out_room is cut */
    size_t out_room;            /* that the invoker has for the string of the answer */
    /* Sent, or of the answer: no operation has both. */
    char string[LK_KERNEL_STRING_MAX] ALIGNED(8);
};

/* One operation: the function, and what the dispatcher checks before it calls. The numbers do not
 * count word 0 and capability 0. */
struct operation {
    union {
        enum status (*fn)(struct invocation *inv); /* acquires, commits, and has effects */
        void (*effect)(struct invocation *inv);    /* EFFECT */
        /* Of a slot of what the live capability `c` names, which may be filled with `with`, be
         * that live or not; what was in it goes to *old. Acquires, commits, and has effects;
         * STATUS_AGAIN: a piece is done, and it is to be called again. */
        enum status (*slot)(const struct cap *c, uint64_t slot, const struct cap *with,
                            struct cap *old);
    };
    union {
        struct {
            uint8_t words_out;
            uint16_t string_in, string_out;
        };
        uint64_t more; /* 0: no words but a result, and no string */
    };
    enum { OPERATION_FN, OPERATION_EFFECT, OPERATION_SLOT } PACKED form;
    uint8_t caps_in, caps_out;
    uint32_t words; /* least of the control word's field, where it stands */
    uint32_t caps;  /* and of its upper half */
    uint8_t forbid; /* LK_RO | LK_WK | LK_OP: restrictions through which it answers noAccess */
    uint8_t over;   /* enum status: the answer if word 1 is larger than `most` */
    uint64_t most;
    bool checks;                     /* what is below is to be looked at */
    bool exact;                      /* no string but one of string_in bytes will do */
    uint32_t takes[LK_MAX_CAPS - 1]; /* masks of the types that the capabilities may have */
} ALIGNED(64);                       /* a cache line, found by a shift */
STATIC_ASSERT(LK_TYPES <= 32, "a mask of types");

/* Tables by type, made from kernel/abi. NULL: no operations but getType. */
struct operation_table {
    const struct operation *op; /* indexed by code; fn NULL: no such operation */
    unsigned ops;
};
extern const struct operation_table operation_tables[];
extern const uint32_t slot_operations[]; /* by type: masks of the codes of those on slots */

/* EFFECT. The time has come that `p` waits for in Sleep.sleepUntil: answer it. NO_FAIL. */
void sleep_over(struct process *p);

/* The operation on slots that shows one, whose number the dispatcher has checked; weakened if the
 * capability invoked is weak (cap/memory.c). */
enum status slot_get(const struct cap *c, struct cap *slot, struct cap *old);
#define STATUS_AGAIN ((enum status) - 1)

/* Typed access to the object invoked. */
#define object_of(c, type) ((struct type *)(void *)oid_header((c)->oid))
#define inv_object(inv, type) object_of(&(inv)->cap, type)

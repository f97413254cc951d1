/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A team: the threads of one address space that take locks (<lykos/lock.h>), and so have to wait
 * for each other. Each is a *member*; the one that opens the team is the first.
 *
 * A member that has to wait parks: it waits for notices, and takes no time until another member
 * wakes it by an AppNotice. These notices stand in a CapPage that all members have in one register,
 * since capability registers are each thread's own.
 *
 *      static uint8_t stack[LK_THREAD_STACK] __attribute__((aligned(16)));
 *      static struct lk_thread worker;
 *
 *      lk_must(lk_team_open(&room, LK_REG_ENDPOINT, LK_REG_FREE, LK_REG_FREE + 1), "a team");
 *      lk_must(lk_team_make(&worker, &room, &plan), "a worker");
 *      lk_must(lk_thread_start(&worker), "a worker");
 *
 * There is one team in an address space. It is opened, and members are made and destroyed, by its
 * first member only.
 *
 * In that CapPage stands also the Process of each member, so that a team can be stopped as a whole
 * by whichever of them finds a mistake (lk_team_die). This gives nobody more than the memory does
 * that they share: who may write another's stack can have it do anything.
 */
#pragma once

#include <lykos/preempt.h>
#include <lykos/say.h>
#include <lykos/thread.h>

#define LK_TEAM_MEMBERS 32u    /* at most, the first one included */
#define LK_BIT_WAKE (1u << 29) /* notice bit: there may be a reason to go on */
/* Bytes of the first member's stack below where it opens the team, and above. */
#define LK_TEAM_BELOW 0x40000u
#define LK_TEAM_ABOVE 0x4000u
#define LK_HELD_LOCKS 8u /* that a member may hold at once, in a checked program */
/* Nanoseconds that a member may defer: hold locks and not be stopped for its handler. */
#define LK_TEAM_DEFER 1000000000ull

struct lk_lock;

/* Where in a program something was done. */
struct lk_site {
    const char *file;
    unsigned line;
};

/* The same, and when: for who looks at a program from outside. */
struct lk_moment {
    const struct lk_site *site; /* NULL: the program is not checked */
    uint64_t behind;            /* the call there: the address to which it returns */
    uint64_t cycles;            /* time-stamp counter */
};

/* A member, as locks see it. Its fields are for the library, but for `control`. */
struct lk_member {
    const char *label;
    struct lk_control
        control;         /* its control word (<lykos/preempt.h>), of which the kernel knows: it
                                  defers while it has a lock */
    uint64_t stack;      /* lowest address */
    uint64_t stack_size; /* 0: a place for a new member */
    void (*fn)(void *);
    void *arg;
    struct lk_member *next; /* behind it in the queue in which it waits */
    struct lk_moment asked; /* for the lock that it waits for, or to be told on the condition that
                               it waits on; cycles 0: for none */
    uint32_t granted;       /* what it parks for has come */
    bool waits;             /* on a condition, or not yet behind one */
    uint64_t notices;       /* bits that came while it waited for a lock */
    unsigned helds;         /* in a checked program: locks that it has, and since where */
    struct {
        const struct lk_lock *lock;
        const struct lk_site *site;
    } held[LK_HELD_LOCKS];
};

/* Open the team; the caller is its first member, whoever was in one before is forgotten.
 * `endpoint` is the register of an Endpoint of which the caller is the recipient; `caps` the
 * register, of every member, that gets the CapPage; `work` one that every member leaves to the
 * library. EXHAUSTED: the room is full.
 *
 * Who joins a team, here or below, may defer for LK_TEAM_DEFER from then on: the kernel is told of
 * its control word. Who wants another bound tells it so anew (lk_preempt_set_control()). */
enum status lk_team_open(struct lk_room *room, uint32_t endpoint, uint32_t caps, uint32_t work);

/* Make a thread that is a member, as lk_thread_make() does; it does not run yet. Its endpoint must
 * be wanted: plan->endpoint is not 0. EXHAUSTED: there are LK_TEAM_MEMBERS. IN_USE: it is one. */
enum status lk_team_make(struct lk_thread *t, struct lk_room *room,
                         const struct lk_thread_plan *plan);

/* Destroy the thread, and take it off the team. It does not run meanwhile: it is stopped for its
 * handler, faulted or suspended, or has returned. IN_USE: it has a lock, waits for one or on a
 * condition, or has been signalled and did not run since: it is to be let go on. The same holds for
 * sending it elsewhere (lk_target_redirect), which the caller finds out by lk_team_idle(). */
enum status lk_team_destroy(struct lk_thread *t);

/* Has the thread no lock, and does it wait for none and on no condition? Exact while it does not
 * run. */
bool lk_team_idle(const struct lk_thread *t);

/* The member that the thread is; NULL: none. */
struct lk_member *lk_team_member(const struct lk_thread *t);

/* The caller as a member. A thread that is none ends with a line that says so; the first member is
 * known by the stack on which it opened the team. */
struct lk_member *lk_self(void);

/* Is there a team? */
bool lk_team_there(void);

/* The caller's place in the team, below LK_TEAM_MEMBERS: 0 is the first member's, and that of a
 * thread that is none. A place is another's when its member was destroyed. */
unsigned lk_team_place(void);

/* A member begins in this place, which is not 0. The library's own does nothing; a C library has
 * one in its place. */
void lk_member_begins(unsigned place);

/* Wait for notices, as lk_park() does, and return their bits. Bits that come to a member while it
 * waits for a lock are kept for this, and those of the library are not shown: a member that takes
 * locks and waits for notices in another way misses what came meanwhile. No lock is held. */
uint64_t lk_take_notices(void);

/* Wait for notices, or until somebody wakes the caller by lk_team_wake(), whichever is first; the
 * bits, perhaps 0. It may be woken for nothing. A wake-up that comes before it waits is not lost,
 * but for this: while a member waits for a lock, or on a condition, a wake-up ends there. So who
 * waits for a reason looks for it behind the last lock that it takes, and before this. No lock is
 * held. */
uint64_t lk_await_notices(void);

/* Wake a member that waits, or will wait, in lk_await_notices(). The reason for it is written
 * first. Any member may; it waits for nothing. Who may be stopped and sent elsewhere between the
 * reason and this defers meanwhile (lk_defer_begin() with its own control word), or nobody wakes
 * the other. */
void lk_team_wake(const struct lk_member *m);

/* A mistake was found that is one of the whole program: stop all members at once, wherever they
 * are, and only then say so, since they share what may be half done. init is told, which reports it
 * and does with the program as its description says of one that faults (PROGRAM_FAIL); where there
 * is no init the text is said, and the caller faults, as in lk_die(). The others are held by
 * LK_HOLD_TEAM. Who is no member dies alone. */
_Noreturn void lk_team_die(const char *format, ...) LK_PRINTF_LIKE(1, 2);

/* The same, where the mistake is that of the thread whose Process is in register `process`: that
 * one is shown, with the way by which it came there. It does not run. */
_Noreturn void lk_team_die_of(uint32_t process, const char *format, ...) LK_PRINTF_LIKE(2, 3);

/* For the library: wait until `granted` is set; set it, and wake the member. */
void lk_await_grant(struct lk_member *me);
void lk_grant(struct lk_member *m);

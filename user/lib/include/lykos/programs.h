/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What init answers to after boot: the list of programs, and how a program ends itself. Word 0 of a
 * request is one of the methods below, word 0 of the answer an `enum status`. Programs are named as
 * the system description names them, and numbered in its order, from 0.
 */
#pragma once

#include <abi/invoke.h>
#include <stdint.h>

/* ---- init.exit: every program has an Entry to it. ---- */

/* word 1: status, 0 for success. The program is destroyed, and no answer comes to it. */
#define PROGRAM_EXIT 1u

/* string: name of a capability that the system description grants the program. Answer: the
 * capability, made anew: for an Entry to a server that was begun again. Waits while the server is
 * about to be. NOT_FOUND: no such name, or the server does not run. REQUEST_ERROR: a bank or a
 * Range, which stays good. IN_USE: the server is about to be begun again, and another thread of the
 * program waits for that already. INVALID_CAP, also of the other methods here: the program whose
 * Entry this was is no more. */
#define PROGRAM_CONNECT 2u

/* string: name of such a capability, an Entry; word 1: bits; capability 1: an AppNotice of the
 * program. The bits are posted each time that the server behind the Entry was begun again, or has
 * ended for good. One at a time; Null takes it back. */
#define PROGRAM_WATCH 3u

/* string: why, one line or several; capability 1: the caller's Process, or Null: whose way to here
 * is told. The caller's program has found a mistake of its own, and has stopped all that runs in
 * it: that is reported, and the program is dealt with as one that faulted. Answer: OK if it stays
 * as it is, to be looked at. */
#define PROGRAM_FAIL 4u
#define PROGRAM_FAIL_MAX 400u /* characters */

/* The hold by which a program stops those of its own processes that are a team (<lykos/team.h>). */
#define LK_HOLD_TEAM 4u

/* ---- init.programs: the shell and whoever else manages programs. ---- */

/* word 1: number. Answer: string, a struct program_info of the program of that number, or the next
 * one that there is; word 1, its number. Behind the last program comes init itself; behind that,
 * OUT_OF_RANGE. */
#define PROGRAMS_INFO 1u

/* string: name. Answer: word 1, its number; NOT_FOUND. */
#define PROGRAMS_FIND 2u

/* word 1: number. Answer: string, its name. For servers that tell clients apart by payload. */
#define PROGRAMS_NAME 3u

/* word 1: number; word 2: flags, below; word 3: notice bits; string: arguments, empty for those of
 * the description; capability 1: an AppNotice or Null, to which the bits are posted when the
 * program has ended. The programs whose endpoints it is given entries to are started along with it.
 * It ends with the program that asks, unless that one is started at boot. Answer: the result; if it
 * failed, string: why, in words. */
#define PROGRAMS_START 4u

/* word 1: number; word 2: life (below), 0 or not sent: whichever. Destroys the program, whatever
 * was started along with it, and what those have started; one that is about to be begun again is
 * not. No answer comes to a caller that is among them. NOT_FOUND: it does not run, or not in that
 * life. */
#define PROGRAMS_DESTROY 5u

/* word 1: number. How it ended last. Answer: word 1, PROGRAM_ENDED_..; word 2, exit status or fault
 * code; string: in words. */
#define PROGRAMS_RESULT 6u

/* word 1: number; word 2: line. Answer: string, one line about a slot or capability register;
 * OUT_OF_RANGE behind the last. */
#define PROGRAMS_CAPS 7u

/* word 1: number; word 2: life, 0 or not sent: whichever. Sets the suspend hold of its process: it
 * executes nothing until it is resumed, and everything else about it goes on. Answer: word 1, the
 * holds before; NOT_FOUND: it does not run, or not in that life; NO_ACCESS: the bank or the pager,
 * for whose answers init waits. */
#define PROGRAMS_SUSPEND 8u

/* word 1: number; word 2: life, 0 or not sent: whichever. Clears that hold, and no other. Answer:
 * word 1, the holds before; NOT_FOUND. */
#define PROGRAMS_RESUME 9u

/* word 1: number; word 2: bits, 32 of them. Posts them to the program's proxy receiver, its notice
 * handler. Answer: word 1, 1 if the handler was told at once, 0 if the bits stay pending; string, a
 * struct program_info as it was right then, which shows why. NOT_FOUND; INVALID_CAP: the program
 * has taken its reply endpoint from itself, through which it is told. */
#define PROGRAMS_NOTIFY 10u

/* string: label. A process that a program has made, which the program holds in a register or whose
 * fault init was told of. Answer: word 1, the number of that program; string, a struct program_info
 * about the process, whose name is the label; NOT_FOUND: init knows of none. */
#define PROGRAMS_INSIDE 11u

/* string: "NAME ARGUMENTS", or just the name of a program of the description. A further instance of
 * it is made, which has not begun; it ends with the program that asks, unless that one is started
 * at boot. Answer: an Entry that controls it, see below; word 1, its number. NOT_FOUND; NO_MEMORY,
 * string: why; REQUEST_ERROR: the arguments are too long; INVALID_CAP, here and from
 * PROGRAMS_START: the program that was given this Entry to init.programs by init is no more. */
#define PROGRAMS_NEW 12u

/* word 1: number. The program ends, as if it had failed: one that is to be begun again is. */
#define PROGRAMS_KILL 13u

/* word 1: number. The program ends and is begun again, with the arguments that it had.
 * REQUEST_ERROR, string: why. NO_MEMORY, string: it has ended, and could not be begun again, or not
 * yet. */
#define PROGRAMS_RESTART 14u

/* word 1: n. Answer: string, the n-th struct bank_info of the tree of banks (BANK_LIST). NOT_FOUND:
 * there are no more. */
#define PROGRAMS_BANKS 15u

/* word 1: number; word 2: position, 0 at first. Its address space as a picture in text: a line for
 * each GPT, and for each run of pages with equal rights. Answer: string, up to 1000 bytes of whole
 * lines; word 1, the next position, 0 at the end. NOT_FOUND: it does not run. */
#define PROGRAMS_SPACE 16u

/* capability 1: a bank; string: as PROGRAMS_NEW. A further instance that another one pays for, and
 * for whom it is made: its bank is below that one and hidden from it (BANK_HIDE), and it ends when
 * that one is closed, not with the program that asks. It is *quiet*: what becomes of it is told to
 * who waits for it, and to no log. When it faults it is torn down, and it is never begun again.
 * It gets all that the description gives it, or is not made. Answer: as PROGRAMS_NEW.
 * REQUEST_ERROR: that is no bank. For the server `constructor`. */
#define PROGRAMS_NEW_PAID 17u

/* word 1: number of a program of the description; word 2: n. The n-th capability that the
 * description gives each instance of it. Answer: word 1, its type, or LK_TYPE_NULL if it is one to
 * something of the instance's own, of which nobody else knows; string: "NAME = WORDS". NOT_FOUND:
 * there are no more. OUT_OF_RANGE: no such program. */
#define PROGRAMS_GRANT 18u

/* Lives. Each time that a program begins, also when it is begun again, it begins a new *life*, a
 * number that no other has had or will have until the machine is started anew: so a number and a
 * life mean one process, and never the next one in its place. init's own life is PROGRAM_LIFE_INIT.
 */

/* word 1: position, 0 at first; word 2: how many at most, 0: as many as may be. Programs that there
 * are, in short: init, those of the description, running or not, and their further instances.
 * Answer: string, up to PROGRAM_BRIEFS of struct program_brief, none: that was all; word 1, the
 * position to go on from. One request takes bounded time, however many there are. */
#define PROGRAMS_LIST 19u

/* word 1: number, or PROGRAM_INIT; word 2: life, 0: it does not run, PROGRAM_ANY_LIFE: whichever.
 * Answer: string, its struct program_brief; word 1, frames of memory that it takes up; word 2,
 * that it may take up, or might if it ran, 0: no limit. NOT_FOUND: there is none, or it is in
 * another life. */
#define PROGRAMS_LIFE 20u

/* word 1: position, or PROGRAM_CHANGES_END: behind all that has happened. What happened to programs
 * since then. Answer: string, up to PROGRAM_CHANGES_MOST of struct program_change, none: nothing;
 * word 1, the position to go on from; word 2, how many before the first of these are lost, because
 * the reader was too slow: init keeps PROGRAM_CHANGES_KEPT. OUT_OF_RANGE: no such position yet. */
#define PROGRAMS_CHANGES 21u

/* word 1: bits; capability 1: an AppNotice, to which they are posted each time that there is
 * something more for PROGRAMS_CHANGES. One for each program that asks; Null, or none, takes it
 * back. EXHAUSTED: so many others watch already. REQUEST_ERROR: that is no AppNotice. */
#define PROGRAMS_WATCH 22u

/* Answer: word 1, CPUs that run programs; word 2, CPUs that the machine has; word 3, frames of
 * memory, of 4 KiB. */
#define PROGRAMS_MACHINE 23u

/* word 1: number; word 2: position, 0 at first. What locks a program has (<lykos/lock.h>), who has
 * them and who waits for them, and how long they were held, in text. It is read out of its memory,
 * so the program need not be able to run. Answer: string, whole lines; word 1, the next position, 0
 * at the end. No lines at all: it has taken no lock. NOT_FOUND: it does not run. */
#define PROGRAMS_LOCKS 24u

/* ---- The Entry that controls one instance, from PROGRAMS_NEW. INVALID_CAP: it has ended. ---- */

/* string: name; capability 1. One more capability, that the program finds under this name. Before
 * it begins the first time, else STATE_CHANGED. IN_USE: it has one of that name; EXHAUSTED: no
 * register is left. */
#define CONTROL_GIVE 1u

/* It begins. NO_MEMORY, string: why not; STATE_CHANGED: it has. */
#define CONTROL_BEGIN 2u

/* Wait for its end. Answer: word 1, PROGRAM_ENDED_..; word 2, exit status or fault code; string: in
 * words. IN_USE: somebody waits already. INVOKEE_GONE: the bank that pays was closed meanwhile. */
#define CONTROL_WAIT 3u

/* It ends, and is not begun again. */
#define CONTROL_KILL 4u

/* Answer: string, a struct program_info. */
#define CONTROL_INFO 5u

/* Flags of PROGRAMS_START. */
#define PROGRAM_FOREGROUND 1u /* when it faults it is torn down, not kept for inspection */

/* How a program ended. */
#define PROGRAM_ENDED_NOT 0u /* it runs, or was never started */
#define PROGRAM_ENDED_EXIT 1u
#define PROGRAM_ENDED_FAULT 2u
#define PROGRAM_ENDED_DESTROYED 3u

#define PROGRAM_NAME_MAX 17 /* characters and the NUL */

/* Answer to PROGRAMS_INFO. The states and waits are those of <abi/invoke.h>. */
struct program_info {
    char name[PROGRAM_NAME_MAX];
    uint8_t running;   /* 1: there is a process */
    uint8_t run_state; /* LK_STATE_.. */
    uint8_t holds;
    uint8_t wait; /* LK_WAIT_.. */
    uint8_t fault_code;
    uint8_t at_boot;                  /* the description starts it at boot */
    uint8_t waits_to_restart;         /* it ended and is about to be begun again */
    uint32_t generation;              /* how often it was begun again */
    uint32_t priority;                /* 256: it has no schedule */
    uint32_t frames;                  /* of memory that it takes up now */
    uint32_t frames_most;             /* that it may take up; 0: no limit */
    uint64_t cpu_time;                /* nanoseconds */
    uint64_t wait_id;                 /* endpoint ID of a closed wait, or of the endpoint sent to */
    uint64_t until;                   /* end of a sleep */
    char waits_for[PROGRAM_NAME_MAX]; /* label of the process waited for, where that is known */
    char endpoint[25];                /* the endpoint that wait_id names, where that is known */
    struct lk_preemption preemption;
    char part_of[PROGRAM_NAME_MAX]; /* the program that it is a part of */
    uint8_t handler_known;          /* 1: init could find its handler, and the following is known */
    uint8_t handler_state;          /* LK_STATE_.. */
    uint8_t handler_holds;
    uint8_t handler_fault; /* fault code */
};

#define PROGRAM_INIT UINT32_MAX     /* init's number, in PROGRAMS_LIFE */
#define PROGRAM_LIFE_INIT 1ull      /* and its life */
#define PROGRAM_ANY_LIFE UINT64_MAX /* whichever */
#define PROGRAM_BRIEFS 32u          /* of an answer to PROGRAMS_LIST, at most */

/* Flags of a struct program_brief. */
#define PROGRAM_AT_BOOT 1u    /* the description starts it at boot */
#define PROGRAM_FURTHER 2u    /* a further instance: when it ends, nothing is left of it */
#define PROGRAM_FAULTED 4u    /* it faulted, and stays as it is to be looked at */
#define PROGRAM_COMES_BACK 8u /* it ended, and is about to be begun again */
#define PROGRAM_NEEDED                                                                             \
    16u                     /* who asks needs it to work, or is it: what it is given entries to,
                                 what those are, and so on; init, the bank and the pager */
#define PROGRAM_CARRIES 32u /* one that is needed ends when this one is destroyed */
#define PROGRAM_PART 64u    /* a part of another program, which starts it when it needs it */

/* A program in short, at a moment. */
struct program_brief {
    uint64_t life;       /* 0: it does not run */
    uint64_t cpu_time;   /* nanoseconds */
    uint32_t number;     /* PROGRAM_INIT: init */
    uint32_t generation; /* how often it was begun again */
    uint8_t run_state;   /* LK_STATE_.., if it runs; and so the next two */
    uint8_t holds;       /* why it is not running whatever its state: mask of 1 << LK_HOLD_.. */
    uint8_t fault_code;
    uint8_t flags;
    uint8_t ended; /* PROGRAM_ENDED_..: how it ended last, if it does not run */
    char name[PROGRAM_NAME_MAX];
};

/* What happens to programs. */
#define PROGRAM_STARTED 1u
#define PROGRAM_STOPPED 2u   /* `how`: PROGRAM_ENDED_EXIT, .._FAULT or .._DESTROYED */
#define PROGRAM_SUSPENDED 3u /* its suspend hold was set, and was not before */
#define PROGRAM_RESUMED 4u   /* the other way round */
#define PROGRAM_CRASHED 5u   /* it faulted and stays as it is; its end comes later */

#define PROGRAM_CHANGES_MOST 16u  /* of an answer to PROGRAMS_CHANGES */
#define PROGRAM_CHANGES_KEPT 256u /* the last ones */
#define PROGRAM_CHANGES_END UINT64_MAX
#define PROGRAM_WATCHERS 8u

struct program_change {
    uint64_t life; /* of which it is the begin, the end, or something between */
    uint32_t number;
    uint8_t what; /* PROGRAM_STARTED, ... */
    uint8_t how;
    char name[PROGRAM_NAME_MAX];
};

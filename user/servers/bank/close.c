/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What takes longer: giving back Ranges, closing banks. Done in pieces, between which others are
 * served; a server that is killed on the way leaves what the next one goes on with.
 *
 * Processes are destroyed first, those of all banks concerned: from then on nothing there runs, so
 * nobody sees his memory go from under him. Then banks go one by one, those below before the one
 * above.
 *
 * Before a Range is looked through for processes it is taken back: whoever has it, one of its
 * copies or a part of it, inside or outside, makes nothing more in it, and none of its frames is
 * free before that. One that is given back is taken back at once (books.c), those of a bank here;
 * and so does a server that begins again. A Range goes from its end, its first frame last, so that
 * what is left of it is a Range at any moment.
 */
#include "books.h"
#include "mem.h"
#include "state.h"
#include "tree.h"

/* How far the search for processes in a range has come. */
struct search {
    uint32_t first;  /* the range; NO_FRAME: none yet */
    uint32_t offset; /* of the frame to look at next */
};

static struct {
    struct search dying; /* in the range that is first to be given back */
    struct search range; /* in a range of bank `at` */
    unsigned closing;    /* the bank being closed; NO_BANK: none yet */
    unsigned at;         /* the bank of those below it that is looked at */
    bool processes_gone;
    bool ranges_done; /* no processes in the ranges of bank `at` */
} work;

void books_begin_work(void)
{
    work.dying.first = NO_FRAME;
    work.range.first = NO_FRAME;
    work.closing = NO_BANK;
}

bool books_busy(void)
{
    return state.dying != NO_FRAME || state.closing_first != NO_BANK;
}

/* ---- Ranges ---- */

/* Destroy the processes in a range. True: there are none left. */
static bool end_processes_in_range(struct search *s, int *budget)
{
    for (uint32_t n = books_range_length(s->first); s->offset < n; s->offset++) {
        struct mem_frame at;

        if (*budget <= 0) {
            return false;
        }
        (*budget)--;
        at = mem_look(s->first + s->offset);
        if (at.type == LK_TYPE_PROCESS && !books_empty(s->first + s->offset, budget)) {
            return false;
        }
    }
    return true;
}

/* Give the frames of a range back, the last first. True: all are. */
static bool give_back_range(uint32_t first, uint32_t *list, int *budget)
{
    uint32_t n = books_range_length(first);

    while (n > 0) {
        uint32_t f = first + n - 1;

        if (*budget <= 0 || !books_empty(f, budget)) {
            break;
        }
        if (n == 1) {
            list_remove(list, first);
        }
        books_release(f);
        (*budget)--;
        n--;
        books_set_range_length(first, n);
    }
    return n == 0;
}

/* A piece of giving back the range that is first to go. */
static void work_on_range(int budget, void (*done)(job_t job))
{
    while (budget > 0 && state.dying != NO_FRAME) {
        uint32_t first = state.dying;

        if (work.dying.first != first) {
            work.dying = (struct search){ .first = first };
        }
        if (end_processes_in_range(&work.dying, &budget) &&
            give_back_range(first, &state.dying, &budget)) {
            work.dying.first = NO_FRAME;
            done(first);
        }
    }
}

/* ---- Banks ---- */

/* Destroy the objects of a class that bank `b` gave. True: all are, and their frames given back. */
static bool destroy_class(unsigned b, unsigned class, int *budget)
{
    struct record *r = &state.bank[b];

    while (r->list[class] != NO_FRAME) {
        uint32_t f = r->list[class];
        int before = *budget - 1; /* the look at the frame */
        bool empty;

        if (*budget <= 0) {
            return false;
        }
        empty = books_empty(f, budget);
        r->objects[class] -= (uint32_t)(before - *budget);
        if (!empty) {
            return false;
        }
        list_remove(&r->list[class], f);
        books_release(f);
        (*budget)--;
    }
    return true;
}

/* Take back a range of bank `at`, and begin to look for processes in it. */
static void take_back(uint32_t first, int *budget)
{
    mem_take_back(first);
    (*budget)--;
    work.range = (struct search){ .first = first };
}

/* Take back the ranges of bank `b`, one after the other, and destroy the processes in them. */
static bool end_processes_in_ranges(unsigned b, int *budget)
{
    uint32_t list = state.bank[b].list[LIST_RANGES];

    if (work.ranges_done || list == NO_FRAME) {
        return true;
    }
    if (work.range.first == NO_FRAME) {
        take_back(list, budget);
    }
    while (end_processes_in_range(&work.range, budget)) {
        uint32_t next = frame_next(work.range.first);

        if (next == list) {
            work.ranges_done = true;
            return true;
        }
        take_back(next, budget);
    }
    return false;
}

/* All processes of all banks concerned. */
static bool end_processes(int *budget)
{
    while (!work.processes_gone) {
        if (*budget <= 0 || !destroy_class(work.at, CLASS_PROCESS, budget) ||
            !end_processes_in_ranges(work.at, budget)) {
            return false;
        }
        (*budget)--;
        work.range.first = NO_FRAME;
        work.ranges_done = false;
        work.at = tree_next(work.at, work.closing);
        work.processes_gone = work.at == NO_BANK;
    }
    return true;
}

/* All that bank `b` gave. */
static bool destroy_all_of(unsigned b, int *budget)
{
    struct record *r = &state.bank[b];

    for (unsigned class = 0; class < CLASSES; class ++) {
        if (!destroy_class(b, class, budget)) {
            return false;
        }
    }
    while (r->list[LIST_RANGES] != NO_FRAME) {
        if (!give_back_range(r->list[LIST_RANGES], &r->list[LIST_RANGES], budget)) {
            return false;
        }
        r->ranges--;
    }
    return r->own == 0; /* a range of it may still be on its way back: work_on_range() */
}

/* The banks, those below first. True: the last of them, the one to be closed, is gone. */
static bool remove_banks(int *budget)
{
    for (;;) {
        unsigned b = work.closing;

        while (state.bank[b].child != NO_BANK) {
            b = state.bank[b].child;
        }
        if (*budget <= 0 || !destroy_all_of(b, budget)) {
            return false;
        }
        (*budget)--;
        tree_remove(b);
        if (b == work.closing) {
            return true;
        }
    }
}

static void work_on_bank(int budget, void (*done)(job_t job))
{
    while (budget > 0 && state.closing_first != NO_BANK) {
        unsigned b = state.closing_first;

        if (work.closing != b) {
            work.closing = b;
            work.at = b;
            work.processes_gone = false;
            work.ranges_done = false;
            work.range.first = NO_FRAME;
        }
        if (!end_processes(&budget) || !remove_banks(&budget)) {
            return;
        }
        work.closing = NO_BANK;
        done(JOB_BANK | b);
    }
}

enum status books_close(unsigned bank, job_t *job)
{
    if (bank == TOP) {
        return STATUS_NO_ACCESS;
    }
    tree_begin_close(bank);
    *job = JOB_BANK | bank;
    return STATUS_OK;
}

void books_work(void (*done)(job_t job))
{
    work_on_range(BOOKS_PIECE / 2, done);
    work_on_bank(BOOKS_PIECE / 2, done);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The books of the space bank: which bank pays which frame. What the methods of <lykos/bank.h> do,
 * without messages. Banks are indices here (tree.h), capabilities are registers, and the kernel is
 * behind mem.h.
 *
 * Allocating and freeing take a bounded number of steps however many frames, banks and objects
 * there are; so does each piece of books_work(). The server may be killed between any two
 * instructions: see begin.c.
 */
#pragma once

#include <lykos/bank.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open the books in the pages at `pages` for a Range of so many frames: for the first time, if they
 * are all zeros, else what a server before this one left. False: they are for another Range. */
bool books_begin(void *pages, uint64_t frames);

/* The type of the objects of a class; the class of a type, CLASSES: it is not made from storage. */
uint64_t books_type(unsigned class);
unsigned books_class(uint64_t type);

/* `count` objects, all or none, into registers reg[0]... REQUEST_ERROR, NO_MEMORY: as
 * BANK_ALLOCATE. */
enum status books_make(unsigned bank, uint64_t type, uint64_t count, const uint32_t *reg);

/* Destroy the object in a register, if the bank gave it; else REQUEST_ERROR. */
enum status books_free(unsigned bank, uint32_t reg);

/* A Range of so many frames. Errors as BANK_RANGE. */
enum status books_range(unsigned bank, uint64_t frames, uint32_t reg);

/* The n-th object of a type that the bank or one below it gave, or that stands in a Range that they
 * gave; *next: from where to go on. WOULD_BLOCK: there was none in this piece, of so many frames
 * and BOOKS_PIECE calls of the kernel at most; go on from *next. NOT_FOUND: there are no more. */
#define BOOKS_FRAMES 1024u
enum status books_object(unsigned bank, uint64_t type, uint64_t n, uint32_t reg, uint64_t *next);

/* Refuse the n-th that is asked for from now on: frame, object, range or bank. */
void books_refuse(uint64_t n, uint64_t *asked, bool *refused);

/* One more is asked for: is it the one to refuse? For what the books do not make: banks. */
bool books_refused_now(void);

/* ---- What takes longer is a job, done in pieces by books_work(). ---- */
typedef uint32_t job_t;
#define JOB_BANK 0x80000000u /* + index: a bank is closed; else a range, by its first frame */

/* Begin to give a Range back, or to close a bank. */
enum status books_free_range(unsigned bank, uint32_t reg, job_t *job);
enum status books_close(unsigned bank, job_t *job);

/* Is there anything left to do? */
bool books_busy(void);

/* Do a piece of it: about BOOKS_PIECE calls of the kernel. `done` is told of jobs that are done. */
#define NO_JOB UINT32_MAX
#define BOOKS_PIECE 64
void books_work(void (*done)(job_t job));

/* ---- Between the files of the books. ---- */

/* A frame is the bank's, its contents still to be made; a frame is nobody's, and empty: free, or
 * retired by the kernel. */
void books_take(uint32_t f, unsigned use, unsigned bank);
void books_release(uint32_t f);

/* Destroy what stands in a frame; at most *budget objects, and `budget` gets less by what was done.
 * False: something is left. */
bool books_empty(uint32_t f, int *budget);

/* The frames of a range, by its first. */
uint32_t books_range_length(uint32_t first);
void books_set_range_length(uint32_t first, uint32_t frames);

/* Nothing is being worked on. (close.c) */
void books_begin_work(void);

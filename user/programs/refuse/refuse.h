/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of `refuse` share: works, and how to start programs and see what became of them.
 */
#pragma once

#include <abi/gen.h>
#include <lykos/programs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of a work that did not go well, in words. Empty: it went well. */
struct outcome {
    char words[160];
};

/* Something that takes up memory. The functions may be null, but for `run`. */
struct work {
    const char *name;
    const char *text;                 /* what it does */
    void (*prepare)(void);            /* before anything is refused */
    void (*run)(struct outcome *out); /* all of it, until nothing of it is under way */
    void (*check)(void);              /* behind it, whatever was refused, this must go well */
    void (*clean)(void);              /* give back whatever there is of it */
    void (*settle)(struct outcome *); /* before frames are counted */
    const char *only;  /* words of a result that does not say that it was memory; the log does */
    uint64_t growth;   /* frames by which init's tables may grow each time */
    bool renews_pager; /* what that takes for itself depends on the numbers that it was told */
};

extern const struct work works[];
extern const unsigned work_count;

#define COMERS 10u

/* Capability registers. */
enum {
    REG_CONTROL = 16,
    REG_NOTICE,
    REG_SHELF,
    REG_PAYER,     /* a bank that pays for an instance */
    REG_BUILT,     /* a bank that pays for a constructor */
    REG_BUILDER,   /* its builder's Entry */
    REG_REQUESTOR, /* its requestor's Entry */
};

/* ---- programs.c ---- */

/* Write down what went wrong, unless something did before. `s` is told in words if it is not OK. */
void wrong(struct outcome *out, const char *what, enum status s);

/* A further instance, into REG_CONTROL: its number. */
uint64_t new_one(struct outcome *out, const char *what);

/* The same, paid by the bank in register `bank`; made by the constructor in REG_REQUESTOR. */
void new_paid(struct outcome *out, const char *what, uint32_t bank);
void new_sealed(struct outcome *out, const char *args, uint32_t bank);

/* End it if it is there. */
void kill_control(void);

/* Unless something went wrong already: it begins; it ends, with status 0 or something went wrong.
 */
void begin(struct outcome *out);
void await_end(struct outcome *out);

/* The first instance of a program is started as the shell does it. */
uint64_t number_of(const char *name);
void start_first(struct outcome *out, const char *name);

/* Wait until that one has ended; with status 0, or something went wrong. */
void await_first(struct outcome *out, const char *name);

/* How the program of that number ended, if it did. */
void judge_result(struct outcome *out, uint64_t number);

/* It does not run, or is ended. */
void end_first(const char *name);

/* It is ended as if it had failed. */
enum status kill_first(const char *name);

/* It is ended and begun again. If it is not, *why (may be NULL) says so in words. */
enum status restart_first(const char *name, struct outcome *why);

/* Wait until a program that is begun again runs. False: it does not. */
bool await_running(const char *name);

/* If it is about to be begun again, wait until it was. */
void await_restarted(const char *name);

/* Wait for the bits; false: they do not come. */
bool await_bits(uint64_t bits);

/* ---- sealed.c ---- */

/* An instance that this program's bank pays for; the same, made by a constructor. */
void run_paid(struct outcome *out);
void run_sealed(struct outcome *out);
void clean_sealed(void);

/* ---- exhausted.c ---- */

/* Rows of init's table that are free, without it growing. */
uint64_t rows_free(void);

/* No row of init's table is free; it must grow for one more; all of them are gone again. */
void fill_table(void);
void grow_table(struct outcome *out);
void empty_table(void);

/* Take all banks, or all rows of init's table; what is asked then must be told so. False: it was
 * not. */
bool no_more_banks(void);
bool no_more_programs(void);

/* ---- programs.c, again ---- */

/* COMERS further instances that come and go, so that tables that grow have grown. */
void come_and_go(struct outcome *out);

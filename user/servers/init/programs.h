/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The programs of the system: what the description says of each, and what there is of it now.
 *
 * A job is a program that was started and the programs that were started along with it, because it
 * is given entries to their endpoints. It ends as a whole, and with it the jobs that its programs
 * started. Only what is started at boot leaves behind what it started.
 */
#ifndef INIT_PROGRAMS_H
#define INIT_PROGRAMS_H

#include "archive.h"
#include "bank.h"
#include "description.h"
#include "elf.h"

#include <lykos/programs.h>
#include <lykos/start.h>

#define PARENT_NONE DESC_PROGRAMS /* a job that ends with no other */

struct instance {
    struct purse purse; /* its memory; no purse: it does not exist */
    bool running;       /* built and begun */
    unsigned root;      /* the program whose start began its job */
    unsigned parent;    /* root of the job that started its job; PARENT_NONE */
    uint64_t flags;     /* PROGRAM_FOREGROUND */
    bool has_notice;    /* somebody wants to know its end: SHELF_NOTICE */
    uint64_t notice_bits;
    unsigned ended; /* PROGRAM_ENDED_..: how it ended last */
    uint64_t ended_value;
    char ended_words[128];
    struct archive_file file;
    struct elf_program elf;
    uint64_t irq_lines; /* mask of the interrupt lines it was given */
    uint64_t stack_low; /* lowest address of its stack */
};

/* A sentence on its way to whoever asked, for what could not be done. */
struct trouble {
    char words[160];
};
void trouble_say(struct trouble *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

extern struct description description;
extern struct instance instances[DESC_PROGRAMS];
extern struct archive archive;
extern const char *boot_words; /* the words of the boot command line that the kernel left for us */

/* A set of programs, by number. */
typedef uint64_t program_set;
_Static_assert(DESC_PROGRAMS <= 64, "a set of programs is one word");

/* build.c: make every program of the set, as far as it will go, and let those begin that could be
 * made. Programs that could not are reported and do not exist afterwards. Returns the set of those
 * that run. `args`: arguments for program `root`, NULL for those of the description. `why` gets the
 * first reason why not. */
program_set build_programs(program_set set, unsigned root, const char *args, struct trouble *why);

/* build.c: the register in which a program finds the capability of this name; those that have none
 * of their own get *next, which counts up from LK_REG_NAMED. */
uint32_t build_register(const char *name, uint32_t *next);

/* Start the programs that the description starts at boot. How many run now. */
unsigned programs_boot(void);

/* Start a program, and those that it needs, as a job. `starter`: the program that asks for it. */
enum status programs_start(unsigned i, uint64_t starter, uint64_t flags, const char *args,
                           struct trouble *why);

/* Take one program apart, built wholly or in part, and give its memory back. */
void programs_dismantle(unsigned i);

/* A program ends: the job it belongs to is destroyed, with the jobs that it started, their memory
 * given back, and whoever wanted to know is told. */
void programs_end(unsigned i, unsigned how, uint64_t value, const char *words);

/* A program faulted and stays as it is: note that, and tell whoever wanted to know. */
void programs_note_fault(unsigned i, uint64_t code, const char *words);

#endif

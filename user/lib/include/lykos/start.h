/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a program finds when it starts: fixed capability registers, its stack, and one read-only
 * page, the start block.
 *
 * init writes the start block from the system description and maps it at LK_START_VA, just below
 * the program. init itself is loaded by the kernel and has no such page: it links its own
 * lk_start_block() in place of the library's.
 */
#pragma once

/* ---- Memory of a program. Everything between these is not mapped, so a stack that overflows
 * faults. ---- */
#define LK_IMAGE_VA 0x400000ul  /* the program, see user.ld */
#define LK_START_VA 0x3ff000ul  /* the start block: one read-only page */
#define LK_STACK_TOP 0x3f0000ul /* the stack ends here; the description says how long it is */

/* ---- Capability registers of a program. ---- */
#define LK_REG_SELF 1     /* Process: itself */
#define LK_REG_REPLY 2    /* Endpoint: its reply endpoint, as in the slot replyEndpoint */
#define LK_REG_ENDPOINT 3 /* Endpoint: where it receives; endpoint ID LK_ENDPOINT_ID */
#define LK_REG_SLEEP 4    /* Sleep */
#define LK_REG_KERNLOG 5  /* KernLog */
#define LK_REG_CONSOLE 6  /* Entry of the console, or Null */
#define LK_REG_EXIT 7     /* Entry of init.exit, to end the program (<lykos/programs.h>) */
#define LK_REG_NAMED 8    /* 8..22: capabilities that the system description gives names to */
#define LK_REG_NAMED_END 23
#define LK_REG_PAGER 23   /* Entry of the pager, or Null (<lykos/pager.h>) */
#define LK_REG_SCRATCH 24 /* 24..31: Null at the start, the program's own */
#define LK_REG_CALLER 24  /* where lk_serve() has the reply capability of the caller */
#define LK_REG_ARG 25     /* 25..27: where lk_serve() has capabilities 1..3 of a request */
#define LK_REG_FREE 28    /* 28..31: not used by the library */
#define LK_REG_END 32

#define LK_ENDPOINT_ID 1ul /* endpoint ID of LK_REG_ENDPOINT */
#define LK_REPLY_ID 0ul    /* endpoint ID of LK_REG_REPLY */

/* ---- The start block. ---- */
#define LK_START_MAGIC 0x5452415453594b4cul /* "LKYSTART" */
#define LK_START_NAME 16
#define LK_START_ARGUMENT 256
#define LK_START_CAPS 24
#define LK_START_CAP_NAME 28 /* 27 characters and the NUL */
#define LK_START_PARAMS 16

#ifndef __ASSEMBLER__
#include <abi/gen.h>
#include <stddef.h>
#include <stdint.h>

/* A capability with a name: its register. */
struct lk_start_cap {
    char name[LK_START_CAP_NAME]; /* NUL-terminated */
    uint32_t reg;
};

/* A number with a name, for drivers: "port", "irq". */
struct lk_start_param {
    char name[LK_START_CAP_NAME]; /* NUL-terminated */
    uint64_t value;
};

/* The start block. Programs use lk_start and the functions below; only init writes one. */
struct lk_start {
    uint64_t magic;                   /* LK_START_MAGIC */
    char name[LK_START_NAME];         /* of the program, zero padded; 16 characters have no NUL */
    char argument[LK_START_ARGUMENT]; /* NUL-terminated */
    uint32_t self;                    /* registers that the library uses; 0: the program has none */
    uint32_t sleep;
    uint32_t kernlog;
    uint32_t console;
    uint32_t cap_count;   /* named capabilities, at most LK_START_CAPS */
    uint32_t param_count; /* parameters, at most LK_START_PARAMS */
    struct lk_start_cap cap[LK_START_CAPS];
    struct lk_start_param param[LK_START_PARAMS];
};
_Static_assert(sizeof(struct lk_start) <= 4096, "the start block is one page");

/* The start block of this program, or a null pointer. (start_block.c; init has its own) */
const struct lk_start *lk_start_block(void);

/* The start block, always there: an empty one if lk_start_block() has none. */
extern const struct lk_start *lk_start;

/* The name of this program, NUL-terminated. */
const char *lk_name(void);

/* The register of the named capability. If there is none of that name it is 0, the Null capability,
 * which refuses whatever is asked of it; a line says so. */
uint32_t lk_cap(const char *wanted);

/* The same without a line, for who can do without. */
uint32_t lk_cap_optional(const char *wanted);

/* The named parameter, or `otherwise`. */
uint64_t lk_param(const char *wanted, uint64_t otherwise);

/* The program: its result is only reported. With newlib it may have arguments (user/newlib). */
#if !defined(LK_NEWLIB)
int main(void);
#endif

/* For the library: calls main; what it returns is the program's result. */
int lk_main(void);

/* What happens when main returns. If the start block names a capability "exit" (an Entry of init,
 * see <lykos/programs.h>), tells init, which destroys the program; else lk_die() says so in one
 * line: whoever calls it must not wait for ever. */
_Noreturn void lk_exit(int result);

/* Say the line and stop with an invalid-instruction fault, so that the handler sees where. */
_Noreturn void lk_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For steps without which there is no point in going on: unless the status is OK, lk_die() with
 * what was tried and the status in words. */
void lk_must(enum status s, const char *what);

#endif

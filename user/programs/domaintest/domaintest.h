/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of domaintest share.
 */
#pragma once

#include <lykos/domains.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

#define REG_CONTROL LK_REG_SCRATCH
#define REG_NOTICE LK_REG_FREE
#define CHANGED 4u /* notice bit */

extern unsigned wrong, cases;
void begin_case(const char *name);
bool check(bool good, const char *what);
void check_number(uint64_t got, uint64_t wanted, const char *what);
void check_status(uint64_t got, enum status wanted, const char *what);

/* A domain as a client keeps it. */
struct dom {
    char name[32];
    char uuid[REMOTE_UUID_BYTES];
    int32_t id;
};
void keep(const remote_domain *from, struct dom *to);

/* Carry out a call: 0 and the result, or the code of an error and its words. -1: what came is no
 * answer. What the result points to is good until the next call. */
extern char error_text[RPC_TEXT_MAX + 1];
int32_t ask(enum rpc_procedure_index what, const void *arguments, void *result);
int32_t ask_dom(enum rpc_procedure_index what, const struct dom *d, void *result);
int32_t look_up(const char *name, struct dom *d);

void check_refused(int32_t code, int32_t wanted, const char *words, const char *what);
void check_state(const struct dom *d, int32_t state, int32_t reason, const char *what);

/* init's own methods. */
uint64_t number_of(const char *name);
enum status start(const char *name, uint64_t flags, const char *args);
enum status init2(uint64_t method, uint64_t w1, uint64_t w2);
void end(const char *name);
void fresh(const char *name, struct dom *d);

void cases_of_domains(void);
void cases_of_init(void);

/* The part of one that a domaintest has started. */
int be_carried(void);

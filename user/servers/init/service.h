/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What init answers to after boot (<lykos/programs.h>), on its four endpoints, and what all of its
 * methods share.
 */
#pragma once

#include "description.h"

#include <lykos/programs.h>
#include <lykos/server.h>

/* Endpoint IDs of init's endpoints. */
#define INIT_ID_PROGRAMS 1 /* as the kernel made it */
#define INIT_ID_EXIT 2
#define INIT_ID_FAULTS 3
#define INIT_ID_CONTROL 4

/* Serve for ever. */
_Noreturn void service_run(void);

/* The buffer for strings of requests, whose last byte is never received into; the string of a
 * request as a C string. */
#define SERVICE_RECEIVED (PROGRAM_FAIL_MAX + 2u) /* the longest of them, with its NUL */
extern char service_received[SERVICE_RECEIVED];
_Static_assert(DESC_ARGS + DESC_NAME + 2 <= SERVICE_RECEIVED, "a name and arguments fit");
const char *service_text(const char *string, size_t len);

/* The members of a struct lk_server that say so. */
#define SERVICE_BUFFER .buffer = service_received, .buffer_size = sizeof(service_received) - 1

/* Answer with a text, cut to fit. */
void service_answer_text(const char *text, const char **out, size_t *len);

/* Has the caller been destroyed, by its own request? Then there is nobody to answer. */
bool service_caller_is_gone(void);

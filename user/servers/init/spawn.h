/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs that other programs start and control: an Entry for each instance that was made so. What
 * its payload says is the number of the instance and how many there were before it in that row.
 */
#pragma once

#include "instances.h"

#include <lykos/programs.h>
#include <lykos/server.h>

/* Set the endpoint of those Entries up. */
enum status spawn_init(void);

/* Methods of init.programs that stand here: make an instance that has not begun; the same, and
 * somebody else pays; what the description gives a program. manage.c sees that this is what the
 * dispatch calls. */
enum status programs_op_new(struct lk_request *rq, const char *what, size_t what_len,
                            uint64_t *number, const char **why, size_t *why_len, uint32_t *control);
enum status programs_op_new_paid(struct lk_request *rq, const char *what, size_t what_len,
                                 uint32_t bank, uint64_t *number, const char **why, size_t *why_len,
                                 uint32_t *control);
enum status programs_op_grant(struct lk_request *rq, uint64_t number, uint64_t n, uint64_t *type,
                              const char **words, size_t *words_len);

/* Who serves those Entries. */
extern const struct lk_server control_server;

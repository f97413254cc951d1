/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs that other programs start and control: an Entry for each instance that was made so. What
 * its payload says is the number of the instance and how many there were before it in that row.
 */
#pragma once

#include "instances.h"

#include <lykos/server.h>

/* Set the endpoint of those Entries up. */
enum status spawn_init(void);

/* Methods of init.programs: make an instance that has not begun; the same, and somebody else pays;
 * what the description gives a program. */
enum status programs_op_new(struct lk_request *rq);
enum status programs_op_new_paid(struct lk_request *rq);
enum status programs_op_grant(struct lk_request *rq);

/* Who serves those Entries. */
extern const struct lk_server control_server;

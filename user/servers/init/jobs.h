/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Jobs: a program that was started, its *root*, and the programs that were started along with it. A
 * job that a program starts is a *child* of that program's job, and ends with it. Jobs are a tree,
 * since a job has its parent from when it is made.
 */
#pragma once

#include "instances.h"

/* Put instance `k`, which is in no job but its own, into the job of `root`. */
void job_join(uint32_t root, uint32_t k);

/* It is alone in its job from now on. Its root says still whose job it left. */
void job_leave(uint32_t i);

/* The job of root `i`, which has no parent, is a child of the job of `root`. */
void job_set_parent(uint32_t i, uint32_t root);

/* It is nobody's child. Of one that is not, nothing is changed. */
void job_leave_parent(uint32_t i);

/* A job below that of `root` which has no children itself. NO_INSTANCE: there is none. */
uint32_t job_below(uint32_t root);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Jobs; see jobs.h.
 */
#include "jobs.h"

void job_join(uint32_t root, uint32_t k)
{
    instance(k)->root = root;
    instance(k)->next_in_job = instance(root)->next_in_job;
    instance(root)->next_in_job = k;
}

void job_leave(uint32_t i)
{
    uint32_t before = i;

    while (instance(before)->next_in_job != i) {
        before = instance(before)->next_in_job;
    }
    instance(before)->next_in_job = instance(i)->next_in_job;
    instance(i)->next_in_job = i;
}

void job_set_parent(uint32_t i, uint32_t root)
{
    struct instance *in = instance(i);

    in->parent = root;
    in->sibling_before = NO_INSTANCE;
    in->sibling = instance(root)->child;
    if (in->sibling != NO_INSTANCE) {
        instance(in->sibling)->sibling_before = i;
    }
    instance(root)->child = i;
}

void job_leave_parent(uint32_t i)
{
    struct instance *in = instance(i);

    if (in->parent == NO_INSTANCE) {
        return;
    }
    if (in->sibling != NO_INSTANCE) {
        instance(in->sibling)->sibling_before = in->sibling_before;
    }
    if (in->sibling_before != NO_INSTANCE) {
        instance(in->sibling_before)->sibling = in->sibling;
    } else {
        instance(in->parent)->child = in->sibling;
    }
    in->parent = NO_INSTANCE;
}

uint32_t job_below(uint32_t root)
{
    uint32_t i = instance(root)->child;

    while (i != NO_INSTANCE && instance(i)->child != NO_INSTANCE) {
        i = instance(i)->child;
    }
    return i;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a process looks like from outside, to compare two runs of the same.
 */
#include "sys.h"

void look_at(obj p, struct look *l)
{
    memset(l, 0, sizeof(*l));
    obj_get(p, R_A);
    if (p == NO_OBJ || reg_type(R_A) != LK_TYPE_PROCESS) {
        return;
    }
    l->s = proc_state(p);
    l->s.cpu = 0;
    l->wait = proc_wait_kind(p);
    for (unsigned i = 0; i < LK_CAP_REGS; i++) {
        proc_get_cap(p, i, R_B);
        l->types[i] = reg_type(R_B);
    }
}

void look_same(const struct look *a, const struct look *b, const char *who)
{
    const uint64_t *x = (const uint64_t *)a;
    const uint64_t *y = (const uint64_t *)b;

    for (unsigned i = 0; i < sizeof(*a) / sizeof(*x); i++) {
        if (x[i] != y[i]) {
            FAIL("%s: word %u of its looks is %lx in one run and %lx in the other", who, i, x[i],
                 y[i]);
        }
    }
}

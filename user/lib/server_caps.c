/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Types of the capabilities of a request, for the server loop; apart from it, so that tests on the
 * build machine, where there are no capabilities, can put something else in its place.
 */
#include <lykos/server.h>
#include <lykos/stubs.h>

_Static_assert(LK_TYPES <= 32, "a mask of types has 32 bits");

bool lk_request_cap_is(const struct lk_request *rq, unsigned n, uint32_t types)
{
    uint32_t discrim = rq->server->discrim_reg;
    uint64_t type = LK_TYPES;
    enum status s;

    if (discrim == 0 && rq->server->discrim == NULL) {
        return false;
    }
    if (discrim == 0) {
        discrim = lk_cap(rq->server->discrim);
    }
    s = lk_discrim_classify(discrim, LK_REG_ARG + n, &type, NULL);
    return s == STATUS_OK && type < LK_TYPES && (types >> type & 1) != 0;
}

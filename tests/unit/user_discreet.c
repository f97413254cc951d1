/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which capabilities are discreet: every type, with every set of restrictions.
 */
#include "unit.h"

#include <lykos/discreet.h>
#include <string.h>

/* Only the table is looked at here. */
static inline enum status lk_discrim_classify(uint32_t cap, uint32_t arg, uint64_t *type,
                                              uint64_t *restrictions)
{
    (void)cap;
    (void)arg;
    (void)restrictions;
    *type = LK_TYPES;
    return STATUS_OK;
}

#define LYKOS_STUBS_H
#include "user/lib/discreet.c"

#define ALL (LK_RO | LK_NX | LK_WK | LK_OP)

/* The restrictions without which a capability of a type is not discreet; NEVER_IS: none will do. */
#define NEVER_IS 0x100u
static unsigned wanted(uint64_t type)
{
    switch (type) {
    case LK_TYPE_NULL:
    case LK_TYPE_DISCRIM:
    case LK_TYPE_SLEEP:
        return 0;
    case LK_TYPE_PAGE:
        return LK_RO;
    case LK_TYPE_GPT:
    case LK_TYPE_CAPPAGE:
    case LK_TYPE_WINDOW:
    case LK_TYPE_LOCALWINDOW:
        return LK_RO | LK_WK;
    default:
        return NEVER_IS;
    }
}

TEST(discreet_types, "what is discreet is so with the restrictions it needs, and all else never is")
{
    for (uint64_t type = 0; type < LK_TYPES + 3; type++) {
        for (unsigned restr = 0; restr <= ALL; restr++) {
            unsigned needs = wanted(type);
            const char *why = "untouched";
            bool is = needs != NEVER_IS && (restr & needs) == needs;

            CHECK_EQUAL(lk_discreet_type(type, restr, &why), is);
            CHECK((why == NULL) == is);
            CHECK(is || (why != NULL && strlen(why) > 4));
            CHECK_EQUAL(lk_discreet_type(type, restr, NULL), is);
        }
    }
    CHECK(!lk_discreet_type(UINT64_MAX, ALL, NULL));
    CHECK(!lk_discreet(0, 0, NULL)); /* what cannot be classified */
}

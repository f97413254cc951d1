/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Works: instances that somebody else pays for, and constructors (<lykos/constructor.h>).
 */
#include "refuse.h"

#include <lykos/bank.h>
#include <lykos/constructor.h>
#include <lykos/lykos.h>

static bool has_payer, has_built; /* the banks in REG_PAYER and REG_BUILT */

/* A bank below this program's. */
static void open_bank(struct outcome *out, uint32_t reg, bool *there)
{
    enum status s;

    if (out->words[0] == '\0') {
        s = lk_bank_open(lk_cap("bank"), "refuse", 0, reg);
        *there = s == STATUS_OK;
        wrong(out, "a bank", s);
    }
}

void run_paid(struct outcome *out)
{
    open_bank(out, REG_PAYER, &has_payer);
    new_paid(out, "tenant heap", REG_PAYER);
    begin(out);
    await_end(out);
}

/* A constructor, sealed, with something in it. */
static void build(struct outcome *out)
{
    if (out->words[0] == '\0') {
        wrong(out, "a constructor",
              lk_constructor_new(lk_cap("constructors"), "tenant", REG_BUILT, REG_BUILDER));
    }
    if (out->words[0] == '\0') {
        wrong(out, "something in it",
              lk_constructor_give(REG_BUILDER, "clock", lk_cap("sleep"), NULL, NULL));
        wrong(out, "its seal", builder_seal(REG_BUILDER));
        wrong(out, "its requestor's Entry", builder_requestor(REG_BUILDER, REG_REQUESTOR));
    }
}

void run_sealed(struct outcome *out)
{
    open_bank(out, REG_BUILT, &has_built);
    build(out);
    open_bank(out, REG_PAYER, &has_payer);
    new_sealed(out, "heap", REG_PAYER);
    begin(out);
    await_end(out);
}

/* Closing the banks takes back all there is; the places at the constructor are free with them. */
void clean_sealed(void)
{
    kill_control();
    if (has_payer) {
        lk_must(lk_bank_close(REG_PAYER), "closing the bank that pays");
    }
    if (has_built) {
        lk_must(lk_bank_close(REG_BUILT), "closing the builder's bank");
    }
    has_payer = false;
    has_built = false;
}

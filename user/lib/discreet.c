/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which capabilities are discreet; see discreet.h. user/servers/constructor/README.md gives the
 * reason for each line of the table.
 */
#include <abi/invoke.h>
#include <lykos/discreet.h>
#include <lykos/stubs.h>

/* Always discreet, whatever the restrictions. */
#define ALWAYS 1u
/* Never. */
#define NEVER 0u

/* What makes a capability of a type discreet, and what it is otherwise. */
struct rule {
    uint8_t always; /* ALWAYS, NEVER */
    uint8_t needs;  /* if NEVER: but with these restrictions, LK_RO.., all of them; 0: not at all */
    const char *otherwise;
};

/* Types that are not here are ways out: those that are yet to come, too. */
static const struct rule rules[LK_TYPES] = {
    [LK_TYPE_NULL] = { ALWAYS, 0, NULL },
    [LK_TYPE_DISCRIM] = { ALWAYS, 0, NULL },
    [LK_TYPE_SLEEP] = { ALWAYS, 0, NULL },
    [LK_TYPE_PAGE] = { NEVER, LK_RO, "a Page that can be written" },
    [LK_TYPE_GPT] = { NEVER, LK_RO | LK_WK, "a GPT that is not both weak and read-only" },
    [LK_TYPE_CAPPAGE] = { NEVER, LK_RO | LK_WK, "a CapPage that is not both weak and read-only" },
    [LK_TYPE_WINDOW] = { NEVER, LK_RO | LK_WK, "a Window that is not both weak and read-only" },
    [LK_TYPE_LOCALWINDOW] = { NEVER, LK_RO | LK_WK,
                              "a LocalWindow that is not both weak and read-only" },
    [LK_TYPE_ENDPOINT] = { NEVER, 0, "an Endpoint: messages" },
    [LK_TYPE_ENTRY] = { NEVER, 0, "an Entry: messages" },
    [LK_TYPE_PROXYENTRY] = { NEVER, 0, "a ProxyEntry: messages" },
    [LK_TYPE_APPNOTICE] = { NEVER, 0, "an AppNotice: notices" },
    [LK_TYPE_PROCESS] = { NEVER, 0, "a Process: its registers" },
    [LK_TYPE_RANGE] = { NEVER, 0, "a Range: all that stands in it" },
    [LK_TYPE_SCHEDULE] = { NEVER, 0, "a Schedule that others have too" },
    [LK_TYPE_SCHEDCTL] = { NEVER, 0, "SchedCtl: who gets the CPU" },
    [LK_TYPE_IRQCTL] = { NEVER, 0, "IrqCtl: which lines are taken" },
    [LK_TYPE_IRQWAIT] = { NEVER, 0, "an IrqWait: a device" },
    [LK_TYPE_IOPRIV] = { NEVER, 0, "an IOPriv: devices" },
    [LK_TYPE_KERNLOG] = { NEVER, 0, "KernLog: a log that others read" },
    [LK_TYPE_CAPBITS] = { NEVER, 0, "CapBits: where objects stand in memory" },
    [LK_TYPE_SYSCTL] = { NEVER, 0, "SysCtl: the whole machine" },
};

bool lk_discreet_type(uint64_t type, uint64_t restrictions, const char **why)
{
    static const struct rule unknown = { NEVER, 0, "of a type that is not known to be discreet" };
    const struct rule *r = type < LK_TYPES ? &rules[type] : &unknown;
    bool discreet = r->always != 0 || (r->needs != 0 && (restrictions & r->needs) == r->needs);

    if (why != NULL) {
        *why = discreet ? NULL : r->otherwise != NULL ? r->otherwise : unknown.otherwise;
    }
    return discreet;
}

bool lk_discreet(uint32_t discrim, uint32_t reg, const char **why)
{
    uint64_t type = LK_TYPES;
    uint64_t restrictions = 0;

    if (lk_discrim_classify(discrim, reg, &type, &restrictions) != STATUS_OK) {
        type = LK_TYPES;
    }
    return lk_discreet_type(type, restrictions, why);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests that `serial` and `pci` must refuse, each with the right result.
 */
#include "mirror.h"

#include <lykos/connect.h>
#include <lykos/pci.h>

static unsigned wrong;

static void expect(const char *what, uint64_t got, enum status wanted)
{
    if (got != wanted) {
        say("%s: %s, not %s", what, lk_status_text(got), lk_status_text(wanted));
        wrong++;
    }
}

static void wrong_ports(void)
{
    static char long_text[PORT_BYTES + 1];
    uint32_t serial = lk_cap("serial");
    uint32_t few = lk_cap("few"); /* for port 1 alone */

    expect("info of port 8", lk_call1(serial, PORT_INFO, PORT_COUNT).w[0], STATUS_OUT_OF_RANGE);
    expect("info of a huge port", lk_call1(serial, PORT_INFO, UINT64_MAX).w[0],
           STATUS_OUT_OF_RANGE);
    expect("info of another's port", lk_call1(few, PORT_INFO, 0).w[0], STATUS_NO_ACCESS);
    expect("info of its own port", lk_call1(few, PORT_INFO, 1).w[0], STATUS_OK);
    expect("read of another's port", lk_call1(few, PORT_READ, 7).w[0], STATUS_NO_ACCESS);
    expect("write to another's port", port_write(few, 2, 1, "x", 1, NULL), STATUS_NO_ACCESS);
    expect("write of nothing", lk_call2(serial, PORT_WRITE, 1, 1).w[0], STATUS_REQUEST_ERROR);
    expect("write of too much", port_write(serial, 1, 1, long_text, sizeof(long_text), NULL),
           STATUS_REQUEST_ERROR);
    expect("write to no session", port_write(serial, 1, 0, "x", 1, NULL), STATUS_STATE_CHANGED);
    expect("bind of no port", port_bind(serial, 0, 1, REG_NOTICE), STATUS_OUT_OF_RANGE);
    expect("bind of port 8", port_bind(serial, 0x100, 1, REG_NOTICE), STATUS_OUT_OF_RANGE);
    expect("bind without bits", port_bind(serial, 2, 0, REG_NOTICE), STATUS_OUT_OF_RANGE);
    expect("bind to an Entry", port_bind(serial, 2, 1, serial), STATUS_REQUEST_ERROR);
    expect("bind of another's port", port_bind(few, 3, 1, REG_NOTICE), STATUS_NO_ACCESS);
    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, 0x1000, REG_WORK), "a notice");
    expect("bind by another", port_bind(few, 2, 1, REG_WORK), STATUS_IN_USE);
    expect("a method that is not there", lk_call1(serial, PORT_METHODS, 0).w[0],
           STATUS_UNKNOWN_REQUEST);
}

static uint64_t claim(uint32_t pci, uint64_t n, uint32_t notice)
{
    return lk_call_ctl1(LK_CTL_CALL_CAPS(pci, 2, 1, notice, 0, 0, 0, 0, 0, 0), PCI_CLAIM, n).w[0];
}

/* Another's device can be claimed by nobody, and read by nobody who has not claimed it. */
static void wrong_devices(void)
{
    uint32_t bridge = lk_cap("bridge");
    uint32_t none = lk_cap("none");

    expect("claim without a notice", lk_call1(none, PCI_CLAIM, 0).w[0], STATUS_REQUEST_ERROR);
    expect("claim with an Entry", claim(none, 0, bridge), STATUS_REQUEST_ERROR);
    expect("claim of what is not there", claim(none, 0, REG_NOTICE), STATUS_NOT_FOUND);
    expect("claim of a huge number", claim(none, UINT64_MAX, REG_NOTICE), STATUS_NOT_FOUND);
    expect("claim of a bridge", claim(bridge, 0, REG_NOTICE), STATUS_NOT_FOUND);
    expect("read of what is not claimed", lk_call3(bridge, PCI_READ, 0, 0, 4).w[0],
           STATUS_STATE_CHANGED);
    expect("page of what is not claimed", lk_call3(bridge, PCI_PAGE, 0, 0, 0).w[0],
           STATUS_STATE_CHANGED);
    expect("memory for what is not claimed", lk_call2(bridge, PCI_DMA, 0, 1).w[0],
           STATUS_STATE_CHANGED);
    expect("line of what is not claimed", lk_call1(bridge, PCI_LINE, 0).w[0], STATUS_STATE_CHANGED);
    expect("master of what is not claimed", lk_call2(bridge, PCI_MASTER, 0, 1).w[0],
           STATUS_STATE_CHANGED);
}

/* The device of `serial`, by an Entry that is for it. */
static void wrong_driver(uint32_t device)
{
    uint64_t s = claim(device, 0, REG_NOTICE);

    if (s == STATUS_NOT_FOUND) {
        return; /* it goes by the other name */
    }
    expect("claim of what serial has", s, STATUS_IN_USE);
    expect("claim of a second one", claim(device, 1, REG_NOTICE), STATUS_NOT_FOUND);
    expect("read across a word", lk_call3(device, PCI_READ, 0, 2, 4).w[0], STATUS_OUT_OF_RANGE);
    expect("read of 3 bytes", lk_call3(device, PCI_READ, 0, 0, 3).w[0], STATUS_OUT_OF_RANGE);
    expect("read behind the end", lk_call3(device, PCI_READ, 0, 256, 4).w[0], STATUS_OUT_OF_RANGE);
    expect("page of register 6", lk_call3(device, PCI_PAGE, 0, 6, 0).w[0], STATUS_NOT_FOUND);
    expect("page of a register that is not there", lk_call3(device, PCI_PAGE, 0, 2, 0).w[0],
           STATUS_NOT_FOUND);
    expect("page behind the end", lk_call3(device, PCI_PAGE, 0, 4, 4).w[0], STATUS_OUT_OF_RANGE);
    expect("page far behind the end", lk_call3(device, PCI_PAGE, 0, 4, UINT64_MAX).w[0],
           STATUS_OUT_OF_RANGE);
    expect("no memory", lk_call2(device, PCI_DMA, 0, 0).w[0], STATUS_OUT_OF_RANGE);
    expect("too much memory", lk_call2(device, PCI_DMA, 0, 5).w[0], STATUS_OUT_OF_RANGE);
    expect("the line again", lk_call1(device, PCI_LINE, 0).w[0], STATUS_IN_USE);
    expect("master 2", lk_call2(device, PCI_MASTER, 0, 2).w[0], STATUS_OUT_OF_RANGE);
    expect("a device behind the last", lk_call1(device, PCI_LIST, 1000).w[0], STATUS_NOT_FOUND);
}

unsigned wrong_requests(void)
{
    static const char *const names[] = { "few", "device", "older", "bridge", "none" };

    wrong = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        lk_must(lk_connect(names[i]), names[i]); /* the servers may have been begun again */
    }
    wrong_ports();
    wrong_devices();
    wrong_driver(lk_cap("device"));
    wrong_driver(lk_cap("older"));
    return wrong;
}

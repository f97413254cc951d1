/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The PCI server: finds the devices, and hands each driver what its one device consists of
 * (<lykos/pci.h>).
 *
 * A request is about the device that the Entry's payload names. Nothing waits for a driver: who
 * claims gives an AppNotice of his own, and whether he is still there is whether that is still
 * good.
 */
#include "bus.h"
#include "given.h"

#include <lykos/lykos.h>

#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA 0xcfcu
#define CONFIG_ENABLE 0x80000000u
#define CONFIG_DWORD 0xfcu

#define PAGE 4096ull
#define CLAIMS 8u           /* devices that can be claimed at once */
#define LINES_USUAL 0x0c20u /* 5, 10 and 11: what firmware gives to PCI devices */

/* Registers: those for capabilities with names that the description leaves, and the free ones. */
#define REG_HOLDER (LK_REG_NAMED_END - 1 - CLAIMS) /* AppNotices of who claimed */
#define REG_OUT LK_REG_FREE                        /* up to four capabilities of an answer */

/* A device that was claimed. */
struct claim {
    const struct bus_device *device; /* null: this place is free */
    struct bus_bar bar[BUS_BARS];
};

static struct {
    uint32_t ports, discrim; /* registers */
    struct bus bus;
    struct claim claim[CLAIMS];
} pci;

/* ---- Configuration space, by ports ---- */

static void config_select(unsigned place, unsigned offset)
{
    lk_iopriv_output(pci.ports, CONFIG_ADDRESS, 4,
                     CONFIG_ENABLE | place << 8 | (offset & CONFIG_DWORD));
}

static uint32_t config_read(unsigned place, unsigned offset, unsigned width)
{
    uint64_t value = UINT32_MAX;

    config_select(place, offset);
    lk_iopriv_input(pci.ports, CONFIG_DATA + offset % 4, width, &value);
    return (uint32_t)value;
}

static void config_write(unsigned place, unsigned offset, unsigned width, uint32_t value)
{
    config_select(place, offset);
    lk_iopriv_output(pci.ports, CONFIG_DATA + offset % 4, width, value);
}

/* ---- Claims ---- */

static uint32_t holder_register(const struct claim *c)
{
    return REG_HOLDER + (uint32_t)(c - pci.claim);
}

/* Number of the device as given.h has it. */
static unsigned owner_of(const struct claim *c)
{
    return (unsigned)(c->device - pci.bus.device);
}

/* The claim of this device, or null. */
static struct claim *claim_of(const struct bus_device *d)
{
    for (unsigned i = 0; i < CLAIMS; i++) {
        if (d != NULL && pci.claim[i].device == d) {
            return &pci.claim[i];
        }
    }
    return NULL;
}

/* Type of the capability in a register: LK_TYPE_NULL if it is not good. */
static uint64_t type_of(uint32_t reg)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_discrim_classify(pci.discrim, reg, &type, NULL) == STATUS_OK ? type : LK_TYPE_NULL;
}

/* Is the driver that claimed it still there? */
static bool holder_lives(const struct claim *c)
{
    return type_of(holder_register(c)) != LK_TYPE_NULL;
}

/* The device reaches memory no more, and nothing that was given for it is good. */
static void release(struct claim *c)
{
    bus_command(&pci.bus, c->device, PCI_COMMAND_MASTER, PCI_COMMAND_NO_LINE);
    given_take_back(owner_of(c));
    lk_drop_cap(holder_register(c));
    c->device = NULL;
}

/* A place for a new claim; those of drivers that are gone are free. Null: there is none. */
static struct claim *claim_free(void)
{
    for (unsigned i = 0; i < CLAIMS; i++) {
        if (pci.claim[i].device == NULL) {
            return &pci.claim[i];
        }
        if (!holder_lives(&pci.claim[i])) {
            release(&pci.claim[i]);
            return &pci.claim[i];
        }
    }
    return NULL;
}

/* The claim that a request is about, or null. */
static struct claim *claim_meant(const struct lk_request *rq)
{
    uint64_t n = rq->w[1] < BUS_DEVICES ? rq->w[1] : BUS_DEVICES;

    return claim_of(bus_find(&pci.bus, (uint32_t)rq->payload, (unsigned)n));
}

/* ---- Methods ---- */

static enum status pci_op_claim(struct lk_request *rq)
{
    const struct bus_device *d = rq->w[1] < BUS_DEVICES
                                     ? bus_find(&pci.bus, (uint32_t)rq->payload, (unsigned)rq->w[1])
                                     : NULL;
    struct claim *c = claim_of(d);

    if (type_of(LK_REG_ARG) != LK_TYPE_APPNOTICE) {
        return STATUS_REQUEST_ERROR;
    }
    if (d == NULL || bus_is_bridge(d)) {
        return STATUS_NOT_FOUND;
    }
    if (c != NULL && holder_lives(c)) {
        return STATUS_IN_USE;
    }
    if (c != NULL) {
        release(c);
    }
    c = claim_free();
    if (c == NULL) {
        return STATUS_EXHAUSTED;
    }
    bus_command(&pci.bus, d, PCI_COMMAND_MASTER, PCI_COMMAND_NO_LINE);
    c->device = d;
    lk_copy_cap(LK_REG_ARG, holder_register(c));
    bus_bars(&pci.bus, d, c->bar);
    lk_answer3(rq, d->place, d->line, PCI_CONFIG_BYTES);
    return STATUS_OK;
}

static enum status pci_op_read(struct lk_request *rq)
{
    const struct claim *c = claim_meant(rq);
    uint64_t offset = rq->w[2];
    uint64_t width = rq->w[3];

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    if ((width != 1 && width != 2 && width != 4) || offset >= PCI_CONFIG_BYTES ||
        offset % width != 0) {
        return STATUS_OUT_OF_RANGE;
    }
    lk_answer1(rq, config_read(c->device->place, (unsigned)offset, (unsigned)width));
    return STATUS_OK;
}

/* One capability, in REG_OUT, goes with the answer. */
static void answer_cap(struct lk_request *rq)
{
    rq->out_cap[0] = REG_OUT;
    rq->out_caps = 1;
}

static enum status pci_op_page(struct lk_request *rq)
{
    const struct claim *c = claim_meant(rq);
    enum status s;

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    if (rq->w[2] >= BUS_BARS || c->bar[rq->w[2]].bytes == 0) {
        return STATUS_NOT_FOUND;
    }
    const struct bus_bar *bar = &c->bar[rq->w[2]];

    if (bar->bytes < PAGE) { /* a larger one stands on a multiple of its size */
        return STATUS_NO_ACCESS;
    }
    if (rq->w[3] >= bar->bytes / PAGE) {
        return STATUS_OUT_OF_RANGE;
    }
    s = given_page(owner_of(c), (unsigned)rq->w[2], bar->base, rq->w[3], REG_OUT);
    if (s == STATUS_OK) {
        answer_cap(rq);
        lk_answer1(rq, bar->bytes / PAGE);
    }
    return s;
}

/* All or none; but what was made before it failed is given back only with the rest. */
static enum status pci_op_dma(struct lk_request *rq)
{
    const struct claim *c = claim_meant(rq);

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    if (rq->w[2] == 0 || rq->w[2] > PCI_DMA_MOST) {
        return STATUS_OUT_OF_RANGE;
    }
    for (unsigned i = 0; i < rq->w[2]; i++) {
        enum status s = given_dma(owner_of(c), REG_OUT + i, &rq->out[1 + i]);

        if (s != STATUS_OK) {
            return s;
        }
        rq->out_cap[i] = REG_OUT + i;
    }
    rq->out_caps = (unsigned)rq->w[2];
    rq->out_words = (unsigned)rq->w[2];
    return STATUS_OK;
}

static enum status pci_op_line(struct lk_request *rq)
{
    const struct claim *c = claim_meant(rq);
    enum status s;

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    s = given_line(owner_of(c), c->device->line, REG_OUT);
    if (s == STATUS_OK) {
        bus_command(&pci.bus, c->device, PCI_COMMAND_NO_LINE, 0);
        answer_cap(rq);
    }
    return s;
}

static enum status pci_op_master(struct lk_request *rq)
{
    const struct claim *c = claim_meant(rq);

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    if (rq->w[2] > 1) {
        return STATUS_OUT_OF_RANGE;
    }
    bus_command(&pci.bus, c->device, PCI_COMMAND_MASTER, rq->w[2] != 0 ? PCI_COMMAND_MASTER : 0);
    return STATUS_OK;
}

static enum status pci_op_list(struct lk_request *rq)
{
    if (rq->w[1] >= pci.bus.count) {
        return STATUS_NOT_FOUND;
    }
    const struct bus_device *d = &pci.bus.device[rq->w[1]];
    const struct claim *c = claim_of(d);

    rq->out[1] = d->place;
    rq->out[2] = d->id;
    rq->out[3] = d->class;
    rq->out[4] = c != NULL && holder_lives(c);
    rq->out_words = 4;
    return STATUS_OK;
}

static const struct lk_method methods[PCI_METHODS] = {
    [PCI_CLAIM] = { pci_op_claim, .words = 1, .caps = 1, .name = "claim" },
    [PCI_READ] = { pci_op_read, .words = 3, .name = "read" },
    [PCI_PAGE] = { pci_op_page, .words = 3, .name = "page" },
    [PCI_DMA] = { pci_op_dma, .words = 2, .name = "dma" },
    [PCI_LINE] = { pci_op_line, .words = 1, .name = "line" },
    [PCI_MASTER] = { pci_op_master, .words = 2, .name = "master" },
    [PCI_LIST] = { pci_op_list, .words = 1, .name = "list" },
};

static const struct lk_server server = { .methods = methods, .method_count = PCI_METHODS };

/* No device reaches memory, also not one that a driver was given before this server was begun
 * again; bridges go on, the firmware needs them. Only then is anything given anew. */
static void begin(void)
{
    static const struct bus_access access = { .read = config_read, .write = config_write };

    pci.ports = lk_cap("ports");
    pci.discrim = lk_cap("discrim");
    bus_scan(&pci.bus, &access);
    for (unsigned i = 0; i < pci.bus.count; i++) {
        if (!bus_is_bridge(&pci.bus.device[i])) {
            bus_command(&pci.bus, &pci.bus.device[i], PCI_COMMAND_MASTER, PCI_COMMAND_NO_LINE);
        }
    }
    given_begin(lk_cap("devices"), lk_cap("memory"), lk_cap("irqctl"),
                (uint32_t)lk_param("lines", LINES_USUAL));
    if (pci.bus.found > pci.bus.count) {
        say("%u functions were found, of which %u are known", pci.bus.found, pci.bus.count);
    }
}

int main(void)
{
    begin();
    lk_serve(&server);
}

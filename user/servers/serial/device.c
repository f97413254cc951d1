/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtio-serial device; see device.h.
 *
 * Memory. The device's registers and the DMA pages are put into this program's space from
 * WINDOW_VA on, one behind the other, and stay there: what is not good any more cannot be touched,
 * and this program is begun again then.
 */
#include "device.h"
#include "virtio.h"

#include <lykos/lykos.h>

#define PAGE 4096u
#define WINDOW_VA 0xc0000000ull /* between heap and stacks, see <lykos/pager.h> */
#define MEMORY_FRAMES 4u        /* of the Range that tables for the window are made in */
#define NOTIFY_MOST (4u * PAGE) /* of the notification structure is mapped */
#define DATA_QUEUE_SIZE PORT_BUFFERS

#define FEATURE_MULTIPORT (1ull << 1)
#define CONFIG_PORTS 4u /* offset: how many ports there can be */

static struct {
    bool there;
    uint32_t pci; /* register of the Entry that names the device */
    struct lk_room room;
    uint64_t next_va;
    struct virtio virtio;
} device;

/* ---- Calls of the server `pci` ---- */

/* It died, or was begun again since we claimed: all is void, and we begin again too. */
static void check_pci(enum status s)
{
    if (s == STATUS_INVALID_CAP || s == STATUS_INVOKEE_GONE || s == STATUS_STATE_CHANGED) {
        lk_exit(1);
    }
}

/* What `pci` has answered. */
static enum status checked(enum status s)
{
    check_pci(s);
    return s;
}

static uint32_t config_read(void *context, unsigned offset, unsigned width)
{
    uint64_t value = 0;
    enum status s = checked(pci_read(device.pci, 0, offset, width, &value));

    (void)context;
    return s == STATUS_OK ? (uint32_t)value : UINT32_MAX >> (32 - 8 * width);
}

/* ---- Memory ---- */

/* Put the Page in register `reg` at the next address of the window. */
static enum status map_next(uint32_t reg, uint8_t **at)
{
    enum status s = lk_space_put_page(&device.room, lk_cap("space"), device.next_va, reg);

    *at = (uint8_t *)device.next_va;
    device.next_va += PAGE;
    return s;
}

/* `n` DMA pages, at most PCI_DMA_MOST. */
static enum status dma_pages(unsigned n, struct port_buffer pages[])
{
    uint64_t bus[PCI_DMA_MOST];
    enum status s = checked(pci_dma(device.pci, 0, n, &bus[0], &bus[1], &bus[2], &bus[3], REG_WORK,
                                    REG_WORK + 1, REG_WORK + 2, REG_WORK + 3));

    for (unsigned i = 0; i < n && s == STATUS_OK; i++) {
        pages[i].bus = bus[i];
        s = map_next(REG_WORK + i, &pages[i].at);
    }
    return s;
}

/* Map what is needed of a structure; where it begins comes into the device's `part`. */
static enum status map_part(enum virtio_part part, uint32_t most)
{
    struct virtio_place *place = &device.virtio.places.part[part];
    enum status s = STATUS_OK;
    uint8_t *first = NULL;
    uint8_t *at;

    place->bytes = place->bytes < most ? place->bytes : most;
    uint64_t end = (uint64_t)place->offset + place->bytes;

    for (uint64_t page = place->offset / PAGE; page * PAGE < end && s == STATUS_OK; page++) {
        s = checked(pci_page(device.pci, 0, place->bar, page, NULL, REG_WORK));
        if (s == STATUS_OK) {
            s = map_next(REG_WORK, &at);
            first = first == NULL ? at : first;
        }
    }
    if (first != NULL) {
        device.virtio.part[part] = first + place->offset % PAGE;
    }
    return s;
}

static enum status map_all(void)
{
    static const uint32_t most[VIRTIO_PARTS] = {
        [VIRTIO_COMMON] = VIRTIO_COMMON_BYTES,
        [VIRTIO_NOTIFY] = NOTIFY_MOST,
        [VIRTIO_ISR] = VIRTIO_ISR_BYTES,
        [VIRTIO_DEVICE] = CONFIG_PORTS + 4,
    };
    enum status s = STATUS_OK;

    for (unsigned part = VIRTIO_COMMON; part < VIRTIO_PARTS && s == STATUS_OK; part++) {
        if (device.virtio.places.part[part].there) {
            s = map_part((enum virtio_part)part, most[part]);
        }
    }
    return s;
}

/* ---- Queues ---- */

/* Set up a queue of at most `size` places in the memory given. */
static bool queue_begin(struct virtqueue *q, unsigned queue, unsigned size,
                        const struct port_buffer *page, unsigned offset)
{
    if (virtio_queue_most(&device.virtio, queue) < size) {
        return false;
    }
    virtqueue_init(q, size, page->at + offset, page->bus + offset);
    return virtio_queue_set(&device.virtio, queue, q);
}

static const char *control_queues_begin(struct ports *ports)
{
    struct port_buffer page[3];

    if (dma_pages(3, page) != STATUS_OK) {
        return "no memory for its queues";
    }
    ports->control_in_buffer = page[1];
    ports->control_out_buffer = page[2];
    if (!queue_begin(&ports->control_in, QUEUE_CONTROL_IN, CONTROL_IN, &page[0], 0) ||
        !queue_begin(&ports->control_out, QUEUE_CONTROL_OUT, CONTROL_OUT, &page[0],
                     VIRTQUEUE_BYTES)) {
        return "its control queues are not as they must be";
    }
    return NULL;
}

static const char *data_begin(struct ports *ports)
{
    uint32_t most = virtio_config(&device.virtio, CONFIG_PORTS); /* its port 0 included */

    for (unsigned n = 0; n < PORT_COUNT && n + 1 < most; n++) {
        struct port *p = &ports->port[n];
        struct port_buffer page;

        if (dma_pages(1, &page) != STATUS_OK) {
            return "no memory for its queues";
        }
        p->has_queues = queue_begin(&p->in, QUEUE_IN(n), DATA_QUEUE_SIZE, &page, 0) &&
                        queue_begin(&p->out, QUEUE_OUT(n), DATA_QUEUE_SIZE, &page, VIRTQUEUE_BYTES);
        if (!p->has_queues) {
            return "the queues of its ports are not as they must be";
        }
    }
    return NULL;
}

/* ---- What the ports ask for ---- */

static void tell(unsigned queue)
{
    if (device.there) {
        virtio_tell(&device.virtio, queue);
    }
}

static bool equip(unsigned n, struct port *p)
{
    (void)n;
    return dma_pages(PORT_BUFFERS, p->in_buffer) == STATUS_OK &&
           dma_pages(PORT_BUFFERS, p->out_buffer) == STATUS_OK;
}

/* ---- Begin and end ---- */

/* Find the device by one of its two IDs. NOT_FOUND: there is none. */
static enum status claim(void)
{
    static const char *const names[] = { "device", "older" };
    enum status s = STATUS_NOT_FOUND;

    for (unsigned i = 0; i < 2 && s == STATUS_NOT_FOUND; i++) {
        device.pci = lk_cap_optional(names[i]);
        s = device.pci != 0 ? checked(pci_claim(device.pci, 0, REG_OWN, NULL, NULL, NULL))
                            : STATUS_NOT_FOUND;
    }
    return s;
}

/* All between claim and start. */
static const char *set_up(struct ports *ports, uint64_t bits)
{
    const char *wrong = virtio_find(config_read, NULL, &device.virtio.places);

    if (wrong != NULL) {
        return wrong;
    }
    if (map_all() != STATUS_OK) {
        return "its registers cannot be reached";
    }
    if (!virtio_reset(&device.virtio)) {
        return "it cannot be reset";
    }
    wrong = virtio_take(&device.virtio, VIRTIO_VERSION_1 | FEATURE_MULTIPORT);
    if (wrong == NULL) {
        wrong = control_queues_begin(ports);
    }
    if (wrong == NULL) {
        wrong = data_begin(ports);
    }
    if (wrong == NULL && (checked(pci_line(device.pci, 0, REG_LINE)) != STATUS_OK ||
                          lk_irqwait_bind(REG_LINE, bits, REG_OWN) != STATUS_OK)) {
        wrong = "its interrupt line cannot be had";
    }
    if (wrong == NULL && checked(pci_master(device.pci, 0, 1)) != STATUS_OK) {
        wrong = "it cannot be let reach memory";
    }
    return wrong;
}

const char *device_begin(struct ports *ports, uint64_t bits, void (*news)(unsigned n))
{
    static struct ports_driver driver = { .tell = tell, .equip = equip };
    enum status s;
    const char *wrong;

    driver.news = news;
    ports->driver = &driver;
    lk_room_open(&device.room, lk_cap("memory"), 0, MEMORY_FRAMES, LK_REG_ARG + 1);
    device.room.discrim = lk_cap("discrim");
    device.next_va = WINDOW_VA;
    s = claim();
    if (s == STATUS_NOT_FOUND) {
        return NULL;
    }
    if (s != STATUS_OK) {
        return lk_status_text(s);
    }
    wrong = set_up(ports, bits);
    if (wrong == NULL) {
        device.there = true;
        virtio_start(&device.virtio);
        ports_begin(ports, &driver, lk_now());
    } else {
        checked(pci_master(device.pci, 0, 0));
    }
    return wrong;
}

bool device_there(void)
{
    return device.there;
}

bool device_interrupt(void)
{
    uint8_t why = virtio_interrupt(&device.virtio);

    return (why & VIRTIO_ISR_CONFIG) == 0 || !virtio_failed(&device.virtio);
}

void device_acknowledge(void)
{
    lk_irqwait_acknowledge(REG_LINE);
}

void device_give_up(void)
{
    device.there = false;
    virtio_reset(&device.virtio);
    checked(pci_master(device.pci, 0, 0));
}

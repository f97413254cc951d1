/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ACPI, as little of it as is needed: the table "APIC" (MADT), which names the interrupt
 * controllers, the CPUs, and how the lines of the old ISA bus are wired. The loader says where the
 * tables are. What the firmware says is checked; if it says nothing or nonsense, what is usual on a
 * PC is assumed, and the log says so.
 */
#include <arch/paging.h>
#include <arch/port.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/string.h>

#define DEFAULT_IOAPIC 0xfec00000u
#define MAX_TABLE (1u << 20) /* bytes; a longer one is taken for nonsense */
#define ISA_LINES 16

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    /* from revision 2 on */
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} PACKED;
#define RSDP_V1_BYTES 20

struct table {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} PACKED;
STATIC_ASSERT(sizeof(struct table) == 36, "header of an ACPI table");

struct madt {
    struct table header;
    uint32_t lapic, flags;
} PACKED;

enum madt_kind {
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
};

struct madt_entry {
    uint8_t kind, length;
    union {
        struct {
            uint8_t cpu, id;
            uint32_t flags;
        } PACKED lapic;
        struct {
            uint8_t id, reserved;
            uint32_t address, first_line;
        } PACKED ioapic;
        struct {
            uint8_t bus, source;
            uint32_t line;
            uint16_t flags;
        } PACKED override;
    } PACKED;
} PACKED;
#define ENTRY_BYTES(member) (2 + sizeof(((struct madt_entry *)0)->member))

#define LAPIC_ENABLED 1u
#define POLARITY_MASK 3u
#define POLARITY_LOW 3u
#define TRIGGER_MASK 0xcu
#define TRIGGER_LEVEL 0xcu

/* What a PC has if nobody says otherwise: the ISA lines are edge-triggered and active high, PCI's
 * the opposite. */
struct machine machine = {
    .ioapic = DEFAULT_IOAPIC,
    .line[ISA_LINES... ARCH_IRQ_LINES - 1] = { .active_low = true, .level = true },
};

static bool sum_is_zero(const void *data, size_t n)
{
    const uint8_t *byte = data;
    uint8_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum = (uint8_t)(sum + byte[i]);
    }
    return sum == 0;
}

/* The root pointer that the loader named; NULL: it is none. */
static const struct rsdp *rsdp_at(kpa_t pa)
{
    const struct rsdp *r = arch_map_device(pa, sizeof(*r));

    return r != NULL && memcmp(r->signature, "RSD PTR ", sizeof(r->signature)) == 0 &&
                   sum_is_zero(r, RSDP_V1_BYTES)
               ? r
               : NULL;
}

/* The table at a physical address, whole; NULL if it is not mapped or wrong. */
static const struct table *table_at(kpa_t pa)
{
    const struct table *t = arch_map_device(pa, sizeof(*t));
    uint32_t length;

    if (t == NULL) {
        return NULL;
    }
    length = t->length;
    if (length < sizeof(*t) || length > MAX_TABLE) {
        return NULL;
    }
    t = arch_map_device(pa, length);
    return t != NULL && t->length == length && sum_is_zero(t, length) ? t : NULL;
}

/* The MADT, found through the extended root table, or the old one. */
static const struct madt *madt_find(const struct rsdp *rsdp)
{
    bool extended = rsdp->revision >= 2 && rsdp->xsdt != 0 && rsdp->length >= sizeof(*rsdp) &&
                    sum_is_zero(rsdp, sizeof(*rsdp));
    size_t width = extended ? 8 : 4;
    const struct table *root = table_at(extended ? rsdp->xsdt : rsdp->rsdt);

    if (root == NULL) {
        log_line(LOG_WARN, "acpi: the root table is damaged");
        return NULL;
    }
    for (size_t at = sizeof(*root); at + width <= root->length; at += width) {
        uint64_t pa = 0;
        const struct table *t;

        memcpy(&pa, (const uint8_t *)root + at, width);
        t = arch_map_device(pa, sizeof(*t));
        if (t != NULL && memcmp(t->signature, "APIC", sizeof(t->signature)) == 0) {
            t = table_at(pa);
            if (t == NULL || t->length < sizeof(struct madt)) {
                log_line(LOG_WARN, "acpi: the table of interrupt controllers is damaged");
                return NULL;
            }
            return (const struct madt *)(const void *)t;
        }
    }
    log_line(LOG_WARN, "acpi: there is no table of interrupt controllers");
    return NULL;
}

static void take_entry(const struct madt_entry *e)
{
    switch ((enum madt_kind)e->kind) {
    case MADT_LAPIC:
        if (e->length >= ENTRY_BYTES(lapic) && (e->lapic.flags & LAPIC_ENABLED) != 0) {
            cpu_count++;
        }
        break;
    case MADT_IOAPIC:
        if (e->length >= ENTRY_BYTES(ioapic) && e->ioapic.first_line == 0) {
            machine.ioapic = e->ioapic.address;
        }
        break;
    case MADT_OVERRIDE: /* an ISA line is another global line, or is wired in another way */
        if (e->length >= ENTRY_BYTES(override) && e->override.bus == 0 &&
            e->override.line < ARCH_IRQ_LINES) {
            machine.line[e->override.line] = (struct line_wiring){
                .active_low = (e->override.flags & POLARITY_MASK) == POLARITY_LOW,
                .level = (e->override.flags & TRIGGER_MASK) == TRIGGER_LEVEL,
            };
        }
        break;
    default:
        break;
    }
}

static void take_madt(const struct madt *madt)
{
    const uint8_t *start = (const uint8_t *)madt;

    cpu_count = 0;
    for (size_t at = sizeof(*madt); at + 2 <= madt->header.length;) {
        const struct madt_entry *e = (const struct madt_entry *)(const void *)(start + at);

        if (e->length < 2 || at + e->length > madt->header.length) {
            log_line(LOG_WARN, "acpi: the table of interrupt controllers ends in the middle");
            break;
        }
        take_entry(e);
        at += e->length;
    }
}

void acpi_init(kpa_t rsdp)
{
    const struct rsdp *root = rsdp == 0 ? NULL : rsdp_at(rsdp);
    const struct madt *madt = root == NULL ? NULL : madt_find(root);

    if (madt == NULL) {
        log_line(LOG_WARN,
                 "acpi: nothing usable; one CPU and the usual interrupt controllers assumed");
    } else {
        take_madt(madt);
    }
    cpu_count = cpu_count == 0 ? 1 : cpu_count > MAX_CPUS ? MAX_CPUS : cpu_count;
}

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

#define MADT_HEADER (sizeof(struct table) + 8) /* the local APIC's address, and flags */

/* Kinds of entries in the MADT. */
#define MADT_LAPIC 0
#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2

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
#define POLARITY_LOW 3u /* both bits */
#define TRIGGER_LEVEL 0xcu

/* What a PC has if nobody says otherwise: the ISA lines are edge-triggered and active high, PCI's
 * the opposite. */
kpa_t ioapic_at = DEFAULT_IOAPIC;
struct line_wiring line_wiring[] = {
    [ISA_LINES... ARCH_IRQ_LINES - 1] = { .active_low = true, .level = true },
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

/* The table at a physical address, whole; NULL if it is another, or has not the `least` bytes that
 * it is to have, or is damaged. */
static const struct table *table_at(kpa_t pa, const char *signature, size_t least)
{
    const struct table *t = arch_map_device(pa, sizeof(*t));
    uint32_t length;

    if (t == NULL || memcmp(t->signature, signature, sizeof(t->signature)) != 0) {
        return NULL;
    }
    length = t->length;
    if (length >= least && length <= MAX_TABLE) {
        t = arch_map_device(pa, length);
        if (t != NULL && t->length == length && sum_is_zero(t, length)) {
            return t;
        }
    }
    log_line(LOG_WARN, "acpi: the table %s is damaged", signature);
    return NULL;
}

/* The MADT, found through the extended root table, or the old one; NULL: there is none. */
static const struct table *madt_find(const struct rsdp *rsdp)
{
    bool extended = rsdp->revision >= 2 && rsdp->xsdt != 0 && rsdp->length >= sizeof(*rsdp) &&
                    sum_is_zero(rsdp, sizeof(*rsdp));
    size_t width = extended ? 8 : 4;
    const struct table *root = extended ? table_at(rsdp->xsdt, "XSDT", sizeof(*root))
                                        : table_at(rsdp->rsdt, "RSDT", sizeof(*root));
    const struct table *madt = NULL;

    for (size_t at = sizeof(*root); root != NULL && madt == NULL && at + width <= root->length;
         at += width) {
        uint64_t pa = 0;

        memcpy(&pa, (const uint8_t *)root + at, width);
        madt = table_at(pa, "APIC", MADT_HEADER);
    }
    return madt;
}

static void take_entry(const struct madt_entry *e)
{
    if (e->kind == MADT_LAPIC && e->length >= ENTRY_BYTES(lapic)) {
        cpu_count += e->lapic.flags & LAPIC_ENABLED;
    } else if (e->kind == MADT_IOAPIC && e->length >= ENTRY_BYTES(ioapic) &&
               e->ioapic.first_line == 0) {
        ioapic_at = e->ioapic.address;
    } else if (e->kind == MADT_OVERRIDE && e->length >= ENTRY_BYTES(override) &&
               e->override.bus == 0 && e->override.line < ARCH_IRQ_LINES) {
        /* an ISA line is another global line, or is wired in another way */
        line_wiring[e->override.line] = (struct line_wiring){
            .active_low = (e->override.flags & POLARITY_LOW) == POLARITY_LOW,
            .level = (e->override.flags & TRIGGER_LEVEL) == TRIGGER_LEVEL,
        };
    }
}

static void take_madt(const struct table *madt)
{
    const uint8_t *start = (const uint8_t *)madt;

    cpu_count = 0;
    for (size_t at = MADT_HEADER; at + 2 <= madt->length;) {
        const struct madt_entry *e = (const struct madt_entry *)(const void *)(start + at);

        if (e->length < 2 || at + e->length > madt->length) {
            log_line(LOG_WARN, "acpi: the table of interrupt controllers ends in the middle");
            break;
        }
        take_entry(e);
        at += e->length;
    }
}

void acpi_init(kpa_t rsdp)
{
    const struct rsdp *root = arch_map_device(rsdp, sizeof(*root));
    const struct table *madt = NULL;

    if (rsdp != 0 && root != NULL && sum_is_zero(root, RSDP_V1_BYTES) &&
        memcmp(root->signature, "RSD PTR ", sizeof(root->signature)) == 0) {
        madt = madt_find(root);
    }
    if (madt == NULL) {
        log_line(LOG_WARN,
                 "acpi: nothing usable; one CPU and the usual interrupt controllers assumed");
    } else {
        take_madt(madt);
    }
    cpu_count = cpu_count == 0 ? 1 : cpu_count > MAX_CPUS ? MAX_CPUS : cpu_count;
}

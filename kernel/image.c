/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The first process. The kernel loads one program, "init", and gives it everything there is to
 * give: from then on the kernel makes nothing of its own accord. What is made here are ordinary
 * objects in ordinary frames, which init could destroy like any other.
 *
 * Everything that init needs at the start lies in the lowest 4 GiB: below the root (l2v 43) hangs a
 * GPT for those (l2v 28), since a capability's guard may pass over levels of which only slot 0
 * would be used; then one for each 4 bits of the address. So a GPT of 16 slots with pages in them
 * (l2v 12) covers 64 KiB.
 */
#include <abi/init.h>
#include <kernel/archive.h>
#include <kernel/cmdline.h>
#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/gpt.h>
#include <kernel/image.h>
#include <kernel/log.h>
#include <kernel/panic.h>
#include <kernel/sched.h>
#include <kernel/schedule.h>
#include <kernel/space.h>
#include <kernel/string.h>

#define INIT_PRIORITY 200
#define INIT_SLICE 10000000u /* nanoseconds */
#define INIT_STACK_PAGES 16ull
#define STACK_START (LK_INIT_STACK_TOP - INIT_STACK_PAGES * PAGE_SIZE)

STATIC_ASSERT(LK_INIT_ARCHIVE_VA + LK_ARCHIVE_MAX_BYTES <= 1ull << 32, "init lies in 4 GiB");

/* The next free frame, from low addresses on. */
static pfn_t free_frame(void)
{
    static pfn_t next;

    while (next < frame_count && frame_table[next].kind != FRAME_FREE) {
        next++;
    }
    if (next == frame_count) {
        boot_fail("too little memory for init");
    }
    return next;
}

/* Make an object: in the frame that the last one of this kind was made in, if that has room. */
static struct objhdr *make(enum frame_kind kind)
{
    static struct {
        pfn_t pfn;
        unsigned used;
    } place[FRAME_KINDS];

    if (place[kind].used % frame_objects(kind) == 0) {
        place[kind].pfn = free_frame();
        place[kind].used = 0;
    }
    return object_fabricate(kind, place[kind].pfn, place[kind].used++);
}

static struct gpt *make_gpt(unsigned l2v)
{
    struct gpt *g = (struct gpt *)(void *)make(FRAME_GPT);

    g->state.l2v = (uint8_t)l2v;
    return g;
}

/* The GPT of this l2v on the way from the root down to an address; made, with what leads to it, if
 * it is not there. */
static struct gpt *gpt_at(struct gpt *root, uva_t va, unsigned l2v)
{
    struct gpt *g = root;

    ASSERT(va >> 32 == 0);
    while (g->state.l2v > l2v) {
        struct cap *c = &g->state.slot[va >> g->state.l2v & (GPT_SLOTS - 1)];

        if (c->type == CAP_NULL) {
            *c = object_cap(&make_gpt(g == root ? 28 : g->state.l2v - 4u)->hdr);
        }
        g = (struct gpt *)(void *)oid_header(c->oid);
    }
    return g;
}

/* Put a segment into the space: pages of the archive, which are Pages already (frames.c), and then
 * new ones. */
static void map_segment(struct gpt *root, kpa_t archive, const struct lk_archive_segment *s)
{
    for (uint64_t i = 0; i < s->pages; i++) {
        uva_t va = s->start + i * PAGE_SIZE;
        struct gpt *g = gpt_at(root, va, PAGE_SHIFT);
        struct cap *c = &g->state.slot[va >> PAGE_SHIFT & (GPT_SLOTS - 1)];

        *c = object_cap(i < s->data_pages
                            ? &frame_table[((archive + s->offset) >> PAGE_SHIFT) + i].hdr
                            : make(FRAME_PAGE));
        c->restr = (uint8_t)(s->restr & (LK_RO | LK_NX));
    }
}

static void fill_info(struct gpt *root, const struct boot_info *boot, uint64_t archive_bytes)
{
    struct gpt *g = gpt_at(root, LK_INIT_INFO_VA, PAGE_SHIFT);
    struct lk_boot_info *info =
        frame_data(page_frame(&g->state.slot[LK_INIT_INFO_VA >> PAGE_SHIFT & (GPT_SLOTS - 1)]));

    info->magic = LK_INIT_INFO_MAGIC;
    info->archive_bytes = archive_bytes;
    info->frames = frame_count;
    info->cpus = cpu_count;
    format_to(info->command_line, sizeof(info->command_line), "%s", cmdline.init_words);
    format_to(info->boot_path, sizeof(info->boot_path), "%s", boot->path);
}

/* The address space: init's program, and what it finds beside that. */
static struct gpt *make_space(const struct boot_info *boot, const struct lk_archive_header *archive)
{
    const uint64_t pages = archive->total_bytes / PAGE_SIZE;
    const struct lk_archive_segment beside[] = {
        { STACK_START, INIT_STACK_PAGES, 0, 0, LK_NX },
        { LK_INIT_INFO_VA, 1, 0, 0, LK_RO | LK_NX },
        /* Not no-execute: init gives pages of a program's code to that program as they are. */
        { LK_INIT_ARCHIVE_VA, pages, 0, pages, LK_RO },
    };
    struct gpt *root = make_gpt(43);

    for (unsigned i = 0; i < LK_ARCHIVE_SEGMENTS; i++) {
        map_segment(root, boot->archive_start, &archive->init[i]);
    }
    for (unsigned i = 0; i < ARRAY_LEN(beside); i++) {
        map_segment(root, boot->archive_start, &beside[i]);
    }
    fill_info(root, boot, archive->total_bytes);
    return root;
}

static struct cap make_endpoint(const struct process *recipient, uint64_t id, bool match)
{
    struct endpoint *ep = (struct endpoint *)(void *)make(FRAME_ENDPOINT);

    ep->state.recipient = object_cap(&recipient->hdr);
    ep->state.id = id;
    ep->state.match = match;
    return object_cap(&ep->hdr);
}

/* The capability registers, as <abi/init.h> names them; the objects in slots as well. */
static void give_caps(struct process *p, struct gpt *root)
{
    struct schedule *s = (struct schedule *)(void *)make(FRAME_SCHEDULE);

    s->state.priority = INIT_PRIORITY;
    s->state.slice = INIT_SLICE;
    s->state.cpus = CPUS_RUNNING;
    s->state.ready = 1;
    p->capreg[LK_INIT_SELF] = object_cap(&p->hdr);
    p->capreg[LK_INIT_SPACE] = object_cap(&root->hdr);
    p->capreg[LK_INIT_RANGE] = (struct cap){ .type = CAP_RANGE, .oid = (oid_t)frame_count };
    p->capreg[LK_INIT_DEVICES] =
        (struct cap){ .type = CAP_RANGE, .payload = (uint32_t)frame_count, .oid = DEVICE_FRAMES };
    p->capreg[LK_INIT_SCHEDULE] = object_cap(&s->hdr);
    p->capreg[LK_INIT_SCHEDCTL].type = CAP_SCHEDCTL;
    p->capreg[LK_INIT_SLEEP].type = CAP_SLEEP;
    p->capreg[LK_INIT_IRQCTL].type = CAP_IRQCTL;
    p->capreg[LK_INIT_IOPRIV] = (struct cap){ .type = CAP_IOPRIV, .payload = 0xffffu << 16 };
    p->capreg[LK_INIT_KERNLOG].type = CAP_KERNLOG;
    p->capreg[LK_INIT_DISCRIM].type = CAP_DISCRIM;
    p->capreg[LK_INIT_CAPBITS].type = CAP_CAPBITS;
    p->capreg[LK_INIT_SYSCTL].type = CAP_SYSCTL;
    p->capreg[LK_INIT_REPLY] = make_endpoint(p, 0, true);
    p->capreg[LK_INIT_ENDPOINT] = make_endpoint(p, 1, false);
    p->capreg[LK_INIT_SCRATCH] = object_cap(&gpt_at(root, LK_INIT_SCRATCH_VA, PAGE_SHIFT)->hdr);

    p->slot[SLOT_ADDR_SPACE] = p->capreg[LK_INIT_SPACE];
    p->slot[SLOT_SCHEDULE] = p->capreg[LK_INIT_SCHEDULE];
    p->slot[SLOT_REPLY_ENDPOINT] = p->capreg[LK_INIT_REPLY];
}

void image_load_init(const struct boot_info *boot)
{
    const struct lk_archive_header *archive = arch_kva(boot->archive_start);
    const char *mistake =
        archive_mistake(archive, boot->archive_end - boot->archive_start, LK_USER_MIN,
                        STACK_START - PAGE_SIZE); /* between: never mapped */
    struct process *p;

    if (mistake != NULL) {
        boot_fail("%s", mistake);
    }
    log_line(LOG_INFO, "archive: %u files, %lu KiB", archive->entries, archive->total_bytes / 1024);

    p = (struct process *)(void *)make(FRAME_PROCESS);
    give_caps(p, make_space(boot, archive));
    memcpy(p->label, "init", 4);
    p->regs.rip = archive->init_entry;
    p->regs.rsp = LK_INIT_STACK_TOP;
    space_set(p);
    process_schedule_changed(p);
    process_end_wait(p); /* ready, and no fault: it was made with "never resumed" */
    sched_wake(p);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bank, the pager, and spaces of programs.
 */
#include "world.h"

#include "../../../user/servers/pager/pager.h"

#define B_RANGE 16u /* registers of the bank's process */
#define B_NEW 17u
#define PG_SPACE 8u /* registers of the pager's process */
#define PG_BANK 9u
#define PG_DISCRIM 10u
#define STACK_BYTES 8192u
#define SLOTS 16u
#define SELF_SLOT 0u
#define PAGER_SLOT 15u

struct bank_state bank;
struct worker bank_worker;
uint8_t *archive;
obj pager_main, pager_memory, pager_faults;

static obj bank_frames;
static obj main_entry;

/* ---- The bank ---- */

/* `n` free frames in a row, from where the last ones were; BANK_FRAMES: there are none. */
static unsigned bank_find(uint64_t n)
{
    unsigned run = 0;

    for (unsigned i = 0; i < 2 * BANK_FRAMES; i++) {
        unsigned f = (bank.next + i) % BANK_FRAMES;

        run = f == 0 ? 0 : run; /* no run goes round */
        run = bank.owner[f] == 0 ? run + 1 : 0;
        if (run == n) {
            bank.next = f + 1;
            return f + 1 - run;
        }
    }
    return BANK_FRAMES;
}

/* Take frames for the account, or refuse. */
static enum status bank_take(uint64_t account, uint64_t n, unsigned *first_out)
{
    unsigned first = bank_find(n);

    bank.asked++;
    if (bank.refuse != 0 && --bank.refuse == 0) {
        return STATUS_NO_MEMORY;
    }
    if (first == BANK_FRAMES || account >= BANK_ACCOUNTS) {
        return STATUS_NO_MEMORY;
    }
    for (unsigned f = first; f < first + n; f++) {
        bank.owner[f] = (uint16_t)(account + 1);
    }
    bank.used[account] += n;
    *first_out = first;
    return STATUS_OK;
}

static void bank_empty(unsigned frame)
{
    uint64_t objects = 0;

    for (unsigned i = 0; lk_range_rescind_at(B_RANGE, frame, i) == STATUS_OK; i++) {
        OK(lk_range_get_frame(B_RANGE, frame, NULL, &objects));
        if (objects == 0) {
            break;
        }
    }
    bank.used[bank.owner[frame] - 1]--;
    bank.owner[frame] = 0;
}

static enum status account_allocate(struct lk_request *rq)
{
    unsigned frame;
    enum status s = rq->w[2] == 1 ? bank_take(rq->payload, 1, &frame) : STATUS_REQUEST_ERROR;

    if (s == STATUS_OK) {
        OK(lk_range_fabricate(B_RANGE, rq->w[1], frame, 0, B_NEW));
        rq->out_cap[0] = B_NEW;
        rq->out_caps = 1;
    }
    return s;
}

static enum status account_free(struct lk_request *rq)
{
    uint64_t restr = 0;
    uint64_t frame = 0;

    if (lk_discrim_classify(R_DISCRIM, LK_REG_ARG, NULL, &restr) != STATUS_OK || restr != 0 ||
        lk_range_identify(B_RANGE, LK_REG_ARG, NULL, &frame, NULL) != STATUS_OK ||
        bank.owner[frame] != rq->payload + 1) {
        return STATUS_REQUEST_ERROR;
    }
    bank_empty((unsigned)frame);
    return STATUS_OK;
}

static enum status bank_give_range(struct lk_request *rq)
{
    unsigned first;
    enum status s = bank_take(rq->payload, rq->w[1], &first);

    if (s == STATUS_OK) {
        OK(lk_range_split(B_RANGE, first, rq->w[1], B_NEW));
        rq->out_cap[0] = B_NEW;
        rq->out_caps = 1;
    }
    return s;
}

static enum status bank_do_close(struct lk_request *rq)
{
    for (unsigned f = 0; f < BANK_FRAMES; f++) {
        if (bank.owner[f] == rq->payload + 1) {
            bank_empty(f);
        }
    }
    return STATUS_OK;
}

static void bank_run(void *unused)
{
    static const struct lk_method methods[] = {
        [BANK_ALLOCATE] = { .fn = account_allocate, .words = 2 },
        [BANK_FREE] = { .fn = account_free, .caps = 1 },
        [BANK_RANGE] = { .fn = bank_give_range, .words = 1 },
        [BANK_CLOSE] = { .fn = bank_do_close },
    };
    static const struct lk_server server = {
        .methods = methods,
        .method_count = sizeof(methods) / sizeof(methods[0]),
    };

    (void)unused;
    lk_serve(&server);
}

/* Entry of the bank for an account. */
static void bank_entry(unsigned account, unsigned reg)
{
    obj_get(bank_worker.endpoint, R_T0);
    OK(lk_endpoint_make_entry(R_T0, account, reg));
}

void account_close(unsigned account)
{
    bank_entry(account, R_T2);
    EQ(lk_call0(R_T2, BANK_CLOSE).w[0], STATUS_OK);
    EQ(bank.used[account], 0);
}

/* ---- The pager ---- */

uint64_t archive_word(uint64_t offset)
{
    return offset * 0x9e3779b97f4a7c15ull ^ 0x5555;
}

/* Pages that are not the case's own: nothing restricts them. */
static void archive_make(void)
{
    for (unsigned i = 0; i < ARCHIVE_PAGES; i++) {
        map_page(own_space(), ARCHIVE_VA + i * PAGE, page_new(), 0);
    }
    archive = (uint8_t *)ARCHIVE_VA;
    __asm__("" : "+r"(archive));
    for (uint64_t at = 0; at < ARCHIVE_BYTES; at += sizeof(uint64_t)) {
        uint64_t word = archive_word(at);

        if (at - ARCHIVE_CODE < PAGE) {
            word = 0xccccccccccccccccull;
        }
        memcpy(archive + at, &word, sizeof(word));
    }
}

void world_begin(void)
{
    uint64_t first = frames_new(BANK_FRAMES);

    memset(&bank, 0, sizeof(bank));
    archive_make();
    OK(lk_range_split(R_RANGE, first, BANK_FRAMES, R_A));
    bank_frames = obj_keep(R_A);
    bank_worker = worker_new(PRIO_BANK, bank_run, NULL);
    proc_cap(bank_worker.p, B_RANGE, bank_frames);
    worker_start(bank_worker);
    pager_main = endpoint_new(NO_OBJ, PAGER_MAIN, false);
    pager_memory = endpoint_new(NO_OBJ, PAGER_MEMORY, false);
    pager_faults = endpoint_new(NO_OBJ, PAGER_FAULTS, false);
    main_entry = entry_new(pager_main, 0);
}

static void pager_receives(obj endpoint, obj p)
{
    obj_get(endpoint, R_T0);
    obj_get(p, R_T1);
    OK(lk_endpoint_set_recipient(R_T0, R_T1));
}

struct pager_process pager_start(void)
{
    static uint8_t stack[STACK_BYTES] __attribute__((aligned(64)));
    static struct pager_setup setup;
    struct pager_process pg = { .root = space_new() };
    struct lk_regs r = { .rip = (uint64_t)pager_run, .rflags = 0x202 };

    setup = (struct pager_setup){ .space = PG_SPACE,
                                  .bank = PG_BANK,
                                  .discrim = PG_DISCRIM,
                                  .own_va = WINDOW_VA,
                                  .archive = (uint64_t)archive,
                                  .archive_bytes = ARCHIVE_BYTES };
    obj_get(pg.root, R_T0); /* the archive's window is that of the case */
    OK(lk_gpt_get_slot(R_T0, 0, R_T0));
    OK(lk_gpt_get_slot(R_SPACE, 0, R_T1));
    OK(lk_gpt_get_slot(R_T1, ARCHIVE_VA / WINDOW_SIZE, R_T2));
    OK(lk_gpt_swap_slot(R_T0, ARCHIVE_VA / WINDOW_SIZE, R_T2, 0));
    r.rdi = (uint64_t)&setup;
    r.rsp = (uint64_t)(stack + sizeof(stack)) - 8;
    pg.p = proc_new_in(pg.root, PRIO_PAGER);
    proc_reply_endpoint(pg.p, 0);
    proc_cap(pg.p, PG_SPACE, pg.root);
    bank_entry(ACCOUNT_PAGER, R_T2);
    obj_get(pg.p, R_T0);
    OK(lk_process_swap_cap_reg(R_T0, PG_BANK, R_T2, 0));
    OK(lk_process_swap_cap_reg(R_T0, PG_DISCRIM, R_DISCRIM, 0));
    pager_receives(pager_main, pg.p);
    pager_receives(pager_memory, pg.p);
    pager_receives(pager_faults, pg.p);
    proc_set_regs(pg.p, &r);
    proc_resume(pg.p);
    return pg;
}

void pager_kill(struct pager_process pg)
{
    obj_rescind(pg.p);
    account_close(ACCOUNT_PAGER);
}

static enum status call_pager(uint64_t control, uint64_t w0, uint64_t w1, const void *string,
                              size_t len, void *buffer, size_t size)
{
    struct lk_msg msg = {
        .control = control,
        .w = { w0, w1 },
        .string = string,
        .string_len = (uint32_t)len,
        .buffer = buffer,
        .buffer_size = (uint32_t)size,
    };

    return lk_invoke(&msg);
}

enum status world_add(uint64_t number, unsigned root_reg, unsigned bank_reg, const void *regions,
                      size_t bytes)
{
    obj_get(main_entry, R_T0);
    return call_pager(LK_CTL_CALL_CAPS(R_T0, 2, 2, root_reg, bank_reg, 0, 0, 0, 0, 0) | LK_SSTR,
                      PAGER_ADD, number, regions, bytes, NULL, 0);
}

enum status world_remove(uint64_t number)
{
    obj_get(main_entry, R_T0);
    return (enum status)lk_call1(R_T0, PAGER_REMOVE, number).w[0];
}

enum status world_info(uint64_t number, struct pager_info *out)
{
    obj_get(main_entry, R_T0);
    return call_pager(LK_CTL_CALL(R_T0, 2) | LK_RSTR, PAGER_INFO, number, NULL, 0, out,
                      sizeof(*out));
}

enum status world_discard(uint64_t number, uint64_t start, uint64_t bytes)
{
    obj_get(pager_memory, R_T0);
    OK(lk_endpoint_make_entry(R_T0, number, R_T1));
    return lk_pager_discard(R_T1, start, bytes);
}

enum status world_provide(uint64_t number, uint64_t start, uint64_t bytes)
{
    obj_get(pager_memory, R_T0);
    OK(lk_endpoint_make_entry(R_T0, number, R_T1));
    return lk_pager_provide(R_T1, start, bytes);
}

/* ---- Spaces of programs ---- */

struct program program_new(unsigned number)
{
    struct program p = { .number = number };

    obj_new_in(LK_TYPE_GPT, R_T1);
    OK(lk_gpt_set_l2v(R_T1, PAGER_ROOT_L2V));
    OK(lk_memory_set_guard(R_T1, 0, PAGER_ROOT_L2V + 4, R_T1));
    OK(lk_gpt_get_slot(R_SPACE, 0, R_T0));
    OK(lk_gpt_get_slot(R_T0, SELF_SLOT, R_T0));
    OK(lk_gpt_swap_slot(R_T1, SELF_SLOT, R_T0, 0));
    obj_get(pager_faults, R_T0);
    OK(lk_endpoint_make_entry(R_T0, number, R_T0));
    OK(lk_gpt_swap_slot(R_T1, PAGER_SLOT, R_T0, 0));
    OK(lk_gpt_set_flags(R_T1, 1));
    p.root = obj_keep(R_T1);
    return p;
}

void program_tell_regions(struct program *p, const struct pager_region *regions, unsigned count)
{
    p->regions = regions;
    p->count = count;
    bank_entry(p->number, R_T2);
    obj_get(p->root, R_T1);
    OK(world_add(p->number, R_T1, R_T2, regions, count * sizeof(*regions)));
}

static struct pager_region usual[] = {
    { TEXT_VA, RODATA_VA, PAGER_IMAGE, LK_RO, 0, (TEXT_PAGES - 1) * PAGE + TEXT_LAST, 0 },
    { RODATA_VA, RODATA_VA + 2 * PAGE, PAGER_IMAGE, LK_RO | LK_NX, 6 * PAGE, 2 * PAGE, 0 },
    { DATA_VA, DATA_END, PAGER_IMAGE, LK_NX, 8 * PAGE, (DATA_PAGES - 1) * PAGE + DATA_LAST, 0 },
    { ODD_VA, ODD_END, PAGER_IMAGE, LK_NX, ODD_FROM, ODD_BYTES, 0 },
    { EDGE_VA, EDGE_END, PAGER_ZERO, LK_NX, 0, 0, 0 },
    { RO_VA, RO_END, PAGER_ZERO, LK_RO | LK_NX, 0, 0, 0 },
    { HEAP_VA, HEAP_END, PAGER_ZERO, LK_NX, 0, 0, 0 },
    { LK_STACKS_VA, LK_STACKS_END, PAGER_STACKS, LK_NX, 0, 0, LK_STACK_EACH },
};
#define USUAL (sizeof(usual) / sizeof(usual[0]))

void program_tell(struct program *p)
{
    static struct pager_region regions[USUAL];

    memcpy(regions, usual, sizeof(regions));
    for (unsigned i = 0; i < USUAL; i++) {
        if (regions[i].kind == PAGER_IMAGE) {
            regions[i].file += (uint64_t)archive;
        }
    }
    program_tell_regions(p, regions, USUAL);
}

struct program program_usual(unsigned number)
{
    struct program p = program_new(number);

    program_tell(&p);
    return p;
}

obj program_process(const struct program *p)
{
    return proc_new_in(p->root, PRIO_HIGH);
}

struct pager_process world_usual(unsigned number, struct program *prog, obj *p)
{
    struct pager_process pg;

    world_begin();
    pg = pager_start();
    *prog = program_usual(number);
    *p = program_process(prog);
    return pg;
}

/* ---- What a process does ---- */

void touch_begin(obj p, const char *how, uint64_t address, uint64_t value)
{
    struct lk_regs r = { .rip = (uint64_t)how, .rsp = 0x10, .rflags = 0x202 };

    r.rdi = address;
    r.rsi = value;
    raw_go(p, &r);
}

struct touched touch_end(obj p)
{
    struct pstate s = proc_state(p);

    return (struct touched){ .fault = s.run_state == LK_STATE_FAULTED ? s.fault : FAULT_NONE,
                             .info = s.info,
                             .value = s.r.rax,
                             .rip = s.r.rip,
                             .waits = proc_wait_kind(p) == LK_WAIT_FAULT_SEND };
}

struct touched touch(obj p, const char *how, uint64_t address, uint64_t value)
{
    touch_begin(p, how, address, value);
    return touch_end(p);
}

void reads(const char *file, int line, obj p, const char *how, uint64_t address, uint64_t value,
           uint64_t want)
{
    struct touched t = touch(p, how, address, value);

    if (t.fault != FAULT_BREAKPOINT || t.value != want) {
        sys_fail(file, line, "at 0x%lx: %s (info 0x%lx), 0x%lx, not 0x%lx", address,
                 lk_fault_text(t.fault), t.info, t.value, want);
    }
}

void passed_on(const char *file, int line, obj p, const char *how, uint64_t address, uint64_t code)
{
    struct touched t = touch(p, how, address, 1);

    if (t.fault != code || t.info != address || !t.waits) {
        sys_fail(file, line, "at 0x%lx: %s (info 0x%lx)%s, not %s, passed on", address,
                 lk_fault_text(t.fault), t.info, t.waits ? ", passed on" : "", lk_fault_text(code));
    }
}

/* ---- What stands in a space ---- */

static uint8_t seen[BANK_FRAMES];

/* Note an object of the bank; false: it is not the bank's. */
static bool audit_object(const struct program *p, unsigned reg, unsigned range)
{
    uint64_t frame = 0;

    if (lk_range_identify(range, reg, NULL, &frame, NULL) != STATUS_OK) {
        return false;
    }
    EQ(bank.owner[frame], p->number + 1);
    EQ(seen[frame], 0);
    seen[frame] = 1;
    return true;
}

/* The page of the archive at the same place; R_I: the bank's Range. */
static void audit_shared(uint64_t restr, unsigned reg)
{
    uint64_t type;
    bool found = false;

    CHECK((restr & LK_RO) != 0);
    OK(lk_get_type(reg, &type));
    for (unsigned i = 0; i < ARCHIVE_PAGES && !found; i++) {
        OK(lk_space_find_page(R_SPACE, R_DISCRIM, (uint64_t)archive + i * PAGE, R_T2));
        OK(lk_memory_reduce(R_T2, LK_RO, R_T1));
        OK(lk_memory_reduce(R_T2, LK_RO | LK_NX, R_T2));
        found = reg_same(reg, R_T1) || reg_same(reg, R_T2);
    }
    CHECK(found);
}

/* The GPT in R_A + level and what is below it. */
static void audit_gpt(const struct program *p, unsigned level, struct audit *a)
{
    for (unsigned slot = level == 0 ? 1 : 0; slot < (level == 0 ? SLOTS - 1 : SLOTS); slot++) {
        unsigned reg = R_A + level + 1;
        uint64_t type = 0;
        uint64_t restr = 0;

        OK(lk_gpt_get_slot(R_A + level, slot, reg));
        OK(lk_discrim_classify(R_DISCRIM, reg, &type, &restr));
        if (type == LK_TYPE_GPT) {
            CHECK(level < 4 && audit_object(p, reg, R_I));
            a->gpts++;
            audit_gpt(p, level + 1, a);
        } else if (type == LK_TYPE_PAGE) {
            EQ(level, 4);
            if (audit_object(p, reg, R_I)) {
                a->pages++;
            } else {
                audit_shared(restr, reg);
                a->shared++;
            }
        } else {
            EQ(type, LK_TYPE_NULL);
        }
    }
}

struct audit program_audit(const struct program *p, unsigned lost)
{
    struct audit a = { 0 };

    memset(seen, 0, sizeof(seen));
    obj_get(bank_frames, R_I);
    obj_get(p->root, R_A);
    audit_gpt(p, 0, &a);
    CHECK(bank.used[p->number] >= a.gpts + a.pages);
    if (bank.used[p->number] > a.gpts + a.pages + lost) {
        FAIL("%lu frames paid, %u GPTs and %u pages there: more than %u lost", bank.used[p->number],
             a.gpts, a.pages, lost);
    }
    return a;
}

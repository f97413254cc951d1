/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bank and the pager; see core.h.
 */
#include "core.h"

#include "build.h"
#include "lives.h"
#include "programs.h"
#include "registers.h"
#include "space.h"
#include "warden.h"

#include <lykos/bank.h>
#include <lykos/invoke.h>
#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

#define OWN_FRAMES 14u /* of init's own objects: the shelf, the warden, endpoints, GPTs */
#define BANK_NAME_OF "bank"
#define PAGER_NAME_OF "pager"
#define WORK_REGS (REG_BANK - REG_WORK + 1u)
#define FAILURES_MOST 3u /* in a row, to begin one of them again */
#define FAULTS_MOST 10u  /* of one of them, */
#define FAULTS_WITHIN LK_NSEC_PER_SEC
#define SAVED_PLACE 128u /* own places where work registers are kept meanwhile */

static struct purse own_purse, bank_purse, pager_purse, state_purse;
static struct source own_source = { .purse = &own_purse };
static uint32_t bank_at = NO_INSTANCE; /* their instances */
static uint32_t pager_at = NO_INSTANCE;
static bool up; /* both were begun the first time */
static bool reviving;
static uint32_t killed = NO_INSTANCE; /* the one that ends on request */

/* Faults of the two. The warden counts, at its priority; the rest is init's. */
static struct {
    uint32_t all;    /* the warden's */
    uint32_t before; /* those that do not count any more */
    uint64_t since;  /* when the first of those that count was seen */
} faults[CORE_PROGRAMS];

const struct source *core_own_source(void)
{
    return &own_source;
}

bool core_is(uint32_t i)
{
    return i == bank_at || i == pager_at;
}

/* ---- for build.c ----------------------------------------------------------------------------- */

enum status core_endpoint(const struct source *from, uint32_t i, uint64_t id, uint32_t reg)
{
    if (core_is(i) && id != LK_REPLY_ID) {
        return own_get((i == bank_at ? OWN_BANK_ENDPOINT : OWN_PAGER_MAIN) +
                           (unsigned)(id - LK_ENDPOINT_ID),
                       reg);
    }
    return source_make(from, LK_TYPE_ENDPOINT, reg);
}

enum status core_fault_entry(uint32_t i, uint32_t reg)
{
    enum status s = STATUS_OK;

    if (core_is(i)) {
        s = own_get(OWN_WARDEN_ENDPOINT, reg);
    } else {
        lk_copy_cap(REG_FAULTS_EP, reg);
    }
    return s == STATUS_OK ? lk_endpoint_make_entry(reg, instance_payload(i), reg) : s;
}

enum status core_frames(uint32_t i, uint32_t reg)
{
    return i == bank_at ? reserve_rest(reg) : STATUS_NO_ACCESS;
}

enum status core_own_bank(uint32_t i, uint32_t reg)
{
    if (i != pager_at) {
        return STATUS_NO_ACCESS;
    }
    return shelf_get(i, SHELF_BANK, reg);
}

/* The pages of the bank's state, which outlive it, into its space. */
static bool map_state(const struct source *from, struct trouble *why)
{
    enum status s = STATUS_OK;

    for (uint64_t i = 0; s == STATUS_OK && i < state_purse.frames; i++) {
        s = lk_range_get_cap(LK_INIT_RANGE, state_purse.first + i, 0, REG_PAGE);
        if (s == STATUS_OK) {
            s = lk_memory_reduce(REG_PAGE, LK_NX, REG_PAGE);
        }
        if (s == STATUS_OK) {
            s = space_insert(from, BANK_STATE_VA + i * SPACE_PAGE, REG_PAGE);
        }
    }
    if (s != STATUS_OK) {
        trouble_say(why, "the pages of its state: %s", lk_status_text(s));
    }
    return s == STATUS_OK;
}

/* What init sees of the archive, read-only, into the pager's space at the same addresses: the slots
 * of the GPT whose l2v is 28. */
static bool map_archive(struct trouble *why)
{
    enum status s = STATUS_OK;

    for (unsigned i = 0; s == STATUS_OK && i < OWN_ARCHIVE_END - OWN_ARCHIVE; i++) {
        s = own_get(OWN_ARCHIVE + i, REG_WORK);
        if (s == STATUS_OK) {
            s = lk_gpt_swap_slot(REG_ROOT, (LK_INIT_ARCHIVE_VA >> 28) + i, REG_WORK, 0);
        }
    }
    if (s != STATUS_OK) {
        trouble_say(why, "the archive: %s", lk_status_text(s));
    }
    return s == STATUS_OK;
}

bool core_map(const struct source *from, uint32_t i, struct trouble *why)
{
    return i == bank_at ? map_state(from, why) : map_archive(why);
}

void core_params(uint32_t i, struct lk_start *start)
{
    if (i == pager_at) {
        build_add_param(start, "archive", LK_INIT_ARCHIVE_VA);
        build_add_param(start, "archive_bytes", archive.bytes);
    }
}

/* ---- the pager ------------------------------------------------------------------------------- */

static bool gone(enum status s)
{
    return s == STATUS_INVALID_CAP || s == STATUS_INVOKEE_GONE;
}

enum status core_pager_entry(uint32_t i, uint32_t reg)
{
    enum status s = own_get(OWN_PAGER_MEMORY, reg);

    return s == STATUS_OK ? lk_endpoint_make_entry(reg, instance_payload(i), reg) : s;
}

/* Ask the pager about instance `i`. */
static enum status tell_pager(uint32_t i, const struct pager_region *region, unsigned n)
{
    enum status s = own_get(OWN_PAGER, REG_WORK);

    if (s == STATUS_OK) {
        s = shelf_get(i, SHELF_SPACE, REG_ROOT);
    }
    if (s == STATUS_OK) {
        s = shelf_get(i, SHELF_BANK, REG_BANK);
    }
    if (s != STATUS_OK) {
        return s;
    }
    return pager_add(REG_WORK, instance_payload(i), region, n, REG_ROOT, REG_BANK);
}

/* The pager's Entry for the faults of a space, into slot 15 of its root. */
static enum status set_handler(uint32_t i)
{
    enum status s = own_get(OWN_PAGER_FAULTS, REG_WORK);

    if (s == STATUS_OK) {
        s = shelf_get(i, SHELF_SPACE, REG_ROOT);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_make_entry(REG_WORK, instance_payload(i), REG_WORK);
    }
    if (s == STATUS_OK) {
        s = lk_gpt_swap_slot(REG_ROOT, 15, REG_WORK, 0);
    }
    return s == STATUS_OK ? lk_gpt_set_flags(REG_ROOT, 1) : s;
}

enum status core_pager_add(uint32_t i, const struct pager_region *region, unsigned n)
{
    enum status s = set_handler(i);

    if (s == STATUS_OK) {
        do {
            s = tell_pager(i, region, n);
        } while (core_asks_again(s));
    }
    instance(i)->untold = s != STATUS_OK;
    return s;
}

void core_pager_remove(uint32_t i)
{
    enum status s;

    do {
        s = own_get(OWN_PAGER, REG_WORK);
        if (s == STATUS_OK) {
            s = (enum status)lk_call1(REG_WORK, PAGER_REMOVE, instance_payload(i)).w[0];
        }
    } while (core_asks_again(s));
}

/* Is it the process of a program that faulted, which init keeps stopped? */
static bool is_kept(uint32_t process)
{
    uint64_t same = 0;

    for (uint32_t i = 0; i < instance_count() && same == 0; i++) {
        if (instance(i)->exists && instance(i)->ended == PROGRAM_ENDED_FAULT &&
            shelf_get(i, SHELF_PROCESS, REG_WORK) == STATUS_OK) {
            lk_discrim_compare(LK_INIT_DISCRIM, process, REG_WORK, &same);
        }
    }
    return same != 0;
}

/* A process that stands in a memory fault, or receives and stands in one of its string: its
 * handlers are told again, the new pager first. The old one may have been told of it, or its
 * message may have waited there: then it stands in the queue of the next handler now, as if the
 * pager had passed it on. */
static void tell_fault_again(uint32_t process)
{
    uint64_t state = 0;
    uint64_t fault = 0;

    if (lk_process_get_state(process, &state, NULL, &fault, NULL, NULL, NULL, NULL, NULL, 0,
                             NULL) == STATUS_OK &&
        (state == LK_STATE_FAULTED || state == LK_STATE_RECEIVING) && fault >= FAULT_INVALID_ADDR &&
        fault <= FAULT_MALFORMED_SPACE && !is_kept(process)) {
        lk_process_resume(process, LK_RESUME_TELL);
    }
}

/* All processes that there are but those of the reserve, whoever made them and wherever: in a
 * Range, from a bank of their own, hidden or not. Which of them are in a space of the pager's is
 * not known; any other is told to the handlers that it has. False: the bank died meanwhile. */
static bool tell_faults_again(void)
{
    uint64_t n = 0;
    enum status s;

    do {
        s = lk_bank_object(REG_MAIN_BANK, LK_TYPE_PROCESS, &n, REG_PROCESS);
        if (s == STATUS_OK) {
            tell_fault_again(REG_PROCESS);
        }
    } while (s == STATUS_OK);
    return !gone(s);
}

bool core_tell_again(uint32_t i)
{
    return instance(i)->untold && build_tell_pager(i) == STATUS_OK;
}

/* ---- begin, and begin again -------------------------------------------------------------------
 */

/* Build the instance `i`, which has its purse. */
static bool build_core(uint32_t i, struct trouble *why)
{
    return build_objects(i, why) && build_memory(i, why) && build_grants(i, why) &&
           build_begin(i, why);
}

/* An account for the pager's own memory. */
static bool pager_bank(struct trouble *why)
{
    enum status s;

    if (shelf_get(pager_at, SHELF_BANK, REG_BANK) == STATUS_OK && cap_there(REG_BANK)) {
        lk_bank_close(REG_BANK); /* the one that died had it */
    }
    s = lk_bank_open(REG_MAIN_BANK, PAGER_NAME_OF, 0, REG_BANK);
    if (s == STATUS_OK) {
        s = shelf_put(pager_at, SHELF_BANK, REG_BANK);
    }
    if (s != STATUS_OK) {
        trouble_say(why, "a bank: %s", lk_status_text(s));
    }
    return s == STATUS_OK;
}

static bool begin_bank(struct trouble *why)
{
    return build_core(bank_at, why);
}

static bool begin_pager(struct trouble *why)
{
    return pager_bank(why) && build_core(pager_at, why);
}

/* All spaces, to a pager that knows none; then all faults. False: the bank died meanwhile. */
static bool tell_pager_all(void)
{
    for (uint32_t i = 0; i < instance_count(); i++) {
        if (instance(i)->exists && instance(i)->paged) {
            build_tell_pager(i);
        }
    }
    return tell_faults_again();
}

static bool is_dead(uint32_t i)
{
    return shelf_get(i, SHELF_PROCESS, REG_PROCESS) != STATUS_OK || !cap_there(REG_PROCESS);
}

/* Begin it again. If that fails, what there is of it is destroyed: the other one may have died
 * meanwhile, and be the reason. */
static bool again(uint32_t i, struct purse *purse, bool (*begin)(struct trouble *))
{
    struct trouble why = { "" };

    life_end(i, i == killed ? PROGRAM_ENDED_DESTROYED : PROGRAM_ENDED_FAULT);
    purse_empty(purse);
    instance(i)->generation++;
    if (!begin(&why)) {
        say("%s cannot be begun again: %s", instance_program(i)->name, why.words);
        purse_empty(purse);
        return false;
    }
    return true;
}

void core_faulted(uint32_t i)
{
    if (core_is(i)) {
        __atomic_fetch_add(&faults[i == pager_at].all, 1, __ATOMIC_RELAXED);
    }
}

/* One is dead. If it faulted, and did so too often, begin it no more: it would do so for ever, and
 * nobody else would run. Those that were killed on request do not count. */
static void look_at_faults(uint32_t i)
{
    uint64_t now = lk_now();
    uint32_t all = __atomic_load_n(&faults[i == pager_at].all, __ATOMIC_RELAXED);
    uint32_t *before = &faults[i == pager_at].before;
    uint64_t *since = &faults[i == pager_at].since;

    if (all != *before && now - *since > FAULTS_WITHIN) {
        *before = all - 1;
        *since = now;
    }
    if (all - *before >= FAULTS_MOST) {
        say("%s faulted %u times within %lu s: it is not begun again. Without it nobody can be "
            "given memory: the system stops here",
            instance_program(i)->name, FAULTS_MOST, FAULTS_WITHIN / LK_NSEC_PER_SEC);
        lk_sysctl_halt(LK_INIT_SYSCTL, 1);
    }
}

/* Until both live. The system cannot go on without them. */
static bool revive(void)
{
    unsigned failures = 0;
    bool owed = false; /* the pager has not been told everything yet */
    bool any = false;

    for (;;) {
        bool bank = is_dead(bank_at);
        bool done;

        if (!bank && !is_dead(pager_at)) {
            if (!owed) {
                return any;
            }
            owed = !tell_pager_all() && is_dead(bank_at);
            continue;
        }
        look_at_faults(bank ? bank_at : pager_at);
        done = bank ? again(bank_at, &bank_purse, begin_bank)
                    : again(pager_at, &pager_purse, begin_pager);

        if (!done && ++failures == FAILURES_MOST) {
            say("without it nobody can be given memory: the system stops here");
            lk_sysctl_halt(LK_INIT_SYSCTL, 1);
        }
        owed |= done && !bank;
        any = true;
    }
}

bool core_revive(void)
{
    bool any;

    if (!up || reviving) { /* whoever began it looks again */
        return false;
    }
    reviving = true;
    for (unsigned i = 0; i < WORK_REGS; i++) {
        own_put(SAVED_PLACE + i, REG_WORK + i);
    }
    any = revive();
    for (unsigned i = 0; i < WORK_REGS; i++) {
        own_get(SAVED_PLACE + i, REG_WORK + i);
        own_put(SAVED_PLACE + i, 0);
    }
    space_forget();
    reviving = false;
    return any;
}

bool core_asks_again(enum status s)
{
    return gone(s) && core_revive();
}

/* In place of the library's: init does not wait for the bank to be begun again, it does it. */
bool lk_bank_await(unsigned tries)
{
    (void)tries;
    return core_revive();
}

void core_kill(uint32_t i)
{
    if (shelf_get(i, SHELF_PROCESS, REG_PROCESS) == STATUS_OK) {
        lk_range_rescind(LK_INIT_RANGE, REG_PROCESS);
    }
    killed = i;
    core_revive();
    killed = NO_INSTANCE;
}

/* An Endpoint of init's own source, onto the shelf. */
static enum status own_endpoint(unsigned place)
{
    enum status s = source_make(&own_source, LK_TYPE_ENDPOINT, REG_WORK);

    return s == STATUS_OK ? own_put(place, REG_WORK) : s;
}

static enum status own_objects(void)
{
    enum status s = shelf_init(&own_source);

    if (s == STATUS_OK) {
        s = own_put(OWN_DEVICES, LK_INIT_DEVICES);
    }
    if (s == STATUS_OK) {
        s = source_make(&own_source, LK_TYPE_ENDPOINT, REG_EXIT_EP);
    }
    if (s == STATUS_OK) {
        s = source_make(&own_source, LK_TYPE_ENDPOINT, REG_FAULTS_EP);
    }
    for (unsigned place = OWN_BANK_ENDPOINT; s == STATUS_OK && place <= OWN_CONTROL; place++) {
        s = own_endpoint(place);
    }
    return s;
}

/* The Entries by which init asks the two, and what the pager sees of the archive. */
static enum status own_entries(void)
{
    enum status s = own_get(OWN_BANK_ENDPOINT, REG_WORK);

    if (s == STATUS_OK) {
        s = lk_endpoint_make_entry(REG_WORK, BANK_TOP, REG_MAIN_BANK);
    }
    if (s == STATUS_OK) {
        s = own_get(OWN_PAGER_MAIN, REG_WORK);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_make_entry(REG_WORK, 0, REG_WORK);
    }
    if (s == STATUS_OK) {
        s = own_put(OWN_PAGER, REG_WORK);
    }
    if (s == STATUS_OK) {
        s = lk_gpt_get_slot(LK_INIT_SPACE, 0, REG_ROOT);
    }
    for (unsigned i = 0; s == STATUS_OK && i < OWN_ARCHIVE_END - OWN_ARCHIVE; i++) {
        s = lk_gpt_get_slot(REG_ROOT, (LK_INIT_ARCHIVE_VA >> 28) + i, REG_WORK);
        if (s == STATUS_OK && cap_there(REG_WORK)) {
            s = lk_memory_reduce(REG_WORK, LK_RO, REG_WORK);
        }
        if (s == STATUS_OK) {
            s = own_put(OWN_ARCHIVE + i, REG_WORK);
        }
    }
    return s;
}

/* The program that is one of the two, checked. */
static bool find_core(const char *name, unsigned *program, uint64_t *frames, struct trouble *why)
{
    int k = description_find(&description, name);

    if (k < 0) {
        trouble_say(why, "the description has no program %s", name);
        return false;
    }
    *program = (unsigned)k;
    if (build_check(*program) != NULL) {
        trouble_say(why, "the file of program %s is refused: %s", name, build_check(*program));
        return false;
    }
    *frames = build_frames(*program);
    return true;
}

/* Instances for the two, and memory for them. */
static bool open_purses(struct trouble *why)
{
    uint64_t all = 0;
    uint64_t frames[2];
    unsigned program[2];
    uint64_t state;
    uint64_t own;

    if (!reserve_init() || !find_core(BANK_NAME_OF, &program[0], &frames[0], why) ||
        !find_core(PAGER_NAME_OF, &program[1], &frames[1], why) ||
        lk_range_get_info(LK_INIT_RANGE, 0, &all, NULL) != STATUS_OK) {
        return false;
    }
    state = (bank_state_bytes(all) + SPACE_PAGE - 1) / SPACE_PAGE;
    frames[0] += space_gpts_for(BANK_STATE_VA, BANK_STATE_VA + state * SPACE_PAGE);
    own = OWN_FRAMES + instances_frames();
    trouble_say(why, "not enough memory");
    if (!reserve_take(own + frames[0] + frames[1] + state) || !purse_open(&own_purse, own) ||
        !purse_open(&bank_purse, frames[0]) || !purse_open(&pager_purse, frames[1]) ||
        !purse_open(&state_purse, state)) {
        return false;
    }
    for (uint64_t i = 0; i < state; i++) {
        if (purse_make(&state_purse, LK_TYPE_PAGE, REG_WORK) != STATUS_OK) {
            return false;
        }
    }
    if (own_objects() != STATUS_OK || warden_begin(&own_source) != STATUS_OK ||
        own_entries() != STATUS_OK) {
        return false;
    }
    if (!instances_init()) {
        return false;
    }
    bank_at = program[0];
    pager_at = program[1];
    instance_first(bank_at);
    instance_first(pager_at);
    instance(bank_at)->purse = &bank_purse;
    instance(pager_at)->purse = &pager_purse;
    return true;
}

bool core_begin(struct trouble *why)
{
    if (!open_purses(why) || !begin_bank(why)) {
        return false;
    }
    own_source = (struct source){ .bank = REG_MAIN_BANK };
    if (!begin_pager(why)) {
        return false;
    }
    up = true;
    return true;
}

/* ---- sources --------------------------------------------------------------------------------- */

enum status source_make(const struct source *from, uint64_t type, uint32_t reg)
{
    return from->purse != NULL ? purse_make(from->purse, type, reg)
                               : lk_bank_make(from->bank, type, reg);
}

enum status source_range(const struct source *from, uint64_t frames, uint32_t reg)
{
    return from->purse != NULL ? purse_split(from->purse, frames, reg)
                               : lk_bank_range(from->bank, frames, reg);
}

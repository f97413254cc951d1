/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The fuzzers as processes: made, set up, begun again, made again.
 */
#include "team.h"

#define STUCK_MOST 4
#define REGISTERS_VA (WINDOW_VA + 12 * PAGE) /* where a page of registers is filled */

/* What a fuzzer holds: anything of the pool. */
void give_caps(const struct fuzzer *f, unsigned one_in)
{
    for (unsigned reg = 1; reg < LK_CAP_REGS; reg++) {
        if (rng_below(&team.rng, one_in) == 0) {
            obj_get(something(), R_T1);
            obj_get(f->p, R_T0);
            OK(lk_process_swap_cap_reg(R_T0, reg, R_T1, 0));
        }
    }
}

static void set_slot(const struct fuzzer *f, unsigned slot, obj o)
{
    obj_get(f->p, R_T0);
    obj_get(o, R_T1);
    OK(lk_process_swap_slot(R_T0, slot, R_T1, 0));
}

/* Its handler: nobody, one where nobody receives, or another fuzzer. */
static void set_handler(const struct fuzzer *f)
{
    obj to = team.sink;

    if (rng_below(&team.rng, 2) == 0) {
        to = team.f[rng_below(&team.rng, team.fuzzers)].endpoint;
    }
    obj_get(f->p, R_T0);
    obj_get(to, R_T1);
    if (rng_below(&team.rng, 4) == 0 || lk_endpoint_make_entry(R_T1, 7, R_T1) != STATUS_OK) {
        lk_copy_cap(0, R_T1);
    }
    OK(lk_process_swap_slot(R_T0, SLOT_HANDLER, R_T1, 0));
}

static void set_endpoint(obj endpoint, obj recipient, uint64_t id, bool match)
{
    obj_get(endpoint, R_T0);
    obj_get(recipient, R_T1);
    OK(lk_endpoint_set_endpoint_id(R_T0, id));
    OK(lk_endpoint_set_recipient(R_T0, R_T1));
    OK(lk_endpoint_set_payload_match(R_T0, match));
}

static void set_schedule(const struct fuzzer *f)
{
    unsigned i = (unsigned)rng_below(&team.rng, PRIORITIES);

    obj_get(rng_below(&team.rng, 3) == 0 ? team.schedule[i] : team_schedule[i], R_T1);
    obj_get(f->p, R_T0);
    if (lk_process_swap_slot(R_T0, SLOT_SCHEDULE, R_T1, 0) != STATUS_OK ||
        reg_type(R_T1) == LK_TYPE_NULL) { /* the fuzzers may have destroyed it */
        set_slot(f, SLOT_SCHEDULE, team_schedule[i]);
    }
}

/* Another fuzzer, mostly. */
static void set_proxy_receiver(const struct fuzzer *f)
{
    obj to = rng_below(&team.rng, 16) == 0 ? team.sink
                                           : team.f[rng_below(&team.rng, team.fuzzers)].endpoint;

    obj_get(to, R_T1);
    if (rng_below(&team.rng, 8) == 0 ||
        lk_endpoint_make_entry(R_T1, 8, R_T1) != STATUS_OK) { /* it may be gone */
        lk_copy_cap(0, R_T1);
    }
    obj_get(f->p, R_T0);
    OK(lk_process_swap_slot(R_T0, SLOT_PROXY_RECEIVER, R_T1, 0));
}

/* In a page of some fuzzer, where they write: garbage, most of the time. */
static void set_control_word(const struct fuzzer *f)
{
    obj page = team.f[rng_below(&team.rng, team.fuzzers)].page[AREA_RW];
    uint64_t offset = rng_below(&team.rng, 4) == 0 ? rng_below(&team.rng, 2048) * 2
                                                   : rng_below(&team.rng, 4) * 64;

    obj_get(page, R_T1);
    if (rng_below(&team.rng, 8) == 0 || reg_type(R_T1) != LK_TYPE_PAGE) {
        lk_copy_cap(0, R_T1);
    }
    obj_get(f->p, R_T0);
    OK(lk_process_set_control_word(R_T0, offset, rng_below(&team.rng, 100000), R_T1));
}

void release(const struct fuzzer *f)
{
    obj_get(f->p, R_T0);
    for (unsigned hold = 0; hold < LK_HOLDS; hold++) {
        lk_process_clear_not_schedulable(R_T0, hold, NULL);
    }
}

/* All slots and fields as they are to be, but the registers. */
void set_up(struct fuzzer *f)
{
    renew_if_gone(&f->endpoint, LK_TYPE_ENDPOINT);
    renew_if_gone(&f->reply, LK_TYPE_ENDPOINT);
    set_endpoint(f->endpoint, f->p, rng_below(&team.rng, 4), rng_below(&team.rng, 8) == 0);
    set_endpoint(f->reply, f->p, rng_below(&team.rng, 4), true);
    set_slot(f, SLOT_ADDR_SPACE, team.s[f->space].level[0]);
    set_schedule(f);
    set_slot(f, SLOT_REPLY_ENDPOINT, f->reply);
    set_handler(f);
    set_proxy_receiver(f);
    set_control_word(f);
    release(f);
    obj_get(f->p, R_T0);
    OK(lk_process_set_flags(R_T0, rng_below(&team.rng, 64) == 0 ? rng_below(&team.rng, 4) : 0));
}

/* Make it begin again, whatever it is at. False: it is gone. */
bool begin_again(const struct fuzzer *f, const struct lk_regs *r)
{
    uint64_t state = 0;

    obj_get(f->p, R_T0);
    if (lk_process_get_state(R_T0, &state, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL) !=
        STATUS_OK) {
        return false;
    }
    while (lk_process_set_regs(R_T0, state, r, sizeof(*r)) != STATUS_OK) { /* a timer, just now */
        OK(lk_process_get_state(R_T0, &state, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL));
    }
    if (state == LK_STATE_FAULTED) {
        OK(lk_process_resume(R_T0, 1));
    }
    OK(lk_process_get_state(R_T0, &state, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL));
    EQ(state, LK_STATE_READY);
    return true;
}

void begin_fuzzing(const struct fuzzer *f, unsigned i)
{
    struct lk_regs r = {
        .rip = (uint64_t)fuzzer_main,
        .rsp = area_va(i) + PAGE - 8,
        .rdi = (rng_next(&team.rng) & ~(uint64_t)FUZZER_FPU) | f->fpu,
        .rsi = area_va(i),
        .rflags = 0x202,
    };

    begin_again(f, &r);
}

/* Process, pages and space of a fuzzer are there. */
void rebuild_if_gone(struct fuzzer *f)
{
    if (kept_type(f->p) != LK_TYPE_PROCESS) {
        renew(&f->p, LK_TYPE_PROCESS);
        give_caps(f, 1);
        counts.rebuilt++;
    }
    if (kept_type(team.s[f->space].level[0]) != LK_TYPE_GPT || f->stuck >= STUCK_MOST) {
        space_again(&team.s[f->space]);
        f->stuck = 0;
    }
}

/* Fill a page with what may be taken for registers, nearly all right, and for FPU state. */
static void fill_with_registers(obj page)
{
    static const uint64_t odd[] = {
        0,          1,          LK_USER_END - 1,       LK_USER_END,
        1ull << 48, 1ull << 63, 0xffff800000000000ull, UINT64_MAX,
    };
    struct lk_regs *r = (struct lk_regs *)REGISTERS_VA; /* NOLINT */

    map_page(own_space(), REGISTERS_VA, page, 0);
    for (unsigned i = 0; i < REGISTERS_MOST; i++) {
        uint64_t *field = (uint64_t *)&r[i];

        for (unsigned j = 0; j < sizeof(*r) / 8; j++) {
            field[j] = rng_next(&team.rng);
        }
        r[i].rip = (uint64_t)raw_syscall;
        r[i].rsp = area_va(0) + PAGE;
        r[i].fs_base = 0;
        if (rng_below(&team.rng, 2) == 0) {
            r[i].rflags = 0x202;
        }
        if (rng_below(&team.rng, 2) == 0) {
            field[15 + rng_below(&team.rng, 4)] =
                odd[rng_below(&team.rng, sizeof(odd) / sizeof(odd[0]))];
        }
    }
    for (unsigned i = REGISTERS_MOST * sizeof(*r) / 8; i < PAGE / 8; i++) {
        ((uint64_t *)REGISTERS_VA)[i] = rng_next(&team.rng); /* NOLINT */
    }
    unmap(own_space(), REGISTERS_VA);
}

void make_processes(void)
{
    team.sink_process = team.sink = NO_OBJ;
    renew(&team.sink_process, LK_TYPE_PROCESS);
    renew(&team.sink, LK_TYPE_ENDPOINT);
    set_endpoint(team.sink, team.sink_process, 9, false);
    for (unsigned i = 0; i < team.fuzzers; i++) {
        struct fuzzer *f = &team.f[i];

        *f = (struct fuzzer){ .p = NO_OBJ, .endpoint = NO_OBJ, .reply = NO_OBJ };
        f->space = (unsigned)rng_below(&team.rng, team.spaces);
        f->fpu = rng_below(&team.rng, 4) == 0 ? FUZZER_FPU : 0;
        renew(&f->p, LK_TYPE_PROCESS);
        renew(&f->endpoint, LK_TYPE_ENDPOINT);
        renew(&f->reply, LK_TYPE_ENDPOINT);
        for (unsigned j = AREA_RW; j <= AREA_WEAK; j++) {
            f->page[j] = NO_OBJ;
            if (j != AREA_GAP && j != AREA_GAP_2) {
                renew(&f->page[j], j == AREA_CAPS ? LK_TYPE_CAPPAGE : LK_TYPE_PAGE);
            }
        }
        fill_with_registers(f->page[AREA_RW_3]);
        set_endpoint(f->endpoint, f->p, i, false);
        pool_endpoint(f->endpoint);
        pool_endpoint(f->reply);
    }
    pool_endpoint(team.sink);
}

void make_schedules(void)
{
    for (unsigned i = 0; i < PRIORITIES; i++) {
        struct fuzzer *f = &team.f[rng_below(&team.rng, team.fuzzers)];

        team.schedule[i] = NO_OBJ;
        renew(&team.schedule[i], LK_TYPE_SCHEDULE);
        obj_get(f->endpoint, R_T1);
        if (i % 2 == 0) {
            OK(lk_endpoint_make_proxy_notice(R_T1, UINT32_MAX, R_T1));
        } else {
            OK(lk_endpoint_make_app_notice(R_T1, UINT32_MAX, R_T1));
        }
        obj_get(team.schedule[i], R_T0);
        OK(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1u << i, R_T0, R_T1));
        OK(lk_schedctl_set_up(R_SCHEDCTL, PRIO_LOW - i / 2, 50000 * (i + 1), 1, R_T0));
    }
}

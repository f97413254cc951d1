/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The threads that wait for each other; see team.h.
 */
#include <lykos/invoke.h>
#include <lykos/lock.h>
#include <lykos/programs.h>
#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/stubs.h>
#include <lykos/team.h>

#define PROCESS_PLACES LK_TEAM_MEMBERS /* in the CapPage: notices first, then processes */

static struct {
    uint32_t caps; /* registers of every member */
    uint32_t work;
    bool dies;        /* somebody has found a mistake */
    unsigned members; /* places that are in use, or were */
    struct lk_member member[LK_TEAM_MEMBERS];
    const struct lk_thread *thread[LK_TEAM_MEMBERS]; /* NULL: the first, or none */
} team;

/* The place of the member that has this address on its stack; 0: of the first, or of none. Threads
 * are few, and a stack may be anywhere, of any size. */
static inline unsigned place_of(uint64_t at)
{
    unsigned members = __atomic_load_n(&team.members, __ATOMIC_ACQUIRE);

    for (unsigned i = 1; i < members; i++) {
        if (at - team.member[i].stack < team.member[i].stack_size) {
            return i;
        }
    }
    return 0;
}

struct lk_member *lk_self(void)
{
    uint64_t at = (uint64_t)__builtin_frame_address(0);
    unsigned i = place_of(at);

    if (i == 0 && at - team.member[0].stack >= team.member[0].stack_size) {
        lk_die("a thread that is in no team takes a lock, or waits as if it were");
    }
    return &team.member[i];
}

unsigned lk_team_place(void)
{
    return place_of((uint64_t)__builtin_frame_address(0));
}

bool lk_team_there(void)
{
    return __atomic_load_n(&team.members, __ATOMIC_ACQUIRE) > 0;
}

struct lk_member *lk_team_member(const struct lk_thread *t)
{
    for (unsigned i = 1; i < team.members; i++) {
        if (team.thread[i] == t) {
            return &team.member[i];
        }
    }
    return NULL;
}

/* The notice that wakes member `i`, made from the endpoint in that register. */
static enum status put_notice(unsigned i, uint32_t endpoint)
{
    enum status s = lk_endpoint_make_app_notice(endpoint, LK_BIT_WAKE, team.work);

    return s == STATUS_OK ? lk_cappage_swap_slot(team.caps, i, team.work, 0) : s;
}

/* What the others have of member `i`: the notice that wakes it, and its Process. The kernel is told
 * of its control word. */
static enum status join(unsigned i, uint32_t process, uint32_t endpoint)
{
    enum status s = put_notice(i, endpoint);

    if (s == STATUS_OK) {
        s = lk_cappage_swap_slot(team.caps, PROCESS_PLACES + i, process, 0);
    }
    if (s == STATUS_OK) {
        s = lk_process_get_slot(process, SLOT_ADDR_SPACE, team.work);
    }
    return s == STATUS_OK ? lk_preempt_set_control(process, &team.member[i].control, LK_TEAM_DEFER,
                                                   team.work, team.work)
                          : s;
}

enum status lk_team_open(struct lk_room *room, uint32_t endpoint, uint32_t caps, uint32_t work)
{
    enum status s = lk_room_make(room, LK_TYPE_CAPPAGE, caps);

    if (s != STATUS_OK) {
        return s;
    }
    memset(&team, 0, sizeof(team));
    team.caps = caps;
    team.work = work;
    team.member[0].label = lk_name();
    team.member[0].stack = (uint64_t)__builtin_frame_address(0) - LK_TEAM_BELOW;
    team.member[0].stack_size = LK_TEAM_BELOW + LK_TEAM_ABOVE;
    team.members = 1;
    lk_check_forget();
    return join(0, LK_REG_SELF, endpoint);
}

/* The first function of a member. */
static void begin(void *member)
{
    struct lk_member *me = member;

    lk_member_begins((unsigned)(me - team.member));
    me->fn(me->arg);
    lk_check_none(me, "ends", NULL);
    if (me->control.defer != 0) {
        lk_team_die("lock order: %s ends, and has a lock", me->label);
    }
}

enum status lk_team_make(struct lk_thread *t, struct lk_room *room,
                         const struct lk_thread_plan *plan)
{
    struct lk_thread_plan mine = *plan;
    unsigned i = 1;
    enum status s;

    while (i < team.members && team.member[i].stack_size != 0) {
        i++;
    }
    if (i == LK_TEAM_MEMBERS) {
        return STATUS_EXHAUSTED;
    }
    if (plan->endpoint == 0 || plan->stack_size == 0) {
        return STATUS_REQUEST_ERROR;
    }
    if (lk_team_member(t) != NULL) {
        return STATUS_IN_USE;
    }
    mine.fn = begin;
    mine.arg = &team.member[i];
    s = lk_thread_make(t, room, &mine);
    if (s != STATUS_OK) {
        return s;
    }
    team.member[i] = (struct lk_member){ .label = plan->label };
    s = lk_thread_give(t, team.caps, team.caps);
    if (s == STATUS_OK) {
        s = join(i, t->process, plan->endpoint);
    }
    if (s != STATUS_OK) {
        lk_thread_destroy(t);
        return s;
    }
    team.member[i] = (struct lk_member){
        .label = plan->label,
        .stack = (uint64_t)plan->stack,
        .stack_size = plan->stack_size,
        .fn = plan->fn,
        .arg = plan->arg,
    };
    team.thread[i] = t;
    if (i == team.members) {
        __atomic_store_n(&team.members, i + 1, __ATOMIC_RELEASE);
    }
    return STATUS_OK;
}

bool lk_team_idle(const struct lk_thread *t)
{
    const struct lk_member *m = lk_team_member(t);

    return m == NULL || (m->control.defer == 0 && !m->waits);
}

static enum status forget(const struct lk_member *m)
{
    uint64_t i = (uint64_t)(m - team.member);
    enum status s = lk_cappage_swap_slot(team.caps, i, 0, 0);

    return s == STATUS_OK ? lk_cappage_swap_slot(team.caps, PROCESS_PLACES + i, 0, 0) : s;
}

enum status lk_team_destroy(struct lk_thread *t)
{
    struct lk_member *m = lk_team_member(t);
    enum status s = STATUS_NOT_FOUND;

    if (m == NULL) {
        return s;
    }
    if (!lk_team_idle(t)) {
        return STATUS_IN_USE;
    }
    s = lk_thread_destroy(t);
    if (s == STATUS_OK) {
        s = forget(m);
        team.thread[m - team.member] = NULL;
        m->stack_size = 0;
    }
    return s;
}

/* ---- waiting and waking ---------------------------------------------------------------------- */

uint64_t lk_await_notices(void)
{
    struct lk_member *me = lk_self();
    uint64_t bits = me->notices;

    lk_check_none(me, "waits for notices", NULL);
    me->notices = 0;
    return bits != 0 ? bits : lk_park() & ~(uint64_t)LK_BIT_WAKE;
}

uint64_t lk_take_notices(void)
{
    uint64_t bits = 0;

    while (bits == 0) {
        bits = lk_await_notices();
    }
    return bits;
}

/* A bit may be left from the time before, or come for something else: what counts is the word. */
void lk_await_grant(struct lk_member *me)
{
    while (__atomic_load_n(&me->granted, __ATOMIC_ACQUIRE) == 0) {
        me->notices |= lk_park() & ~(uint64_t)LK_BIT_WAKE;
    }
}

void lk_team_wake(const struct lk_member *m)
{
    uint64_t i = (uint64_t)(m - team.member);

    if (lk_cappage_get_slot(team.caps, i, team.work) == STATUS_OK) {
        lk_appnotice_post(team.work, LK_BIT_WAKE);
    }
}

/* First the reason, then the bit. Who is granted something and sees it before the bit comes may be
 * gone by then, and needs none. */
void lk_grant(struct lk_member *m)
{
    __atomic_store_n(&m->granted, 1, __ATOMIC_RELEASE);
    lk_team_wake(m);
}

/* ---- mistakes -------------------------------------------------------------------------------- */

/* Those whose Process is gone are passed over. */
static void hold_others(const struct lk_member *me)
{
    for (unsigned i = 0; i < __atomic_load_n(&team.members, __ATOMIC_ACQUIRE); i++) {
        if (&team.member[i] != me &&
            lk_cappage_get_slot(team.caps, PROCESS_PLACES + i, team.work) == STATUS_OK) {
            lk_process_set_not_schedulable(team.work, LK_HOLD_TEAM, NULL);
        }
    }
    lk_drop_cap(team.work);
}

/* Have init deal with it, and show this process. It returns if there is no init, or it will not;
 * else the program is ended, or the caller held like the others. */
static void tell_init(uint32_t process, const char *text)
{
    uint32_t exit_cap = lk_cap_optional("exit");

    if (exit_cap != 0 && program_fail(exit_cap, text, strlen(text), process) == STATUS_OK) {
        lk_process_set_not_schedulable(LK_REG_SELF, LK_HOLD_TEAM, NULL);
    }
}

/* The last words. Who finds a second mistake meanwhile is held before long. */
static const char *last_words(uint32_t process, const char *format, va_list args)
{
    static char text[PROGRAM_FAIL_MAX + 1];
    const struct lk_member *me = lk_self();

    while (__atomic_exchange_n(&team.dies, true, __ATOMIC_ACQ_REL)) {
        lk_park();
    }
    hold_others(me);
    lk_vformat(text, sizeof(text), format, args);
    tell_init(process, text);
    return text;
}

_Noreturn void lk_team_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const char *text = last_words(LK_REG_SELF, format, args);
    va_end(args);
    lk_die("%s", text);
}

_Noreturn void lk_team_die_of(uint32_t process, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const char *text = last_words(process, format, args);
    va_end(args);
    lk_die("%s", text);
}

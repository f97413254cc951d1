/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program that means harm and has no more than other programs have, and Entries to init.programs,
 * a bank and its own space (user/programs/mayhem starts it). It sends requests that are wrong in
 * all ways at random to everybody it knows: methods, words, strings, capabilities, its own Process
 * and dead ones among them. Whatever is answered must be a result; nothing must hold it up.
 *
 * What it may do by right to others, to end them or to suspend them, it does to those alone that it
 * started, and to the bank and the pager.
 *
 * Its argument: a number that its random choices come from.
 */
#include <lykos/bank.h>
#include <lykos/console.h>
#include <lykos/lykos.h>
#include <lykos/pager.h>
#include <lykos/spawn.h>

#define PAGE 4096ul
#define FIRST (LK_HEAP_VA + 0x100000ul)
#define PAGES 16ul
#define TEXT_MOST 600u
#define CHILDREN 4u
#define OTHER_ID 9u

/* Capabilities stand in a page of them, and come here when they are used. */
#define REG_POOL LK_REG_SCRATCH
#define REG_TARGET (LK_REG_SCRATCH + 1)
#define REG_SENT (LK_REG_SCRATCH + 2) /* .. 4 of them */
#define REG_GOT (LK_REG_SCRATCH + 6)  /* .. 2 */

/* Places in the pool. */
enum {
    POOL_FIXED = 40, /* below: what it had from the start */
    POOL_CONTROL = POOL_FIXED,
    POOL_LOOSE = POOL_CONTROL + CHILDREN, /* what it made or was answered */
    POOL_END = 120,
};

static uint64_t state;
static uint64_t child[CHILDREN]; /* numbers of those that it started; 0: none */
static unsigned fixed;
static char text[TEXT_MOST];

static uint64_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t random_below(uint64_t n)
{
    return (random_bits() >> 11) % n;
}

/* ---- the pool ----------------------------------------------------------------------------------
 */

static void pool_put(unsigned place, uint32_t reg)
{
    lk_cappage_swap_slot(REG_POOL, place, reg, 0);
}

static void pool_get(unsigned place, uint32_t reg)
{
    lk_cappage_get_slot(REG_POOL, place, reg);
}

static void add_fixed(uint32_t reg)
{
    if (fixed < POOL_FIXED) {
        pool_put(fixed++, reg);
    }
}

static unsigned loose_place(void)
{
    return POOL_LOOSE + (unsigned)random_below(POOL_END - POOL_LOOSE);
}

/* Any of them, or Null. */
static void get_any(uint32_t reg)
{
    pool_get((unsigned)random_below(POOL_END), reg);
}

/* One more, made or made worse. */
static void make_loose(void)
{
    static const uint64_t types[] = { LK_TYPE_PAGE,     LK_TYPE_GPT,     LK_TYPE_CAPPAGE,
                                      LK_TYPE_ENDPOINT, LK_TYPE_PROCESS, LK_TYPE_SCHEDULE };
    uint32_t bank = lk_cap("bank");
    uint64_t type = 0;

    switch (random_below(6)) {
    case 0:
        lk_bank_make(bank, types[random_below(6)], REG_SENT);
        break;
    case 1: /* dead */
        lk_bank_make(bank, types[random_below(6)], REG_SENT);
        pool_put(loose_place(), REG_SENT);
        lk_bank_free(bank, REG_SENT);
        return;
    case 2:
        pool_get(loose_place(), REG_SENT);
        if (lk_discrim_classify(lk_cap("discrim"), REG_SENT, &type, NULL) == STATUS_OK &&
            (type == LK_TYPE_PAGE || type == LK_TYPE_GPT || type == LK_TYPE_CAPPAGE)) {
            lk_memory_reduce(REG_SENT, 1u << random_below(4), REG_SENT);
        }
        break;
    case 3:
        lk_endpoint_make_entry(random_below(2) == 0 ? LK_REG_ENDPOINT : LK_REG_REPLY,
                               random_below(8), REG_SENT);
        break;
    case 4:
        lk_endpoint_make_app_notice(LK_REG_ENDPOINT, 1u << random_below(32), REG_SENT);
        break;
    default:
        lk_bank_range(bank, 1 + random_below(4), REG_SENT);
        break;
    }
    pool_put(loose_place(), REG_SENT);
}

/* ---- words and strings -------------------------------------------------------------------------
 */

static uint64_t any_word(void)
{
    static const uint64_t edges[] = {
        0,          1,         0xfff,       0x1000,       LK_IMAGE_VA,       LK_START_VA,
        LK_HEAP_VA, FIRST,     LK_HEAP_END, LK_STACKS_VA, PAGER_SPACE_END,   UINT32_MAX,
        1ull << 32, INT64_MAX, 1ull << 63,  UINT64_MAX,   UINT64_MAX - 4095, LK_STACK_TOP,
    };
    uint64_t edge = edges[random_below(sizeof(edges) / sizeof(edges[0]))];

    switch (random_below(4)) {
    case 0:
        return random_below(64);
    case 1:
        return edge + random_below(3) - 1;
    case 2:
        return edge & ~(PAGE - 1);
    default:
        return random_bits() >> random_below(64);
    }
}

static size_t any_text(void)
{
    static const char *const good[] = { "citizen", "citizen leave", "ping",     "console",
                                        "bank",    "teller",        "programs", "init",
                                        "shell",   "rogue",         "citizen.", "rogue.99999999999",
                                        "discrim", "exit" };
    size_t n = random_below(random_below(8) == 0 ? TEXT_MOST : 40);

    for (size_t i = 0; i < n; i++) {
        text[i] = (char)(random_below(8) == 0 ? random_bits() : 'a' + random_below(26));
    }
    if (random_below(2) == 0) {
        const char *word = good[random_below(sizeof(good) / sizeof(good[0]))];

        n = strlen(word) + (random_below(4) == 0 ? 1 : 0); /* with its NUL */
        memcpy(text, word, n);
    }
    return n;
}

/* ---- whom to ask what --------------------------------------------------------------------------
 */

/* A request to the capability in REG_TARGET, which is answered if it is a call. */
static uint64_t request(uint64_t method, uint64_t w1, bool is_call)
{
    static char answer[1100];
    unsigned caps = (unsigned)random_below(4);
    bool sends = random_below(3) == 0;
    struct lk_msg msg = {
        .control = LK_CTL(0, REG_TARGET, 1 + random_below(8)),
        .w = { method, w1, any_word(), any_word(), any_word() },
        .string = text,
    };

    if (sends) {
        msg.control |= LK_SSTR;
        msg.string_len = (uint32_t)any_text();
    }
    for (unsigned i = 0; i < 4; i++) {
        get_any(REG_SENT + i);
    }
    if (is_call) {
        msg.control |= LK_SHAPE_CALL | LK_RSTR;
        msg.control |= LK_CTL_RECVS(REG_GOT, REG_GOT + 1, 0, 0);
        msg.control |= LK_CTL_SENDS(1 + caps, 0, REG_SENT, REG_SENT + 1, REG_SENT + 2);
        msg.buffer = answer;
        msg.buffer_size = sizeof(answer);
    } else {
        msg.control |=
            LK_SEND | LK_CTL_SENDS(1 + caps, REG_SENT, REG_SENT + 1, REG_SENT + 2, REG_SENT + 3);
    }
    lk_invoke(&msg);
    if (is_call && msg.w[0] > STATUS_CANCELLED) {
        lk_die("method %lu is answered %lu", method, msg.w[0]);
    }
    if (is_call && msg.w[0] != STATUS_OK && lk_kind(msg.delivery) == LK_KIND_MESSAGE &&
        lk_caps(msg.delivery) > 0) {
        lk_die("method %lu is refused, and a capability comes with it", method);
    }
    if (is_call && msg.w[0] == STATUS_OK && lk_caps(msg.delivery) > 0) {
        pool_put(loose_place(), REG_GOT);
    }
    return msg.w[0];
}

/* A number of a program that it may do anything to: one that it started and that is still there, or
 * the bank, or the pager. */
static uint64_t own_number(void)
{
    unsigned i = (unsigned)random_below(CHILDREN);

    pool_get(POOL_CONTROL + i, REG_SENT);
    return lk_call0(REG_SENT, CONTROL_INFO).w[0] == STATUS_OK ? child[i] : random_below(2);
}

static void ask_programs(void)
{
    uint64_t method = random_below(PROGRAMS_BANKS + 4);
    uint64_t w1 = random_below(4) == 0 ? any_word() : random_below(80);

    lk_copy_cap(lk_cap("programs"), REG_TARGET);
    switch (method) {
    case PROGRAMS_NEW: /* by make_child() */
    case PROGRAMS_START:
        return;
    case PROGRAMS_DESTROY:
    case PROGRAMS_SUSPEND:
    case PROGRAMS_KILL:
    case PROGRAMS_RESTART:
        w1 = random_below(4) == 0 ? 5000 + random_bits() % UINT32_MAX : own_number();
        break;
    default:
        break;
    }
    request(method, w1, true);
}

static void make_child(void)
{
    static const char *const what[] = { "citizen",    "citizen leave", "ping 3",
                                        "fault null", "hello",         "phoenixfromashes",
                                        "nobody",     "bank",          "pager" };
    unsigned i = (unsigned)random_below(CHILDREN);
    uint64_t number = 0;

    if (child[i] != 0) {
        pool_get(POOL_CONTROL + i, REG_TARGET);
        control_kill(REG_TARGET);
        child[i] = 0;
    }
    if (lk_program_new(lk_cap("programs"), what[random_below(sizeof(what) / sizeof(what[0]))],
                       REG_TARGET, &number) == STATUS_OK) {
        child[i] = number;
        pool_put(POOL_CONTROL + i, REG_TARGET);
    }
}

/* It waits for nobody's end: such a request is no call. */
static void ask_control(void)
{
    uint64_t method = random_below(CONTROL_INFO + 3);

    pool_get(POOL_CONTROL + (unsigned)random_below(CHILDREN), REG_TARGET);
    request(method, any_word(), method != CONTROL_WAIT);
}

/* Its end, now and then. */
static void ask_exit(void)
{
    uint64_t method = random_below(6);

    lk_copy_cap(lk_cap("exit"), REG_TARGET);
    if ((method == PROGRAM_EXIT || method == PROGRAM_FAIL) && random_below(50) != 0) {
        return;
    }
    request(method, any_word(), random_below(2) == 0);
}

/* What only the kernel sends to: the handlers of its own faults. */
static void ask_handlers(void)
{
    if (random_below(2) == 0) {
        lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_TARGET);
    } else {
        lk_gpt_get_slot(lk_cap("space"), 15, REG_TARGET);
    }
    request(random_below(4) == 0 ? any_word() : LK_FAULT_MESSAGE, any_word(), false);
}

static void ask_pager(void)
{
    lk_copy_cap(lk_cap("pager"), REG_TARGET);
    request(random_below(7), random_below(2) == 0 ? any_word() : FIRST, true);
}

static void ask_bank(void)
{
    if (random_below(4) == 0) {
        pool_get(loose_place(), REG_TARGET); /* whatever that is: no number of a program, then */
        request(random_below(BANK_METHODS + 2), UINT64_MAX, false);
        return;
    }
    lk_copy_cap(lk_cap("bank"), REG_TARGET);
    request(random_below(BANK_METHODS + 2), random_below(2) == 0 ? any_word() : random_below(10),
            true);
}

static void ask_console(void)
{
    lk_copy_cap(lk_cap("console"), REG_TARGET);
    if (random_below(20) == 0) {
        request(random_below(CONSOLE_METHODS + 2), any_word(), true);
    }
}

/* ---- its own space -----------------------------------------------------------------------------
 */

/* Pages of its heap; nonsense in slots of its space, and, now and then, a look there. */
static void touch(void)
{
    uint64_t slot = 5 + random_below(6);
    uintptr_t at = FIRST + random_below(PAGES) * PAGE;

    if (random_below(64) == 0) {
        at = (slot << PAGER_ROOT_L2V) + random_below(PAGES) * PAGE;
    }
    __asm__("" : "+r"(at));
    *(volatile uint64_t *)at = at;
    if (random_below(8) == 0) {
        get_any(REG_SENT);
        lk_gpt_swap_slot(lk_cap("space"), slot, REG_SENT, 0);
    }
}

static void begin(void)
{
    lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_CAPPAGE, REG_POOL), "a page of capabilities");
    for (uint32_t reg = 0; reg < LK_REG_SCRATCH; reg++) {
        add_fixed(reg);
    }
    for (uint32_t slot = 0; slot < 5; slot++) {
        lk_process_get_slot(LK_REG_SELF, slot, REG_SENT);
        add_fixed(REG_SENT);
    }
}

int main(void)
{
    static void (*const ways[])(void) = {
        make_loose, ask_programs, make_child, ask_control,  ask_exit,
        ask_pager,  ask_bank,     touch,      ask_handlers, ask_console,
    };
    uint64_t seed = 0;

    if (!lk_parse_number(lk_start->argument, &seed, NULL)) {
        say("'rogue N'");
        return 1;
    }
    state = (seed + 1) * 0x9e3779b97f4a7c15ull;
    begin();
    for (uint64_t n = 1;; n++) {
        ways[random_below(sizeof(ways) / sizeof(ways[0]))]();
        if (n % 32 == 0) {
            lk_appnotice_post(lk_cap("beat"), 0x80);
            lk_sleep_ms(1);
        }
    }
}

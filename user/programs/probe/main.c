/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asks init, the bank and the pager for what an ordinary program may ask, at moments when it is
 * awkward: of a program that is about to be begun again, by a caller that is gone, through an Entry
 * of a program that is no more, by a name that is nearly one. Each case says "ok" or what was
 * wrong.
 *
 *      run probe
 *
 *      run probe break NAME    makes bank or pager fault until init gives it up and halts
 *
 * Its part phoenixfromashes, whose name is as long as a name can be, is begun again 300 ms after
 * its end.
 */
#include <lykos/bank.h>
#include <lykos/connect.h>
#include <lykos/lykos.h>
#include <lykos/pager.h>
#include <lykos/spawn.h>

#define REG_CONTROL LK_REG_SCRATCH
#define REG_GOT (LK_REG_SCRATCH + 1)
#define REG_OWN (LK_REG_SCRATCH + 2)
#define REG_ENDPOINT (LK_REG_SCRATCH + 3)
#define REG_OTHER LK_REG_FREE
#define REG_SOME (LK_REG_FREE + 1) /* .. and the two behind it */

#define PHOENIX "phoenixfromashes"
#define TIMER 1u
#define SOON_MS 2000ul   /* what must come has come by then */
#define REBIRTH_MS 300ul /* of that part, as the description says */
#define OTHER_ID 5u
#define PAGE 4096ul
#define CHAIN 1500u

static unsigned wrong, cases;
static const char *case_name;

static void begin_case(const char *name)
{
    case_name = name;
    cases++;
}

/* Say what is not as it should be, if it is not. */
static bool check(bool good, const char *what)
{
    if (!good) {
        say("%s: WRONG: %s", case_name, what);
        wrong++;
    }
    return good;
}

static void check_status(uint64_t got, enum status wanted, const char *what)
{
    if (got != wanted) {
        say("%s: WRONG: %s: %s, not %s", case_name, what, lk_status_text((enum status)got),
            lk_status_text(wanted));
        wrong++;
    }
}

/* ---- requests ----------------------------------------------------------------------------------
 */

static enum status ask_programs(uint64_t method, uint64_t number)
{
    return (enum status)lk_call2(lk_cap("programs"), method, number, 0).w[0];
}

static bool find(const char *name, uint64_t *number)
{
    return programs_find(lk_cap("programs"), name, strlen(name), number) == STATUS_OK;
}

/* What there is to know of the program of this number. False: there is none. */
static bool info_of(uint64_t number, struct program_info *out)
{
    uint64_t found = 0;
    enum status s = programs_info(lk_cap("programs"), number, &found, out);

    return s == STATUS_OK && found == number;
}

/* A further instance, its control in REG_CONTROL: its number. */
static uint64_t make(const char *what)
{
    uint64_t number = 0;

    lk_must(lk_program_new(lk_cap("programs"), what, REG_CONTROL, &number), what);
    return number;
}

/* What came to this program: the payload of the Entry that it came through, UINT64_MAX if nothing
 * came for some time; and its first word. Its capability 0 is in REG_GOT. */
struct news {
    uint64_t payload, word;
};

/* A request, or none (to 0), whose answer comes to the capability in register `reply`, whenever
 * that is; then what comes next. */
static struct news send_and_wait(uint32_t to, uint64_t method, const char *text, uint32_t reply)
{
    struct lk_msg msg = {
        .control = LK_CTL_WAIT(REG_GOT, 0, 0, 0),
        .w = { method },
        .string = text,
        .string_len = text != NULL ? (uint32_t)strlen(text) : 0,
    };

    if (to != 0) {
        msg.control |= LK_CTL(LK_SEND | LK_BLOCK | (text != NULL ? LK_SSTR : 0), to, 2) |
                       LK_CTL_SENDS(1, reply, 0, 0, 0);
    }
    lk_notice_in(SOON_MS, TIMER);
    lk_invoke(&msg);
    lk_notice_cancel();
    return (struct news){
        .payload = lk_kind(msg.delivery) == LK_KIND_MESSAGE ? msg.payload : UINT64_MAX,
        .word = msg.w[0],
    };
}

static struct news next_news(void)
{
    return send_and_wait(0, 0, NULL, 0);
}

/* A request whose answer comes later, if at all: whatever comes at once is lost. */
static void send(uint32_t to, uint64_t method, const char *text, uint32_t reply)
{
    struct lk_msg msg = {
        .control = LK_CTL(LK_SEND | LK_BLOCK | (text != NULL ? LK_SSTR : 0), to, 2) |
                   LK_CTL_SENDS(1, reply, 0, 0, 0),
        .w = { method },
        .string = text,
        .string_len = text != NULL ? (uint32_t)strlen(text) : 0,
    };

    lk_must(lk_invoke(&msg), "a request");
}

static void own_entry(uint64_t payload, uint32_t reg)
{
    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, payload, reg), "an Entry to this program");
}

/* Wait until a program has a process again, or has none any more. */
static bool comes_to(uint64_t number, bool running)
{
    struct program_info info = { .running = 0 };
    uint64_t until = lk_now() + SOON_MS * LK_NSEC_PER_MSEC;

    do {
        if (info_of(number, &info) ? info.running == running : !running) {
            return true;
        }
        lk_sleep_ms(10);
    } while (lk_now() < until);
    return false;
}

/* ---- the cases ---------------------------------------------------------------------------------
 */

/* Who holds init up keeps everybody waiting: the bank and the pager cannot be suspended. */
static void core_is_not_suspended(void)
{
    static const char *const core[] = { "bank", "pager" };
    uint64_t number = 0;

    begin_case("core_is_not_suspended");
    for (unsigned i = 0; i < 2; i++) {
        check(find(core[i], &number), "it is not found");
        check_status(ask_programs(PROGRAMS_SUSPEND, number), STATUS_NO_ACCESS, core[i]);
    }
}

/* A name behind which there is the number of another program is no name. */
static void names_are_whole(void)
{
    uint64_t number = make("citizen");
    uint64_t found = 0;
    char name[32];

    begin_case("names_are_whole");
    lk_format(name, sizeof(name), "citizen.%lu", number);
    check(find(name, &found) && found == number, "not found by its own name");
    lk_format(name, sizeof(name), "worker.%lu", number);
    check(!find(name, &found), "found by the name of another program");
    lk_format(name, sizeof(name), "citizen.0%lu", number);
    check(!find(name, &found), "found by a number with a nought in front");
    lk_must(control_kill(REG_CONTROL), "its end");
}

/* Two requests of one program for a server that is about to come back: none stays unanswered. */
static void two_wait_for_a_server(void)
{
    uint64_t number = 0;
    struct news first;
    struct news second;

    begin_case("two_wait_for_a_server");
    check(find(PHOENIX, &number), "it is not found");
    check_status(ask_programs(PROGRAMS_KILL, number), STATUS_OK, "kill");
    own_entry(1, REG_OWN);
    send(lk_cap("exit"), PROGRAM_CONNECT, PHOENIX, REG_OWN);
    own_entry(2, REG_OWN);
    first = send_and_wait(lk_cap("exit"), PROGRAM_CONNECT, PHOENIX, REG_OWN);
    check(first.payload == 2 && first.word == STATUS_IN_USE, "a second one may wait");
    second = next_news();
    check(second.payload == 1 && second.word == STATUS_OK, "the first one is not answered");
    check(comes_to(number, true), "the server does not come back");
}

/* A program that is about to be begun again has no start block to write to, and no process to
 * begin. */
static void about_to_be_begun_again(void)
{
    uint64_t number = make(PHOENIX);

    begin_case("about_to_be_begun_again");
    own_entry(1, REG_OWN);
    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    check_status(ask_programs(PROGRAMS_KILL, number), STATUS_OK, "kill");
    check_status(lk_program_give(REG_CONTROL, "gift", REG_OWN), STATUS_STATE_CHANGED, "give");
    check_status(lk_program_begin(REG_CONTROL), STATUS_STATE_CHANGED, "begin");
    check(comes_to(number, true), "it does not come back");
    check_status(ask_programs(PROGRAMS_KILL, number), STATUS_OK, "kill, a second time");
    check_status(control_kill(REG_CONTROL), STATUS_OK, "the end of what is about to begin");
    check_status(control_kill(REG_CONTROL), STATUS_INVALID_CAP, "a second end");
    lk_sleep_ms(4 * REBIRTH_MS);
    check(comes_to(number, false), "it came back all the same");
}

static void destroyed_for_good(void)
{
    uint64_t number = make(PHOENIX);

    begin_case("destroyed_for_good");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    check_status(ask_programs(PROGRAMS_KILL, number), STATUS_OK, "kill");
    check_status(ask_programs(PROGRAMS_DESTROY, number), STATUS_OK, "destroy");
    lk_sleep_ms(4 * REBIRTH_MS);
    check(comes_to(number, false), "it came back all the same");
}

/* Its line `restart` is for who has begun: nobody would give it what it was given. */
static void killed_before_it_began(void)
{
    struct program_info info;
    uint64_t number;

    begin_case("killed_before_it_began");
    number = make(PHOENIX);
    check_status(ask_programs(PROGRAMS_KILL, number), STATUS_OK, "the kill");
    lk_sleep_ms(2 * REBIRTH_MS);
    check(!info_of(number, &info), "it is begun again");
}

/* Who waited for the end of a program, and is gone, is in nobody's way. */
static void waiter_is_gone(void)
{
    struct news news;

    begin_case("waiter_is_gone");
    make("citizen leave");
    lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_ENDPOINT, REG_ENDPOINT), "an endpoint");
    lk_must(lk_endpoint_set_endpoint_id(REG_ENDPOINT, OTHER_ID), "its ID");
    lk_must(lk_endpoint_set_recipient(REG_ENDPOINT, LK_REG_SELF), "its recipient");
    lk_must(lk_endpoint_make_entry(REG_ENDPOINT, 1, REG_OWN), "an Entry");
    send(REG_CONTROL, CONTROL_WAIT, NULL, REG_OWN);
    own_entry(2, REG_OWN);
    news = send_and_wait(REG_CONTROL, CONTROL_WAIT, NULL, REG_OWN);
    check(news.payload == 2 && news.word == STATUS_IN_USE, "a second one may wait");
    lk_must(lk_bank_free(lk_cap("bank"), REG_ENDPOINT), "the end of the endpoint");
    send(REG_CONTROL, CONTROL_WAIT, NULL, REG_OWN);
    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    news = next_news();
    check(news.payload == 2 && news.word == STATUS_OK, "the end is not told");
}

/* The Entry "exit" of a program that is no more answers, and its "pager" has no power over the next
 * program of that number. */
static void entries_of_the_dead(void)
{
    uint64_t number = make("probe lend");
    uint64_t other = UINT64_MAX;
    struct news news;

    begin_case("entries_of_the_dead");
    own_entry(1, REG_OWN);
    lk_must(lk_program_give(REG_CONTROL, "lender", REG_OWN), "an Entry to this program");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");

    struct lk_in in = lk_call_ctl0(LK_CTL_WAIT(REG_GOT, REG_SOME, REG_OTHER, 0), 0);

    check(in.payload == 1, "it does not lend its Entries");
    lk_must(control_kill(REG_CONTROL), "its end");
    own_entry(2, REG_OWN);
    news = send_and_wait(REG_SOME, PROGRAM_EXIT, NULL, REG_OWN);
    check(news.payload == 2 && news.word == STATUS_INVALID_CAP, "exit: no answer");
    for (unsigned i = 0; i < 5000 && other != number; i++) {
        other = make("probe keep");
        if (other != number) {
            lk_must(control_kill(REG_CONTROL), "its end");
        }
    }
    own_entry(3, REG_OWN);
    lk_must(lk_program_give(REG_CONTROL, "lender", REG_OWN), "an Entry to this program");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    check(next_news().payload == 3, "it does not say that it has written");
    check(lk_pager_discard(REG_OTHER, LK_HEAP_VA, PAGE) != STATUS_OK, "its memory is taken away");
    lk_post2(REG_GOT, STATUS_OK, 0, 0);
    news = next_news();
    check(news.payload == 3 && news.word == 1, "what it wrote is not there any more");
    lk_must(control_kill(REG_CONTROL), "its end");
}

/* One that lends its Entries; one that writes, and looks again when it is answered. */
static int be_a_part(const char *how)
{
    uint32_t lender = lk_cap("lender");
    volatile uint64_t *word = (volatile uint64_t *)LK_HEAP_VA;

    if (strcmp(how, "lend") == 0) {
        lk_call_ctl0(LK_CTL_CALL_CAPS(lender, 1, 2, lk_cap("exit"), lk_cap("pager"), 0, 0, 0, 0, 0),
                     0);
    } else {
        __asm__("" : "+r"(word));
        *word = 7;
        lk_call0(lender, 0);
        lk_call0(lender, *word == 7);
    }
    return 0;
}

/* A program that has a bank cannot open so many that nobody can start a program. */
static void banks_for_others(void)
{
    unsigned opened = 0;

    begin_case("banks_for_others");
    lk_must(lk_bank_open(lk_cap("bank"), "hoard", 0, REG_SOME), "a bank");
    while (opened < BANK_BANKS_MAX &&
           lk_bank_open(REG_SOME, "one of many", 0, REG_OTHER) == STATUS_OK) {
        opened++;
    }
    check(opened > 0, "not even one");
    enum status s = lk_program_new(lk_cap("programs"), "citizen", REG_CONTROL, NULL);

    check_status(s, STATUS_OK, "a program, when there are very many banks");
    if (s == STATUS_OK) {
        lk_must(control_kill(REG_CONTROL), "its end");
    }
    lk_must(lk_bank_close(REG_SOME), "the end of all of them");
}

/* What a program starts ends with it, even if it is about to be begun again at that time. */
static void orphans(void)
{
    struct news news;
    uint64_t number;

    begin_case("orphans");
    make("probe start");
    own_entry(1, REG_OWN);
    lk_must(lk_program_give(REG_CONTROL, "lender", REG_OWN), "an Entry to this program");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    news = next_news();
    number = news.word;
    check(news.payload == 1, "it does not say what it started");
    check_status(ask_programs(PROGRAMS_KILL, number), STATUS_OK, "kill what it started");
    check(comes_to(number, true), "that does not come back");
    lk_must(control_kill(REG_CONTROL), "the end of who started it");
    check(comes_to(number, false), "what it started outlives it");
}

static int start_one(void)
{
    uint64_t number = make(PHOENIX);

    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    lk_call0(lk_cap("lender"), number);
    lk_park();
    return 0;
}

/* A program that starts one that starts one, ...: the end of the first is the end of all. */
static void chain(void)
{
    uint64_t number = 0;
    char what[32];

    begin_case("chain");
    lk_format(what, sizeof(what), "probe chain %u", CHAIN);
    make(what);
    own_entry(1, REG_OWN);
    lk_must(lk_program_give(REG_CONTROL, "lender", REG_OWN), "an Entry to this program");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");

    struct lk_in in = lk_call_ctl0(LK_CTL_WAIT(REG_GOT, 0, 0, 0), 0);

    number = in.w[0];
    check(in.payload == 1, "the last of them does not say so");
    lk_must(control_kill(REG_CONTROL), "the end of the first");
    check(comes_to(number, false), "the last one outlives it");
}

/* One link: the next one, or the news that this is the last. */
static int be_a_link(uint64_t behind)
{
    uint64_t number = 0;
    char what[32];

    if (behind == 0) {
        return 1;
    }
    lk_format(what, sizeof(what), "probe chain %lu", behind - 1);
    number = make(what);
    if (behind == 1) {
        lk_call0(lk_cap("lender"), number);
    } else {
        lk_must(lk_program_give(REG_CONTROL, "lender", lk_cap("lender")), "the Entry");
        lk_must(lk_program_begin(REG_CONTROL), "its begin");
    }
    lk_park();
    return 0;
}

/* Send the bank or the pager to where nothing is: it faults as soon as it runs, which is before
 * this program does. `name` is that of its Process. */
static void break_server(const char *name)
{
    struct lk_regs regs;
    uint64_t run_state = 0;

    lk_must(lk_connect(name), "its Process");
    lk_must(lk_process_get_state(lk_cap(name), &run_state, NULL, NULL, NULL, NULL, NULL, NULL,
                                 &regs, sizeof(regs), NULL),
            "looking at it");
    regs.rip = 0;
    lk_must(lk_process_set_regs(lk_cap(name), run_state, &regs, sizeof(regs)), "its registers");
}

/* The bank or the pager faults long after it has begun: the next one serves. */
static void core_faults_later(void)
{
    static const char *const core[] = { "bank-process", "pager-process" };
    volatile uint64_t *fresh = (volatile uint64_t *)(LK_HEAP_VA + 0x100000);

    begin_case("core_faults_later");
    __asm__("" : "+r"(fresh));
    for (unsigned i = 0; i < 4; i++) {
        break_server(core[i % 2]);
        fresh[i * PAGE / sizeof(*fresh)] = i;
        check_status(lk_bank_make(lk_cap("bank"), LK_TYPE_PAGE, REG_OWN), STATUS_OK, "a page");
        check_status(lk_bank_free(lk_cap("bank"), REG_OWN), STATUS_OK, "giving it back");
        make("citizen");
        check_status(control_kill(REG_CONTROL), STATUS_OK, "the end of a program");
        check(fresh[i * PAGE / sizeof(*fresh)] == i, "what was written is gone");
    }
}

/* Again and again, until the machine halts. */
static int break_for_good(const char *name)
{
    char process[32];

    lk_format(process, sizeof(process), "%s-process", name);
    for (unsigned i = 0; i < 100; i++) {
        break_server(process);
    }
    say("%s faulted 100 times and was not given up", name);
    return 1;
}

int main(void)
{
    static void (*const all[])(void) = {
        core_is_not_suspended,
        core_faults_later,
        names_are_whole,
        two_wait_for_a_server,
        about_to_be_begun_again,
        destroyed_for_good,
        killed_before_it_began,
        waiter_is_gone,
        entries_of_the_dead,
        banks_for_others,
        orphans,
        chain,
    };
    const char *how = lk_start->argument;
    uint64_t n = 0;

    if (strcmp(how, "lend") == 0 || strcmp(how, "keep") == 0) {
        return be_a_part(how);
    }
    if (strcmp(how, "start") == 0) {
        return start_one();
    }
    if (strncmp(how, "break ", 6) == 0) {
        return break_for_good(how + 6);
    }
    if (strncmp(how, "chain ", 6) == 0 && lk_parse_number(how + 6, &n, NULL)) {
        return be_a_link(n);
    }
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!lk_parse_number(how, &n, NULL) || n == i) {
            all[i]();
        }
    }
    say("%u cases, %u things are wrong", cases, wrong);
    return wrong == 0 ? 0 : 1;
}

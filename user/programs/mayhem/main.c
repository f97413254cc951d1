/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Kills servers at random moments while clients work, and sees that the system goes on: the bank,
 * the pager, the console, the shell, and a server of its own. After each kill every client must get
 * on. When all is over every frame must be back.
 *
 *      run mayhem KILLS SEED
 *
 * Or begins programs that mean harm (user/programs/rogue), and ends them at random moments, beside
 * all that.
 *
 *      run mayhem rogues ROUNDS SEED
 */
#include <lykos/bank.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

#define WORKERS 4u
#define ALL_BEATS ((1u << WORKERS) - 1)
#define TIMER 0x100u
#define REG_CONTROL LK_REG_FREE /* .. of the last worker */
#define REG_BEAT LK_REG_SCRATCH
#define REG_ROGUE (LK_REG_SCRATCH + 1) /* .. control of the last rogue */
#define ROGUES 3u
#define ROGUE_MS 30u /* between two looks at them, at most */
#define PATIENCE_MS 5000u

static const char *const victims[] = { "bank", "pager", "console", "teller", "shell" };
#define VICTIMS (sizeof(victims) / sizeof(victims[0]))

static uint64_t state;
static uint64_t killed[VICTIMS];
static uint64_t rogues; /* that were begun */

static uint64_t random_below(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

/* NOT_FOUND: it is about to be begun again. */
static enum status kill_this(const char *name)
{
    uint64_t number = 0;

    lk_must(programs_find(lk_cap("programs"), name, strlen(name), &number), "finding whom to kill");
    return programs_kill(lk_cap("programs"), number);
}

/* What must be the same at the beginning and at the end. */
struct account {
    uint64_t frames; /* that the kernel says are free, and those that the bank says it has given */
    uint64_t banks;
};

static struct account take_account(void)
{
    struct bank_info bank = { .used = 0 };
    uint64_t frames = 0;

    /* What the pager makes in its Range counts as given and not as free: a new one has made little.
     */
    lk_sleep_ms(100);
    lk_must(kill_this("pager"), "the pager");
    lk_sleep_ms(100);
    lk_must(programs_banks(lk_cap("programs"), 0, &bank), "looking at the bank");
    lk_must(lk_sysctl_get_memory(lk_cap("sysctl"), NULL, &frames, NULL, NULL, NULL, NULL, NULL),
            "looking at memory");
    return (struct account){ .frames = frames + bank.used, .banks = bank.banks };
}

static void begin_workers(uint64_t round)
{
    char what[32];

    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, ALL_BEATS, REG_BEAT), "a notice");
    for (unsigned i = 0; i < WORKERS; i++) {
        lk_format(what, sizeof(what), "worker %lu", round * 8 + i);
        lk_must(lk_program_new(lk_cap("programs"), what, REG_CONTROL + i, NULL), "a worker");
        lk_must(lk_program_give(REG_CONTROL + i, "beat", REG_BEAT), "its beat");
        lk_must(lk_program_begin(REG_CONTROL + i), "its begin");
    }
}

static void end_workers(void)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        lk_must(control_kill(REG_CONTROL + i), "the end of a worker");
    }
}

/* Each worker has done something since now. */
static void see_all_work(const char *after)
{
    uint64_t seen = 0;
    uint64_t until = lk_now() + PATIENCE_MS * LK_NSEC_PER_MSEC;

    while (seen != ALL_BEATS) {
        lk_notice_in(100, TIMER);
        seen |= lk_park() & ALL_BEATS;
        if (lk_now() > until) {
            lk_die("after the death of %s: workers %lx do nothing", after, ALL_BEATS & ~seen);
        }
    }
}

static void kill_one(void)
{
    unsigned v = (unsigned)random_below(VICTIMS);
    enum status s = kill_this(victims[v]);

    if (s != STATUS_NOT_FOUND) {
        lk_must(s, victims[v]);
        killed[v]++;
    }
    see_all_work(victims[v]);
}

static void kill_many(uint64_t kills)
{
    begin_workers(kills);
    for (uint64_t i = 0; i < kills; i++) {
        lk_sleep_until(lk_now() + random_below(3 * LK_NSEC_PER_MSEC));
        kill_one();
    }
    end_workers();
}

/* Another rogue in place of one that is gone, or of any. */
static void begin_rogue(unsigned i)
{
    char what[32];

    control_kill(REG_ROGUE + i); /* if it is there */
    lk_format(what, sizeof(what), "rogue %lu", random_below(1u << 30));
    lk_must(lk_program_new(lk_cap("programs"), what, REG_ROGUE + i, NULL), "a rogue");
    lk_must(lk_program_begin(REG_ROGUE + i), "its begin");
    rogues++;
}

/* Rogues come and go while clients work and servers die. */
static void let_rogues_in(uint64_t rounds)
{
    static struct program_info info;

    begin_workers(rounds);
    for (unsigned i = 0; i < ROGUES; i++) {
        begin_rogue(i);
    }
    for (uint64_t n = 0; n < rounds; n++) {
        lk_sleep_until(lk_now() + random_below(ROGUE_MS * LK_NSEC_PER_MSEC));
        for (unsigned i = 0; i < ROGUES; i++) {
            if (control_info(REG_ROGUE + i, &info) != STATUS_OK || random_below(16) == 0) {
                begin_rogue(i);
            }
        }
        if (random_below(8) == 0) {
            kill_one();
        } else {
            see_all_work("nobody");
        }
    }
    for (unsigned i = 0; i < ROGUES; i++) {
        control_kill(REG_ROGUE + i);
    }
    end_workers();
}

int main(void)
{
    void (*play)(uint64_t) = kill_many;
    uint64_t kills = 0;
    uint64_t seed = 1;
    const char *rest = lk_start->argument;
    struct account before;
    struct account after;

    if (strncmp(rest, "rogues ", 7) == 0) {
        play = let_rogues_in;
        rest += 7;
    }
    if (!lk_parse_number(rest, &kills, &rest)) {
        say("'mayhem KILLS SEED' or 'mayhem rogues ROUNDS SEED'");
        return 1;
    }
    while (*rest == ' ') {
        rest++;
    }
    lk_parse_number(rest, &seed, NULL);
    state = (seed + 1) * 0x9e3779b97f4a7c15ull;
    play(10); /* tables that grow have grown */
    before = take_account();
    play(kills);
    after = take_account();
    for (unsigned v = 0; v < VICTIMS; v++) {
        say("%s was killed %lu times", victims[v], killed[v]);
    }
    if (play == let_rogues_in) {
        say("%lu rogues came and went", rogues);
    }
    bool same = after.frames == before.frames && after.banks == before.banks;

    say("%lu frames are free or given, %lu were; %lu banks are open, %lu were: %s", after.frames,
        before.frames, after.banks, before.banks, same ? "none is lost" : "SOME ARE LOST");
    return same ? 0 : 1;
}

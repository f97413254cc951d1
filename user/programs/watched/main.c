/* SPDX-License-Identifier: BSD-2-Clause
 *
 * watched: those whom the watchdog watches, one program for each kind of trouble. The argument says
 * which; user/programs/watchdog/README.md tells the story.
 */
#include "../watchdog/watch.h"

#include <lykos/lykos.h>

#define BEAT_MSEC 5u
#define REG_CONTROL LK_REG_FREE    /* the page of the control word */
#define REG_KEPT (LK_REG_FREE + 1) /* the silent server's caller */

static struct lk_control control;

/* A sign of life. Posting waits for nobody. False: the watchdog is gone. */
static bool beat(void)
{
    return lk_appnotice_post(lk_cap("beat"), ~0u) == STATUS_OK;
}

/* Ask to be watched. `control_reg` is the register of the control word's page, `server_reg` that of
 * a notice to our server; 0: none. */
static bool register_here(uint32_t control_reg, uint32_t server_reg)
{
    uint64_t words = LK_CTL_CALL_CAPS(lk_cap("watchdog"), 2, 3, LK_REG_SELF, control_reg,
                                      server_reg, 0, 0, 0, 0);

    return lk_call_ctl1(words, WATCH_ME, (uint64_t)&control % 4096).w[0] == STATUS_OK;
}

/* All is well: it sleeps, and says in time that it is there. */
static int calm(void)
{
    if (!register_here(0, 0)) {
        return 1;
    }
    while (beat()) {
        lk_sleep_ms(BEAT_MSEC);
    }
    return 0; /* nobody cares any more */
}

/* An endless loop. What is in its registers is known, so that whoever looks can tell that nothing
 * was disturbed. */
static int looper(void)
{
    if (!register_here(0, 0) || !beat()) {
        return 1;
    }
    __asm__ volatile("movq %0, %%rax\n\t"
                     "movq %%rax, %%rbx\n\t"
                     "movq %%rax, %%rcx\n\t"
                     "movq %%rax, %%rdx\n\t"
                     "movq %%rax, %%rsi\n\t"
                     "movq %%rax, %%rdi\n\t"
                     "movq %%rax, %%r8\n\t"
                     "movq %%rax, %%r9\n\t"
                     "movq %%rax, %%r10\n\t"
                     "movq %%rax, %%r11\n\t"
                     "movq %%rax, %%r12\n\t"
                     "movq %%rax, %%r13\n\t"
                     "movq %%rax, %%r14\n\t"
                     "xorl %%r15d, %%r15d\n"
                     "1:\tincq %%r15\n\t"
                     "jmp 1b"
                     :
                     : "i"(LOOPER_CANARY));
    __builtin_unreachable();
}

/* Calls a server that takes its time: the answer comes while we are stopped. Then calls it again,
 * and is not answered at all. */
static int waiter(void)
{
    struct lk_in in;

    if (!register_here(0, lk_cap("hurry")) || !beat()) {
        return 1;
    }
    in = lk_call0(lk_cap("silent"), SILENT_ASK);
    if (in.w[0] != STATUS_OK || in.w[1] != SILENT_ANSWER) {
        say("the answer is wrong: %s, %lu", lk_status_text(in.w[0]), in.w[1]);
        return 1;
    }
    beat();
    in = lk_call0(lk_cap("silent"), SILENT_ASK);
    say("the second call has ended: %s", lk_status_text(in.w[0]));
    return 1;
}

/* Enters a critical section and never leaves it. */
static int holder(void)
{
    lk_touch(&control);
    if (lk_space_find_page(lk_cap("space"), 0, (uint64_t)&control, REG_CONTROL) != STATUS_OK ||
        !register_here(REG_CONTROL, 0) || !beat()) {
        return 1;
    }
    lk_defer_begin(&control);
    for (;;) {
        __asm__ volatile("");
    }
}

/* The waiter's server: keeps its first caller until a notice comes, and forgets its second. */
static _Noreturn int silent(void)
{
    struct lk_in in;

    for (unsigned calls = 0;;) {
        in = lk_wait(LK_REG_CALLER);
        if (lk_kind(in.delivery) == LK_KIND_MESSAGE && ++calls == 1) {
            lk_copy_cap(LK_REG_CALLER, REG_KEPT);
        } else if (lk_kind(in.delivery) == LK_KIND_NOTICE) {
            lk_post2(REG_KEPT, STATUS_OK, SILENT_ANSWER, 0);
        }
        lk_drop_cap(LK_REG_CALLER);
    }
}

int main(void)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } roles[] = {
        { "calm", calm },     { "looper", looper }, { "waiter", waiter },
        { "holder", holder }, { "silent", silent },
    };

    for (unsigned i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(lk_start->argument, roles[i].name) == 0) {
            return roles[i].run();
        }
    }
    say("nobody is called \"%s\"", lk_start->argument);
    return 2;
}

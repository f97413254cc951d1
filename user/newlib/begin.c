/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Begin and end of a program with newlib: main gets the program's argument as words, and each
 * thread what newlib keeps for each: errno, and what strtok() and others remember.
 */
#include "port.h"

#include <lykos/pager.h>
#include <lykos/start.h>
#include <lykos/team.h>
#include <reent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define WORDS_MAX (LK_START_ARGUMENT / 2 + 1) /* each has a blank behind it, or the end */

/* As C has it; newlib's programs may also leave the arguments out. */
int main(int argc, char **argv);

static char text[LK_START_ARGUMENT];
static char *words[WORDS_MAX + 1];

/* Split at blanks; between double quotes a blank is a character like any other. */
static int split(void)
{
    char *to = text;
    int count = 1;
    bool inside = false;
    bool quoted = false;

    words[0] = (char *)(uintptr_t)lk_name();
    for (const char *at = lk_start->argument; *at != '\0'; at++) {
        if (*at == '"') {
            quoted = !quoted;
        }
        if (*at == ' ' && !quoted) {
            *to = '\0';
            to += inside;
            inside = false;
            continue;
        }
        if (!inside) {
            words[count++] = to;
            inside = true;
        }
        if (*at != '"') {
            *to++ = *at;
        }
    }
    *to = '\0';
    words[count] = NULL;
    return count;
}

/* ---- What is each thread's own ---- */

/* Of the members but the first. It has newlib's own one, before there is a team as well, and so
 * have all threads that are in none. */
static struct _reent of_members[LK_TEAM_MEMBERS];

struct _reent *__getreent(void)
{
    unsigned place = lk_team_place();

    return place == 0 ? _GLOBAL_REENT : &of_members[place];
}

/* In the place of one that was destroyed: what that one had is given back first. */
void lk_member_begins(unsigned place)
{
    struct _reent *own = &of_members[place];

    if (own->_stdin != NULL) {
        _reclaim_reent(own);
    }
    _REENT_INIT_PTR(own);
}

/* ---- Begin ---- */

extern char lk_data_start[], lk_end[]; /* user.ld */

/* Have all memory now that is no heap: then it is malloc() alone that finds that there is no more,
 * and says so. What the bank cannot give here is a fault. */
static void take_memory(void)
{
    uintptr_t stack = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)(PAGE_BYTES - 1);
    uint32_t pager = lk_cap("pager");

    for (char *at = lk_data_start; at < lk_end; at += PAGE_BYTES) {
        lk_touch(at);
    }
    while (pager != 0 && lk_pager_provide(pager, stack, PAGE_BYTES) == STATUS_OK) {
        stack -= PAGE_BYTES; /* its lowest page has none below it */
    }
}

/* exit() writes out what is in buffers only if the first thread has used them. A program that uses
 * none does not have this. */
void __sinit(struct _reent *r) __attribute__((weak));

int lk_main(void)
{
    take_memory();
    newlib_memory_begin();
    if (__sinit != NULL) {
        __sinit(_GLOBAL_REENT);
    }
    exit(main(split(), words));
}

void _exit(int status)
{
    newlib_flush();
    lk_exit(status);
}

/* There are no signals: what one would end ends. */
int kill(int pid, int number)
{
    (void)pid;
    newlib_flush();
    lk_die("%s", number == SIGABRT ? "it has called abort()" : "it has raised a signal");
}

int getpid(void)
{
    return 1;
}

/* newlib's exit() calls them: what the compiler has put into sections of their own is not used. */
void _init(void);
void _fini(void);
void _init(void)
{
}
void _fini(void)
{
}

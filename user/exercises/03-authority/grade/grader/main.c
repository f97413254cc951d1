/* SPDX-License-Identifier: BSD-2-Clause
 *
 * grader of the exercise authority: has notes written, and tries each attack between two of them.
 */
#include "grade.h"

#include <lykos/gen/scribe.h>
#include <lykos/lykos.h>

#define NOTES 12u
#define BELL 1u
#define ALARM (1u << 31)
#define TICK (1u << 30)
#define NO_ANSWER 0xffffu

static struct {
    uint64_t result, number, time;
} note;
static struct {
    uint64_t result;
    enum attempt what;
    bool done;
} tried;
static uint64_t bystander_says;

static void call_note(void *unused)
{
    static const char text[] = "all is well";

    (void)unused;
    note.result = scribe_note(GRADE_CAP, text, strlen(text), &note.number, &note.time);
}

static void call_attack(void *unused)
{
    (void)unused;
    tried.result = scribe_attack(GRADE_CAP, tried.what, &tried.done);
}

static void call_bystander(void *unused)
{
    (void)unused;
    bystander_says = lk_call0(GRADE_CAP, 1).w[0];
}

/* The notice bits that have come. */
static uint64_t heard(void)
{
    uint64_t bits = 0;

    lk_must(lk_notice_in(1, TICK), "the clock");
    while ((bits & TICK) == 0) {
        bits |= lk_park();
    }
    return bits;
}

static bool note_written(uint64_t number)
{
    note.result = NO_ANSWER;
    grade_call(lk_cap("scribe"), call_note, NULL);
    return note.result == STATUS_OK && note.number == number && note.time != 0 &&
           note.time <= lk_now() && (heard() & BELL) != 0;
}

static bool bystander_lives(void)
{
    bystander_says = NO_ANSWER;
    grade_call(lk_cap("bystander"), call_bystander, NULL);
    return bystander_says == STATUS_UNKNOWN_REQUEST;
}

static bool repelled(enum attempt what)
{
    tried.what = what;
    tried.result = NO_ANSWER;
    grade_call(lk_cap("scribe"), call_attack, NULL);
    return tried.result == STATUS_OK && !tried.done && (heard() & ALARM) == 0 && bystander_lives();
}

int main(void)
{
    static const char *const names[] = {
        [ATTEMPT_STOP] = "stop",   [ATTEMPT_TERMINAL] = "terminal", [ATTEMPT_MEMORY] = "memory",
        [ATTEMPT_ERASE] = "erase", [ATTEMPT_ALARM] = "alarm",
    };
    static const enum attempt order[] = { ATTEMPT_ALARM, ATTEMPT_TERMINAL, ATTEMPT_MEMORY,
                                          ATTEMPT_ERASE, ATTEMPT_STOP };
    bool works = true;
    bool good[5] = { false };

    grade_begin();
    for (uint64_t i = 1; i <= NOTES / 2; i++) {
        works &= note_written(i);
    }
    for (unsigned i = 0; i < 5; i++) {
        good[order[i]] = repelled(order[i]);
    }
    for (uint64_t i = 0; i < NOTES - NOTES / 2; i++) {
        works &= note_written(good[ATTEMPT_ERASE] ? NOTES / 2 + 1 + i : 1 + i);
    }
    for (unsigned i = 0; i < 5; i++) {
        grade(names[i], works && good[i],
              works ? "the attack was successful" : "scribe does not work");
    }
    return 0;
}

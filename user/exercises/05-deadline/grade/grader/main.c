/* SPDX-License-Identifier: BSD-2-Clause
 *
 * grader of the exercise deadline. The books of the oracle are kept by a program of their own, and
 * time is the clock's, so nothing depends on what the oracle says of itself.
 */
#include "grade.h"

#include <lykos/gen/ledger.h>
#include <lykos/lykos.h>

#define NO_ANSWER 0xffffu
#define USEC 1000ul
#define EARLY (1900 * USEC)
#define LATE (3000 * USEC)
#define FORCED_LATE (7000 * USEC)
#define ENDLESS UINT64_MAX
#define TIMES 8u

static struct {
    uint64_t rounds, outside, inside; /* of the question */
    uint64_t result, value, began, ended;
} q;
static struct {
    enum status s;
    uint64_t closed, mistakes;
    bool open;
} books;

static void call_oracle(void *unused)
{
    (void)unused;
    q.began = lk_now();
    struct lk_in in = lk_call3(GRADE_CAP, 1, q.rounds, q.outside, q.inside);

    q.ended = lk_now();
    q.value = in.w[1];
    q.result = in.w[0];
}

static void call_ledger(void *unused)
{
    (void)unused;
    books.s = ledger_look(GRADE_CAP, &books.closed, &books.mistakes, &books.open);
}

static uint64_t ask(uint64_t rounds, uint64_t outside, uint64_t inside)
{
    q.rounds = rounds;
    q.outside = outside;
    q.inside = inside;
    q.result = NO_ANSWER;
    grade_call(lk_cap("oracle"), call_oracle, NULL);
    return q.result;
}

/* Short questions: the answer is the sum of the numbers of the rounds. */
static bool answered(uint64_t rounds)
{
    return ask(rounds, 10, 10) == STATUS_OK && q.value == rounds * (rounds + 1) / 2;
}

static bool timed_out(uint64_t outside, uint64_t inside, uint64_t late)
{
    return ask(ENDLESS, outside, inside) == STATUS_TIMED_OUT && q.ended - q.began >= EARLY &&
           q.ended - q.began <= late;
}

/* Closed as often as opened, and closed now. */
static bool books_are_whole(void)
{
    books.s = STATUS_TIMED_OUT;
    grade_call(lk_cap("ledger"), call_ledger, NULL);
    return books.s == STATUS_OK && books.mistakes == 0 && !books.open && books.closed > 0;
}

static bool answers(void)
{
    bool good = true;

    for (uint64_t i = 1; good && i <= TIMES; i++) {
        good = answered(i);
    }
    lk_sleep_ms(5); /* the notice of the last one would come now */
    good = good && answered(3);
    grade("answers", good, "a question that ends soon was not answered, or wrongly");
    return good;
}

/* Most of each round is outside of the section: there T is stopped nearly at once. */
static bool time_out(void)
{
    bool good = timed_out(100000, 10, LATE);

    grade("time_out", good, "a question without an end was not answered TIMED_OUT in time");
    return good;
}

static void next(bool times_out)
{
    bool good = times_out;

    for (uint64_t i = 1; good && i <= TIMES; i++) {
        good = timed_out(20000 + 777 * i, 10, LATE) && answered(i);
    }
    grade("next", good, "after a time-out, or after some, no question was answered any more");
}

/* Most of each round is inside, and the end of the time is anywhere in it. */
static void whole(bool times_out)
{
    bool good = times_out;

    for (uint64_t i = 1; good && i <= TIMES; i++) {
        good = timed_out(10, 10000 + 1777 * i, LATE) && books_are_whole();
    }
    grade("whole", good, "the books were left open, or a time-out did not come");
}

/* One section is longer than limit and bound together. It ends all the same, and then nobody thinks
 * on. */
static void forced(bool times_out)
{
    bool good = times_out && books_are_whole();
    uint64_t closed = books.closed;

    good = good && timed_out(10, 3000000, FORCED_LATE);
    lk_sleep_ms(20);
    good = good && books_are_whole() && books.closed == closed + 1 && answered(4);
    grade("forced", good, "a section of 10 ms: no time-out, or it was cut, or T went on behind it");
}

int main(void)
{
    bool times_out = false;

    grade_begin();
    answers();
    times_out = time_out();
    next(times_out);
    whole(times_out);
    forced(times_out);
    return 0;
}

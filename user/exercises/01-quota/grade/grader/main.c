/* SPDX-License-Identifier: BSD-2-Clause
 *
 * grader of the exercise quota. Messages are made by hand: the interface is the student's.
 */
#include "grade.h"

#include <lykos/lykos.h>

enum { TAKE = 1, LEFT, GIVE, MINE, NO_METHOD = 77 };
enum { SHORT = 64, NOT_YOURS, GREEDY };

#define UNITS 100u
#define SHARE 60u
#define NO_ANSWER 0xffffu
#define ROUNDS 20u

/* The two clients. */
struct client {
    const char *cap;
    uint64_t has; /* by the answers that it was given */
};
static struct client first = { .cap = "first" };
static struct client second = { .cap = "second" };

/* A request, and its answer. */
struct question {
    uint64_t method, word;
    uint64_t result, value;
};

static void call(void *arg)
{
    struct question *q = arg;
    struct lk_in in = lk_call1(GRADE_CAP, q->method, q->word);

    q->value = in.w[1];
    q->result = in.w[0];
}

static struct question ask(struct client *c, uint64_t method, uint64_t word)
{
    static struct question q;

    q = (struct question){ .method = method, .word = word, .result = NO_ANSWER };
    grade_call(lk_cap(c->cap), call, &q);
    if (q.result == STATUS_OK && method == TAKE) {
        c->has += word;
    }
    if (q.result == STATUS_OK && method == GIVE) {
        c->has -= word;
    }
    return q;
}

static bool refused(struct client *c, uint64_t method, uint64_t word, uint64_t result)
{
    return ask(c, method, word).result == result;
}

static bool tells(struct client *c, uint64_t method, uint64_t value)
{
    struct question q = ask(c, method, 0);

    return q.result == STATUS_OK && q.value == value;
}

/* Take or give, and see what is left. */
static bool moves(struct client *c, uint64_t method, uint64_t units)
{
    struct question q = ask(c, method, units);

    return q.result == STATUS_OK && q.value == UNITS - first.has - second.has;
}

/* Nothing has changed that should not. Who has what is seen only if `mine` is there. */
static bool stands(void)
{
    return tells(&first, LEFT, UNITS - first.has - second.has) &&
           (ask(&first, MINE, 0).result != STATUS_OK ||
            (tells(&first, MINE, first.has) && tells(&second, MINE, second.has)));
}

static void works(void)
{
    bool good = tells(&first, LEFT, UNITS) && moves(&first, TAKE, 30) && moves(&second, TAKE, 40) &&
                tells(&second, LEFT, 30) && refused(&first, NO_METHOD, 0, STATUS_UNKNOWN_REQUEST);

    grade("works", good, "take, left or the refusal of method 77 are not as they were");
}

static void mine(void)
{
    grade("mine", tells(&first, MINE, first.has) && tells(&second, MINE, second.has),
          "one has taken 30, the other one 40; mine does not tell them so");
}

static void share(void)
{
    bool good = refused(&first, TAKE, SHARE - first.has + 1, GREEDY);

    good &= refused(&second, TAKE, SHARE - second.has + 1, GREEDY);
    good &= refused(&second, TAKE, UINT32_MAX, GREEDY);
    good &= moves(&first, TAKE, SHARE - 30) && refused(&second, TAKE, 1, SHORT);
    grade("share", good && stands(), "more than SHARE was given to one, or no reason to refuse");
}

static void give(void)
{
    bool good = moves(&first, GIVE, 20) && moves(&first, TAKE, 5) && moves(&first, GIVE, 0);

    for (unsigned i = 0; good && i < ROUNDS; i++) {
        good = moves(&second, GIVE, 1);
    }
    grade("give", good && moves(&second, TAKE, ROUNDS),
          "what is given back is not in the stock again");
}

static void not_yours(void)
{
    bool good = refused(&first, GIVE, first.has + 1, NOT_YOURS);

    good &= refused(&second, GIVE, second.has + 1, NOT_YOURS);
    good &= refused(&first, GIVE, UINT32_MAX, NOT_YOURS);
    grade("not_yours", good && stands(),
          "more was given than the client had, or something changed");
}

static void checked(void)
{
    grade("checked",
          refused(&first, GIVE, 1ul << 32, STATUS_REQUEST_ERROR) &&
              refused(&first, TAKE, 1ul << 32, STATUS_REQUEST_ERROR),
          "give with a number of 33 bits was not refused with REQUEST_ERROR");
}

int main(void)
{
    grade_begin();
    works();
    mine();
    share();
    give();
    not_yours();
    checked();
    return 0;
}

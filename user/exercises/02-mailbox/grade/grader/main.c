/* SPDX-License-Identifier: BSD-2-Clause
 *
 * grader of the exercise mailbox: four clients, whose calls are made by askers. Asker n waits for
 * client n; asker 0 also puts letters.
 */
#include "grade.h"

#include <lykos/gen/mailbox.h>
#include <lykos/lykos.h>

#define NO_ANSWER 0xffffu
#define SHORT_WAIT 5u /* milliseconds in which whoever should wait does */

/* A call of a client, and its answer. */
struct question {
    uint32_t to, sender;
    uint64_t result;
    size_t size;
    char text[64];
};

static struct question puts[GRADE_ASKERS];
static struct question takes[GRADE_ASKERS];

static uint32_t client(unsigned n)
{
    char name[16];

    lk_format(name, sizeof(name), "client%u", n);
    return lk_cap(name);
}

static void call_put(void *arg)
{
    struct question *q = arg;

    q->result = mailbox_put(GRADE_CAP, q->to, q->text, q->size);
}

static void call_take(void *arg)
{
    struct question *q = arg;

    q->result = mailbox_take(GRADE_CAP, &q->sender, q->text, sizeof(q->text), &q->size);
}

/* Client `from` puts a letter; asker `by` calls. */
static uint64_t put_by(unsigned by, unsigned from, uint32_t to, const char *text)
{
    struct question *q = &puts[by];

    *q = (struct question){ .to = to, .result = NO_ANSWER, .size = strlen(text) };
    memcpy(q->text, text, q->size);
    grade_ask(by, client(from), call_put, q);
    grade_answered(by, GRADE_MSEC);
    grade_kill(by);
    return q->result;
}

static bool put(unsigned from, uint32_t to, const char *text)
{
    return put_by(0, from, to, text) == STATUS_OK;
}

/* Client `who` asks for a letter; asker `by` waits for it. */
static void begin_take(unsigned by, unsigned who)
{
    takes[by] = (struct question){ .result = NO_ANSWER };
    lk_touch_all(&takes[by], sizeof(takes[by]));
    grade_ask(by, client(who), call_take, &takes[by]);
}

static bool has_come(unsigned by, uint32_t sender, const char *text)
{
    const struct question *q = &takes[by];

    return grade_answered(by, GRADE_MSEC) && q->result == STATUS_OK && q->sender == sender &&
           q->size == strlen(text) && memcmp(q->text, text, q->size) == 0;
}

static bool waits(unsigned by)
{
    return !grade_answered(by, SHORT_WAIT);
}

static bool take(unsigned who, uint32_t sender, const char *text)
{
    begin_take(who, who);
    return has_come(who, sender, text);
}

static void forget_all(void)
{
    for (unsigned i = 0; i < GRADE_ASKERS; i++) {
        grade_kill(i);
    }
}

/* Whatever a case before has left is taken out, and nobody waits in the end. */
static void empty(unsigned who)
{
    for (unsigned i = 0; i <= MAILBOX_LETTERS; i++) {
        begin_take(who, who);
        if (waits(who)) {
            put(0, who, "the last");
            grade_answered(who, GRADE_MSEC);
            break;
        }
    }
    grade_kill(who);
}

static void delivers(void)
{
    bool good = put(2, 1, "first") && put(3, 1, "a second, longer letter") && put(2, 1, "3") &&
                take(1, 2, "first") && take(1, 3, "a second, longer letter") && take(1, 2, "3") &&
                put_by(0, 2, MAILBOX_CLIENTS, "nobody") == STATUS_OUT_OF_RANGE;

    grade("delivers", good, "three letters to client 1 did not come as they were put");
    forget_all();
}

static void own_letters(void)
{
    bool good = put(0, 1, "for one") && put(0, 2, "for two") && put(0, 3, "for three");

    good = good && take(3, 0, "for three") && take(2, 0, "for two") && take(1, 0, "for one");
    grade("own_letters", good, "a client did not get its own letter, but another's, or none");
    forget_all();
}

/* Two wait at once, and the third puts. */
static void waits_for_letters(void)
{
    bool good = true;

    begin_take(1, 1);
    begin_take(2, 2);
    good = waits(1) && waits(2) && put(3, 3, "to myself") && take(3, 3, "to myself");
    good = good && put(3, 2, "two") && has_come(2, 3, "two") && waits(1);
    good = good && put(3, 1, "one") && has_come(1, 3, "one");
    grade("waits", good, "clients 1 and 2 waited: one was not kept, or the letter came to neither");
    forget_all();
}

/* Client 1 dies as it waits; its letter is for its next life. Then it asks twice. */
static void dead_client(void)
{
    bool good = true;

    empty(1);
    begin_take(1, 1);
    good = waits(1);
    grade_kill(1);
    good = good && put(2, 1, "to the dead") && put(2, 1, "and more") && put(2, 3, "to the living");
    good =
        good && take(3, 2, "to the living") && take(1, 2, "to the dead") && take(1, 2, "and more");
    begin_take(1, 1);
    good = good && waits(1);
    begin_take(2, 1);
    good = good && waits(2) && grade_answered(1, GRADE_MSEC) && takes[1].result == STATUS_CANCELLED;
    good = good && put(3, 1, "to the second") && has_come(2, 3, "to the second");
    grade("dead_client", good, "client 1 died while it waited, or asked twice: a letter was lost");
    forget_all();
}

static void bounded(void)
{
    bool good = true;

    empty(1);
    empty(2);
    for (unsigned i = 0; good && i < MAILBOX_LETTERS; i++) {
        good = put(0, 2, "full");
    }
    good = good && put_by(0, 0, 2, "too many") == MAILBOX_FULL && put(0, 1, "room");
    good = good && take(1, 0, "room") && take(2, 0, "full") && put(0, 2, "last");
    good = good && put_by(0, 0, 2, "too many") == MAILBOX_FULL;
    grade("bounded", good, "a box took more than LETTERS letters, or fewer, or filled another");
    forget_all();
}

int main(void)
{
    grade_begin();
    delivers();
    own_letters();
    waits_for_letters();
    dead_client();
    bounded();
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * grader of the exercise buffer. The threads of the mill call it, and are kept until there is
 * something for them to do. What it knows of the buffers is what goes in and what comes out.
 */
#include "grade.h"

#include <lykos/lykos.h>
#include <mill/mill.h>

#define REG_KEPT 16u /* reply capability of thread n: + n */
#define BUFFER_SIZE 64u
#define REG_CALLER 29u
#define QUIET_MSEC 10u /* nothing comes any more: all wait, or something hangs */
#define TICK 1u
#define ITEMS_MOST 512u
#define SOME 80u
#define ROUNDS 4u
#define MANY 200u
#define MOVES 60u
#define LOOKS 120u
#define AT_ONCE 5u
#define MOVES_AT_ONCE 100u
#define INSIDE 60u /* items in both buffers while they are moved */

/* A thread of the mill. */
struct thread {
    bool here;      /* it has asked, and is kept */
    unsigned tasks; /* that it may still have without being asked for */
    uint64_t w1, w2;
};

static struct thread threads[MILL_THREADS];
static uint64_t items[ITEMS_MOST]; /* that went in: numbers that cannot be guessed */
static uint64_t taken[ITEMS_MOST];
static unsigned in, out;
static bool foul; /* an item came that is none, or once too often */
static uint64_t fewest, most;
static uint64_t at_once = AT_ONCE; /* moves or looks in a task */

/* A generator of the numbers of items; it begins with the word that this boot has. */
static uint64_t random_state;

static uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state | 1;
}

static void seed(const char *word)
{
    random_state = 0x9e3779b97f4a7c15;
    for (const char *c = word; *c != '\0'; c++) {
        random_state = (random_state ^ (uint8_t)*c) * 0x100000001b3;
    }
}

/* ---- What the threads are told, and what they tell. ---- */

static void answer(enum mill_thread t, uint64_t w1)
{
    threads[t].here = false;
    lk_post2(REG_KEPT + t, STATUS_OK, w1, 0);
}

/* It has something to do, if it may. */
static void set_to_work(enum mill_thread t)
{
    if (!threads[t].here || threads[t].tasks == 0) {
        return;
    }
    threads[t].tasks--;
    if (t == MILL_PRODUCER_0 || t == MILL_PRODUCER_1) {
        if (in < ITEMS_MOST) {
            items[in] = random_number();
            answer(t, items[in++]);
        }
    } else {
        answer(t, at_once);
    }
}

static void take_item(uint64_t item)
{
    bool known = false;

    for (unsigned i = 0; i < in; i++) {
        known |= items[i] == item;
    }
    for (unsigned i = 0; i < out; i++) {
        known &= taken[i] != item;
    }
    foul |= !known;
    if (known) {
        taken[out++] = item;
    }
}

static void take_message(const struct lk_in *m)
{
    enum mill_thread t = (enum mill_thread)m->w[0];

    if (m->w[0] >= MILL_THREADS || lk_caps(m->delivery) == 0) {
        return;
    }
    lk_copy_cap(REG_CALLER, REG_KEPT + t);
    threads[t].here = true;
    threads[t].w1 = m->w[1];
    threads[t].w2 = m->w[2];
    if ((t == MILL_CONSUMER_0 || t == MILL_CONSUMER_1) && m->w[1] != 0) {
        take_item(m->w[1]);
    }
    if (t == MILL_INSPECTOR && m->w[2] != 0) {
        fewest = m->w[1] < fewest ? m->w[1] : fewest;
        most = m->w[2] > most ? m->w[2] : most;
    }
    set_to_work(t);
}

/* Let the mill work until it is quiet, for as long. */
static void work(void)
{
    uint64_t until = 0;

    for (unsigned t = 0; t < MILL_THREADS; t++) {
        set_to_work(t);
    }
    do {
        struct lk_in m;

        until = lk_now() + QUIET_MSEC * LK_NSEC_PER_MSEC;
        lk_must(lk_notice_in(QUIET_MSEC, TICK), "the clock");
        do {
            m = lk_wait(REG_CALLER);
        } while (lk_kind(m.delivery) == LK_KIND_NOTICE && lk_now() < until);
        if (lk_kind(m.delivery) != LK_KIND_NOTICE) {
            take_message(&m);
        }
    } while (lk_now() < until);
}

static void task(enum mill_thread t, unsigned tasks)
{
    threads[t].tasks = tasks;
}

/* Nobody has anything to do any more; what was counted counts from here. */
static void rest(void)
{
    for (unsigned t = 0; t < MILL_THREADS; t++) {
        threads[t].tasks = 0;
    }
}

/* All that is in the mill comes out, to those consumers that may take it. */
static bool all_out_to(unsigned tasks_0, unsigned tasks_1)
{
    for (unsigned i = 0; i < ROUNDS && in != out; i++) {
        task(MILL_EASTWARD, SOME);
        task(MILL_CONSUMER_0, tasks_0);
        task(MILL_CONSUMER_1, tasks_1);
        work();
    }
    rest();
    return in == out && !foul;
}

static bool all_out(void)
{
    return all_out_to(MANY, MANY);
}

/* Consumers that wait in the mill get an item each, with which they come. */
static bool consumers_come(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (threads[MILL_CONSUMER_0].here && threads[MILL_CONSUMER_1].here) {
            return true;
        }
        task(MILL_PRODUCER_0, 1);
        task(MILL_EASTWARD, SOME);
        work();
        rest();
    }
    return false;
}

/* ---- The criteria. ---- */

/* One producer, one mover, one consumer: the other one has not been told to begin. */
static void order(void)
{
    bool good = true;

    for (unsigned i = 0; i < ROUNDS; i++) {
        task(MILL_PRODUCER_0, AT_ONCE);
        task(MILL_EASTWARD, AT_ONCE);
        task(MILL_CONSUMER_0, AT_ONCE);
        work();
    }
    good = all_out_to(MANY, 0) && out == ROUNDS * AT_ONCE;
    for (unsigned i = 0; i < out; i++) {
        good &= items[i] == taken[i];
    }
    grade("order", good, "items are lost, or come in another order");
}

static void ask_idler(void *unused)
{
    (void)unused;
    lk_call0(GRADE_CAP, 1);
}

/* Nothing is moved: west fills up, and both producers wait. So do the consumers, for east. */
static void bounded(void)
{
    unsigned before = in;

    task(MILL_PRODUCER_0, SOME);
    task(MILL_PRODUCER_1, SOME);
    task(MILL_CONSUMER_0, 1);
    task(MILL_CONSUMER_1, 1);
    work();
    grade("idle", grade_call(lk_cap("idler"), ask_idler, NULL) && in > before,
          "while all threads wait, a program of low priority does not get the CPU");
    rest();
    if (in - before == BUFFER_SIZE + 2) {
        grade("bounded", all_out(), "a buffer was full, and then not all items came out again");
    } else {
        grade("bounded", false,
              "a full buffer has taken more than BUFFER_SIZE items, or not so many");
    }
}

static void nothing_lost(void)
{
    unsigned before = out;

    task(MILL_PRODUCER_0, MANY / 2);
    task(MILL_PRODUCER_1, MANY / 2);
    task(MILL_EASTWARD, MANY);
    task(MILL_CONSUMER_0, MANY);
    task(MILL_CONSUMER_1, MANY);
    work();
    grade("nothing_lost", all_out() && out == before + MANY,
          "of 200 items some were lost, or came twice, or all came to a stop");
}

/* The consumers have nothing to do, so what is inside stays there. */
static void moves(void)
{
    bool good = consumers_come();
    unsigned before = in;

    task(MILL_PRODUCER_0, INSIDE / 2);
    task(MILL_PRODUCER_1, INSIDE / 2);
    work();
    fewest = UINT64_MAX;
    most = 0;
    at_once = MOVES_AT_ONCE;
    task(MILL_EASTWARD, MOVES);
    task(MILL_WESTWARD, MOVES);
    task(MILL_INSPECTOR, LOOKS);
    work();
    good &= in == before + INSIDE && fewest == INSIDE && most == INSIDE;
    good &= threads[MILL_EASTWARD].tasks + threads[MILL_WESTWARD].tasks == 0;
    good &= threads[MILL_EASTWARD].here && threads[MILL_WESTWARD].here;
    rest();
    at_once = AT_ONCE;
    grade("moves", all_out() && good,
          "items were seen in neither buffer or both, or were lost, or all came to a stop");
}

int main(void)
{
    grade_begin();
    seed(lk_start->argument);
    order();
    bounded();
    nothing_lost();
    moves();
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table: how often each state of T met each kind of event at each place.
 */
#include "armed.h"

#define ACQUIRE_WORTH 3

static uint64_t hits[STATES][KINDS][PLACES];

static const char *const state_names[STATES] = {
    "closed wait", "running", "ready",     "blocked sending",
    "sleeping",    "faulted", "open wait", "64 KiB string",
};
static const char *const kind_names[KINDS] = {
    "plain",   "preempt", "call",     "one-way", "nonblock",
    "suspend", "look",    "held-end", "timed",   "R's hold",
};
static const char *const place_names[PLACES] = {
    "at a user instruction", "at an acquire point", "in the kernel's wait", "while held",
    "while deferring",
};

const char *state_name(enum state s)
{
    return state_names[s];
}
const char *kind_name(enum kind k)
{
    return kind_names[k];
}
const char *place_name(enum place p)
{
    return place_names[p];
}

/* The README says the same. */
const char *cell_senseless(enum state s, enum kind k, enum place p)
{
    if (s == S_RUNNING && p == P_HELD) {
        return "a held process does not run";
    }
    if ((s == S_RUNNING || s == S_READY) && p == P_WAIT) {
        return "a process that could run waits for nothing";
    }
    if ((s == S_RUNNING || s == S_READY) && k == K_HELD_END) {
        return "it is in nothing that could end while it is held";
    }
    return NULL;
}

void cells_reset(void)
{
    memset(hits, 0, sizeof(hits));
}

void cell_hit(enum state s, enum kind k, enum place p)
{
    hits[s][k][p]++;
}

/* How many hits count as one: an acquire point costs two looks at every object of the kernel, so in
 * `make test` fewer are made of them, but for those between the pages of a string. */
static uint64_t worth(enum state s, enum place p)
{
    return p == P_ACQUIRE && s != S_STRING && !sys_options.soak ? ACQUIRE_WORTH : 1;
}

uint64_t cell_least(struct rng *r, enum state *s, enum kind *k, enum place *p)
{
    unsigned cells = STATES * KINDS * PLACES;
    unsigned first = (unsigned)rng_below(r, cells); /* so that equals take turns */
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < cells; i++) {
        unsigned at = (first + i) % cells;
        enum state si = (enum state)(at / (KINDS * PLACES));
        enum kind ki = (enum kind)(at / PLACES % KINDS);
        enum place pi = (enum place)(at % PLACES);

        uint64_t n = hits[si][ki][pi] * worth(si, pi);

        if (cell_senseless(si, ki, pi) == NULL && n < least) {
            least = n;
            *s = si;
            *k = ki;
            *p = pi;
        }
    }
    return least;
}

void cell_any(struct rng *r, enum state *s, enum kind *k, enum place *p)
{
    do {
        *s = (enum state)rng_below(r, STATES);
        *k = (enum kind)rng_below(r, KINDS);
        *p = (enum place)rng_below(r, PLACES);
    } while (cell_senseless(*s, *k, *p) != NULL);
}

/* Into columns. */
static void add(char *line, size_t size, const char *text, unsigned width)
{
    size_t at = strlen(line);
    size_t n = strlen(text);

    for (; n < width && at + 1 < size; n++) {
        line[at++] = ' ';
    }
    lk_copy_text(line + at, size - at, text);
}

static void print_row(enum state s, enum place p)
{
    char line[160] = "#   ";
    char number[24];

    lk_copy_text(line + 4, sizeof(line) - 4, state_names[s]);
    for (size_t n = strlen(line); n < 20; n++) {
        line[n] = ' ';
        line[n + 1] = '\0';
    }
    for (unsigned k = 0; k < KINDS; k++) {
        lk_format(number, sizeof(number), "%lu", hits[s][k][p]);
        add(line, sizeof(line), cell_senseless(s, (enum kind)k, p) != NULL ? "-" : number, 10);
    }
    sys_say("%s", line);
}

void cells_print(void)
{
    char head[160] = "#                   ";

    for (unsigned k = 0; k < KINDS; k++) {
        add(head, sizeof(head), kind_names[k], 10);
    }
    for (unsigned p = 0; p < PLACES; p++) {
        sys_say("# %s:", place_names[p]);
        sys_say("%s", head);
        for (unsigned s = 0; s < STATES; s++) {
            print_row((enum state)s, (enum place)p);
        }
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The locks of a program; see locks.h.
 *
 * Where they are says `lk_locks`, which is found by its name in the program's file. What stands in
 * the memory of a program may be anything: no number there is relied on, and no list followed for
 * longer than it can be.
 */
#include "locks.h"

#include "peek.h"
#include "registers.h"

#include <lykos/lock.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/time.h>

#define TABLE "lk_locks"
#define NAME_MAX 40u
#define RECORDS 8u /* shown of the last times that a lock was held */
#define WAITERS 6u /* shown of those that wait for a lock, or on a condition */
#define NSEC_PER_USEC 1000u
#define TOO_LONG (1ull << 40) /* cycles or nanoseconds: a million times as many do not fit */

/* Whose locks are looked at, and when. */
struct view {
    uint32_t i;
    uint64_t table; /* address of its lk_locks */
    uint64_t now;   /* time-stamp counter */
    char *out;
    size_t size, length;
};

static void add(struct view *v, const char *format, ...) LK_PRINTF_LIKE(2, 3);

static void add(struct view *v, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    v->length += lk_vformat(v->out + v->length, v->size - v->length, format, args);
    va_end(args);
    v->length = v->length < v->size ? v->length : v->size - 1; /* what did not fit is left out */
}

static bool read_at(const struct view *v, uint64_t address, void *out, size_t bytes)
{
    return peek(v->i, REG_PROCESS, address, out, bytes);
}

/* ---- times ----------------------------------------------------------------------------------- */

static uint64_t first_cycles, first_nsec;

static uint64_t cycles(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

void locks_begin(void)
{
    first_cycles = cycles();
    first_nsec = lk_now();
}

/* How fast the counter runs: what it has counted since init began, by the kernel's clock. */
static uint64_t cycles_per_msec(void)
{
    uint64_t counted = cycles() - first_cycles;
    uint64_t nsec = lk_now() - first_nsec;

    while (counted >= TOO_LONG || nsec >= TOO_LONG) {
        counted /= 2;
        nsec /= 2;
    }
    counted = counted * LK_NSEC_PER_MSEC / (nsec > 0 ? nsec : 1);
    return counted > 0 ? counted : 1;
}

struct duration {
    char text[32];
};

static struct duration show_cycles(uint64_t count)
{
    uint64_t rate = cycles_per_msec();
    uint64_t nsec = count / rate * LK_NSEC_PER_MSEC + count % rate * LK_NSEC_PER_MSEC / rate;
    struct duration d = { "" };

    lk_format(d.text, sizeof(d.text), "%lu.%03lu us", nsec / NSEC_PER_USEC, nsec % NSEC_PER_USEC);
    return d;
}

static struct duration show_since(const struct view *v, uint64_t since)
{
    return show_cycles(v->now > since ? v->now - since : 0);
}

/* ---- names ----------------------------------------------------------------------------------- */

struct name {
    char text[NAME_MAX];
};

static struct name text_at(const struct view *v, const char *address)
{
    struct name n = { "?" };

    if (!peek_text(v->i, REG_PROCESS, (uint64_t)address, n.text, sizeof(n.text))) {
        lk_copy_text(n.text, sizeof(n.text), "?");
    }
    return n;
}

static struct name member_name(const struct view *v, const struct lk_member *at)
{
    struct lk_member m;

    return text_at(v, read_at(v, (uint64_t)at, &m, sizeof(m)) ? m.label : NULL);
}

/* A place: the line, if the program is checked; else the function. */
struct place {
    char text[96];
};

static struct place show_place(const struct view *v, const struct lk_moment *m)
{
    const struct kind *k = instance_kind(v->i);
    struct place p = { "" };
    struct lk_site site;
    char name[48];
    uint64_t offset;

    if (m->site != NULL && read_at(v, (uint64_t)m->site, &site, sizeof(site)) &&
        peek_text(v->i, REG_PROCESS, (uint64_t)site.file, p.text, sizeof(p.text) - 12)) {
        lk_format(p.text + strlen(p.text), 12, ":%u", site.line);
    } else if (elf_symbol(k->file.at, k->file.bytes, m->behind, name, sizeof(name), &offset)) {
        lk_format(p.text, sizeof(p.text), "%s+0x%lx", name, offset);
    } else {
        lk_format(p.text, sizeof(p.text), "0x%lx", m->behind);
    }
    return p;
}

/* The same, without the folders. */
static struct place show_short_place(const struct view *v, const struct lk_moment *m)
{
    struct place p = show_place(v, m);
    const char *from = p.text;
    struct place last = { "" };

    for (const char *at = p.text; *at != '\0'; at++) {
        from = *at == '/' ? at + 1 : from;
    }
    lk_copy_text(last.text, sizeof(last.text), from);
    return last;
}

/* ---- a lock ---------------------------------------------------------------------------------- */

/* Those that wait, in the order in which they came. */
struct waiters {
    const struct lk_member *at[LK_TEAM_MEMBERS];
    unsigned count;
};

/* A list of members, at the end of `w`. */
static void take_list(const struct view *v, const struct lk_member *at, struct waiters *w)
{
    struct lk_member m;

    while (at != NULL && w->count < LK_TEAM_MEMBERS && read_at(v, (uint64_t)at, &m, sizeof(m))) {
        w->at[w->count++] = at;
        at = m.next;
    }
}

/* First the holder's queue, then those that came since: the last of them stands first there. */
static struct waiters waiters_of(const struct view *v, const struct lk_lock *l)
{
    struct waiters w = { .count = 0 };
    unsigned low;

    take_list(v, l->first, &w);
    low = w.count;
    take_list(v, (const struct lk_member *)(l->word & ~(uintptr_t)1), &w);
    for (unsigned high = w.count; low + 1 < high; low++) {
        const struct lk_member *other = w.at[--high];

        w.at[high] = w.at[low];
        w.at[low] = other;
    }
    return w;
}

static void add_waiter(struct view *v, const char *what, const struct lk_member *at)
{
    struct lk_member m;

    if (!read_at(v, (uint64_t)at, &m, sizeof(m)) || m.asked.cycles == 0) {
        add(v, "  %s %s\n", what, member_name(v, at).text); /* from right now on */
        return;
    }
    add(v, "  %s %s, for %s, at %s\n", what, text_at(v, m.label).text,
        show_since(v, m.asked.cycles).text, show_place(v, &m.asked).text);
}

static void add_waiters(struct view *v, const char *what, const struct waiters *w)
{
    for (unsigned n = 0; n < w->count && n < WAITERS; n++) {
        add_waiter(v, what, w->at[n]);
    }
    if (w->count > WAITERS) {
        add(v, "  and %u more wait\n", w->count - WAITERS);
    }
}

/* Condition `number` of the table, if it is one of the lock at this address: who waits on it. */
static void add_condition(struct view *v, uint64_t number, uint64_t lock)
{
    uint64_t at = 0; /* where its process has it */
    struct waiters w = { .count = 0 };
    struct lk_condition c;

    if (!read_at(v, v->table + offsetof(struct lk_lock_table, condition) + number * sizeof(at), &at,
                 sizeof(at)) ||
        !read_at(v, at, &c, sizeof(c)) || (uint64_t)c.lock != lock) {
        return;
    }
    take_list(v, c.first, &w);
    add(v, "  condition  %s: waited on %lu time%s, now by %u\n", text_at(v, c.name).text, c.waits,
        c.waits != 1 ? "s" : "", w.count);
    add_waiters(v, "  waits    ", &w);
}

/* The conditions of the lock at this address. */
static void add_conditions(struct view *v, uint64_t lock)
{
    uint64_t count = 0;

    if (!read_at(v, v->table + offsetof(struct lk_lock_table, conditions), &count, sizeof(count))) {
        return;
    }
    for (uint64_t n = 0; n < count && n < LK_CONDITIONS_SEEN; n++) {
        add_condition(v, n, lock);
    }
}

/* A copy of the lock that stands at this address. */
static void add_lock(struct view *v, const struct lk_lock *l, uint64_t at)
{
    struct waiters w = waiters_of(v, l);
    uint64_t held = l->cycles;

    if (l->holder != NULL && v->now > l->got.cycles) {
        held += v->now - l->got.cycles;
    }
    add(v, "%s (rank %u): taken %lu time%s, %lu not at once; held %s in all\n",
        text_at(v, l->name).text, l->rank, l->taken, l->taken != 1 ? "s" : "", l->waits,
        show_cycles(held).text);
    if (l->longest != 0) {
        add(v, "  longest    %s, taken at %s\n", show_cycles(l->longest).text,
            show_place(v, &l->longest_got).text);
    }
    if (l->holder != NULL) {
        add(v, "  held by    %s, for %s, taken at %s\n", member_name(v, l->holder).text,
            show_since(v, l->got.cycles).text, show_place(v, &l->got).text);
    }
    add_waiters(v, "waits     ", &w);
    add_conditions(v, at);
}

/* ---- the last times -------------------------------------------------------------------------- */

static void add_record(struct view *v, uint64_t number)
{
    size_t at = number % LK_LOCK_RECORDS * sizeof(struct lk_lock_record);
    struct lk_lock_record r;
    struct lk_lock l;

    if (!read_at(v, v->table + offsetof(struct lk_lock_table, record) + at, &r, sizeof(r)) ||
        !read_at(v, (uint64_t)r.lock, &l, sizeof(l))) {
        return;
    }
    add(v, "  %-16s %-10s %14s, %18s ago  %s\n", text_at(v, l.name).text,
        member_name(v, r.holder).text, show_cycles(r.cycles).text,
        show_since(v, r.got.cycles + r.cycles).text, show_short_place(v, &r.got).text);
}

static void add_records(struct view *v)
{
    uint64_t records = 0;

    if (!read_at(v, v->table + offsetof(struct lk_lock_table, records), &records,
                 sizeof(records)) ||
        records == 0) {
        return;
    }
    add(v, "held last: lock, by whom, for how long, until when, taken where\n");
    for (uint64_t n = 0; n < RECORDS && n < records; n++) {
        add_record(v, records - 1 - n);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Find the table: how many locks stand in it. 0: there are none, or they are laid out otherwise. */
static uint64_t open_table(struct view *v)
{
    const struct kind *k = instance_kind(v->i);
    uint64_t head[2] = { 0, 0 }; /* layout, locks */

    _Static_assert(offsetof(struct lk_lock_table, locks) == sizeof(head[0]), "they stand first");
    if (!k->checked || k->wrong != NULL || !elf_find(k->file.at, k->file.bytes, TABLE, &v->table) ||
        !read_at(v, v->table, head, sizeof(head)) || head[0] != LK_LOCK_LAYOUT) {
        return 0;
    }
    return head[1] < LK_LOCKS_SEEN ? head[1] : LK_LOCKS_SEEN;
}

size_t locks_part(uint32_t i, uint64_t *position, char *out, size_t size)
{
    struct view v = { .i = i, .now = cycles(), .out = out, .size = size };
    uint64_t at = 0;
    struct lk_lock l;
    uint64_t locks;

    peek_forget();
    locks = open_table(&v);
    if (*position >= locks) {
        if (locks != 0) {
            add_records(&v);
        }
        *position = 0;
        return v.length;
    }
    if (read_at(&v, v.table + offsetof(struct lk_lock_table, lock) + *position * sizeof(at), &at,
                sizeof(at)) &&
        read_at(&v, at, &l, sizeof(l))) {
        add_lock(&v, &l, at);
    }
    ++*position;
    return v.length;
}

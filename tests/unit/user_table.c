/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of the system: init's reader understands what tools/lykos-system writes, refuses each
 * kind of damage in words, and comes to no harm by any. The text that the table is made of, and the
 * mistakes that can be in it, are tested in tools/testing/system.py.
 */
#include "unit.h"

#include "user/servers/init/description.c"

#include <stdio.h>
#include <stdlib.h>

#define TABLE_MAX 65536u

static struct description description;
static struct table_trouble trouble;
static uint8_t shipped[TABLE_MAX];
static size_t shipped_bytes;

/* The table of user/system.lyk, as the build made it. */
static bool load(void)
{
    FILE *file = fopen(SYSTEM_TABLE, "rb");

    if (!CHECK_SAY(file != NULL, "%s cannot be opened; run in the top folder", SYSTEM_TABLE)) {
        return false;
    }
    shipped_bytes = fread(shipped, 1, sizeof(shipped), file);
    fclose(file);
    return CHECK(shipped_bytes > sizeof(struct table_header) && shipped_bytes < TABLE_MAX);
}

/* A table in memory that ends where it does, so that reading on is seen. */
static uint8_t *copy_of(const uint8_t *table, size_t bytes)
{
    uint8_t *exact = malloc(bytes > 0 ? bytes : 1);

    memcpy(exact, table, bytes);
    return exact;
}

static const struct program *find(const char *name)
{
    int i = description_find(&description, name);

    return CHECK_SAY(i >= 0, "there is no program %s", name) ? &description.program[i] : NULL;
}

static const struct grant *find_grant(const struct program *p, const char *name)
{
    for (unsigned k = 0; k < p->grants; k++) {
        if (strcmp(p->grant[k].name, name) == 0) {
            return &p->grant[k];
        }
    }
    CHECK_SAY(false, "%s has no capability %s", p->name, name);
    return &p->grant[0];
}

static void check_console(void)
{
    const struct program *p = find("console");

    if (p == NULL) {
        return;
    }
    CHECK(strcmp(p->file, "console") == 0 && p->args[0] == '\0' && p->start_word[0] == '\0');
    CHECK(p->at_boot && p->part_of[0] == '\0');
    CHECK_EQUAL(p->priority, 180);
    CHECK_EQUAL(p->slice, 5000000);
    CHECK_EQUAL(p->stack_pages, 8);
    CHECK_EQUAL(p->memory, 4096);
    CHECK_EQUAL(p->restarts, 1000);
    CHECK_EQUAL(p->restart_within, 10000000000);
    CHECK_EQUAL(p->backoff, 0);
    CHECK_EQUAL(p->endpoints, 1);
    CHECK(strcmp(p->endpoint[0], "main") == 0);
    CHECK_EQUAL(p->params, 1);
    CHECK(strcmp(p->param[0].name, "port") == 0);
    CHECK_EQUAL(p->param[0].value, 0x3f8);
    CHECK_EQUAL(find_grant(p, "ports")->kind, GRANT_IOPORTS);
    CHECK_EQUAL(find_grant(p, "ports")->a, 0x3f8);
    CHECK_EQUAL(find_grant(p, "ports")->b, 0x3ff);
    CHECK_EQUAL(find_grant(p, "irq")->kind, GRANT_IRQ);
    CHECK_EQUAL(find_grant(p, "irq")->a, 4);
}

/* What the console does not have. */
static void check_others(void)
{
    const struct program *shell = find("shell");
    const struct program *pager = find("pager");
    const struct program *spin = find("spin");
    const struct program *mirror = find("mirror");
    const struct program *phoenix = find("phoenixfromashes");
    const struct program *high = find("bench");

    if (shell == NULL || pager == NULL || spin == NULL || mirror == NULL || phoenix == NULL ||
        high == NULL) {
        return;
    }
    CHECK(strcmp(shell->args, "$boot") == 0);
    CHECK(find_grant(shell, "console")->has_payload);
    CHECK_EQUAL(find_grant(shell, "console")->a, 1);
    CHECK_EQUAL(find_grant(shell, "console")->program, description_find(&description, "console"));
    CHECK_EQUAL(find_grant(shell, "programs")->program, DESC_INIT);
    CHECK(!find_grant(shell, "programs")->has_payload);
    CHECK_EQUAL(pager->endpoints, 3);
    CHECK(strcmp(pager->endpoint[2], "faults") == 0);
    CHECK(strcmp(spin->start_word, "serve") == 0 && !spin->at_boot);
    CHECK(find_grant(mirror, "kept")->kept);
    CHECK(strcmp(phoenix->part_of, "probe") == 0 && strcmp(phoenix->file, "citizen") == 0);
    CHECK_EQUAL(phoenix->backoff, 300000000);
    CHECK_EQUAL(find_grant(high, "high_notice")->kind, GRANT_NOTICE);
    CHECK_EQUAL(find_grant(high, "high_notice")->a, 1);
}

TEST(table_shipped, "the table of user/system.lyk says what stands there")
{
    if (!load()) {
        return;
    }
    CHECK_SAY(description_read(&description, shipped, shipped_bytes, &trouble), "program %u: %s",
              trouble.program, trouble.what);
    check_console();
    check_others();
}

/* ---- damage ---------------------------------------------------------------------------------- */

/* Number of a program's first grant of a kind, in the table; and so on. */
static const struct table_program *table_program(const char *name)
{
    const struct table_header *h = (const struct table_header *)(const void *)shipped;

    return (const struct table_program *)(const void *)(h + 1) +
           description_find(&description, name);
}

static size_t header_at(size_t field)
{
    return field;
}

static size_t program_at(const char *name, size_t field)
{
    return (size_t)((const uint8_t *)table_program(name) - shipped) + field;
}

static size_t grant_at(const char *name, const char *cap, size_t field)
{
    const struct table_header *h = (const struct table_header *)(const void *)shipped;
    const struct program *p = find(name);
    size_t k = (size_t)(find_grant(p, cap) - p->grant);

    return sizeof(*h) + h->programs * sizeof(struct table_program) +
           (table_program(name)->grant + k) * sizeof(struct table_grant) + field;
}

static size_t texts_at(void)
{
    const struct table_header *h = (const struct table_header *)(const void *)shipped;

    return shipped_bytes - h->text_bytes;
}

/* The table with one number of `width` bytes changed is refused with these words. */
static void check_refused(size_t at, unsigned width, uint64_t value, const char *words)
{
    uint8_t *table = copy_of(shipped, shipped_bytes);

    memcpy(table + at, &value, width);
    CHECK_SAY(!description_read(&description, table, shipped_bytes, &trouble) &&
                  strstr(trouble.what, words) != NULL,
              "%lx at %zu, expected '%s': %s", value, at, words,
              trouble.what != NULL ? trouble.what : "accepted");
    free(table);
    description_read(&description, shipped, shipped_bytes, &trouble);
}

#define HEADER(field) header_at(offsetof(struct table_header, field))
#define PROGRAM(name, field) program_at(name, offsetof(struct table_program, field))
#define GRANT(name, cap, field) grant_at(name, cap, offsetof(struct table_grant, field))

TEST(table_damaged_header, "a table whose header is damaged is refused in words")
{
    static const char *const sums = "do not add up";
    const struct table_header *all = (const struct table_header *)(const void *)shipped;

    if (!load() || !CHECK(description_read(&description, shipped, shipped_bytes, &trouble))) {
        return;
    }
    check_refused(HEADER(magic), 4, 0, "no table of this version");
    check_refused(HEADER(version), 4, DESC_VERSION + 1, "no table of this version");
    check_refused(HEADER(bytes), 4, shipped_bytes - 8, sums);
    check_refused(HEADER(programs), 4, 0, sums);
    check_refused(HEADER(grants), 4, UINT32_MAX, sums);
    /* 2^32 bytes more: as many as there are, if it overflowed. */
    check_refused(HEADER(params), 4, all->params + (1u << 28), sums);
    check_refused(HEADER(endpoints), 4, all->endpoints + (1u << 30), sums);
    check_refused(HEADER(text_bytes), 4, 0, sums);
    check_refused(texts_at(), 1, 'a', "begin and end with NUL");
    check_refused(shipped_bytes - 1, 1, 'a', "begin and end with NUL");
    for (size_t n = 0; n < sizeof(struct table_header); n++) {
        uint8_t *table = copy_of(shipped, n);

        CHECK(!description_read(&description, table, n, &trouble));
        CHECK(strcmp(trouble.what, "it is too short") == 0);
        free(table);
    }
}

TEST(table_empty, "a table without programs is refused, and so is one with too many")
{
    static uint64_t table[(DESC_PROGRAMS + 2) * sizeof(struct table_program) / 8];
    struct table_header *h = (struct table_header *)(void *)table;

    *h = (struct table_header){ .magic = DESC_MAGIC, .version = DESC_VERSION, .text_bytes = 8 };
    for (unsigned more = 0; more < 2; more++) {
        h->programs = more * (DESC_PROGRAMS + 1);
        h->bytes = (uint32_t)(sizeof(*h) + h->programs * sizeof(struct table_program) + 8);
        CHECK(!description_read(&description, table, h->bytes, &trouble));
        CHECK_SAY(strcmp(trouble.what, "it has no programs, or too many") == 0, "%s", trouble.what);
    }
}

TEST(table_textless, "a table without texts is refused before one is looked at")
{
    struct table_header h = { .magic = DESC_MAGIC,
                              .version = DESC_VERSION,
                              .bytes = sizeof(struct table_header) + sizeof(struct table_program),
                              .programs = 1 };
    uint8_t *table = copy_of(shipped, h.bytes);

    memcpy(table, &h, sizeof(h));
    CHECK(!description_read(&description, table, h.bytes, &trouble));
    CHECK_SAY(strstr(trouble.what, "begin and end with NUL") != NULL, "%s", trouble.what);
    free(table);
}

TEST(table_damaged_program, "a program with a number that is out of range is refused in words")
{
    static const char *const text = "a text lies outside";
    static const char *const run = "a run of records lies outside";
    static const char *const range = "a number is out of range";
    const struct table_header *all = (const struct table_header *)(const void *)shipped;

    if (!load() || !CHECK(description_read(&description, shipped, shipped_bytes, &trouble))) {
        return;
    }
    check_refused(PROGRAM("pong", name), 4, shipped_bytes, text);
    check_refused(PROGRAM("pong", name), 4, 0, "a name is empty");
    check_refused(PROGRAM("pong", file), 4, UINT32_MAX, text);
    check_refused(PROGRAM("pong", args), 4, shipped_bytes - texts_at(), text);
    check_refused(PROGRAM("pong", start_word), 4, UINT32_MAX, text);
    check_refused(PROGRAM("citizen", name), 4, table_program("hello")->args, text); /* too long */
    check_refused(PROGRAM("citizen", part_of), 4, DESC_PROGRAMS, "a part of no program");
    check_refused(PROGRAM("pong", priority), 4, 0, range);
    check_refused(PROGRAM("pong", priority), 4, 200, range);
    check_refused(PROGRAM("pong", stack_pages), 4, 0, range);
    check_refused(PROGRAM("pong", stack_pages), 4, DESC_STACK_MAX + 1, range);
    check_refused(PROGRAM("pong", slice), 8, 9999, range);
    check_refused(PROGRAM("pong", slice), 8, UINT64_MAX, range);
    check_refused(PROGRAM("pong", memory), 8, 0, range);
    check_refused(PROGRAM("pong", restarts), 4, DESC_RESTARTS_MAX + 1, range);
    check_refused(PROGRAM("pong", within), 8, UINT64_MAX, range);
    check_refused(PROGRAM("pong", after), 8, UINT64_MAX, range);
    check_refused(PROGRAM("pong", endpoint), 4, UINT32_MAX, run);
    check_refused(PROGRAM("pong", endpoints), 4, DESC_ENDPOINTS + 1, run);
    check_refused(PROGRAM("shell", grant), 4, UINT32_MAX, run);
    check_refused(PROGRAM("shell", grants), 4, DESC_CAPS + 1, run);
    check_refused(PROGRAM("bench", endpoints), 4, 3, "no registers");
    check_refused(PROGRAM("console", param), 4, UINT32_MAX, run);
    check_refused(PROGRAM("console", param), 4, all->params, run); /* it begins at the end */
    check_refused(PROGRAM("console", grant), 4, all->grants - 1, run);
    check_refused(PROGRAM("console", params), 4, DESC_PARAMS + 1, run);
}

TEST(table_damaged_grant, "a capability of no kind, of nobody, or with a number out of range is "
                          "refused in words")
{
    static const char *const range = "a number is out of range";
    static const char *const init = "that nobody is given";

    if (!load() || !CHECK(description_read(&description, shipped, shipped_bytes, &trouble))) {
        return;
    }
    check_refused(GRANT("ping", "pong", name), 4, UINT32_MAX, "a text lies outside");
    check_refused(GRANT("ping", "pong", kind), 4, GRANT_KINDS, "of no kind");
    check_refused(GRANT("ping", "pong", kind), 4, UINT32_MAX, "of no kind");
    check_refused(GRANT("ping", "pong", program), 4, DESC_PROGRAMS, "that it does not have");
    check_refused(GRANT("ping", "pong", endpoint), 4, 1, "that its program does not have");
    check_refused(GRANT("shell", "programs", endpoint), 4, INIT_EP_EXIT, init);
    check_refused(GRANT("shell", "programs", kind), 4, GRANT_NOTICE, init);
    check_refused(GRANT("shell", "programs", kind), 4, GRANT_PROCESS, init);
    check_refused(GRANT("shell", "console", a), 8, 1ull << 32, range);
    check_refused(GRANT("console", "irq", a), 8, DESC_IRQ_MAX + 1, range);
    check_refused(GRANT("console", "ports", a), 8, 0x400, range);
    check_refused(GRANT("console", "ports", b), 8, 0x10000, range);
    check_refused(GRANT("fault", "memory", a), 8, 0, range);
    check_refused(GRANT("fault", "memory", a), 8, DESC_RANGE_MAX + 1, range);
    check_refused(GRANT("bench", "bank", a), 8, DESC_MEMORY_MAX + 1, range);
}

/* ---- any damage ------------------------------------------------------------------------------ */

/* Does a text lie in the table, and is it no longer than that? */
static bool is_inside(const uint8_t *table, size_t bytes, const char *text, size_t most)
{
    const uint8_t *at = (const uint8_t *)text;

    return at >= table && at < table + bytes && strlen(text) <= most;
}

static bool grant_is_sound(const uint8_t *table, size_t bytes, const struct grant *g)
{
    bool names = g->kind == GRANT_ENTRY || g->kind == GRANT_NOTICE || g->kind == GRANT_PROCESS;

    if (!is_inside(table, bytes, g->name, DESC_WORD) || g->kind >= GRANT_KINDS) {
        return false;
    }
    if (!names || g->program == DESC_INIT) {
        return !names || g->endpoint_index < INIT_EPS;
    }
    return g->program >= 0 && (unsigned)g->program < description.programs &&
           (g->kind == GRANT_PROCESS ||
            g->endpoint_index < description.program[g->program].endpoints);
}

/* Is everything that init would use of an accepted table inside of it and in range? */
static bool program_is_sound(const uint8_t *table, size_t bytes, const struct program *p)
{
    bool sound = is_inside(table, bytes, p->name, DESC_NAME) &&
                 is_inside(table, bytes, p->file, DESC_WORD) &&
                 is_inside(table, bytes, p->args, DESC_ARGS) &&
                 is_inside(table, bytes, p->start_word, DESC_WORD) &&
                 is_inside(table, bytes, p->part_of, DESC_NAME) && p->priority >= 1 &&
                 p->priority <= DESC_PRIORITY_MAX && p->stack_pages <= DESC_STACK_MAX &&
                 p->endpoints <= DESC_ENDPOINTS && p->grants <= DESC_CAPS &&
                 p->params <= DESC_PARAMS;

    for (unsigned k = 0; sound && k < p->endpoints; k++) {
        sound = is_inside(table, bytes, p->endpoint[k], DESC_WORD);
    }
    for (unsigned k = 0; sound && k < p->grants; k++) {
        sound = grant_is_sound(table, bytes, &p->grant[k]);
    }
    for (unsigned k = 0; sound && k < p->params; k++) {
        sound = is_inside(table, bytes, p->param[k].name, DESC_WORD);
    }
    return sound;
}

/* A number that is likely to be looked at wrongly. */
static uint32_t odd_number(void)
{
    static const uint32_t odd[] = { 0, 1, 63, 64, 65, UINT32_MAX, UINT32_MAX - 1, 1u << 31 };

    switch (unit_random(3)) {
    case 0:
        return odd[unit_random(sizeof(odd) / sizeof(odd[0]))];
    case 1:
        return (uint32_t)unit_random(shipped_bytes + 16);
    default:
        return (uint32_t)unit_random(1ull << 32);
    }
}

/* Change words and bytes of a table, most often few. */
static void damage(uint8_t *table, size_t bytes)
{
    for (uint64_t n = 1 + unit_random(unit_once_in(8) ? 50 : 3); n > 0; n--) {
        if (unit_once_in(4)) {
            table[unit_random(bytes)] = (uint8_t)unit_random(256);
        } else {
            uint32_t value = odd_number();

            memcpy(table + 4 * unit_random(bytes / 4), &value, sizeof(value));
        }
    }
}

TEST(table_random, "no damage to a table leads outside of it: it is refused, or it is sound")
{
    uint64_t rounds = unit_rounds(20000);
    uint64_t accepted = 0;

    if (!load()) {
        return;
    }
    unit_random_seed(unit_seed(1));
    for (uint64_t i = 0; i < rounds && unit_failures() == 0; i++) {
        size_t bytes = unit_once_in(20) ? unit_random(shipped_bytes) : shipped_bytes;
        uint8_t *table = copy_of(shipped, bytes);

        if (bytes >= 4) {
            damage(table, bytes);
        }
        if (description_read(&description, table, bytes, &trouble)) {
            accepted++;
            for (unsigned k = 0; k < description.programs; k++) {
                CHECK_SAY(program_is_sound(table, bytes, &description.program[k]),
                          "round %lu: program %u", i, k);
            }
        } else {
            CHECK(trouble.what != NULL && trouble.program <= DESC_PROGRAMS);
        }
        free(table);
    }
    CHECK_SAY(accepted > 0 && accepted < rounds, "%lu of %lu were accepted", accepted, rounds);
}

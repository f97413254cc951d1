/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The checker of programs in init: a program made here is accepted, each way of spoiling it is
 * refused in words, and what is accepted after random damage is still safe to load.
 */
#include "unit.h"

#include "user/servers/init/elf.c"

#include <stdlib.h>
#include <string.h>

#define LOW 0x400000ull
#define HIGH 0x40000000ull

enum { TEXT, DATA, SEGMENTS };

/* A program of two segments with a symbol. */
struct sample {
    struct elf_header header;
    struct elf_program_header segment[SEGMENTS];
    struct elf_section_header section[3];
    struct elf_symbol_entry symbol[2];
    uint8_t code[64] __attribute__((aligned(4096))); /* as it lies in memory */
    char names[16] __attribute__((aligned(4096)));
};
/* The tables stand in front; what is behind them up to the code is nothing. */
#define TABLES_END (offsetof(struct sample, symbol) + sizeof(((struct sample *)0)->symbol))

static struct sample make_sample(void)
{
    struct sample s = {
        .header = { .ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
                    .type = ELF_EXEC,
                    .machine = ELF_X86_64,
                    .version = 1,
                    .entry = LOW + 8,
                    .program_headers = offsetof(struct sample, segment),
                    .section_headers = offsetof(struct sample, section),
                    .header_size = sizeof(struct elf_header),
                    .program_header_size = sizeof(struct elf_program_header),
                    .program_header_count = SEGMENTS,
                    .section_header_size = sizeof(struct elf_section_header),
                    .section_header_count = 3 },
        .segment = { [TEXT] = { .type = ELF_LOAD,
                                .flags = SEGMENT_X | 4,
                                .offset = offsetof(struct sample, code),
                                .address = LOW,
                                .file_size = 64,
                                .memory_size = 64 },
                     [DATA] = { .type = ELF_LOAD,
                                .flags = SEGMENT_W | 4,
                                .offset = offsetof(struct sample, names),
                                .address = LOW + PAGE,
                                .file_size = 16,
                                .memory_size = 3 * PAGE } },
        .section = { [1] = { .type = SECTION_SYMTAB,
                             .offset = offsetof(struct sample, symbol),
                             .size = sizeof(struct elf_symbol_entry) * 2,
                             .link = 2 },
                     [2] = { .type = 3, .offset = offsetof(struct sample, names), .size = 16 } },
        .symbol = { [1] = { .name = 1,
                            .info = SYMBOL_FUNC,
                            .section = 1,
                            .value = LOW + 8,
                            .size = 16 } },
        .names = "\0begin",
    };

    return s;
}

/* Check a copy that ends where the file does, so that reading on is seen. */
static const char *check(const void *file, size_t n, struct elf_program *out)
{
    void *exact = malloc(n > 0 ? n : 1);

    memcpy(exact, file, n);
    const char *wrong = elf_check(out, exact, n, LOW, HIGH);

    free(exact);
    return wrong;
}

TEST(user_elf_good, "a good program is accepted, with its segments and its symbol")
{
    struct sample s = make_sample();
    struct elf_program p;
    char name[8];
    uint64_t offset = 0;
    uint64_t address = 0;
    uint8_t byte = 1;

    CHECK(check(&s, sizeof(s), &p) == NULL);
    CHECK_EQUAL(p.segments, 2);
    CHECK_EQUAL(p.entry, LOW + 8);
    CHECK(p.segment[0].exec && !p.segment[0].write && p.segment[1].write && !p.segment[1].exec);
    CHECK(elf_find(&s, sizeof(s), "begin", &address));
    CHECK_EQUAL(address, LOW + 8);
    CHECK(!elf_find(&s, sizeof(s), "begi", &address));
    CHECK(!elf_find(&s, sizeof(s), "begins", &address));
    CHECK(elf_byte(&p, &s, LOW + PAGE + 1, &byte) && byte == 'b');
    CHECK(elf_byte(&p, &s, LOW + PAGE + 16, &byte) && byte == 0);
    CHECK(!elf_byte(&p, &s, LOW + 4 * PAGE, &byte) && !elf_byte(&p, &s, LOW - 1, &byte));
    CHECK(elf_symbol(&s, sizeof(s), LOW + 11, name, sizeof(name), &offset));
    CHECK(strcmp(name, "begin") == 0);
    CHECK_EQUAL(offset, 3);
    CHECK(!elf_symbol(&s, sizeof(s), LOW + 24, name, sizeof(name), &offset));
    CHECK(!elf_symbol(&s, sizeof(s), LOW, name, sizeof(name), &offset));
}

TEST(user_elf_refused, "each way of spoiling a program is refused in words")
{
    struct elf_program p;
    struct sample s;
    const char *wrong;

#define SPOILED(change, words)                                                                     \
    do {                                                                                           \
        s = make_sample();                                                                         \
        change;                                                                                    \
        wrong = check(&s, sizeof(s), &p);                                                          \
        CHECK_SAY(wrong != NULL && strstr(wrong, words) != NULL, "%s: '%s'", #change,              \
                  wrong != NULL ? wrong : "accepted");                                             \
    } while (0)

    SPOILED(s.header.ident[1] = 'e', "no ELF file");
    SPOILED(s.header.ident[4] = 1, "not 64-bit");
    SPOILED(s.header.machine = 3, "another machine");
    SPOILED(s.header.type = 3, "fixed addresses");
    SPOILED(s.header.program_headers = UINT64_MAX - 8, "table of segments");
    SPOILED(s.header.program_header_count = 0, "table of segments");
    SPOILED(s.header.entry = LOW + PAGE, "outside its code");
    SPOILED(s.segment[TEXT].offset = UINT64_MAX, "end of the file");
    SPOILED(s.segment[DATA].file_size = sizeof(s), "end of the file");
    SPOILED(s.segment[DATA].memory_size = 15, "larger in the file");
    SPOILED(s.segment[DATA].memory_size = UINT64_MAX, "outside the addresses");
    SPOILED(s.segment[TEXT].address = LOW - PAGE, "outside the addresses");
    SPOILED(s.segment[TEXT].address = HIGH, "outside the addresses");
    SPOILED(s.segment[DATA].flags |= SEGMENT_X, "both writable and executable");
    SPOILED(s.segment[DATA].address = LOW, "share a page");
    SPOILED(s.segment[DATA].type = ELF_INTERP, "dynamic linker");
    SPOILED(s.segment[TEXT].offset += 8, "does not lie in the file as in memory");
    SPOILED(s.segment[DATA].address += 16, "does not lie in the file as in memory");
    SPOILED((s.segment[TEXT].type = 0, s.segment[DATA].type = 0), "nothing to load");
    for (size_t n = 0; n < sizeof(struct elf_header); n += 7) {
        s = make_sample();
        CHECK(check(&s, n, &p) != NULL);
    }
}

/* Is it refused in words, or safe to load? The copy ends where the file does. */
static bool refused_or_safe(const void *file, size_t n, unsigned *accepted)
{
    uint8_t *exact = malloc(n > 0 ? n : 1);
    struct elf_program p;
    char name[16];
    uint64_t offset;
    uint8_t byte = 0;
    const char *wrong;
    bool safe = true;

    memcpy(exact, file, n);
    wrong = elf_check(&p, exact, n, LOW, HIGH);
    for (unsigned k = 0; wrong == NULL && k < p.segments; k++) {
        const struct elf_segment *g = &p.segment[k];

        safe = safe && g->offset <= n && g->file_size <= n - g->offset &&
               g->file_size <= g->memory_size && !(g->write && g->exec) && g->address >= LOW &&
               g->memory_size <= HIGH - g->address && g->address % PAGE == g->offset % PAGE;
        for (unsigned j = 0; j < k; j++) {
            safe = safe &&
                   (p.segment[j].address + p.segment[j].memory_size - 1) / PAGE < g->address / PAGE;
        }
    }
    *accepted += wrong == NULL;
    safe = safe && (wrong == NULL || wrong[0] != '\0');
    for (uint64_t at = LOW; at < LOW + 64; at += 8) {
        elf_symbol(exact, n, at, name, sizeof(name), &offset);
    }
    elf_find(exact, n, "begin", &offset);
    for (uint64_t at = LOW - PAGE; wrong == NULL && at < LOW + 4 * PAGE; at += 512) {
        elf_byte(&p, exact, at, &byte);
    }
    free(exact);
    return safe;
}

TEST(user_elf_cut, "a program cut off at any byte is refused, or as safe to load as before")
{
    struct sample s = make_sample();
    unsigned accepted = 0;

    for (size_t n = 0; n < sizeof(s); n++) {
        CHECK_SAY(refused_or_safe(&s, n, &accepted), "cut at %zu", n);
    }
    CHECK(accepted > 0 && accepted < PAGE); /* only its last page can be missing in part */
}

TEST(user_elf_fields, "each field of the tables, wrong in turn in many ways")
{
    static const uint64_t values[] = { 0,
                                       1,
                                       2,
                                       7,
                                       0x7f,
                                       0x80,
                                       0xff,
                                       0xffff,
                                       PAGE - 1,
                                       PAGE,
                                       LOW - 1,
                                       LOW,
                                       HIGH,
                                       0x7fffffff,
                                       0xffffffff,
                                       0x00007fffffffffff,
                                       0xffff800000000000,
                                       0xfffffffffffff000,
                                       0x8000000000000000,
                                       UINT64_MAX };
    unsigned accepted = 0;
    unsigned tried = 0;

    for (size_t at = 0; at < TABLES_END; at++) {
        for (size_t width = 1; width <= 8 && at + width <= TABLES_END; width *= 2) {
            for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                struct sample s = make_sample();

                memcpy((uint8_t *)&s + at, &values[v], width);
                CHECK_SAY(refused_or_safe(&s, sizeof(s), &accepted), "%zu bytes at %zu: %#lx",
                          width, at, (unsigned long)values[v]);
                tried++;
            }
        }
    }
    CHECK(accepted > 0 && accepted < tried);
}

TEST(user_elf_random, "what is accepted after random damage is safe to load")
{
    uint64_t rounds = unit_rounds(50000);
    unsigned accepted = 0;

    unit_random_seed(unit_seed(1));
    for (uint64_t i = 0; i < rounds && unit_failures() == 0; i++) {
        struct sample s = make_sample();
        size_t n = unit_once_in(8) ? (size_t)unit_random(sizeof(s)) : sizeof(s);

        for (uint64_t k = unit_random(4); k > 0; k--) {
            ((uint8_t *)&s)[unit_random(TABLES_END)] = (uint8_t)unit_random(256);
        }
        CHECK(refused_or_safe(&s, n, &accepted));
    }
    CHECK(accepted > 0);
}

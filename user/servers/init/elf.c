/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading ELF64 programs; see elf.h. The layouts are those of the System V gABI, chapters 4 and 5.
 *
 * Structures are copied out of the file before they are looked at: nothing says that they are
 * aligned there.
 */
#include "elf.h"

#define PAGE 4096u

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

struct elf_section_header {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t align, entry_size;
};

struct elf_symbol_entry {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

_Static_assert(sizeof(struct elf_header) == 64, "ELF header");
_Static_assert(sizeof(struct elf_program_header) == 56, "ELF program header");
_Static_assert(sizeof(struct elf_section_header) == 64, "ELF section header");
_Static_assert(sizeof(struct elf_symbol_entry) == 24, "ELF symbol");

enum { ELF_EXEC = 2, ELF_X86_64 = 62, ELF_LOAD = 1, ELF_DYNAMIC = 2, ELF_INTERP = 3, ELF_TLS = 7 };
enum { SEGMENT_X = 1, SEGMENT_W = 2 };
enum { SECTION_SYMTAB = 2, SYMBOL_FUNC = 2 };

/* The file, as bytes. */
struct bytes {
    const uint8_t *at;
    size_t len;
};

/* Do `n` bytes at `offset` lie in the file? */
static bool lies_in(struct bytes f, uint64_t offset, uint64_t n)
{
    return offset <= f.len && n <= f.len - offset;
}

/* Copy a structure out of the file; the caller knows that it lies in it. */
static void take(struct bytes f, uint64_t offset, void *to, size_t n)
{
    uint8_t *out = to;

    for (size_t i = 0; i < n; i++) {
        out[i] = f.at[offset + i];
    }
}

static const char *check_header(struct bytes f, struct elf_header *h)
{
    if (!lies_in(f, 0, sizeof(*h))) {
        return "the file is too short to be a program";
    }
    take(f, 0, h, sizeof(*h));
    if (h->ident[0] != 0x7f || h->ident[1] != 'E' || h->ident[2] != 'L' || h->ident[3] != 'F') {
        return "the file is no ELF file";
    }
    if (h->ident[4] != 2 || h->ident[5] != 1 || h->ident[6] != 1) {
        return "the file is not 64-bit little-endian ELF, version 1";
    }
    if (h->machine != ELF_X86_64) {
        return "the program is for another machine than x86-64";
    }
    if (h->type != ELF_EXEC) {
        return "the file is not a program linked to fixed addresses";
    }
    if (h->program_header_size != sizeof(struct elf_program_header) ||
        h->program_header_count == 0 ||
        !lies_in(f, h->program_headers,
                 (uint64_t)h->program_header_count * h->program_header_size)) {
        return "the table of segments is damaged";
    }
    return NULL;
}

static const char *check_segment(struct bytes f, const struct elf_program_header *ph, uint64_t low,
                                 uint64_t high)
{
    if (!lies_in(f, ph->offset, ph->file_size)) {
        return "a segment reaches beyond the end of the file";
    }
    if (ph->file_size > ph->memory_size) {
        return "a segment is larger in the file than in memory";
    }
    if (ph->address < low || ph->address >= high || ph->memory_size > high - ph->address) {
        return "a segment lies outside the addresses that programs may use";
    }
    if (ph->address % PAGE != ph->offset % PAGE) {
        return "a segment does not lie in the file as in memory: its pages cannot be mapped";
    }
    if ((ph->flags & SEGMENT_W) != 0 && (ph->flags & SEGMENT_X) != 0) {
        return "a segment is both writable and executable";
    }
    return NULL;
}

/* Put a segment into its place by address; refuses one that shares a page with its neighbours. */
static const char *insert_segment(struct elf_program *out, const struct elf_segment *s)
{
    unsigned i = out->segments;

    if (i == ELF_SEGMENTS) {
        return "the program has too many segments";
    }
    while (i > 0 && out->segment[i - 1].address > s->address) {
        out->segment[i] = out->segment[i - 1];
        i--;
    }
    out->segment[i] = *s;
    out->segments++;
    for (i = 1; i < out->segments; i++) {
        const struct elf_segment *before = &out->segment[i - 1];
        uint64_t end = (before->address + before->memory_size + PAGE - 1) / PAGE;

        if (end > out->segment[i].address / PAGE) {
            return "two segments share a page";
        }
    }
    return NULL;
}

const char *elf_check(struct elf_program *out, const void *file, size_t bytes, uint64_t low,
                      uint64_t high)
{
    struct bytes f = { file, bytes };
    struct elf_header h;
    const char *wrong = check_header(f, &h);
    bool entry_good = false;

    *out = (struct elf_program){ .entry = h.entry };
    if (wrong != NULL) {
        return wrong;
    }
    for (unsigned i = 0; i < h.program_header_count; i++) {
        struct elf_program_header ph;

        take(f, h.program_headers + (uint64_t)i * sizeof(ph), &ph, sizeof(ph));
        if (ph.type == ELF_DYNAMIC || ph.type == ELF_INTERP) {
            return "the program needs a dynamic linker";
        }
        if (ph.type == ELF_TLS && ph.memory_size != 0) {
            return "the program has thread-local storage, which is not supported";
        }
        if (ph.type != ELF_LOAD || ph.memory_size == 0) {
            continue;
        }
        wrong = check_segment(f, &ph, low, high);
        if (wrong == NULL) {
            wrong = insert_segment(out, &(struct elf_segment){
                                            .address = ph.address,
                                            .memory_size = ph.memory_size,
                                            .offset = ph.offset,
                                            .file_size = ph.file_size,
                                            .write = (ph.flags & SEGMENT_W) != 0,
                                            .exec = (ph.flags & SEGMENT_X) != 0,
                                        });
        }
        if (wrong != NULL) {
            return wrong;
        }
        if ((ph.flags & SEGMENT_X) != 0 && h.entry >= ph.address &&
            h.entry - ph.address < ph.file_size) {
            entry_good = true;
        }
    }
    if (out->segments == 0) {
        return "the program has nothing to load";
    }
    return entry_good ? NULL : "the program begins outside its code";
}

/* The section header of index `i`; the caller knows that the table of sections lies in the file. */
static bool take_section(struct bytes f, const struct elf_header *h, uint64_t i,
                         struct elf_section_header *out)
{
    if (i >= h->section_header_count) {
        return false;
    }
    take(f, h->section_headers + i * sizeof(*out), out, sizeof(*out));
    return true;
}

/* Copy the name at `offset` of a string section. */
static bool take_name(struct bytes f, const struct elf_section_header *strings, uint64_t offset,
                      char *name, size_t name_size)
{
    size_t n = 0;

    while (offset + n < strings->size && n + 1 < name_size) {
        char c = (char)f.at[strings->offset + offset + n];

        if (c < ' ' || c > '~') {
            break;
        }
        name[n++] = c;
    }
    name[n] = '\0';
    return n > 0;
}

/* The symbols of a file, and their names. False: it has none. */
static bool take_symbols(struct bytes f, struct elf_section_header *table,
                         struct elf_section_header *strings)
{
    struct elf_header h;
    uint64_t i = 0;

    if (check_header(f, &h) != NULL || h.section_header_size != sizeof(*table) ||
        !lies_in(f, h.section_headers, (uint64_t)h.section_header_count * sizeof(*table))) {
        return false;
    }
    while (take_section(f, &h, i, table) && table->type != SECTION_SYMTAB) {
        i++;
    }
    return take_section(f, &h, i, table) && take_section(f, &h, table->link, strings) &&
           lies_in(f, table->offset, table->size) && lies_in(f, strings->offset, strings->size);
}

bool elf_symbol(const void *file, size_t bytes, uint64_t address, char *name, size_t name_size,
                uint64_t *offset)
{
    struct bytes f = { file, bytes };
    struct elf_section_header table;
    struct elf_section_header strings;

    if (!take_symbols(f, &table, &strings)) {
        return false;
    }
    for (uint64_t k = 0; k < table.size / sizeof(struct elf_symbol_entry); k++) {
        struct elf_symbol_entry s;

        take(f, table.offset + k * sizeof(s), &s, sizeof(s));
        if ((s.info & 15) == SYMBOL_FUNC && address >= s.value && address - s.value < s.size) {
            *offset = address - s.value;
            return take_name(f, &strings, s.name, name, name_size);
        }
    }
    return false;
}

/* Is the name at `offset` of a string section this one? */
static bool name_is(struct bytes f, const struct elf_section_header *strings, uint64_t offset,
                    const char *wanted)
{
    for (uint64_t n = 0; offset < strings->size && n < strings->size - offset; n++) {
        if ((char)f.at[strings->offset + offset + n] != wanted[n]) {
            return false;
        }
        if (wanted[n] == '\0') {
            return true;
        }
    }
    return false;
}

bool elf_find(const void *file, size_t bytes, const char *wanted, uint64_t *address)
{
    struct bytes f = { file, bytes };
    struct elf_section_header table;
    struct elf_section_header strings;

    if (!take_symbols(f, &table, &strings)) {
        return false;
    }
    for (uint64_t k = 0; k < table.size / sizeof(struct elf_symbol_entry); k++) {
        struct elf_symbol_entry s;

        take(f, table.offset + k * sizeof(s), &s, sizeof(s));
        if (s.section != 0 && name_is(f, &strings, s.name, wanted)) {
            *address = s.value;
            return true;
        }
    }
    return false;
}

bool elf_byte(const struct elf_program *program, const void *file, uint64_t address, uint8_t *out)
{
    for (unsigned i = 0; i < program->segments; i++) {
        const struct elf_segment *s = &program->segment[i];
        uint64_t at = address - s->address;

        if (address >= s->address && at < s->memory_size) {
            *out = at < s->file_size ? ((const uint8_t *)file)[s->offset + at] : 0;
            return true;
        }
    }
    return false;
}

const struct elf_segment *elf_code_at(const struct elf_program *program, uint64_t address)
{
    for (unsigned i = 0; i < program->segments; i++) {
        const struct elf_segment *s = &program->segment[i];

        if (s->exec && address >= s->address && address - s->address < s->file_size) {
            return s;
        }
    }
    return NULL;
}

uint8_t elf_code_byte(const struct elf_program *program, const void *file, uint64_t address)
{
    const struct elf_segment *s = elf_code_at(program, address);

    return s != NULL ? ((const uint8_t *)file)[s->offset + (address - s->address)] : 0;
}

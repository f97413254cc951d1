/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading the archive (<abi/archive.h>) and an ELF64 executable in it. Both came from outside:
 * every offset and length is checked against what is there before it is used, in a form that cannot
 * overflow, and everything that can be wrong has its own words.
 */
#include <abi/archive.h>
#include <abi/invoke.h>
#include <kernel/archive.h>
#include <kernel/string.h>

const char *image_error_text(enum image_error e)
{
    static const char *const text[IMAGE_ERRORS] = {
        [IMAGE_OK] = "nothing is wrong",
        [IMAGE_NO_ARCHIVE] = "no archive of programs was given (GRUB: module2, QEMU: -initrd)",
        [IMAGE_TOO_SHORT] = "the archive is too short to have a header",
        [IMAGE_MAGIC] = "what was given as archive is none: its first bytes are not LYKARCH",
        [IMAGE_VERSION] = "the archive is of a version that this kernel does not read",
        [IMAGE_SIZE] = "the archive says a size that is not a whole number of pages, or none",
        [IMAGE_TOO_LARGE] = "the archive is larger than 512 MiB",
        [IMAGE_TRUNCATED] =
            "the archive is truncated: it says that it is longer than what was given",
        [IMAGE_CHECKSUM] = "the archive is corrupt: its checksum is wrong",
        [IMAGE_ENTRIES] = "the archive says more entries than there can be",
        [IMAGE_ENTRY_NAME] = "an entry of the archive has no name, or one without an end",
        [IMAGE_ENTRY_PLACE] = "an entry of the archive lies outside it or not on a page boundary",
        [IMAGE_NO_INIT] = "there is no program 'init' in the archive",
        [IMAGE_NOT_ELF] = "init is not an ELF64 file",
        [IMAGE_NOT_X86_64] = "init is not for x86-64",
        [IMAGE_NOT_STATIC] = "init is not a static executable",
        [IMAGE_ELF_HEADERS] = "init's program headers lie outside its file or have the wrong size",
        [IMAGE_NO_SEGMENTS] = "init has no segments to load",
        [IMAGE_SEGMENT_COUNT] = "init has more than 16 segments to load",
        [IMAGE_SEGMENT_FILE] =
            "a segment of init lies outside its file, or is shorter than its data",
        [IMAGE_SEGMENT_ADDRESS] = "a segment of init lies outside the addresses where programs go",
        [IMAGE_SEGMENT_OVERLAP] = "two segments of init share a page or are out of order",
        [IMAGE_SEGMENT_WX] = "a segment of init is both writable and executable",
        [IMAGE_ENTRY_POINT] = "the entry point of init is not in an executable segment",
        [IMAGE_NO_MEMORY] = "too little memory to load init",
    };

    return e < IMAGE_ERRORS ? text[e] : "?";
}

/* CRC-32 of IEEE 802.3: polynomial 0x04c11db7, least significant bit first. */
static uint32_t crc32(const uint8_t *data, uint64_t n)
{
    uint32_t table[256];
    uint32_t crc = UINT32_MAX;

    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (unsigned bit = 0; bit < 8; bit++) {
            c = (c & 1) != 0 ? c >> 1 ^ 0xedb88320u : c >> 1;
        }
        table[i] = c;
    }
    for (uint64_t i = 0; i < n; i++) {
        crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
    }
    return ~crc;
}

static const struct lk_archive_entry *entry_table(const void *data)
{
    return (const struct lk_archive_entry *)((const struct lk_archive_header *)data + 1);
}

static enum image_error check_entry(const struct lk_archive_header *h,
                                    const struct lk_archive_entry *e)
{
    if (e->name[0] == '\0' || strnlen(e->name, LK_ARCHIVE_NAME) == LK_ARCHIVE_NAME) {
        return IMAGE_ENTRY_NAME;
    }
    if ((e->offset & PAGE_MASK) != 0 || e->offset > h->total_bytes ||
        e->bytes > h->total_bytes - e->offset) {
        return IMAGE_ENTRY_PLACE;
    }
    return IMAGE_OK;
}

enum image_error archive_check(const void *data, uint64_t bytes)
{
    const struct lk_archive_header *h = data;

    if (bytes == 0) {
        return IMAGE_NO_ARCHIVE;
    }
    if (bytes < sizeof(*h)) {
        return IMAGE_TOO_SHORT;
    }
    if (h->magic != LK_ARCHIVE_MAGIC) {
        return IMAGE_MAGIC;
    }
    if (h->version != LK_ARCHIVE_VERSION) {
        return IMAGE_VERSION;
    }
    if (h->total_bytes == 0 || (h->total_bytes & PAGE_MASK) != 0) {
        return IMAGE_SIZE;
    }
    if (h->total_bytes > ARCHIVE_MAX_BYTES) {
        return IMAGE_TOO_LARGE;
    }
    if (h->total_bytes > bytes) {
        return IMAGE_TRUNCATED;
    }
    if (crc32((const uint8_t *)data + sizeof(*h), h->total_bytes - sizeof(*h)) != h->crc32) {
        return IMAGE_CHECKSUM;
    }
    if (h->entries > LK_ARCHIVE_MAX_ENTRIES ||
        sizeof(*h) + h->entries * sizeof(struct lk_archive_entry) > h->total_bytes) {
        return IMAGE_ENTRIES;
    }
    for (uint32_t i = 0; i < h->entries; i++) {
        enum image_error e = check_entry(h, &entry_table(data)[i]);

        if (e != IMAGE_OK) {
            return e;
        }
    }
    return IMAGE_OK;
}

bool archive_find(const void *data, const char *name, struct image_file *out)
{
    const struct lk_archive_header *h = data;

    for (uint32_t i = 0; i < h->entries; i++) {
        const struct lk_archive_entry *e = &entry_table(data)[i];

        if (strcmp(e->name, name) == 0) {
            *out = (struct image_file){ (const uint8_t *)data + e->offset, e->bytes };
            return true;
        }
    }
    return false;
}

/* --- ELF64: names and numbers of the System V ABI --- */

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
STATIC_ASSERT(sizeof(struct elf_header) == 64, "ELF64 header");

struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
STATIC_ASSERT(sizeof(struct elf_phdr) == 56, "ELF64 program header");

#define ELF_CLASS_64 2
#define ELF_LITTLE_ENDIAN 1
#define ELF_EXECUTABLE 2
#define ELF_X86_64 62
#define ELF_PT_LOAD 1
#define ELF_PT_DYNAMIC 2
#define ELF_PT_INTERP 3
#define ELF_PF_X 1u
#define ELF_PF_W 2u

static uva_t page_end(uva_t a)
{
    return (a + PAGE_MASK) & ~(uva_t)PAGE_MASK;
}

static enum image_error check_elf_header(const struct image_file *file, struct elf_header *h)
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', ELF_CLASS_64, ELF_LITTLE_ENDIAN, 1 };

    if (file->bytes < sizeof(*h)) {
        return IMAGE_NOT_ELF;
    }
    memcpy(h, file->data, sizeof(*h));
    if (memcmp(h->ident, ident, sizeof(ident)) != 0) {
        return IMAGE_NOT_ELF;
    }
    if (h->machine != ELF_X86_64) {
        return IMAGE_NOT_X86_64;
    }
    if (h->type != ELF_EXECUTABLE) {
        return IMAGE_NOT_STATIC;
    }
    if (h->phentsize != sizeof(struct elf_phdr) || h->phoff > file->bytes ||
        h->phnum * sizeof(struct elf_phdr) > file->bytes - h->phoff) {
        return IMAGE_ELF_HEADERS;
    }
    return IMAGE_OK;
}

/* Check one segment, and add it to what was found before. */
static enum image_error take_segment(const struct image_file *file, const struct elf_phdr *ph,
                                     uva_t low, uva_t high, struct elf_program *out)
{
    if (out->segments == ELF_SEGMENTS) {
        return IMAGE_SEGMENT_COUNT;
    }
    if (ph->filesz > ph->memsz || ph->offset > file->bytes ||
        ph->filesz > file->bytes - ph->offset) {
        return IMAGE_SEGMENT_FILE;
    }
    if (ph->vaddr < low || ph->vaddr > high || ph->memsz > high - ph->vaddr) {
        return IMAGE_SEGMENT_ADDRESS;
    }
    if ((ph->flags & ELF_PF_W) != 0 && (ph->flags & ELF_PF_X) != 0) {
        return IMAGE_SEGMENT_WX;
    }
    if (out->segments > 0) {
        const struct elf_segment *before = &out->segment[out->segments - 1];

        if (ph->vaddr < page_end(before->start + before->bytes)) {
            return IMAGE_SEGMENT_OVERLAP;
        }
    }
    out->segment[out->segments++] = (struct elf_segment){
        .start = ph->vaddr,
        .bytes = ph->memsz,
        .data = file->data + ph->offset,
        .data_bytes = ph->filesz,
        .write = (ph->flags & ELF_PF_W) != 0,
        .exec = (ph->flags & ELF_PF_X) != 0,
    };
    return IMAGE_OK;
}

static bool entry_is_executable(const struct elf_program *p)
{
    for (unsigned i = 0; i < p->segments; i++) {
        const struct elf_segment *s = &p->segment[i];

        if (s->exec && p->entry >= s->start && p->entry - s->start < s->bytes) {
            return true;
        }
    }
    return false;
}

enum image_error elf_read(const struct image_file *file, uva_t low, uva_t high,
                          struct elf_program *out)
{
    struct elf_header h;
    enum image_error e = check_elf_header(file, &h);

    if (e != IMAGE_OK) {
        return e;
    }
    *out = (struct elf_program){ .entry = h.entry };
    for (unsigned i = 0; i < h.phnum; i++) {
        struct elf_phdr ph;

        memcpy(&ph, file->data + h.phoff + i * sizeof(ph), sizeof(ph));
        if (ph.type == ELF_PT_DYNAMIC || ph.type == ELF_PT_INTERP) {
            return IMAGE_NOT_STATIC;
        }
        if (ph.type == ELF_PT_LOAD && ph.memsz != 0) {
            e = take_segment(file, &ph, low, high, out);
        }
        if (e != IMAGE_OK) {
            return e;
        }
    }
    if (out->segments == 0) {
        return IMAGE_NO_SEGMENTS;
    }
    return entry_is_executable(out) ? IMAGE_OK : IMAGE_ENTRY_POINT;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checking the archive (<abi/archive.h>). It came from outside: every offset and length is checked
 * against what is there before it is used, in a form that cannot overflow. That init is a sound
 * program is for tools/mkimage to check; here its segments only must not lead out of the archive or
 * out of the addresses where it may be.
 */
#include <kernel/archive.h>

/* CRC-32 of IEEE 802.3: polynomial 0x04c11db7, least significant bit first. */
static uint32_t crc32(const uint8_t *data, uint64_t n)
{
    uint32_t table[256];
    uint32_t crc = UINT32_MAX;

    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (unsigned bit = 0; bit < 8; bit++) {
            table[i] = table[i] >> 1 ^ (table[i] & 1) * 0xedb88320u;
        }
    }
    for (uint64_t i = 0; i < n; i++) {
        crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
    }
    return ~crc;
}

static bool segment_good(const struct lk_archive_header *h, const struct lk_archive_segment *s,
                         uva_t low, uva_t high)
{
    return ((s->start | s->offset) & PAGE_MASK) == 0 && s->data_pages <= s->pages &&
           s->offset <= h->total_bytes &&
           s->data_pages <= (h->total_bytes - s->offset) / PAGE_SIZE &&
           (s->pages == 0 ||
            (s->start >= low && s->start < high && s->pages <= (high - s->start) / PAGE_SIZE));
}

const char *archive_mistake(const struct lk_archive_header *h, uint64_t bytes, uva_t low,
                            uva_t high)
{
    bool init_good;

    if (bytes == 0) {
        return "no archive of programs was given (GRUB: module2, QEMU: -initrd)";
    }
    if (bytes < sizeof(*h)) {
        return "the archive is too short to have a header";
    }
    if (h->magic != LK_ARCHIVE_MAGIC) {
        return "what was given as archive is none: its first bytes are not LYKARCH";
    }
    if (h->version != LK_ARCHIVE_VERSION) {
        return "the archive is of a version that this kernel does not read";
    }
    if (h->total_bytes < sizeof(*h) || (h->total_bytes & PAGE_MASK) != 0 ||
        h->total_bytes > LK_ARCHIVE_MAX_BYTES) {
        return "the archive's size is not a number of whole pages, at most 512 MiB";
    }
    if (h->total_bytes > bytes) {
        return "the archive is truncated: it says that it is longer than what was given";
    }
    if (crc32((const uint8_t *)h + LK_ARCHIVE_UNSUMMED, h->total_bytes - LK_ARCHIVE_UNSUMMED) !=
        h->crc32) {
        return "the archive is corrupt: its checksum is wrong";
    }
    if (h->init_entry == 0) {
        return "there is no program 'init' in the archive";
    }
    init_good = h->init_entry < high;
    for (unsigned i = 0; i < LK_ARCHIVE_SEGMENTS; i++) {
        init_good = init_good && segment_good(h, &h->init[i], low, high);
    }
    return init_good ? NULL : "the archive does not describe its program 'init' properly";
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-test of the archive's check: the mistakes in the header are told from each other. (Good
 * archives are read at every boot.)
 */
#include "selftest.h"

#include <abi/invoke.h>
#include <kernel/archive.h>
#include <kernel/log.h>
#include <kernel/string.h>

static uint8_t bytes[3 * PAGE_SIZE] ALIGNED(PAGE_SIZE);

/* Is this said of an archive in which one field was changed? Its checksum is wrong, but that is
 * looked at behind the others. */
static bool says(const char *what, unsigned at, uint64_t value, unsigned width, uint64_t given)
{
    struct lk_archive_header h = {
        .magic = LK_ARCHIVE_MAGIC,
        .version = LK_ARCHIVE_VERSION,
        .entries = 1,
        .total_bytes = sizeof(bytes),
    };
    char pattern[40];
    const char *said;

    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, &h, sizeof(h));
    memcpy(bytes + at, &value, width);
    said = archive_mistake((const struct lk_archive_header *)(const void *)bytes, given,
                           LK_USER_MIN, LK_USER_END);
    format_to(pattern, sizeof(pattern), "*%s*", what);
    return said != NULL && text_match(pattern, said);
}

SELFTEST(archive_bad, "each mistake in the header of an archive is told from the others")
{
    CHECK(says("no archive", 0, LK_ARCHIVE_MAGIC, 8, 0));
    CHECK(says("too short", 0, LK_ARCHIVE_MAGIC, 8, sizeof(struct lk_archive_header) - 1));
    CHECK(says("LYKARCH", 0, 1, 1, sizeof(bytes)));
    CHECK(says("version", 8, 1, 4, sizeof(bytes)));
    CHECK(says("size", 16, 4097, 8, sizeof(bytes)));
    CHECK(says("size", 16, 0, 8, sizeof(bytes)));
    CHECK(says("size", 16, 1ull << 40, 8, sizeof(bytes)));
    CHECK(says("truncated", 16, sizeof(bytes), 8, sizeof(bytes) - 1));
    CHECK(says("checksum", LK_ARCHIVE_UNSUMMED, 'x', 1, sizeof(bytes)));
}

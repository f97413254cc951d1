/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The archive of programs; see archive.h. The kernel has verified the checksum; what is verified
 * here again is all that reading a file relies on, so that this file can be trusted alone.
 */
#include "archive.h"

#include <abi/archive.h>

const char *archive_open(struct archive *out, const void *at, uint64_t bytes)
{
    const struct lk_archive_header *h = at;

    if (bytes < sizeof(*h)) {
        return "it is too short";
    }
    if (h->magic != LK_ARCHIVE_MAGIC || h->version != LK_ARCHIVE_VERSION) {
        return "it is no archive of this version";
    }
    if (h->entries > LK_ARCHIVE_MAX_ENTRIES || h->total_bytes > bytes ||
        sizeof(*h) + h->entries * sizeof(struct lk_archive_entry) > h->total_bytes) {
        return "its table of files is damaged";
    }
    *out = (struct archive){ .at = at, .bytes = h->total_bytes, .entries = h->entries };
    return NULL;
}

/* Does the entry have this name? Its own need not end with NUL. */
static bool entry_is(const struct lk_archive_entry *e, const char *name)
{
    for (unsigned i = 0; i < LK_ARCHIVE_NAME; i++) {
        if (e->name[i] != name[i]) {
            return false;
        }
        if (name[i] == '\0') {
            return true;
        }
    }
    return false;
}

bool archive_find(const struct archive *a, const char *name, struct archive_file *out)
{
    const struct lk_archive_entry *e =
        (const struct lk_archive_entry *)(const void *)(a->at + sizeof(struct lk_archive_header));

    for (uint32_t i = 0; i < a->entries; i++) {
        if (entry_is(&e[i], name)) {
            if (e[i].offset % 4096 != 0 || e[i].offset > a->bytes ||
                e[i].bytes > a->bytes - e[i].offset) {
                return false;
            }
            *out = (struct archive_file){ .at = a->at + e[i].offset, .bytes = e[i].bytes };
            return true;
        }
    }
    return false;
}

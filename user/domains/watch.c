/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lifecycle events; see <lykos/domains.h>.
 */
#include "ask.h"

#include <lykos/domains.h>

enum status domain_watch_begin(struct domain_watch *w, uint32_t notice, uint64_t bits)
{
    struct program_change none[PROGRAM_CHANGES_MOST];
    uint64_t missed = 0;
    unsigned n = 0;
    enum status s = ask_watch(notice, bits); /* first: what comes between is read later */

    *w = (struct domain_watch){ .position = PROGRAM_CHANGES_END };
    return s == STATUS_OK ? ask_changes(&w->position, &missed, none, &n) : s;
}

enum status domain_watch_read(struct domain_watch *w,
                              void (*tell)(void *context, const remote_lifecycle *event),
                              void *context)
{
    struct program_change changes[PROGRAM_CHANGES_MOST];
    remote_lifecycle event;
    unsigned n = 0;
    enum status s;

    do {
        uint64_t missed = 0;

        s = ask_changes(&w->position, &missed, changes, &n);
        w->missed += missed;
        for (unsigned i = 0; i < n; i++) {
            if (domain_event(&changes[i], &event)) {
                tell(context, &event);
            }
        }
    } while (s == STATUS_OK && n > 0);
    return s;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lives; see lives.h. What happens is noted in memory, in the middle of whatever init does; who
 * watches is told when that is done.
 */
#include "lives.h"

#include "registers.h"

#include <lykos/string.h>
#include <lykos/stubs.h>

#define WATCHER_PLACE 160u /* first of init's own places where the AppNotices are */

static uint64_t last_life = PROGRAM_LIFE_INIT;

/* The log: change n is at n modulo its length; `changes` is how many there were since boot. */
static struct program_change kept[PROGRAM_CHANGES_KEPT];
static uint64_t changes, told;

static struct {
    uint64_t payload;
    uint64_t bits;
} watcher[PROGRAM_WATCHERS];

static void note(uint32_t i, unsigned what, unsigned how)
{
    struct program_change *c = &kept[changes % PROGRAM_CHANGES_KEPT];

    *c = (struct program_change){
        .life = instance(i)->life, .number = i, .what = (uint8_t)what, .how = (uint8_t)how
    };
    lk_copy_text(c->name, sizeof(c->name), instance_name(i).text);
    changes++;
}

void life_begin(uint32_t i)
{
    instance(i)->life = ++last_life; /* 64 bits: it does not come round */
    note(i, PROGRAM_STARTED, PROGRAM_ENDED_NOT);
}

/* How an instance ends that somebody else pays for is told to who waits for it, and not here. */
void life_end(uint32_t i, unsigned how)
{
    if (instance(i)->life != 0) {
        note(i, PROGRAM_STOPPED,
             how == PROGRAM_ENDED_NOT || instance(i)->paid ? PROGRAM_ENDED_DESTROYED : how);
        instance(i)->life = 0;
    }
}

void life_change(uint32_t i, unsigned what)
{
    if (instance(i)->life != 0) {
        note(i, what, PROGRAM_ENDED_NOT);
    }
}

bool lives_read(uint64_t *position, uint64_t *missed, struct program_change *out, unsigned *n)
{
    uint64_t oldest = changes > PROGRAM_CHANGES_KEPT ? changes - PROGRAM_CHANGES_KEPT : 0;
    uint64_t at = *position == PROGRAM_CHANGES_END ? changes : *position;

    if (at > changes) {
        return false;
    }
    *missed = at < oldest ? oldest - at : 0;
    at += *missed;
    for (*n = 0; *n < PROGRAM_CHANGES_MOST && at < changes; at++) {
        out[(*n)++] = kept[at % PROGRAM_CHANGES_KEPT];
    }
    *position = at;
    return true;
}

/* Is the AppNotice there still? It goes with the program that made it. Uses REG_PAGE. */
static bool is_used(unsigned k)
{
    return watcher[k].bits != 0 && own_get(WATCHER_PLACE + k, REG_PAGE) == STATUS_OK &&
           cap_there(REG_PAGE);
}

enum status lives_watch(uint64_t payload, uint32_t notice, uint64_t bits)
{
    unsigned k = 0;

    while (k < PROGRAM_WATCHERS && (watcher[k].payload != payload || !is_used(k))) {
        k++;
    }
    for (unsigned place = 0; k == PROGRAM_WATCHERS && place < PROGRAM_WATCHERS; place++) {
        k = is_used(place) ? k : place;
    }
    if (notice == 0 || bits == 0) {
        if (k < PROGRAM_WATCHERS && watcher[k].payload == payload) {
            watcher[k].bits = 0;
            return own_put(WATCHER_PLACE + k, 0);
        }
        return STATUS_OK;
    }
    if (k == PROGRAM_WATCHERS) {
        return STATUS_EXHAUSTED;
    }
    watcher[k].payload = payload;
    watcher[k].bits = bits;
    return own_put(WATCHER_PLACE + k, notice);
}

void lives_tell(void)
{
    if (told == changes) {
        return;
    }
    told = changes;
    for (unsigned k = 0; k < PROGRAM_WATCHERS; k++) {
        if (is_used(k)) {
            lk_appnotice_post(REG_PAGE, watcher[k].bits);
        }
    }
    lk_drop_cap(REG_PAGE);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program as a domain; see domain.h.
 */
#include "domain.h"

#include <lykos/say.h>
#include <lykos/string.h>

#define TAG 0x4c798b6fu /* bytes 4..7 of each uuid; the 8 in the middle is the version */
#define NUMBER_AT 0
#define TAG_AT 4
#define LIFE_AT 8
#define VARIANT (2ull << 62) /* of the bits of RFC 9562 in byte 8 */
#define VARIANT_MASK (3ull << 62)

static void put(char *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (char)(value >> (8 * (bytes - 1 - i)));
    }
}

static uint64_t get(const char *at, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        value = value << 8 | (uint8_t)at[i];
    }
    return value;
}

void domain_uuid(struct domain_key key, char uuid[REMOTE_UUID_BYTES])
{
    put(uuid + NUMBER_AT, 4, key.number);
    put(uuid + TAG_AT, 4, TAG);
    put(uuid + LIFE_AT, 8, VARIANT | (key.life & ~VARIANT_MASK));
}

bool domain_of_uuid(const char uuid[REMOTE_UUID_BYTES], struct domain_key *key)
{
    uint64_t life = get(uuid + LIFE_AT, 8);

    key->number = (uint32_t)get(uuid + NUMBER_AT, 4);
    key->life = life & ~VARIANT_MASK;
    return get(uuid + TAG_AT, 4) == TAG && (life & VARIANT_MASK) == VARIANT;
}

int32_t domain_id(uint64_t life)
{
    return life == 0 ? -1 : (int32_t)(life & INT32_MAX);
}

remote_domain domain_name(const struct program_brief *b)
{
    remote_domain dom = { .name = (char *)(uintptr_t)b->name, .id = domain_id(b->life) };

    domain_uuid((struct domain_key){ .number = b->number, .life = b->life }, dom.uuid);
    return dom;
}

static int32_t shutoff_reason(uint8_t ended)
{
    switch (ended) {
    case PROGRAM_ENDED_EXIT:
        return REMOTE_SHUTOFF_SHUTDOWN;
    case PROGRAM_ENDED_FAULT:
        return REMOTE_SHUTOFF_CRASHED;
    case PROGRAM_ENDED_DESTROYED:
        return REMOTE_SHUTOFF_DESTROYED;
    default:
        return REMOTE_REASON_UNKNOWN; /* it was never started */
    }
}

/* The protocol has a word for who was suspended, and one that fits who is stopped for its notice
 * handler. */
static int32_t paused_reason(uint8_t holds)
{
    if ((holds >> LK_HOLD_SUSPEND & 1) != 0) {
        return REMOTE_PAUSED_USER;
    }
    return (holds >> LK_HOLD_PROXY & 1) != 0 ? REMOTE_PAUSED_WATCHDOG : REMOTE_REASON_UNKNOWN;
}

remote_domain_state domain_state(const struct program_brief *b)
{
    if (b->life == 0) {
        return (remote_domain_state){ REMOTE_STATE_SHUTOFF, shutoff_reason(b->ended) };
    }
    if ((b->flags & PROGRAM_FAULTED) != 0) {
        return (remote_domain_state){ REMOTE_STATE_CRASHED, REMOTE_CRASHED_PANICKED };
    }
    if (b->holds != 0) {
        return (remote_domain_state){ REMOTE_STATE_PAUSED, paused_reason(b->holds) };
    }
    if (b->run_state == LK_STATE_READY) {
        return (remote_domain_state){ REMOTE_STATE_RUNNING, REMOTE_RUNNING_BOOTED };
    }
    /* Also one in a fault that its handler, such as the pager, has not answered yet. */
    return (remote_domain_state){ REMOTE_STATE_BLOCKED, REMOTE_REASON_UNKNOWN };
}

static uint32_t state_flag(const struct program_brief *b)
{
    switch (domain_state(b).state) {
    case REMOTE_STATE_RUNNING:
        return REMOTE_LIST_RUNNING;
    case REMOTE_STATE_PAUSED:
        return REMOTE_LIST_PAUSED;
    case REMOTE_STATE_SHUTOFF:
        return REMOTE_LIST_SHUTOFF;
    default:
        return REMOTE_LIST_OTHER;
    }
}

bool domain_is_transient(const struct program_brief *b)
{
    return (b->flags & (PROGRAM_FURTHER | PROGRAM_PART)) != 0;
}

bool domain_is_there(const struct program_brief *b)
{
    return b->life != 0 || !domain_is_transient(b);
}

bool domain_matches(const struct program_brief *b, uint32_t flags)
{
    static const uint32_t group[] = {
        REMOTE_LIST_ACTIVE | REMOTE_LIST_INACTIVE,
        REMOTE_LIST_PERSISTENT | REMOTE_LIST_TRANSIENT,
        REMOTE_LIST_RUNNING | REMOTE_LIST_PAUSED | REMOTE_LIST_SHUTOFF | REMOTE_LIST_OTHER,
        REMOTE_LIST_SAVED | REMOTE_LIST_NOT_SAVED,
        REMOTE_LIST_AUTOSTART | REMOTE_LIST_NO_AUTOSTART,
        REMOTE_LIST_SNAPSHOT | REMOTE_LIST_NO_SNAPSHOT,
        REMOTE_LIST_CHECKPOINT | REMOTE_LIST_NO_CHECKPOINT,
    };
    uint32_t has = REMOTE_LIST_NOT_SAVED | REMOTE_LIST_NO_SNAPSHOT | REMOTE_LIST_NO_CHECKPOINT;

    has |= b->life != 0 ? REMOTE_LIST_ACTIVE : REMOTE_LIST_INACTIVE;
    has |= domain_is_transient(b) ? REMOTE_LIST_TRANSIENT : REMOTE_LIST_PERSISTENT;
    has |= (b->flags & PROGRAM_AT_BOOT) != 0 ? REMOTE_LIST_AUTOSTART : REMOTE_LIST_NO_AUTOSTART;
    has |= state_flag(b);
    for (unsigned i = 0; i < sizeof(group) / sizeof(group[0]); i++) {
        if ((flags & group[i]) != 0 && (flags & group[i] & has) == 0) {
            return false;
        }
    }
    return domain_is_there(b);
}

void domain_holds(const struct program_brief *b, char *text, size_t size)
{
    static const char *const names[LK_HOLDS] = {
        [LK_HOLD_PROXY] = "proxy",
        [LK_HOLD_SUSPEND] = "suspend",
        [LK_HOLD_DEBUG] = "debug",
        [LK_HOLD_BY_HAND] = "by hand",
    };
    size_t at = 0;

    lk_copy_text(text, size, "");
    for (unsigned hold = 0; hold < LK_HOLDS && at < size; hold++) {
        if ((b->holds >> hold & 1) == 0) {
            continue;
        }
        const char *between = at == 0 ? "" : ", ";

        at += names[hold] != NULL ? lk_format(text + at, size - at, "%s%s", between, names[hold])
                                  : lk_format(text + at, size - at, "%shold %u", between, hold);
    }
}

static int32_t stopped_detail(uint8_t how)
{
    switch (how) {
    case PROGRAM_ENDED_EXIT:
        return REMOTE_STOPPED_SHUTDOWN;
    case PROGRAM_ENDED_FAULT:
        return REMOTE_STOPPED_CRASHED;
    default:
        return REMOTE_STOPPED_DESTROYED;
    }
}

/* What has stopped has no id any more, but its uuid still says which one it was. */
bool domain_event(const struct program_change *c, remote_lifecycle *event)
{
    *event = (remote_lifecycle){
        .dom = { .name = (char *)(uintptr_t)c->name,
                 .id = c->what == PROGRAM_STOPPED ? -1 : domain_id(c->life) },
    };
    domain_uuid((struct domain_key){ .number = c->number, .life = c->life }, event->dom.uuid);
    switch (c->what) {
    case PROGRAM_STARTED:
        event->event = REMOTE_EVENT_STARTED;
        event->detail = REMOTE_STARTED_BOOTED;
        return true;
    case PROGRAM_STOPPED:
        event->event = REMOTE_EVENT_STOPPED;
        event->detail = stopped_detail(c->how);
        return true;
    case PROGRAM_SUSPENDED:
        event->event = REMOTE_EVENT_SUSPENDED;
        event->detail = REMOTE_SUSPENDED_PAUSED;
        return true;
    case PROGRAM_RESUMED:
        event->event = REMOTE_EVENT_RESUMED;
        event->detail = REMOTE_RESUMED_UNPAUSED;
        return true;
    case PROGRAM_CRASHED:
        event->event = REMOTE_EVENT_CRASHED;
        event->detail = REMOTE_CRASHED_PANIC;
        return true;
    default:
        return false;
    }
}

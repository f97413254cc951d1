/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the shell says of a program; see words.h.
 */
#include "words.h"

#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/time.h>

#define NSEC_PER_USEC 1000u

struct seconds show_seconds(uint64_t nsec)
{
    struct seconds s = { "" };
    uint64_t msec = nsec / LK_NSEC_PER_MSEC;

    lk_format(s.text, sizeof(s.text), "%lu.%03lu s", msec / 1000, msec % 1000);
    return s;
}

/* A duration, short ones in milliseconds. */
static struct seconds show_duration(uint64_t nsec)
{
    struct seconds s = { "" };
    uint64_t usec = nsec / NSEC_PER_USEC;

    if (nsec >= LK_NSEC_PER_SEC) {
        return show_seconds(nsec);
    }
    lk_format(s.text, sizeof(s.text), "%lu.%03lu ms", usec / 1000, usec % 1000);
    return s;
}

/* From one time to the next, which may have been looked up a little earlier. */
static struct seconds show_since(uint64_t since, uint64_t now)
{
    return show_duration(now > since ? now - since : 0);
}

/* ---- state and wait -------------------------------------------------------------------------- */

const char *state_words(const struct program_info *p)
{
    switch (p->run_state) {
    case LK_STATE_READY:
        return "ready";
    case LK_STATE_RECEIVING:
        return "receiving";
    case LK_STATE_BLOCKED:
        return "blocked";
    default:
        return "faulted";
    }
}

void wait_words(const struct program_info *p, char *text, size_t size)
{
    const char *who = p->waits_for[0] != '\0' ? p->waits_for : "somebody";

    text[0] = '\0';
    switch (p->wait) {
    case LK_WAIT_OPEN:
        lk_format(text, size, "a message or notice");
        break;
    case LK_WAIT_CLOSED:
        if (p->wait_id == LK_REPLY_ID) {
            lk_format(text, size, "the answer of %s", who);
        } else {
            lk_format(text, size, "a message to its endpoint %lu", p->wait_id);
        }
        break;
    case LK_WAIT_NOTICE:
        lk_format(text, size, "a notice");
        break;
    case LK_WAIT_SENDING:
        lk_format(text, size, "%s%s%s to take its message", who, p->endpoint[0] != '\0' ? "." : "",
                  p->endpoint);
        break;
    case LK_WAIT_SLEEPING:
        lk_format(text, size, "until %s", show_seconds(p->until).text);
        break;
    case LK_WAIT_FAULT_SEND:
        lk_format(text, size, "%s to take its fault: %s", who, lk_fault_text(p->fault_code));
        break;
    default:
        if (p->run_state == LK_STATE_FAULTED) {
            lk_format(text, size, "its fault to be handled: %s", lk_fault_text(p->fault_code));
        }
        break;
    }
}

/* ---- holds ----------------------------------------------------------------------------------- */

/* The name of a hold; those without one of their own are numbered. */
struct hold_name {
    char text[8];
};

static struct hold_name show_hold(unsigned hold)
{
    static const char *const names[] = {
        [LK_HOLD_PROXY] = "proxy",     [LK_HOLD_SUSPEND] = "suspend", [LK_HOLD_DEBUG] = "debug",
        [LK_HOLD_BY_HAND] = "by hand", [LK_HOLD_TEAM] = "team",
    };
    struct hold_name name = { "" };

    if (hold < sizeof(names) / sizeof(names[0])) {
        lk_copy_text(name.text, sizeof(name.text), names[hold]);
    } else {
        lk_format(name.text, sizeof(name.text), "hold %u", hold % 10);
    }
    return name;
}

void holds_word(const struct program_info *p, char *text, size_t size)
{
    unsigned count = 0;

    lk_copy_text(text, size, "-");
    for (unsigned hold = 0; hold < LK_HOLDS; hold++) {
        if ((p->holds >> hold & 1) != 0) {
            lk_copy_text(text, size, show_hold(hold).text);
            count++;
        }
    }
    if (count > 1) {
        lk_format(text, size, "%u holds", count);
    }
}

void holds_words(const struct program_info *p, uint64_t now, const char *between, char *text,
                 size_t size)
{
    size_t at = 0;

    lk_copy_text(text, size, "none");
    for (unsigned hold = 0; hold < LK_HOLDS && at < size; hold++) {
        if ((p->holds >> hold & 1) != 0) {
            uint64_t since = p->preemption.hold_since[hold];

            at += lk_format(text + at, size - at, "%s%s since %s (%s ago)", at == 0 ? "" : between,
                            show_hold(hold).text, show_seconds(since).text,
                            show_since(since, now).text);
        }
    }
}

/* ---- notifications --------------------------------------------------------------------------- */

/* The label of the handler. */
struct label {
    char text[PROGRAM_NAME_MAX];
};

static struct label show_handler(const struct program_info *p)
{
    struct label label = { "" };

    lk_label_unpack(p->preemption.receiver[0], p->preemption.receiver[1], label.text);
    if (label.text[0] == '\0') {
        lk_copy_text(label.text, sizeof(label.text), "its handler");
    }
    return label;
}

static bool has_handler(const struct program_info *p)
{
    return (p->preemption.flags & LK_PREEMPT_RECEIVER) != 0;
}

void handler_name(const struct program_info *p, char *text, size_t size)
{
    lk_copy_text(text, size, show_handler(p).text);
}

/* Has its handler faulted, as far as that is known? It will not be told of anything then. */
static bool handler_faulted(const struct program_info *p)
{
    return p->handler_known && p->handler_state == LK_STATE_FAULTED;
}

void handler_words(const struct program_info *p, char *text, size_t size)
{
    if (!has_handler(p)) {
        lk_copy_text(text, size, "none");
    } else if (handler_faulted(p)) {
        lk_format(text, size, "%s, which has faulted: %s", show_handler(p).text,
                  lk_fault_text(p->handler_fault));
    } else if (p->handler_known && p->handler_holds != 0) {
        lk_format(text, size, "%s, which is stopped itself", show_handler(p).text);
    } else {
        lk_copy_text(text, size, show_handler(p).text);
    }
}

void pending_words(const struct program_info *p, char *text, size_t size)
{
    const struct program_preemption *pr = &p->preemption;
    size_t at = 0;

    lk_copy_text(text, size, "nothing");
    if (pr->plain != 0) {
        at += lk_format(text, size, "bits 0x%x for itself", pr->plain);
    }
    if (pr->preempting != 0 && at < size) {
        at += lk_format(text + at, size - at, "%sbits 0x%x for its handler", at == 0 ? "" : ", ",
                        pr->preempting);
    }
    if ((pr->flags & LK_PREEMPT_SENDERS) != 0 && at < size) {
        lk_format(text + at, size - at, "%ssenders for its handler", at == 0 ? "" : ", ");
    }
}

void deferral_words(const struct program_info *p, uint64_t now, char *text, size_t size)
{
    const struct program_preemption *pr = &p->preemption;
    size_t at;

    if (pr->bound == 0) {
        lk_copy_text(text, size, "it may not defer");
        return;
    }
    at = lk_format(text, size, "it may defer, for at most %s", show_duration(pr->bound).text);
    if (pr->deferred_since != 0 && at < size) {
        lk_format(text + at, size - at,
                  "; it does,\n             and something waits since %s (%s ago)%s",
                  show_seconds(pr->deferred_since).text, show_since(pr->deferred_since, now).text,
                  (pr->flags & LK_PREEMPT_OVER) != 0 ? ", too long" : "");
    }
}

/* In the order in which the kernel looks. */
void why_pending(const struct program_info *p, char *text, size_t size)
{
    const struct program_preemption *pr = &p->preemption;

    if (!has_handler(p)) {
        lk_format(text, size, "%s has no notice handler; they stay pending", p->name);
    } else if (handler_faulted(p)) {
        lk_format(text, size, "%s, its handler, has faulted%s", show_handler(p).text,
                  (p->holds >> LK_HOLD_PROXY & 1) != 0 ? ", and has not let it go on" : "");
    } else if ((p->holds >> LK_HOLD_PROXY & 1) != 0) {
        lk_format(text, size, "%s has not let %s go on since the last one", show_handler(p).text,
                  p->name);
    } else if ((pr->flags & LK_PREEMPT_QUEUED) != 0) {
        lk_format(text, size, "%s is not waiting to be told", show_handler(p).text);
    } else if (pr->deferred_since != 0) {
        lk_format(text, size, "%s defers, which it may for %s", p->name,
                  show_duration(pr->bound).text);
    } else {
        lk_format(text, size, "%s is stopped itself", show_handler(p).text);
    }
}

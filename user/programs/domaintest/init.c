/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cases about init's own methods, and about what happens to programs; see main.c.
 */
#include "domaintest.h"

#include <abi/version.h>

#define ROUNDS 140u /* of a begin and an end: more changes than init keeps */

static struct program_brief briefs[PROGRAM_BRIEFS];
static struct program_change changes[PROGRAM_CHANGES_MOST];

/* A request whose answer is a string; how long it is in *bytes. */
static enum status request(uint64_t method, uint64_t *w1, uint64_t *w2, void *out, size_t size,
                           size_t *bytes)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL(lk_cap("programs"), 3) | LK_RSTR,
        .w = { method, *w1, *w2 },
        .buffer = out,
        .buffer_size = (uint32_t)size,
    };
    enum status s = lk_invoke(&msg);

    *w1 = msg.w[1];
    *w2 = msg.w[2];
    *bytes = lk_string_length(msg.delivery);
    return s;
}

static enum status life_of(uint64_t number, uint64_t life)
{
    size_t bytes;

    return request(PROGRAMS_LIFE, &number, &life, briefs, sizeof(briefs), &bytes);
}

static void odd_requests(void)
{
    static const uint64_t odd[] = { 4096, 1ull << 31, UINT32_MAX - 1, 1ull << 32, UINT64_MAX };
    uint64_t number = number_of("idle1");
    size_t bytes;

    begin_case("odd_requests");
    for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        uint64_t position = odd[i];
        uint64_t most = UINT64_MAX;

        check_status(life_of(odd[i], PROGRAM_ANY_LIFE), STATUS_NOT_FOUND, "a number of nobody");
        check_status(life_of(number, odd[i] - 1), STATUS_NOT_FOUND, "a life of nobody");
        check_status(request(PROGRAMS_LIST, &position, &most, briefs, sizeof(briefs), &bytes),
                     STATUS_OK, "a list from nowhere");
        check_number(bytes, 0, "a list from nowhere");
        position = odd[i] - 1;
        check_status(request(PROGRAMS_CHANGES, &position, &most, changes, sizeof(changes), &bytes),
                     STATUS_OUT_OF_RANGE, "changes that are to come");
        check_status(init2(PROGRAMS_SUSPEND, number, odd[i]), STATUS_NOT_FOUND, "suspend");
        check_status(init2(PROGRAMS_RESUME, number, odd[i]), STATUS_NOT_FOUND, "resume");
        check_status(init2(PROGRAMS_DESTROY, number, odd[i]), STATUS_NOT_FOUND, "destroy");
        check_status(init2(PROGRAMS_DESTROY, odd[i], 0), STATUS_OUT_OF_RANGE, "destroy nobody");
    }
    check_status(lk_call0(lk_cap("programs"), PROGRAMS_LIST).w[0], STATUS_REQUEST_ERROR,
                 "a list without words");
    check_status(lk_call0(lk_cap("programs"), PROGRAMS_LIFE).w[0], STATUS_REQUEST_ERROR,
                 "a life without words");
    check_status(life_of(PROGRAM_INIT, PROGRAM_LIFE_INIT), STATUS_OK, "init");
    check_status(life_of(PROGRAM_INIT, 0), STATUS_NOT_FOUND, "init does run");
}

/* Piece by piece, or one by one: the same programs in the same order. */
static void lists_in_pieces(void)
{
    uint64_t position = 0;
    uint64_t one = 0;
    unsigned n = 0;
    size_t bytes;

    begin_case("lists_in_pieces");
    do {
        uint64_t most = 0;

        check_status(request(PROGRAMS_LIST, &position, &most, briefs, sizeof(briefs), &bytes),
                     STATUS_OK, "a piece");
        for (unsigned i = 0; i < bytes / sizeof(briefs[0]); i++) {
            struct program_brief b;
            uint64_t just = 1;
            size_t got;

            check_status(request(PROGRAMS_LIST, &one, &just, &b, sizeof(b), &got), STATUS_OK,
                         "the next one");
            check(got == sizeof(b) && b.number == briefs[i].number && b.life == briefs[i].life,
                  "one by one it is another");
            n++;
        }
    } while (bytes > 0);
    check(n > PROGRAM_BRIEFS, "too few to tell");
}

/* The number means the next one already, and init is asked about the last. */
static void number_used_again(void)
{
    uint64_t number = number_of("idle1");
    uint64_t life;
    struct dom d;

    begin_case("number_used_again");
    fresh("idle1", &d);
    check_status(life_of(number, PROGRAM_ANY_LIFE), STATUS_OK, "its life");
    life = briefs[0].life;
    check_status(life_of(number, life), STATUS_OK, "in its life");
    check_status(init2(PROGRAMS_RESTART, number, 0), STATUS_OK, "begun again");
    check_status(life_of(number, life), STATUS_NOT_FOUND, "in the life before");
    check_status(init2(PROGRAMS_SUSPEND, number, life), STATUS_NOT_FOUND, "suspend");
    check_status(init2(PROGRAMS_RESUME, number, life), STATUS_NOT_FOUND, "resume");
    check_status(init2(PROGRAMS_DESTROY, number, life), STATUS_NOT_FOUND, "destroy");
    check_status(life_of(number, PROGRAM_ANY_LIFE), STATUS_OK, "the next one is there");
    check(briefs[0].life > life && briefs[0].holds == 0, "it is not as it was");
    check_status(init2(PROGRAMS_SUSPEND, number, briefs[0].life), STATUS_OK, "suspend the next");
    check_status(init2(PROGRAMS_DESTROY, number, briefs[0].life), STATUS_OK, "destroy the next");
}

/* ---- what happens ---------------------------------------------------------------------------- */

static struct {
    char name[32];
    int event, detail, id;
} told[400];
static unsigned tolds;

static void tell(void *context, const remote_lifecycle *e)
{
    (void)context;
    if (tolds < sizeof(told) / sizeof(told[0])) {
        lk_copy_text(told[tolds].name, sizeof(told[0].name), e->dom.name);
        told[tolds].event = e->event;
        told[tolds].detail = e->detail;
        told[tolds].id = e->dom.id;
    }
    tolds++;
}

static struct domain_watch watch;

/* Wait for the notice, and read. */
static void read_changes(void)
{
    tolds = 0;
    lk_notice_in(1000, 1u << 8);
    check((lk_park() & CHANGED) != 0, "there was no notice");
    lk_notice_cancel();
    check_status(domain_watch_read(&watch, tell, NULL), STATUS_OK, "reading");
}

static void check_told(unsigned i, const char *name, int event, int detail)
{
    if (check(i < tolds, "an event is missing")) {
        check(strcmp(told[i].name, name) == 0, told[i].name);
        check_number((uint64_t)told[i].event, (uint64_t)event, "event");
        check_number((uint64_t)told[i].detail, (uint64_t)detail, "detail");
    }
}

static void changes_are_told(void)
{
    uint64_t number = number_of("idle1");
    struct dom d;

    begin_case("changes_are_told");
    end("idle1");
    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, CHANGED, REG_NOTICE), "a notice");
    check_status(domain_watch_begin(&watch, REG_NOTICE, CHANGED), STATUS_OK, "watching");
    check_status(start("idle1", 0, ""), STATUS_OK, "start");
    check_number((uint64_t)look_up("idle1", &d), 0, "idle1");
    init2(PROGRAMS_SUSPEND, number, 0);
    init2(PROGRAMS_SUSPEND, number, 0);
    init2(PROGRAMS_RESUME, number, 0);
    init2(PROGRAMS_RESUME, number, 0);
    end("idle1");
    read_changes();
    check_number(tolds, 4, "events of idle1");
    check_told(0, "idle1", REMOTE_EVENT_STARTED, REMOTE_STARTED_BOOTED);
    check_told(1, "idle1", REMOTE_EVENT_SUSPENDED, REMOTE_SUSPENDED_PAUSED);
    check_told(2, "idle1", REMOTE_EVENT_RESUMED, REMOTE_RESUMED_UNPAUSED);
    check_told(3, "idle1", REMOTE_EVENT_STOPPED, REMOTE_STOPPED_DESTROYED);
    check(told[0].id == d.id && told[2].id == d.id && told[3].id == -1, "the ids");
    check_status(domain_watch_read(&watch, tell, NULL), STATUS_OK, "reading again");
    check_number(tolds, 4, "events that come twice");
}

static void ends_are_told(void)
{
    begin_case("ends_are_told");
    check_status(start("domainhold", PROGRAM_FOREGROUND, "clear"), STATUS_OK, "one that ends");
    lk_sleep_ms(50);
    read_changes();
    check_told(tolds - 1, "domainhold", REMOTE_EVENT_STOPPED, REMOTE_STOPPED_SHUTDOWN);
    check_status(start("fault", PROGRAM_FOREGROUND, "null"), STATUS_OK, "one that faults");
    lk_sleep_ms(500);
    read_changes();
    check_number(tolds, 2, "events of a fault in the foreground");
    check_told(1, "fault", REMOTE_EVENT_STOPPED, REMOTE_STOPPED_CRASHED);
    check_status(start("fault", 0, "null"), STATUS_OK, "one that stays");
    lk_sleep_ms(500);
    end("fault");
    read_changes();
    check_number(tolds, 3, "events of a fault that stays");
    check_told(1, "fault", REMOTE_EVENT_CRASHED, REMOTE_CRASHED_PANIC);
    check_told(2, "fault", REMOTE_EVENT_STOPPED, REMOTE_STOPPED_DESTROYED);
    init2(PROGRAMS_KILL, number_of("pager"), 0);
    read_changes();
    check_number(tolds, 2, "events of the pager");
    check_told(0, "pager", REMOTE_EVENT_STOPPED, REMOTE_STOPPED_DESTROYED);
    check_told(1, "pager", REMOTE_EVENT_STARTED, REMOTE_STARTED_BOOTED);
}

/* A reader that is too slow is told how much it missed, and goes on with what is kept. */
static void slow_reader(void)
{
    begin_case("slow_reader");
    for (unsigned i = 0; i < ROUNDS; i++) {
        start("idle1", 0, "");
        end("idle1");
    }
    watch.missed = 0;
    read_changes();
    check_number(tolds, PROGRAM_CHANGES_KEPT, "events that are kept");
    check_number(watch.missed, 2 * ROUNDS - PROGRAM_CHANGES_KEPT, "events that are lost");
    for (unsigned i = 0; i < PROGRAM_CHANGES_KEPT; i++) {
        check_told(i, "idle1", i % 2 == 0 ? REMOTE_EVENT_STARTED : REMOTE_EVENT_STOPPED, i % 2);
    }
}

static enum status watch_with(uint32_t reg, uint64_t bits)
{
    return (enum status)lk_call_ctl1(
               LK_CTL_CALL_CAPS(lk_cap("programs"), 2, 1, reg, 0, 0, 0, 0, 0, 0), PROGRAMS_WATCH,
               bits)
        .w[0];
}

static void odd_watchers(void)
{
    begin_case("odd_watchers");
    check_status(watch_with(LK_REG_SELF, CHANGED), STATUS_REQUEST_ERROR, "a Process");
    check_status(watch_with(lk_cap("pong"), CHANGED), STATUS_REQUEST_ERROR, "an Entry");
    for (unsigned i = 0; i < 2 * PROGRAM_WATCHERS; i++) { /* one program is one watcher */
        check_status(watch_with(REG_NOTICE, CHANGED), STATUS_OK, "again and again");
    }
    check_status(watch_with(0, CHANGED), STATUS_OK, "no more");
    check_status(watch_with(0, CHANGED), STATUS_OK, "no more, a second time");
    start("idle1", 0, "");
    lk_notice_in(50, 1u << 8);
    check(lk_park() == 1u << 8, "it is told though it took it back");
}

void cases_of_init(void)
{
    odd_requests();
    lists_in_pieces();
    number_used_again();
    changes_are_told();
    ends_are_told();
    slow_reader();
    odd_watchers();
}

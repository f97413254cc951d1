/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tracer: switches the kernel's trace on while a program runs, or for a time, keeps what is in the
 * ring, and writes it to a port of its own. See README.md; `make trace` runs it.
 *
 * It writes when the trace is off again, since a record takes 32 system calls to write. If there is
 * no room for more before that, it takes a break to write, and says so in what it writes. System
 * calls that do not take the fast path are in the ring even then, those that write among them: so
 * the ring is emptied first, and what has come meanwhile is passed over.
 */
#include "stream.h"

#include <lykos/heap.h>
#include <lykos/lykos.h>
#include <lykos/programs.h>
#include <lykos/time.h>

#define READ 32u                 /* most that one request reads */
#define RING 8192u               /* records of the kernel's ring */
#define ROOM_LEAST (4ull * READ) /* for what is read at once, and notes beside */
#define ROOM_MOST 262144u
#define MS_MOST 3600000ull
#define REG_NOTICE LK_REG_FREE
#define BIT_TICK 1u
#define BIT_ENDED 2u

/* What is asked for: the program, and options with numbers before it. */
struct wish {
    char program[PROGRAM_NAME_MAX]; /* empty: none */
    const char *arguments;
    uint64_t ms;    /* how long; 0: until the program ends */
    uint64_t every; /* ms between two looks at the ring */
    uint64_t room;  /* records kept before they are written */
};
static struct wish wish = { .arguments = "", .every = 1, .room = 65536 };

static const struct {
    const char *name;
    uint64_t *value;
    uint64_t least, most;
} options[] = {
    { "for=", &wish.ms, 1, MS_MOST },
    { "every=", &wish.every, 1, MS_MOST },
    { "room=", &wish.room, ROOM_LEAST, ROOM_MOST },
};

#define USUAL_MS 1000u /* without a program */

static struct {
    struct trace_record *record; /* as many as are wished, and all of the ring */
    unsigned count;
    uint64_t position; /* in the kernel's ring */
    uint64_t lost;
    uint64_t written;
    uint32_t self; /* oid of this process; 0: not known yet */
} trace;

/* ---- the port -------------------------------------------------------------------------------- */

static bool port_is_there(void)
{
    uint64_t value = 0;

    return lk_iopriv_input(lk_cap("port"), STREAM_PORT, 1, &value) == STATUS_OK &&
           value == STREAM_PORT_READS;
}

/* Write all that was kept. The trace is off. */
static void write_out(void)
{
    const uint8_t *byte = (const uint8_t *)trace.record;
    uint32_t port = lk_cap("port");

    for (size_t i = 0; i < trace.count * sizeof(struct trace_record); i++) {
        lk_iopriv_output(port, STREAM_PORT, 1, byte[i]);
    }
    trace.written += trace.count;
    trace.count = 0;
}

/* ---- the ring -------------------------------------------------------------------------------- */

static void keep(const struct trace_record *r)
{
    trace.record[trace.count++] = *r;
}

/* A record of the tracer's own. */
static void note(uint32_t code, uint64_t cycles, uint64_t a, uint64_t b)
{
    keep(&(struct trace_record){ .cycles = cycles, .event = code, .a = a, .b = b });
}

static void set_trace(bool on)
{
    lk_must(lk_sysctl_set_trace(lk_cap("sysctl"), on), "switching the trace");
}

/* Is this the record of a request of ours to the kernel? There is one for each piece that is read,
 * and nobody wants to see them. The first tells us who we are. */
static bool is_ours(const struct trace_record *r)
{
    bool reads = (r->a >> 48) == LK_TYPE_SYSCTL && (r->a >> 32 & 0xffff) == OP_SYSCTL_READ_TRACE;

    if (r->event != TRACE_SYSCALL) {
        return false;
    }
    if (reads) {
        trace.self = r->process;
    }
    return r->process == trace.self && r->b >> 32 == 0;
}

/* One piece of the ring, of so many records at most: how many it had. */
static unsigned take_some(unsigned most)
{
    struct trace_record some[READ];
    uint64_t cycles = 0;
    uint64_t lost = 0;
    size_t n = 0;

    lk_must(lk_sysctl_read_trace(lk_cap("sysctl"), trace.position, &trace.position, NULL, &lost,
                                 &cycles, NULL, some, most * sizeof(some[0]), &n),
            "reading the trace");
    if (lost != 0) {
        trace.lost += lost;
        note(STREAM_LOST, n != 0 ? some[0].cycles : cycles, lost, 0);
    }
    for (unsigned i = 0; i < n / sizeof(some[0]); i++) {
        if (!is_ours(&some[i])) {
            keep(&some[i]);
        }
    }
    return (unsigned)(n / sizeof(some[0]));
}

/* Where the ring ends, and the time. */
static uint64_t look(uint64_t *cycles, uint64_t *now)
{
    uint64_t end = 0;

    lk_must(lk_sysctl_read_trace(lk_cap("sysctl"), UINT64_MAX, NULL, &end, NULL, cycles, now, NULL,
                                 0, NULL),
            "reading the trace");
    return end;
}

/* Is there room for a piece, and for notes beside it? */
static bool room_is_left(void)
{
    return trace.count + 2 * READ <= wish.room;
}

/* Switch the trace off, and take what was recorded till then. */
static void stop(uint64_t *cycles, uint64_t *now)
{
    uint64_t end, left;

    set_trace(false);
    end = look(cycles, now);
    for (; trace.position < end; take_some(left < READ ? (unsigned)left : READ)) {
        left = end - trace.position;
    }
}

/* There is no room: write. What happens meanwhile is not wanted. */
static void take_break(void)
{
    uint64_t cycles = 0;
    uint64_t now = 0;

    stop(&cycles, &now);
    note(STREAM_PAUSE, cycles, now, 0);
    write_out();
    trace.position = look(&cycles, &now);
    note(STREAM_RESUME, cycles, now, 0);
    set_trace(true);
}

/* All that there is in the ring. Each piece read adds a record, so an end is where few come. */
static void take_all(void)
{
    do {
        if (!room_is_left()) {
            take_break();
        }
    } while (take_some(READ) == READ);
}

static void begin(void)
{
    uint64_t cycles = 0;
    uint64_t now = 0;
    uint64_t name[2] = { 0, 0 };

    trace.position = look(&cycles, &now) - 1; /* its own record tells us who we are */
    note(STREAM_BEGIN, cycles, now, STREAM_VERSION);
    lk_label_pack(wish.program, &name[0], &name[1]);
    note(STREAM_PROGRAM, cycles, name[0], name[1]);
    set_trace(true);
}

static void end(void)
{
    uint64_t cycles = 0;
    uint64_t now = 0;

    stop(&cycles, &now);
    note(STREAM_END, cycles, now, trace.lost);
    write_out();
}

/* ---- what is traced -------------------------------------------------------------------------- */

/* Words with a capability and perhaps a string, to init. */
static enum status ask(struct lk_msg *msg, uint32_t cap)
{
    msg->control = cap == 0 ? LK_CTL_CALL(lk_cap("programs"), 4)
                            : LK_CTL_CALL_CAPS(lk_cap("programs"), 4, 1, cap, 0, 0, 0, 0, 0, 0);
    msg->control |= (msg->string_len > 0 ? LK_SSTR : 0) | (msg->buffer_size > 0 ? LK_RSTR : 0);
    return lk_invoke(msg);
}

static enum status find(const char *name, uint64_t *number)
{
    struct lk_msg msg = { .w = { PROGRAMS_FIND },
                          .string = name,
                          .string_len = (uint32_t)strlen(name) };
    enum status s = ask(&msg, 0);

    *number = msg.w[1];
    return s;
}

static enum status start(uint64_t number, const char *arguments, char *why, size_t size)
{
    struct lk_msg msg = { .w = { PROGRAMS_START, number, PROGRAM_FOREGROUND, BIT_ENDED },
                          .string = arguments,
                          .string_len = (uint32_t)strlen(arguments),
                          .buffer = why,
                          .buffer_size = (uint32_t)(size - 1) };
    enum status s = ask(&msg, REG_NOTICE);

    why[lk_string_length(msg.delivery)] = '\0';
    return s;
}

/* How it ended, in words, and whether well. */
static bool ended_well(uint64_t number, char *words, size_t size)
{
    struct lk_msg msg = { .w = { PROGRAMS_RESULT, number },
                          .buffer = words,
                          .buffer_size = (uint32_t)(size - 1) };
    enum status s = ask(&msg, 0);

    words[lk_string_length(msg.delivery)] = '\0';
    return s == STATUS_OK && msg.w[1] == PROGRAM_ENDED_EXIT && msg.w[2] == 0;
}

/* Read the ring until the program has ended, or the time is over. */
static bool watch(uint64_t until)
{
    uint64_t bits;

    do {
        lk_must(lk_notice_in(wish.every, BIT_TICK), "the clock");
        bits = lk_park();
        take_all();
    } while (!(bits & BIT_ENDED) && lk_now() < until);
    return (bits & BIT_ENDED) != 0;
}

/* ---- */

/* An option at *text, which moves behind it. False: there is none, or not a good one. */
static bool read_option(const char **text)
{
    for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        size_t n = strlen(options[i].name);
        const char *end;

        if (strncmp(*text, options[i].name, n) == 0 &&
            lk_parse_number(*text + n, options[i].value, &end) &&
            *options[i].value >= options[i].least && *options[i].value <= options[i].most &&
            (*end == '\0' || *end == ' ')) {
            *text = end + (*end == ' ');
            return true;
        }
    }
    return false;
}

static bool read_wish(const char *text)
{
    size_t n = 0;

    while (read_option(&text)) {
    }
    for (; text[n] != '\0' && text[n] != ' '; n++) {
        if (n + 1 == sizeof(wish.program) || text[n] == '=') {
            return false;
        }
        wish.program[n] = text[n];
    }
    wish.arguments = text[n] == ' ' ? text + n + 1 : text + n;
    if (wish.program[0] == '\0' && wish.ms == 0) {
        wish.ms = USUAL_MS;
    }
    return true;
}

/* Room for records, all of it touched, so that nothing is fetched for it while it is filled. */
static void make_room(void)
{
    trace.record = lk_alloc_zero(wish.room + RING, sizeof(struct trace_record));
    if (trace.record == NULL) {
        lk_die("there is no memory for %lu records", wish.room);
    }
}

/* Trace as it was wished: did the program start, and end well? */
static bool run(uint64_t number)
{
    char words[160] = "";
    uint64_t until = wish.ms == 0 ? UINT64_MAX : lk_now() + wish.ms * LK_NSEC_PER_MSEC;
    enum status s = STATUS_OK;
    bool ended = false;

    begin();
    if (wish.program[0] != '\0') {
        s = start(number, wish.arguments, words, sizeof(words));
    }
    if (s == STATUS_OK) {
        ended = watch(until);
    }
    end();
    say("%lu records written, %lu lost", trace.written, trace.lost);
    if (s != STATUS_OK) {
        say("%s was not started: %s", wish.program, words[0] != '\0' ? words : lk_status_text(s));
        return false;
    }
    if (ended && !ended_well(number, words, sizeof(words))) {
        say("%s %s", wish.program, words);
        return false;
    }
    return true;
}

int main(void)
{
    uint64_t number = 0;

    if (!read_wish(lk_start->argument)) {
        say("tracer [for=MILLISECONDS] [every=MILLISECONDS] [room=RECORDS] [PROGRAM [ARGUMENTS]]");
        return 2;
    }
    if (!port_is_there()) {
        say("there is no port to write to: 'make trace' starts a machine that has one");
        return 2;
    }
    if (wish.program[0] != '\0' && find(wish.program, &number) != STATUS_OK) {
        say("there is no program '%s'", wish.program);
        return 2;
    }
    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, BIT_TICK | BIT_ENDED, REG_NOTICE),
            "a notice");
    make_room();
    return run(number) ? 0 : 1;
}

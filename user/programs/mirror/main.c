/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mirror: sends back what comes through the ports of the server `serial`, for tests from outside of
 * the machine (tools/testing/serial.py). What its reader was told of each port it keeps as a text,
 * its *record*. Port 7 is for commands, a line each, answered by a line:
 *
 *      record P        what was told of port P since the last time: O10m, session 10 was opened,
 *                      mixed; D5:hello, 5 bytes came, that begin so; C10, session 10 was closed;
 *                      R, the server was begun again
 *      hold P          do not read the port
 *      go P            read it again
 *      sink P          read it, and send nothing back
 *      echo P          send back what comes
 *      flood P N       send N bytes to its client: byte i is (7 i + P) mod 251
 *      keep P          keep its session
 *      late P          send a byte to the session kept; answers the result in words
 *      info P          what Port.info says
 *      kept            is there a Page in its kept range? If not, one is made
 *      wrong           ask servers for what they must refuse; answers how many refused wrongly
 */
#include "mirror.h"

#include <lykos/connect.h>

#define COMMANDS (PORT_COUNT - 1) /* the port of the commands */
#define NOTICE_SERIAL (1u << PORT_COUNT)

#define RECORD 6000u
#define BEGINNING 12u /* bytes of data that a record shows */
#define LINE 64u

/* What is to be sent to a client before more of its port is read. */
struct pending {
    char bytes[PORT_BYTES + RECORD];
    size_t begin, end;
};

static struct port_state {
    uint64_t session; /* 0: nobody is there */
    uint64_t kept;
    bool hold, sink;
    uint64_t flood, flooded; /* bytes to send, bytes sent */
    struct pending pending;
    char record[RECORD];
    size_t recorded;
} port[PORT_COUNT];

static uint32_t serial; /* register */
static bool gone;       /* the server died, and is about to be begun again */
static char line[LINE]; /* a command that is not whole */
static size_t line_length;

/* ---- Records ---- */

/* Add to the record; what does not fit any more is shown by a plus. */
static void record(struct port_state *p, const char *format, ...) LK_PRINTF_LIKE(2, 3);
static void record(struct port_state *p, const char *format, ...)
{
    va_list args;
    size_t room = RECORD - p->recorded;

    if (room < 64) {
        p->record[p->recorded - 1] = '+';
        return;
    }
    va_start(args, format);
    p->recorded += lk_vformat(p->record + p->recorded, room, format, args);
    va_end(args);
}

static void record_data(struct port_state *p, const char *bytes, size_t count)
{
    char shown[BEGINNING + 1];
    size_t n = 0;

    while (n < count && n < BEGINNING) {
        shown[n] = lk_is_print(bytes[n]) && bytes[n] != ' ' ? bytes[n] : '.';
        n++;
    }
    shown[n] = '\0';
    record(p, " D%lu:%s", (unsigned long)count, shown);
}

/* ---- Sending ---- */

static bool is_pending(const struct port_state *p)
{
    return p->pending.begin < p->pending.end;
}

/* Have these bytes sent, behind what is pending. */
static void send(struct port_state *p, const char *bytes, size_t count)
{
    struct pending *out = &p->pending;

    if (!is_pending(p)) {
        out->begin = 0;
        out->end = 0;
    }
    if (count <= sizeof(out->bytes) - out->end) {
        memcpy(out->bytes + out->end, bytes, count);
        out->end += count;
    }
}

/* The next piece of a flood. */
static void send_flood(struct port_state *p)
{
    char piece[1000];
    size_t n = 0;

    while (n < sizeof(piece) && p->flooded < p->flood) {
        piece[n++] = (char)((7 * p->flooded + (uint64_t)(p - port)) % 251);
        p->flooded++;
    }
    send(p, piece, n);
}

/* Send what is pending. False: there is no room now. */
static bool send_pending(unsigned n)
{
    struct port_state *p = &port[n];

    while (is_pending(p) || p->flooded < p->flood) {
        if (!is_pending(p)) {
            send_flood(p);
        }
        size_t left = p->pending.end - p->pending.begin;
        uint64_t taken = 0;
        enum status s = port_write(serial, n, p->session, p->pending.bytes + p->pending.begin,
                                   left < PORT_BYTES ? left : PORT_BYTES, &taken);

        gone |= s == STATUS_INVALID_CAP || s == STATUS_INVOKEE_GONE;
        if (s != STATUS_OK) {
            p->pending.begin = p->pending.end; /* its client is gone */
            p->flood = p->flooded;
        } else if (taken == 0) {
            return false;
        }
        p->pending.begin += s == STATUS_OK ? taken : 0;
    }
    return true;
}

/* ---- Commands ---- */

static void answer(const char *format, ...) LK_PRINTF_LIKE(1, 2);
static void answer(const char *format, ...)
{
    static char text[RECORD + 64];
    va_list args;
    size_t n;

    va_start(args, format);
    n = lk_vformat(text, sizeof(text), format, args);
    va_end(args);
    send(&port[COMMANDS], text, n < sizeof(text) ? n : sizeof(text) - 1);
}

static void command_record(unsigned n, uint64_t number)
{
    (void)number;
    answer("record:%.*s\n", (int)port[n].recorded, port[n].record);
    port[n].recorded = 0;
}
static void command_hold(unsigned n, uint64_t number)
{
    (void)number;
    port[n].hold = true;
    answer("ok\n");
}
static void command_go(unsigned n, uint64_t number)
{
    (void)number;
    port[n].hold = false;
    answer("ok\n");
}
static void command_sink(unsigned n, uint64_t number)
{
    (void)number;
    port[n].sink = true;
    answer("ok\n");
}
static void command_echo(unsigned n, uint64_t number)
{
    (void)number;
    port[n].sink = false;
    answer("ok\n");
}
static void command_flood(unsigned n, uint64_t number)
{
    port[n].flood = number;
    port[n].flooded = 0;
    answer("ok\n");
}
static void command_keep(unsigned n, uint64_t number)
{
    (void)number;
    port[n].kept = port[n].session;
    answer("ok\n");
}
static void command_late(unsigned n, uint64_t number)
{
    (void)number;
    answer("%s\n", lk_status_text(port_write(serial, n, port[n].kept, "x", 1, NULL)));
}
static void command_info(unsigned n, uint64_t number)
{
    char name[64];
    uint64_t ports = 0, session = 0, received = 0, sent = 0;
    size_t length = 0;
    bool open = false;

    (void)number;
    port_info(serial, n, &ports, &open, &session, &received, &sent, name, sizeof(name), &length);
    answer("%lu ports, open %u, session %lu, %lu in, %lu out, %.*s\n", ports, open, session,
           received, sent, (int)length, name);
}
static void command_kept(unsigned n, uint64_t number)
{
    uint32_t range = lk_cap("kept");
    bool there = lk_range_get_cap(range, 0, 0, REG_WORK) == STATUS_OK;

    (void)n;
    (void)number;
    if (!there) {
        lk_must(lk_range_fabricate(range, LK_TYPE_PAGE, 0, 0, REG_WORK), "a page to keep");
    }
    answer(there ? "there\n" : "made\n");
}
static void command_wrong(unsigned n, uint64_t number)
{
    (void)n;
    (void)number;
    answer("%u wrong\n", wrong_requests());
}

static const struct {
    const char *word;
    void (*function)(unsigned n, uint64_t number);
} commands[] = {
    { "record", command_record }, { "hold", command_hold },   { "go", command_go },
    { "sink", command_sink },     { "echo", command_echo },   { "flood", command_flood },
    { "keep", command_keep },     { "late", command_late },   { "info", command_info },
    { "kept", command_kept },     { "wrong", command_wrong },
};

/* A line: WORD [PORT [NUMBER]] */
static void command(const char *text)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        size_t length = strlen(commands[i].word);
        const char *at = text + length;
        uint64_t n = 0;
        uint64_t number = 0;

        if (memcmp(text, commands[i].word, length) != 0 || (*at != ' ' && *at != '\0')) {
            continue;
        }
        if (*at == ' ' && lk_parse_number(at + 1, &n, &at) && *at == ' ') {
            lk_parse_number(at + 1, &number, &at);
        }
        if (n < PORT_COUNT) {
            commands[i].function((unsigned)n, number);
            return;
        }
    }
    answer("no such command\n");
}

static void command_bytes(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != '\n' && line_length < LINE - 1) {
            line[line_length++] = bytes[i];
        } else if (bytes[i] == '\n') {
            memset(line + line_length, 0, LINE - line_length);
            line_length = 0;
            command(line);
        }
    }
}

/* ---- The ports ---- */

static void opened(unsigned n, uint64_t session, bool mixed)
{
    port[n].session = session;
    port[n].pending.begin = port[n].pending.end;
    port[n].flood = port[n].flooded;
    record(&port[n], " O%lu%s", session, mixed ? "m" : "");
    if (n == COMMANDS) {
        line_length = 0;
    }
}

static void closed(unsigned n, uint64_t session)
{
    port[n].session = 0;
    port[n].pending.begin = port[n].pending.end;
    port[n].flood = port[n].flooded;
    record(&port[n], " C%lu", session);
}

static void data(unsigned n, const char *bytes, size_t count)
{
    if (n == COMMANDS) {
        command_bytes(bytes, count);
        return;
    }
    record_data(&port[n], bytes, count);
    if (!port[n].sink) {
        send(&port[n], bytes, count);
    }
}

/* One thing that is to be told of port n. False: there is none now. */
static bool port_step(unsigned n)
{
    static char buffer[PORT_BYTES];

    if (gone || !send_pending(n) || port[n].hold) {
        return false;
    }
    uint64_t what = PORT_NOTHING, session = 0, flags = 0;
    size_t bytes = 0;
    enum status s = port_read(serial, n, &what, &session, &flags, buffer, sizeof(buffer), &bytes);

    gone |= s == STATUS_INVALID_CAP || s == STATUS_INVOKEE_GONE;
    if (s != STATUS_OK) {
        return false;
    }
    switch (what) {
    case PORT_OPENED:
        opened(n, session, (flags & PORT_MIXED) != 0);
        return true;
    case PORT_CLOSED:
        closed(n, session);
        return true;
    case PORT_DATA:
        data(n, buffer, bytes);
        return true;
    default:
        return false;
    }
}

/* A port that does not take what is sent to it is not read either, and yet its end must be seen:
 * a write to it then answers so, and is tried whenever there is news of it. */
static void all_steps(void)
{
    bool some = true;

    while (some) {
        some = false;
        for (unsigned n = 0; n < PORT_COUNT; n++) {
            some |= port_step(n);
        }
    }
}

static void bind_all(void)
{
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        lk_must(port_bind(serial, 1u << n, 1u << n, REG_NOTICE), "binding a port");
    }
}

/* The server was begun again, and knows nothing of us. */
static void serial_came_back(void)
{
    lk_must(lk_connect("serial"), "the server that was begun again");
    gone = false;
    for (unsigned n = 0; n < PORT_COUNT; n++) {
        record(&port[n], " R");
        port[n].session = 0;
        port[n].pending.begin = port[n].pending.end;
    }
    bind_all();
}

int main(void)
{
    serial = lk_cap("serial");
    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, UINT32_MAX, REG_NOTICE), "a notice");
    lk_must(lk_watch("serial", NOTICE_SERIAL, REG_NOTICE), "watching the server");
    bind_all();
    say("ready");
    for (;;) {
        all_steps();
        if ((lk_park() & NOTICE_SERIAL) != 0) {
            serial_came_back();
        }
    }
}

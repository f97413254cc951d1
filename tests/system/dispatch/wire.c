/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The transport in memory, and messages. See kit.h. The dispatcher's thread may run between any two
 * instructions of the case: what it reads is written before the number that tells of it.
 */
#include "wire.h"

#define BIT(port) (1u << (port))

static struct wire wires[PORTS];
uint64_t wire_late;

/* ---- the dispatcher's side ------------------------------------------------------------------- */

static void wire_read(void *unused, unsigned port, uint8_t *memory, struct dispatch_read *r)
{
    struct wire *w = &wires[port];

    (void)unused;
    while (w->read < w->put && w->read < w->is_void && wire_piece(w)->news == DISPATCH_DATA) {
        w->read++;
    }
    r->news = DISPATCH_NOTHING;
    if (w->read < w->put) {
        const struct piece *p = wire_piece(w);

        r->news = p->news;
        r->session = p->session;
        r->begins = p->begins;
        r->bytes = p->bytes;
        memcpy(memory, p->data, p->bytes);
        w->read++;
    }
}

static size_t wire_write(void *unused, unsigned port, uint64_t session, const uint8_t *bytes,
                         size_t n)
{
    struct wire *w = &wires[port];

    (void)unused;
    if (session != w->session || !w->open) {
        wire_late += n;
        return n;
    }
    n = n < w->room ? n : w->room;
    n = n < WIRE_OUT - w->got ? n : WIRE_OUT - w->got;
    memcpy(w->out + w->got, bytes, n);
    w->got += n;
    w->room -= w->room != WIRE_ALL ? n : 0;
    return n;
}

static bool wire_over(void *unused, unsigned port, uint64_t session)
{
    (void)unused;
    return session != wires[port].session || !wires[port].open;
}

const struct dispatch_transport wire_transport = {
    .read = wire_read,
    .write = wire_write,
    .over = wire_over,
};

/* ---- the other side -------------------------------------------------------------------------- */

void wire_reset(void)
{
    memset(wires, 0, sizeof(wires));
    wire_late = 0;
}

static void tell(unsigned port)
{
    OK(lk_appnotice_post(R_WIRE, BIT(port)));
}

static void put(unsigned port, enum dispatch_news news, bool begins, const uint8_t *bytes, size_t n)
{
    struct wire *w = &wires[port];
    struct piece *p = &w->piece[w->put % PIECES];

    CHECK(w->put - w->read < PIECES);
    CHECK(n <= sizeof(p->data));
    p->news = news;
    p->session = w->session;
    p->begins = begins;
    p->bytes = n;
    if (n > 0) {
        memcpy(p->data, bytes, n);
    }
    w->put++;
}

void wire_connect(unsigned port)
{
    struct wire *w = &wires[port];

    CHECK(!w->open);
    w->session++;
    w->got = 0;
    w->room = WIRE_ALL;
    w->open = true;
    put(port, DISPATCH_OPENED, false, NULL, 0);
    tell(port);
}

void wire_hang_up(unsigned port)
{
    struct wire *w = &wires[port];

    CHECK(w->open);
    w->open = false;
    w->is_void = w->put;
    put(port, DISPATCH_CLOSED, false, NULL, 0);
    tell(port);
}

void wire_room(unsigned port, size_t bytes)
{
    wires[port].room = bytes;
    tell(port);
}

void wire_send(unsigned port, const uint8_t *bytes, size_t n)
{
    put(port, DISPATCH_DATA, true, bytes, n);
    tell(port);
}

void wire_send_rest(unsigned port, const uint8_t *bytes, size_t n)
{
    put(port, DISPATCH_DATA, false, bytes, n);
    tell(port);
}

unsigned wire_unread(unsigned port)
{
    return (unsigned)(wires[port].put - wires[port].read);
}

/* ---- calls ----------------------------------------------------------------------------------- */

size_t encode_call(uint8_t *at, unsigned procedure, uint32_t serial, const void *arguments)
{
    static uint8_t memory[4096] __attribute__((aligned(8)));
    struct rpc_output out = { .memory = memory, .size = sizeof(memory) };

    CHECK(rpc_call_encode(&rpc_procedures[procedure], serial, arguments, &out));
    memcpy(at, memory, out.used);
    return out.used;
}

void call(unsigned port, unsigned procedure, uint32_t serial, const void *arguments)
{
    uint8_t bytes[4096];

    wire_send(port, bytes, encode_call(bytes, procedure, serial, arguments));
}

void call_told(unsigned port, uint32_t serial, int32_t told)
{
    remote_int arguments = { told };

    call(port, RPC_DOMAIN_LOOKUP_BY_ID, serial, &arguments);
}

void call_waiting(unsigned port, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        call_told(port, first + i, TOLD_WAIT);
    }
}

void say_auth(unsigned port)
{
    char nothing = 0;

    call(port, RPC_AUTH_LIST, 0, &nothing);
}

void say_hello(unsigned port)
{
    char name[] = "lykos:///system";
    char *text = name;
    remote_open arguments = { .name = &text };

    say_auth(port);
    await_answers(port, 1);
    EQ(answer_at(port, 0).header.procedure, REMOTE_AUTH_LIST);
    EQ(answer_at(port, 0).bytes, 8);
    call(port, RPC_CONNECT_OPEN, 1, &arguments);
    await_answers(port, 2);
    is_empty(port, 1, 1);
    answers_forget(port);
}

void open_client(unsigned port)
{
    wire_connect(port);
    say_hello(port);
}

void ping(unsigned port)
{
    static const uint8_t bytes[] = { 0, 0, 0, 28, 0x6b, 0x65, 0x65, 0x70, 0, 0, 0, 1, 0, 0,
                                     0, 1, 0, 0,  0,    2,    0,    0,    0, 0, 0, 0, 0, 0 };

    wire_send(port, bytes, sizeof(bytes));
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Where message i begins: behind the others. */
static size_t place(unsigned port, unsigned i)
{
    const struct wire *w = &wires[port];
    size_t at = 0;

    while (i > 0) {
        remote_header header;

        rpc_read_header(w->out + at, &header);
        at += header.length;
        i--;
    }
    return at;
}

unsigned answers(unsigned port)
{
    const struct wire *w = &wires[port];
    size_t at = 0;
    unsigned n = 0;

    while (w->got - at >= RPC_HEADER_BYTES) {
        remote_header header;

        rpc_read_header(w->out + at, &header);
        CHECK(header.length >= RPC_HEADER_BYTES && header.length <= DISPATCH_REPLY_MAX);
        if (w->got - at < header.length) {
            break;
        }
        at += header.length;
        n++;
    }
    return n;
}

struct message answer_at(unsigned port, unsigned i)
{
    const uint8_t *at = wires[port].out + place(port, i);
    struct message m;

    CHECK(i < answers(port));
    rpc_read_header(at, &m.header);
    m.payload = at + RPC_HEADER_BYTES;
    m.bytes = m.header.length - RPC_HEADER_BYTES;
    return m;
}

/* The dispatcher writes behind them: it must not be at it. */
void answers_forget(unsigned port)
{
    struct wire *w = &wires[port];

    EQ(place(port, answers(port)), w->got);
    w->got = 0;
    tell(port);
}

void await_answers(unsigned port, unsigned n)
{
    EVENTUALLY(answers(port) >= n);
    EQ(answers(port), n);
}

static struct message reply_at(unsigned port, unsigned i, uint32_t serial, uint32_t status)
{
    struct message m = answer_at(port, i);

    EQ(m.header.prog, REMOTE_PROGRAM);
    EQ(m.header.type, REMOTE_TYPE_REPLY);
    EQ(m.header.serial, serial);
    EQ(m.header.status, status);
    return m;
}

void is_empty(unsigned port, unsigned i, uint32_t serial)
{
    EQ(reply_at(port, i, serial, REMOTE_STATUS_OK).bytes, 0);
}

void is_told(unsigned port, unsigned i, uint32_t serial, int32_t told)
{
    struct message m = reply_at(port, i, serial, REMOTE_STATUS_OK);
    static uint8_t memory[512] __attribute__((aligned(8)));
    struct rpc_arena arena;
    remote_dom dom = { .dom = { .id = 0 } };

    rpc_arena_init(&arena, memory, sizeof(memory));
    EQ(m.header.procedure, REMOTE_DOMAIN_LOOKUP_BY_ID);
    CHECK(rpc_decode(rpc_procedures[RPC_DOMAIN_LOOKUP_BY_ID].result, &dom, m.payload, m.bytes,
                     &arena));
    EQ(dom.dom.id, told);
    EQ(strcmp(dom.dom.name, "told"), 0);
}

void is_answered(unsigned port, unsigned i, uint32_t serial, int32_t told)
{
    call_told(port, serial, told);
    await_answers(port, i + 1);
    is_told(port, i, serial, told);
}

void is_error(unsigned port, unsigned i, uint32_t serial, int32_t code, const char *text)
{
    struct message m = reply_at(port, i, serial, REMOTE_STATUS_ERROR);
    static uint8_t memory[1024] __attribute__((aligned(8)));
    struct rpc_arena arena;
    remote_error error = { .code = 0 };

    rpc_arena_init(&arena, memory, sizeof(memory));
    CHECK(rpc_decode(rpc_codec_error, &error, m.payload, m.bytes, &arena));
    EQ(error.code, code);
    CHECK(error.message != NULL);
    if (strcmp(*error.message, text) != 0) {
        FAIL("the error says: %s; not: %s", *error.message, text);
    }
}

void is_pong(unsigned port, unsigned i)
{
    struct message m = answer_at(port, i);

    EQ(m.header.prog, REMOTE_KEEPALIVE_PROGRAM);
    EQ(m.header.procedure, REMOTE_KEEPALIVE_PONG);
    EQ(m.header.type, REMOTE_TYPE_MESSAGE);
    EQ(m.bytes, 0);
}

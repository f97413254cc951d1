/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Procedures about the connection, and events.
 */
#include "kit.h"

#include <lykos/stubs.h>

static char name[] = "echo";

static remote_domain domain(uint8_t number)
{
    remote_domain d = { .name = name, .id = number };

    memset(d.uuid, number, sizeof(d.uuid));
    return d;
}

static void happens(uint8_t number, int32_t event)
{
    remote_lifecycle e = { .dom = domain(number), .event = event, .detail = 1 };

    kit_event(&e);
}

/* Register for an event; domain 0: of all. Returns the callback's ID. */
static int32_t register_for(unsigned port, int32_t event, uint8_t number)
{
    remote_domain one = domain(number);
    remote_register_any arguments = { .event = event, .dom = number != 0 ? &one : NULL };
    struct message m;
    int32_t id;

    call(port, RPC_CONNECT_DOMAIN_EVENT_REGISTER_ANY, 5, &arguments);
    await_answers(port, 1);
    m = answer_at(port, 0);
    EQ(m.header.status, REMOTE_STATUS_OK);
    EQ(m.bytes, 4);
    id = m.payload[3];
    answers_forget(port);
    return id;
}

static void is_event(unsigned port, unsigned i, int32_t callback, uint8_t number, int32_t event)
{
    struct message m = answer_at(port, i);
    static uint8_t memory[512] __attribute__((aligned(8)));
    remote_lifecycle e = { .callback = 0 };
    struct rpc_arena arena;

    rpc_arena_init(&arena, memory, sizeof(memory));
    EQ(m.header.prog, REMOTE_PROGRAM);
    EQ(m.header.procedure, REMOTE_DOMAIN_EVENT_LIFECYCLE);
    EQ(m.header.type, REMOTE_TYPE_MESSAGE);
    EQ(m.header.serial, 0);
    CHECK(rpc_decode(rpc_codec_lifecycle, &e, m.payload, m.bytes, &arena));
    EQ(e.callback, callback);
    EQ(e.dom.id, number);
    EQ(e.event, event);
    EQ(e.detail, 1);
    EQ(strcmp(e.dom.name, "echo"), 0);
}

CASE(features, .text = "keepalive, event callbacks and close callbacks are offered, nothing else")
{
    kit_begin();
    open_client(0);
    for (int32_t i = 0; i < 20; i++) {
        remote_int feature = { i };

        call(0, RPC_CONNECT_SUPPORTS_FEATURE, 5, &feature);
        await_answers(0, 1);
        EQ(answer_at(0, 0).payload[3], i == 10 || i == 14 || i == 15);
        answers_forget(0);
    }
    kit_fine();
}

CASE(opened_twice, .text = "what is open is not opened again, what is closed may be; wrong flags")
{
    remote_open open = { .flags = 1 };
    char nothing = 0;

    kit_begin();
    open_client(0);
    CHECK(!dispatch_client_read_only(kit_ports[0].client));
    call(0, RPC_CONNECT_OPEN, 5, &open);
    await_answers(0, 1);
    is_error(0, 0, 5, REMOTE_ERR_INTERNAL, "connection already open");
    CHECK(!dispatch_client_read_only(kit_ports[0].client));
    call(0, RPC_CONNECT_CLOSE, 6, &nothing);
    await_answers(0, 2);
    is_empty(0, 1, 6);
    open.flags = 2;
    call(0, RPC_CONNECT_OPEN, 7, &open);
    await_answers(0, 3);
    is_error(0, 2, 7, REMOTE_ERR_INVALID_ARG, "unsupported flags");
    open.flags = 1;
    call(0, RPC_CONNECT_OPEN, 8, &open);
    await_answers(0, 4);
    is_empty(0, 3, 8);
    CHECK(dispatch_client_read_only(kit_ports[0].client));
    kit_fine();
}

CASE(close_callback, .text = "a close callback is registered once, and unregistered once")
{
    char nothing = 0;

    kit_begin();
    open_client(0);
    call(0, RPC_CONNECT_UNREGISTER_CLOSE_CALLBACK, 1, &nothing);
    await_answers(0, 1);
    is_error(0, 0, 1, REMOTE_ERR_INTERNAL, "close callback not registered");
    call(0, RPC_CONNECT_REGISTER_CLOSE_CALLBACK, 2, &nothing);
    await_answers(0, 2);
    is_empty(0, 1, 2);
    call(0, RPC_CONNECT_REGISTER_CLOSE_CALLBACK, 3, &nothing);
    await_answers(0, 3);
    is_error(0, 2, 3, REMOTE_ERR_INTERNAL, "close callback already registered");
    call(0, RPC_CONNECT_UNREGISTER_CLOSE_CALLBACK, 4, &nothing);
    await_answers(0, 4);
    is_empty(0, 3, 4);
    kit_fine();
}

CASE(events, .text = "who asked for lifecycle events is told, once for each callback; others not")
{
    int32_t all;
    int32_t one;
    remote_int id;

    kit_begin();
    for (unsigned port = 0; port < PORTS; port++) {
        open_client(port);
    }
    all = register_for(0, 0, 0);
    one = register_for(1, 0, 3);
    register_for(2, 1, 0); /* something else */
    happens(2, REMOTE_EVENT_STARTED);
    happens(3, REMOTE_EVENT_STOPPED);
    await_answers(0, 2);
    is_event(0, 0, all, 2, REMOTE_EVENT_STARTED);
    is_event(0, 1, all, 3, REMOTE_EVENT_STOPPED);
    await_answers(1, 1);
    is_event(1, 0, one, 3, REMOTE_EVENT_STOPPED);
    EQ(answers(2), 0);
    answers_forget(0);
    answers_forget(1);
    CHECK(register_for(0, 0, 0) != all);
    happens(2, REMOTE_EVENT_RESUMED);
    await_answers(0, 2);
    answers_forget(0);
    id.value = all;
    call(0, RPC_CONNECT_DOMAIN_EVENT_DEREGISTER_ANY, 9, &id);
    await_answers(0, 1);
    is_empty(0, 0, 9);
    call(0, RPC_CONNECT_DOMAIN_EVENT_DEREGISTER_ANY, 10, &id);
    await_answers(0, 2);
    is_error(0, 1, 10, REMOTE_ERR_INVALID_ARG, "event callback 1 is not registered");
    answers_forget(0);
    happens(2, REMOTE_EVENT_RESUMED);
    await_answers(0, 1);
    wire_hang_up(0);
    open_client(0);
    happens(2, REMOTE_EVENT_RESUMED);
    EQ(answers(0), 0);
    kit_fine();
}

CASE(event_limits, .text = "unknown events and too many callbacks are refused")
{
    remote_register_any arguments = { .event = 27 };

    kit_begin();
    open_client(0);
    call(0, RPC_CONNECT_DOMAIN_EVENT_REGISTER_ANY, 5, &arguments);
    await_answers(0, 1);
    is_error(0, 0, 5, REMOTE_ERR_INTERNAL, "unsupported event ID 27");
    answers_forget(0);
    arguments.event = -1;
    call(0, RPC_CONNECT_DOMAIN_EVENT_REGISTER_ANY, 5, &arguments);
    await_answers(0, 1);
    is_error(0, 0, 5, REMOTE_ERR_INTERNAL, "unsupported event ID -1");
    answers_forget(0);
    for (unsigned i = 0; i < DISPATCH_CALLBACKS; i++) {
        register_for(0, (int32_t)i % 27, 0);
    }
    arguments.event = 0;
    call(0, RPC_CONNECT_DOMAIN_EVENT_REGISTER_ANY, 5, &arguments);
    await_answers(0, 1);
    is_error(0, 0, 5, REMOTE_ERR_INTERNAL, "too many event callbacks");
    kit_fine();
}

CASE(events_unread,
     .text = "for a client that does not read, as many events are kept as may be, the "
             "first ones; others have them all")
{
    uint64_t mark = log_mark();

    kit_begin();
    for (unsigned port = 0; port < 2; port++) {
        open_client(port);
        register_for(port, 0, 0);
    }
    wire_room(0, 5);
    for (unsigned i = 0; i < 200; i++) {
        happens((uint8_t)i, REMOTE_EVENT_STARTED);
    }
    await_answers(1, 200);
    EQ(answers(0), 0);
    EQ(kit_ports[0].events_lost, 200 - DISPATCH_EVENTS);
    CHECK(log_has(mark, "the client of port 0 does not read: it misses events"));
    call_told(0, 7, TOLD_ANSWER); /* is answered behind them */
    wire_room(0, WIRE_ALL);
    await_answers(0, DISPATCH_EVENTS + 1);
    for (unsigned i = 0; i < DISPATCH_EVENTS; i++) {
        is_event(0, i, 1, (uint8_t)i, REMOTE_EVENT_STARTED);
    }
    is_told(0, DISPATCH_EVENTS, 7, TOLD_ANSWER);
    answers_forget(0);
    happens(9, REMOTE_EVENT_STOPPED);
    await_answers(0, 1);
    kit_fine();
}

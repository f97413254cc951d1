/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Clients that come and go, and that cannot be understood.
 */
#include "kit.h"

/* How many clients are used; how many of them went. */
static unsigned used(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < DISPATCH_CLIENTS; i++) {
        n += kit.client[i].used;
    }
    return n;
}

CASE(vanishes,
     .text = "of a client that went, what is computed is thrown away, and its successor is "
             "served at once")
{
    kit_begin_with(WORKERS, 1000 * MSEC);
    open_client(0);
    call_waiting(0, 100, 9);
    sleep_ns(10 * MSEC);
    EQ(kit_inside, 3);
    wire_hang_up(0);
    EQ(used(), 1); /* kept by the workers */
    CHECK(kit_ports[0].client == NULL);
    CHECK(kit_checks());
    wire_connect(0);
    say_auth(0);
    EQ(used(), 2);
    CHECK(kit_checks());
    wire_connect(1);
    say_hello(1); /* a worker of its own */
    kit_go = true;
    EVENTUALLY(kit_inside == 0);
    await_answers(0, 1); /* to AUTH_LIST, and no other */
    kit_idle();
    EQ(answers(0), 1);
    EQ(used(), 2);
    kit_fine();
}

CASE(vanishes_everywhere,
     .text = "a client may go behind any byte that it sends; the next is served")
{
    static uint8_t bytes[256];
    remote_int told = { TOLD_SLEEP + 1 };
    remote_open open = { .flags = 0 };
    size_t n = 0;

    kit_begin();
    n += encode_call(bytes + n, RPC_AUTH_LIST, 0, &told);
    n += encode_call(bytes + n, RPC_CONNECT_OPEN, 1, &open);
    n += encode_call(bytes + n, RPC_DOMAIN_LOOKUP_BY_ID, 2, &told);
    for (size_t cut = 0; cut <= n; cut++) {
        sys_at("byte %lu", cut);
        wire_connect(0);
        wire_send(0, bytes, cut);
        wire_hang_up(0);
        open_client(0);
        is_answered(0, 0, 7, TOLD_ANSWER);
        wire_hang_up(0);
    }
    kit_fine();
    EQ(used(), 0);
}

CASE(no_room_and_gone, .text = "a client that is read no further, and goes, is found to have gone")
{
    kit_begin_with(WORKERS, 1000 * MSEC);
    open_client(0);
    call_waiting(0, 0, 20);
    CHECK(wire_unread(0) > 0);
    wire_hang_up(0);
    EQ(wire_unread(0), 0);
    wire_connect(0);
    wire_room(0, 3);
    say_auth(0);
    for (uint32_t i = 0; i < 20; i++) {
        ping(0);
    }
    wire_hang_up(0);
    EQ(wire_unread(0), 0);
    kit_go = true;
    EVENTUALLY(kit_inside == 0);
    kit_fine();
    EQ(used(), 0);
}

CASE(next_client,
     .text = "AUTH_LIST at the start of a buffer is another client: nothing of the last "
             "one is left")
{
    kit_begin_with(WORKERS, 1000 * MSEC);
    open_client(0);
    call_told(0, 5, TOLD_WAIT);
    sleep_ns(5 * MSEC);
    EQ(kit_inside, 1);
    say_auth(0);
    await_answers(0, 1);
    EQ(answer_at(0, 0).header.procedure, REMOTE_AUTH_LIST);
    call_told(0, 6, TOLD_ANSWER);
    await_answers(0, 2);
    is_error(0, 1, 6, REMOTE_ERR_INTERNAL, "connection not open");
    kit_go = true;
    EVENTUALLY(kit_inside == 0);
    kit_fine();
    EQ(answers(0), 2);
    EQ(used(), 1);
}

CASE(lost, .text = "behind a length that no message has all is ignored until another client begins")
{
    static const uint8_t lengths[][4] = {
        { 0, 0, 0, 27 }, { 0, 0, 0, 0 }, { 2, 0, 0, 5 }, { 0xff, 0xff, 0xff, 0xff }
    };

    kit_begin();
    wire_connect(0);
    for (unsigned i = 0; i < 4; i++) {
        say_hello(0);
        wire_send(0, lengths[i], 4);
        call_told(0, 5, TOLD_ANSWER);
        ping(0);
        kit_idle();
        EQ(answers(0), 0);
        CHECK(kit_ports[0].client == NULL);
        CHECK(kit_checks());
    }
    say_hello(0);
    call_told(0, 5, TOLD_ANSWER);
    await_answers(0, 1);
    kit_fine();
}

CASE(before_any_client, .text = "what comes before AUTH_LIST is ignored")
{
    kit_begin();
    wire_connect(2);
    call_told(2, 1, TOLD_ANSWER);
    ping(2);
    kit_idle();
    EQ(answers(2), 0);
    say_hello(2);
    kit_fine();
}

/* A call with one word of its header changed. */
static void send_changed(unsigned word, uint8_t value)
{
    uint8_t bytes[64];
    remote_int told = { TOLD_ANSWER };
    size_t n = encode_call(bytes, RPC_DOMAIN_LOOKUP_BY_ID, 3, &told);

    bytes[4 * word + 3] = value;
    wire_send(0, bytes, n);
}

/* One without its argument. */
static void send_cut(void)
{
    uint8_t bytes[64];
    remote_int told = { TOLD_ANSWER };

    encode_call(bytes, RPC_DOMAIN_LOOKUP_BY_ID, 3, &told);
    bytes[3] = RPC_HEADER_BYTES;
    wire_send(0, bytes, RPC_HEADER_BYTES);
}

CASE(malformed,
     .text = "what cannot be carried out is answered with its error, or dropped, and the "
             "connection lives")
{
    static const uint8_t more[4] = { 1, 2, 3, 4 };

    kit_begin();
    open_client(0);
    send_changed(1, 1);
    await_answers(0, 1);
    EQ(answer_at(0, 0).header.prog, 0x20008001);
    EQ(answer_at(0, 0).header.status, REMOTE_STATUS_ERROR);
    send_changed(2, 9);
    await_answers(0, 2);
    EQ(answer_at(0, 1).header.vers, 9);
    answers_forget(0);
    send_changed(3, 250);
    await_answers(0, 1);
    is_error(0, 0, 3, REMOTE_ERR_RPC, "unknown procedure: 250");
    for (uint8_t type = 1; type < 9; type++) {
        send_changed(4, type);
    }
    send_changed(6, 1);
    await_answers(0, 2);
    is_error(0, 1, 3, REMOTE_ERR_RPC, "Unexpected message status 1");
    send_cut();
    await_answers(0, 3);
    is_error(0, 2, 3, REMOTE_ERR_RPC, "Unable to decode message payload");
    send_changed(0, 36); /* and 4 bytes behind the arguments, which are ignored */
    wire_send_rest(0, more, sizeof(more));
    await_answers(0, 4);
    is_told(0, 3, 3, TOLD_ANSWER);
    kit_fine();
}

CASE(long_call,
     .text = "a call that is too long is refused, its end found, and the next one served")
{
    static uint8_t bytes[DISPATCH_CHUNK];
    remote_int told = { TOLD_ANSWER };
    unsigned left = RPC_CALL_MAX + 4;

    kit_begin();
    open_client(0);
    encode_call(bytes, RPC_DOMAIN_LOOKUP_BY_ID, 3, &told);
    bytes[2] = (uint8_t)(left >> 8);
    bytes[3] = (uint8_t)left;
    while (left > 0) {
        unsigned n = left < DISPATCH_CHUNK ? left : DISPATCH_CHUNK;

        wire_send(0, bytes, n);
        left -= n;
    }
    await_answers(0, 1);
    is_error(0, 0, 3, REMOTE_ERR_RPC, "message of 16388 bytes is too long");
    is_answered(0, 1, 4, TOLD_ANSWER);
    kit_fine();
}

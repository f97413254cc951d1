/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The server `serial` (user/servers/serial): the ports of a virtio-serial device, each of which is
 * a stream of bytes to a client outside of the machine, who comes and goes.
 *
 * An Entry's protected payload is a mask of the ports that its holder may use. Port n is the one
 * that the device calls n + 1; its number 0 is for a console and is left alone.
 *
 * A *session* is what one client says from coming to going. Sessions have numbers, larger ones
 * later, also when the server was begun again in between.
 *
 * Word 0 of a request is one of the methods below, word 0 of the answer an `enum status`.
 * OUT_OF_RANGE: no port can have this number. NO_ACCESS: the Entry is not for this port.
 */
#pragma once

#include <lykos/invoke.h>
#include <lykos/room.h>

/* word 1: port. Answer: word 1, how many ports the device can have; word 2, 1 if a client is there;
 * word 3, its session, or the last one; word 4, bytes received since the server began; word 5,
 * bytes sent; string: the port's name, empty if it has none. Without a device there are 0 ports. */
#define PORT_INFO 1u

/* word 1: mask of ports; word 2: notice bits, not 0; capability 1: AppNotice. The bits are posted
 * whenever one of these ports has something to read, or has room to write again after a write that
 * was not taken, or was opened or closed. A session that is going on is told to the new reader as
 * one that begins, with another number. Without capability 1, or with Null: no more notices, and
 * nobody reads. IN_USE: somebody else who is still there has one of them; then nothing has changed.
 * REQUEST_ERROR: it is no AppNotice. */
#define PORT_BIND 2u

/* word 1: port. Never waits. Answer: word 1, what, below; word 2, session; word 3, flags, below;
 * string: for PORT_DATA, one receive buffer whole, at most PORT_BYTES: so give a buffer of that
 * size, whose pages are there, since an answer waits for no pager (lk_port_read() sees to it). What
 * is answered is gone. First closed, then opened, then data: data that came before a close, and was
 * not read, is dropped. */
#define PORT_READ 3u

/* word 1: port; word 2: session; string: up to PORT_BYTES. Answer: word 1, bytes taken: all, or 0,
 * and then the notice comes when there is room. STATE_CHANGED: that session is over. */
#define PORT_WRITE 4u

#define PORT_METHODS 5u

/* What PORT_READ answers. */
#define PORT_NOTHING 0u
#define PORT_OPENED 1u
#define PORT_CLOSED 2u
#define PORT_DATA 3u

/* Flags of PORT_READ. */
#define PORT_BEGINS 1u /* the first byte is the first of a receive buffer */
#define PORT_MORE 2u   /* there is more to read */
#define PORT_MIXED                                                                                 \
    4u /* with PORT_OPENED: bytes of the session before may come first, or its own first bytes may
          be missing: the reader must find out where the client begins */

#define PORT_COUNT 8u /* ports there can be */
#define PORT_BYTES 4096u
#define PORT_ALL 0xffu

/* PORT_READ into a buffer of PORT_BYTES, which is touched first; its length is that of the string
 * in the answer. */
static inline struct lk_in lk_port_read(uint32_t serial, unsigned port, void *buffer)
{
    lk_touch(buffer);
    lk_touch((char *)buffer + PORT_BYTES - 1);
    return lk_call_recv1(LK_CTL_CALL(serial, 2) | LK_RSTR, PORT_READ, port, buffer, PORT_BYTES);
}

/* PORT_WRITE of 1 to PORT_BYTES bytes. */
static inline struct lk_in lk_port_write(uint32_t serial, unsigned port, uint64_t session,
                                         const void *bytes, size_t count)
{
    return lk_call_send2(LK_CTL_CALL(serial, 3) | LK_SSTR, PORT_WRITE, port, session, bytes, count);
}

/* PORT_BIND to the AppNotice in register `notice`; 0: to nobody. */
static inline enum status lk_port_bind(uint32_t serial, uint64_t mask, uint64_t bits,
                                       uint32_t notice)
{
    uint64_t control = LK_CTL_CALL_CAPS(serial, 3, 1, notice, 0, 0, 0, 0, 0, 0);

    return (enum status)lk_call_ctl2(control, PORT_BIND, mask, bits).w[0];
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The transport: what is read from and written to the server `serial`. Neither waits: the server
 * answers what it has, and posts a notice when there is more.
 */
#include "ports.h"

#include <lykos/start.h>
#include <lykos/stubs.h>

/* All of it is the initial thread's. */
static bool lost = true;
static uint64_t session[PORT_COUNT]; /* that goes on, or the last one */
static bool open[PORT_COUNT];

static void note(unsigned port, const struct dispatch_read *r)
{
    if (r->news == DISPATCH_OPENED || r->news == DISPATCH_CLOSED) {
        open[port] = r->news == DISPATCH_OPENED;
        session[port] = r->session;
    }
}

static void read(void *context, unsigned port, uint8_t *memory, struct dispatch_read *r)
{
    static const enum dispatch_news news[] = {
        [PORT_NOTHING] = DISPATCH_NOTHING,
        [PORT_OPENED] = DISPATCH_OPENED,
        [PORT_CLOSED] = DISPATCH_CLOSED,
        [PORT_DATA] = DISPATCH_DATA,
    };
    uint64_t what = 0, of = 0, flags = 0;
    size_t bytes = 0;

    (void)context;
    r->news = DISPATCH_NOTHING;
    if (lost) {
        return;
    }
    if (port_read(lk_cap("serial"), port, &what, &of, &flags, memory, PORT_BYTES, &bytes) !=
            STATUS_OK ||
        what >= sizeof(news) / sizeof(news[0])) {
        lost = true;
        return;
    }
    r->news = news[what];
    r->session = of;
    r->begins = (flags & PORT_BEGINS) != 0;
    r->bytes = bytes;
    note(port, r);
}

static bool over(void *context, unsigned port, uint64_t of)
{
    (void)context;
    return lost || !open[port] || session[port] != of;
}

static size_t write(void *context, unsigned port, uint64_t to, const uint8_t *bytes, size_t n)
{
    size_t done = 0;

    while (done < n && !over(context, port, to)) {
        size_t some = n - done < PORT_BYTES ? n - done : PORT_BYTES;
        uint64_t taken = 0;
        enum status s = port_write(lk_cap("serial"), port, to, bytes + done, some, &taken);

        if (s == STATUS_STATE_CHANGED) {
            return n;
        }
        if (s != STATUS_OK || taken > some) {
            lost = true;
        } else if (taken == 0) {
            return done;
        } else {
            done += taken;
        }
    }
    return n;
}

const struct dispatch_transport ports_transport = { .read = read, .write = write, .over = over };

unsigned ports_count(void)
{
    uint64_t count = 0;
    enum status s = port_info(lk_cap("serial"), 0, &count, NULL, NULL, NULL, NULL, NULL, 0, NULL);

    return s != STATUS_OK ? 0 : count < PORT_COUNT ? (unsigned)count : PORT_COUNT;
}

enum status ports_bind(unsigned count, uint32_t notice)
{
    for (unsigned i = 0; i < count; i++) {
        enum status s = lk_endpoint_make_app_notice(LK_REG_ENDPOINT, PORTS_BIT(i), notice);

        s = s == STATUS_OK ? port_bind(lk_cap("serial"), 1u << i, PORTS_BIT(i), notice) : s;
        if (s != STATUS_OK) {
            return s;
        }
    }
    lost = false;
    return STATUS_OK;
}

bool ports_lost(void)
{
    return lost;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The dispatcher's clients come through the ports of the server `serial` (<lykos/gen/port.h>).
 */
#pragma once

#include <lykos/dispatch.h>
#include <lykos/gen/port.h>

/* Notice bit i, i < PORT_COUNT: port i has news. */
#define PORTS_BIT(port) (1u << (port))

/* The transport of all ports. */
extern const struct dispatch_transport ports_transport;

/* How many ports there can be, at most PORT_COUNT; 0: no device, or no server. The device tells of
 * its ports one by one, some time after it was begun: so this counts also those that it has not
 * told of yet. */
unsigned ports_count(void);

/* Have the server tell of ports 0..count-1, through the endpoint in LK_REG_ENDPOINT; `notice` is a
 * register to work with. To be called again whenever the server was begun again: all clients that
 * there were are gone then, as far as this side is concerned. */
enum status ports_bind(unsigned count, uint32_t notice);

/* The server has died. Until ports_bind() nothing is read, and what is written goes nowhere. */
bool ports_lost(void);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtio-serial device: claimed from the server `pci`, mapped, set up, driven.
 */
#pragma once

#include "ports.h"

#include <abi/gen.h>

/* Registers of this program beside those with names. */
#define REG_LINE 13u                      /* IrqWait */
#define REG_BINDER 14u                    /* AppNotices of the ports' readers, one each */
#define REG_OWN (REG_BINDER + PORT_COUNT) /* AppNotice to this program */
#define REG_WORK LK_REG_FREE              /* four */

/* Claim the device, set it up and begin: its interrupts post `bits` through REG_OWN. `news` is the
 * function of struct ports_driver. Null: it runs, or there is none and ports->port has no queues;
 * else what is wrong with it, in words. Does not return if `pci` died: this program is begun again
 * then. */
const char *device_begin(struct ports *ports, uint64_t bits, void (*news)(unsigned n));

/* Is there a device that is used? */
bool device_there(void);

/* The interrupt came: have the device take it back. Behind this the ports are to be served, and
 * then device_acknowledge() lets the next one come. False: the device says that it must be reset.
 */
bool device_interrupt(void);
void device_acknowledge(void);

/* Reset it, and use it no more. */
void device_give_up(void);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Instances that somebody else pays for (PROGRAMS_NEW_PAID). Their bank stands below one of which
 * init knows nothing but that it is a bank, and which can be closed at any moment, by whoever owns
 * it or with him. Then all that the instance had is gone, and init is not told: it looks when it is
 * asked about the instance, when another is made, and when any program has ended.
 */
#pragma once

#include "instances.h"

/* A further instance, of which nothing was made yet, is to be one of these. */
void paid_begin(uint32_t i);

/* The bank of an instance was opened, and is in REG_BANK: have it give a *witness*, a Process that
 * never runs. It is destroyed with the bank, and the kernel then answers the reply capability that
 * it holds. Made now, since nothing may be left of what the bank can pay when somebody wants to
 * wait. Nothing, for all other instances. */
enum status paid_make_witness(uint32_t i);

/* Somebody is to wait for the end of an instance: should its bank be closed he is told by the
 * kernel, with INVOKEE_GONE. `caller` is the register of his reply capability. Nothing, for all
 * other instances. */
enum status paid_watch(uint32_t i, uint32_t caller);

/* It is about to be taken apart, and who waits is to be told more than that. Nothing, for all
 * others. */
void paid_release(uint32_t i);

/* Was the bank that paid for it closed? Then it is ended now. */
bool paid_forsaken(uint32_t i);

/* The same for all instances. */
void paid_sweep(void);

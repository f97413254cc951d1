/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs of Lykos as libvirt's domains: what virsh asks for, answered from init. The library
 * libdomains.a; a program that uses it has `domains rpc` in its file `libs`, and the capability
 * `programs = entry init.programs`, which each thread that calls has in the same register.
 */
#pragma once

#include <lykos/rpc.h>

/* Handlers of all procedures about domains and the node; the procedures about the connection itself
 * have none here. They look at no client, keep nothing from one call to the next, and wait for
 * nobody but init: any number of threads may call them at once. */
extern const struct rpc_service lykos_domains;

/* What happens to programs, as lifecycle events. */
struct domain_watch {
    uint64_t position; /* in init's log of it */
    uint64_t missed;   /* events that were lost since domain_watch_begin(), because init keeps only
                          so many */
};

/* From now on. Each time that there is something to read, init posts `bits` to the AppNotice in
 * register `notice`. EXHAUSTED: as many programs watch as may. */
enum status domain_watch_begin(struct domain_watch *w, uint32_t notice, uint64_t bits);

/* Tell of all that has happened since the last time, one call for each event, in order. The event
 * and what it points to are good during the call only; its `callback` is 0. Called by one thread at
 * a time. Not OK: init does not answer. */
enum status domain_watch_read(struct domain_watch *w,
                              void (*tell)(void *context, const remote_lifecycle *event),
                              void *context);

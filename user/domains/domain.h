/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program as a domain: what can be said of it without asking anybody. Without system calls, so
 * that its tests run on the build machine.
 */
#pragma once

#include <lykos/programs.h>
#include <lykos/rpc.h>

/* Which process a domain is: a program's number, and its life (0: the program, which does not run).
 * The same number in another life is another domain. */
struct domain_key {
    uint32_t number;
    uint64_t life;
};

/* The key as a uuid (of version 8: of one's own making), and back. False: it is no such uuid. */
void domain_uuid(struct domain_key key, char uuid[REMOTE_UUID_BYTES]);
bool domain_of_uuid(const char uuid[REMOTE_UUID_BYTES], struct domain_key *key);

/* The id that virsh shows: -1 if it does not run. It begins anew after 2^31 lives. */
int32_t domain_id(uint64_t life);

/* What a domain is called on the wire. The name is not copied. */
remote_domain domain_name(const struct program_brief *b);

/* What it does, and why. A hold stands before everything but a fault: it executes nothing. */
remote_domain_state domain_state(const struct program_brief *b);

/* Is it there only while it runs? So is a further instance, and a part of another program. */
bool domain_is_transient(const struct program_brief *b);

/* Is it a domain now? */
bool domain_is_there(const struct program_brief *b);

/* Is it a domain, and one of those that the flags of CONNECT_LIST_ALL_DOMAINS ask for? */
bool domain_matches(const struct program_brief *b, uint32_t flags);

/* The holds in words: "suspend, proxy". */
void domain_holds(const struct program_brief *b, char *text, size_t size);

/* The lifecycle event that a change is. The name is not copied. False: it is none. */
bool domain_event(const struct program_change *c, remote_lifecycle *event);

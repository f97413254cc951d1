/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the pager (user/servers/pager), and pagers as such.
 *
 * The pager's own sources are linked here. It runs as a process with a root of its own, beside a
 * small bank, over programs that are raw processes in spaces that hold nothing but this program and
 * what the pager puts there.
 *
 *   world.c     the bank, the pager, spaces, and what can be seen of them
 *   server.c    the pager's sources
 *   regions.c   what is found where, by reading, writing and executing
 *   refuse.c    what is refused: by the bank, and by the pager
 *   many.c      many spaces; numbers used again; pages given back
 *   heap.c      the heap and the stacks of a program
 *   kill.c      the pager is destroyed: before each of its system calls, and at random
 *   bad.c       pagers that answer late, twice, wrongly, or never: what the kernel makes of it
 *   cost.c      instructions of a fault
 */
#include "../lib/sys.h"

const char sys_scenario[] = "pager";

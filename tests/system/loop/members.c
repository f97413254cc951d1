/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Members, as the scenario `locks` has them.
 */
#include "../locks/members.c"

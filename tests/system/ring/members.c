/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Members, as the scenario `locks` has them.
 */
/* NOLINTNEXTLINE(bugprone-suspicious-include): a scenario has no sources but its own folder's. */
#include "../locks/members.c"

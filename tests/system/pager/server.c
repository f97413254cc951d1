/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager, but for its main().
 */
/* NOLINTBEGIN(bugprone-suspicious-include): a scenario has no sources but its own folder's. */
#include "../../../user/servers/pager/fault.c"
#include "../../../user/servers/pager/own.c"
#include "../../../user/servers/pager/paid.c"
#include "../../../user/servers/pager/regions.c"
#include "../../../user/servers/pager/serve.c"
#include "../../../user/servers/pager/spaces.c"
/* NOLINTEND(bugprone-suspicious-include) */

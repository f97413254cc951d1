/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bank's own sources, as part of this scenario. Its main() is replaced by bank_server().
 */
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "../../../user/servers/bank/begin.c"
#include "../../../user/servers/bank/books.c"
#include "../../../user/servers/bank/close.c"
#include "../../../user/servers/bank/frees.c"
#include "../../../user/servers/bank/mem.c"
#include "../../../user/servers/bank/service.c"
#include "../../../user/servers/bank/tree.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include "stage.h"

void bank_server(void *pages)
{
    memset(&state, 0, sizeof(state)); /* as a program finds its memory */
    memset(&service, 0, sizeof(service));
    memset(&work, 0, sizeof(work));
    memset(&refuse, 0, sizeof(refuse));
    service_begin(pages);
    service_run();
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks: endpoints.
 */
#include "invariant.h"

#include <kernel/endpoint.h>

unsigned endpoint_check(const struct endpoint *ep)
{
    unsigned failed = 0;
    const struct process *r = endpoint_recipient(ep);
    const struct plist_node *first = plist_first(&ep->senders);
    bool queued = plist_node_queued(&ep->recv_node);
    oid_t oid = object_oid(ep);

    INVARIANT((first != NULL && r != NULL) == queued &&
                  (!queued || ep->recv_node.priority == first->priority),
              "INV-EP-1 broken: endpoint %x: senders and recipient's list differ", oid);
    INVARIANT(!endpoint_expects(ep) || (ep->state.match && (ep->state.reply & 0xffff) == CAP_ENTRY),
              "INV-EP-2 broken: endpoint %x: a reply is outstanding without payload match", oid);
    INVARIANT(ep->state.id != LK_NOTICE_ID, "INV-EP-3 broken: endpoint %x has the reserved ID",
              oid);
    return failed + fast_check_endpoint(ep);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of the Endpoint capability. Arguments, results and errors: kernel/abi.
 */
#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/ipc.h>
#include <kernel/operations.h>
#include <kernel/preempt.h>
#include <kernel/process.h>

void endpoint_op_set_recipient(struct invocation *inv)
{
    struct endpoint *ep = inv_object(inv, endpoint);
    const struct cap *c = &inv->arg[1];
    struct process *r = process_of(c);

    preempt_endpoint_changes(ep);
    endpoint_unlink(ep);
    cap_copy(&ep->state.recipient, c);
    fast_forget();
    endpoint_update(ep); /* with no recipient, those who wait here are told */
    if (r != NULL) {
        ipc_recheck(r);
        preempt_recipient_set(r);
    }
}

void endpoint_op_set_endpoint_id(struct invocation *inv)
{
    struct endpoint *ep = inv_object(inv, endpoint);
    struct process *r = endpoint_recipient(ep);

    endpoint_unlink(ep);
    ep->state.id = inv->word[1];
    fast_forget();
    endpoint_update(ep);
    if (r != NULL) {
        ipc_recheck(r);
    }
}

void endpoint_op_set_payload_match(struct invocation *inv)
{
    struct endpoint *ep = inv_object(inv, endpoint);

    preempt_endpoint_changes(ep);
    ep->state.match = (uint8_t)inv->word[1];
    fast_forget();
    ep->state.reply = endpoint_payload(ep) << CAP_PAYLOAD_SHIFT;
    if (ep->state.match) {
        endpoint_fail_senders(ep); /* no reply is outstanding: their capabilities are Null */
    }
}

/* A capability to the endpoint invoked is the answer; its payload is word 1. */
static void make(struct invocation *inv, uint8_t type, uint8_t restr)
{
    inv->out_cap[0] = endpoint_cap(inv_object(inv, endpoint), type, inv->word[1]);
    inv->out_cap[0].restr = restr;
}

enum status endpoint_op_make_entry(struct invocation *inv)
{
    const struct endpoint *ep = inv_object(inv, endpoint);

    if (inv->word[1] > (ep->state.match ? ENDPOINT_PAYLOAD_MAX : UINT32_MAX)) {
        return STATUS_OUT_OF_RANGE;
    }

    txn_commit();

    make(inv, CAP_ENTRY, 0);
    return STATUS_OK;
}

void endpoint_op_make_app_notice(struct invocation *inv)
{
    make(inv, CAP_APPNOTICE, 0);
}

void endpoint_op_make_proxy_entry(struct invocation *inv)
{
    make(inv, CAP_PROXYENTRY, 0);
}

void endpoint_op_make_proxy_notice(struct invocation *inv)
{
    make(inv, CAP_APPNOTICE, LK_PROXY);
}

void endpoint_op_get_state(struct invocation *inv)
{
    const struct endpoint *ep = inv_object(inv, endpoint);

    inv->out[1] = ep->state.id;
    inv->out[2] = endpoint_payload(ep);
    inv->out[3] = ep->state.match | endpoint_expects(ep) * 2u |
                  (endpoint_recipient(ep) != NULL) * 4u | !plist_empty(&ep->senders) * 8u;
}

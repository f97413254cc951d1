/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operation of the AppNotice capability: post. The dispatcher has seen that there is a recipient.
 */
#include <kernel/invoke.h>
#include <kernel/notice.h>
#include <kernel/txn.h>
#include <ops.h>

enum status appnotice_op_post(struct invocation *inv)
{
    struct process *p = app_notice_target(&inv->cap);

    txn_commit();

    notice_post(p, (uint32_t)inv->word[1] & inv->cap.payload);
    return STATUS_OK;
}

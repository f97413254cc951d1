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
    txn_commit();

    app_notice_post(&inv->cap, inv->word[1]);
    return STATUS_OK;
}

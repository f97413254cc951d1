/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operation of the AppNotice capability: post. The dispatcher has seen that there is a recipient.
 */
#include <kernel/endpoint.h>
#include <kernel/invoke.h>
#include <kernel/notice.h>
#include <ops.h>

void appnotice_op_post(struct invocation *inv)
{
    notice_post(endpoint_recipient(endpoint_of(&inv->cap)),
                app_notice_bits(&inv->cap, inv->word[1]));
}

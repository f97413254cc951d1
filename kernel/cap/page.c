/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of Pages.
 */
#include <kernel/operations.h>
#include <kernel/string.h>

/* The data of the page invoked. */
static void *page_data(const struct invocation *inv)
{
    return frame_data(page_frame(&inv->cap));
}

/* Fill with zeros. */
void page_op_clear(struct invocation *inv)
{
    memset(page_data(inv), 0, PAGE_SIZE);
}

/* Copy another page's data here. */
enum status page_op_copy_from(struct invocation *inv)
{
    const struct cap *source = &inv->arg[1];

    if (source->type != CAP_PAGE) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    memmove(page_data(inv), frame_data(page_frame(source)),
            PAGE_SIZE); /* it may be the same page */
    return STATUS_OK;
}

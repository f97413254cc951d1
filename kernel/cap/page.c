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
void page_op_copy_from(struct invocation *inv)
{
    memmove(page_data(inv), frame_data(page_frame(&inv->arg[1])),
            PAGE_SIZE); /* it may be the same page */
}

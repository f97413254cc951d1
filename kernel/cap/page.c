/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of Pages.
 */
#include <kernel/operations.h>
#include <kernel/string.h>

/* Fill with zeros. */
void page_op_clear(struct invocation *inv)
{
    memset(frame_data(page_frame(&inv->cap)), 0, PAGE_SIZE);
}

/* Copy another page's data here. */
void page_op_copy_from(struct invocation *inv)
{
    /* It may be the same page. */
    memmove(frame_data(page_frame(&inv->cap)), frame_data(page_frame(&inv->arg[1])), PAGE_SIZE);
}

/* Where it stands in memory, for a device that is to access it. */
void page_op_get_address(struct invocation *inv)
{
    inv->out[1] = frame_kpa(page_frame(&inv->cap));
}

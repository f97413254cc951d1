/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pong: answers ping. As small as a server can be that does not use the server loop: one message
 * goes round.
 */
#include <lykos/lykos.h>

#define METHOD_PING 1u

int main(void)
{
    struct lk_in in = lk_wait(LK_REG_CALLER);

    for (;;) {
        if (lk_kind(in.delivery) != LK_KIND_MESSAGE) {
            in = lk_wait(LK_REG_CALLER); /* a notice, or the caller is gone and was not answered */
        } else if (in.w[0] != METHOD_PING) {
            in = lk_reply_wait0(LK_REG_CALLER, STATUS_UNKNOWN_REQUEST);
        } else {
            in = lk_reply_wait1(LK_REG_CALLER, STATUS_OK, in.w[1] + 1);
        }
    }
}

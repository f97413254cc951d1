/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bystander: a server that has no method. Whoever asks it is told so, as long as it is there.
 */
#include <lykos/lykos.h>

int main(void)
{
    static const struct lk_server server = { .method_count = 0 };

    lk_serve(&server);
}

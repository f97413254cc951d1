/* SPDX-License-Identifier: BSD-2-Clause
 *
 * idler: answers, when nobody above it wants the CPU.
 */
#include <lykos/lykos.h>

int main(void)
{
    static const struct lk_server server = { .method_count = 0 };

    lk_serve(&server);
}

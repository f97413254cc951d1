/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer's entry. See one.c.
 */
#include "one.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    dispatch_one(data, n);
    return 0;
}

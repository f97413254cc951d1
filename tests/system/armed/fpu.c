/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Images of the FPU (FXSAVE64, Intel SDM volume 1, 10.5) full of canaries.
 */
#include "armed.h"

#define FCW_AT 0
#define FTW_AT 4
#define MXCSR_AT 24
#define ST_AT 32
#define ST_BYTES 10
#define ST_STEP 16
#define XMM_AT 160
#define XMM_BYTES 256

void fpu_canary(uint8_t image[FPU_IMAGE], uint64_t seed)
{
    struct rng r = rng_new(seed);
    uint16_t fcw = (uint16_t)(0x003f | (2 + rng_below(&r, 2)) << 8 | rng_below(&r, 4) << 10);
    uint32_t mxcsr = (uint32_t)(0x1f80 | rng_below(&r, 4) << 13 | rng_below(&r, 64));

    memset(image, 0, FPU_IMAGE);
    memcpy(image + FCW_AT, &fcw, sizeof(fcw));
    memcpy(image + MXCSR_AT, &mxcsr, sizeof(mxcsr));
    image[FTW_AT] = 0xff; /* all eight are in use */
    for (unsigned i = 0; i < 8; i++) {
        uint64_t mantissa = rng_next(&r) | 1ull << 63;
        uint16_t exponent = (uint16_t)(0x3f00 + rng_below(&r, 0x200));

        memcpy(image + ST_AT + i * ST_STEP, &mantissa, sizeof(mantissa));
        memcpy(image + ST_AT + i * ST_STEP + 8, &exponent, sizeof(exponent));
    }
    for (unsigned i = 0; i < XMM_BYTES; i += 8) {
        uint64_t x = rng_next(&r);

        memcpy(image + XMM_AT + i, &x, sizeof(x));
    }
}

bool fpu_same(const uint8_t a[FPU_IMAGE], const uint8_t b[FPU_IMAGE])
{
    bool same = memcmp(a, b, 5) == 0; /* control, status, tags */

    same &= memcmp(a + MXCSR_AT, b + MXCSR_AT, 4) == 0;
    for (unsigned i = 0; i < 8; i++) {
        same &= memcmp(a + ST_AT + i * ST_STEP, b + ST_AT + i * ST_STEP, ST_BYTES) == 0;
    }
    return same && memcmp(a + XMM_AT, b + XMM_AT, XMM_BYTES) == 0;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ping: calls pong, a server in another address space, and says how long a round trip takes. The
 * argument is the number of round trips.
 */
#include <lykos/lykos.h>

#define ROUNDS 1000ull
#define ROUNDS_MAX 100000000ull
#define METHOD_PING 1u

/* Call `rounds` times, and look at every answer. False, and says so: one was wrong. */
static bool ping(uint32_t pong, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++) {
        struct lk_in in = lk_call1(pong, METHOD_PING, i);

        if (in.w[0] != STATUS_OK || in.w[1] != i + 1) {
            say("round trip %lu failed: %s, answer %lu", i, lk_status_text(in.w[0]), in.w[1]);
            return false;
        }
    }
    return true;
}

int main(void)
{
    uint64_t rounds = ROUNDS;
    uint32_t pong = lk_cap("pong");
    const char *arg = lk_start->argument;
    const char *end;

    if (*arg != '\0' && (!lk_parse_number(arg, &rounds, &end) || *end != '\0' || rounds == 0 ||
                         rounds > ROUNDS_MAX)) {
        say("ping [ROUNDS]: a number from 1 to %llu", ROUNDS_MAX);
        return 2;
    }
    if (!ping(pong, 1)) { /* the first touches pages that nobody touched before */
        return 1;
    }
    uint64_t before = lk_now();

    if (!ping(pong, rounds)) {
        return 1;
    }
    uint64_t time = lk_now() - before;

    say("%lu round trips to pong in %lu.%03lu ms: %lu ns each", rounds, time / 1000000,
        time / 1000 % 1000, time / rounds);
    return 0;
}

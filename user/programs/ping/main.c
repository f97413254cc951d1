/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ping: calls pong, a server in another address space, and says how long a round trip takes. The
 * argument is the number of round trips.
 */
#include <lykos/gen/pong.h>
#include <lykos/lykos.h>

#define ROUNDS 1000ull
#define ROUNDS_MAX 100000000ull

/* Call `rounds` times, and look at every answer. False, and says so: one was wrong. */
static bool ping(uint32_t pong, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t next = 0;
        enum status s = pong_ping(pong, i, &next);

        if (s != STATUS_OK || next != i + 1) {
            say("round trip %lu failed: %s, answer %lu", i, lk_status_text(s), next);
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

/* counter-test: a test of the server counter. Each line "ok ..." or "not ok ..." that a program
 * whose name ends in -test prints is a case for `make test`; so is its end, with status 0. */
#include <lykos/gen/counter.h>
#include <lykos/lykos.h>

#define ROUNDS 200u

static bool failed;

static void check(const char *name, bool holds)
{
    failed |= !holds;
    say("%s %s", holds ? "ok" : "not ok", name);
}

/* Others may count, too: what is looked at is what changes. */
static bool adds_up(uint32_t server)
{
    uint64_t before = 0;
    uint64_t total = 0;

    if (counter_read(server, &before) != STATUS_OK) {
        return false;
    }
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        before += i;
        if (counter_add(server, i, &total) != STATUS_OK || total != before) {
            return false;
        }
    }
    return counter_read(server, &total) == STATUS_OK && total == before;
}

static bool stays_below_the_limit(uint32_t server)
{
    uint64_t before = 0;
    uint64_t total = 0;

    return counter_read(server, &before) == STATUS_OK &&
           counter_add(server, COUNTER_LIMIT, &total) == COUNTER_FULL &&
           counter_read(server, &total) == STATUS_OK && total == before;
}

/* What no stub would send: the dispatch refuses it, and the server does not see it. */
static bool refuses_what_is_no_u32(uint32_t server)
{
    return lk_call1(server, COUNTER_ADD, 1ul << 32).w[0] == STATUS_REQUEST_ERROR;
}

int main(void)
{
    uint32_t server = lk_cap("counter");

    check("is_a_counter", counter_is(server));
    check("adds_up", adds_up(server));
    check("stays_below_the_limit", stays_below_the_limit(server));
    check("refuses_what_is_no_u32", refuses_what_is_no_u32(server));
    check("refuses_unknown_methods",
          lk_call1(server, COUNTER_METHODS, 0).w[0] == STATUS_UNKNOWN_REQUEST);
    return failed ? 1 : 0;
}

/* counter-client: asks the server counter, as its argument says: "add NUMBER", or "read". */
#include <lykos/gen/counter.h>
#include <lykos/lykos.h>

static int usage(void)
{
    say("add NUMBER, or read");
    return 2;
}

int main(void)
{
    uint32_t server = lk_cap("counter");
    const char *argument = lk_start->argument;
    const char *end = NULL;
    uint64_t number = 0;
    uint64_t total = 0;
    enum status s = STATUS_OK;

    if (strcmp(argument, "read") == 0) {
        s = counter_read(server, &total);
    } else if (strncmp(argument, "add ", 4) == 0) {
        if (!lk_parse_number(argument + 4, &number, &end) || *end != '\0' || number > UINT32_MAX) {
            return usage();
        }
        s = counter_add(server, (uint32_t)number, &total);
    } else {
        return usage();
    }
    if (s == COUNTER_FULL) {
        say("not added: the sum would be more than %llu", COUNTER_LIMIT);
        return 1;
    }
    if (s != STATUS_OK) {
        say("the server refuses: %s", lk_status_text(s));
        return 1;
    }
    say("the sum is %lu", total);
    return 0;
}

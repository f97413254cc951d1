/* counter: a server. It keeps a sum for all of its clients.
 *
 * There is a function for each method of counter.idl. What reaches it has the form that is
 * described there; the rest was answered already. What it returns is the result code. */
#include <lykos/gen/counter_server.h>
#include <lykos/lykos.h>

static uint64_t sum;

enum status counter_op_add(struct lk_request *rq, uint32_t by, uint64_t *total)
{
    (void)rq;
    if (by > COUNTER_LIMIT - sum) {
        return COUNTER_FULL;
    }
    sum += by;
    *total = sum;
    return STATUS_OK;
}

enum status counter_op_read(struct lk_request *rq, uint64_t *total)
{
    (void)rq;
    *total = sum;
    return STATUS_OK;
}

static const struct lk_server server = { COUNTER_SERVER };

int main(void)
{
    lk_serve(&server);
}

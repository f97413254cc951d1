/* quota: a server that keeps a stock of units for all of its clients.
 *
 * There is a function for each method of quota.idl. What reaches it has the form that is described
 * there; the rest was answered already. What it returns is the result code.
 *
 * rq->payload says which client it is: even numbers, 2 * QUOTA_CLIENTS - 2 at most. */
#include <lykos/gen/quota_server.h>
#include <lykos/lykos.h>

#define QUOTA_CLIENTS 96u

static uint32_t stock = QUOTA_UNITS;

enum status quota_op_take(struct lk_request *rq, uint32_t units, uint32_t *left)
{
    (void)rq;
    if (units > stock) {
        return QUOTA_SHORT;
    }
    stock -= units;
    *left = stock;
    return STATUS_OK;
}

enum status quota_op_left(struct lk_request *rq, uint32_t *left)
{
    (void)rq;
    *left = stock;
    return STATUS_OK;
}

static const struct lk_server server = { QUOTA_SERVER };

int main(void)
{
    lk_serve(&server);
}

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
static uint32_t taken[QUOTA_CLIENTS];

static uint32_t *of(const struct lk_request *rq)
{
    return &taken[rq->payload / 2 % QUOTA_CLIENTS];
}

enum status quota_op_take(struct lk_request *rq, uint32_t units, uint32_t *left)
{
    if (units > QUOTA_SHARE - *of(rq)) {
        return QUOTA_GREEDY;
    }
    if (units > stock) {
        return QUOTA_SHORT;
    }
    *of(rq) += units;
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

enum status quota_op_give(struct lk_request *rq, uint32_t units, uint32_t *left)
{
    if (units > *of(rq)) {
        return QUOTA_NOT_YOURS;
    }
    *of(rq) -= units;
    stock += units;
    *left = stock;
    return STATUS_OK;
}

enum status quota_op_mine(struct lk_request *rq, uint32_t *units)
{
    *units = *of(rq);
    return STATUS_OK;
}

static const struct lk_server server = { QUOTA_SERVER };

int main(void)
{
    lk_serve(&server);
}

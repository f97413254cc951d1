/* mailbox: letters between clients.
 *
 * This one has a single box, of which everybody takes, and does not wait. It is yours to change. */
#include <lykos/gen/mailbox_server.h>
#include <lykos/lykos.h>

struct letter {
    uint32_t sender;
    uint32_t size;
    uint8_t text[64];
};

static struct letter letters[MAILBOX_LETTERS];
static uint64_t put, taken; /* so many so far */

enum status mailbox_op_put(struct lk_request *rq, uint32_t to, const void *letter,
                           size_t letter_len)
{
    struct letter *l = &letters[put % MAILBOX_LETTERS];

    if (to >= MAILBOX_CLIENTS) {
        return STATUS_OUT_OF_RANGE;
    }
    if (put - taken == MAILBOX_LETTERS) {
        return MAILBOX_FULL;
    }
    l->sender = (uint32_t)rq->payload;
    l->size = (uint32_t)letter_len;
    memcpy(l->text, letter, letter_len);
    put++;
    return STATUS_OK;
}

enum status mailbox_op_take(struct lk_request *rq, uint32_t *sender, const void **letter,
                            size_t *letter_len)
{
    struct letter *l = &letters[taken % MAILBOX_LETTERS];

    (void)rq;
    if (put == taken) {
        return STATUS_CANCELLED; /* it should wait */
    }
    *sender = l->sender;
    *letter = l->text;
    *letter_len = l->size;
    taken++;
    return STATUS_OK;
}

static const struct lk_server server = { MAILBOX_SERVER };

int main(void)
{
    lk_serve(&server);
}

/* mailbox: letters between clients. Each has a box, and waits for it as a reply capability in a
 * register of its own. */
#include <lykos/gen/mailbox_server.h>
#include <lykos/lykos.h>

struct letter {
    uint32_t sender;
    uint32_t size;
    uint8_t text[64];
};

struct box {
    struct letter letters[MAILBOX_LETTERS];
    uint64_t put, taken; /* so many so far */
    bool waits;          /* somebody, in the register of this box */
};

static struct box boxes[MAILBOX_CLIENTS];

static uint32_t reg_of(const struct box *b)
{
    return LK_REG_FREE + (uint32_t)(b - boxes);
}

/* The oldest letter goes to who waits. If nobody is there any more, it has not gone. */
static void deliver(struct box *b)
{
    const struct letter *l = &b->letters[b->taken % MAILBOX_LETTERS];

    b->waits = false;
    if (mailbox_take_answer(reg_of(b), STATUS_OK, l->sender, l->text, l->size) == STATUS_OK) {
        b->taken++;
    }
}

enum status mailbox_op_put(struct lk_request *rq, uint32_t to, const void *letter,
                           size_t letter_len)
{
    if (to >= MAILBOX_CLIENTS) {
        return STATUS_OUT_OF_RANGE;
    }
    struct box *b = &boxes[to];
    struct letter *l = &b->letters[b->put % MAILBOX_LETTERS];

    if (b->put - b->taken == MAILBOX_LETTERS) {
        return MAILBOX_FULL;
    }
    l->sender = (uint32_t)rq->payload;
    l->size = (uint32_t)letter_len;
    memcpy(l->text, letter, letter_len);
    b->put++;
    if (b->waits) {
        deliver(b);
    }
    return STATUS_OK;
}

enum status mailbox_op_take(struct lk_request *rq, uint32_t *sender, const void **letter,
                            size_t *letter_len)
{
    struct box *b = &boxes[rq->payload % MAILBOX_CLIENTS];
    const struct letter *l = &b->letters[b->taken % MAILBOX_LETTERS];

    if (b->put == b->taken) {
        if (b->waits) {
            lk_answer_later(reg_of(b), STATUS_CANCELLED, NULL, 0);
        }
        b->waits = true;
        lk_keep_caller(rq, reg_of(b));
        return STATUS_OK; /* is not sent: the caller was kept */
    }
    *sender = l->sender;
    *letter = l->text;
    *letter_len = l->size;
    b->taken++;
    return STATUS_OK;
}

static const struct lk_server server = { MAILBOX_SERVER };

int main(void)
{
    lk_serve(&server);
}

/* watch: the oracle has WATCH_LIMIT_MSEC for each question. When they are over R answers in its
 * place, and has it begin anew. */
#include "watch.h"

#include <lykos/lykos.h>

#define REQUIRED(s) lk_must((s), __func__)

static struct lk_control control;
static volatile bool thinks;   /* about a question, whose client is in T_CLIENT */
static volatile bool answered; /* by R */

void watch_init(void)
{
    REQUIRED(lk_endpoint_make_entry(T_R_ENDPOINT, 0, T_WORK));
    REQUIRED(lk_preempt_register(LK_REG_SELF, T_WORK));
    REQUIRED(lk_preempt_set_control(LK_REG_SELF, &control, WATCH_BOUND, lk_cap("space"), T_WORK));
}

void watch_begin(void)
{
    answered = false;
    thinks = true;
    REQUIRED(lk_preempt_in(WATCH_LIMIT_MSEC, WATCH_BIT));
}

void watch_end(void)
{
    thinks = false;
    lk_notice_cancel();
}

void watch_enter(void)
{
    lk_defer_begin(&control);
}

void watch_leave(void)
{
    lk_defer_end(&control);
}

/* T has its notice again, and is stopped when its section ends: it defers until then. */
static void stop_it_later(uint32_t target)
{
    if (lk_preempt_make_notice(target, WATCH_BIT, R_WORK) == STATUS_OK) {
        lk_appnotice_post(R_WORK, WATCH_BIT);
        lk_drop_cap(R_WORK);
    }
}

static void answer_client(uint32_t target)
{
    if (!answered && lk_process_get_cap_reg(target, T_CLIENT, R_CLIENT) == STATUS_OK) {
        lk_post2(R_CLIENT, STATUS_TIMED_OUT, 0, 0);
        lk_drop_cap(R_CLIENT);
    }
    answered = true;
}

/* The next question, on a stack that is as it was before the first. */
static void begin_anew(uint32_t target)
{
    struct lk_look look;

    do {
        if (lk_target_look(target, &look) != STATUS_OK) {
            return;
        }
        look.regs.rsp = oracle_stack;
    } while (lk_target_redirect(target, &look, oracle_serve, NULL) == STATUS_STATE_CHANGED);
}

static enum lk_after take(struct lk_event *event)
{
    if (event->kind != LK_EVENT_PROXIED_NOTICE || !thinks) {
        return LK_GO_ON;
    }
    answer_client(event->target);
    if (event->forced) {
        stop_it_later(event->target);
    } else {
        thinks = false;
        begin_anew(event->target);
    }
    return LK_GO_ON;
}

void watch_run(void *unused)
{
    static const struct lk_handler handler = {
        .take = take,
        .target = R_TARGET,
        .reply = R_REPLY,
    };

    (void)unused;
    lk_handler_run(&handler);
}

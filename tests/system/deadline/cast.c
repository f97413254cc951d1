/* SPDX-License-Identifier: BSD-2-Clause
 *
 * C, R and V.
 */
#include "cast.h"

#define V_ID 60
#define C_SERVER R_A /* in C: Entry of V */
#define V_REPLY 5    /* in V: reply capability */
#define R_TARGET R_A /* in R, and the three behind it */
#define R_ANSWER R_E
#define R_SCRATCH R_F
#define FLAG_SINGLE_STEP 1u
#define GREETING 0x4711u

/* ---- C ---- */

static void caller(void *arg)
{
    struct cast *cast = arg;

    for (;;) {
        while (cast->done == cast->ordered) {
            lk_park();
        }
        struct lk_msg msg = {
            .control = LK_CTL_CALL(C_SERVER, 2),
            .w = { GREETING, cast->order.word },
            .buffer = cast->order.buffer,
            .buffer_size = BUFFER_SIZE,
        };

        msg.control |= cast->order.buffer != NULL ? LK_RSTR : 0;
        cast->result = lk_call_until(&cast->own, &msg, cast->order.until);
        cast->answer = msg.w[1];
        cast->done++;
    }
}

void order(struct cast *cast, uint64_t word, uint64_t until)
{
    cast->order.word = word;
    cast->order.until = until;
    cast->ordered++;
    obj_get(cast->c.endpoint, R_T0);
    OK(lk_endpoint_make_app_notice(R_T0, 1, R_T0));
    OK(lk_appnotice_post(R_T0, 1));
}

bool is_done(const struct cast *cast)
{
    return cast->done == cast->ordered;
}

enum status finish(struct cast *cast)
{
    EVENTUALLY(is_done(cast));
    return cast->result;
}

void step_begin(const struct cast *cast)
{
    obj_get(cast->c.p, R_T0);
    OK(lk_process_set_flags(R_T0, FLAG_SINGLE_STEP));
}

void step_end(const struct cast *cast)
{
    obj_get(cast->c.p, R_T0);
    OK(lk_process_set_flags(R_T0, 0));
    if (proc_state(cast->c.p).run_state == LK_STATE_FAULTED) {
        proc_resume(cast->c.p);
    }
}

bool step(const struct cast *cast)
{
    if (proc_state(cast->c.p).run_state == LK_STATE_FAULTED) {
        proc_resume(cast->c.p);
    }
    return proc_state(cast->c.p).run_state == LK_STATE_FAULTED;
}

/* ---- R ---- */

static enum lk_after take(struct lk_event *event)
{
    struct cast *cast = event->context;

    CHECK(lk_deadline_take(&cast->own, event, R_SCRATCH));
    return LK_GO_ON;
}

static void handler(void *arg)
{
    const struct lk_handler h = {
        .take = take, .target = R_TARGET, .reply = R_ANSWER, .context = arg
    };

    lk_handler_run(&h);
}

/* ---- V ---- */

void v_waits(const struct cast *cast)
{
    raw_do(cast->v, LK_CTL_WAIT(V_REPLY, 0, 0, 0));
}

bool v_has_request(const struct cast *cast)
{
    return raw_done(cast->v) && lk_kind(proc_state(cast->v).r.rax) == LK_KIND_MESSAGE &&
           proc_state(cast->v).r.rdi == GREETING;
}

enum status v_answers(const struct cast *cast, uint64_t word)
{
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND, V_REPLY, 2));

    r.rdi = STATUS_OK;
    r.rsi = word;
    raw_go(cast->v, &r);
    return (enum status)raw_result(cast->v).rdi;
}

/* ---- all of them ---- */

void cast_begin(struct cast *cast, unsigned priority_c)
{
    obj entry;

    memset(cast, 0, sizeof(*cast));
    lk_deadline_init(&cast->own);
    cast->c = worker_new(priority_c, caller, cast);
    cast->r = worker_new(PRIO_HIGH, handler, cast);
    cast->v = proc_new(PRIO_HIGH);
    cast->v_endpoint = endpoint_new(cast->v, V_ID, false);
    proc_cap(cast->c.p, C_SERVER, entry_new(cast->v_endpoint, 0));
    proc_slot(cast->c.p, SLOT_HANDLER, parking_entry()); /* it is to be stopped */
    entry = entry_new(cast->r.endpoint, 0);
    proc_slot(cast->c.p, SLOT_PROXY_RECEIVER, entry);
    obj_get(cast->c.endpoint, R_T0);
    OK(lk_endpoint_make_proxy_entry(R_T0, 0, R_T1));
    cast->cancel = obj_keep(R_T1);
    obj_get(cast->c.endpoint, R_T0);
    OK(lk_endpoint_make_proxy_notice(R_T0, LK_BIT_CANCEL, R_T1));
    cast->cancel_post = obj_keep(R_T1);
    worker_start(cast->r);
    worker_start(cast->c);
    EVENTUALLY(proc_wait_kind(cast->r.p) == LK_WAIT_OPEN);
    EVENTUALLY(proc_wait_kind(cast->c.p) == LK_WAIT_NOTICE);
}

void all_is_well(struct cast *cast)
{
    cast->order.buffer = NULL;
    v_waits(cast);
    order(cast, 0xa11, LK_NO_DEADLINE);
    EVENTUALLY(v_has_request(cast));
    EQ(proc_state(cast->v).r.rsi, 0xa11); /* and not one that was given up */
    EQ(v_answers(cast, 0x600d), STATUS_OK);
    EQ(finish(cast), STATUS_OK);
    EQ(cast->answer, 0x600d);
}

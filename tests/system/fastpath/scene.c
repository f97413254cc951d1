/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who plays in handling.c: made, and noted.
 */
#include "scene.h"

void scene_noted(const struct scene *s, const struct handling *h)
{
    if (s->first_round) {
        return;
    }
    note_process(s->faulter, "who faults");
    note_process(s->handler, "the handler");
    note_process(s->bystander, "the bystander");
    for (unsigned i = 0; i < h->handler_senders; i++) {
        note_process(s->to_handler[i], "a sender to the handler");
    }
    for (unsigned i = 0; i < h->faulter_senders; i++) {
        note_process(s->to_faulter[i], "a sender to who faults");
    }
    for (unsigned i = 0; i < h->other_faults; i++) {
        note_process(s->other[i], "another that faults");
    }
    for (unsigned i = 0; i < h->ready; i++) {
        note_process(s->ready[i], "one that was ready");
    }
    note_endpoint(s->endpoint, "the handler's endpoint");
    note_endpoint(s->own, "its other endpoint");
    note_endpoint(s->reply, "its reply endpoint");
    note_endpoint(s->of_faulter, "endpoint of who faults");
    if (h->handler_fpu || h->faulter_fpu) {
        note_fpu(s->faulter, "who faults");
        note_fpu(s->handler, "the handler");
    }
    note_memory(s->heard, SCENE_HEARD, "what was received as a string");
    note_memory(s->seen, sizeof(*s->seen), "the registers that the handler saw");
}

static obj sender_to(obj endpoint)
{
    obj p = actor_new(PRIO_HIGH, "sender");

    proc_cap(p, H_ENTRY, entry_new(endpoint, 77));
    return p;
}

/* What the slot for the handler of `faulter` is to hold. */
static obj handler_entry(struct scene *s, obj faulter, enum to_whom to)
{
    obj e = s->endpoint;

    if (to == TO_GONE || to == TO_DEAD || to == TO_NO_ONE || to == TO_MATCH) {
        obj dead = to == TO_DEAD ? actor_new(PRIO_HIGH, "dead") : s->handler;

        e = endpoint_new(to == TO_NO_ONE ? NO_OBJ : dead, HANDLER_ID, to == TO_MATCH);
        obj_get(e, R_T0);
        OK(lk_endpoint_make_entry(R_T0, 3, R_T1));
        e = obj_keep(R_T1);
        if (to == TO_GONE || to == TO_DEAD) {
            obj_rescind(to == TO_GONE ? e - 1 : dead);
        }
        return e;
    }
    return to == TO_NOBODY || to == TO_MATCH_FIT ? NO_OBJ
           : to == TO_ITSELF                     ? entry_new(endpoint_new(faulter, 5, false), 6)
                             : entry_new(to == TO_OF_MEMORY ? s->own : e, 0x123456);
}

void fpu_of(obj p, uint8_t value)
{
    static uint8_t image[512];

    image[200] = value;
    obj_get(p, R_A);
    OK(lk_process_set_fpu(R_A, image, sizeof(image)));
}

static obj faulter_new(struct scene *s, const struct handling *h, obj space)
{
    obj p = actor_new_in(space, PRIO_HIGH, "faulter");

    proc_slot(p, SLOT_HANDLER, handler_entry(s, p, h->to));
    return p;
}

/* A space in which the handler is that of the memory around WINDOW_VA, or the case's own. */
static obj space_for(const struct scene *s, enum to_whom to)
{
    obj space;

    if (to != TO_OF_MEMORY) {
        return own_space();
    }
    space = space_new();
    gpt_of(space, WINDOW_VA, R_A);
    obj_get(entry_new(s->endpoint, 0x654321), R_B);
    OK(lk_gpt_swap_slot(R_A, 15, R_B, 0));
    OK(lk_gpt_set_flags(R_A, 1));
    return space;
}

void scene_made(struct scene *s, const struct handling *h)
{
    obj space;

    s->handler = actor_new(h->priority, "handler");
    s->endpoint = endpoint_new(s->handler, HANDLER_ID, false);
    s->own = endpoint_new(s->handler, OTHER_ID, false);
    s->reply = proc_reply_endpoint(s->handler, 92);
    space = space_for(s, h->to);
    s->faulter = faulter_new(s, h, space);
    for (unsigned i = 0; i < h->other_faults; i++) {
        s->other[i] = faulter_new(s, h, space);
    }
    s->of_faulter = endpoint_new(s->faulter, 93, false);
    s->bystander = actor_new(PRIO_HIGH, "bystander");
    proc_cap(s->handler, H_FAULTER, s->faulter);
    proc_cap(s->handler, H_ENTRY, entry_new(endpoint_new(s->bystander, 94, false), 95));
    proc_cap(s->handler, H_STALE, page_new());
    proc_get_cap(s->handler, H_STALE, R_A);
    OK(lk_range_rescind(R_RANGE, R_A));
    for (unsigned i = 0; i < SCENE_SENDERS; i++) {
        s->to_handler[i] = i < h->handler_senders ? sender_to(s->own) : NO_OBJ;
        s->to_faulter[i] = i < h->faulter_senders ? sender_to(s->of_faulter) : NO_OBJ;
    }
    raw_do(s->bystander, LK_RECV | LK_CTL_RECVS(H_GOT, 0, 0, 0));
    s->conductor = actor_new(PRIO_HIGH + 2, "conductor");
    proc_reply_endpoint(s->conductor, 96);
    for (unsigned i = 0; i < h->ready; i++) {
        s->ready[i] = actor_new(h->ready_priority, "ready");
        proc_cap(s->conductor, H_READY + i, s->ready[i]);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages between processes under restart injection.
 */
#include "inject.h"

#define REG_TARGET 5
#define REG_REPLY 9
#define CAP_A 10
#define STRING_VA (WINDOW_VA + PAGE - 700)      /* of the sender: across pages */
#define BUFFER_VA (WINDOW_VA + 8 * PAGE - 1000) /* of the receiver */
#define STRING_BYTES 9000

/* What kind of message. */
struct form {
    const char *name;
    uint64_t shape;
    bool receiver_first; /* it waits already */
    bool string, caps, stale;
    bool no_page; /* of the sender's string, in the middle */
};

static const struct form forms[] = {
    { "send to one that waits", LK_SEND | LK_BLOCK, true, false, false, false, false },
    { "non-blocking send to one that waits", LK_SEND, true, false, false, false, false },
    { "non-blocking send to one that does not", LK_SEND, false, false, true, false, false },
    { "send with capabilities", LK_SEND | LK_BLOCK, true, false, true, false, false },
    { "send with stale capabilities", LK_SEND | LK_BLOCK, true, false, true, true, false },
    { "send with a string", LK_SEND | LK_BLOCK, true, true, false, false, false },
    { "non-blocking send with a string", LK_SEND, true, true, true, false, false },
    { "send with a string, a page missing", LK_SEND | LK_BLOCK, true, true, true, false, true },
    { "send that blocks", LK_SEND | LK_BLOCK, false, false, true, false, false },
    { "send with a string that blocks", LK_SEND | LK_BLOCK, false, true, true, true, false },
    { "send and open wait", LK_SEND | LK_RECV, true, false, true, false, false },
    { "send and closed wait", LK_SEND | LK_RECV | LK_CLOSED | LK_BLOCK, true, false, false, false,
      false },
    { "call", LK_SHAPE_CALL, true, false, false, false, false },
    { "call with everything", LK_SHAPE_CALL, true, true, true, true, false },
    { "call that blocks", LK_SHAPE_CALL, false, true, true, false, false },
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

static void receiver_waits(obj p)
{
    struct lk_regs r = canary_regs(LK_RECV | LK_RSTR | LK_CTL_RECVS(REG_REPLY, 20, 21, 22), 7);

    r.rbp = BUFFER_VA;
    r.r9 = (uint64_t)LK_MAX_STRING << 32;
    raw_go(p, &r);
}

static void then_receive(struct run *r)
{
    receiver_waits(r->other[0]);
}

static void make_message(struct run *r, const void *arg)
{
    const struct form *f = arg;
    bool call = (f->shape & LK_CALLBIT) != 0;
    obj to = proc_new(PRIO_HIGH);
    obj e = endpoint_new(to, 5, false);
    obj stale = page_new();

    r->subject = proc_new(PRIO_HIGH);
    r->other[0] = to;
    proc_reply_endpoint(r->subject, 6);
    proc_cap(r->subject, REG_TARGET, entry_new(e, 1));
    for (unsigned i = 0; i < LK_MAX_CAPS; i++) {
        proc_cap(r->subject, CAP_A + i, i % 2 != 0 && f->stale ? stale : e);
    }
    obj_rescind(stale);
    r->regs = canary_regs(LK_CTL(f->shape, REG_TARGET, 3), 1);
    if (f->caps) {
        r->regs.rax |= LK_CTL_SENDS(4, call ? 0 : CAP_A, CAP_A + 1, CAP_A + 2, CAP_A + 3);
    }
    if (f->string) {
        r->regs.rax |= LK_SSTR;
        r->regs.r10 = STRING_VA;
        r->regs.r9 = STRING_BYTES;
    }
    if (f->no_page) {
        unmap(own_space(), WINDOW_VA + PAGE);
    } else {
        obj_new_in(LK_TYPE_PAGE, R_A);
        map_reg(own_space(), WINDOW_VA + PAGE, R_A);
    }
    if (f->receiver_first) {
        receiver_waits(to);
    } else if (f->shape & LK_BLOCK) {
        r->then = then_receive;
    }
}

static void map_windows(void)
{
    for (unsigned i = 0; i < 12; i++) {
        map_page(own_space(), WINDOW_VA + i * PAGE, page_new(), 0);
    }
}

CASE(messages,
     .text = "every form of a message comes to the same end with a restart at each of its acquire "
             "points",
     .ms = 600000)
{
    unsigned points = 0;

    map_windows();
    for (unsigned i = 0; i < FORMS; i++) {
        points += inject_all(forms[i].name, make_message, &forms[i]);
    }
    sys_say("# %lu forms, %u acquire points", FORMS, points);
    CHECK(points > 2 * FORMS);
}

/* The subject receives. */
static void make_receive(struct run *r, const void *arg)
{
    const bool *closed = arg;
    obj from = proc_new(PRIO_HIGH);
    struct lk_regs s = canary_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_TARGET, 2) |
                                       LK_CTL_SENDS(2, CAP_A, CAP_A, 0, 0),
                                   4);
    obj e;

    r->subject = proc_new(PRIO_HIGH);
    r->other[0] = from;
    e = endpoint_new(r->subject, 5, false);
    proc_cap(from, REG_TARGET, entry_new(e, 1));
    proc_cap(from, CAP_A, e);
    s.r10 = STRING_VA;
    s.r9 = STRING_BYTES;
    raw_go(from, &s);
    r->regs = canary_regs(
        LK_RECV | LK_RSTR | (*closed ? LK_CLOSED : 0) | LK_CTL_RECVS(20, 21, 22, 23), 3);
    r->regs.r8 = 5;
    r->regs.rbp = BUFFER_VA;
    r->regs.r9 = (uint64_t)LK_MAX_STRING << 32;
}

CASE(receives, .text = "a wait that takes a blocked sender comes to the same end")
{
    static const bool open = false, closed = true;

    map_windows();
    inject_all("open wait", make_receive, &open);
    inject_all("closed wait", make_receive, &closed);
}

/* The subject answers a call, and waits. */
static void make_reply(struct run *r, const void *arg)
{
    const uint64_t *shape = arg;
    obj client = proc_new(PRIO_HIGH);
    obj e;

    r->subject = proc_new(PRIO_HIGH);
    r->other[0] = client;
    e = endpoint_new(r->subject, 5, false);
    proc_reply_endpoint(client, 6);
    proc_cap(client, REG_TARGET, entry_new(e, 1));
    raw_do(r->subject, LK_RECV | LK_CTL_RECVS(REG_REPLY, 0, 0, 0));
    raw_do(client, LK_CTL_CALL_CAPS(REG_TARGET, 1, 0, 0, 0, 0, 20, 21, 22, 23));
    raw_result(r->subject);
    r->regs =
        canary_regs(LK_CTL(*shape, REG_REPLY, 1) | LK_CTL_SENDS(2, REG_REPLY, REG_TARGET, 0, 0), 3);
    r->regs.r10 = STRING_VA;
    r->regs.r9 = *shape & LK_SSTR ? STRING_BYTES : 0;
}

CASE(replies, .text = "so do replies, blocking and not, with a wait behind them or without")
{
    static const uint64_t shapes[] = {
        LK_SEND,
        LK_SEND | LK_BLOCK | LK_SSTR,
        LK_SHAPE_REPLY_WAIT,
        LK_SHAPE_REPLY_WAIT | LK_BLOCK,
    };

    map_windows();
    for (unsigned i = 0; i < 4; i++) {
        inject_all("reply", make_reply, &shapes[i]);
    }
}

/* Copy capability of a stale one, yield. */
static void make_pseudo(struct run *r, const void *arg)
{
    const uint64_t *control = arg;
    obj stale = page_new();

    r->subject = proc_new(PRIO_HIGH);
    proc_cap(r->subject, 3, stale);
    proc_cap(r->subject, 4, schedule_of(PRIO_HIGH));
    obj_rescind(stale);
    r->regs = canary_regs(*control, 3);
    r->regs.rdi = 0x1000;
}

CASE(pseudo, .text = "so do copy capability, yield and the FS base")
{
    static const uint64_t controls[] = {
        LK_YIELD,
        LK_COPY_CAP | 3 << 8 | 20 << 16,
        LK_COPY_CAP | 4 << 8 | 20 << 16,
        LK_SET_FS_BASE,
    };

    for (unsigned i = 0; i < 4; i++) {
        inject_all("pseudo-instruction", make_pseudo, &controls[i]);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs, played.
 */
#include "programs.h"

#define STRING_BYTES 256

static struct line running[ACTORS][LINES], beginning[ACTORS + 1];
static uint8_t said[STRING_BYTES], heard[ACTORS][STRING_BYTES];

struct stage {
    obj actor[ACTORS], endpoint[ACTORS], reply[ACTORS], conductor;
};

static void caps_given(const struct stage *s, const struct programs *p)
{
    obj gift = page_new();

    for (unsigned j = 0; j < p->n; j++) {
        obj entry = entry_new(s->endpoint[j], 50 + j);
        obj notice = notice_new(s->endpoint[j], 0xff);
        unsigned before = (j + p->n - 1) % p->n;
        obj proxy;

        obj_get(s->endpoint[j], R_A);
        OK(lk_endpoint_make_proxy_entry(R_A, 60 + j, R_B));
        proxy = obj_keep(R_B);
        for (unsigned i = 0; i < p->n; i++) {
            proc_cap(s->actor[i], G_PROCESS + j, s->actor[j]);
            proc_cap(s->actor[i], G_ENTRY + j, entry);
            proc_cap(s->actor[i], G_NOTICE + j, notice);
            proc_cap(s->actor[i], G_PROXY + j, proxy);
        }
        proc_slot(s->actor[before], SLOT_HANDLER, entry);
        proc_slot(s->actor[before], SLOT_PROXY_RECEIVER, entry);
        proc_cap(s->actor[j], G_GIFT, gift);
    }
}

static void stage_made(struct stage *s, const struct programs *p)
{
    static const char *const labels[ACTORS] = { "first", "second", "third", "fourth" };

    for (unsigned i = 0; i < p->n; i++) {
        s->actor[i] = actor_new(p->priority[i], labels[i]);
        s->endpoint[i] = endpoint_new(s->actor[i], PROGRAM_ID + i, false);
        s->reply[i] = proc_reply_endpoint(s->actor[i], PROGRAM_ID + 10 + i);
    }
    s->conductor = actor_new(PRIO_HIGH + 2, "conductor");
    proc_reply_endpoint(s->conductor, PROGRAM_ID + 20);
    caps_given(s, p);
}

static void begins(obj p, struct line *lines, unsigned who, bool fs)
{
    struct lk_regs r = canary_regs(0, who);

    r.rip = (uint64_t)act_program;
    r.rsp = (uint64_t)lines;
    r.r10 = (uint64_t)said;
    r.rbp = (uint64_t)heard[who % ACTORS];
    r.fs_base = fs ? 0x5000 : 0;
    raw_go(p, &r);
}

/* All of them are ready at once. */
static void all_begin(const struct stage *s, const struct programs *p)
{
    unsigned n = 0;

    for (unsigned i = 0; i < p->n; i++) {
        if (p->fpu[i]) {
            static uint8_t image[512];

            image[200] = (uint8_t)(i + 1);
            obj_get(s->actor[i], R_A);
            OK(lk_process_set_fpu(R_A, image, sizeof(image)));
        }
        proc_hold(s->actor[i], LK_HOLD_BY_HAND);
        begins(s->actor[i], running[i], i, p->fs[i]);
        if (!p->late[i]) {
            proc_cap(s->conductor, G_PROCESS + n, s->actor[i]);
            beginning[n] = (struct line){ .control = LK_CTL_CALL(G_PROCESS + n, 2),
                                          .w0 = OP_PROCESS_CLEAR_NOT_SCHEDULABLE,
                                          .w1 = LK_HOLD_BY_HAND };
            n++;
        }
    }
    beginning[n].control = LINE_END;
    note_step("all begin");
    begins(s->conductor, beginning, ACTORS, false);
}

static void programs_noted(const struct stage *s, const struct programs *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        const uint64_t *word = (const uint64_t *)(const void *)running[i];

        for (unsigned k = 0; k < LINES * sizeof(struct line) / sizeof(uint64_t); k++) {
            note(i == 0   ? "word of the first program"
                 : i == 1 ? "word of the second program"
                 : i == 2 ? "word of the third program"
                          : "word of the fourth program",
                 k, word[k]);
        }
    }
    for (unsigned i = 0; i < p->n; i++) {
        static const char *const names[ACTORS] = { "the first", "the second", "the third",
                                                   "the fourth" };

        note_process(s->actor[i], names[i]);
        note_fpu(s->actor[i], names[i]);
        note_endpoint(s->endpoint[i], names[i]);
        note_endpoint(s->reply[i], names[i]);
    }
    note_process(s->conductor, "the conductor");
    note_memory(heard, sizeof(heard), "strings");
}

/* When all wait, one after the other is set to its next line, whatever it waits for. */
static void go_on(const struct stage *s, const struct programs *p)
{
    for (unsigned n = 0; n < p->nudges; n++) {
        unsigned i = n % p->n;
        struct lk_regs r = proc_state(s->actor[i]).r;
        const struct line *at = (const struct line *)r.rsp;

        if (at->control == LINE_END) {
            continue;
        }
        r.rip = (uint64_t)act_program;
        r.rsp += sizeof(*at);
        note_step("one goes on");
        raw_go(s->actor[i], &r);
        proc_release(s->actor[i], LK_HOLD_PROXY);
        proc_release(s->actor[i], LK_HOLD_BY_HAND);
        for (unsigned k = 0; k < p->n; k++) {
            note_registers(s->actor[k], "an actor");
        }
    }
}

static void programs_play(const void *arg)
{
    const struct programs *p = arg;
    struct stage s;

    for (unsigned i = 0; i < sizeof(said); i++) {
        said[i] = (uint8_t)(i * 3 + 1);
    }
    memset(heard, 0, sizeof(heard));
    memcpy(running, p->line, sizeof(running));
    act_tickets = 0;
    stage_made(&s, p);
    if (p->more != NULL) {
        p->more(s.actor);
    }
    all_begin(&s, p);
    for (unsigned i = 0; i < p->n; i++) {
        CHECK(!p->idle[i] || running[i][0].ticket == 0);
    }
    programs_noted(&s, p);
    if (p->nudges != 0) {
        go_on(&s, p);
        programs_noted(&s, p);
    }
    EQ(kernel_check(), 0);
}

void programs_both(const struct programs *p)
{
    play_twice(programs_play, p);
}

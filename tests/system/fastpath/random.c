/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Random programs are the same both ways.
 */
#include "programs.h"

/* A capability register of one kind for some actor. */
static uint64_t one_of(struct rng *rng, const struct programs *p, unsigned kind)
{
    return kind + rng_below(rng, p->n);
}

static uint64_t received(struct rng *rng)
{
    static const uint64_t registers[] = {
        LK_CTL_RECVS(G_GOT, 0, 0, 0),
        LK_CTL_RECVS(G_GOT, 0, 0, 0),
        LK_CTL_RECVS(G_GOT, G_GOT + 1, 0, 0),
        LK_CTL_RECVS(G_GOT, 0, G_GOT + 1, G_GOT + 2),
        0,
    };

    return registers[rng_below(rng, 5)];
}

/* A system call of which some wait, and some end the wait of others. */
static struct line random_line(struct rng *rng, const struct programs *p)
{
    uint64_t words = 1 + rng_below(rng, 8);
    uint64_t gets = received(rng);
    uint64_t entry = one_of(rng, p, G_ENTRY);
    uint64_t process = rng_below(rng, 3) == 0 ? G_GOT : one_of(rng, p, G_PROCESS);
    struct line l = { .w0 = rng_next(rng) % 1000, .w1 = rng_next(rng) % 1000 };

    switch (rng_below(rng, 16)) {
    case 0:
    case 1:
    case 2:
        l.control = LK_CTL(LK_SHAPE_CALL, entry, words) | gets;
        break;
    case 3:
        l.control = LK_CTL_CALL_CAPS(entry, words, 1, G_GIFT, 0, 0, 0, 0, 0, 0) | gets;
        break;
    case 4:
    case 5:
        l.control = LK_RECV | gets;
        break;
    case 6:
    case 7:
        l.control = LK_CTL(LK_SHAPE_REPLY_WAIT, G_GOT, words) | gets;
        break;
    case 8:
        l.control = LK_CTL(LK_SEND | (rng_below(rng, 2) == 0 ? LK_BLOCK : 0),
                           rng_below(rng, 2) == 0 ? G_GOT : entry, words);
        break;
    case 9:
        l.control = LK_YIELD;
        return l;
    case 10:
        l.control = LK_CTL_CALL(one_of(rng, p, G_NOTICE), 2);
        l.w0 = OP_APPNOTICE_POST;
        l.w1 = 1 + rng_below(rng, 255);
        return l;
    case 11:
        l.control = LINE_FAULT;
        return l;
    case 12:
        l.control = (rng_below(rng, 2) == 0
                         ? LK_CTL(LK_SHAPE_REPLY_WAIT, process, 2)
                         : LK_CTL(rng_below(rng, 2) == 0 ? LK_SEND : LK_SHAPE_CALL, process, 2));
        l.control |= l.control & LK_RECV ? gets : 0;
        l.w0 = OP_PROCESS_RESUME;
        l.w1 = rng_below(rng, 5) != 0;
        return l;
    case 13:
        l.control = LK_CTL(LK_SEND | (rng_below(rng, 2) == 0 ? LK_BLOCK : 0),
                           one_of(rng, p, G_PROXY), words);
        break;
    case 14:
        l.control = rng_below(rng, 2) == 0 ? LK_CTL_CALL(process, 2)
                                           : LK_CTL(LK_SHAPE_REPLY_WAIT, process, 2) | gets;
        l.w0 = OP_PROCESS_CLEAR_NOT_SCHEDULABLE;
        l.w1 = rng_below(rng, 2) == 0 ? LK_HOLD_PROXY : LK_HOLD_BY_HAND;
        return l;
    default:
        l.control = LK_CTL_CALL(process, 2);
        l.w0 = OP_PROCESS_SET_NOT_SCHEDULABLE;
        l.w1 = LK_HOLD_BY_HAND;
        return l;
    }
    if (rng_below(rng, 4) == 0) { /* with strings */
        l.control |= l.control & LK_SEND ? LK_SSTR : 0;
        l.control |= l.control & LK_RECV ? LK_RSTR : 0;
        l.lengths = rng_below(rng, 257) | rng_below(rng, 257) << 32;
    }
    return l;
}

CASE(random_programs, .text = "random programs of up to four processes are the same both ways",
     .steady = true, .ms = 600000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 500 : 125;

    for (uint64_t i = 0; i < rounds; i++) {
        struct programs p = { .n = 2 + (unsigned)rng_below(&rng, ACTORS - 1), .nudges = 20 };

        sys_at("play %lu", i);
        for (unsigned k = 0; k < p.n; k++) {
            p.priority[k] = PRIO_HIGH - 1 + (unsigned)rng_below(&rng, rng_below(&rng, 2) + 2);
            p.fpu[k] = rng_below(&rng, 8) == 0;
            p.fs[k] = rng_below(&rng, 8) == 0;
            for (unsigned n = 0; n < LINES - 1; n++) {
                p.line[k][n] = random_line(&rng, &p);
            }
            p.line[k][LINES - 1].control = LINE_END;
        }
        programs_both(&p);
    }
}

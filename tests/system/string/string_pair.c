/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A sender and a receiver of strings. Their pages are mapped in the space of the case as well.
 */
#include "string_pair.h"

struct string_pair string_pair_new(void)
{
    struct string_pair p;

    p.a_space = space_new();
    p.b_space = space_new();
    p.a = proc_new_in(p.a_space, PRIO_HIGH);
    p.b = proc_new_in(p.b_space, PRIO_HIGH);
    p.endpoint = endpoint_new(p.b, ID, false);
    p.entry = entry_new(p.endpoint, 1);
    proc_cap(p.a, REG_TARGET, p.entry);
    for (unsigned i = 0; i < BUFFER_PAGES; i++) {
        p.a_page[i] = page_new();
        p.b_page[i] = page_new();
        map_page(p.a_space, SENDER_VA + i * PAGE, p.a_page[i], LK_RO | LK_NX);
        map_page(p.b_space, RECEIVER_VA + i * PAGE, p.b_page[i], LK_NX);
        map_page(own_space(), SENDER_VA + i * PAGE, p.a_page[i], LK_NX);
        map_page(own_space(), RECEIVER_VA + i * PAGE, p.b_page[i], LK_NX);
    }
    return p;
}

void string_receive(struct string_pair *p, uint64_t to, uint64_t limit)
{
    struct lk_regs r = raw_regs(LK_RECV | LK_RSTR);

    r.rbp = RECEIVER_VA + to;
    r.r9 = limit << 32;
    raw_go(p->b, &r);
}

void string_send(struct string_pair *p, uint64_t shape, uint64_t from, uint64_t n)
{
    struct lk_regs r = raw_regs(LK_CTL(shape | LK_SSTR, REG_TARGET, 1));

    r.r10 = SENDER_VA + from;
    r.r9 = n;
    raw_go(p->a, &r);
}

uint8_t *sender_bytes(void)
{
    uintptr_t at = SENDER_VA;

    __asm__("" : "+r"(at));
    return (uint8_t *)at;
}

uint8_t *receiver_bytes(void)
{
    uintptr_t at = RECEIVER_VA;

    __asm__("" : "+r"(at));
    return (uint8_t *)at;
}

void fill_sender(uint64_t seed)
{
    struct rng rng = rng_new(seed);
    uint64_t *w = (uint64_t *)(void *)sender_bytes();

    for (unsigned i = 0; i < BUFFER_PAGES * PAGE / sizeof(*w); i++) {
        w[i] = rng_next(&rng);
    }
}

void fill_receiver(void)
{
    memset(receiver_bytes(), GUARD, BUFFER_PAGES * PAGE);
}

static bool all_guard(const uint8_t *at, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (at[i] != GUARD) {
            return false;
        }
    }
    return true;
}

void string_moved(uint64_t from, uint64_t to, uint64_t n)
{
    const uint8_t *got = receiver_bytes();

    CHECK(memcmp(got + to, sender_bytes() + from, n) == 0);
    CHECK(all_guard(got, to));
    CHECK(all_guard(got + to + n, BUFFER_PAGES * PAGE - to - n));
}

void string_delivered(struct string_pair *p, uint64_t n, bool truncated)
{
    struct lk_regs got = raw_result(p->b);

    EQ(lk_string_length(got.rax), n);
    EQ(got.rax & LK_DLV_TRUNCATED, truncated ? LK_DLV_TRUNCATED : 0);
    EQ(lk_kind(got.rax), LK_KIND_MESSAGE);
}

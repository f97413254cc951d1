/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Floating-point state: every process has its own, and nobody sees another's.
 */
#include "../lib/sys.h"

#define IMAGE 512
#define MXCSR_AT 24
#define XMM_AT 160
#define XMM_BYTES 256

static uint32_t word_at(const uint8_t *image, unsigned at)
{
    uint32_t v;

    memcpy(&v, image + at, sizeof(v));
    return v;
}

CASE(initial, .text = "a new process has the initial floating-point state")
{
    obj p = proc_new(PRIO_HIGH);
    uint8_t image[IMAGE];
    size_t n = 0;

    obj_get(p, R_A);
    OK(lk_process_get_fpu(R_A, image, sizeof(image), &n));
    EQ(n, IMAGE);
    EQ(word_at(image, 0), 0x037f);
    EQ(word_at(image, MXCSR_AT), 0x1f80);
    for (unsigned i = 32; i < 416; i++) {
        EQ(image[i], 0);
    }
}

CASE(round_trip,
     .text = "floating-point state set is the state shown, but for the reserved bits of MXCSR")
{
    obj p = proc_new(PRIO_HIGH);
    uint8_t image[IMAGE], shown[IMAGE];

    for (unsigned i = 0; i < IMAGE; i++) {
        image[i] = (uint8_t)(i * 13);
    }
    memset(image, 0, 32);
    memset(image + MXCSR_AT, 0xff, 4);
    obj_get(p, R_A);
    OK(lk_process_set_fpu(R_A, image, sizeof(image)));
    OK(lk_process_get_fpu(R_A, shown, sizeof(shown), NULL));
    EQ(word_at(shown, MXCSR_AT) & 0xffff0000, 0);
    EQ(memcmp(shown + XMM_AT, image + XMM_AT, XMM_BYTES), 0);
    raw_do(p, LK_YIELD); /* it runs with it, whatever it was */
    raw_result(p);
    OK(lk_process_get_fpu(R_A, shown, sizeof(shown), NULL));
    EQ(memcmp(shown + XMM_AT, image + XMM_AT, XMM_BYTES), 0);
}

static volatile unsigned users_done;
static volatile bool users_stop;

static void load_xmm(const uint8_t *from)
{
    __asm__ volatile("movups (%0), %%xmm0\n\tmovups 16(%0), %%xmm1\n\tmovups 32(%0), %%xmm7\n\t"
                     "movups 48(%0), %%xmm15"
                     :
                     : "r"(from)
                     : "memory");
}

static void store_xmm(uint8_t *to)
{
    __asm__ volatile("movups %%xmm0, (%0)\n\tmovups %%xmm1, 16(%0)\n\tmovups %%xmm7, 32(%0)\n\t"
                     "movups %%xmm15, 48(%0)"
                     :
                     : "r"(to)
                     : "memory");
}

static uint64_t x87_number(uint64_t n)
{
    uint64_t back = 0;

    __asm__ volatile("fildll %1\n\tfistpll %0" : "=m"(back) : "m"(n) : "memory");
    return back;
}

/* Keeps canaries in its registers and looks at them for as long as the others run. */
static void user(void *arg)
{
    uint8_t mine[64], seen[64];
    uint64_t who = (uint64_t)arg;

    memset(mine, (int)who, sizeof(mine));
    load_xmm(mine);
    __asm__ volatile("fninit\n\tfildll %0" : : "m"(who));
    for (unsigned i = 0; !users_stop; i++) {
        store_xmm(seen);
        if (memcmp(mine, seen, sizeof(mine)) != 0) {
            FAIL("user %lu sees %x in round %u", who, seen[0], i);
        }
        if (i % 64 == 0) {
            lk_yield();
        }
    }
    {
        uint64_t back = 0;

        __asm__ volatile("fistpll %0" : "=m"(back));
        EQ(back, who);
        EQ(x87_number(5), 5);
    }
    users_done++;
}

static void non_user(void *arg)
{
    (void)arg;
    while (!users_stop) {
        lk_yield();
    }
    users_done++;
}

CASE(isolated,
     .text =
         "floating-point registers survive any number of switches, and show no one else's values")
{
    enum { USERS = 5 };

    users_done = 0;
    users_stop = false;
    for (uint64_t i = 0; i < USERS; i++) {
        obj space = i % 2 == 0 ? own_space() : space_new();

        worker_start(worker_new_in(space, PRIO_LOW, i == 3 ? non_user : user, (void *)(i + 0x11)));
    }
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed));
    sleep_ns(300 * NSEC_PER_MSEC);
    OK(lk_sysctl_set_preempt(R_SYSCTL, 0));
    users_stop = true;
    EVENTUALLY(users_done == USERS);
}

static uint8_t first_seen[64];

static void looks(void *arg)
{
    (void)arg;
    store_xmm(first_seen);
    users_done = 1;
}

CASE(first_use_clean,
     .text = "who uses the floating-point registers for the first time finds them clear")
{
    uint8_t canary[64];

    memset(canary, 0xee, sizeof(canary));
    memset(first_seen, 1, sizeof(first_seen));
    users_done = 0;
    load_xmm(canary); /* of the case */
    worker_start(worker_new(PRIO_HIGH, looks, NULL));
    EVENTUALLY(users_done == 1);
    for (unsigned i = 0; i < sizeof(first_seen); i++) {
        EQ(first_seen[i], 0);
    }
    store_xmm(canary);
    EQ(canary[5], 0xee);
}

CASE(new_in_old_place, .text = "a process made where another stood has none of its state")
{
    uint64_t frame = frames_new(1);
    uint8_t image[IMAGE];

    memset(image, 0x33, sizeof(image));
    OK(lk_range_fabricate(R_RANGE, LK_TYPE_PROCESS, frame, 0, R_A));
    OK(lk_process_set_fpu(R_A, image, sizeof(image)));
    OK(lk_range_rescind(R_RANGE, R_A));
    OK(lk_range_fabricate(R_RANGE, LK_TYPE_PROCESS, frame, 0, R_A));
    OK(lk_process_get_fpu(R_A, image, sizeof(image), NULL));
    for (unsigned i = XMM_AT; i < XMM_AT + XMM_BYTES; i++) {
        EQ(image[i], 0);
    }
}

CASE(set_of_running,
     .text = "state set for one that is in the middle of its work is there when it goes on")
{
    uint8_t image[IMAGE];
    struct worker w;

    users_done = 0;
    users_stop = false;
    w = worker_new(PRIO_LOW, non_user, NULL);
    worker_start(w);
    sleep_ns(NSEC_PER_MSEC);
    obj_get(w.p, R_A);
    OK(lk_process_get_fpu(R_A, image, sizeof(image), NULL));
    memset(image + XMM_AT, 0x77, XMM_BYTES);
    OK(lk_process_set_fpu(R_A, image, sizeof(image)));
    sleep_ns(NSEC_PER_MSEC);
    memset(image, 0, sizeof(image));
    OK(lk_process_get_fpu(R_A, image, sizeof(image), NULL));
    EQ(image[XMM_AT + 9], 0x77);
    users_stop = true;
    EVENTUALLY(users_done == 1);
}

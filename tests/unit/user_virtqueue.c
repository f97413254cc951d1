/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtqueue of the server `serial`: buffers go to a device and come back, and a device that
 * writes what cannot be is found out.
 */
#include "ports_model.h"
#include "unit.h"

#include "user/servers/serial/virtqueue.c"

static _Alignas(16) uint8_t memory[VIRTQUEUE_BYTES];

TEST(virtqueue_turns, "buffers go to the device and come back, round and round, in any order")
{
    struct virtqueue q;
    struct virtqueue_buffer b;

    virtqueue_init(&q, 4, memory, 0x10000);
    CHECK_EQUAL(virtqueue_avail_bus(&q), 0x10000 + VIRTQUEUE_AVAIL);
    for (unsigned turn = 0; turn < 70000; turn++) { /* the indices wrap */
        unsigned i = turn % 4;
        unsigned k = turn * 3 % 4;

        CHECK(virtqueue_post(&q, i, 0x5000 + i, 100 + i, true));
        CHECK(!virtqueue_post(&q, i, 0x5000 + i, 100, true));
        if (virtqueue_has(&q, k)) {
            CHECK_EQUAL(q.desc[k].address, 0x5000 + k);
            device_use(&q, k, k);
            CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_ONE && b.i == k && b.bytes == k && !b.over);
        }
        while (virtqueue_has(&q, (turn + 1) % 4)) {
            device_use(&q, (turn + 1) % 4, 1);
            CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_ONE && b.i == (turn + 1) % 4);
        }
        CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_NONE);
        CHECK(virtqueue_check(&q));
    }
    CHECK(!virtqueue_post(&q, 4, 0, 0, true));
}

TEST(virtqueue_marked, "what was used behind a mark is not taken with it")
{
    struct virtqueue q;
    struct virtqueue_buffer b;
    uint16_t mark;

    virtqueue_init(&q, 4, memory, 0);
    CHECK(virtqueue_post(&q, 0, 0, 8, true) && virtqueue_post(&q, 1, 0, 8, true));
    device_use(&q, 1, 8);
    mark = virtqueue_mark(&q);
    device_use(&q, 0, 8);
    CHECK(virtqueue_take_to(&q, mark, &b) == VIRTQUEUE_ONE && b.i == 1);
    CHECK(virtqueue_take_to(&q, mark, &b) == VIRTQUEUE_NONE);
    CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_ONE && b.i == 0);
}

TEST(virtqueue_not_trusted, "numbers, indices and lengths that cannot be are refused for good")
{
    static const struct {
        uint32_t id;
        uint16_t ahead;
    } wrong[] = { { 2, 1 },          { 4, 1 }, { 31, 1 },     { 32, 1 },
                  { UINT32_MAX, 1 }, { 0, 3 }, { 0, 0x8000 }, { 0, 0xffff } };
    struct virtqueue q;
    struct virtqueue_buffer b;

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        virtqueue_init(&q, 4, memory, 0);
        CHECK(virtqueue_post(&q, 0, 0, 8, true) && virtqueue_post(&q, 1, 0, 8, true));
        q.used->ring[0].id = wrong[i].id;
        q.used->index = wrong[i].ahead;
        CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_BROKEN);
        q.used->index = 0;
        CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_BROKEN);
        CHECK(!virtqueue_post(&q, 2, 0, 8, true));
    }
    virtqueue_init(&q, 4, memory, 0);
    CHECK(virtqueue_post(&q, 0, 0, 8, true) && virtqueue_post(&q, 1, 0, 8, true));
    device_use(&q, 0, 9);
    device_use(&q, 0, 1); /* twice the same */
    CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_ONE && b.over && b.bytes == 8);
    CHECK(virtqueue_take(&q, &b) == VIRTQUEUE_BROKEN);
}

TEST(virtqueue_bells, "the device is told unless it says that it looks by itself; quiet is a flag")
{
    struct virtqueue q;

    virtqueue_init(&q, 4, memory, 0);
    CHECK(virtqueue_must_tell(&q));
    q.used->flags = VIRTQ_ASLEEP_NOT;
    CHECK(!virtqueue_must_tell(&q));
    virtqueue_quiet(&q, true);
    CHECK_EQUAL(q.avail->flags, VIRTQ_QUIET);
    virtqueue_quiet(&q, false);
    CHECK_EQUAL(q.avail->flags, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the books ask of the kernel: operations on the Range of all memory that is the bank's. In
 * the server this is mem.c; unit tests have a machine of their own in its place.
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stdint.h>

/* What stands in a frame: the type of the objects, 0: none; a mask of them, 0: the frame is free.
 */
struct mem_frame {
    uint64_t type;
    uint64_t objects;
};

/* What a capability names. */
struct mem_object {
    uint64_t type; /* of the capability */
    uint64_t frame, index;
    uint64_t restrictions; /* of a memory capability */
};

/* Of the 64 frames from `first` on, a mask of those that are free. */
uint64_t mem_free_mask(uint64_t first);

/* What stands in a frame. */
struct mem_frame mem_look(uint64_t frame);

/* How many objects of a type share a frame; 0: it is not made from storage. */
unsigned mem_per_frame(uint64_t type);

/* Make an object, its capability to register `reg`. IN_USE, EXHAUSTED: as Range.fabricate. */
enum status mem_make(uint64_t type, uint64_t frame, uint64_t index, uint32_t reg);

/* Destroy what stands at a place, if anything does. */
void mem_destroy(uint64_t frame, uint64_t index);

/* A capability to what stands at a place. */
enum status mem_cap(uint64_t frame, uint64_t index, uint32_t reg);

/* Which object of this memory the capability in a register names. False: none. */
bool mem_identify(uint32_t reg, struct mem_object *out);

/* A Range of some of the frames, lent. NO_ACCESS: this memory is lent itself. */
enum status mem_lend(uint64_t first, uint64_t frames, uint32_t reg);

/* What was lent from the frame on, all copies and parts of it, is Null from now on. */
void mem_take_back(uint64_t first);

/* Which frames the Range in a register names. False: it is no Range, not of this memory, or taken
 * back. */
bool mem_range(uint32_t reg, uint64_t *first, uint64_t *frames);

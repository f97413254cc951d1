/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of instances; see instances.h.
 */
#include "instances.h"

#include "core.h"
#include "registers.h"
#include "space.h"

#include <lykos/names.h>
#include <lykos/pager.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define TABLE_VA 0x30000000ull /* in init's space, where nothing else is */
#define NUMBER_BITS 12u        /* of a payload; the rest counts the instances of a row */
#define SERIALS (1u << (32 - NUMBER_BITS))
#define PER_PAGE (SPACE_PAGE / sizeof(struct instance))

struct description description;
struct kind kinds[DESC_PROGRAMS];
struct archive archive;
const char *boot_words = "";

_Static_assert(SHELF_ROWS <= 1u << NUMBER_BITS, "the number of an instance fits");
_Static_assert(PAGER_SPACES == 1u << NUMBER_BITS, "the pager finds it in the same bits");

static uint32_t count;                    /* in the table */
static uint32_t first_free = NO_INSTANCE; /* a queue by next_free: the longest free first */
static uint32_t last_free;

void trouble_say(struct trouble *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    lk_vformat(t->words, sizeof(t->words), format, args);
    va_end(args);
}

struct instance *instance(uint32_t i)
{
    uintptr_t page = TABLE_VA + i / PER_PAGE * SPACE_PAGE;

    return &((struct instance *)page)[i % PER_PAGE];
}

uint32_t instance_count(void)
{
    return count;
}

const struct program *instance_program(uint32_t i)
{
    return &description.program[instance(i)->program];
}

struct kind *instance_kind(uint32_t i)
{
    return &kinds[instance(i)->program];
}

/* One whose payloads would begin anew is used no more. */
static void put_free(uint32_t i)
{
    if (instance(i)->serial == SERIALS - 1) {
        return;
    }
    instance(i)->next_free = NO_INSTANCE;
    if (first_free == NO_INSTANCE) {
        first_free = i;
    } else {
        instance(last_free)->next_free = i;
    }
    last_free = i;
}

/* A page more of the table: its rows are at its end. EXHAUSTED: there are as many as can be. */
static enum status grow_table(void)
{
    const struct source *from = core_own_source();
    enum status s = STATUS_EXHAUSTED;

    if (count + PER_PAGE <= SHELF_ROWS) {
        s = shelf_grow(from, (unsigned)(count + PER_PAGE - 1));
    }
    if (s == STATUS_OK) {
        s = space_grow_own(from, TABLE_VA + count / PER_PAGE * SPACE_PAGE);
    }
    if (s == STATUS_OK) {
        count += (uint32_t)PER_PAGE;
    }
    return s;
}

/* Further rows, free. */
static bool grow(struct trouble *why)
{
    uint32_t i = count;
    enum status s = grow_table();

    if (s == STATUS_EXHAUSTED) {
        trouble_say(
            why, "there are as many programs as there can be: no memory is kept for more than %u",
            count);
    } else if (s != STATUS_OK) {
        trouble_say(why, "the table of programs: %s", lk_status_text(s));
    }
    if (s != STATUS_OK) {
        return false;
    }
    for (; i < count; i++) {
        put_free(i);
    }
    return true;
}

uint64_t instances_frames(void)
{
    uint64_t pages = (description.programs + PER_PAGE - 1) / PER_PAGE;

    return pages + (pages * PER_PAGE + SHELF_PAGE_ROWS - 1) / SHELF_PAGE_ROWS;
}

bool instances_init(void)
{
    while (count < description.programs) {
        if (grow_table() != STATUS_OK) {
            return false;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        *instance(i) = (struct instance){ .program = i };
        if (i >= description.programs) {
            put_free(i);
        }
    }
    return true;
}

static void begin_row(uint32_t i, uint32_t program)
{
    uint32_t serial = (instance(i)->serial + 1) % SERIALS;

    *instance(i) = (struct instance){ .exists = true,
                                      .serial = serial,
                                      .made_as = serial,
                                      .program = program,
                                      .root = i,
                                      .next_in_job = i,
                                      .parent = NO_INSTANCE,
                                      .child = NO_INSTANCE,
                                      .purse = instance(i)->purse };
}

void instance_first(uint32_t program)
{
    begin_row(program, program);
}

uint32_t instance_further(uint32_t program, struct trouble *why)
{
    uint32_t i;

    if (first_free == NO_INSTANCE && !grow(why)) {
        return NO_INSTANCE;
    }
    i = first_free;
    first_free = instance(i)->next_free;
    begin_row(i, program);
    return i;
}

void instance_free(uint32_t i)
{
    instance(i)->exists = false;
    if (i >= description.programs) {
        put_free(i);
    }
}

struct instance_name instance_name(uint32_t i)
{
    const char *name = instance_program(i)->name;
    struct instance_name out = { "" };

    if (i < description.programs) {
        lk_copy_text(out.text, sizeof(out.text), name);
    } else {
        lk_format(out.text, sizeof(out.text), "%.11s.%u", name, i);
    }
    return out;
}

uint32_t instance_payload(uint32_t i)
{
    return i | instance(i)->serial << NUMBER_BITS;
}

static uint32_t number_of(uint64_t payload)
{
    return (uint32_t)payload & ((1u << NUMBER_BITS) - 1);
}

uint32_t instance_of_payload(uint64_t payload)
{
    uint32_t i = number_of(payload);

    return i < count && instance(i)->exists && instance_payload(i) == payload ? i : NO_INSTANCE;
}

uint32_t instance_control(uint32_t i)
{
    return i | instance(i)->made_as << NUMBER_BITS;
}

uint32_t instance_of_control(uint64_t payload)
{
    uint32_t i = number_of(payload);

    return i < count && (instance(i)->exists || instance(i)->waits_to_restart) &&
                   instance_control(i) == payload
               ? i
               : NO_INSTANCE;
}

void instance_begin_again(uint32_t i)
{
    struct instance *in = instance(i);

    in->exists = true;
    in->ended = PROGRAM_ENDED_NOT;
    in->generation++;
    in->serial = (in->serial + 1) % SERIALS;
}

/* The number behind the last '.' of a name, if that is the whole name of an instance; NO_INSTANCE:
 * it is not. */
static uint32_t number_behind(const char *name)
{
    const char *at = strrchr(name, '.');
    uint32_t n = 0;

    if (at == NULL || at[1] == '\0') {
        return NO_INSTANCE;
    }
    for (at++; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || n > SHELF_ROWS) {
            return NO_INSTANCE;
        }
        n = n * 10 + (uint32_t)(*at - '0');
    }
    return n >= description.programs && n < count && instance(n)->exists &&
                   strcmp(instance_name(n).text, name) == 0
               ? n
               : NO_INSTANCE;
}

uint32_t instance_find(const char *name)
{
    int k = description_find(&description, name);

    return k >= 0 ? (uint32_t)k : number_behind(name);
}

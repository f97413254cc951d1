/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The constructors that there are; see records.h.
 */
#include "records.h"

#include <lykos/bank.h>
#include <lykos/genuine.h>
#include <lykos/invoke.h>
#include <lykos/programs.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

/* Places of the shelf for one constructor. */
enum { PLACE_BANK, PLACE_ENDPOINT, PLACE_HELD, PLACES };

#define SHELF_SLOTS 256u
_Static_assert(CONSTRUCTORS_MOST *PLACES <= SHELF_SLOTS, "the shelf is one CapPage");

static struct record records[CONSTRUCTORS_MOST];
static uint64_t next_id = RECORD_ID;

static unsigned place_of(const struct record *r, unsigned place)
{
    return (unsigned)(r - records) * PLACES + place;
}

static enum status put(const struct record *r, unsigned place, uint32_t reg)
{
    return lk_cappage_swap_slot(REG_SHELF, place_of(r, place), reg, 0);
}

static enum status get(const struct record *r, unsigned place, uint32_t reg)
{
    return lk_cappage_get_slot(REG_SHELF, place_of(r, place), reg);
}

enum status records_begin(void)
{
    return lk_bank_make(lk_cap("bank"), LK_TYPE_CAPPAGE, REG_SHELF);
}

/* ---- Making and closing. ---- */

/* Was the bank that paid for it closed? */
static bool is_dead(const struct record *r)
{
    uint64_t type = LK_TYPE_NULL;

    return get(r, PLACE_HELD, REG_WORK) != STATUS_OK ||
           lk_discrim_classify(lk_cap("discrim"), REG_WORK, &type, NULL) != STATUS_OK ||
           type == LK_TYPE_NULL;
}

void record_close(struct record *r)
{
    if (get(r, PLACE_BANK, REG_WORK) == STATUS_OK &&
        lk_entry_look(lk_cap("capbits"), REG_WORK, NULL)) {
        lk_bank_close(REG_WORK);
    }
    for (unsigned place = 0; place < PLACES; place++) {
        put(r, place, 0);
    }
    *r = (struct record){ .used = false };
}

/* A record that is free, for a client that has not too many; NULL: there is none. Those whose bank
 * was closed are free again. */
static struct record *find_free(uint64_t client)
{
    struct record *found = NULL;
    unsigned own = 0;

    for (unsigned i = 0; i < CONSTRUCTORS_MOST; i++) {
        struct record *r = &records[i];

        if (r->used && is_dead(r)) {
            record_close(r);
        }
        own += r->used && r->client == client ? 1u : 0u;
        found = !r->used && found == NULL ? r : found;
    }
    return own < CONSTRUCTORS_EACH ? found : NULL;
}

/* Its bank, its Endpoint and its CapPage; whatever was made stays on the shelf. */
static enum status make_objects(struct record *r, uint32_t bank)
{
    struct lk_entry_id id = { 0, 0 };
    enum status s = lk_bank_open(bank, "constructor", 0, REG_WORK);

    if (s == STATUS_OK) {
        s = put(r, PLACE_BANK, REG_WORK);
    }
    if (s == STATUS_OK) { /* or the builder could change afterwards what it holds */
        s = lk_bank_hide(REG_WORK);
    }
    if (s == STATUS_OK) {
        s = lk_bank_make(REG_WORK, LK_TYPE_CAPPAGE, REG_HELD);
    }
    if (s == STATUS_OK) {
        s = put(r, PLACE_HELD, REG_HELD);
    }
    if (s == STATUS_OK) {
        /* Not over the bank itself: a bank that is begun again meanwhile is asked once more. */
        s = lk_bank_make(REG_WORK, LK_TYPE_ENDPOINT, REG_HELD);
    }
    if (s == STATUS_OK) {
        s = put(r, PLACE_ENDPOINT, REG_HELD);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_set_endpoint_id(REG_HELD, r->id);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_set_recipient(REG_HELD, LK_REG_SELF);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_make_entry(REG_HELD, PAYLOAD_BUILDER, REG_WORK);
    }
    if (s == STATUS_OK && !lk_entry_look(lk_cap("capbits"), REG_WORK, &id)) {
        s = STATUS_INVALID_CAP;
    }
    r->endpoint = id.endpoint;
    return s;
}

/* The number of a program of the description. */
static enum status find_program(const char *name, uint64_t *number)
{
    return programs_find(lk_cap("programs"), name, strlen(name), number);
}

/* The n-th capability that the description gives a program: its type, and words about it. */
static enum status grant_of(uint64_t program, uint64_t n, uint64_t *type,
                            char words[CONSTRUCTORS_WORDS])
{
    size_t len = 0;
    enum status s =
        programs_grant(lk_cap("programs"), program, n, type, words, CONSTRUCTORS_WORDS - 1, &len);

    words[len] = '\0';
    return s;
}

enum status record_open(uint64_t client, const char *program, uint32_t bank, struct record **out)
{
    char words[CONSTRUCTORS_WORDS];
    struct record *r;
    uint64_t number;
    uint64_t type;
    enum status s = find_program(program, &number);

    /* An instance has a name and a number too, but is nothing that can be made. */
    if (s == STATUS_OK && grant_of(number, 0, &type, words) == STATUS_OUT_OF_RANGE) {
        s = STATUS_NOT_FOUND;
    }
    if (s != STATUS_OK) {
        return s;
    }
    r = find_free(client);
    if (r == NULL) {
        return STATUS_EXHAUSTED;
    }
    *r = (struct record){ .used = true, .client = client, .id = next_id++, .program = number };
    lk_copy_text(r->name, sizeof(r->name), program);
    s = make_objects(r, bank);
    if (s != STATUS_OK) {
        record_close(r);
        return s;
    }
    *out = r;
    return STATUS_OK;
}

/* ---- Finding. ---- */

struct record *record_of_id(uint64_t id)
{
    for (unsigned i = 0; i < CONSTRUCTORS_MOST; i++) {
        if (records[i].used && records[i].id == id) {
            return &records[i];
        }
    }
    return NULL;
}

struct record *record_of_endpoint(uint64_t endpoint)
{
    for (unsigned i = 0; i < CONSTRUCTORS_MOST; i++) {
        if (records[i].used && records[i].endpoint == endpoint) {
            return &records[i];
        }
    }
    return NULL;
}

enum status record_entry(const struct record *r, uint32_t payload, uint32_t reg)
{
    enum status s = get(r, PLACE_ENDPOINT, REG_WORK);

    return s == STATUS_OK ? lk_endpoint_make_entry(REG_WORK, payload, reg) : s;
}

/* ---- What it holds. ---- */

enum status record_put(struct record *r, const char *name, uint32_t reg, const char *hole)
{
    struct held *h = &r->held[r->count];
    enum status s = get(r, PLACE_HELD, REG_HELD);

    if (s == STATUS_OK) {
        s = lk_cappage_swap_slot(REG_HELD, r->count, reg, 0);
    }
    if (s == STATUS_OK) {
        lk_copy_text(h->name, sizeof(h->name), name);
        h->hole = hole;
        r->count++;
    }
    return s;
}

enum status record_get(const struct record *r, unsigned k, uint32_t reg)
{
    enum status s = get(r, PLACE_HELD, REG_HELD);

    return s == STATUS_OK ? lk_cappage_get_slot(REG_HELD, k, reg) : s;
}

enum status record_holes(const struct record *r, uint64_t n, uint64_t *holes,
                         char words[CONSTRUCTORS_WORDS])
{
    char granted[CONSTRUCTORS_WORDS];
    const char *why = NULL;
    uint64_t type = LK_TYPE_NULL;
    enum status s = STATUS_OK;

    *holes = 0;
    words[0] = '\0';
    for (unsigned k = 0; k < r->count; k++) {
        if (r->held[k].hole != NULL && (*holes)++ == n) {
            lk_format(words, CONSTRUCTORS_WORDS, "%s: %s", r->held[k].name, r->held[k].hole);
        }
    }
    for (uint64_t k = 0; s == STATUS_OK; k++) {
        s = grant_of(r->program, k, &type, granted);
        if (s == STATUS_OK && !lk_discreet_type(type, 0, &why) && (*holes)++ == n) {
            lk_format(words, CONSTRUCTORS_WORDS, "by system.lyk, %.60s: %s", granted, why);
        }
    }
    return s == STATUS_NOT_FOUND ? STATUS_OK : s;
}

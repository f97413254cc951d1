/* SPDX-License-Identifier: BSD-2-Clause
 *
 * taxoffice: the builder (user/programs/taxman). It has a table that nobody is to see, offers its
 * program sealed in the fair way and in others, and looks at everything by which it might hear of
 * its customers' figures.
 */
#include "../taxman/tax.h"

#include <lykos/bank.h>
#include <lykos/constructor.h>
#include <lykos/gen/office_server.h>
#include <lykos/lykos.h>

#define EAR_ID (LK_ENDPOINT_ID + 1)
#define LOG_PIECE 1024u

/* Capability registers, behind those that have names. */
enum {
    REG_TABLE = 15, /* Page */
    REG_NOTES,      /* Page, with what the office writes down */
    REG_BACK,       /* another */
    REG_SHELF,      /* GPT */
    REG_DRAWER,     /* CapPage */
    REG_EAR,        /* Entry to the endpoint `ear` */
    REG_BUILDER = LK_REG_FREE,
    REG_OUT,
    REG_INSIDE,
    REG_WORK,
};

#define NOTES_AT TAX_AT(2) /* in the office's own space */
#define BACK_AT TAX_AT(3)
#define TABLE_AT TAX_AT(1)
#define PAGE_WORDS 512u

static const struct tax_table table = {
    .brackets = 4,
    .bracket = { { 10000, 0 }, { 30000, 20 }, { 70000, 32 }, { UINT64_MAX, 45 } },
};

static uint64_t messages; /* messages and notices */
static uint64_t log_read;
static uint64_t paid; /* frames that its bank pays */

/* ---- Making. ---- */

static void make(uint64_t type, uint32_t reg)
{
    lk_must(lk_bank_make(lk_cap("bank"), type, reg), "an object");
}

/* A page of its own that it sees at slot `slot` of its space. */
static void make_page(unsigned slot, uint32_t reg)
{
    make(LK_TYPE_PAGE, reg);
    lk_must(lk_gpt_swap_slot(lk_cap("space"), slot, reg, 0), "mapping a page");
}

/* Whoever maps this, or fetches from it, with more than weak authority, can write to the office's
 * pages and call it; whoever faults in it tells the office. */
static void fill_shelf(void)
{
    lk_must(lk_gpt_set_l2v(REG_SHELF, 12), "the shelf");
    lk_must(lk_memory_set_guard(REG_SHELF, 0, 16, REG_SHELF), "the shelf's guard");
    lk_must(lk_gpt_swap_slot(REG_SHELF, SHELF_NOTES, REG_NOTES, 0), "the shelf's notes");
    lk_must(lk_gpt_swap_slot(REG_SHELF, SHELF_EAR, REG_EAR, 0), "the shelf's ear");
    lk_must(lk_gpt_swap_slot(REG_SHELF, SHELF_BACKGROUND, REG_BACK, 0), "the shelf's background");
    lk_must(lk_gpt_swap_slot(REG_SHELF, SHELF_HANDLER, REG_EAR, 0), "the shelf's handler");
    lk_must(lk_gpt_set_window(REG_SHELF, SHELF_WINDOW, 0, 0, 12, 0), "the shelf's window");
    lk_must(lk_gpt_set_local_window(REG_SHELF, SHELF_LOCAL, SHELF_NOTES, 0, 0, 12, 0),
            "the shelf's local window");
    lk_must(lk_gpt_set_flags(REG_SHELF, 3), "the shelf's handler and background");
}

static void fill_drawer(void)
{
    const uint32_t what[DRAWERS] = {
        [DRAWER_EAR] = REG_EAR,         [DRAWER_NOTICE] = REG_WORK, [DRAWER_NOTES] = REG_NOTES,
        [DRAWER_PROCESS] = LK_REG_SELF, [DRAWER_SHELF] = REG_SHELF, [DRAWER_ITSELF] = REG_DRAWER,
    };

    lk_must(lk_endpoint_make_app_notice(lk_cap("ear"), UINT32_MAX, REG_WORK), "a notice");
    for (unsigned i = 0; i < DRAWERS; i++) {
        lk_must(lk_cappage_swap_slot(REG_DRAWER, i, what[i], 0), "the drawer");
    }
}

static void make_all(void)
{
    make_page(1, REG_TABLE);
    make_page(2, REG_NOTES);
    make_page(3, REG_BACK);
    make(LK_TYPE_GPT, REG_SHELF);
    make(LK_TYPE_CAPPAGE, REG_DRAWER);
    lk_must(lk_endpoint_make_entry(lk_cap("ear"), 0, REG_EAR), "an Entry to the office");
    memcpy((void *)TABLE_AT, &table, sizeof(table));
    fill_shelf();
    fill_drawer();
}

/* ---- Offers. ---- */

/* Give REG_BUILDER something with restrictions. */
static void give(const char *name, uint32_t reg, uint64_t restrictions)
{
    lk_copy_cap(reg, REG_WORK);
    if (restrictions != 0) {
        lk_must(lk_memory_reduce(reg, restrictions, REG_WORK), name);
    }
    lk_must(lk_constructor_give(REG_BUILDER, name, REG_WORK, NULL, NULL), name);
}

/* A constructor in REG_BUILDER with what the assessor needs; its requestor's Entry comes to
 * REG_OUT. */
static void begin(const char *program)
{
    lk_must(lk_constructor_new(lk_cap("constructors"), program, lk_cap("bank"), REG_BUILDER),
            "a constructor");
    give("table", REG_TABLE, LK_RO);
    lk_must(builder_requestor(REG_BUILDER, REG_OUT), "a requestor's Entry");
}

/* What is in an offer that should not be. */
static const struct cheat {
    const char *name; /* NULL: nothing */
    uint32_t reg;
    uint64_t restrictions;
} cheats[OFFICE_OFFERS] = {
    [OFFER_ENTRY] = { "ear", REG_EAR, 0 },
    [OFFER_PAGE] = { "notes", REG_NOTES, 0 },
    [OFFER_READ_ONLY] = { "shelf", REG_SHELF, LK_RO },
    [OFFER_WEAK] = { "shelf", REG_SHELF, LK_WK },
    [OFFER_ITSELF] = { "inside", REG_OUT, 0 },
};

/* Give REG_BUILDER what is to be in it besides the table. */
static void give_rest(enum offer offer)
{
    const struct cheat *c = &cheats[offer];

    if (offer == OFFER_INSIDE) {
        lk_copy_cap(REG_OUT, REG_INSIDE);
        begin("assessor");
        give("inside", REG_INSIDE, 0);
    } else if (c->name != NULL) {
        give(c->name, c->reg, c->restrictions);
    } else { /* all that is discreet; or something else is wrong with it */
        give("shelf", REG_SHELF, LK_RO | LK_WK);
        give("drawer", REG_DRAWER, LK_RO | LK_WK);
        give("clock", lk_cap("sleep"), 0);
        give("discrim", lk_cap("discrim"), 0);
    }
}

static uint64_t frames_paid(void)
{
    struct bank_info info = { .used = 0 };

    lk_must(lk_bank_info(lk_cap("bank"), &info), "its bank");
    return info.used;
}

enum status office_op_offer(struct lk_request *rq, enum offer which, uint32_t *requestor)
{
    (void)rq;
    begin(which == OFFER_GOSSIP ? "gossip" : "assessor");
    give_rest(which);
    if (which != OFFER_UNSEALED) {
        lk_must(builder_seal(REG_BUILDER), "the seal");
    }
    if (which == OFFER_GONE) {
        lk_must(builder_close(REG_BUILDER), "closing");
    }
    *requestor = which == OFFER_BUILDER ? REG_BUILDER : which == OFFER_FORGED ? REG_EAR : REG_OUT;
    paid = frames_paid();
    return STATUS_OK;
}

/* ---- What it sees. ---- */

/* Words of a page that are not what the office wrote there: `bytes` of it, and zeros behind. */
static uint64_t changed(uint64_t at, const void *written, size_t bytes)
{
    const uint64_t *page = (const uint64_t *)at;
    const uint64_t *known = written;
    uint64_t n = 0;

    for (size_t i = 0; i < PAGE_WORDS; i++) {
        n += page[i] != (i < bytes / sizeof(uint64_t) ? known[i] : 0);
    }
    return n;
}

/* Lines of the log since the last look. */
static uint64_t new_lines(void)
{
    char piece[LOG_PIECE] = "";
    uint64_t n = 0;
    size_t got = 0;

    while (lk_kernlog_read(lk_cap("kernlog"), log_read, &log_read, NULL, piece, sizeof(piece),
                           &got) == STATUS_OK &&
           got > 0) {
        for (size_t i = 0; i < got; i++) {
            n += piece[i] == '\n' ? 1 : 0;
        }
    }
    return n;
}

enum status office_op_seen(struct lk_request *rq, uint64_t *heard, uint64_t *changes,
                           uint64_t *lines)
{
    (void)rq;
    *changes = changed(TABLE_AT, &table, sizeof(table)) + changed(NOTES_AT, &table, 0) +
               changed(BACK_AT, &table, 0) + (frames_paid() != paid ? 1 : 0);
    *heard = messages;
    *lines = new_lines();
    messages = 0;
    return STATUS_OK;
}

/* Whatever comes to `ear`: messages, and faults of whom the shelf's handler is told. It answers all
 * of them as a constructor would that is confined. */
static enum status ear_other(struct lk_request *rq)
{
    messages++;
    rq->no_answer = rq->w[0] == LK_FAULT_MESSAGE;
    lk_answer1(rq, 0);
    return STATUS_OK;
}

static void told(void *context, uint64_t bits)
{
    (void)context;
    (void)bits;
    messages++;
}

static const struct lk_server office = { OFFICE_SERVER, .notice = told };
static const struct lk_server ear = { .other = ear_other, .notice = told };

int main(void)
{
    struct lk_msg msg;

    make_all();
    paid = frames_paid();
    new_lines(); /* what others did before is not of interest */
    lk_serve_begin(&office, &msg);
    for (;;) {
        lk_invoke(&msg);
        lk_serve_step(msg.id == EAR_ID ? &ear : &office, &msg);
    }
}

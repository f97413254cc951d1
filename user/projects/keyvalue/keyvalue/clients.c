/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Clients and sessions; see clients.h.
 */
#include "clients.h"

#include "registers.h"

#include <lykos/bank.h>
#include <lykos/gen/keyvalue.h>
#include <lykos/invoke.h>
#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

#define TRIM_AT_ONCE 16u /* pages by one request */
#define OVERHEAD 8u      /* pages of the server's bank that are not for clients */
#define NUMBER_MAX ((1u << (32 - SESSION_NUMBER_SHIFT)) - 1)

static struct client clients[CLIENTS];
static struct session sessions[SESSIONS];
static uint64_t quota_most; /* of one client */
static uint64_t promised;   /* to all of them */
static uint64_t limit;      /* what can be promised */

_Static_assert(SESSIONS <= 1u << (SESSION_NUMBER_SHIFT - SESSION_PLACE_SHIFT), "they have places");

struct session *session_at(unsigned i)
{
    return &sessions[i];
}

static unsigned place_of(const struct session *s)
{
    return (unsigned)(s - sessions);
}

enum status clients_begin(void)
{
    struct bank_info info;
    enum status s = lk_bank_info(lk_cap("bank"), &info);

    quota_most = lk_param("quota", 64);
    if (s == STATUS_OK) {
        limit = info.limit > OVERHEAD ? info.limit - OVERHEAD : 0;
        s = lk_endpoint_make_app_notice(LK_REG_ENDPOINT, TOLD_TRIM, REG_TOLD);
    }
    return s == STATUS_OK ? windows_begin() : s;
}

/* ---- clients -------------------------------------------------------------------------------- */

static struct client *client_of(uint64_t payload)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (clients[i].there && clients[i].payload == payload) {
            return &clients[i];
        }
    }
    return NULL;
}

static struct client *free_client(void)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (!clients[i].there) {
            return &clients[i];
        }
    }
    return NULL;
}

static enum status client_open(uint64_t payload, uint64_t quota, bool temporary,
                               struct client **out)
{
    struct client *c = free_client();
    enum status s;

    if (quota < KEYVALUE_QUOTA_MIN || quota > quota_most) {
        return STATUS_OUT_OF_RANGE;
    }
    if (c == NULL) {
        return STATUS_EXHAUSTED;
    }
    if (quota > limit - promised) {
        return STATUS_NO_MEMORY;
    }
    s = window_open(&c->window, (unsigned)(c - clients), quota);
    if (s != STATUS_OK) {
        return s;
    }
    tree_begin(&c->tree, &c->window);
    memset(&c->counts, 0, sizeof(c->counts));
    c->there = true;
    c->temporary = temporary;
    c->payload = payload;
    c->quota = quota;
    c->sessions = 0;
    promised += quota;
    *out = c;
    return STATUS_OK;
}

void client_end(struct client *c)
{
    for (unsigned i = 0; i < SESSIONS && c->sessions > 0; i++) {
        if (sessions[i].client == c) {
            session_end(&sessions[i]);
        }
    }
    if (c->there) { /* a temporary one has ended with its last session */
        window_close(&c->window);
        promised -= c->quota;
        c->there = false;
    }
}

/* How many spare pages it may keep. */
static unsigned spares_kept(const struct client *c)
{
    return c->tree.keys > 0 ? WINDOW_SPARES : 0;
}

void client_trim(struct client *c)
{
    if (c->there && window_trim(&c->window, spares_kept(c), TRIM_AT_ONCE)) {
        lk_appnotice_post(REG_TOLD, TOLD_TRIM);
    }
}

bool clients_trim(void)
{
    bool more = false;

    for (unsigned i = 0; i < CLIENTS; i++) {
        if (clients[i].there && clients[i].window.spares > spares_kept(&clients[i])) {
            if (more) {
                return true; /* one after the other */
            }
            more = window_trim(&clients[i].window, spares_kept(&clients[i]), TRIM_AT_ONCE);
        }
    }
    return more;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static struct session *free_session(void)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        if (sessions[i].client == NULL && sessions[i].number < NUMBER_MAX) {
            return &sessions[i];
        }
    }
    return NULL;
}

enum status session_entry(const struct session *s, uint32_t rights, uint32_t reg)
{
    return lk_endpoint_make_entry(
        LK_REG_NAMED,
        s->number << SESSION_NUMBER_SHIFT | place_of(s) << SESSION_PLACE_SHIFT | rights, reg);
}

struct session *session_of(uint64_t payload)
{
    unsigned place = (unsigned)(payload >> SESSION_PLACE_SHIFT) % SESSIONS;
    struct session *s = &sessions[place];

    return s->client != NULL && s->number == payload >> SESSION_NUMBER_SHIFT ? s : NULL;
}

static void session_begin(struct session *s, struct client *c, uint32_t notice)
{
    *s = (struct session){ .client = c, .number = s->number + 1, .watches = NO_PAGE };
    chain_begin(&s->staged);
    c->sessions++;
    lk_cappage_swap_slot(REG_SHELF, SHELF_NOTICE(place_of(s)), notice, 0);
}

enum status session_open(uint64_t payload, uint64_t quota, bool temporary, uint32_t notice,
                         bool *fresh, uint32_t reg)
{
    struct client *c = client_of(payload);
    struct session *s = free_session();

    if (s == NULL || (c != NULL && c->sessions >= KEYVALUE_SESSIONS)) {
        return STATUS_EXHAUSTED;
    }
    *fresh = c == NULL;
    if (c == NULL) {
        enum status status = client_open(payload, quota != 0 ? quota : quota_most, temporary, &c);

        if (status != STATUS_OK) {
            return status;
        }
    }
    session_begin(s, c, notice);
    if (session_entry(s, SESSION_WRITES, reg) != STATUS_OK) {
        session_end(s);
        return STATUS_EXHAUSTED;
    }
    return STATUS_OK;
}

void session_end(struct session *s)
{
    struct client *c = s->client;

    waiter_answer(s, STATUS_CANCELLED);
    lk_cappage_swap_slot(REG_SHELF, SHELF_NOTICE(place_of(s)), 0, 0);
    s->client = NULL;
    c->sessions--;
    if (c->sessions == 0 && c->temporary) {
        client_end(c);
        return;
    }
    chain_drop(&s->staged, &c->window);
    if (s->watches != NO_PAGE) {
        window_drop(&c->window, s->watches);
    }
}

/* Is the endpoint there that its AppNotice posts to? */
static bool has_client(const struct session *s)
{
    uint64_t type = LK_TYPE_NULL;

    lk_cappage_get_slot(REG_SHELF, SHELF_NOTICE(place_of(s)), REG_WORK);
    return lk_discrim_classify(lk_cap("discrim"), REG_WORK, &type, NULL) == STATUS_OK &&
           type == LK_TYPE_APPNOTICE;
}

bool sessions_sweep(void)
{
    bool others = false;

    for (unsigned i = 0; i < SESSIONS; i++) {
        struct client *c = sessions[i].client;

        if (c != NULL && !has_client(&sessions[i])) {
            session_end(&sessions[i]);
            client_trim(c);
        }
        others |= sessions[i].client != NULL;
    }
    return others;
}

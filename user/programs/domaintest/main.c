/* SPDX-License-Identifier: BSD-2-Clause
 *
 * domaintest: asks the library of domains (user/domains) what virsh asks, through the messages of
 * the protocol, and init what stands behind it, also what nobody in his senses asks. Each case says
 * what was wrong.
 *
 *      run domaintest
 *
 * It stands where the dispatcher stands: what it needs to answer is itself, pong and the console,
 * to which it is given entries, init, the bank and the pager.
 */
#include "domaintest.h"

unsigned wrong, cases;
static const char *case_name;

void begin_case(const char *name)
{
    case_name = name;
    cases++;
}

bool check(bool good, const char *what)
{
    if (!good) {
        say("%s: WRONG: %s", case_name, what);
        wrong++;
    }
    return good;
}

void check_number(uint64_t got, uint64_t wanted, const char *what)
{
    if (got != wanted) {
        say("%s: WRONG: %s: %ld, not %ld", case_name, what, (int64_t)got, (int64_t)wanted);
        wrong++;
    }
}

void check_status(uint64_t got, enum status wanted, const char *what)
{
    if (got != wanted) {
        say("%s: WRONG: %s: %s, not %s", case_name, what, lk_status_text(got),
            lk_status_text(wanted));
        wrong++;
    }
}

/* ---- a call of the protocol ------------------------------------------------------------------ */

static uint8_t message[4096] __attribute__((aligned(8)));
static uint8_t sent[65536] __attribute__((aligned(8)));
static uint8_t arena_memory[65536] __attribute__((aligned(8)));
static uint8_t got_memory[65536] __attribute__((aligned(8)));
static struct rpc_arena arena, got_arena;

char error_text[RPC_TEXT_MAX + 1];

/* Carry it out as a dispatcher does. The message that answers it comes into `out`. */
static void serve(size_t bytes, struct rpc_output *out)
{
    struct rpc_call call;
    struct rpc_error error = { .code = 0 };
    void *result;

    rpc_arena_init(&arena, arena_memory, sizeof(arena_memory));
    if (rpc_take(&lykos_domains, true, message, bytes, &arena, &call, out) != RPC_CALL) {
        return;
    }
    result = rpc_arena_alloc(&arena, call.procedure->result_size);
    if (call.handler(NULL, &call, result, &error)) {
        rpc_answer(&call, result, out);
    } else {
        rpc_fail(&call.header, &error, out);
    }
}

int32_t ask(enum rpc_procedure_index what, const void *arguments, void *result)
{
    const struct rpc_procedure *p = &rpc_procedures[what];
    struct rpc_output out = { .memory = message, .size = sizeof(message) };
    remote_header header;
    remote_error error = { .code = 0 };

    if (!rpc_call_encode(p, 1, arguments, &out)) {
        return -1;
    }
    size_t bytes = out.used;

    out = (struct rpc_output){ .memory = sent, .size = sizeof(sent) };
    serve(bytes, &out);
    rpc_read_header(sent, &header);
    rpc_arena_init(&got_arena, got_memory, sizeof(got_memory));
    error_text[0] = '\0';
    if (header.status == REMOTE_STATUS_OK) {
        memset(result, 0, p->result_size);
        return rpc_decode(p->result, result, sent + RPC_HEADER_BYTES, out.used - RPC_HEADER_BYTES,
                          &got_arena)
                   ? 0
                   : -1;
    }
    if (!rpc_decode(rpc_codec_error, &error, sent + RPC_HEADER_BYTES, out.used - RPC_HEADER_BYTES,
                    &got_arena) ||
        error.message == NULL) {
        return -1;
    }
    lk_copy_text(error_text, sizeof(error_text), *error.message);
    return error.code != 0 ? error.code : -1;
}

int32_t ask_dom(enum rpc_procedure_index what, const struct dom *d, void *result)
{
    remote_dom_flags arguments = { .dom = { .name = (char *)(uintptr_t)d->name, .id = d->id } };

    memcpy(arguments.dom.uuid, d->uuid, sizeof(d->uuid));
    return ask(what, &arguments, result); /* its first member is the other structure */
}

void keep(const remote_domain *from, struct dom *to)
{
    lk_copy_text(to->name, sizeof(to->name), from->name);
    memcpy(to->uuid, from->uuid, sizeof(to->uuid));
    to->id = from->id;
}

int32_t look_up(const char *name, struct dom *d)
{
    remote_text arguments = { .text = (char *)(uintptr_t)name };
    remote_dom found;
    int32_t code = ask(RPC_DOMAIN_LOOKUP_BY_NAME, &arguments, &found);

    if (code == 0) {
        keep(&found.dom, d);
    }
    return code;
}

void check_refused(int32_t code, int32_t wanted, const char *words, const char *what)
{
    check_number((uint64_t)code, (uint64_t)wanted, what);
    if (strstr(error_text, words) == NULL) {
        say("%s: WRONG: %s: '%s' does not say '%s'", case_name, what, error_text, words);
        wrong++;
    }
}

void check_state(const struct dom *d, int32_t state, int32_t reason, const char *what)
{
    remote_domain_state got = { .state = -1 };

    check_number((uint64_t)ask_dom(RPC_DOMAIN_GET_STATE, d, &got), 0, what);
    check_number((uint64_t)got.state, (uint64_t)state, what);
    check_number((uint64_t)got.reason, (uint64_t)reason, what);
}

/* ---- init ------------------------------------------------------------------------------------ */

uint64_t number_of(const char *name)
{
    uint64_t number = 0;

    lk_must(programs_find(lk_cap("programs"), name, strlen(name), &number), name);
    return number;
}

enum status start(const char *name, uint64_t flags, const char *args)
{
    return programs_start(lk_cap("programs"), number_of(name), flags, 0, args, strlen(args), 0,
                          NULL, 0, NULL);
}

enum status init2(uint64_t method, uint64_t w1, uint64_t w2)
{
    return (enum status)lk_call2(lk_cap("programs"), method, w1, w2).w[0];
}

void end(const char *name)
{
    init2(PROGRAMS_DESTROY, number_of(name), 0);
}

/* A fresh one, and nothing that was left of it before. */
void fresh(const char *name, struct dom *d)
{
    end(name);
    check_status(start(name, 0, ""), STATUS_OK, name);
    lk_sleep_ms(20);
    check_number((uint64_t)look_up(name, d), 0, name);
}

int main(void)
{
    if (strcmp(lk_start->argument, "carried") == 0) {
        return be_carried();
    }
    cases_of_domains();
    cases_of_init();
    say("%u cases, %u things are wrong", cases, wrong);
    return wrong == 0 ? 0 : 1;
}

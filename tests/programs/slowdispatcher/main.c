/* SPDX-License-Identifier: BSD-2-Clause
 *
 * slowdispatcher: the dispatcher, but some of its handlers do what none should, for tests from
 * outside of the machine (tools/testing/slow.py). All else is as in user/servers/dispatcher, whose
 * place it takes. What virsh is asked, and what the handler then does:
 *
 *      reboot              never ends
 *      shutdown            calls the server `mute`, which never answers
 *      nodeinfo            answers, but only when its deadline is long past
 *      reset               writes where nothing is mapped
 *      sysinfo             calls itself until its stack is full, and further
 *      version --daemon    takes half of its time, and answers
 *      destroy --graceful  has the keeper fault when it comes to look, and never ends
 *
 * and what virsh does not ask for any more (CONNECT_NUM_OF_DEFINED_DOMAINS) writes where nothing is
 * mapped with a lock.
 *
 * It has the capability `mute` beside those of <lykos/portserver.h>. The console is told when one
 * of these begins.
 */
#include <lykos/dispatch.h>
#include <lykos/domains.h>
#include <lykos/lykos.h>
#include <lykos/portserver.h>

#define NOWHERE 0x10u   /* address */
#define FRAME_WORDS 64u /* that each call of itself takes of the stack, at least */
#define LATE 3u         /* deadlines until an answer that is late */
#define DEFAULT_DEADLINE 5000u

#define HANDLER(name)                                                                              \
    static bool name(void *client, const struct rpc_call *call, void *result,                      \
                     struct rpc_error *error)

/* Milliseconds. */
static uint64_t deadline(void)
{
    return lk_param("deadline", DEFAULT_DEADLINE);
}

static void begin(const struct rpc_call *call)
{
    say("%s begins", call->procedure->name);
}

static volatile bool ended; /* nobody sets it */

HANDLER(never_end)
{
    (void)client;
    (void)result;
    (void)error;
    begin(call);
    while (!ended) {
    }
    return true;
}

/* It would be an answer, if mute gave one. */
HANDLER(wait_for_ever)
{
    (void)client;
    (void)result;
    (void)error;
    begin(call);
    lk_call0(lk_cap("mute"), 1);
    return true;
}

HANDLER(answer_late)
{
    begin(call);
    lk_sleep_ms(LATE * deadline());
    return lykos_domains.handler[RPC_NODE_GET_INFO](client, call, result, error);
}

HANDLER(answer_slowly)
{
    begin(call);
    lk_sleep_ms(deadline() / 2);
    return lykos_domains.handler[RPC_CONNECT_GET_LIB_VERSION](client, call, result, error);
}

__attribute__((noinline)) static void write_there(void)
{
    volatile uint32_t *p = (volatile uint32_t *)NOWHERE;

    __asm__("" : "+r"(p)); /* the compiler does not know where it points to */
    *p = 1;
}

HANDLER(write_nowhere)
{
    (void)client;
    (void)result;
    (void)error;
    begin(call);
    write_there();
    return true;
}

static struct lk_lock own = LK_LOCK("a handler's lock", 3);

HANDLER(write_with_a_lock)
{
    (void)client;
    (void)result;
    (void)error;
    begin(call);
    lk_lock(&own);
    write_there();
    lk_unlock(&own);
    return true;
}

/* A mistake anywhere in the program may do this to the keeper, which finds workers in the plan. */
HANDLER(break_the_keeper)
{
    dispatch_of(client)->plan.worker = (struct dispatch_worker *)NOWHERE;
    return never_end(client, call, result, error);
}

/* `limit` is never reached; but the compiler does not know. */
__attribute__((noinline)) static uint64_t go_deeper(uint64_t depth, uint64_t limit)
{
    volatile uint64_t room[FRAME_WORDS];

    if (depth == limit) {
        return 0;
    }
    room[depth % FRAME_WORDS] = depth;
    return go_deeper(depth + 1, limit) + room[depth % FRAME_WORDS];
}

HANDLER(overflow)
{
    uint64_t limit = UINT64_MAX;

    (void)client;
    (void)result;
    (void)error;
    begin(call);
    __asm__("" : "+r"(limit));
    return go_deeper(0, limit) != 0;
}

int main(void)
{
    const uint32_t give[] = { lk_cap("mute") };
    struct rpc_service service = lykos_domains;

    service.handler[RPC_DOMAIN_REBOOT] = never_end;
    service.handler[RPC_DOMAIN_SHUTDOWN] = wait_for_ever;
    service.handler[RPC_NODE_GET_INFO] = answer_late;
    service.handler[RPC_CONNECT_GET_LIB_VERSION] = answer_slowly;
    service.handler[RPC_DOMAIN_RESET] = write_nowhere;
    service.handler[RPC_CONNECT_GET_SYSINFO] = overflow;
    service.handler[RPC_DOMAIN_DESTROY_FLAGS] = break_the_keeper;
    service.handler[RPC_CONNECT_NUM_OF_DEFINED_DOMAINS] = write_with_a_lock;
    return port_server_run(&service, give, sizeof(give) / sizeof(give[0]));
}

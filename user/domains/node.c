/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The machine, and what answers for it.
 */
#include "ask.h"
#include "handlers.h"

#include <abi/version.h>
#include <lykos/string.h>
#include <lykos/time.h>

#define KIB_PER_FRAME 4u

/* Answer with a text. */
static bool answer_text(const struct rpc_call *call, const char *text, void *result,
                        struct rpc_error *error)
{
    remote_text *out = result;

    out->text = rpc_arena_text(call->arena, text);
    return out->text != NULL ||
           fail(error, REMOTE_ERR_INTERNAL, "there is no memory for the answer");
}

HANDLER(get_type)
{
    (void)client;
    return answer_text(call, "Lykos", result, error);
}

HANDLER(get_hostname)
{
    (void)client;
    return answer_text(call, "lykos", result, error);
}

HANDLER(get_uri)
{
    (void)client;
    return answer_text(call, "lykos:///system", result, error);
}

/* Kernel and programs are built together, so this is also the version of what answers. */
HANDLER(get_version)
{
    (void)client;
    (void)call;
    (void)error;
    ((remote_u64 *)result)->value = LYKOS_MAJOR * 1000000u + LYKOS_MINOR * 1000u + LYKOS_RELEASE;
    return true;
}

/* The CPUs that are there are all cores of one socket; those that are not parked count as active.
 * How fast they are is not known: that field stays 0. */
HANDLER(get_node_info)
{
    remote_node_info *out = result;
    struct domain_machine machine;
    enum status s = ask_machine(&machine);

    (void)client;
    (void)call;
    if (s != STATUS_OK) {
        return fail_init(error, s);
    }
    lk_copy_text(out->model, sizeof(out->model), "x86_64");
    out->memory = machine.frames * KIB_PER_FRAME;
    out->cpus = (int)machine.cpus;
    out->nodes = 1;
    out->sockets = 1;
    out->cores = (int)machine.present;
    out->threads = 1;
    return true;
}

/* There is none: the answer is two empty texts. */
HANDLER(get_security_model)
{
    (void)client;
    (void)call;
    (void)error;
    *(remote_security_model *)result = (remote_security_model){ .model = { .model_len = 0 } };
    return true;
}

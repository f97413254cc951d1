/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Procedures about the connection itself: opening and closing it, what it can do, and for which
 * events its client wants to be told. See <lykos/dispatch.h>.
 *
 * Like all handlers they run on a worker with no lock held; what they change is the client's, which
 * may have gone meanwhile.
 */
#include "inside.h"

#include <lykos/string.h>

#define AUTH_NONE 0u
#define OPEN_READ_ONLY 1u /* flag of CONNECT_OPEN */
#define EVENT_IDS 27      /* 0..26 are known to virsh; 0, lifecycle, happens */

static bool auth_list(void *client, const struct rpc_call *call, void *result,
                      struct rpc_error *error)
{
    static u_int none[] = { AUTH_NONE };
    remote_auth_list *list = result;

    (void)client;
    (void)call;
    (void)error;
    list->types.types_len = 1;
    list->types.types_val = none;
    return true;
}

static bool supports_feature(void *client, const struct rpc_call *call, void *result,
                             struct rpc_error *error)
{
    int32_t feature = ((const remote_int *)call->arguments)->value;

    (void)client;
    (void)error;
    ((remote_int *)result)->value = feature == REMOTE_FEATURE_KEEPALIVE ||
                                    feature == REMOTE_FEATURE_EVENT_CALLBACK ||
                                    feature == REMOTE_FEATURE_CLOSE_CALLBACK;
    return true;
}

/* Set `flag` of the client to `value`, unless it is so already: then false. */
static bool change(struct dispatch_client *c, bool *flag, bool value)
{
    bool changed;

    dispatch_client_lock(c);
    changed = *flag != value;
    *flag = value;
    lk_unlock(&c->lock);
    return changed;
}

static bool refuse(struct rpc_error *error, int32_t code, const char *text)
{
    rpc_error_set(error, code, REMOTE_FROM_RPC, "%s", text);
    return false;
}

/* Any name will do: it is the URI that the user gave. */
static bool connect_open(void *client, const struct rpc_call *call, void *result,
                         struct rpc_error *error)
{
    struct dispatch_client *c = client;
    const remote_open *arguments = call->arguments;
    bool first;

    (void)result;
    if ((arguments->flags & ~OPEN_READ_ONLY) != 0) {
        return refuse(error, REMOTE_ERR_INVALID_ARG, "unsupported flags");
    }
    dispatch_client_lock(c);
    first = !c->open;
    if (first) {
        c->open = true;
        c->read_only = arguments->flags != 0;
    }
    lk_unlock(&c->lock);
    return first || refuse(error, REMOTE_ERR_INTERNAL, "connection already open");
}

/* Nothing of what it had asked for is left; it may open again. */
static bool connect_close(void *client, const struct rpc_call *call, void *result,
                          struct rpc_error *error)
{
    struct dispatch_client *c = client;

    (void)call;
    (void)result;
    (void)error;
    dispatch_client_lock(c);
    c->open = c->read_only = c->close_asked = false;
    memset(c->callback, 0, sizeof(c->callback));
    lk_unlock(&c->lock);
    return true;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* A new callback; 0: there are as many as may be. */
static int32_t add_callback(struct dispatch_client *c, const remote_register_any *arguments)
{
    for (unsigned i = 0; i < DISPATCH_CALLBACKS; i++) {
        struct dispatch_callback *callback = &c->callback[i];

        if (callback->id == 0) {
            c->callbacks = c->callbacks < INT32_MAX ? c->callbacks + 1 : 1;
            callback->id = c->callbacks;
            callback->event = arguments->event;
            callback->one = arguments->dom != NULL;
            if (callback->one) {
                memcpy(callback->uuid, arguments->dom->uuid, sizeof(callback->uuid));
            }
            return callback->id;
        }
    }
    return 0;
}

static bool register_any(void *client, const struct rpc_call *call, void *result,
                         struct rpc_error *error)
{
    struct dispatch_client *c = client;
    const remote_register_any *arguments = call->arguments;
    int32_t id;

    if (arguments->event < 0 || arguments->event >= EVENT_IDS) {
        rpc_error_set(error, REMOTE_ERR_INTERNAL, REMOTE_FROM_RPC, "unsupported event ID %d",
                      arguments->event);
        return false;
    }
    dispatch_client_lock(c);
    id = add_callback(c, arguments);
    lk_unlock(&c->lock);
    ((remote_int *)result)->value = id;
    return id != 0 || refuse(error, REMOTE_ERR_INTERNAL, "too many event callbacks");
}

static bool remove_callback(struct dispatch_client *c, int32_t id)
{
    for (unsigned i = 0; i < DISPATCH_CALLBACKS; i++) {
        if (id != 0 && c->callback[i].id == id) {
            c->callback[i].id = 0;
            return true;
        }
    }
    return false;
}

static bool deregister_any(void *client, const struct rpc_call *call, void *result,
                           struct rpc_error *error)
{
    struct dispatch_client *c = client;
    int32_t id = ((const remote_int *)call->arguments)->value;
    bool found;

    (void)result;
    dispatch_client_lock(c);
    found = remove_callback(c, id);
    lk_unlock(&c->lock);
    if (!found) {
        rpc_error_set(error, REMOTE_ERR_INVALID_ARG, REMOTE_FROM_RPC,
                      "event callback %d is not registered", id);
    }
    return found;
}

/* Nothing ever happens that would be told: the connection ends with its port. */
static bool register_close(void *client, const struct rpc_call *call, void *result,
                           struct rpc_error *error)
{
    struct dispatch_client *c = client;

    (void)call;
    (void)result;
    return change(c, &c->close_asked, true) ||
           refuse(error, REMOTE_ERR_INTERNAL, "close callback already registered");
}

static bool unregister_close(void *client, const struct rpc_call *call, void *result,
                             struct rpc_error *error)
{
    struct dispatch_client *c = client;

    (void)call;
    (void)result;
    return change(c, &c->close_asked, false) ||
           refuse(error, REMOTE_ERR_INTERNAL, "close callback not registered");
}

/* ---- for others ------------------------------------------------------------------------------ */

bool dispatch_client_read_only(const struct dispatch_client *client)
{
    return client->read_only;
}

struct dispatch *dispatch_of(const struct dispatch_client *client)
{
    return client->port->dispatch;
}

unsigned dispatch_client_port(const struct dispatch_client *client)
{
    return client->port->number;
}

void dispatch_connection_service(struct rpc_service *service)
{
    static const struct rpc_service own = {
        .handler = {
            [RPC_AUTH_LIST] = auth_list,
            [RPC_CONNECT_SUPPORTS_FEATURE] = supports_feature,
            [RPC_CONNECT_OPEN] = connect_open,
            [RPC_CONNECT_CLOSE] = connect_close,
            [RPC_CONNECT_DOMAIN_EVENT_REGISTER_ANY] = register_any,
            [RPC_CONNECT_DOMAIN_EVENT_DEREGISTER_ANY] = deregister_any,
            [RPC_CONNECT_REGISTER_CLOSE_CALLBACK] = register_close,
            [RPC_CONNECT_UNREGISTER_CLOSE_CALLBACK] = unregister_close,
        },
    };

    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        if (service->handler[i] == NULL) {
            service->handler[i] = own.handler[i];
        }
    }
}

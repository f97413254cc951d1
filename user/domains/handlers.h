/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The handlers of this library, all of the type rpc_handler (<lykos/rpc.h>); see domains.c.
 */
#pragma once

#include <lykos/rpc.h>

#define HANDLER(name)                                                                              \
    bool name(void *client, const struct rpc_call *call, void *result, struct rpc_error *error)

/* list.c */
HANDLER(list_all_domains);
HANDLER(list_ids);
HANDLER(list_names);
HANDLER(count_active);
HANDLER(count_inactive);
HANDLER(lookup_by_name);
HANDLER(lookup_by_id);
HANDLER(lookup_by_uuid);

/* info.c */
HANDLER(get_state);
HANDLER(get_info);
HANDLER(get_os_type);
HANDLER(get_autostart);
HANDLER(is_active);
HANDLER(is_persistent);
HANDLER(has_managed_save);
HANDLER(get_messages);

/* control.c */
HANDLER(suspend);
HANDLER(resume);
HANDLER(destroy);
HANDLER(destroy_flags);

/* node.c */
HANDLER(get_type);
HANDLER(get_version);
HANDLER(get_hostname);
HANDLER(get_uri);
HANDLER(get_node_info);
HANDLER(get_security_model);

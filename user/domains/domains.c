/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of the procedures about domains and the node; see <lykos/domains.h>. What is not here
 * is answered "unknown procedure", which virsh takes for "not supported": a program of Lykos is not
 * asked to shut down, nor rebooted, by a signal of the protocol's kind.
 */
#include "handlers.h"

#include <lykos/domains.h>

const struct rpc_service lykos_domains = {
    .handler = {
        [RPC_CONNECT_GET_TYPE] = get_type,
        [RPC_CONNECT_GET_VERSION] = get_version,
        [RPC_CONNECT_GET_LIB_VERSION] = get_version,
        [RPC_CONNECT_GET_HOSTNAME] = get_hostname,
        [RPC_CONNECT_GET_URI] = get_uri,
        [RPC_NODE_GET_INFO] = get_node_info,
        [RPC_NODE_GET_SECURITY_MODEL] = get_security_model,
        [RPC_CONNECT_LIST_ALL_DOMAINS] = list_all_domains,
        [RPC_CONNECT_LIST_DOMAINS] = list_ids,
        [RPC_CONNECT_NUM_OF_DOMAINS] = count_active,
        [RPC_CONNECT_LIST_DEFINED_DOMAINS] = list_names,
        [RPC_CONNECT_NUM_OF_DEFINED_DOMAINS] = count_inactive,
        [RPC_DOMAIN_LOOKUP_BY_NAME] = lookup_by_name,
        [RPC_DOMAIN_LOOKUP_BY_ID] = lookup_by_id,
        [RPC_DOMAIN_LOOKUP_BY_UUID] = lookup_by_uuid,
        [RPC_DOMAIN_GET_STATE] = get_state,
        [RPC_DOMAIN_GET_INFO] = get_info,
        [RPC_DOMAIN_GET_OS_TYPE] = get_os_type,
        [RPC_DOMAIN_GET_AUTOSTART] = get_autostart,
        [RPC_DOMAIN_IS_ACTIVE] = is_active,
        [RPC_DOMAIN_IS_PERSISTENT] = is_persistent,
        [RPC_DOMAIN_HAS_MANAGED_SAVE_IMAGE] = has_managed_save,
        [RPC_DOMAIN_GET_MESSAGES] = get_messages,
        [RPC_DOMAIN_SUSPEND] = suspend,
        [RPC_DOMAIN_RESUME] = resume,
        [RPC_DOMAIN_DESTROY] = destroy,
        [RPC_DOMAIN_DESTROY_FLAGS] = destroy_flags,
    },
};

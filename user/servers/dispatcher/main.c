/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The dispatcher: serves libvirt's remote protocol on the ports of a virtio-serial device, with the
 * programs of Lykos for domains. Here its parts are put together: how it serves
 * (<lykos/portserver.h>), and what it knows about domains (<lykos/domains.h>).
 */
#include <lykos/domains.h>
#include <lykos/portserver.h>

int main(void)
{
    return port_server_run(&lykos_domains, NULL, 0);
}

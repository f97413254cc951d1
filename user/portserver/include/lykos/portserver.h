/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program that serves libvirt's remote protocol on the ports of the server `serial`: the
 * dispatcher, but for what is carried out. The library libportserver.a; a program that uses it has
 * `portserver dispatch domains rpc` in its file `libs`, and these lines in the description:
 *
 *      endpoints main
 *      param     deadline = 5000
 *      cap serial   = entry serial.main payload 0xff
 *      cap programs = entry init.programs
 *      cap console  = entry console.main
 *      cap space    = space
 *      cap schedctl = schedctl
 *      cap memory   = range 64 pages
 *      cap discrim  = discrim
 *      cap sleep    = sleep
 *      cap kernlog  = kernlog
 */
#pragma once

#include <lykos/rpc.h>

/* Serve, with these handlers; those about the connection itself are added. Each worker has the
 * capability `programs`, and those in the `gives` registers at `give`, under the same numbers. To
 * be called by the initial thread, once. It says *ready* on the console, and comes back only if
 * there is nothing to serve: what main() is to return. */
int port_server_run(const struct rpc_service *service, const uint32_t *give, unsigned gives);

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The operation tables of all capability types, made from kernel/abi/lykos.toml.
 */
#include <kernel/arch.h>
#include <kernel/gpt.h>
#include <kernel/invoke.h>
#include <kernel/process.h>

#include <optables.inc>

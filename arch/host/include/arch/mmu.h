/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The host pretends to have the MMU of x86-64: same entries, looked up by host_mmu_access()
 * (host.h).
 */
#pragma once

#include "../../../x86_64/include/arch/mmu.h"

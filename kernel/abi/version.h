/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The version of Lykos: kernel and programs are built together and have the same.
 */
#pragma once

#define LYKOS_MAJOR 0
#define LYKOS_MINOR 1
#define LYKOS_RELEASE 0

#define LYKOS_VERSION_TEXT(a, b, c) #a "." #b "." #c
#define LYKOS_VERSION_OF(a, b, c) LYKOS_VERSION_TEXT(a, b, c)
#define LYKOS_VERSION LYKOS_VERSION_OF(LYKOS_MAJOR, LYKOS_MINOR, LYKOS_RELEASE) /* "0.1.0" */

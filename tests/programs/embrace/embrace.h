/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What embrace and embraced say to each other.
 */
#pragma once

/* To embraced. Capability 1: an Entry to who asks, through which it is asked something first. */
#define EMBRACE_HELP 1u

/* To embrace: what embraced wants to know first. Nobody ever receives it. */
#define EMBRACE_WHO 2u

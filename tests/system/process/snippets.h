/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Instructions that fault, see snippets.S.
 */
#pragma once

extern char do_divide[], do_breakpoint[], do_breakpoint_long[], do_overflow[], do_invalid[],
    do_lock_invalid[], do_avx[], do_rdfsbase[], do_wrgsbase[], do_sysenter[], do_hlt[], do_cli[],
    do_sti[], do_in[], do_out[], do_rdmsr[], do_wrmsr[], do_write_cr0[], do_read_cr3[], do_lgdt[],
    do_invlpg[], do_swapgs[], do_sysret[], do_clts[], do_int_80[], do_int_14[], do_int_timer[],
    do_bad_selector[], do_far_selector[], do_read[], do_write[], do_rmw[], do_push[], do_jump[],
    do_x87[], do_sse[], do_privileged_flags[], do_nothing[], do_syscall_only[];

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel's table of contents: what happens at boot, in order. The port has set up the machine
 * (paging, this CPU's data, traps, clock, console) and calls kernel_main(), on the stack of CPU 0
 * with interrupts off.
 */
#include <abi/version.h>
#include <kernel/boot_info.h>
#include <kernel/check.h>
#include <kernel/cmdline.h>
#include <kernel/cpu.h>
#include <kernel/image.h>
#include <kernel/log.h>
#include <kernel/sched.h>
#include <kernel/space.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

void kernel_main(const struct boot_info *boot)
{
    /* The log works from the first line on: what runs, and on what. */
    log_line(LOG_INFO,
             "Lykos " LYKOS_VERSION ", built with " COMPILER ", on %u CPU%s, %lu MiB, by %s%s%s",
             cpu_count, cpu_count == 1 ? "" : "s", (boot_ram(boot) + (1u << 19)) >> 20, boot->path,
             boot->loader[0] == '\0' ? "" : " from ", boot->loader);
    cmdline_parse(boot->command_line); /* unknown words are named */
    trace_all(cmdline.trace);          /* trace: record every event */
    frames_init(boot);                 /* what is where in memory; the table of frames */
    space_init();                      /* pools of hardware page tables and dependencies */
    sched_init();                      /* ready queues, empty */
    cpu_self()->preempt_seed = cmdline.seed;
    cpu_self()->no_fast = cmdline.nofast;

    if (cmdline.selftest) {
        arch_exit(selftest_run(cmdline.pattern));
    }

    txn_begin(); /* all of the rest is one transaction */
    txn_commit();
    image_load_init(boot); /* the first process, ready to run */
    sched_exit();          /* and off it goes; from now on the kernel only reacts */
}

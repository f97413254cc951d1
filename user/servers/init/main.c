/* SPDX-License-Identifier: BSD-2-Clause
 *
 * init: the first program, and the only one that the kernel loads.
 *
 * It has every initial capability (<abi/init.h>), builds the system that the table `system.table`
 * describes out of them, and then stays as the list of programs and as the handler of
 * faults that nobody else handles.
 */
#include "core.h"
#include "locks.h"
#include "programs.h"
#include "registers.h"
#include "service.h"
#include "spawn.h"

#include <lykos/say.h>
#include <lykos/start.h>
#include <lykos/stubs.h>

#define DESCRIPTION_FILE "system.table"

/* init has no start block; it tells the library itself what it would have found there. */
const struct lk_start *lk_start_block(void)
{
    static const struct lk_start start = {
        .magic = LK_START_MAGIC,
        .name = "init",
        .self = LK_INIT_SELF,
        .sleep = LK_INIT_SLEEP,
        .kernlog = LK_INIT_KERNLOG,
    };

    return &start;
}

/* The system cannot be started: say why and end the machine. */
_Noreturn static void stop(const char *why)
{
    say("the system stops here: %s", why);
    lk_sysctl_halt(LK_INIT_SYSCTL, 1);
    lk_die("the machine cannot be halted");
}

/* Take over what the kernel gave: find the archive. */
static void take_over(void)
{
    const struct lk_boot_info *info = (const struct lk_boot_info *)LK_INIT_INFO_VA;

    __asm__(""
            : "+r"(info)); /* a constant address is no object that the compiler knows the size of */
    if (info->magic != LK_INIT_INFO_MAGIC) {
        stop("the boot information is damaged");
    }
    boot_words = info->command_line;
    const char *wrong =
        archive_open(&archive, (const void *)LK_INIT_ARCHIVE_VA, info->archive_bytes);

    if (wrong != NULL) {
        say("the archive is refused: %s", wrong);
        stop("there are no programs");
    }
}

/* The endpoints of which the description knows nothing. */
static void own_endpoints(void)
{
    if (lk_endpoint_set_endpoint_id(REG_EXIT_EP, INIT_ID_EXIT) != STATUS_OK ||
        lk_endpoint_set_endpoint_id(REG_FAULTS_EP, INIT_ID_FAULTS) != STATUS_OK ||
        lk_endpoint_set_recipient(REG_EXIT_EP, LK_INIT_SELF) != STATUS_OK ||
        lk_endpoint_set_recipient(REG_FAULTS_EP, LK_INIT_SELF) != STATUS_OK ||
        spawn_init() != STATUS_OK) {
        stop("init's own objects cannot be made");
    }
}

static void read_description(void)
{
    struct table_trouble why;
    struct archive_file file;

    if (!archive_find(&archive, DESCRIPTION_FILE, &file)) {
        stop("there is no system description, " DESCRIPTION_FILE ", in the archive");
    }
    if (!description_read(&description, file.at, file.bytes, &why)) {
        say("%s is refused, at program %u: %s", DESCRIPTION_FILE, why.program, why.what);
        stop("the system description is damaged");
    }
}

int main(void)
{
    struct trouble why = { "" };

    take_over();
    locks_begin();
    read_description();
    if (!core_begin(&why)) {
        say("bank and pager cannot be begun: %s", why.words);
        stop("nothing can be started");
    }
    own_endpoints();
    unsigned running = programs_boot();

    if (running == 0) {
        stop("no program could be started");
    }
    lk_process_set_flags(LK_INIT_SELF, LK_FLAG_QUIET); /* as build.c says of bank and pager */
    say("%u of %u programs run", running + CORE_PROGRAMS, description.programs);
    service_run();
}

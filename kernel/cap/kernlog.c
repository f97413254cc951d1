/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of KernLog: append a line, read, and take over the printing (log.c).
 */
#include <kernel/log.h>
#include <kernel/operations.h>
#include <kernel/process.h>

/* One line, tagged with the label of the invoker. Nothing in it can end the line or move the
 * cursor. */
void kernlog_op_append(struct invocation *inv)
{
    char label[LABEL_TEXT];

    process_label(inv->invoker, label);
    for (size_t i = 0; i < inv->string_len; i++) {
        if ((uint8_t)inv->string[i] < ' ' || inv->string[i] == 0x7f) {
            inv->string[i] = '?';
        }
    }
    inv->string[inv->string_len] = '\0'; /* tools/idl/check_kernel.py: there is room for it */
    /* Of level error, since a program that was given the log has decided itself what is worth a
     * line. */
    log_line(LOG_ERROR, "%s: %s", label, inv->string);
}

/* Text from a position on. */
void kernlog_op_read(struct invocation *inv)
{
    uint64_t position = inv->word[1];

    inv->out_len = log_read(&position, inv->string, inv->out_room);
    inv->out[1] = position;
    inv->out[2] = log_end;
}

/* The holder of the notice prints the log from now on; with Null the kernel does again. */
void kernlog_op_bind(struct invocation *inv)
{
    log_bind(&inv->arg[1], (uint32_t)inv->word[1]);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of KernLog: append a line, read, and take over the printing (log.c).
 */
#include <kernel/log.h>
#include <kernel/operations.h>
#include <kernel/process.h>

/* One line, tagged with the label of the invoker. Nothing in it can end the line or move the
 * cursor. */
enum status kernlog_op_append(struct invocation *inv)
{
    char label[LABEL_TEXT];
    int length = (int)inv->string_len;

    process_label(inv->invoker, label);
    for (size_t i = 0; i < inv->string_len; i++) {
        if ((uint8_t)inv->string[i] < ' ' || inv->string[i] == 0x7f) {
            inv->string[i] = '?';
        }
    }

    txn_commit();

    /* Of level error, since a program that was given the log has decided itself what is worth a
     * line. */
    log_line(LOG_ERROR, "%s: %.*s", label, length, inv->string);
    return STATUS_OK;
}

/* Text from a position on. */
enum status kernlog_op_read(struct invocation *inv)
{
    uint64_t position = inv->word[1];

    inv->out_len = log_read(&position, inv->string, inv->out_room);

    txn_commit();

    log_shown(inv->word[1], position);
    inv->out[1] = position;
    inv->out[2] = log_end();
    return STATUS_OK;
}

/* The holder of the notice prints the log from now on; with Null the kernel does again. */
enum status kernlog_op_bind(struct invocation *inv)
{
    const struct cap *notice = &inv->arg[1];

    if (notice->type != CAP_APPNOTICE && notice->type != CAP_NULL) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    log_bind(notice, (uint32_t)inv->word[1] & notice->payload);
    return STATUS_OK;
}

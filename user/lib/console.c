/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The console's methods as functions. A console that died and was begun again is asked again: a
 * line may come out twice, but none is lost.
 */
#include <lykos/connect.h>
#include <lykos/console.h>
#include <lykos/invoke.h>

static enum status write_by(uint32_t console, uint64_t method, const char *text, size_t len)
{
    unsigned tries = 0;
    enum status s;

    do {
        s = (enum status)lk_call_send0(LK_CTL_CALL(console, 1) | LK_SSTR, method, text, len).w[0];
    } while (lk_came_back(console, s, &tries));
    return s;
}

enum status lk_console_write(uint32_t console, const char *text, size_t len)
{
    return write_by(console, LK_CONSOLE_WRITE, text, len);
}

enum status lk_console_write_raw(uint32_t console, const char *text, size_t len)
{
    return write_by(console, LK_CONSOLE_WRITE_RAW, text, len);
}

static enum status read_input(uint32_t console, uint64_t flags, char *buffer, size_t size,
                              size_t *len_out)
{
    size_t most = size < LK_CONSOLE_READ_MAX ? size : LK_CONSOLE_READ_MAX;
    struct lk_in in = lk_call_recv2(LK_CTL_CALL(console, 3) | LK_RSTR, LK_CONSOLE_READ, most, flags,
                                    buffer, most);

    *len_out = lk_string_length(in.delivery);
    return (enum status)in.w[0];
}

enum status lk_console_read(uint32_t console, char *buffer, size_t size, size_t *len_out)
{
    return read_input(console, 0, buffer, size, len_out);
}

enum status lk_console_poll(uint32_t console, char *buffer, size_t size, size_t *len_out)
{
    return read_input(console, LK_CONSOLE_NOWAIT, buffer, size, len_out);
}

enum status lk_console_set_notice(uint32_t console, uint64_t interrupt_bits, uint64_t input_bits,
                                  uint32_t notice)
{
    return (enum status)lk_call_ctl2(LK_CTL_CALL_CAPS(console, 3, 1, notice, 0, 0, 0, 0, 0, 0),
                                     LK_CONSOLE_SET_NOTICE, interrupt_bits, input_bits)
        .w[0];
}

enum status lk_console_drain(uint32_t console)
{
    return (enum status)lk_call0(console, LK_CONSOLE_DRAIN).w[0];
}

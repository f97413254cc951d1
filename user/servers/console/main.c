/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The console server: the serial port as a place for everybody's lines and one program's terminal
 * (user/idl/console.idl).
 *
 * Everything is driven by notices: the device interrupts, the kernel log grows. The server never
 * waits for a client: what is typed and not read stays in a ring, and is lost when that is full. It
 * does wait for the device, in one place: with no room left for the largest message it takes no
 * messages, only notices, until there is; meanwhile the writers wait in the kernel's queue of its
 * endpoint, in order.
 */
#include "screen.h"
#include "uart.h"

#include <lykos/gen/console_server.h>
#include <lykos/lykos.h>

#define NOTICE_UART 0x1u
#define NOTICE_LOG 0x2u

/* Registers that a kept capability stands in. */
#define REG_READER LK_REG_FREE        /* reply to the program that waits for input */
#define REG_NOTICE (LK_REG_FREE + 1)  /* AppNotice of the terminal's holder */
#define REG_DRAINER (LK_REG_FREE + 2) /* reply to the program that waits for the end of output */
#define REG_OWN (LK_REG_FREE + 3)     /* AppNotice to the console itself */

#define INPUT_RING 1024u
#define CTRL_C 3u
#define LOG_CHUNK 1024u
#define LOG_LINE 512u
#define ROOM_WANTED SCREEN_ROOM(CONSOLE_WRITE_MAX + LOG_CHUNK)

static struct {
    struct screen screen;

    uint8_t input[INPUT_RING];
    uint64_t typed, read; /* bytes ever put into the ring and taken out */
    uint64_t lost;

    bool reader_waits;
    size_t reader_limit;
    uint64_t ctrl_c_bits, input_bits;
    bool drainer_waits;
    uint64_t drain_to; /* byte of the screen's ring that it waits for */

    uint32_t irq, log; /* registers: IrqWait, KernLog */
    uint64_t log_position;
    char log_line[LOG_LINE]; /* a line of the log that is not whole yet */
    size_t log_len;
    bool log_waits; /* the log has grown and was not read to its end */

    uint64_t interrupts;
    char answer[CONSOLE_READ_MAX];
} console;

/* ---- input ----------------------------------------------------------------------------------- */

static size_t input_waiting(void)
{
    return (size_t)(console.typed - console.read);
}

/* Post bits to the terminal's holder. What it gave as a notice may be anything, so this is a send
 * that never waits; if it is Null by now, nobody wants to know. */
static void notify(uint64_t bits)
{
    if (bits != 0 && lk_post2(REG_NOTICE, OP_APPNOTICE_POST, bits, 0) == STATUS_INVALID_CAP) {
        console.ctrl_c_bits = 0;
        console.input_bits = 0;
    }
}

/* A byte was typed. */
static void input_byte(uint8_t byte)
{
    if (byte == CTRL_C && console.ctrl_c_bits != 0) {
        console.read = console.typed;
        notify(console.ctrl_c_bits);
        return;
    }
    if (input_waiting() == INPUT_RING) {
        console.lost++;
        return;
    }
    console.input[console.typed++ % INPUT_RING] = byte;
}

/* Take up to `most` bytes of input into the answer buffer. */
static size_t input_take(size_t most)
{
    size_t n = 0;

    while (n < most && n < sizeof(console.answer) && input_waiting() > 0) {
        console.answer[n++] = (char)console.input[console.read++ % INPUT_RING];
    }
    return n;
}

/* There may be input: give it to who waits for it, and tell who wants to know. */
static void input_offer(void)
{
    if (input_waiting() == 0) {
        return;
    }
    if (console.reader_waits) {
        console.reader_waits = false;
        uint64_t before = console.read;
        size_t n = input_take(console.reader_limit);

        if (console_read_answer(REG_READER, STATUS_OK, console.answer, n) == STATUS_OK) {
            return;
        }
        console.read = before; /* it is gone: what was typed is another's */
    }
    notify(console.input_bits);
}

/* ---- output ---------------------------------------------------------------------------------- */

static bool next_output(uint8_t *byte)
{
    return screen_take(&console.screen, byte);
}

/* Something was printed: see that it is sent. */
static void output_begin(void)
{
    uart_kick();
}

/* Answer who waits for the end of output, if it has come. */
static void output_check_drained(void)
{
    if (console.drainer_waits && console.screen.taken >= console.drain_to) {
        console.drainer_waits = false;
        console_drain_answer(REG_DRAINER, STATUS_OK);
    }
}

/* ---- the kernel log -------------------------------------------------------------------------- */

/* Print the lines of the log that are whole. */
static void log_lines(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n' || console.log_len == LOG_LINE) {
            screen_lines(&console.screen, console.log_line, console.log_len);
            console.log_len = 0;
        }
        if (text[i] != '\n') {
            console.log_line[console.log_len++] = text[i];
        }
    }
}

/* Print what the kernel log has grown by, as far as there is room. */
static void log_print(void)
{
    static char chunk[LOG_CHUNK];

    console.log_waits = true;
    while (console.log_waits && screen_room(&console.screen) >= ROOM_WANTED) {
        uint64_t next = 0;
        uint64_t end = 0;
        size_t n = 0;

        if (lk_kernlog_read(console.log, console.log_position, &next, &end, chunk, sizeof(chunk),
                            &n) != STATUS_OK) {
            n = 0;
        }
        log_lines(chunk, n);
        console.log_waits = n > 0 && next < end;
        console.log_position = n > 0 ? next : console.log_position;
    }
    output_begin();
}

/* Take over printing the log: from its present end, for the kernel has printed all before that
 * itself. */
static void log_take_over(void)
{
    lk_kernlog_read(console.log, UINT64_MAX, &console.log_position, NULL, console.answer,
                    sizeof(console.answer), NULL);
    lk_kernlog_bind(console.log, NOTICE_LOG, REG_OWN);
    log_print(); /* look again: it may have grown before it was bound */
}

/* ---- methods --------------------------------------------------------------------------------- */

static bool holds_terminal(const struct lk_request *rq)
{
    return (rq->payload & CONSOLE_TERMINAL) != 0;
}

enum status console_op_write(struct lk_request *rq, const char *text, size_t text_len)
{
    (void)rq;
    screen_lines(&console.screen, text, text_len);
    output_begin();
    return STATUS_OK;
}

enum status console_op_write_raw(struct lk_request *rq, const char *text, size_t text_len)
{
    if (!holds_terminal(rq)) {
        return STATUS_NO_ACCESS;
    }
    screen_raw(&console.screen, text, text_len);
    output_begin();
    return STATUS_OK;
}

enum status console_op_read(struct lk_request *rq, uint64_t most, uint64_t flags, const char **text,
                            size_t *text_len)
{
    if (!holds_terminal(rq)) {
        return STATUS_NO_ACCESS;
    }
    if (most == 0 || most > CONSOLE_READ_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((flags & ~(uint64_t)CONSOLE_NOWAIT) != 0) {
        return STATUS_REQUEST_ERROR;
    }
    if (console.reader_waits) {
        return STATUS_IN_USE;
    }
    if (input_waiting() == 0 && (flags & CONSOLE_NOWAIT) == 0) {
        console.reader_waits = true;
        console.reader_limit = (size_t)most;
        lk_keep_caller(rq, REG_READER);
        return STATUS_OK;
    }
    *text = console.answer;
    *text_len = input_take((size_t)most);
    return STATUS_OK;
}

enum status console_op_set_notice(struct lk_request *rq, uint64_t interrupt, uint64_t input,
                                  uint32_t notice)
{
    if (!holds_terminal(rq)) {
        return STATUS_NO_ACCESS;
    }
    lk_copy_cap(notice, REG_NOTICE);
    console.ctrl_c_bits = interrupt;
    console.input_bits = input;
    input_offer();
    return STATUS_OK;
}

enum status console_op_drain(struct lk_request *rq)
{
    if (console.screen.taken == console.screen.put) {
        return STATUS_OK;
    }
    if (console.drainer_waits) {
        return STATUS_IN_USE;
    }
    console.drainer_waits = true;
    console.drain_to = console.screen.put;
    lk_keep_caller(rq, REG_DRAINER);
    return STATUS_OK;
}

enum status console_op_get_info(struct lk_request *rq, uint64_t *written, uint64_t *typed,
                                uint64_t *lost, uint64_t *interrupts, uint64_t *waiting)
{
    (void)rq;
    *written = console.screen.taken;
    *typed = console.typed;
    *lost = console.lost;
    *interrupts = console.interrupts;
    *waiting = input_waiting();
    return STATUS_OK;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* Notices. The line of the device is masked since it interrupted; between the last look at the
 * device and the unmasking a reason may have come, so it is looked at again. */
static void take_notices(void *context, uint64_t bits)
{
    (void)context;
    if ((bits & NOTICE_UART) != 0) {
        console.interrupts++;
        uart_service();
        lk_irqwait_acknowledge(console.irq);
        uart_service();
    }
    if ((bits & NOTICE_LOG) != 0 || console.log_waits) {
        log_print();
    }
    output_begin();
    output_check_drained();
    input_offer();
}

static const struct lk_server server = { CONSOLE_SERVER, .notice = take_notices };

static void begin(void)
{
    static const struct uart_user user = { .next = next_output, .received = input_byte };
    uint64_t base = lk_param("port", 0x3f8);

    console.irq = lk_cap("irq");
    console.log = lk_cap("kernlog");
    if (lk_endpoint_make_app_notice(LK_REG_ENDPOINT, NOTICE_UART | NOTICE_LOG, REG_OWN) !=
        STATUS_OK) {
        lk_die("no endpoint to receive on");
    }
    if (!uart_init(lk_cap("ports"), (uint16_t)base, &user)) {
        say("no serial port at 0x%lx", base);
        return; /* the log stays with the kernel; what is written here goes nowhere */
    }
    enum status s = lk_irqwait_bind(console.irq, NOTICE_UART, REG_OWN);

    if (s != STATUS_OK) {
        lk_die("the interrupt line cannot be bound: %s", lk_status_text(s));
    }
    uart_service(); /* look again: a reason may have come before the line was bound */
    log_take_over();
}

int main(void)
{
    struct lk_msg msg;

    begin();
    lk_serve_begin(&server, &msg);
    for (;;) {
        while (screen_room(&console.screen) < ROOM_WANTED) {
            take_notices(NULL, lk_park());
        }
        lk_invoke(&msg);
        lk_serve_step(&server, &msg);
    }
}

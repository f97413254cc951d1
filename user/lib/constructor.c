/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls to the constructor server; see constructor.h.
 */
#include <lykos/constructor.h>
#include <lykos/invoke.h>
#include <lykos/string.h>

/* Carry out `msg`, whose answer may have a string, and put that into `words` (may be NULL). */
static enum status ask(struct lk_msg *msg, char *words)
{
    char unwanted[CONSTRUCTOR_WORDS];
    char *to = words != NULL ? words : unwanted;
    enum status s;

    msg->control |= LK_RSTR;
    msg->buffer = to;
    msg->buffer_size = CONSTRUCTOR_WORDS - 1;
    to[0] = '\0';
    s = lk_invoke(msg);
    if (lk_kind(msg->delivery) == LK_KIND_MESSAGE) {
        to[lk_string_length(msg->delivery)] = '\0';
    }
    return s;
}

/* Add a string to send. */
static void send_text(struct lk_msg *msg, const char *text)
{
    msg->string = text;
    msg->string_len = (uint32_t)strlen(text);
    if (msg->string_len > 0) {
        msg->control |= LK_SSTR;
    }
}

enum status lk_constructor_check(uint32_t constructors, uint32_t requestor, uint64_t n,
                                 struct lk_constructor_check *out)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(constructors, 2, 1, requestor, 0, 0, 0, 0, 0, 0),
        .w = { CONSTRUCTORS_CHECK, n },
    };
    enum status s = ask(&msg, out->words);

    out->holes = s == STATUS_OK ? msg.w[1] : UINT64_MAX;
    return s;
}

enum status lk_constructor_new(uint32_t constructors, const char *program, uint32_t bank,
                               uint32_t builder)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(constructors, 1, 1, bank, 0, 0, builder, 0, 0, 0),
        .w = { CONSTRUCTORS_NEW },
    };

    send_text(&msg, program);
    return ask(&msg, NULL);
}

enum status lk_constructor_give(uint32_t builder, const char *name, uint32_t reg, bool *hole,
                                char *words)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(builder, 1, 1, reg, 0, 0, 0, 0, 0, 0),
        .w = { BUILDER_GIVE },
    };
    enum status s;

    send_text(&msg, name);
    s = ask(&msg, words);
    if (hole != NULL) {
        *hole = s == STATUS_OK && msg.w[1] != 0;
    }
    return s;
}

enum status lk_constructor_seal(uint32_t builder)
{
    return (enum status)lk_call0(builder, BUILDER_SEAL).w[0];
}

enum status lk_constructor_requestor(uint32_t builder, uint32_t requestor)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(builder, 1, 0, 0, 0, 0, requestor, 0, 0, 0),
        .w = { BUILDER_REQUESTOR },
    };

    return ask(&msg, NULL);
}

enum status lk_constructor_close(uint32_t builder)
{
    return (enum status)lk_call0(builder, BUILDER_CLOSE).w[0];
}

enum status lk_constructor_make(uint32_t requestor, uint32_t bank, const char *args,
                                uint32_t control, char *words)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(requestor, 1, 1, bank, 0, 0, control, 0, 0, 0),
        .w = { REQUESTOR_MAKE },
    };

    send_text(&msg, args);
    return ask(&msg, words);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The boot command line. The kernel takes out the words that it knows, and init gets all others.
 * What makes no sense is named in the log and does not stop the boot.
 */
#include <kernel/cmdline.h>
#include <kernel/log.h>
#include <kernel/string.h>

struct cmdline cmdline;

static bool take_log(const char *value)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
    };

    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            log_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool number_parse(const char *text, uint64_t *value)
{
    unsigned base = 10;
    uint64_t n = 0;

    /* What stands before `text` was compared by behind(), so there is a NUL at its end. */
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        /* Large, if it is no digit. */
        unsigned digit = (unsigned)(*text <= '9' ? *text - '0' : *text - 'a' + 10);

        if (digit >= base || n > (UINT64_MAX - digit) / base) {
            return false;
        }
        n = n * base + digit;
    }
    *value = n;
    return true;
}

/* What follows `name` in a word that begins with it; NULL: another word. There are as many bytes of
 * `word`, be it shorter. */
static const char *behind(const char *name, const char *word)
{
    size_t n = strlen(name);

    return memcmp(word, name, n) == 0 ? word + n : NULL;
}

static void take_word(const char *word)
{
    size_t at = strlen(cmdline.init_words);
    const char *value;
    bool good = true;

    if (strcmp(word, "selftest") == 0) {
        cmdline.selftest = true;
    } else if ((value = behind("selftest=", word)) != NULL) {
        cmdline.selftest = true;
        format_to(cmdline.pattern, sizeof(cmdline.pattern), "%s", value);
    } else if (strcmp(word, "trace") == 0) {
        cmdline.trace = true;
    } else if (strcmp(word, "nofast") == 0) {
        cmdline.nofast = true;
    } else if ((value = behind("log=", word)) != NULL) {
        good = take_log(value);
    } else if ((value = behind("seed=", word)) != NULL) {
        good = number_parse(value, &cmdline.seed);
    } else {
        format_to(cmdline.init_words + at, sizeof(cmdline.init_words) - at, "%s%s",
                  at > 0 ? " " : "", word);
    }
    if (!good) {
        log_line(LOG_WARN, "command line: '%s' makes no sense, ignored", word);
    }
}

void cmdline_parse(const char *text)
{
    char word[BOOT_COMMAND_LINE];

    cmdline = (struct cmdline){ .pattern = "*" };
    for (size_t i = 0; text[i] != '\0';) {
        size_t n = 0;

        while (text[i] > ' ') {
            word[n++] = text[i++];
        }
        word[n] = '\0';
        if (n > 0 && i == BOOT_COMMAND_LINE - 1) {
            log_line(LOG_WARN, "command line: longer than %u characters, cut before '%s'",
                     BOOT_COMMAND_LINE - 2, word);
        } else if (n > 0) {
            take_word(word);
        } else {
            i++;
        }
    }
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The boot command line. Each word is the kernel's, or init's, or a mistake: a mistake is named in
 * the log and does not stop the boot. The table below is the whole of what the kernel knows about
 * words.
 */
#include <kernel/cmdline.h>
#include <kernel/log.h>
#include <kernel/string.h>

struct cmdline cmdline;

static bool take_pattern(const char *value)
{
    if (value != NULL) {
        format_to(cmdline.pattern, sizeof(cmdline.pattern), "%s", value);
    }
    return true;
}

static bool take_log(const char *value)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error",
        [LOG_WARN] = "warn",
        [LOG_INFO] = "info",
        [LOG_DEBUG] = "debug",
    };

    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            log_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static bool take_seed(const char *value)
{
    return number_parse(value, &cmdline.seed);
}

enum word_form { ALONE = 1, WITH_VALUE = 2, EITHER = ALONE | WITH_VALUE };

/* The words: `flag` is set by a word of the kernel; `take` gets the text behind its '=', or NULL,
 * and says whether it makes sense. Those with neither are init's (user/servers/init), as is
 * everything that begins with "init.". */
static const struct {
    const char *name;
    enum word_form form;
    bool *flag;
    bool (*take)(const char *value);
} words[] = {
    { "selftest", EITHER, &cmdline.selftest, take_pattern },
    { "log", WITH_VALUE, NULL, take_log },
    { "trace", ALONE, &cmdline.trace, NULL },
    { "nofast", ALONE, &cmdline.nofast, NULL },
    { "seed", WITH_VALUE, NULL, take_seed },
    { "bench", EITHER, NULL, NULL },
    { "test", EITHER, NULL, NULL },
    { "run", WITH_VALUE, NULL, NULL },
    { "soak", EITHER, NULL, NULL },
    { "shell", ALONE, NULL, NULL },
};

bool number_parse(const char *text, uint64_t *value)
{
    unsigned base = 10;
    uint64_t n = 0;

    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        unsigned digit = base;

        if (*text >= '0' && *text <= '9') {
            digit = (unsigned)(*text - '0');
        } else if (*text >= 'a' && *text <= 'f') {
            digit = (unsigned)(*text - 'a') + 10;
        }
        if (digit >= base || n > (UINT64_MAX - digit) / base) {
            return false;
        }
        n = n * base + digit;
    }
    *value = n;
    return true;
}

static void pass_to_init(const char *word)
{
    size_t at = strlen(cmdline.init_words);

    format_to(cmdline.init_words + at, sizeof(cmdline.init_words) - at, "%s%s", at > 0 ? " " : "",
              word);
}

static void take_word(const char *word)
{
    size_t n = 0;
    enum word_form used;

    while (word[n] != '\0' && word[n] != '=') {
        n++;
    }
    used = word[n] == '=' ? WITH_VALUE : ALONE;
    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i].name) != n || strncmp(word, words[i].name, n) != 0 ||
            (words[i].form & used) == 0) {
            continue;
        }
        if (words[i].flag == NULL && words[i].take == NULL) {
            pass_to_init(word);
        }
        if (words[i].flag != NULL) {
            *words[i].flag = true;
        }
        if (words[i].take != NULL && !words[i].take(word[n] == '=' ? word + n + 1 : NULL)) {
            log_line(LOG_WARN, "command line: '%s' makes no sense, ignored", word);
        }
        return;
    }
    if (strncmp(word, "init.", 5) == 0) {
        pass_to_init(word);
        return;
    }
    log_line(LOG_WARN, "command line: unknown word '%s', ignored", word);
}

void cmdline_parse(const char *text)
{
    size_t length = strnlen(text, BOOT_COMMAND_LINE - 1);
    bool cut = length == BOOT_COMMAND_LINE - 1;
    char word[BOOT_COMMAND_LINE];

    cmdline = (struct cmdline){ .pattern = "*" };
    for (size_t i = 0; i < length;) {
        size_t n = 0;

        while (i < length && (uint8_t)text[i] > ' ') {
            word[n] = text[i++];
            if ((word[n] & 0x80) != 0 || word[n] == 0x7f) {
                word[n] = '?';
            }
            n++;
        }
        word[n] = '\0';
        if (n > 0 && cut && i == length) {
            log_line(LOG_WARN, "command line: longer than %u characters, cut before '%s'",
                     BOOT_COMMAND_LINE - 2, word);
        } else if (n > 0) {
            take_word(word);
        }
        i++;
    }
}

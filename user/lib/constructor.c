/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls to the constructor server, with texts that end in a NUL; see constructor.h.
 */
#include <lykos/constructor.h>
#include <lykos/string.h>

#define ROOM (CONSTRUCTORS_WORDS - 1) /* of words without their NUL */

/* Where the words of an answer go that nobody wants. */
static char *words_or(char *words, char *unwanted)
{
    return words != NULL ? words : unwanted;
}

enum status lk_constructor_check(uint32_t constructors, uint32_t requestor, uint64_t n,
                                 struct lk_constructor_check *out)
{
    size_t len = 0;
    enum status s =
        constructors_check(constructors, n, requestor, &out->holes, out->words, ROOM, &len);

    out->words[len] = '\0';
    out->holes = s == STATUS_OK ? out->holes : UINT64_MAX;
    return s;
}

enum status lk_constructor_new(uint32_t constructors, const char *program, uint32_t bank,
                               uint32_t builder)
{
    return constructors_new(constructors, program, strlen(program), bank, builder);
}

enum status lk_constructor_give(uint32_t builder, const char *name, uint32_t reg, bool *hole,
                                char *words)
{
    char unwanted[CONSTRUCTORS_WORDS];
    char *to = words_or(words, unwanted);
    bool is_hole = false;
    size_t len = 0;
    enum status s = builder_give(builder, name, strlen(name), reg, &is_hole, to, ROOM, &len);

    to[len] = '\0';
    if (hole != NULL) {
        *hole = s == STATUS_OK && is_hole;
    }
    return s;
}

enum status lk_constructor_make(uint32_t requestor, uint32_t bank, const char *args,
                                uint32_t control, char *words)
{
    char unwanted[CONSTRUCTORS_WORDS];
    char *to = words_or(words, unwanted);
    size_t len = 0;
    enum status s = requestor_make(requestor, args, strlen(args), bank, to, ROOM, &len, control);

    to[len] = '\0';
    return s;
}

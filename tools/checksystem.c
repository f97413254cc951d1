/* SPDX-License-Identifier: BSD-2-Clause
 *
 * checksystem DESCRIPTION FILE...
 *
 * Read a system description on the build machine, with the very code that init reads it with, so
 * that a mistake ends the build and names its line. The files are those of the archive: a program
 * whose file is not among them is a mistake too. A file that no program names is worth a warning:
 * somebody made a folder and forgot the description.
 */
#include "user/servers/init/description.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1u << 20)
#define FIRST_PROGRAM "init" /* the kernel starts it; it describes the others */

static const char *path;
static unsigned mistakes;
static struct description description;
static char text[TEXT_MAX];

/* One mistake, in the form that compilers have for it. */
static void report(void *context, unsigned line, const char *message)
{
    (void)context;
    fprintf(stderr, "%s:%u: error: %s\n", path, line, message);
    mistakes++;
}

static const char *last_part(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash != NULL ? slash + 1 : file;
}

/* Is `name` the last part of one of the paths? */
static int packed(const char *name, char **files, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(last_part(files[i]), name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Does a program name this file? One with a mistake in it may have meant to. */
static int named(const char *file)
{
    for (unsigned i = 0; i < description.programs; i++) {
        const struct program *p = &description.program[i];

        if (p->faulty || strcmp(p->file, file) == 0) {
            return 1;
        }
    }
    return strcmp(file, FIRST_PROGRAM) == 0;
}

static void warn_of_unnamed(char **files, int count)
{
    for (int i = 0; i < count; i++) {
        const char *file = last_part(files[i]);

        if (!named(file)) {
            fprintf(stderr,
                    "%s: warning: '%s' is built, but no program here names it: it cannot be "
                    "started\n",
                    path, file);
        }
    }
}

int main(int argc, char **argv)
{
    char words[128];
    size_t bytes;
    FILE *f;

    if (argc < 2) {
        fprintf(stderr, "usage: checksystem DESCRIPTION FILE...\n");
        return EXIT_FAILURE;
    }
    path = argv[1];
    f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    bytes = fread(text, 1, sizeof(text), f);
    fclose(f);
    if (!description_read(&description, text, bytes, report, NULL) && mistakes == 0) {
        report(NULL, 0, "nothing of it can be used");
    }
    for (unsigned i = 0; i < description.programs; i++) {
        const struct program *p = &description.program[i];

        if (!p->faulty && !packed(p->file, argv + 2, argc - 2)) {
            snprintf(words, sizeof(words), "there is no program '%s' to be its file", p->file);
            report(NULL, p->line, words);
        }
    }
    warn_of_unnamed(argv + 2, argc - 2);
    return mistakes == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

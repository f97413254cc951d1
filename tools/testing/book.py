# SPDX-License-Identifier: BSD-2-Clause
"""The book: each chapter of its tutorial, docs/book, is run as it is written (book_page.py, book_run.py), with the kit and nothing
else. The chapters are what the table of contents numbers. And the runner itself: pages that are wrong, which must fail in the line that
is."""

import os
import re

from . import core, unpacked
from .book_run import run_page
from .core import Failed, Part, simple_job

FOLDER = os.path.join(core.ROOT, "docs", "book")
CONTENTS = "README.md"
TEXT = "everything on this page is done as it stands there, and shows what it says"


def text_of(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return f.read()


def case_of(page):
    return page.removesuffix(".md").replace("-", "_")


def chapters():
    return re.findall(r"^\d+\. \[([\w-]+\.md)\]", text_of(CONTENTS), re.MULTILINE)


def chapter_job(page):
    def run(context):
        name, folder = os.path.join("docs", "book", page), context.path("the book", case_of(page))
        run_page(context, unpacked.shared(context), folder, name, text_of(page))

    return simple_job(case_of(page), TEXT, run)


def contents(_context):
    """Every page is in the table of contents, and what that names is there; and what looks as if it were run is."""
    named = set(re.findall(r"\]\(([\w-]+\.md)\)", text_of(CONTENTS)))
    there = {name for name in os.listdir(FOLDER) if name.endswith(".md") and name != CONTENTS}
    if named != there:
        raise Failed("the table of contents is another one", [f"not named: {sorted(there - named)}", f"not there: {sorted(named - there)}"])
    if not chapters():
        raise Failed("the tutorial has no chapters")
    for page in sorted(there - set(chapters())):
        for info in re.findall(r"^```(\w.*)$", text_of(page), re.MULTILINE):
            if info.strip() != "text":
                raise Failed(f"{page} is no chapter of the tutorial: what stands behind '{info}' is not run")


# --- the runner ------------------------------------------------------------------------------------------------
# A prompt like that of Lykos, which repeats what is typed, and "later" a moment after it has prompted again.
PROMPT = r"""```sh prompt
while printf 'lykos> ' && read -r line; do
    case $line in
    halt) exit 0 ;;
    later) (sleep 0.5; printf '\r\033[Klater\nlykos> ') & ;;
    *) echo "it says $line" ;;
    esac
done
```
"""
GOOD = PROMPT + """
```text
This is not run.
```

```c a-folder/a.c
one
two
one
```

```c a-folder/a.c before "one"
between
```

```c a-folder/a.c after "one"
last
```

```c a-folder/a.c replace "two"
three
```

```console
$ cat a-folder/a.c
one
three
between
...e
last
$ false; echo of two lines; echo 1234 of 5678
...
12...56...
$ cd a-folder
```

```text
```

```c b.c
here
```

```console
$ cat b.c ../a-folder/a.c; false
here
...
last
$ sh ../prompt
lykos> hello
it says hello
```

Between the blocks.

```console
lykos> later
later
lykos> halt
$ echo end
end
```
"""

# (what is wrong, the page, the line that is told, words of what is said)
MISTAKES = [
    ("a fence that is none of ours", "\n```sh\nls\n```\n", 2, "unknown fence 'sh'"),
    ("one without a word", "\n```\nls\n```\n", 2, "unknown fence ''"),
    ("a word that is misspelt", "```c a.c behind \"x\"\nls\n```\n", 1, "unknown fence"),
    ("one that is not closed", "\n\n```console\n$ ls\n", 3, "not closed"),
    ("something indented", "Type:\n\n    make run\n", 3, "indented"),
    ("a fence in a list", "- so:\n  ```console\n", 2, "indented"),
    ("a path that leads out", "```c ../a.c\n```\n", 1, "not within the project"),
    ("no command", "\n```console\n```\n", 2, "without a command"),
    ("output alone", "```console\nhello\n```\n", 2, "nothing is typed before this"),
    ("a prompt alone", "```console\n$ echo\n\n$\n```\n", 4, "nothing stands behind the prompt"),
    ("other output", "```console\n$ echo one; echo two\none\nthree\n```\n", 4, "not seen: three"),
    ("less output", "```console\n$ echo one\none\ntwo\n```\n", 4, "not seen: two"),
    ("more output", "```console\n$ echo one; echo two\none\n```\n", 2, "seen, and not on the page: two"),
    ("another order", "```console\n$ echo one; echo two\n...\ntwo\n...\none\n...\n```\n", 6, "not in its place: one"),
    ("another end", "```console\n$ echo one; echo two\n...\none\n```\n", 4, "not seen at the end: one"),
    ("a line that has more", "```console\n$ echo one two\none\n```\n", 3, "not seen: one"),
    ("a failure that is not shown", "```console\n$ echo one; false\n...\n```\n", 2, "ends with status 1"),
    ("a failure that says nothing", "```console\n$ false\n```\n", 2, "ends with status 1"),
    ("a piece of no file", "```c a.c before \"x\"\n```\n", 1, "there is no file a.c"),
    ("a piece with no place", "```c a.c\nb\n```\n```c a.c after \"x\"\nc\n```\n", 4, "has no line with \"x\""),
    ("no session", "```console\n$ echo\nlykos> ps\n```\n", 3, "the prompt is '$'"),
    ("the session goes on", PROMPT + "```console\n$ sh prompt\n$ echo\n```\n", 12, "the prompt is 'lykos>'"),
    ("never ended", PROMPT + "```console\n$ sh prompt\nlykos> a\nit says a\n```\n", 12, "open at the end of the page"),
    ("at the prompt", PROMPT + "```console\n$ sh prompt\nlykos> a\nit says b\nlykos> halt\n```\n", 13, "not seen: it says b"),
    ("later", PROMPT + "```console\n$ sh prompt\nlykos> later\nlater\nmore\nlykos> halt\n```\n", 14, "not seen: more"),
    ("nothing to stop", "```console\n$ echo\nCtrl-C\n```\n", 3, "nothing runs"),
]


def good(context):
    run_page(context, "", context.path("good"), "good.md", GOOD)


def mistakes(context):
    good(context)
    for i, (what, text, line, said) in enumerate(MISTAKES):
        try:
            run_page(context, "", context.path(f"bad {i}"), "bad.md", text, settle=0.5)
        except Failed as failure:
            if not failure.lines[0].startswith(f"bad.md:{line}: ") or said not in failure.lines[0]:
                raise Failed(f"{what}: it fails otherwise than line {line}, {said!r}", failure.lines) from None
        else:
            raise Failed(f"{what}: a page with that passes", text.splitlines())


def part(_context):
    jobs = [chapter_job(page) for page in chapters() if os.path.exists(os.path.join(FOLDER, page))]
    jobs.append(simple_job("contents", "the table of contents has each page, and no other", contents))
    jobs.append(simple_job("mistakes", "a page on which something is wrong fails, in the line that is", mistakes))
    return Part("book", jobs)

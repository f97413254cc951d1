# SPDX-License-Identifier: BSD-2-Clause
"""The pages of docs/ that teach by listings: the programs and descriptions that stand there are built as they stand, and what is
typed at the prompt there is typed, and must bring what the page shows.

A listing of C that begins with a licence is the main.c of the folder that was named last before it. An indented block that
begins with `program NAME` goes to the end of user/system.lyk. In an indented block with the prompt each line typed is followed
by what must be seen, in any order, since programs print side by side; any number may be another one, and `[...]` stands for anything.

What the book says beside is looked at by pages.py."""

import os
import re
import time

from . import core, pages
from .build import copy_built, make
from .core import Failed, Job, Part, Result, Skipped
from .session import PROMPT, Session, another_prompt

SECONDS = 30
MOMENT = 0.5  # seconds between what is seen and what is typed: what was started has begun by then
PAGES = ("writing-a-server", "preemption")
LISTING = re.compile(r"^```c\n(/\* SPDX.*?)^```$", re.MULTILINE | re.DOTALL)
FOLDER = re.compile(r"user/(?:servers|programs)/\w+")
BLOCK = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.MULTILINE)
LIKE = re.compile(r"`user/\w+/(\w+)/main\.c`, described like `(\w+)`")
ANY = re.compile(r"(\[\.\.\.\]|0x[0-9a-f]+|[0-9]+|\s+)")


def page_text(page):
    with open(os.path.join(core.ROOT, "docs", page + ".md"), encoding="utf-8") as f:
        return f.read()


def listings(text):
    """(path of the file, what is in it) for each."""
    for found in LISTING.finditer(text):
        named = FOLDER.findall(text, 0, found.start())
        yield os.path.join(named[-1], "main.c"), found[1]


def blocks(text):
    """The indented blocks, without the indentation."""
    for found in BLOCK.finditer(LISTING.sub("", text)):
        yield re.sub(r"^    ", "", found[0], flags=re.MULTILINE).lstrip("\n")


def descriptions(text):
    known = {}
    for block in blocks(text):
        name = re.match(r"program (\w+)\n", block)
        if name:
            known[name[1]] = block
    for name, other in LIKE.findall(text):
        known[name] = known[other].replace(f"program {other}\n", f"program {name}\n")
    return known


def typed(text):
    """(line typed, lines to be seen) for each."""
    for block in blocks(text):
        for piece in re.split(rf"^{PROMPT}", block, flags=re.MULTILINE)[1:]:
            line, *seen = piece.rstrip().split("\n")
            yield line, [s for s in seen if s.strip()]


def pattern_of(line):
    """A line as it is shown, but for its numbers."""
    any_of = {"[": ".*", " ": r"\s+"}
    parts = ANY.split(line.rstrip())
    return "^" + "".join(
        re.escape(part) if i % 2 == 0 else any_of.get(part[0], r"(?:0x)?[0-9a-f]+") for i, part in enumerate(parts)
    )


def build_all(context):
    """An archive with the programs of all pages."""
    folder = context.path("docs")
    build = copy_built(context, folder)
    with open(os.path.join(folder, "user", "system.lyk"), "a", encoding="utf-8") as system:
        for page in PAGES:
            text = page_text(page)
            for path, listing in listings(text):
                path = os.path.join(folder, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(listing)
            for description in descriptions(text).values():
                system.write("\n" + description)
    make(context, folder, f"BUILD={build}", f"{build}/archive")
    return os.path.join(folder, build, "archive")


def read_along(context, page, archive):
    lines = list(typed(page_text(page)))
    if not lines:
        raise Failed("nothing is typed on this page")
    with Session(context, f"docs-{page}", ["--archive", archive], SECONDS, interactive=True) as session:
        session.prompt()
        for line, seen in lines:
            time.sleep(MOMENT)
            session.type(line + "\r")
            session.expect(re.escape(line) + r"\n", f"the line typed: {line}")
            begin = end = session.read_to
            for wanted in seen:
                session.read_to = begin
                session.expect(pattern_of(wanted), f"behind '{line}' a line like: {wanted}")
                end = max(end, session.read_to)
            session.read_to = end
            another_prompt(session)
        session.type("halt\r")
        session.end(core.PASS)


def run(context, pattern):
    text = "the programs of this page are built as they stand, and do what it shows"
    results = []
    page = PAGES[0]
    try:
        archive = build_all(context)
        for page in PAGES:
            if core.matches(page, pattern):
                read_along(context, page, archive)
                results.append(Result(page, "pass", text))
    except Failed as failure:
        results.append(Result(page, "fail", text, failure.lines))
    except Skipped as why:
        results.append(Result(page, "skip", str(why)))
    return results


def part(_context):
    return Part("docs", [Job(run, list(PAGES)), *pages.jobs()])

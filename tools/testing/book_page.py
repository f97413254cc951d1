# SPDX-License-Identifier: BSD-2-Clause
"""A page of the book as a list of steps: files to write, lines to type with what is to be seen behind them. Pure: nothing is run here.

docs/book/README.md says how a page is written. A page that is written otherwise is refused with its line."""

import dataclasses
import os
import re

from .core import Failed

FENCE = re.compile(r"^```(.*)$")
FILE = re.compile(r'^([\w+-]+) (\S+)(?: (before|after|replace) "(.+)")?$')
TYPED = re.compile(r"^(\$|lykos>|\(gdb\))(?: (.*))?$")
KEY = re.compile(r'^(Ctrl-C|Ctrl-A X)(?:, once the console shows "(.+)")?$')
DOTS = "..."


@dataclasses.dataclass
class Listing:
    """A file to be written, or a piece of one."""

    line: int
    path: str
    text: str
    how: str = None  # before, after, replace; or all of the file
    anchor: str = None


@dataclasses.dataclass
class Typed:
    """A line typed at a prompt, or keys, and the lines to be seen then: (line of the page, text)."""

    line: int
    prompt: str  # "$", "lykos>", "(gdb)"; of keys their name
    text: str
    wanted: list = dataclasses.field(default_factory=list)

    def keys(self):
        return self.prompt.startswith("Ctrl-")

    def words(self):
        return self.prompt if self.keys() else f"{self.prompt} {self.text}"


def fences(name, text):
    """(line of the fence, its info string, [(line, text)]) for each."""
    opened = None
    before = ""
    for number, line in enumerate(text.splitlines(), 1):
        found = FENCE.match(line)
        if found and opened is None:
            opened = (number, found[1].strip(), [])
        elif found:
            if found[1].strip():
                raise Failed(f"{name}:{number}: a fence begins within the one of line {opened[0]}")
            yield opened
            opened = None
        elif opened is not None:
            opened[2].append((number, line))
        elif line.strip().startswith("```") or (line.startswith("    ") and not before.strip()):
            raise Failed(f"{name}:{number}: what is indented is not run: put it between fences, at the margin")
        before = line
    if opened is not None:
        raise Failed(f"{name}:{opened[0]}: the fence is not closed")


def listing_of(name, number, info, lines):
    found = FILE.match(info)
    if not found:
        raise Failed(f"{name}:{number}: unknown fence '{info}': a file has a language and a path; the others are console and text")
    path = found[2]
    if os.path.isabs(path) or ".." in path.split("/"):
        raise Failed(f"{name}:{number}: {path} is not within the project")
    return Listing(number, path, "".join(text + "\n" for _, text in lines), found[3], found[4])


def typed_of(name, number, lines):
    """What is typed in a console block."""
    steps = []
    for at, line in lines:
        command, key = TYPED.match(line), KEY.match(line)
        if command and not (command[2] or "").strip():
            raise Failed(f"{name}:{at}: nothing stands behind the prompt")
        if command:
            steps.append(Typed(at, command[1], command[2].rstrip()))
        elif key:
            steps.append(Typed(at, key[1], key[2] or ""))
        elif steps:
            steps[-1].wanted.append((at, line))
        elif line.strip():
            raise Failed(f"{name}:{at}: nothing is typed before this: a console block begins with a prompt and a command")
    if not steps:
        raise Failed(f"{name}:{number}: a console block without a command")
    return steps


def steps_of(name, text):
    """All steps of a page, in order."""
    steps = []
    for number, info, lines in fences(name, text):
        if info == "console":
            steps += typed_of(name, number, lines)
        elif info != "text":
            steps.append(listing_of(name, number, info, lines))
    return steps


# --- a file, a piece of which changes ---------------------------------------------------------------------------
def changed(name, listing, text):
    """The text of a file, after a listing that is a piece of it."""
    lines = text.splitlines(keepends=True)
    found = [i for i, line in enumerate(lines) if listing.anchor in line]
    if not found:
        raise Failed(f"{name}:{listing.line}: {listing.path} has no line with \"{listing.anchor}\"", lines[-20:])
    at = found[-1]
    upto = at + 1 if listing.how == "replace" else at + (listing.how == "after")
    return "".join(lines[: at if listing.how == "replace" else upto]) + listing.text + "".join(lines[upto:])


# --- what is seen, and what is to be seen -----------------------------------------------------------------------
def like(wanted, seen):
    """Is a line as it stands on the page, where three dots are anything?"""
    pattern = ".*".join(re.escape(piece) for piece in wanted.rstrip().split(DOTS))
    return re.fullmatch(pattern, seen.rstrip()) is not None


def begins(wanted, seen):
    """How many of these lines stand at the begin of what was seen."""
    n = 0
    while n < len(wanted) and n < len(seen) and like(wanted[n][1], seen[n]):
        n += 1
    return n


def runs(wanted):
    """The lines to be seen, cut where a line of three dots stands for any number of lines."""
    pieces = [[]]
    for number, text in wanted:
        if text.strip() == DOTS:
            pieces.append([])
        elif text.strip():
            pieces[-1].append((number, text))
    return pieces


def differs(wanted, seen):
    """None if the lines seen are those to be seen, or else (line of the page or None, what is wrong). Empty lines do not count."""
    seen = [line for line in seen if line.strip()]
    pieces = runs(wanted)
    first, rest = pieces[0], pieces[1:]
    n = begins(first, seen)
    if n < len(first):
        return first[n][0], f"not seen: {first[n][1]}"
    if not rest:
        return None if n == len(seen) else (None, f"seen, and not on the page: {seen[n].rstrip()}")
    for piece in rest[:-1]:
        best = 0
        while n <= len(seen) and (got := begins(piece, seen[n:])) < len(piece):
            best = max(best, got)
            n += 1
        if n > len(seen):
            return piece[best][0], f"not seen, or not in its place: {piece[best][1]}"
        n += len(piece)
    last = rest[-1]
    at = len(seen) - len(last)
    got = begins(last, seen[at:]) if at >= n else 0
    return None if got == len(last) else (last[got][0], f"not seen at the end: {last[got][1]}")

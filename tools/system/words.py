# SPDX-License-Identifier: BSD-2-Clause
"""Words with places, what is wrong with them, and the numbers that the tool shares with init (user/servers/init/table.def)."""

import dataclasses
import difflib
import os
import re

from places import ROOT
from plain import NoText, decoded, printable

NUMBERS = os.path.join(ROOT, "user", "servers", "init", "table.def")


def shared_numbers():
    """(limits by name, kinds of capabilities in the order of their numbers)."""
    with open(NUMBERS, encoding="utf-8") as f:
        text = f.read()
    limits = {name: int(value, 0) for name, value in re.findall(r"^LIMIT\((\w+), (\w+)\)", text, re.MULTILINE)}
    kinds = re.findall(r"^KIND\(\w+, (\w+), \w+\)", text, re.MULTILINE)
    return limits, kinds


LIMITS, KINDS = shared_numbers()


class Place(tuple):
    """Where a word stands: (line, column), both from 1, of a file."""

    def __new__(cls, file, line, column):
        place = super().__new__(cls, (line, column))
        place.file = file
        return place

    def seen_from(self, other):
        """In words, for a mistake at another place."""
        return f"line {self[0]}" if self.file == other.file else f"{self.file}:{self[0]}"


class Word(str):
    """A word with the Place where it stands."""

    def __new__(cls, text, at):
        word = super().__new__(cls, text)
        word.at = at
        return word


@dataclasses.dataclass(order=True)
class Mistake:
    file: str
    at: tuple
    text: str
    is_error: bool = True

    def __str__(self):
        line, column = self.at
        return printable(f"{self.file}:{line}:{column}: {'error' if self.is_error else 'warning'}: {self.text}")


class Mistakes:
    """All that is wrong with one file; or, of(), with another one that is read along. A place that knows its file is told of that."""

    def __init__(self, file):
        self.file = file
        self.told = []

    def of(self, file):
        other = Mistakes(file)
        other.told = self.told
        return other

    def error(self, at, text, is_error=True):
        at = getattr(at, "at", at)
        self.told.append(Mistake(getattr(at, "file", self.file), at, text, is_error))

    def warn(self, at, text):
        self.error(at, text, False)

    def are_errors(self):
        return any(mistake.is_error for mistake in self.told)

    def lines(self):
        """In the order of their places, each once."""
        return [str(mistake) for mistake in sorted(set_of(self.told))]


def set_of(mistakes):
    return {str(m): m for m in mistakes}.values()


def text_of(path, mistakes):
    """What stands in a file; None, and told, if that is no text."""
    with open(path, "rb") as f:
        data = f.read()
    try:
        return decoded(data)
    except NoText as e:
        mistakes.error(Place(path, e.line, e.column), str(e))
        return None


def nearest(word, known):
    """What was meant, for the end of a sentence; or nothing."""
    near = difflib.get_close_matches(word, list(known), 1, 0.7)
    return f"; did you mean '{near[0]}'?" if near else ""


def listed(words, last="or"):
    """'a', 'b' or 'c'."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"

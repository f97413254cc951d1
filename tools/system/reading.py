# SPDX-License-Identifier: BSD-2-Clause
"""Lines of a description into programs. What can be said of a line alone is said here; the rest is in checks.py.

Each property has a method of Reader by its name in the grammar. A mistake in a line is told and the line forgotten; the next is
read as if nothing were, so that all mistakes are told at once."""

import os
import re

from places import DESCRIPTIONS

from .grammar import Grammar, number_of
from .model import Grant, Program, System
from .words import LIMITS, nearest, text_of

FORMAT = 1
UNITS = {"us": 1000, "ms": 1_000_000, "s": 1_000_000_000}
MANY = ("param", "cap")  # properties that may stand in a program more than once
OWN = ("exit", "pager")  # names of what every program is given anyway
RESERVED = ("init", "self")
U32 = 2**32 - 1


class Reader:
    def __init__(self, file, mistakes, grammar):
        self.system = System(file)
        self.mistakes = mistakes
        self.grammar = grammar
        self.program = None  # that lines belong to
        self.lost = False  # it was refused: its lines are passed over
        self.told = set()  # of this program, and once
        self.format_seen = False  # in the file that is being read
        self.begun = False  # a line other than `system` was read there
        self.included = {}  # path: where that was said

    def read(self):
        """All of the file that `mistakes` is of."""
        self.included[os.path.realpath(self.mistakes.file)] = None
        self.file(self.mistakes.file)
        if not self.system.programs and not self.mistakes.are_errors():
            self.mistakes.error((1, 1), "the description names no program")
        return self.system

    def file(self, path):
        """The lines of one file. Each begins with `system`, and no program goes on from one to another."""
        text = text_of(path, self.mistakes)
        if text is None:
            self.system.is_whole = False
            return
        around = self.mistakes, self.format_seen, self.begun
        self.mistakes, self.format_seen, self.begun = self.mistakes.of(path), False, False
        self.program, self.lost = None, False
        for number, line in enumerate(text.split("\n"), 1):
            self.line(line, number)
        self.mistakes, self.format_seen, self.begun = around
        self.program, self.lost = None, False

    def line(self, line, number):
        """What a line that has a mistake names is told of there, and counts as given."""
        told = len(self.mistakes.told)
        tree = self.grammar.parse(line, number, self.mistakes)
        if tree is not None:
            self.statement(tree)
        own = tree is None or tree.data not in ("system", "program", "include")
        if own and self.program is not None and len(self.mistakes.told) > told:
            self.program.wrong.update(re.findall(r"[\w-]+", line.partition("#")[0]))

    def statement(self, tree):
        at = tree.data.at
        if tree.data in ("system", "program", "include"):
            getattr(self, "line_" + tree.data)(tree.children, at)
            return
        if self.lost:
            return
        if self.program is None:
            self.mistakes.error(at, f"'{tree.data}' belongs to a program, but none has begun")
            return
        if tree.data in self.program.stated and tree.data not in MANY:
            self.mistakes.error(at, f"'{tree.data}' is given twice")
            return
        self.program.stated.add(tree.data)
        getattr(self, "line_" + tree.data)(tree.children)

    # ---- words ----

    def number(self, word, what, low, high):
        """The number that a word is; None, told, if it is none or not in low..high."""
        value = number_of(word)
        if value is None:
            self.mistakes.error(word, f"'{word}' is no number: {what}")
        elif not low <= value <= high:
            self.mistakes.error(word, f"{what} is {word}, but must lie in {low}..{high}")
            value = None
        return value

    def time(self, number, unit, what):
        value = self.number(number, what, 0, 1_000_000)
        return None if value is None else value * UNITS[unit]

    def name(self, word, most, what):
        """Is a name short enough?"""
        if len(word) > most:
            self.mistakes.error(word, f"name '{word}' is too long: {what} has at most {most} characters")
        return len(word) <= most

    # ---- lines ----

    def line_system(self, words, at):
        if self.format_seen or self.begun:
            self.mistakes.error(at, "'system' stands once, before the first program")
        self.number(words[0], "version of the description", FORMAT, FORMAT)
        self.format_seen = True

    def begin(self, at):
        """A line that the line `system` stands before."""
        self.begun = True
        if not self.format_seen:
            self.mistakes.error(at, f"the description begins with 'system {FORMAT}'")
            self.format_seen = True  # told once is enough

    def line_include(self, words, at):
        """Another file, as if it stood here."""
        self.begin(at)
        quoted = words[0]
        name = quoted[1:-1]
        folders = [os.path.dirname(self.mistakes.file), *DESCRIPTIONS]
        paths = [os.path.join(folder, name) for folder in folders]
        path = next(filter(os.path.isfile, paths), None)
        if path is None and any(map(os.path.exists, paths)):
            self.mistakes.error(quoted, f"'{name}' is no ordinary file")
            self.system.is_whole = False
            return
        if path is None:
            there = {file for folder in folders for file in os.listdir(folder or ".") if file.endswith(".lyk")}
            self.mistakes.error(quoted, f"there is no file '{name}'{nearest(name, there)}")
            self.system.is_whole = False
            return
        known = os.path.realpath(path)
        if known in self.included:
            first = self.included[known]
            words = f"at {first.seen_from(quoted.at)}" if first else "it is the first of all files"
            self.mistakes.error(quoted, f"'{name}' is read already: {words}")
            return
        self.included[known] = quoted.at
        self.file(path)

    def line_program(self, words, at):
        name = words[0]
        known = self.system.find(name)
        self.program, self.lost = None, True
        self.begin(at)
        if not self.name(name, LIMITS["NAME"], "a program"):
            return
        if name in RESERVED:
            self.mistakes.error(name, f"'{name}' is a reserved name")
        elif known:
            self.mistakes.error(name, f"program '{name}' is described twice, first at {known.at.seen_from(name.at)}")
        elif len(self.system.programs) == LIMITS["PROGRAMS"]:
            self.mistakes.error(name, f"too many programs: at most {LIMITS['PROGRAMS']}")
        else:
            self.program, self.lost, self.told = Program(name), False, set()
            self.system.programs.append(self.program)

    def line_file(self, words):
        if self.name(words[0], LIMITS["WORD"], "a file"):
            self.program.file = words[0]

    def line_priority(self, words):
        value = self.number(words[0], "priority", 1, LIMITS["PRIORITY_MAX"])
        self.program.urgent = len(words) > 1
        if value is not None:
            self.program.priority, self.program.level = words[0], value

    def line_slice(self, words):
        value = self.time(*words, "slice")
        low, high = LIMITS["SLICE_MIN"], LIMITS["SLICE_MAX"]
        if value is not None and not low * UNITS["us"] <= value <= high * UNITS["us"]:
            self.mistakes.error(words[0], f"slice must lie in {low} us..{high // 1000} ms")
        elif value is not None:
            self.program.slice = value

    def line_stack(self, words):
        self.program.stack = self.number(words[0], "stack", 1, LIMITS["STACK_MAX"]) or self.program.stack

    def line_memory(self, words):
        self.program.memory = self.number(words[0], "memory", 1, LIMITS["MEMORY_MAX"]) or self.program.memory

    def line_restart(self, words):
        times, within, unit, after, after_unit = words
        times = self.number(times, "restart", 1, LIMITS["RESTARTS_MAX"])
        span = self.time(within, unit, "time")
        wait = self.time(after, after_unit, "time") if after else 0
        if span == 0:
            self.mistakes.error(within, "the time within which restarts are counted is 0")
        elif None not in (times, span, wait):
            self.program.restarts, self.program.within, self.program.after = times, span, wait

    def line_args(self, words):
        most = LIMITS["ARGS"]
        if len(words[0].encode()) > most:
            self.mistakes.error(words[0], f"arguments are too long: at most {most} characters")
        elif words[0].startswith("$boot "):
            self.mistakes.error(words[0], "'$boot' stands for all the words, and alone")
        else:
            self.program.args = words[0]

    def line_endpoints(self, words):
        endpoints = self.program.endpoints
        for name in words:
            if len(endpoints) == LIMITS["ENDPOINTS"]:
                self.mistakes.error(name, f"too many endpoints: a program has at most {LIMITS['ENDPOINTS']}")
                return
            if name in endpoints:
                self.mistakes.error(name, f"endpoint '{name}' is named twice")
            elif self.name(name, LIMITS["WORD"], "an endpoint"):
                endpoints.append(name)

    def line_start(self, words):
        (when,) = words
        self.program.at_boot = when.data == "at_boot"
        if when.data == "with_word" and self.name(when.children[0], LIMITS["WORD"], "a word"):
            self.program.start_word = when.children[0]

    def line_part(self, words):
        self.program.whole = words[0]

    def line_param(self, words):
        name, number = words
        value = self.number(number, "parameter", 0, 2**64 - 1)
        if name in self.program.params:
            self.mistakes.error(name, f"parameter '{name}' is given twice")
        elif len(self.program.params) == LIMITS["PARAMS"]:
            self.once(name, f"too many parameters: a program has at most {LIMITS['PARAMS']}")
        elif self.name(name, LIMITS["WORD"], "a parameter") and value is not None:
            self.program.params[name] = value

    def once(self, word, text):
        """A mistake that further lines of this program would have as well."""
        if text not in self.told:
            self.told.add(text)
            self.mistakes.error(word, text)

    # ---- capabilities ----

    def line_cap(self, words):
        name, kind = words
        grants = self.program.grants
        if len(grants) == LIMITS["CAPS"]:
            self.once(name, f"too many capabilities: a program is given at most {LIMITS['CAPS']}")
        elif name in OWN:
            self.mistakes.error(name, f"every program has a capability '{name}' already")
        elif any(g.name == name for g in grants):
            self.mistakes.error(name, f"capability '{name}' is named twice")
        elif self.name(name, LIMITS["WORD"], "a capability"):
            grant = self.kind(name, kind)
            if grant:
                grants.append(grant)

    def kind(self, name, tree):
        if tree.data == "plain":
            return Grant(name, tree.children[0])
        read = getattr(self, "kind_" + tree.data)
        grant = Grant(name, tree.data)
        return grant if read(grant, tree.children) else None

    @staticmethod
    def mark(tree):
        """The word of an optional keyword."""
        return tree.children[0] if tree is not None else None

    def kind_entry(self, grant, words):
        grant.program, grant.endpoint, payload, use = words
        grant.use = self.mark(use)
        if payload is not None:
            grant.payload = self.number(payload, "payload", 0, U32)
        return payload is None or grant.payload is not None

    def kind_notice(self, grant, words):
        grant.program, grant.endpoint, bits = words
        grant.bits = self.number(bits, "bits", 1, U32)
        return grant.bits is not None

    def kind_process(self, grant, words):
        grant.program = words[0]
        return True

    def kind_ioports(self, grant, words):
        first, last, shared = words
        grant.shared = self.mark(shared)
        grant.first = self.number(first, "port", 0, LIMITS["PORT_MAX"])
        grant.last = self.number(last, "port", 0, LIMITS["PORT_MAX"]) if last else grant.first
        if None in (grant.first, grant.last):
            return False
        if grant.first > grant.last:
            self.mistakes.error(first, f"the first port, {first}, is above the last, {last}")
            return False
        return True

    def kind_irq(self, grant, words):
        grant.number = self.number(words[0], "interrupt line", 0, LIMITS["IRQ_MAX"])
        return grant.number is not None

    def kind_range(self, grant, words):
        number, kept = words
        grant.number = self.number(number, "range", 1, LIMITS["RANGE_MAX"])
        grant.kept = kept is not None
        return grant.number is not None

    def kind_bank(self, grant, words):
        if words[0] is not None:
            grant.number = self.number(words[0], "bank", 1, LIMITS["MEMORY_MAX"])
        return grant.number is not None


def read(path, mistakes, grammar=None):
    """The system that a file describes, as far as it is without mistakes."""
    return Reader(path, mistakes, grammar or Grammar()).read()

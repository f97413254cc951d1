# SPDX-License-Identifier: BSD-2-Clause
"""Programs and what they are given, as the description says it. Names are words with their places (words.Word)."""

import dataclasses

from .words import LIMITS, Word

INIT = "init"
INIT_ENDPOINTS = ("programs",)  # of init's endpoints, those that a description may name; in the order of init
FIXED = ("sleep", "kernlog", "console")  # names of capabilities that have a register of their own
NAMING = ("entry", "notice", "process")  # kinds that name a program
REACHING = ("entry", "notice")  # and an endpoint of it


@dataclasses.dataclass
class Grant:
    """A line `cap`."""

    name: Word
    kind: Word
    program: Word = None
    endpoint: Word = None
    payload: int = None
    bits: int = 0
    use: Word = None  # of an entry: "send", "pass", "deadline"; None: it calls and waits
    first: int = 0  # of ioports
    last: int = 0
    shared: Word = None
    number: int = 0  # irq line, pages
    kept: bool = False

    @property
    def at(self):
        return self.name.at

    def words(self):
        """As it could stand in the description."""
        if self.kind == "entry":
            payload = f" payload {self.payload:#x}" if self.payload is not None else ""
            return f"entry {self.program}.{self.endpoint}{payload}{' ' + self.use if self.use else ''}"
        if self.kind == "notice":
            return f"notice {self.program}.{self.endpoint} bits {self.bits:#x}"
        if self.kind == "process":
            return f"process {self.program}"
        if self.kind == "ioports":
            return f"ioports {self.first:#x}-{self.last:#x}"
        if self.kind == "irq":
            return f"irq {self.number}"
        if self.kind == "range" or self.number:
            return f"{self.kind} {self.number} pages{' kept' if self.kept else ''}"
        return str(self.kind)


@dataclasses.dataclass
class Program:
    """A program with its properties; those that it does not state have the values here."""

    name: Word
    file: Word = None
    priority: Word = None
    level: int = 100
    urgent: bool = False
    slice: int = 10_000_000  # nanoseconds
    stack: int = 8  # pages
    memory: int = 4096  # pages
    restarts: int = 0
    within: int = 0  # nanoseconds
    after: int = 0
    args: str = ""
    endpoints: list = dataclasses.field(default_factory=list)
    at_boot: bool = False
    start_word: str = ""
    whole: Word = None  # the program that it is a part of
    params: dict = dataclasses.field(default_factory=dict)  # Word: number
    grants: list = dataclasses.field(default_factory=list)
    stated: set = dataclasses.field(default_factory=set)  # properties
    wrong: set = dataclasses.field(default_factory=set)  # words of its lines that have a mistake

    @property
    def at(self):
        return self.name.at

    @property
    def file_name(self):
        return self.file or self.name

    @property
    def priority_at(self):
        return self.priority.at if self.priority else self.at

    def named_registers(self):
        """How many of its capabilities and endpoints have no register of their own."""
        return max(len(self.endpoints) - 1, 0) + sum(g.name not in FIXED for g in self.grants)


@dataclasses.dataclass
class System:
    file: str
    programs: list = dataclasses.field(default_factory=list)
    is_whole: bool = True  # all that it includes was found

    def find(self, name):
        return next((p for p in self.programs if p.name == name), None)

    def meant(self, program, grant):
        """The program that a grant names: None for init, or if there is none."""
        return program if grant.program == "self" else self.find(grant.program)

    def number(self, program):
        return self.programs.index(program)


assert len(INIT_ENDPOINTS) <= LIMITS["ENDPOINTS"]

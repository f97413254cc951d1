# SPDX-License-Identifier: BSD-2-Clause
"""What a description says, as objects. syntax.py makes them, check.py fills in what others are referred to by name (the
members that begin as None or empty and are marked *resolved*)."""

from dataclasses import dataclass, field
from typing import NamedTuple

from plain import printable


class Place(NamedTuple):
    """Where something stands, for messages."""

    file: str
    line: int
    column: int

    def __str__(self):
        return f"{self.file}:{self.line}:{self.column}"


class Word(str):
    """A name or text of the file, which knows where it stands."""

    place: Place

    def __new__(cls, text, place):
        word = super().__new__(cls, text)
        word.place = place
        return word


@dataclass
class Number:
    """A number, and as it is written."""

    value: int
    text: str
    place: Place


@dataclass
class Doc:
    """A doc comment: its text in one line, and what stands behind @param and @raises: lists of (name, text)."""

    text: str
    params: list
    raises: list
    unknown: list  # other words that begin with @
    place: Place

    def param(self, name):
        return next((text for n, text in self.params if n == name), "")

    def reason(self, name):
        return next((text for n, text in self.raises if n == name), "")


@dataclass
class Note:
    """An annotation: its name, and the words in parentheses: Word for text in quotes, Number, or a list of names."""

    name: Word
    args: list


@dataclass
class Head:
    """What stands in front of a definition."""

    doc: Doc | None
    notes: list

    def note(self, name):
        return next((n for n in self.notes if n.name == name), None)


@dataclass
class Type:
    """A type as it is written: u32, string<1..64>, cap<Page | Null>, Info[8]. A Word in the place of a Number is the name of a constant;
    *resolved*, it is its number."""

    name: Word
    low: Number | Word | None = None
    high: Number | Word | None = None
    names: list = field(default_factory=list)  # of a cap
    length: Number | Word | None = None  # of an array
    kind: str = ""  # resolved: word, string, bytes, struct, array, cap
    target: object = None  # resolved: the Enum or Struct that it names


@dataclass
class Argument:
    """One argument or result of a method, one field of a structure."""

    type: Type
    name: Word
    head: Head | None = None


@dataclass
class Value:
    """A name with a number and a comment: of an enum, of flags, a constant, a code, an error."""

    head: Head
    name: Word
    number: Number
    type: Type | None = None  # of a const


@dataclass
class Method:
    """One method."""

    head: Head
    name: Word
    number: Number
    oneway: bool
    ins: list
    outs: list
    raises: list  # of Word
    owner: object = None  # resolved: its Interface

    def of_kind(self, args, *kinds):
        return [a for a in args if a.type.kind in kinds]

    words_in = property(lambda self: self.of_kind(self.ins, "word"))
    words_out = property(lambda self: self.of_kind(self.outs, "word"))
    caps_in = property(lambda self: self.of_kind(self.ins, "cap"))
    caps_out = property(lambda self: self.of_kind(self.outs, "cap"))

    @property
    def string_in(self):
        return next(iter(self.of_kind(self.ins, *STRINGS)), None)

    @property
    def string_out(self):
        return next(iter(self.of_kind(self.outs, *STRINGS)), None)


STRINGS = ("string", "bytes", "struct", "array")  # kinds that travel as the string of a message


@dataclass
class Interface:
    """An interface, of a capability type of the kernel or of a server."""

    head: Head
    name: Word
    base_name: Word | None
    methods: list
    consts: list  # of Value
    errors: list  # of Value
    reserved: list  # of (first Number, last Number)
    base: object = None  # resolved

    @property
    def line(self):
        """Itself and what it inherits from, the root last."""
        found, here = [], self
        while here is not None and here not in found:
            found.append(here)
            here = here.base
        return found

    def all_methods(self):
        """Its methods and those that it inherits, by number."""
        return sorted((m for i in self.line for m in i.methods), key=lambda m: m.number.value)

    def all_errors(self):
        return [e for i in self.line for e in i.errors]

    @property
    def of_kernel(self):
        return self.head.note("type") is not None or self.head.note("title") is not None

    def __hash__(self):
        return id(self)

    def __eq__(self, other):
        return self is other


@dataclass(eq=False)
class Enum:
    """An enum, or flags."""

    head: Head
    name: Word
    base: Word
    values: list
    flags: bool


@dataclass(eq=False)
class Struct:
    """A structure."""

    head: Head
    name: Word
    fields: list  # of Argument
    size: int = 0  # resolved
    align: int = 1  # resolved
    is_laid: bool = False  # both are


@dataclass
class Constants:
    """A group of constants of the kernel."""

    head: Head
    title: Word
    prefix: Word
    values: list


@dataclass
class Codes:
    """A list of codes of the kernel: status, fault, slot or trace."""

    head: Head
    kind: Word
    values: list


@dataclass
class Import:
    """Another file that this one needs."""

    path: Word


@dataclass
class Version:
    """The number of the kernel interface."""

    number: Number


@dataclass
class Description:
    """All that was read: the file that was asked for and what it imports."""

    version: Version | None = None
    constants: list = field(default_factory=list)
    codes: dict = field(default_factory=dict)  # kind to Codes
    interfaces: list = field(default_factory=list)
    enums: list = field(default_factory=list)
    structs: list = field(default_factory=list)

    def named(self):
        """Everything that has a name as a type or interface."""
        return self.interfaces + self.enums + self.structs

    def interface(self, name):
        return next((i for i in self.interfaces if i.name == name), None)

    def types(self):
        """The capability types of the kernel, by code."""
        types = [i for i in self.interfaces if i.head.note("type")]
        return sorted(types, key=lambda i: i.head.note("type").args[0].value)

    def servers(self):
        return [i for i in self.interfaces if not i.of_kernel]

    def numbers(self):
        """All constants by name."""
        return {g.prefix + v.name: v.number.value for g in self.constants for v in g.values}

    def status_names(self):
        return {v.name for v in self.codes["status"].values} if "status" in self.codes else set()


class Mistakes:
    """The mistakes that were found."""

    def __init__(self):
        self.found = []
        self.is_whole = True  # nothing is missing because of a mistake
        self.final = set()  # places of which no more is told

    def add(self, place, text):
        if (place, text) not in self.found and place not in self.final:
            self.found.append((place, text))

    def lost(self, place, text):
        """What stands there is left out."""
        self.is_whole = False
        self.add(place, text)

    def last(self, place, text):
        """What stands there is taken for something else; what is wrong with that is not told of."""
        self.add(place, text)
        self.final.add(place)

    def lines(self):
        order = {file: n for n, file in enumerate(dict.fromkeys(place.file for place, _ in self.found))}
        return [printable(f"{place}: {text}") for place, text in sorted(self.found, key=lambda m: (order[m[0].file], m[0]))]

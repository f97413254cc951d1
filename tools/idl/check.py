# SPDX-License-Identifier: BSD-2-Clause
"""Is a description right? What is referred to by name is found (and noted in the model), then names, numbers and comments are
looked at here, types in check_types.py, names in C in check_names.py, annotations and what only the kernel has in check_kernel.py. Every mistake is
noted with its place; nothing is made from a description that has one."""

import difflib
import re

from . import check_kernel, check_names, check_types
from .check_types import NESTING

CAMEL = re.compile(r"^[A-Z][A-Za-z0-9]*$")
LOWER_CAMEL = re.compile(r"^[a-z][A-Za-z0-9]*$")
UPPER = re.compile(r"^[A-Z][A-Z0-9_]*$")
METHOD_MAX = 255  # a server's methods are a table
ERROR_MIN, ERROR_MAX = 64, 65535  # above the kernel's statuses


class Checker:
    """One look at a description."""

    def __init__(self, description, mistakes):
        self.d = description
        self.mistakes = mistakes
        self.whole = mistakes.is_whole  # nothing is missing because of a syntax error

    def add(self, place, text):
        self.mistakes.add(place, text)

    def unknown(self, what, name, candidates):
        """A name that is not there, and which may have been meant."""
        if self.whole:
            close = difflib.get_close_matches(name, candidates, 1)
            self.add(name.place, f"unknown {what} '{name}'" + (f"; did you mean '{close[0]}'?" if close else ""))

    def once(self, entries, what, key=lambda e: str(e.name)):
        """Every name once; returns name to entry."""
        seen = {}
        for e in entries:
            if key(e) in seen:
                self.add(e.name.place, f"{what} '{e.name}' is there already, at {seen[key(e)].name.place}")
            else:
                seen[key(e)] = e
        return seen

    def form(self, name, pattern, words):
        if not pattern.match(name):
            self.add(name.place, f"'{name}' is not {words}")

    def check(self):
        if not self.resolve() or check_types.too_deep(self):
            return  # the rest is for what has a bottom
        check_types.check(self)
        self.once(self.d.named(), "the name", lambda e: e.name.lower())
        for i in self.d.interfaces:
            self.interface(i)
        for e in self.d.enums:
            self.documented(e, "the " + ("flags" if e.flags else "enum"), e.name)
            self.form(e.name, CAMEL, "a word that begins with a capital letter")
            self.values(e.values, "value")
        for s in self.d.structs:
            self.documented(s, "the structure", s.name)
            self.form(s.name, CAMEL, "a word that begins with a capital letter")
            self.once(s.fields, "the field")
            for f in s.fields:
                self.documented(f, "the field", f.name)
        check_names.check(self)
        check_kernel.check(self)

    # ---- What is referred to by name.

    def resolve(self):
        """What an interface inherits from. False, and told: it is too much."""
        names = {i.name: i for i in self.d.interfaces}
        for i in self.d.interfaces:
            if i.base_name is not None:
                i.base = names.get(i.base_name)
                if i.base is None:
                    self.unknown("interface", i.base_name, list(names))
            for m in i.methods:
                m.owner = i
        for i in self.d.interfaces:
            above, passed = i.base, set()
            while above is not None and above not in passed and len(passed) <= NESTING:
                passed.add(above)
                above = above.base
            if len(passed) > NESTING:
                self.add(i.name.place, f"'{i.name}' inherits through more than {NESTING} interfaces")
                return False
        for i in self.d.interfaces:
            if i.line[-1].base is not None:
                self.add(i.name.place, f"'{i.name}' inherits from itself")
                i.base = None
        return True

    # ---- Comments.

    def documented(self, thing, what, name):
        doc = thing.head.doc
        if doc is None or not doc.text:
            self.add(name.place, f"{what} '{name}' has no doc comment in front of it")
            return
        for word in doc.unknown:
            self.add(doc.place, f"'@{word}' is neither @param nor @raises")
        if not hasattr(thing, "raises"):
            for word, entries in (("param", doc.params), ("raises", doc.raises)):
                for n, _ in entries:
                    self.add(doc.place, f"'@{word} {n}' belongs to a method only")

    def documented_method(self, m):
        self.documented(m, "the method", m.name)
        if m.head.doc is None:
            return
        for word, wanted, given, what in (("param", [a.name for a in m.ins + m.outs], m.head.doc.params, "argument"),
                                          ("raises", m.raises, m.head.doc.raises, "error")):
            names = [n for n, _ in given]
            for name in wanted:
                if name not in names:
                    self.add(name.place, f"{what} '{name}' has no '@{word} {name} ...' in the comment of '{m.name}'")
            for n, text in given:
                if n not in wanted:
                    close = difflib.get_close_matches(n, wanted, 1)
                    self.add(m.head.doc.place, f"'@{word} {n}': '{m.name}' has no such {what}" +
                             (f"; did you mean '{close[0]}'?" if close else ""))
                elif not text:
                    self.add(m.head.doc.place, f"'@{word} {n}' says nothing")
                elif names.count(n) > 1:
                    self.add(m.head.doc.place, f"'@{word} {n}' is there twice")

    # ---- Interfaces.

    def interface(self, i):
        self.documented(i, "the interface", i.name)
        self.form(i.name, CAMEL, "a word that begins with a capital letter")
        if not i.of_kernel and i.base_name is None:
            self.add(i.name.place, f"interface '{i.name}' inherits from nothing; a server's inherits from Object")
        if not i.of_kernel and i.base is not None and i.base.of_kernel and i.base.name != "Object":
            self.add(i.base_name.place, f"'{i.base.name}' is a type of the kernel; only Object is for servers, too")
        self.numbers_of_methods(i)
        for m in i.methods:
            self.method(m)
        self.errors(i)
        self.once(i.consts, "the constant")
        for v in i.consts:
            self.documented(v, "the constant", v.name)
            self.form(v.name, UPPER, "in upper case")

    def numbers_of_methods(self, i):
        """Numbers and names: once each, also among what is inherited and what is reserved."""
        most = check_kernel.METHOD_MAX if i.of_kernel else METHOD_MAX
        numbers, names = {}, {}
        inherited = [m for b in i.line[1:] for m in b.methods]
        for m in inherited + i.methods:
            own = m.owner is i
            of = "" if m.owner is i else f" of '{m.owner.name}'"
            for table, key, word in ((numbers, m.number.value, "number"), (names, m.name.lower(), "name")):
                if key in table and own:
                    other = table[key]
                    whose = "" if other.owner is i else f" of '{other.owner.name}', which '{i.name}' inherits"
                    place = m.number.place if word == "number" else m.name.place
                    shown = f"{word} {key}" if word == "number" else f"name '{m.name}'"
                    self.add(place, f"{shown} is already that of '{other.name}'{whose}")
                table.setdefault(key, m)
            if own and not 0 <= m.number.value <= most:
                self.add(m.number.place, f"number {m.number.value} of '{m.name}'{of} is not 0..{most}")
        for b in i.line:
            for first, last in b.reserved:
                if last.value < first.value:
                    self.add(first.place, f"{first.value}..{last.value} is empty")
                for m in i.methods:
                    if first.value <= m.number.value <= last.value:
                        self.add(m.number.place, f"number {m.number.value} is reserved, at {first.place}")

    def method(self, m):
        self.documented_method(m)
        self.form(m.name, LOWER_CAMEL, "a word in camelCase")
        self.once(m.ins + m.outs, "the argument", lambda a: a.name.lower())
        for a in m.ins + m.outs:
            self.form(a.name, LOWER_CAMEL, "a word in camelCase")
        errors = {e.name for e in m.owner.all_errors()}
        for n, name in enumerate(m.raises):
            if name not in errors | self.d.status_names() and (errors or self.d.codes):
                self.unknown("status or error", name, sorted(errors | self.d.status_names()))
            if name in m.raises[:n]:
                self.add(name.place, f"'{name}' is there twice")
        if m.oneway:
            for a in m.outs[:1]:
                self.add(a.name.place, f"'{m.name}' is one-way: nothing comes back")
            for e in m.raises[:1]:
                self.add(e.place, f"'{m.name}' is one-way: nobody would be told of {e}")

    def errors(self, i):
        numbers = {}
        names = {}
        for e in [e for b in i.line[1:] for e in b.errors] + i.errors:
            if e not in i.errors:
                numbers.setdefault(e.number.value, e)
                names.setdefault(e.name, e)
                continue
            self.documented(e, "the error", e.name)
            self.form(e.name, UPPER, "in upper case")
            if not ERROR_MIN <= e.number.value <= ERROR_MAX:
                self.add(e.number.place, f"number {e.number.value} of error '{e.name}' is not {ERROR_MIN}..{ERROR_MAX}: "
                         "those below are the kernel's")
            if e.number.value in numbers:
                self.add(e.number.place, f"number {e.number.value} is already that of error '{numbers[e.number.value].name}'")
            if e.name in names or e.name in self.d.status_names():
                self.add(e.name.place, f"there is a status or error '{e.name}' already")
            numbers.setdefault(e.number.value, e)
            names.setdefault(e.name, e)

    # ---- Values.

    def values(self, values, what):
        self.once(values, f"the {what}")
        numbers = {}
        for v in values:
            self.documented(v, f"the {what}", v.name)
            self.form(v.name, UPPER, "in upper case")
            if v.number.value in numbers:
                self.add(v.number.place, f"number {v.number.value} is already that of '{numbers[v.number.value]}'")
            numbers.setdefault(v.number.value, v.name)


def check(description, mistakes):
    """Note the mistakes of a description."""
    Checker(description, mistakes).check()



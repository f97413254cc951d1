# SPDX-License-Identifier: BSD-2-Clause
"""Names in C: everything that is made of interfaces and types may stand in one program, so each name there is made once. The headers
that have them are written by client.py, server.py and c_types.py."""

import itertools

from . import c_types, client, server
from .text import KEYWORDS, field, snake

TAKEN = ("status", "fault_code", "process_slot", "trace_event")  # enums of <abi/gen.h>
# Made of each interface, in its header or in that of its servers.
CONSTANTS = {"METHODS": "what is made of its methods", "INTERFACE": "what is made of its number", "SERVER": "what is made for servers",
             "DISPATCH": "what is made for servers", "STRING_MAX": "what is made of its strings"}
PREFIXES = {"status": "STATUS_", "fault": "FAULT_", "slot": "SLOT_", "trace": "TRACE_"}  # of the kernel's codes, in <abi/gen.h>
BITS = (8, 16, 32, 64)
STDINT = {*(f"{sign}INT{kind}{bits}_{end}" for sign in ("", "U") for kind in ("", "_LEAST", "_FAST") for bits in BITS for end in ("MIN", "MAX")),
          *(f"{sign}INT{kind}_{end}" for sign in ("", "U") for kind in (*BITS, "MAX") for end in ("C", "WIDTH")),
          *(f"{kind}_{end}" for kind in ("INTPTR", "UINTPTR", "INTMAX", "UINTMAX", "PTRDIFF", "SIG_ATOMIC", "SIZE", "WCHAR", "WINT")
            for end in ("MIN", "MAX", "WIDTH"))}
LIMITS = {"CHAR_BIT", "MB_LEN_MAX", *(f"{kind}_{end}" for kind in ("CHAR", "SCHAR", "UCHAR", "SHRT", "USHRT", "INT", "UINT", "LONG", "ULONG", "LLONG",
                                                                 "ULLONG") for end in ("MIN", "MAX", "WIDTH"))}
FUNCTIONS = {"is": "what asks for its type", "methods": "what is made of its methods", "buffer": "what is made of its strings"}


class Names:
    """What has which name in C so far; `what` it is: a kind, its name and whose it is, or words and whose it is."""

    def __init__(self, c, kernel):
        self.c = c
        self.kernel = kernel
        self.seen = {}
        self.told = set()  # places

    def once(self, name, word, what):
        """The name is made of what stands at the word. One that is made already is told of, once for each word."""
        if not self.free(name, word):
            return
        known = self.seen.setdefault(name, what)
        if known != what:
            self.tell_other(name, word, known, what[-1])

    def local(self, name, word, whose):
        """The name is made of what stands at the word, for use in a function: none of what the function may call."""
        if self.free(name, word) and name in self.seen:
            self.tell_other(name, word, self.seen[name], whose)

    def tell_other(self, name, word, known, whose):
        words = f"that of '{known[1]}'" if len(known) == 3 else known[0]
        self.tell(word, f"'{name}' in C is already {words}" + f" of '{known[-1]}'" * (known[-1] != whose))

    def free(self, name, word):
        """Is it no name of what every program includes? Told if it is."""
        if f"{name}_".lower().startswith("lk_"):
            self.tell(word, f"'{name}' in C: names that begin with 'lk_' or 'LK_' are those of Lykos itself")
        elif name in self.kernel:
            self.tell(word, f"'{name}' in C is the kernel's already")
        elif name in STDINT | LIMITS:
            self.tell(word, f"'{name}' in C is already a macro of <{'stdint' if name in STDINT else 'limits'}.h>")
        else:
            return True
        return False

    def tell(self, word, text):
        if word.place not in self.told:
            self.c.add(word.place, text)
            self.told.add(word.place)


def names_of_kernel(c):
    """Codes and operations, as <abi/gen.h> has them."""
    codes = {PREFIXES[kind] + v.name for kind, group in c.d.codes.items() if kind in PREFIXES for v in group.values}
    return codes | {"OP_" + f"{i.name.upper()}_" * (i.name != "Object") + snake(m.name).upper() for i in c.d.interfaces if i.of_kernel for m in i.methods}


def check(c):
    """All names of a description. Of two things of one name, which is a mistake, only the first is looked at."""
    first = {}
    for thing in c.d.named():
        first.setdefault(thing.name.lower(), thing)
    things = [thing for thing in c.d.named() if first[thing.name.lower()] is thing]
    servers = [thing for thing in things if thing in c.d.servers()]
    names = Names(c, names_of_kernel(c))
    headers(c, servers)
    types(c, names, [t for t in things if t not in c.d.interfaces and names.free(snake(t.name), t.name)])
    servers = [i for i in servers if names.free(snake(i.name), i.name)]
    for i in servers:
        constants(names, i)
        functions(names, i)
    for m in itertools.chain.from_iterable(i.methods for i in servers):
        arguments(c, m, names)


def types(c, names, things):
    for t in things:
        name = snake(t.name)
        if name in TAKEN:
            c.add(t.name.place, f"'{name}' in C is the kernel's already")
        elif name in KEYWORDS:
            c.add(t.name.place, f"'{name}' is a word of C")
        if t in c.d.enums:
            values(names, t)
        else:
            fields = Names(c, names.kernel)
            for f in {f.name: f for f in t.fields}.values():
                fields.once(field(f.name), f.name, ("field", f.name, t.name))


def values(names, e):
    """An enum's or flags' constants, and what asks whether a number is one."""
    name, made = snake(e.name), ("what is made of its values", e.name)
    names.once(f"{name.upper()}_ALL" if e.flags else f"{name}_is_known", e.name, made)
    for v in e.values:
        names.once(f"{name.upper()}_{v.name}", v.name, ("value", v.name, e.name))


def headers(c, servers):
    """Those of the types of a file; of an interface: its own, and that for its servers."""
    seen, files = {}, set()
    for t in c.d.enums + c.d.structs:
        file, source = c_types.types_name(t.name.place.file), t.name.place.file
        known = seen.setdefault(file, t)
        if known.name.place.file != source and source not in files:  # told once of each file
            files.add(source)
            c.add(t.name.place, f"its header {file} is already that of '{known.name}', at {known.name.place}")
    for i in servers:
        for file in (f"{snake(i.name)}.h", f"{snake(i.name)}_server.h"):
            if seen.setdefault(file, i) is not i:
                where = f", at {seen[file].name.place}" if seen[file] not in servers else ""
                c.add(i.name.place, f"its header {file} is already one of '{seen[file].name}'{where}")


def constants(names, i):
    """Of an interface, its methods, constants and errors."""
    prefix = snake(i.name).upper() + "_"
    for upper, what in CONSTANTS.items():
        names.once(prefix + upper, i.name, (what, i.name))
    for kind, things in (("error", i.errors), ("constant", i.consts), ("method", i.methods)):
        for thing in things:
            upper = snake(thing.name).upper() if kind == "method" else thing.name
            names.once(prefix + upper, thing.name, (kind, thing.name, i.name))


def functions(names, i):
    """Of an interface and its methods; those that it inherits have some in the header for its servers."""
    prefix = snake(i.name) + "_"
    for name, what in FUNCTIONS.items():
        names.once(prefix + name, i.name, (what, i.name))
    methods = server.methods_of(i)
    for m in sorted(methods, key=lambda m: m.owner is i):
        own, name = m.owner is i, snake(m.name)
        made = [f"op_{name}", f"take_{name}", *([] if m.oneway else [f"{name}_answer"])]
        if own:
            made += [name, f"{name}_try" if m.oneway else f"{name}_message"]
        for one in made:
            names.once(prefix + one, m.name if own else i.name, ("method", m.name, i.name))


def arguments(c, m, functions):
    """Of the functions that are made of a method, those of each; they call one another, and those of the library."""
    if not all(a.type.kind for a in m.ins + m.outs) or len({a.name.lower() for a in m.ins + m.outs}) != len(m.ins + m.outs):
        return
    for parameters in (client.parameters, server.parameters, server.later_parameters):
        names = [p.split()[-1].lstrip("*") for p in parameters(m)]
        for name in names:
            of = [a.name for a in m.ins + m.outs if f"{name}_".startswith(snake(a.name) + "_")]
            if of:
                functions.local(name, max(of, key=len), m.owner.name)
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice:
            c.add(m.name.place, f"two arguments of '{m.name}' would be '{twice}' in C")
            return

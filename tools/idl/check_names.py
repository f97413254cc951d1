# SPDX-License-Identifier: BSD-2-Clause
"""Names in C: everything that is made of interfaces and types may stand in one program, so each name there is made once. The headers
that have them are written by client.py, server.py and c_types.py."""

from . import client, server
from .text import KEYWORDS, field, snake

TAKEN = ("status", "fault_code", "process_slot")  # enums of <abi/gen.h>
# Made of each interface, in its header or in that of its servers.
CONSTANTS = {"METHODS": "what is made of its methods", "INTERFACE": "what is made of its number", "SERVER": "what is made for servers",
             "DISPATCH": "what is made for servers", "STRING_MAX": "what is made of its strings"}
FUNCTIONS = {"is": "what asks for its type", "methods": "what is made of its methods", "buffer": "what is made of its strings"}


class Names:
    """What has which name in C so far; `what` it is: a kind, its name and whose it is, or words and whose it is."""

    def __init__(self, c):
        self.c = c
        self.seen = {}
        self.told = set()  # places

    def once(self, name, word, what):
        """The name is made of what stands at the word. One that is made already is told of, once for each word."""
        known = self.seen.setdefault(name, what)
        if known != what and word.place not in self.told:
            words = f"that of '{known[1]}'" if len(known) == 3 else known[0]
            self.c.add(word.place, f"'{name}' in C is already {words}" + f" of '{known[-1]}'" * (known[-1] != what[-1]))
            self.told.add(word.place)


def check(c):
    """All names of a description. Of two things of one name, which is a mistake, only the first is looked at."""
    first = {}
    for thing in c.d.named():
        first.setdefault(thing.name.lower(), thing)
    things = [thing for thing in c.d.named() if first[thing.name.lower()] is thing]
    servers = [thing for thing in things if thing in c.d.servers()]
    names = Names(c)
    types(c, names, [thing for thing in things if thing not in c.d.interfaces])
    headers(c, servers)
    for i in servers:
        constants(names, i)
        functions(names, i)
        for m in i.methods:
            arguments(c, m)


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
            fields = Names(c)
            for f in {f.name: f for f in t.fields}.values():
                fields.once(field(f.name), f.name, ("field", f.name, t.name))


def values(names, e):
    """An enum's or flags' constants, and what asks whether a number is one."""
    name, made = snake(e.name), ("what is made of its values", e.name)
    names.once(f"{name.upper()}_ALL" if e.flags else f"{name}_is_known", e.name, made)
    for v in e.values:
        names.once(f"{name.upper()}_{v.name}", v.name, ("value", v.name, e.name))


def headers(c, servers):
    """Those of an interface: its own, and that for its servers."""
    seen = {}
    for i in servers:
        for file in (f"{snake(i.name)}.h", f"{snake(i.name)}_server.h"):
            if seen.setdefault(file, i) is not i:
                c.add(i.name.place, f"its header {file} is already one of '{seen[file].name}'")


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


def arguments(c, m):
    """Of the functions that are made of a method, those of each."""
    if not all(a.type.kind for a in m.ins + m.outs) or len({a.name.lower() for a in m.ins + m.outs}) != len(m.ins + m.outs):
        return
    for parameters in (client.parameters, server.parameters, server.later_parameters):
        names = [p.split()[-1].lstrip("*") for p in parameters(m)]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice:
            c.add(m.name.place, f"two arguments of '{m.name}' would be '{twice}' in C")
            return

# SPDX-License-Identifier: BSD-2-Clause
"""Reference pages of servers' interfaces, docs/interfaces/NAME.md."""

import os

from .c_types import interface_number, prefix
from .model import Enum
from .text import by_number, cell, field, snake


def type_words(t):
    """A type as it is written."""
    if t.name in ("string", "bytes"):
        return f"{t.name}<{t.low.text + '..' if t.low else ''}{t.high.text}>"
    if t.name == "cap":
        return f"cap<{' | '.join(t.names)}>"
    return t.name + (f"[{t.length.text}]" if t.length else "")


def argument(m, a):
    return f"**{a.name}** `{cell(type_words(a.type))}`: {cell(m.head.doc.param(a.name))}"


def method(m):
    doc = m.head.doc
    lines = [f"### {m.name} ({m.number.value}{', one-way' if m.oneway else ''})", "", doc.text, ""]
    rows = []
    for label, args in (("in", m.ins), ("out", m.outs)):
        if args:
            rows.append(f"| {label} | {'<br>'.join(argument(m, a) for a in args)} |")
    if m.raises:
        rows.append(f"| errors | {'<br>'.join(f'`{e}`: {cell(doc.reason(e))}' for e in m.raises)} |")
    return lines + (["| | |", "|---|---|"] + rows + [""] if rows else [])


def table(title, values, name, number):
    lines = [f"## {title}", "", "| value | constant | meaning |", "|---|---|---|"]
    return lines + [f"| {number(v)} | `{name(v)}` | {cell(v.head.doc.text)} |" for v in values] + [""]


def enum(e):
    shown = (lambda v: f"{v.number.value:#x}") if e.flags else (lambda v: v.number.value)
    return [f"### {e.name} (`{e.base}`, {'flags' if e.flags else 'enum'})", "", e.head.doc.text, "",
            "| value | constant | meaning |", "|---|---|---|"] + \
        [f"| {shown(v)} | `{prefix(e)}{v.name}` | {cell(v.head.doc.text)} |" for v in by_number(e.values)] + [""]


def struct(s):
    return [f"### {s.name} (`struct {snake(s.name)}`, {s.size} bytes)", "", s.head.doc.text, "",
            "| field | type | meaning |", "|---|---|---|"] + \
        [f"| `{field(f.name)}` | `{type_words(f.type)}` | {cell(f.head.doc.text)} |" for f in s.fields] + [""]


def types_of(d, i):
    """The types that its methods name, and those within them, in the order of the files."""
    named, todo = [], [a.type.target for m in i.all_methods() for a in m.ins + m.outs]
    while todo:
        t = todo.pop()
        if t is not None and t not in named:
            named.append(t)
            todo += [f.type.target for f in getattr(t, "fields", [])]
    return [t for t in d.enums + d.structs if t in named]


def page(d, i):
    """The page of an interface."""
    source = os.path.relpath(i.name.place.file)
    inherits = " Inherits from " + ", ".join(f"`{b.name}`" for b in i.line[1:]) + "." if i.base else ""
    lines = [f"# {i.name}", "",
             f"*Made from `{source}` by `tools/lykos-idl`; `make docs` writes it again. C: `<lykos/gen/{snake(i.name)}.h>` for "
             f"clients, `<lykos/gen/{snake(i.name)}_server.h>` for its server.*", "", i.head.doc.text, "",
             f"`getType` answers {interface_number(i):#x}.{inherits} Any method can answer `REQUEST_ERROR` (an argument that is "
             "missing, too long, or has a value or type that is not said here) and what the kernel says of a call.", ""]
    if i.consts:
        lines += table("Constants", i.consts, lambda v: prefix(i) + v.name, lambda v: v.number.text)
    if i.all_errors():
        lines += ["## Errors", "", "Beside the result codes of the kernel interface.", ""]
        lines += table("Errors", by_number(i.all_errors()), lambda v: prefix(next(b for b in i.line if v in b.errors)) + v.name,
                       lambda v: v.number.value)[2:]
    lines += ["## Methods", ""]
    for m in i.all_methods():
        lines += method(m) if m.owner.name != "Object" else []
    types = types_of(d, i)
    lines += ["## Types", ""] * bool(types)
    for t in types:
        lines += enum(t) if isinstance(t, Enum) else struct(t)
    return "\n".join(lines).rstrip() + "\n"

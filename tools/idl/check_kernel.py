# SPDX-License-Identifier: BSD-2-Clause
"""Annotations, and what only the kernel's own description has: codes, constants, capability types and the rules of its operations."""

import difflib
import re

from .model import Number, Word

METHOD_MAX = 63
TYPE_MAX = 63
CODE_MAX = 255
STATUS_MAX = 63  # the errors of servers begin behind it
STRING_WORDS = 3  # words in beside a string: lk_call_send3, lk_call_recv3
SLOT_METHODS = 32
OBJECTS = ("process", "endpoint", "gpt", "page", "cappage", "schedule", "devicepage")
NEEDS = ("write", "fetch", "mutate")
KINDS = ("status", "fault", "slot", "trace")

# Annotation: where it may stand, and its words in parentheses (? behind one that may be missing).
NOTES = {
    "effect": ("operation", ()), "slot": ("operation", ()), "needs": ("operation", ("name",)), "most": ("operation", ("text", "name?")),
    "type": ("interface", ("number",)), "object": ("interface", ("name",)), "title": ("interface", ("text",)),
    "number": ("interface", ("number",)),
    "text": ("code", ("text",)), "takes": ("slot", ("names",)),
}


def check(c):
    for i in c.d.interfaces:
        notes(c, i, {"interface"})
        for m in i.methods:
            notes(c, m, {"operation"} if i.of_kernel else set())
            if i.of_kernel:
                operation(c, m, any(b.name == "Memory" for b in i.line))
        for v in i.consts + i.errors:
            notes(c, v, set())
        if i.of_kernel:
            capability_type(c, i)
        elif i.head.note("number") and not TYPE_MAX < i.head.note("number").args[0].value < 1 << 64:
            c.add(i.head.note("number").name.place, f"the number of a server's interface is {TYPE_MAX + 1} or more, in 64 bits")
    for thing in c.d.enums + c.d.structs + c.d.constants + list(c.d.codes.values()):
        notes(c, thing, set())
    types(c)
    codes(c)
    constants(c)


# ------------------------------------------------------------------------------------------------- annotations

def notes(c, thing, where):
    """Annotations are known, in their place, and have their words; others are taken away."""
    kept = []
    for n in thing.head.notes:
        if n.name not in NOTES:
            close = difflib.get_close_matches(n.name, NOTES, 1)
            c.add(n.name.place, f"unknown annotation '{n.name}'" + (f"; did you mean '{close[0]}'?" if close else ""))
        elif NOTES[n.name][0] not in where:
            place = {"operation": "a method of the kernel", "interface": "an interface", "code": "a code", "slot": "a process slot"}
            c.add(n.name.place, f"'{n.name}' is for {place[NOTES[n.name][0]]}")
        elif any(k.name == n.name for k in kept):
            c.add(n.name.place, f"'{n.name}' is there twice")
        elif not fits(n.args, NOTES[n.name][1]):
            words = ", ".join({"name": "a name", "text": "text in quotes", "number": "a number", "names": "names"}[w.rstrip("?")] +
                              (", or not" if w.endswith("?") else "") for w in NOTES[n.name][1])
            c.add(n.name.place, f"'{n.name}' takes {words or 'nothing in parentheses'}")
        else:
            kept.append(n)
    thing.head.notes = kept


def fits(args, pattern):
    kinds = {"name": lambda a: isinstance(a, list) and len(a) == 1, "names": lambda a: isinstance(a, list),
             "text": lambda a: isinstance(a, Word), "number": lambda a: isinstance(a, Number)}
    least = sum(not w.endswith("?") for w in pattern)
    return least <= len(args) <= len(pattern) and all(kinds[w.rstrip("?")](a) for a, w in zip(args, pattern))


# ------------------------------------------------------------------------------------------------- operations

def operation(c, m, memory):
    """The rules of an operation of the kernel."""
    place = m.name.place
    if m.oneway:
        c.add(place, "an operation of the kernel is not one-way")
    for a in m.words_in + m.words_out:
        if a.type.name != "u64":
            c.add(a.type.name.place, f"the kernel's words are u64, not {a.type.name}")
    for a in m.of_kind(m.ins + m.outs, "struct", "array"):
        c.add(a.type.name.place, "the kernel's strings are string or bytes")
    if m.string_in and m.string_out:
        c.add(m.string_out.name.place, "a string both ways has no stub")
    string_max = c.d.numbers().get("LK_KERNEL_STRING_MAX", 1024)
    for a, most in ((m.string_in, string_max - 1), (m.string_out, string_max)):  # room for a zero byte behind it
        if a and a.type.high is not None and a.type.high.value > most:
            c.add(a.type.high.place, f"{a.type.high.value} bytes are more than the kernel takes: {most}")
        if a and a.type.low is not None and (a is m.string_out or a.type.low.value != a.type.high.value):
            c.add(a.type.low.place, "the kernel looks for a least length only where it is also the largest, of a string in")
        if a and len(m.words_in) > STRING_WORDS:
            c.add(m.words_in[STRING_WORDS].name.place, f"a string and more than {STRING_WORDS} words in have no stub")
    takes = any(a.type.names != ["any"] for a in m.caps_in)
    if takes and "REQUEST_ERROR" not in m.raises:
        c.add(place, f"'{m.name}' takes only some types, but does not raise REQUEST_ERROR")
    needs, most, slot = (m.head.note(n) for n in ("needs", "most", "slot"))
    if needs and needs.args[0][0] not in NEEDS:
        c.unknown("need", needs.args[0][0], NEEDS)
    elif needs and not memory:
        c.add(needs.name.place, "'needs' makes sense only in a memory type")
    if most:
        largest(c, m, most)
    if slot and (not m.words_in or m.words_out or len(m.caps_out) != 1 or len(m.caps_in) > 1 or m.string_in or m.string_out or
                 m.number.value >= SLOT_METHODS or takes or m.head.note("effect")):
        c.add(slot.name.place, f"'slot' is for numbers below {SLOT_METHODS}, with a number, at most one capability of any type, and one "
              "that is the answer")


def largest(c, m, note):
    if not m.words_in:
        c.add(note.name.place, "'most' makes sense only with a word in")
    over = note.args[1][0] if len(note.args) > 1 else "OUT_OF_RANGE"
    if isinstance(over, Word) and over not in c.d.status_names():
        c.unknown("status", over, sorted(c.d.status_names()))
    elif over not in m.raises:
        c.add(note.name.place, f"'most', but '{m.name}' does not raise {over}")


# ------------------------------------------------------------------------------------------------- lists

def capability_type(c, i):
    if i.consts or i.errors:
        c.add((i.consts + i.errors)[0].name.place, "an interface of the kernel has methods only")
    note = i.head.note("object")
    if note and note.args[0][0] not in OBJECTS:
        c.unknown("kind of object", note.args[0][0], OBJECTS)


def types(c):
    dense(c, [(t.name, t.head.note("type").args[0]) for t in c.d.interfaces if t.head.note("type")], "type", TYPE_MAX)


def dense(c, entries, what, most):
    """Codes once each, from 0 on without a gap."""
    seen = {}
    for name, number in entries:
        if not 0 <= number.value <= most:
            c.add(number.place, f"code {number.value} of '{name}' is not 0..{most}")
        if number.value in seen:
            c.add(number.place, f"code {number.value} is already that of '{seen[number.value]}'")
        seen.setdefault(number.value, name)
    for n, value in enumerate(sorted(seen)):
        if n != value and c.whole:
            name, number = next(e for e in entries if e[1].value == value)
            c.add(number.place, f"codes of {what} have a gap: {n} is not there")
            break


def codes(c):
    for kind, group in c.d.codes.items():
        if kind not in KINDS:
            c.unknown("kind of codes", group.kind, KINDS)
        c.documented(group, "the codes", group.kind)
        c.once(group.values, f"the {kind}")
        dense(c, [(v.name, v.number) for v in group.values], str(kind), STATUS_MAX if kind == "status" else CODE_MAX)
        for v in group.values:
            c.documented(v, f"the {kind}", v.name)
            if not re.match(r"^[A-Z][A-Z0-9_]*$", v.name):
                c.add(v.name.place, f"'{v.name}' is not in upper case")
            notes(c, v, {"code", "slot"} if kind == "slot" else {"code"})
            takes = v.head.note("takes")
            for name in takes.args[0] if takes else []:
                if c.d.interface(name) is None:
                    c.unknown("type", name, [str(t.name) for t in c.d.types()])


def constants(c):
    seen = {}
    for g in c.d.constants:
        c.documented(g, "the group of constants", g.title)
        for v in g.values:
            c.documented(v, "the constant", v.name)
            if not re.match(r"^[A-Z][A-Z0-9_]*$", v.name):
                c.add(v.name.place, f"'{v.name}' is not in upper case")
            if g.prefix + v.name in seen:
                c.add(v.name.place, f"'{g.prefix + v.name}' is already there, at {seen[g.prefix + v.name].place}")
            seen.setdefault(g.prefix + v.name, v.name)
            if not 0 <= v.number.value < 1 << 64:
                c.add(v.number.place, f"{v.number.text} does not fit in 64 bits")

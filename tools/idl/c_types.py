# SPDX-License-Identifier: BSD-2-Clause
"""Types in C: what arguments are called there, structures and enums, and the headers that declare them."""

import os

from .check_types import BITS, BYTES, span
from .model import Enum, Struct
from .text import COLUMNS, by_number, comment, field, head, in_comment, snake

HASH_START, HASH_STEP, MASK64 = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1  # FNV-1a
SUFFIX = {"u8": "u", "u16": "u", "u32": "u", "u64": "ull", "bool": "u", "i64": "ll"}


def prefix(thing):
    """What its constants begin with."""
    return snake(thing.name).upper() + "_"


def interface_number(i):
    """What getType answers: given, or made of the name; never the code of a type of the kernel."""
    note = i.head.note("number")
    if note:
        return note.args[0].value
    value = HASH_START
    for byte in i.name.encode():
        value = (value ^ byte) * HASH_STEP & MASK64
    return value | 1 << 63


def scalar(t):
    """The C type of a word."""
    if t.target is not None:
        return f"uint{BITS[t.target.base]}_t" if t.target.flags else f"enum {snake(t.target.name)}"
    if t.name == "bool":
        return "bool"
    return ("int" if t.name.startswith("i") else "uint") + f"{BITS[t.name]}_t"


def element(t):
    """The C type of a structure, of one element of a run, or of a field. A bool or an enum in memory that somebody else has written is a
    number: it may have any value."""
    if isinstance(t.target, Struct):
        return f"struct {snake(t.target.name)}"
    if isinstance(t.target, Enum):
        return f"uint{BITS[t.target.base]}_t"
    return {"char": "char", "bool": "uint8_t"}.get(t.name) or scalar(t)


def to_word(t, name):
    """An argument as a word."""
    if t.target is None and t.name.startswith("i"):
        return f"(uint64_t)(int64_t){name}" if t.name != "i64" else f"(uint64_t){name}"
    return f"(uint64_t){name}" if isinstance(t.target, Enum) and not t.target.flags else name


def from_word(t, word):
    """A word as what it stands for."""
    if t.name == "u64":
        return word
    return f"{word} != 0" if t.name == "bool" else f"({scalar(t)}){word}"


def wrong_word(t, word):
    """The condition under which a word is none of its type; None if all are."""
    if isinstance(t.target, Enum):
        if t.target.flags:
            return f"({word} | {prefix(t.target)}ALL) != {prefix(t.target)}ALL"
        return f"!{snake(t.target.name)}_is_known({word})"
    if t.name == "bool":
        return f"{word} > 1"
    if t.name in ("u64", "i64"):
        return None
    bits = BITS[t.name]
    return f"{word} > UINT{bits}_MAX" if t.name.startswith("u") else f"{word} != (uint64_t)(int64_t)(int{bits}_t){word}"


def define(name, value, doc):
    """A constant with its comment, in one line if there is room."""
    line = f"#define {name} {value}"
    whole = f"{line} /* {in_comment(doc)} */"
    return [whole] if len(whole) <= COLUMNS else [comment(doc), line]


def constant_number(v):
    """The number of a const as C has it."""
    text = v.number.text.rstrip("ul") if "<<" not in v.number.text else str(v.number.value)
    if v.number.value == span("i64")[0]:
        return "(-9223372036854775807ll - 1)"
    if v.number.value == span("i32")[0] and v.type.name == "i32":  # -0x80000000 would have no sign
        return "(-2147483647 - 1)"
    return (f"({text}{SUFFIX.get(v.type.name, '')})" if v.number.value < 0 else text + SUFFIX.get(v.type.name, ""))


# ------------------------------------------------------------------------------------------------- declarations

def enum(e):
    """An enum, or the bits of flags, and which values are known."""
    name, bits = snake(e.name), BITS[e.base]
    suffix = "ull" if bits == 64 else "u"
    values = by_number(e.values)
    if e.flags:
        lines = [comment(f"{e.name}. {e.head.doc.text}")]
        for v in values:
            lines += define(prefix(e) + v.name, f"{v.number.value:#x}{suffix}", v.head.doc.text)
        everything = 0
        for v in values:
            everything |= v.number.value
        return lines + define(f"{prefix(e)}ALL", f"{everything:#x}{suffix}", "all of them") + [""]
    lines = [comment(f"{e.name}. {e.head.doc.text}"), f"enum {name} {{"]
    for v in values:
        lines += [f"    {line}" for line in comment(v.head.doc.text).split("\n")]
        lines.append(f"    {prefix(e)}{v.name} = {v.number.value}{'ull' * (v.number.value > span('i64')[1])},")
    lines += ["};", "", comment(f"Is it a value of enum {name}?"), f"static inline bool {name}_is_known(uint64_t value)", "{"]
    numbers = [v.number.value for v in values]
    if numbers == list(range(len(numbers))):
        return lines + [f"    return value <= {numbers[-1]};", "}", ""]
    lines += ["    switch (value) {"] + [f"    case {prefix(e)}{v.name}:" for v in values]
    return lines + ["        return true;", "    default:", "        return false;", "    }", "}", ""]


def struct(s):
    """A structure, and that it lies as it should."""
    name = snake(s.name)
    lines = [comment(f"{s.name}. {s.head.doc.text}"), f"struct {name} {{"]
    checks, at = [], 0
    for f in s.fields:
        lines += [f"    {line}" for line in comment(f.head.doc.text).split("\n")]
        count = f.type.length.value if f.type.length else 1
        lines.append(f"    {element(f.type)} {field(f.name)}{f'[{count}]' if f.type.length else ''};")
        checks.append(f'_Static_assert(offsetof(struct {name}, {field(f.name)}) == {at}, "{s.name}.{f.name}");')
        target = f.type.target
        at += (target.size if isinstance(target, Struct) else BYTES[target.base if target else f.type.name]) * count
    return lines + ["};", f'_Static_assert(sizeof(struct {name}) == {s.size}, "{s.name}");', *checks, ""]


def types_name(source):
    """The header with the types that a file declares."""
    return os.path.splitext(os.path.basename(source))[0].replace("-", "_") + "_types.h"


def declared(d, source):
    return [t for t in d.enums + d.structs if t.name.place.file == source]


def inner_first(structs):
    """Structures before those that hold them."""
    done = []
    for s in structs:
        inner = [f.type.target for f in s.fields if f.type.target in structs]
        done += [t for t in inner_first(inner) + [s] if t not in done]
    return done


def types_header(d, source):
    """The types of a file; None if it declares none."""
    types = declared(d, source)
    if not types:
        return None
    lines = [head(f"Types of {os.path.basename(source)}.", os.path.basename(source)), "#pragma once", "",
             *includes(sorted({types_name(f.type.target.name.place.file) for s in types if isinstance(s, Struct) for f in s.fields
                               if f.type.target is not None and f.type.target.name.place.file != source})),
             "#include <stdbool.h>", "#include <stddef.h>", "#include <stdint.h>", ""]
    for e in types:
        lines += enum(e) if isinstance(e, Enum) else []
    for s in inner_first([t for t in types if isinstance(t, Struct)]):
        lines += struct(s)
    return "\n".join(lines).rstrip() + "\n"


def includes(names):
    return [f"#include <lykos/gen/{name}>" for name in names]


def types_used(d, i):
    """The headers of the types that an interface needs: those of its file, and those that it names."""
    sources = {a.type.target.name.place.file for m in i.all_methods() for a in m.ins + m.outs if a.type.target is not None}
    sources |= {i.name.place.file} if declared(d, i.name.place.file) else set()
    return sorted(types_name(s) for s in sources)

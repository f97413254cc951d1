# SPDX-License-Identifier: BSD-2-Clause
"""Types: do they exist, do their numbers make sense, do the arguments of a method fit into a message, do structures lie in memory as C
lays them out, without padding?"""

from .model import STRINGS, Enum, Number, Struct, Word

BITS = {"bool": 1, "u8": 8, "u16": 16, "u32": 32, "u64": 64, "i8": 8, "i16": 16, "i32": 32, "i64": 64}
BYTES = {"bool": 1, "char": 1, "u8": 1, "u16": 2, "u32": 4, "u64": 8, "i8": 1, "i16": 2, "i32": 4, "i64": 8}
BASES = ("u8", "u16", "u32", "u64")
BUILT_IN = ("string", "bytes", "cap", *BITS)
STRING_MAX = 65536
NESTING = 64  # structures in one another, interfaces that inherit
WORDS, CAPS_IN, CAPS_OUT = 7, 3, 4  # beside the method or the result; beside the reply capability


def span(name):
    """The least and the largest number of a type of word."""
    bits = BITS[name]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if name.startswith("i") else (0, (1 << bits) - 1)


def check(c):
    """All types of a description."""
    for e in c.d.enums:
        enum(c, e)
    for s in c.d.structs:
        layout(c, s, [])
    for i in c.d.interfaces:
        for m in i.methods:
            for a in m.ins + m.outs:
                if limits(c, a.type, i):
                    argument(c, a)
            travel(c, m, m.ins, "in", CAPS_IN)
            travel(c, m, m.outs, "out", CAPS_OUT)
        for v in i.consts:
            constant(c, v)


def named(c, name):
    """The enum, flags or structure of this name."""
    return next((t for t in c.d.enums + c.d.structs if t.name == name), None)


def candidates(c, words):
    return [*words, *(str(t.name) for t in c.d.enums + c.d.structs)]


# ------------------------------------------------------------------------------------------------- arguments

def limits(c, t, interface):
    """Constants of the interface, or of one that it inherits from, in the place of numbers become numbers. False, and says so: there is
    none of that name."""
    if t.name in ("string", "bytes") and t.high is None and len(t.names) == 1:
        t.high, t.names = t.names[0], []
    for part in ("low", "high", "length"):
        word = getattr(t, part)
        if isinstance(word, Word):
            known = {v.name: v for i in interface.line for v in i.consts}
            if word not in known:
                c.unknown("constant", word, known)
                return False
            if known[word].number.value < 0:
                c.add(word.place, f"'{word}' is {known[word].number.value}, and no length")
                return False
            setattr(t, part, Number(known[word].number.value, str(word), word.place))
    return True


def argument(c, a):
    """Resolve the type of an argument: what kind it is, and what it names."""
    t = a.type
    if t.name in ("string", "bytes"):
        text(c, t)
    elif t.name == "cap":
        capability(c, t)
    else:
        plain(c, t)


def text(c, t):
    t.kind = str(t.name)
    if t.length is not None:
        c.add(t.length.place, f"a run of {t.name} does not travel")
    if t.high is None:
        c.add(t.name.place, f"'{t.name}' needs a length: {t.name}<MAX> or {t.name}<MIN..MAX>")
        t.high = t.length
        t.kind = ""
        return
    low = t.low.value if t.low else 0
    if t.high.value > STRING_MAX or t.high.value == 0:
        c.add(t.high.place, f"{t.high.value} is not 1..{STRING_MAX} bytes")
    elif low > t.high.value:
        c.add(t.low.place, f"{low}..{t.high.value} is empty")


def capability(c, t):
    t.kind = "cap"
    if t.length is not None:
        c.add(t.length.place, "a run of capabilities does not travel")
    if not t.names:
        c.add(t.name.place, "'cap' needs a type: cap<Page>, cap<Page | Null>, cap<any>")
    known = [str(i.name) for i in c.d.interfaces]
    for n, name in enumerate(t.names):
        if name == "any":
            if len(t.names) > 1:
                c.add(name.place, "'any' and another type is 'any'")
        elif name not in known:
            c.unknown("type of a capability", name, [*known, "any"])
        elif name in t.names[:n]:
            c.add(name.place, f"'{name}' is there twice")
        elif c.whole and not types_of(c.d, c.d.interface(name)):
            c.add(name.place, f"what type a capability to '{name}' has is not known: import \"abi/lykos.idl\"")


def types_of(d, i):
    """The types that a capability to an interface may have; a server's is reached through an Entry."""
    return [t for t in d.types() if (i in t.line if i.of_kernel else t.name == "Entry")]


def plain(c, t):
    """A word, a structure, or a run of either."""
    t.target = named(c, t.name)
    if t.name not in BITS and t.target is None:
        interface = c.d.interface(t.name)
        if interface is not None:
            c.add(t.name.place, f"'{t.name}' is an interface; a capability to it is cap<{t.name}>")
        else:
            c.unknown("type", t.name, candidates(c, BUILT_IN))
        return
    if t.high is not None or t.names:
        c.add(t.name.place, f"'{t.name}' has nothing in <>")
    if t.length is not None:
        t.kind = "array"
        if t.name == "bool" or isinstance(t.target, Enum):
            c.add(t.name.place, f"a run of '{t.name}' does not travel: its values could not be checked")
        size = size_of(t)
        if not 0 < t.length.value * size <= STRING_MAX:
            c.add(t.length.place, f"{t.length.value} of {size} bytes are not 1..{STRING_MAX} bytes")
    else:
        t.kind = "struct" if isinstance(t.target, Struct) else "word"


def size_of(t):
    """Bytes of one of a type."""
    if isinstance(t.target, Struct):
        return t.target.size
    return BYTES.get(t.target.base if t.target else t.name, 8)


def travel(c, m, args, way, caps):
    """Do they fit into a message? The first that does not is the place of the mistake."""
    limits = ((WORDS, ("word",), "words"), (caps, ("cap",), "capabilities"), (1, STRINGS, "strings"))
    for most, kinds, words in limits:
        found = [a for a in args if a.type.kind in kinds]
        if len(found) > most:
            names = ", ".join(found_name(a, kinds) for a in found)
            verb = "travels" if most == 1 else "travel"
            c.add(found[most].name.place, f"'{m.name}' has {len(found)} {words} {way} ({names}), at most {most} {verb}")


def found_name(a, kinds):
    return f"{a.name}: {a.type.name}" if kinds is STRINGS else str(a.name)


def constant(c, v):
    """A const: a number of its type."""
    t = v.type
    if t.name not in BITS or t.length is not None or t.high is not None or t.names:
        c.add(t.name.place, f"a constant is a number: one of {', '.join(BITS)}")
        return
    low, high = span(t.name)
    if not low <= v.number.value <= high:
        c.add(v.number.place, f"{v.number.value} is no {t.name}: {low}..{high}")


# ------------------------------------------------------------------------------------------------- enums and structures

def enum(c, e):
    if e.base not in BASES:
        c.unknown("base", e.base, BASES)
        e.base = type(e.base)("u64", e.base.place)
    if not e.values:
        c.add(e.name.place, f"'{e.name}' has no values")
    low, high = span(e.base)
    for v in e.values:
        if not low <= v.number.value <= high:
            c.add(v.number.place, f"{v.number.value} is no {e.base}: {low}..{high}")
        elif e.flags and (v.number.value == 0 or v.number.value & v.number.value - 1):
            c.add(v.number.place, f"{v.number.value} is not one bit")


def too_deep(c):
    """Are structures nested too deep? Told of the first one, from within if it was looked at then."""
    known = {str(s.name): s for s in reversed(c.d.structs)}
    depth = {}  # of a structure: how deep it is; 0 while what is in it is looked at
    for first in c.d.structs:
        path = [] if first in depth else [(first, iter(first.fields))]
        while path:
            s, fields = path[-1]
            depth.setdefault(s, 0)
            inner = next((known[f.type.name] for f in fields if f.type.name in known and known[f.type.name] not in depth), None)
            if inner is not None:
                path.append((inner, iter(inner.fields)))
            else:
                depth[s] = 1 + max((depth[known[f.type.name]] for f in s.fields if f.type.name in known), default=0)
                path.pop()
            if len(path) > NESTING or depth[s] > NESTING:
                s = path[0][0] if path else s
                c.add(s.name.place, f"'{s.name}': the structures in it are more than {NESTING} deep")
                return True
    return False


def layout(c, s, above):
    """Size and alignment of a structure as C on x86-64 has them."""
    if s in above:
        c.add(s.name.place, f"'{s.name}' holds itself")
        return
    if s.is_laid:
        return
    at, align = 0, 1
    if not s.fields:
        c.add(s.name.place, f"'{s.name}' has no fields")
    for f in s.fields:
        size, its_align = field_size(c, f, [*above, s])
        gap = -at % its_align
        if gap:
            c.add(f.name.place, f"{gap} byte{'s' * (gap > 1)} of padding would stand before '{f.name}': say what is there")
        at, align = at + gap + size, max(align, its_align)
    gap = -at % align
    if gap:
        c.add(s.name.place, f"{gap} byte{'s' * (gap > 1)} of padding would stand at the end of '{s.name}': say what is there")
    s.size, s.align, s.is_laid = at + gap, align, True
    if s.size > STRING_MAX:
        c.add(s.name.place, f"'{s.name}' has {s.size} bytes, at most {STRING_MAX} travel")


def field_size(c, f, above):
    t = f.type
    t.target = named(c, t.name)
    if isinstance(t.length, Word):
        c.add(t.length.place, f"'{t.length}' is no number: constants belong to interfaces, and a structure to none")
        t.length = None
    count = t.length.value if t.length else 1
    if t.length is not None and count == 0:
        c.add(t.length.place, f"'{f.name}' has no elements")
    if t.name in ("string", "bytes", "cap") or t.high is not None or t.names:
        c.add(t.name.place, f"a '{t.name}' does not stand in a structure")
        return 8 * count, 8
    if isinstance(t.target, Struct):
        layout(c, t.target, above)
        return t.target.size * count, t.target.align
    base = t.target.base if t.target else t.name
    if base not in BYTES:
        c.unknown("type", t.name, candidates(c, BYTES))
        return 8 * count, 8
    return BYTES[base] * count, BYTES[base]

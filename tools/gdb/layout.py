# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel's structures look like, from its debug information: no offset is written here."""

import gdb

from .memory import Broken, read

LINKS_MOST = 100000  # entries of a list; one that has more has no end


def type_of(kind):
    """The type of this name, such as "struct process"."""
    try:
        return gdb.lookup_type(kind)
    except gdb.error:
        raise Broken(f"the kernel's symbols do not have '{kind}'") from None


def offset_of(kind, path):
    """Where a member stands in a structure; `path` may go into members: "preempt.node"."""
    at, of = 0, type_of(kind)
    for name in path.split("."):
        field, base = _field(of, name)
        at, of = at + base + field.bitpos // 8, field.type.strip_typedefs()
    return at


def _field(of, name):
    """The field of this name, also of an unnamed member, and where that begins."""
    for field in of.fields():
        if field.name == name:
            return field, 0
    for field in of.fields():
        if not field.name and field.type.strip_typedefs().code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            try:
                found, base = _field(field.type.strip_typedefs(), name)
                return found, base + field.bitpos // 8
            except Broken:
                pass
    raise Broken(f"the kernel's symbols do not have '{name}' in '{of}'")


def enum_name(enum, code, prefix=""):
    """The name of a number, without the prefix."""
    for field in type_of(enum).fields():
        if field.enumval == code:
            return field.name.removeprefix(prefix).lower()
    return str(code)


def symbol(expression):
    """The value of an expression of the kernel's C, as a number."""
    try:
        return int(gdb.parse_and_eval(expression))
    except gdb.error as why:
        raise Broken(f"{expression}: {why}") from None


def address_of(name):
    return symbol(f"(unsigned long)&{name}")


def fetch_raw(kind, address):
    """A copy of a structure of the kernel, as bytes and as a gdb.Value."""
    of = type_of(kind)
    raw = read(address, of.sizeof)
    return raw, gdb.Value(raw, of)


def fetch(kind, address):
    """The same, without the bytes."""
    return fetch_raw(kind, address)[1]


def links(head, first=None):
    """The addresses of the links on the list with this head, in their order."""
    at = (int(fetch("struct list", head)["next"])) if first is None else first
    seen = set()
    while at != head:
        if at in seen or len(seen) >= LINKS_MOST:
            raise Broken(f"the list at {head:#x} runs in a circle that does not come back to it")
        seen.add(at)
        yield at
        at = int(fetch("struct list", at)["next"])


def listed(head, kind, member):
    """The addresses of the structures on a list, by the member that links them."""
    offset = offset_of(kind, member)
    for at in links(head):
        yield at - offset

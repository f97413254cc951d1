# SPDX-License-Identifier: BSD-2-Clause
"""The table that init reads: what the description says, as numbers. Its form is user/servers/init/table.h, its version stands in
table.def beside that. The same description gives the same bytes."""

import struct

from .model import INIT, INIT_ENDPOINTS, NAMING, REACHING
from .words import KINDS, LIMITS

HEADER = struct.Struct("<10I")
PROGRAM = struct.Struct("<8I4Q8I")
ENDPOINT = struct.Struct("<I")
GRANT = struct.Struct("<6I2Q")
PARAM = struct.Struct("<2IQ")
NONE = 0xFFFFFFFF  # no program; as the target of a grant: init

AT_BOOT = 1  # flags of a program
PAYLOAD, KEPT = 1, 2  # flags of a grant


class Strings:
    """Texts with an end, each once; the first is the empty one."""

    def __init__(self):
        self.at = {"": 0}
        self.bytes = b"\0"

    def offset(self, text):
        if text not in self.at:
            self.at[str(text)] = len(self.bytes)
            self.bytes += text.encode() + b"\0"
        return self.at[text]


class Table:
    """The five parts, filled program by program."""

    def __init__(self, system):
        self.system = system
        self.strings = Strings()
        self.programs, self.endpoints, self.grants, self.params = [], [], [], []
        for program in system.programs:
            self.programs.append(self.program(program))

    def program(self, p):
        firsts = []
        for name, into, more in (
            ("endpoints", self.endpoints, [ENDPOINT.pack(self.strings.offset(e)) for e in p.endpoints]),
            ("grants", self.grants, [self.grant(p, g) for g in p.grants]),
            ("params", self.params, [PARAM.pack(self.strings.offset(n), 0, v) for n, v in p.params.items()]),
        ):
            firsts += [len(into), len(more)]
            into += more
        whole = NONE if p.whole is None else self.system.number(self.system.find(p.whole))
        texts = [self.strings.offset(text) for text in (p.name, p.file_name, p.args, p.start_word)]
        return PROGRAM.pack(
            *texts, whole, AT_BOOT if p.at_boot else 0, p.level, p.stack,
            p.slice, p.memory, p.within, p.after,
            p.restarts, *firsts, 0,
        )  # fmt: skip

    def grant(self, program, g):
        target, endpoint = NONE, 0
        if g.kind in NAMING and g.program != INIT:
            meant = self.system.meant(program, g)
            target = self.system.number(meant)
            endpoint = meant.endpoints.index(g.endpoint) if g.kind in REACHING else 0
        elif g.kind in REACHING:
            endpoint = INIT_ENDPOINTS.index(g.endpoint)
        flags = (PAYLOAD if g.payload is not None else 0) | (KEPT if g.kept else 0)
        a = {"entry": g.payload or 0, "notice": g.bits, "ioports": g.first}.get(g.kind, g.number)
        return GRANT.pack(self.strings.offset(g.name), KINDS.index(g.kind), target, endpoint, flags, g.at[0], a, g.last)

    def pack(self):
        strings = self.strings.bytes + bytes(-len(self.strings.bytes) % 8)
        endpoints = b"".join(self.endpoints)
        parts = [b"".join(self.programs), b"".join(self.grants), b"".join(self.params), endpoints + bytes(-len(endpoints) % 8), strings]
        counts = [len(part) for part in (self.programs, self.grants, self.params, self.endpoints)]
        total = HEADER.size + sum(map(len, parts))
        return HEADER.pack(LIMITS["MAGIC"], LIMITS["VERSION"], total, *counts, len(strings), 0, 0) + b"".join(parts)


def pack(system):
    """The table of a system without mistakes."""
    return Table(system).pack()

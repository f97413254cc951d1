# SPDX-License-Identifier: BSD-2-Clause
"""Which program a process runs, and its symbols. A process has only a label, and a thread's is not the name of its program; so the
code that stands at its instruction pointer is looked for in the programs that were built."""

import os
import re
import struct

import gdb

from . import abi
from .memory import Broken
from .objects import FRAME, processes
from .space import read_user

PT_LOAD, EXECUTABLE = 1, 1


def folders():
    """Where programs with symbols are."""
    build = os.environ.get("LYKOS_BUILD", os.path.join(abi.ROOT, "build"))
    more = [*os.environ.get("LYKOS_PROGRAMS", "").split(":"), *([abi.places.PROGRAMS] if abi.places.KIT else [])]
    built = [os.path.join(build, *names) for names in (("programs",), ("user",), ("test",), ("test", "programs"))]
    return [os.path.abspath(folder) for folder in [*built, *more] if folder and os.path.isdir(folder)]


class Program:
    """A program with symbols, as a file."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path).removesuffix(".debug")
        with open(path, "rb") as f:
            self.data = f.read()
        self.segments = list(self._segments())

    def _segments(self):
        """(address, offset in the file, bytes there, flags) of each segment that is loaded."""
        (table,) = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        for i in range(count):
            kind, flags, offset, address, _, length = struct.unpack_from("<IIQQQQ", self.data, table + i * size)
            if kind == PT_LOAD:
                yield address, offset, length, flags

    def code(self, address, length):
        """What code the file has there; shorter at its end."""
        for start, offset, size, flags in self.segments:
            if flags & EXECUTABLE and start <= address < start + size:
                at = address - start
                return self.data[offset + at : offset + min(size, at + length)]
        return b""


_known = {}


def known():
    """All programs that were built, by the path of their file."""
    for folder in folders():
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if name.endswith(".debug") and path not in _known:
                try:
                    _known[path] = Program(path)
                except (OSError, struct.error):
                    pass
    return list(_known.values())


def by_name(name):
    found = [p for p in known() if p.name == name]
    if not found:
        raise gdb.GdbError(f"no program '{name}'; there are: {' '.join(sorted({p.name for p in known()}))}")
    return found[0]


_of_process = {}


def program_of(process):
    """The program that a process runs, or None."""
    key = (process.oid, int(process["hdr"]["count"]))
    if key not in _of_process:
        found = _identify(process)
        if found is None:
            return None
        _of_process[key] = found
    return _of_process[key]


def _identify(process):
    """Of all programs those whose code is what stands there; the first page, which has the program's own code, decides last."""
    left = known()
    rip = process.regs()["rip"]
    starts = {start for p in left for start, _, _, flags in p.segments if flags & EXECUTABLE}
    for page in (rip - rip % FRAME, *sorted(starts)):
        try:
            there = read_user(process, page, FRAME)
        except Broken:
            continue
        same = [p for p in left if p.code(page, FRAME) and there.startswith(p.code(page, FRAME))]
        left = same or left
        if not same and page == rip - rip % FRAME:
            return None
        if len(same) == 1:
            return same[0]
    named = [p for p in left if p.name == process.label()]
    return named[0] if named and len(left) < len(known()) else None


def find(name):
    """The process of this label, number, address, or program."""
    there = list(processes())
    number = None
    try:
        number = int(name, 0)
    except ValueError:
        pass
    for chosen in (
        [p for p in there if p.label() == name],
        [p for p in there if number in (p.oid, p.address)],
        [p for p in there if number is None and (of := program_of(p)) and of.name == name],
    ):
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            which = ", ".join(str(p) for p in chosen)
            raise gdb.GdbError(f"'{name}' may be any of {which}: give the number")
    raise gdb.GdbError(f"no process '{name}'; there are: {' '.join(p.label() for p in there) or 'none yet'}")


_loaded = [None]


def skipped():
    """Where a function begins that stands in another one, gdb shows a machine that was stopped there as not yet in it: how many such
    functions there are."""
    try:
        frame, shown = gdb.newest_frame(), 0
    except gdb.error:
        return 0  # there is no machine
    if frame.pc() >= abi.DIRECT_MAP:
        return 0  # in the kernel
    block, there = gdb.block_for_pc(frame.pc()), 0
    while block is not None:
        there += block.function is not None
        block = block.superblock
    while frame is not None and frame.type() == gdb.INLINE_FRAME:
        frame, shown = frame.older(), shown + 1
    return max(0, there - 1 - shown)


def load(program):
    """Its symbols instead of those of the program before: programs lie at the same address. What was loaded before, or None."""
    before = _loaded[0]
    if before is not None:
        for _ in range(skipped()):  # gdb remembers their number, and dies of one that other symbols do not have
            gdb.execute("step", to_string=True)  # into one of them, which is no step of the machine
        gdb.execute(f"remove-symbol-file {quoted(before.path)}", to_string=True)
        _loaded[0] = None
    gdb.execute(f"add-symbol-file {quoted(program.path)}", to_string=True)
    _loaded[0] = program
    return before


def nowhere():
    """The numbers of the breakpoints whose place no symbols that are loaded have. gdb keeps their last address: only its words tell."""
    rows = re.findall(r"^(\d+)(?:\.\d+)? .* (<PENDING>|0x[0-9a-f]+) ", gdb.execute("info breakpoints", to_string=True), re.MULTILINE)
    somewhere = {number for number, place in rows if place != "<PENDING>"}
    return [number for number in dict(rows) if number not in somewhere]


def loaded():
    return _loaded[0]


def quoted(path):
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'

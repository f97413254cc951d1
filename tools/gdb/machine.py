# SPDX-License-Identifier: BSD-2-Clause
"""The machine as a whole: live or a dump, which kernel is in it, its CPUs, the kernel's own stack, a panic."""

import os

import gdb

from . import messages, stack
from .console import LINES
from .layout import listed, symbol
from .memory import Broken, is_live, read
from .objects import Object, Process

TEXT_PIECE = 65536
CALLS_MOST = 32


class Cpu(Object):
    kind = "struct cpu"


def same_kernel():
    """Is the code in its memory that of the kernel whose symbols these are? In words; None: it is."""
    start = symbol("(unsigned long)kernel_text_start")
    length = min(symbol("(unsigned long)kernel_text_end") - start, TEXT_PIECE)
    try:
        there = read(start, length)
    except Broken as why:
        return f"the kernel is not there: {why}"
    with open(gdb.current_progspace().filename, "rb") as f:
        data = f.read()
    # By a piece that stands once in the file, since the file's layout does not matter here.
    return None if there in data else "the kernel in this memory is not the one whose symbols these are: what is shown may be wrong"


def dump(path):
    """Have QEMU write the machine's memory to a file."""
    if not is_live():
        raise gdb.GdbError("this is a dump already")
    path = os.path.abspath(path)
    if '"' in path or "\n" in path:
        raise gdb.GdbError(f"no name for a dump: {path}")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        os.unlink(path)  # else one that was there before would look like this one
    said = gdb.execute(f'monitor dump-guest-memory -p "{path}"', to_string=True).strip()
    if not os.path.exists(path) or said.startswith("Error"):
        raise gdb.GdbError(f"QEMU did not write it: {said or 'no word why'}")
    return path


def cpu_lines():
    """What each CPU does: current process, transaction, ready queues; a panic."""
    size = symbol("sizeof(struct cpu)")
    table = symbol("(unsigned long)&cpu_table")
    for i in range(symbol("cpu_count")):
        try:
            yield from _cpu_lines(i, Cpu(table + i * size))
        except Broken as why:
            yield f"CPU {i} !! {why}"
    yield from dying_lines()


def _cpu_lines(i, cpu):
    if int(cpu["self"]) == 0:
        yield f"CPU {i}: parked"
        return
    current = int(cpu["current"])
    name = str(Process(current)) if current else "nobody, idle"
    where = "at user level"
    if not stack.at_user_level():
        where = f"in the kernel, {'after' if cpu['txn']['committed'] else 'before'} the commit point"
    yield f"CPU {i}: current {name}; {where}; page tables {int(cpu['loaded_root']):#x}"
    for word in range(cpu["ready_mask"].type.range()[1] + 1):
        mask = int(cpu["ready_mask"][word])
        for bit in range(63, -1, -1):
            if mask >> bit & 1:
                priority = 64 * word + bit
                yield f"  ready at {priority}: {ready(cpu, priority)}"


def ready(cpu, priority):
    """Those on the ready queue of a priority."""
    head = cpu.at("ready") + priority * cpu["ready"][0].type.sizeof
    found = []
    try:
        for address in listed(head, "struct process", "ready_link"):
            found.append(Process(address).label())
    except Broken as why:
        found.append(f"!! {why}")
    return ", ".join(found)


def dying_lines():
    """Of what exception the kernel dies, and where it was."""
    frame = symbol("(unsigned long)trap_dying")
    if frame == 0:
        return
    try:
        trap = Trap(frame)
        yield f"the kernel dies of vector {int(trap['vector'])}, error code {int(trap['error']):#x}; back-trace from there:"
        yield from kernel_calls(int(trap["rip"]), int(trap["rbp"]))
    except Broken as why:
        yield f"the kernel dies of an exception !! {why}"


class Trap(Object):
    kind = "struct trap_frame"


def kernel_calls(rip, frame_pointer):
    """The kernel's calls, by frame pointers: each higher than the one before, so that this ends."""
    yield "  " + place(rip)
    for _ in range(CALLS_MOST):
        try:
            words = read(frame_pointer, 16)
        except Broken:
            return
        above, rip = int.from_bytes(words[:8], "little"), int.from_bytes(words[8:], "little")
        if not symbol("(unsigned long)kernel_text_start") <= rip < symbol("(unsigned long)kernel_text_end"):
            return
        yield "  " + place(rip)
        if above <= frame_pointer:
            return
        frame_pointer = above


def place(address):
    """An address as function and line."""
    words = gdb.execute(f"info symbol {address:#x}", to_string=True).split(" in section")[0].strip()
    line = gdb.find_pc_line(address)
    at = f" at {line.symtab.filename}:{line.line}" if line.symtab else ""
    return f"{address:#018x} {words if not words.startswith('No symbol') else '?'}{at}"


def log_lines():
    """The end of the kernel's log, which has also what servers say there. All else on the console is nowhere in memory."""
    yield "the console is not in a dump; the end of the kernel's log is:"
    ring = "'kernel/log.c'::ring"
    size, end = symbol(f"sizeof({ring})"), symbol("log_end")
    there = read(symbol(f"(unsigned long)&{ring}"), size)
    at = end % size
    text = there[:at] if end <= size else there[at:] + there[:at]
    yield from text.decode("utf-8", "replace").splitlines()[-LINES:]


def describe():
    """One look at what was opened, in words."""
    wrong = same_kernel()
    if wrong:
        yield f"!! {wrong}"
    if symbol("frame_count") == 0:
        if not wrong:
            yield "the kernel has only begun: there are no processes yet"
        return
    yield from cpu_lines()
    last = list(messages.trace_lines(1))
    if last:
        yield f"last event: {last[0].strip()}"

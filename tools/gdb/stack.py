# SPDX-License-Identifier: BSD-2-Clause
"""A process that does not run, as gdb knows a program that has died: its saved registers and its memory become a core file, which a
second gdb looks at with the symbols of the program. So whatever gdb can say of a program it says of each process, whoever runs."""

import os
import struct
import subprocess
import tempfile

import gdb

from . import programs
from .layout import symbol
from .memory import Broken, physical
from .objects import FRAME
from .space import NX, Tree, read_user

BYTES_MOST = 8 << 20  # of memory in one core file
STACK_MOST = 64  # pages of stack
SECONDS = 60
# Registers as the note NT_PRSTATUS of an x86-64 core file has them.
ORDER = "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs"
NT_PRSTATUS, PT_LOAD, PT_NOTE, ET_CORE, EM_X86_64 = 1, 1, 4, 4, 62
USER_CODE, USER_DATA = 0x33, 0x2B  # only gdb's decision of 64 bits looks at them


def cpu_register(name):
    """A register of CPU 0, the one that runs processes, whichever thread and frame are selected."""
    before = gdb.selected_thread()
    first = min(gdb.selected_inferior().threads(), key=lambda thread: thread.num)
    if before is None or before.num != first.num:
        first.switch()
    try:
        return int(gdb.newest_frame().read_register(name)) & (1 << 64) - 1
    finally:
        if before is not None and before.num != first.num:
            before.switch()


def running():
    """The address of the process that CPU 0 runs; 0: none."""
    return symbol("(unsigned long)cpu_table[0].current")


def at_user_level():
    return cpu_register("cs") & 3 == 3


def registers(process):
    """Its user registers: those of the CPU while it runs there, else those saved."""
    found = process.regs()
    if process.address == running() and at_user_level():
        for name in found:
            found[name] = cpu_register({"rflags": "eflags"}.get(name, name))
    return found


def _note(regs):
    values = {"eflags": regs["rflags"], "orig_rax": (1 << 64) - 1, "cs": USER_CODE, "ss": USER_DATA, **regs}
    words = [values.get(name, 0) for name in ORDER.split()]
    status = bytes(32) + struct.pack("<I", 1) + bytes(76) + struct.pack(f"<{len(words)}Q", *words) + bytes(8)
    return struct.pack("<III", 5, len(status), NT_PRSTATUS) + b"CORE\0\0\0\0" + status


def stack_pages(process, rsp):
    """The pages of its stack, from the stack pointer up to its end."""
    page = rsp - rsp % FRAME
    for _ in range(STACK_MOST):
        try:
            yield page, read_user(process, page, FRAME)
        except Broken:
            return
        page += FRAME


def data_pages(process):
    """Its memory but for its code, which stands in the file of the program; as much of it as there is room for."""
    room = BYTES_MOST // FRAME
    for run in Tree(process.slot("addr_space")).runs:
        if not run.restr & NX or run.what != "page":
            continue
        for page, frame in run.pages():
            if room == 0:
                return
            room -= 1
            try:
                yield page, physical(frame, FRAME)
            except Broken:
                pass


def core(process, pages):
    """The bytes of a core file."""
    note = _note(registers(process))
    pages = sorted(dict(pages).items())
    at = 64 + 56 * (1 + len(pages))
    headers = struct.pack("<IIQQQQQQ", PT_NOTE, 0, at, 0, 0, len(note), len(note), 4)
    at += len(note)
    at += -at % FRAME
    data = b""
    for address, content in pages:
        headers += struct.pack("<IIQQQQQQ", PT_LOAD, 6, at + len(data), address, 0, FRAME, FRAME, FRAME)
        data += content
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", ET_CORE, EM_X86_64, 1)
    head += struct.pack("<QQQIHHHHHH", 0, 64, 0, 0, 64, 56, 1 + len(pages), 64, 0, 0)
    return (head + headers + note).ljust(at, b"\0") + data


def ask(process, command, everything=True):
    """What gdb says to a command about a process."""
    program = programs.program_of(process)
    pages = list(stack_pages(process, registers(process)["rsp"]))
    if everything:
        pages += data_pages(process)
    with tempfile.NamedTemporaryFile(prefix="lykos-", suffix=".core") as f:
        f.write(core(process, pages))
        f.flush()
        words = ["gdb", "--batch", "--nx", "--quiet", "-iex", "set pagination off", "-iex", "set debuginfod enabled off"]
        words += [program.path] if program else []
        words += ["-ex", "echo \\n<<<\\n", "-ex", command]
        words[-4:-4] = ["-ex", f"core-file {f.name}"]
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=os.getcwd()
        )
    said = done.stdout.partition("\n<<<\n")[2]
    wrong = [line for line in done.stderr.splitlines() if "warning:" not in line.lower()]
    return said.rstrip() or "\n".join(wrong).strip() or "gdb says nothing"

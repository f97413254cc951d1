# SPDX-License-Identifier: BSD-2-Clause
"""Reports of faults in the text of a console, and where in the sources they are: init says who faulted, why, and at which addresses;
the programs with symbols that were built here, and those of the kit, say the file and the line."""

import contextlib
import dataclasses
import os
import re
import shutil
import subprocess

import places
from system.words import nearest

TAG = r"\[ *\d+\.\d+\] init: "
BEGIN = re.compile(TAG + r"((?:fault|mistake) in (?:process .* of )?program ([\w-]+)(?:\.\d+)?(?:, found by itself)?: .*)$")
PLACE = re.compile(TAG + r"  (at rip|called from|.* is at) (0x([0-9a-f]+)\b.*)$")
REGISTERS = re.compile(TAG + r"  (?:r\w\w?|rip) +[0-9a-f]{16} ")
END = re.compile(TAG + r"  it (stays stopped|is begun again|is destroyed)")


class Unknown(Exception):
    """Nobody knows what is there. The text says why, in a line."""


@dataclasses.dataclass
class Fault:
    """A report: `begin` and `end` are the first of its lines, and the one behind the last."""

    program: str
    words: str
    begin: int
    end: int
    at: str = ""  # "0x40002f (counter_op_add+0x2f)"
    address: int = None
    again: bool = False  # the program was begun again


def reports(lines):
    """All reports, in their order."""
    found, last = [], None
    for number, line in enumerate(lines):
        if begin := BEGIN.search(line):
            last = Fault(begin[2], begin[1], number, number + 1)
            found.append(last)
        elif last and number == last.end and re.search(TAG, line):
            last.end += 1
            if (place := PLACE.search(line)) and not last.at:
                last.at, last.address = place[2], int(place[3], 16)
            if end := END.search(line):
                last.again, last = end[1] == "is begun again", None
    return found


def symbols(build):
    """Programs with symbols: name -> path. Those built here come first."""
    found = {}
    for folder in (places.PROGRAMS, os.path.join(build, "user"), os.path.join(build, "programs")):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if name.endswith(".debug"):
                found[name.removesuffix(".debug")] = os.path.join(folder, name)
    return found


def project_path(path, build):
    """The path of a source, as one says it in the project."""
    root = os.path.dirname(os.path.realpath(build))
    full = os.path.realpath(path)
    return os.path.relpath(full, root) if full.startswith(root + os.sep) else os.path.normpath(path)


def called_from(program, address, build="build"):
    """The same as where(); an address without a line may be one to which a call returns, or would if it did: the call lies before it."""
    try:
        return where(program, address, build)
    except Unknown:
        with contextlib.suppress(Unknown):
            return where(program, address - 1, build)
        raise


def where(program, address, build="build"):
    """What is at the address: "FILE:LINE in FUNCTION", the innermost first where functions stand in others."""
    files = symbols(build)
    if program not in files:
        raise Unknown(f"there is no program '{program}' with symbols here{nearest(program, files)}")
    tool = shutil.which("x86_64-elf-addr2line") or shutil.which("addr2line")
    if tool is None:
        raise Unknown("addr2line is missing; it is in the package binutils")
    done = subprocess.run([tool, "-f", "-i", "-e", files[program], f"{address:#x}"], capture_output=True, text=True, check=False)
    said = done.stdout.splitlines()
    pairs = zip(said[::2], (re.sub(r" \(discriminator \d+\)$", "", line) for line in said[1::2]))
    found = [f"{project_path(file, build)} in {function}" for function, file in pairs if re.fullmatch(r"[^?].*:[1-9]\d*", file)]
    if not found:
        raise Unknown(f"{program} has no source line for {address:#x}")
    return found


def source_of(program, place, build):
    """The same for a line of a report: those in the sources that are here. A call lies before the address it returns to."""
    try:
        found = where(program, int(place[3], 16) - (place[1] == "called from"), build)
    except Unknown:
        return []
    root = os.path.dirname(os.path.realpath(build))
    return [text for text in found if os.path.isfile(os.path.join(root, text.split(":")[0]))]


def with_places(lines, build="build"):
    """The lines, and below each place in a report where that is in the sources."""
    owner = {number: fault.program for fault in reports(lines) for number in range(fault.begin, fault.end)}
    out = []
    for number, line in enumerate(lines):
        out.append(line)
        if number in owner and (place := PLACE.search(line)):
            out += [f"{'':21}    {text}" for text in source_of(owner[number], place, build)]
    return out


def headline(fault, build="build"):
    """The fault in one line: who, what, where."""
    source = []
    if fault.address is not None:
        try:
            source = where(fault.program, fault.address, build)[:1]
        except Unknown:
            pass
    return ", ".join([fault.words, *([f"at {fault.at}"] if fault.at else []), *source])


def worst(lines):
    """The report that explains most: the first of a program that was not begun again; None: there is none."""
    found = reports(lines)
    return next((fault for fault in found if not fault.again), found[0] if found else None)

# SPDX-License-Identifier: BSD-2-Clause
"""Reads what the tracer writes (user/programs/tracer/stream.h): records of 32 bytes, with times in nanoseconds since boot."""

import os
import re
import struct
from dataclasses import dataclass

from . import names

RECORD = struct.Struct("<QIIQQ")
HEADER = os.path.join(names.ROOT, "user", "programs", "tracer", "stream.h")


def _own_codes():
    with open(HEADER, encoding="ascii") as f:
        return {name: int(number, 0) for name, number in re.findall(r"#define STREAM_(\w+) (\w+?)u\b", f.read())}


OWN = _own_codes()
CODES = names.EVENTS | {name: OWN[name] for name in ("BEGIN", "PROGRAM", "LOST", "PAUSE", "RESUME", "END")}
CODE_NAMES = {number: name for name, number in CODES.items()}


class BadTrace(Exception):
    """This is no trace, or not a whole one."""


@dataclass(frozen=True)
class Record:
    """One event. `time` is in nanoseconds since boot; `above` is what stands above the code of the event."""

    time: int
    process: int
    event: str
    above: int
    a: int
    b: int


@dataclass
class Stream:
    """All records between begin and end; what was traced; how many records were lost in all, as the tracer says."""

    records: list
    program: str
    lost: int


def label(low, high):
    """A label as the kernel keeps it: up to 16 characters in two words."""
    text = struct.pack("<QQ", low, high).split(b"\0")[0].decode("ascii", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)


def _raw(data):
    if len(data) % RECORD.size:
        raise BadTrace(f"it ends in the middle of a record: {len(data)} bytes")
    for number, (cycles, process, event, a, b) in enumerate(RECORD.iter_unpack(data)):
        if event & 0xFF not in CODE_NAMES:
            raise BadTrace(f"record {number} is of an unknown kind, {event & 0xFF}")
        yield cycles, process, CODE_NAMES[event & 0xFF], event >> 8, a, b


def read(data):
    """The stream in `data`, as bytes."""
    raw = list(_raw(data))
    if not raw or raw[0][2] != "BEGIN":
        raise BadTrace("it does not begin as a trace does")
    if raw[0][5] != OWN["VERSION"]:
        raise BadTrace(f"it is of version {raw[0][5]}, this is for {OWN['VERSION']}")
    if raw[-1][2] != "END":
        raise BadTrace("it has no end: the machine ended first, or the tracer was")
    first, last = raw[0], raw[-1]
    cycles, nanoseconds = max(1, last[0] - first[0]), last[4] - first[4]
    records, latest = [], first[4]
    for at, process, event, above, a, b in raw:
        time = first[4] + (at - first[0]) * nanoseconds // cycles
        latest = max(latest, time)
        records.append(Record(latest, process, event, above, a, b))
    program = next((label(r.a, r.b) for r in records if r.event == "PROGRAM"), "")
    return Stream(records, program, last[5])

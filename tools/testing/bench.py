# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark: its numbers repeat and do not grow with the number of programs, and what compares them with the committed
ones sees what is more.

That a number is over its target is for `make bench` to say, and that one is more than before for `make bench-check`."""

import os

from benching import baseline

from . import core
from .core import Failed, Job, Part, Result, simple_job

SECONDS = 2400
OVER_TARGET = 2  # exit status of tools/bench

QEMU = "7.2.1 (Debian 1)"
BASE = {"compiler": "gcc 1", "qemu": QEMU, "counts": {"call": 180.0, "call.cr3_writes": 2.0, "yield": 90.5}}
# What is measured, by whom, and whether that is to fail.
CASES = (
    ("the same", "gcc 1", QEMU, BASE["counts"], False),
    ("an instruction more", "gcc 1", QEMU, BASE["counts"] | {"call": 181.0}, True),
    ("a hundredth of one more", "gcc 1", QEMU, BASE["counts"] | {"yield": 90.51}, True),
    ("an event more", "gcc 1", QEMU, BASE["counts"] | {"call.cr3_writes": 3.0}, True),
    ("an event that there was not", "gcc 1", QEMU, BASE["counts"] | {"call.locked": 1.0}, True),
    ("one less, another more", "gcc 1", QEMU, BASE["counts"] | {"call": 170.0, "yield": 91.0}, True),
    ("less", "gcc 1", QEMU, BASE["counts"] | {"call": 170.0}, False),
    ("an event that there is not any more", "gcc 1", QEMU, {"call": 180.0, "yield": 90.5}, False),
    ("a measurement that is gone", "gcc 1", QEMU, {"call": 180.0, "call.cr3_writes": 2.0}, True),
    ("a new measurement", "gcc 1", QEMU, BASE["counts"] | {"post": 80.0, "post.entries": 1.0}, False),
    ("more, by another compiler", "gcc 2", QEMU, BASE["counts"] | {"call": 181.0}, False),
    ("more, by the same QEMU with other patches", "gcc 1", "7.2.9 (Debian 2)", BASE["counts"] | {"call": 181.0}, True),
    ("more, by another QEMU", "gcc 1", "7.3.0 (Debian 1)", BASE["counts"] | {"call": 181.0}, False),
)


def numbers(context, _pattern):
    text = "two runs give the same numbers, none growing with the programs that live"
    status, output = context.run([os.path.join(core.ROOT, "tools", "bench"), "--build", context.build, *([] if context.soak else ["--plain"])], SECONDS)
    if status == core.MISSING:
        return [Result("numbers", "skip", core.tail(output, 1)[0])]
    verdict = "pass" if status in (core.PASS, OVER_TARGET) else "fail"
    return [Result("numbers", verdict, text, core.tail(output))]


def compare(_context):
    for what, compiler, qemu, counts, fails in CASES:
        status, said = baseline.compare(BASE, compiler, qemu, counts)
        if status != int(fails):
            raise Failed(f"{what}: status {status}, not {int(fails)}", said)
        if counts != BASE["counts"] and not any(line.startswith("  ") for line in said):
            raise Failed(f"{what}: it does not say which number", said)


def part(_context):
    text = "what is more than the committed numbers is seen, whatever is less"
    return Part("bench", [Job(numbers, ["numbers"]), simple_job("baseline", text, compare)])

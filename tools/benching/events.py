# SPDX-License-Identifier: BSD-2-Clause
"""The report of tools/bench-plugin.c: instructions that hide work or hold the processor up, cache lines, and where the
instructions are."""

import dataclasses
import os
import shutil
import subprocess
import sys
from fractions import Fraction

from .boots import ROOT

# Instructions that the processor finishes everything for; together they are the event `serialising`.
SERIALISING = ("cr0", "cr3", "cr4", "wrmsr", "invlpg", "invpcid", "iret", "cpuid")
HIDING = ("rep", "fxsave", "fxrstor", "xsave", "xrstor", "io")
ORDERING = ("locked", "fence")
COUNTED = SERIALISING + HIDING + ORDERING
LINES = ("data", "data_kernel", "code", "code_kernel")


def build_plugin(o):
    """The plugin as a shared object, or None, said why."""
    compiler = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
    source = os.path.join(ROOT, "tools", "bench-plugin.c")
    target = os.path.join(o.build, "bench-plugin.so")
    if compiler is None:
        print("bench: no compiler for the plugin: what instructions do and touch is not counted", file=sys.stderr)
        return None
    if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(source):
        subprocess.run([compiler, "-std=gnu11", "-O2", "-shared", "-fPIC", "-o", target, source], check=True)
    return target


@dataclasses.dataclass
class Report:
    """instructions: (measurement, address, count, kind); lines: (measurement, is each interval
    one round, median, sum, which)."""

    instructions: list
    lines: list


def read_report(path, boot, values):
    """The report, with the names of the measurements."""
    numbered = []
    for name in values:
        numbered += [None, name] if name == boot["unnamed_before"] else [name]
    report = Report([], [])
    with open(path, encoding="ascii") as f:
        for line in f:
            number, what, *rest = line.split()
            name = numbered[int(number)] if int(number) < len(numbered) else None
            if name is None:
                continue
            if what in ("rounds", "intervals"):
                single = what == "rounds" or int(rest[0]) == values[name][2]
                report.lines.append((name, single, int(rest[1]), int(rest[2]), rest[3]))
            else:
                report.instructions.append((name, int(what, 16), int(rest[0]), rest[1]))
    return report


def counted(path, boot, values):
    """name -> event -> how often in a round.

    Cache lines: the median over single rounds, if the measurement has such, or marks each round; else, where one interval is of many rounds, all that was touched in the intervals, shared out among the rounds."""
    work = {}
    report = read_report(path, boot, values)
    for name, _, count, kind in report.instructions:
        if kind in COUNTED:
            of = work.setdefault(name, {})
            share = Fraction(count, values[name][2])
            of[kind] = of.get(kind, 0) + share
            if kind in SERIALISING:
                of["serialising"] = of.get("serialising", 0) + share
    for name, single, median, total, which in report.lines:
        lines = Fraction(median) if single else Fraction(total, values[name][2])
        work.setdefault(name, {})[f"cache_lines_{which}"] = lines
    return work


def within(path, boot, values, name, ranges):
    """How many instructions of a round of the measurement `name` stand in these ranges of addresses."""
    found = [
        count
        for measured, address, count, _ in read_report(path, boot, values).instructions
        if measured == name and any(begin <= address < end for begin, end in ranges)
    ]
    return Fraction(sum(found), values[name][2])

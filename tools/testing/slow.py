# SPDX-License-Identifier: BSD-2-Clause
"""The part `slow` of tools/test: a dispatcher some of whose handlers overrun their deadline or fault (tests/programs/slowdispatcher),
behind real ports, with the real virsh (slow_cases)."""

import os
import tempfile

from . import core, slow_cases
from .boot import mkimage
from .core import Failed, Job, Part
from .machine import Machine
from .virsh import run_cases

# What the description says, and what it is to say. `mute` receives, and never answers. Without `spin` the machine's clock goes on to
# the next alarm at once when everybody waits.
CHANGES = [
    ("program spin\n    priority  10\n    start     with serve\n", "program spin\n    priority  10\n    start     on demand\n"),
    ("program dispatcher\n", "program dispatcher\n    file      slowdispatcher\n    cap mute  = entry mute.main\n"),
    ("    param     deadline = 5000\n", f"    param     deadline = {slow_cases.DEADLINE_MS}\n"),
]
MUTE = """
program mute
    file      watched
    args      silent
    priority  151
    endpoints main
    start     on demand
"""


def archive(context):
    """An archive with all programs, and slowdispatcher in the dispatcher's place."""
    with open(os.path.join(core.ROOT, "user", "system.lyk"), encoding="utf-8") as f:
        system = f.read()
    for old, new in CHANGES:
        if system.count(old) != 1:
            raise Failed(f"user/system.lyk does not have {old!r} once")
        system = system.replace(old, new)
    folder = tempfile.mkdtemp(prefix="slow-", dir=context.folder)
    path, description = os.path.join(folder, "archive"), os.path.join(folder, "system.lyk")
    with open(description, "w", encoding="utf-8") as f:
        f.write(system + MUTE)
    programs = os.path.join(context.build, "user")
    names = [name for name in sorted(os.listdir(programs)) if os.path.isfile(os.path.join(programs, name + ".debug"))]
    slow = os.path.join(context.build, "test", "programs", "slowdispatcher")
    done = mkimage(path, *[os.path.join(programs, name) for name in names], slow, description)
    if done.returncode != 0:
        raise Failed("mkimage failed", core.tail(done.stderr))
    return path


def machine(context, name):
    return Machine(context, name, more=("--icount", "--append", "serve", "--archive", archive(context)))


def part(context):
    names = [name for name, _, _ in slow_cases.CASES]

    def run(context, pattern):
        return run_cases(context, pattern, 1, slow_cases.CASES, machine)

    return Part("slow", [Job(run, names)])

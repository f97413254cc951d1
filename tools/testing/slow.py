# SPDX-License-Identifier: BSD-2-Clause
"""The part `slow` of tools/test: a dispatcher some of whose handlers overrun their deadline or fault (tests/programs/slowdispatcher),
behind real ports, with the real virsh (slow_cases)."""

import os

from . import images, slow_cases
from .core import Job, Part
from .machine import Machine
from .virsh import run_cases

# What the description says, and what it is to say. Without `spin` the machine's clock goes on to the next alarm at once when
# everybody waits.
CHANGES = [
    ("program spin\n    priority  10\n    start     with serve\n", "program spin\n    priority  10\n    start     on demand\n"),
    ("program dispatcher\n", "program dispatcher\n    file      slowdispatcher\n    cap mute  = entry mute.main\n"),
    ("    param     deadline = 5000\n", f"    param     deadline = {slow_cases.DEADLINE_MS}\n"),
]
# It receives, and never answers.
MUTE = """
program mute
    file      watched
    args      silent
    priority  151
    endpoints main
    start     on demand
"""


def begin(context, name):
    program = os.path.join(context.build, "test", "programs", "slowdispatcher")
    archive = images.changed(context, CHANGES, MUTE, [program])
    return Machine(context, name, more=("--icount", "--append", "serve", "--archive", archive))


def part(context):
    def run(context, pattern):
        return run_cases(context, pattern, "slow", 1, slow_cases.CASES, begin)

    return Part("slow", [Job(run, slow_cases.CASES.names())])

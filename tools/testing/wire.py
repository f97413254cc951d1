# SPDX-License-Identifier: BSD-2-Clause
"""The part `wire` of tools/test: calls, mistakes and garbage straight to the sockets of the ports, and what is answered, byte by
byte (wire_cases). All in one machine; after a case that failed there is a new one."""

import os
import re

from . import core, wire_cases
from .cases import run_in_turn
from .core import Job, Part
from .machine import Machine

SOAK_SEEDS = 10
SOAK_ROUNDS = 2000
CASE_SECONDS = 60  # for one answer
VICTIM = "spin"


def known():
    """The procedures that the server may know: what is described in remote.x, but for the event."""
    with open(os.path.join(core.ROOT, "user", "rpc", "remote.x"), encoding="ascii") as f:
        body = re.search(r"enum remote_procedure \{(.*?)\}", f.read(), re.DOTALL)[1]
    return frozenset(int(number) for number in re.findall(r"= (\d+)", body)) - {wire_cases.wire.LIFECYCLE}


def run_cases(context, pattern, seed):
    again = f"--seed={seed}" + (f" --rounds={context.rounds}" if context.rounds else "")
    rounds = context.rounds or (SOAK_ROUNDS if context.soak else wire_cases.ROUNDS)

    def one_case(machine, function):
        seconds = context.limit(CASE_SECONDS)
        peer = wire_cases.Peer(machine.paths, VICTIM, seconds, known=known(), seed=seed, rounds=rounds)
        wire_cases.run(peer, function)

    return run_in_turn(wire_cases.CASES, pattern, lambda: Machine(context, f"wire-{seed}"), one_case, Machine.shown, again)


def part(context):
    seeds = [context.seed] if context.seed is not None else list(range(1, SOAK_SEEDS + 1)) if context.soak else [1]

    def job(seed):
        return Job(lambda context, pattern: run_cases(context, pattern, seed), wire_cases.CASES.names())

    return Part("wire", [job(seed) for seed in seeds])

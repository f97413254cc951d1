# SPDX-License-Identifier: BSD-2-Clause
"""The part `wire` of tools/test: calls, mistakes and garbage straight to the sockets of the ports, and what is answered, byte by
byte (wire_cases). All in one machine; after a case that failed there is a new one."""

import os
import re

from . import core, wire_cases
from .core import Failed, Job, Part, Result, Skipped
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
    results, machine = [], None
    try:
        for name, text, function, _ in wire_cases.CASES:
            if not core.matches(name, pattern):
                continue
            try:
                machine = machine or Machine(context, f"wire-{seed}")
                seconds = context.limit(CASE_SECONDS)
                peer = wire_cases.Peer(machine.paths, VICTIM, seconds, known=known(), seed=seed, rounds=rounds)
                wire_cases.run(peer, function)
                results.append(Result(name, "pass", text))
            except Skipped as why:
                results.append(Result(name, "skip", str(why)))
            except Failed as failure:
                lines = failure.lines + (["(the console:)"] + core.tail(machine.console()) if machine else [])
                results.append(Result(name, "fail", text, lines, again))
                if machine is None:
                    break  # it does not even come up
                machine.end()
                machine = None
    finally:
        if machine is not None:
            machine.end()
    return results


def part(context):
    names = [name for name, _, _, _ in wire_cases.CASES]
    seeds = [context.seed] if context.seed is not None else list(range(1, SOAK_SEEDS + 1)) if context.soak else [1]

    def job(seed):
        return Job(lambda context, pattern: run_cases(context, pattern, seed), names)

    return Part("wire", [job(seed) for seed in seeds])

# SPDX-License-Identifier: BSD-2-Clause
"""The part `seal` of tools/test: the program intruder asks the server `constructor`, and init, for what they must not
give (user/programs/intruder). It judges the answers itself. What is behind a seal the example taxman tries."""

import re

from . import core
from .core import Failed, Job, Part, Result, Skipped

SECONDS = 60
SEEDS, SEEDS_SOAK = 1, 20
TEXT = "bad requests of builders and requestors have the right answers, and nothing is lost"


def intrude(context, seed):
    """Once, on the virtual clock; with a seed the kernel takes the CPU away at random."""
    words = "run=intruder" + (f" seed={seed}" if seed is not None else "")
    status, text = context.qemu(f"seal-{seed}", SECONDS, "--icount", "--append", words)
    if status != core.PASS or "intruder: 0 answers were wrong" not in text:
        raise Failed(f"ended with {core.words_of(status)}", core.tail(text))
    told = [line for line in text.splitlines() if re.search(r"assessor|gossip|goes without|program console", line)]
    if told:
        raise Failed("the log tells of instances that somebody else paid for", told)


def job(seed):
    def run(context, _pattern):
        again = f"--seed={seed}" if seed is not None else ""
        try:
            intrude(context, seed)
        except Failed as failure:
            return [Result("intruder", "fail", TEXT, failure.lines, again)]
        except Skipped as why:
            return [Result("intruder", "skip", str(why))]
        return [Result("intruder", "pass", TEXT)]

    return Job(run, ["intruder"])


def part(context):
    seeds = [None, *range(1, (SEEDS_SOAK if context.soak else SEEDS) + 1)]
    return Part("seal", [job(seed) for seed in ([context.seed] if context.seed is not None else seeds)])

# SPDX-License-Identifier: BSD-2-Clause
"""The part `crowd` of tools/test: many programs at once, many one after the other (user/programs/crowd), and servers that
are killed at random moments while clients work (user/programs/mayhem). Each ends with every frame accounted for."""

import re

from . import core
from .console import Session
from .core import Failed, Job, Part, Result, simple_job

SECONDS = 200
ALIVE = 1000
ROW, ROW_SOAK = 10000, 100000
KILLS, KILLS_SOAK = 100, 1000
MAYHEM_SEEDS, MAYHEM_SEEDS_SOAK = (1,), (1, 2, 3, 4, 5)


def crowd(name, words, seconds):
    """Run the program crowd on the virtual clock; it says itself whether a frame is lost, and its status is the machine's."""

    def run(context):
        more = ["--icount", "--memory", "512M", "--append", f"run=crowd,{words}"]
        status, text = context.qemu(f"crowd-{name}", seconds, *more)
        if status != core.PASS or "none is lost" not in text:
            raise Failed(f"ended with {core.words_of(status)}", core.tail(text))

    return run


def mayhem(context, kills, seed):
    with Session(context, f"mayhem-{seed}", ["--icount", "--memory", "512M"], SECONDS) as session:
        session.prompt()
        session.type(f"run mayhem {kills} {seed}\r")
        session.expect(r"mayhem: .* frames are free or given, .*(none is lost|SOME ARE LOST)")
        if "SOME ARE LOST" in session.text:
            raise Failed("frames are lost", core.tail(session.text))


def probe(context):
    """Run the program probe, which judges what it is answered itself; afterwards nothing of it is left."""
    with Session(context, "probe", ["--icount", "--memory", "512M"], SECONDS) as session:
        session.prompt()
        output = session.command("run probe")
        if not re.search(r"^probe: [0-9]+ cases, 0 things are wrong$", output, re.MULTILINE):
            raise Failed("something is not as it should be", core.tail(output))
        output = session.command("ps")
        if re.search(r"^(probe|phoenix|citizen)", output, re.MULTILINE):
            raise Failed("something of it is left", core.tail(output))


def mayhem_job(kills, seed):
    text = "bank, pager, console, shell and a server are killed at random moments: clients go on, nothing is lost"

    def run(context, _pattern):
        kills_now = context.rounds or kills
        words = f"--seed={seed}" + (f" --rounds={context.rounds}" if context.rounds else "")
        try:
            mayhem(context, kills_now, seed)
        except Failed as failure:
            return [Result("mayhem", "fail", text, failure.lines, words)]
        except core.Skipped as why:
            return [Result("mayhem", "skip", str(why))]
        return [Result("mayhem", "pass", text)]

    return Job(run, ["mayhem"])


def part(context):
    row = ROW_SOAK if context.soak else ROW
    kills = KILLS_SOAK if context.soak else KILLS
    seeds = [context.seed] if context.seed is not None else MAYHEM_SEEDS_SOAK if context.soak else MAYHEM_SEEDS
    jobs = [
        simple_job("alive", f"{ALIVE} programs are alive at once in 512 MiB and answer", crowd("alive", f"alive,{ALIVE}", SECONDS)),
        simple_job("row", f"{row} programs come and go and leave nothing", crowd("row", f"row,{row}", SECONDS)),
    ]
    jobs.append(simple_job("probe", "what is asked of init, the bank and the pager at awkward moments is answered as it should be", probe))
    return Part("crowd", jobs + [mayhem_job(kills, seed) for seed in seeds])
